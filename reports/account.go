package reports

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"ratesim/sim/metrics"
)

// held is a metric that a simulation is held to, and by how much it may be off:
// absolutely for shares, relatively for all else.
type held struct {
	title  string
	of     metrics.ID
	bound  float64
	slack  float64 // a difference that is none, however large beside the value
	share  bool
	format func(float64) scale
	rank   int // when room is short, lower ranks stay
}

// heldTo lists them. The bounds are the project's promise for a run at speed 1.
func heldTo() []held {
	return []held{
		{"success", metrics.SuccessRate, 0.01, 0, true, percent, 1},
		{"attempts", metrics.Attempts, 0.03, 2, false, quantity, 4},
		{"429s", metrics.Rejected, 0.03, 2, false, quantity, 3},
		{"p50", metrics.LatencyP50, 0.05, 0.01, false, seconds, 5},
		{"p95", metrics.LatencyP95, 0.05, 0.01, false, seconds, 2},
	}
}

// AccountTable holds a simulated result against a live one of the same scenario,
// strategies and seeds: both values of each metric, and by how much the simulation
// is off. What is off by more than its bound is marked: with ~ where it lies within
// what the simulation says of hardly different runs, slowed, and with ! where it
// does not. Where o.Width is too small the values go first: [Table] has those that
// were measured, too. The error is of w.
func AccountTable(w io.Writer, live, simulated *metrics.Result, slowed []*metrics.Result, o TableOptions) error {
	a := holdAgainst(live, simulated, slowed)
	var b strings.Builder
	paint := painter(o.Color)
	for _, line := range wrap(printable(live.Scenario)+": over HTTP, simulated (sim.), and how far the simulation is off", o.Width) {
		b.WriteString(paint(bold, line) + "\n")
	}
	b.WriteString("\n")
	t := a.sheet()
	t.write(&b, o, "-o markdown has all")
	b.WriteString("\n")
	for _, line := range a.sums() {
		paragraph(&b, line, o.Width)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the account: %w", err)
	}
	return nil
}

// AccountMarkdown writes what [AccountTable] shows, with every column, as a GitHub
// table. The error is of w.
func AccountMarkdown(w io.Writer, live, simulated *metrics.Result, slowed []*metrics.Result) error {
	a := holdAgainst(live, simulated, slowed)
	var b strings.Builder
	b.WriteString(literal(live.Scenario) + ": over HTTP / simulated (how far the simulation is off)\n")
	t := sheet{head: []string{"strategy"}, mark: -1}
	for _, h := range heldTo() {
		t.head = append(t.head, h.title)
	}
	for i, name := range a.names {
		row := []string{name}
		for _, p := range a.rows[i] {
			row = append(row, p.String())
		}
		t.rows = append(t.rows, row)
	}
	t.markdown(&b)
	b.WriteString("\n" + strings.Join(a.sums(), "\n") + "\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the account: %w", err)
	}
	return nil
}

// An account is every strategy's metrics, live and simulated.
type account struct {
	names             []string
	rows              [][]compared // of each strategy, in the order of heldTo
	agree, noise, off int
	simulations       int // what noise is told by
}

func holdAgainst(live, simulated *metrics.Result, slowed []*metrics.Result) *account {
	a := &account{simulations: len(slowed) + 1}
	for i := range live.Strategies {
		l := &live.Strategies[i]
		s := simulated.Find(l.Name)
		if s == nil {
			continue
		}
		var row []compared
		for _, h := range heldTo() {
			p, within := h.compare(l.Values[h.of], s.Values[h.of])
			switch {
			case within:
				a.agree++
			case h.among(l.Values[h.of], append(slowed[:len(slowed):len(slowed)], simulated), l.Name):
				a.noise++
				p.mark = " ~"
			default:
				a.off++
				p.mark = " !"
			}
			row = append(row, p)
		}
		a.names, a.rows = append(a.names, l.Name), append(a.rows, row)
	}
	return a
}

// sheet has three columns for each metric. Without room go, of all metrics, first
// what can be told from the others, then what was measured; then metrics.
func (a *account) sheet() sheet {
	t := sheet{over: []string{""}, head: []string{"strategy"}, rank: []int{0}, mark: -1}
	for _, name := range a.names {
		t.rows = append(t.rows, []string{rowName(name)})
	}
	for k, h := range heldTo() {
		blank := "" // under the marks of others
		if slices.ContainsFunc(a.rows, func(row []compared) bool { return row[k].mark != "" }) {
			blank = "  "
		}
		t.over = append(t.over, "", "", h.title+blank)
		t.head = append(t.head, "HTTP", "sim.", "off"+blank)
		t.rank = append(t.rank, len(heldTo())+1, len(heldTo())+2, h.rank)
		for i, row := range a.rows {
			p := row[k]
			t.rows[i] = append(t.rows[i], p.live, p.simulated, p.off+cmp.Or(p.mark, blank))
		}
	}
	return t
}

func (a *account) sums() []string {
	lines := []string{fmt.Sprintf("%d of %d figures agree: success within 1 point, attempts and 429s within 3 %%, latencies within 5 %%.", a.agree, a.agree+a.noise+a.off)}
	marks := fmt.Sprintf("! marks %d others.", a.off)
	if a.noise > 0 {
		marks = fmt.Sprintf("~ marks %d that lie within what %d simulations give whose network is a little slower; ", a.noise, a.simulations) + marks
	}
	return append(lines, marks)
}

// compared is one metric of one strategy, live and simulated.
type compared struct{ live, simulated, off, mark string }

func (p compared) String() string {
	if p.off == absent {
		return absent + p.mark
	}
	return p.live + " / " + p.simulated + " (" + p.off + ")" + p.mark
}

// among reports whether a value lies between the least and the most of several
// results.
func (h *held) among(live *metrics.Estimate, results []*metrics.Result, name string) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for _, r := range results {
		if s := r.Find(name); s != nil && known(s.Values[h.of]) {
			least, most = min(least, s.Values[h.of].Mean), max(most, s.Values[h.of].Mean)
		}
	}
	return known(live) && least <= live.Mean && live.Mean <= most
}

// compare returns both values and the difference, and whether that is within its
// bound. A difference of two in a count, or of ten milliseconds, is none.
func (h *held) compare(live, simulated *metrics.Estimate) (p compared, within bool) {
	if !known(live) || !known(simulated) {
		return compared{live: absent, simulated: absent, off: absent}, known(live) == known(simulated)
	}
	l, s := live.Mean, simulated.Mean
	d := s - l
	p = compared{live: write(l, h.format), simulated: write(s, h.format)}
	if h.share {
		p.off = fmt.Sprintf("%+.1f", 100*d)
		return p, math.Abs(d) <= h.bound
	}
	relative := 0.0
	if l != 0 {
		relative = d / l
	} else if d != 0 {
		relative = math.Inf(1)
	}
	p.off = fmt.Sprintf("%+.1f %%", 100*relative)
	return p, math.Abs(relative) <= h.bound || math.Abs(d) <= h.slack
}
