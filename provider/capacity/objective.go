package capacity

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Objective is the worst service that is good enough.
type Objective struct {
	Metric string  // one of Objectives
	Most   float64 // seconds for latencies, else a share
}

// Objectives lists what objectives may bound.
var Objectives = [...]string{"p50", "p95", "p99", "rejected", "spilled"}

// ParseObjective reads p95<=8s, rejected<=0.1% and the like.
func ParseObjective(text string) (Objective, error) {
	metric, value, ok := strings.Cut(text, "<=")
	o := Objective{Metric: strings.TrimSpace(metric)}
	value = strings.TrimSpace(value)
	if !ok || !slices.Contains(Objectives[:], o.Metric) {
		return o, fmt.Errorf("want METRIC<=VALUE, such as p95<=8s or rejected<=0.1%%, got %q; metrics: %s", text, strings.Join(Objectives[:], ", "))
	}
	if o.latency() {
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return o, fmt.Errorf("%s: want a time above 0, such as 8s, got %q", text, value)
		}
		o.Most = d.Seconds()
		return o, nil
	}
	number, percent := strings.CutSuffix(value, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return o, fmt.Errorf("%s: want a share, such as 0.001 or 0.1%%, got %q", text, value)
	}
	o.Most = v
	return o, nil
}

func (o Objective) latency() bool { return o.Metric[0] == 'p' }

func (o Objective) String() string {
	if o.latency() {
		return o.Metric + "<=" + time.Duration(o.Most*float64(time.Second)).String()
	}
	return o.Metric + "<=" + strconv.FormatFloat(100*o.Most, 'g', 6, 64) + "%"
}

// of returns what the objective bounds, nil where it was not measured.
func (o Objective) of(p *Option) *float64 {
	switch o.Metric {
	case "p50":
		return p.LatencyP50
	case "p95":
		return p.LatencyP95
	case "p99":
		return p.LatencyP99
	case "rejected":
		return p.RejectedShare
	}
	return &p.SpilledShare
}

// excess is by how much an option misses the objective, as a share of what is
// allowed where that is not 0; infinite where it was not measured.
func (o Objective) excess(p *Option) float64 {
	v := o.of(p)
	switch {
	case v == nil:
		return math.Inf(1)
	case o.Most == 0:
		return *v
	}
	return max(0, *v/o.Most-1)
}

// missed says by what an option misses the objective; empty if it meets it. What
// was not measured is not met.
func (o Objective) missed(p *Option) string {
	v := o.of(p)
	switch {
	case v == nil:
		return o.Metric + " not known"
	case *v <= o.Most:
		return ""
	case o.latency():
		return fmt.Sprintf("%s %.3g s", o.Metric, *v)
	}
	return fmt.Sprintf("%s %.3g %%", o.Metric, 100**v)
}

// usual is the objective where none is given: one request in a thousand may be
// refused. Without any, throwing demand away would be the cheapest.
func usual() []Objective { return []Objective{{"rejected", 0.001}} }
