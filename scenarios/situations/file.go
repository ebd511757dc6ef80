package situations

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// File returns the situation as a scenario file for these strategies. Each line of note
// becomes a comment above it.
func (s *Situation) File(strategies []string, note ...string) []byte {
	var b strings.Builder
	for _, line := range note {
		b.WriteString("# " + line + "\n")
	}
	b.Write(s.shape.file(s.Name, s.About, strategies))
	return []byte(b.String())
}

func (p *shape) file(name, about string, strategies []string) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("name: %s", name)
	if about != "" {
		line("about: %q", about)
	}
	line("duration: %s", p.duration)
	line("drain: %s", p.drain)
	assign := ""
	if p.assign != "" {
		assign = ", assign: " + p.assign
	}
	line("fleet: {instances: %d, timeout: %s, network: {latency: 20ms, jitter: 5ms}%s}", p.instances, p.timeout, assign)
	line("workload:")
	for i := range p.tenants {
		p.streams(line, i)
	}
	p.deployment(line)
	if p.fault != "" {
		line("faults:\n  - %s", p.fault)
	}
	quoted := make([]string, len(strategies))
	for i, name := range strategies {
		quoted[i] = strconv.Quote(name)
	}
	line("strategies: [%s]", strings.Join(quoted, ", "))
	return []byte(b.String())
}

// streams writes the streams of one tenant.
func (p *shape) streams(line func(string, ...any), i int) {
	t := &p.tenants[i]
	calls := p.calls * t.share
	for _, arrivals := range p.arrivals(calls) {
		line("  - tenant: %s", t.name)
		line("    arrivals: %s", arrivals)
		line("    prompt_tokens: %s", t.work.prompt)
		line("    output_tokens: %s", t.work.output)
		if t.work.cached != "" {
			line("    cached: %s", t.work.cached)
		}
		switch p.declares {
		case "loose":
			line("    max_tokens: %d", 4*t.work.most)
		case "tight":
			line("    max_tokens: %d", t.work.most)
		}
		line("    estimate: %s", p.estimate)
		if p.deadline > 0 {
			line("    deadline: %s", p.deadline)
		}
	}
}

// arrivals returns the processes that together bring so many calls.
func (p *shape) arrivals(calls float64) []string {
	perMinute := calls / p.duration.Minutes()
	switch p.process {
	case "gamma":
		return []string{fmt.Sprintf("{process: gamma, rate: %s, cv: 3}", rate(perMinute))}
	case "mmpp": // bursts take a quarter of the time
		times := p.within(burstProperty, 3, 10)
		calm := perMinute / (0.75 + 0.25*times)
		return []string{fmt.Sprintf("{process: mmpp, rate: %s, burst_rate: %s, calm: %s, burst: %s}",
			rate(calm), rate(calm*times), (p.duration / 10).Round(time.Second), (p.duration / 30).Round(time.Second))}
	case "spike":
		share := 0.3 + 0.4*p.share(spikeShare, 0)
		return []string{fmt.Sprintf("{process: poisson, rate: %s}", rate(perMinute*(1-share))),
			fmt.Sprintf("{process: spike, at: %s, calls: %.0f, over: 5s}", (p.duration / 3).Round(time.Second), math.Max(1, calls*share))}
	case "diurnal":
		return []string{fmt.Sprintf("{process: diurnal, rate: %s, swing: 0.8, period: %s, peak_at: %s}", rate(perMinute), p.duration, p.duration/2)}
	case "closed":
		think := p.within(thinkProperty, 3, 30)
		users := math.Max(1, math.Round(perMinute/60*(think+p.seconds)))
		return []string{fmt.Sprintf("{process: closed, users: %.0f, think: %.1fs}", users, think)}
	}
	return []string{fmt.Sprintf("{process: poisson, rate: %s}", rate(perMinute))}
}

// deployment writes the deployment.
func (p *shape) deployment(line func(string, ...any)) {
	line("deployments:")
	line("  - name: main")
	line("    provider: %s", p.ref)
	if p.units == 0 {
		limits := ""
		for i, l := range p.limits {
			if i > 0 {
				limits += ", "
			}
			if l.name == "ramp" {
				limits += fmt.Sprintf("ramp: {above: %.0f, growth: 50%%, per: 2m}", l.most)
			} else {
				limits += fmt.Sprintf("%s: %.0f", l.name, l.most)
			}
		}
		line("    limits: {%s}", limits)
	}
	for _, f := range [][2]string{{"window", p.window}, {"phase", p.phase}, {"latency", p.latency}} {
		if f[1] != "" {
			line("    %s: %s", f[0], f[1])
		}
	}
}

// rate writes calls a minute.
func rate(perMinute float64) string {
	return strconv.FormatFloat(math.Max(0.001, math.Round(perMinute*1000)/1000), 'f', -1, 64) + "/m"
}
