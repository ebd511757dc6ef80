package capacity

import (
	"fmt"
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
	known := false
	for _, m := range Objectives {
		known = known || m == o.Metric
	}
	if !ok || !known {
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

// missed says by what an option misses the objective; empty if it meets it. What
// was not measured is not met.
func (o Objective) missed(p *Option) string {
	var v *float64
	switch o.Metric {
	case "p50":
		v = p.LatencyP50
	case "p95":
		v = p.LatencyP95
	case "p99":
		v = p.LatencyP99
	case "rejected":
		v = p.RejectedShare
	case "spilled":
		v = &p.SpilledShare
	}
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
