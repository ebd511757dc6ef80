package reports

import (
	"fmt"
	"io"
	"math"
	"strings"

	"ratesim/sim/metrics"
)

// held is a metric that a simulation is held to, and by how much it may be off:
// absolutely for shares, relatively for all else.
type held struct {
	title  string
	field  func(*metrics.Strategy) *metrics.Estimate
	bound  float64
	slack  float64 // a difference that is none, however large beside the value
	share  bool
	format func(float64) scale
}

// heldTo lists them. The bounds are the project's promise for a run at speed 1.
func heldTo() []held {
	return []held{
		{"success", func(s *metrics.Strategy) *metrics.Estimate { return s.SuccessRate }, 0.01, 0, true, percent},
		{"attempts", func(s *metrics.Strategy) *metrics.Estimate { return s.Attempts }, 0.03, 2, false, quantity},
		{"429s", func(s *metrics.Strategy) *metrics.Estimate { return s.Rejected }, 0.03, 2, false, quantity},
		{"p50", func(s *metrics.Strategy) *metrics.Estimate { return s.LatencyP50 }, 0.05, 0.01, false, seconds},
		{"p95", func(s *metrics.Strategy) *metrics.Estimate { return s.LatencyP95 }, 0.05, 0.01, false, seconds},
	}
}

// Account holds a simulated result against a live one of the same scenario,
// strategies and seeds, as a GitHub table: both values of each metric, and by
// how much the simulation is off. What is off by more than its bound is marked:
// with ~ where it lies within what the simulation says of hardly different
// runs, slowed, and with ! where it does not. The error is of w.
func Account(w io.Writer, live, simulated *metrics.Result, slowed []*metrics.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: over HTTP / simulated (how far the simulation is off)\n\n| strategy |", literal(live.Scenario))
	for _, h := range heldTo() {
		b.WriteString(" " + h.title + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(heldTo())) + "\n")
	off, noise, n := 0, 0, 0
	for i := range live.Strategies {
		l := &live.Strategies[i]
		s := simulated.Find(l.Name)
		if s == nil {
			continue
		}
		b.WriteString("| " + literal(l.Name) + " |")
		for _, h := range heldTo() {
			text, within := h.compare(h.field(l), h.field(s))
			switch n++; {
			case within:
			case h.among(h.field(l), append(slowed[:len(slowed):len(slowed)], simulated), l.Name):
				noise++
				text += " ~"
			default:
				off++
				text += " !"
			}
			b.WriteString(" " + text + " |")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\n%d of %d figures agree: success within 1 point, attempts and 429s within 3 %%, latencies within 5 %%.\n", n-off-noise, n)
	if noise > 0 {
		fmt.Fprintf(&b, "~ marks %d that lie within what %d simulations give whose network is a little slower; ", noise, len(slowed)+1)
	}
	fmt.Fprintf(&b, "! marks %d others.\n", off)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the account: %w", err)
	}
	return nil
}

// among reports whether a value lies between the least and the most of several
// results.
func (h *held) among(live *metrics.Estimate, results []*metrics.Result, name string) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for _, r := range results {
		if s := r.Find(name); s != nil && known(h.field(s)) {
			least, most = min(least, h.field(s).Mean), max(most, h.field(s).Mean)
		}
	}
	return known(live) && least <= live.Mean && live.Mean <= most
}

// compare returns the cell of one metric, and whether it is within its bound. A
// difference of two in a count, or of ten milliseconds, is none.
func (h *held) compare(live, simulated *metrics.Estimate) (text string, within bool) {
	if !known(live) || !known(simulated) {
		return "-", known(live) == known(simulated)
	}
	l, s := live.Mean, simulated.Mean
	d := s - l
	if h.share {
		return fmt.Sprintf("%s / %s (%+.1f)", write(l, h.format), write(s, h.format), 100*d), math.Abs(d) <= h.bound
	}
	relative := 0.0
	if l != 0 {
		relative = d / l
	} else if d != 0 {
		relative = math.Inf(1)
	}
	return fmt.Sprintf("%s / %s (%+.1f %%)", write(l, h.format), write(s, h.format), 100*relative), math.Abs(relative) <= h.bound || math.Abs(d) <= h.slack
}
