package reports

import (
	"fmt"
	"math"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// held is a metric that a simulation is held to, and by how much it may be off:
// absolutely for shares, relatively for all else.
type held struct {
	title string
	of    metrics.ID
	bound float64
	slack float64 // a difference that is none, however large beside the value
	rank  int     // when room is short, lower ranks stay
}

// heldTo lists them. The bounds are the project's promise for a run at speed 1.
func heldTo() []held {
	return []held{
		{"success", metrics.SuccessRate, 0.01, 0, 1},
		{"attempts", metrics.Attempts, 0.03, 2, 4},
		{"429s", metrics.Rejected, 0.03, 2, 3},
		{"p50", metrics.LatencyP50, 0.05, 0.01, 5},
		{"p95", metrics.LatencyP95, 0.05, 0.01, 2},
	}
}

// Bench is a live result, and a simulated one of the same scenario, strategies and seeds
// held against it: both values of each metric, and by how much the simulation is off.
// What is off by more than its bound is marked: with ~ where it lies within what the
// simulation says of hardly different runs, slowed, and with ! where it does not.
func Bench(live, simulated *metrics.Result, slowed []*metrics.Result, by string) *Document {
	live, simulated = asSaved(live), asSaved(simulated)
	d := Compare(live, by)
	d.Kind, d.Charts = KindBench, chart.Bench(live, simulated)
	a := holdAgainst(live, simulated, slowed)
	sums := a.sums()
	d.Lead = append(d.Lead, sums[0])
	a.table.Notes = sums[1:]
	d.Tables = append(d.Tables, a.table)
	return d
}

// An account is every strategy's metrics, live and simulated.
type account struct {
	table             Table
	agree, noise, off int
	simulations       int // what noise is told by
}

// holdAgainst has three columns for each metric. Without room go, of all metrics, first
// what can be told from the others, then what was measured; then metrics.
func holdAgainst(live, simulated *metrics.Result, slowed []*metrics.Result) *account {
	a := &account{simulations: len(slowed) + 1,
		table: Table{Title: "Over HTTP, simulated (sim.), and how far the simulation is off", Of: "strategy"}}
	n := len(heldTo())
	for _, h := range heldTo() {
		a.table.Columns = append(a.table.Columns, Column{Head: h.title, Sub: "HTTP", Rank: n + 1}, Column{Head: h.title, Sub: "sim.", Rank: n + 2}, Column{Head: h.title, Sub: "off", Rank: h.rank})
	}
	for i := range live.Strategies {
		l := &live.Strategies[i]
		s := simulated.Find(l.Name)
		if s == nil {
			continue
		}
		var cells []Cell
		for _, h := range heldTo() {
			measured, told, off, within := h.compare(l.Values[h.of], s.Values[h.of])
			switch {
			case within:
				a.agree++
			case h.among(l.Values[h.of], append(slowed[:len(slowed):len(slowed)], simulated), l.Name):
				a.noise++
				off.Ends = "~"
			default:
				a.off++
				off.Ends = "!"
			}
			cells = append(cells, measured, told, off)
		}
		a.table.add(l.Name, cells...)
	}
	return a
}

func (a *account) sums() []string {
	lines := []string{fmt.Sprintf("%d of %d figures of the simulation agree with what was measured: success within 1 point, attempts and 429s within 3 %%, latencies within 5 %%.", a.agree, a.agree+a.noise+a.off)}
	marks := fmt.Sprintf("! marks %d others.", a.off)
	if a.noise > 0 {
		marks = fmt.Sprintf("~ marks %d that lie within what %d simulations give whose network is a little slower; ", a.noise, a.simulations) + marks
	}
	return append(lines, marks)
}

// among reports whether a value lies between the least and the most of several
// results.
func (h *held) among(live *metrics.Estimate, results []*metrics.Result, name string) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for _, r := range results {
		if s := r.Find(name); s != nil && words.Known(s.Values[h.of]) {
			least, most = min(least, s.Values[h.of].Mean), max(most, s.Values[h.of].Mean)
		}
	}
	return words.Known(live) && least <= live.Mean && live.Mean <= most
}

// compare returns both values and the difference, and whether that is within its
// bound. A difference of two in a count, or of ten milliseconds, is none.
func (h *held) compare(live, simulated *metrics.Estimate) (measured, told, off Cell, within bool) {
	if !words.Known(live) || !words.Known(simulated) {
		return absent(), absent(), absent(), words.Known(live) == words.Known(simulated)
	}
	m := metrics.Metrics()[h.of]
	of := words.ScalingOf(m.Name)
	l, s := live.Mean, simulated.Mean
	d := s - l
	measured, told = value(l, of), value(s, of)
	if m.Unit == metrics.Share {
		return measured, told, Cell{Num: fmt.Sprintf("%+.1f", 100*d), Sort: math.Abs(d)}, math.Abs(d) <= h.bound
	}
	relative := 0.0
	if l != 0 {
		relative = d / l
	} else if d != 0 {
		relative = math.Inf(1)
	}
	off = Cell{Num: fmt.Sprintf("%+.1f", 100*relative), Unit: " %", Sort: math.Abs(relative)}
	return measured, told, off, math.Abs(relative) <= h.bound || math.Abs(d) <= h.slack
}
