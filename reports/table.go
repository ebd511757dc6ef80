package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ratesim/sim/metrics"
)

// TableOptions says what the table is shown on.
type TableOptions struct {
	Width int  // characters in a line; 0 = as many as it takes
	Color bool // use ANSI colours beside the marks
}

// maxName bounds the strategy column, in characters; the longest name in the
// catalog, a client library's with its version, has 29.
const maxName = 30

const (
	bold  = "\x1b[1m"
	green = "\x1b[1;32m"
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// Table writes the comparison a person decides from: one row a strategy, the
// verdict, what the reader must know beside it, warnings and expectations.
// Where o.Width is too small, columns go, least important first, and a line
// says which. The error is of w.
func Table(w io.Writer, r *metrics.Result, o TableOptions) error {
	return writeTable(w, r, o, compareColumns(), Verdict(r))
}

// HerdTable writes how hard a herd of clients hits the deployment under each
// strategy and how long it takes to drain, laid out as by [Table].
func HerdTable(w io.Writer, r *metrics.Result, o TableOptions) error {
	return writeTable(w, r, o, herdColumns(), herdVerdict(r))
}

// herdVerdict says that there is nothing to see where every attempt was admitted;
// else the columns speak for themselves.
func herdVerdict(r *metrics.Result) string {
	for i := range r.Strategies {
		s := &r.Strategies[i]
		if !known(s.Amplification) || !known(s.SuccessRate) || s.Amplification.Mean != 1 || s.SuccessRate.Mean != 1 {
			return ""
		}
	}
	return "Every client's first attempt was answered: to so few, or at so high a limit, strategies make no difference."
}

func writeTable(w io.Writer, r *metrics.Result, o TableOptions, cols []column, verdict string) error {
	var b strings.Builder
	paint := painter(o.Color)
	for _, line := range wrap(heading(r), o.Width) {
		b.WriteString(paint(bold, line) + "\n")
	}
	b.WriteString("\n")
	leftOut := grid(&b, r, o, cols)
	if len(leftOut) > 0 {
		paragraph(&b, "Left out for width: "+strings.Join(leftOut, ", ")+" (-o csv has all).", o.Width)
	}
	if verdict != "" {
		b.WriteString("\n")
		for _, line := range wrap(verdict, o.Width) {
			b.WriteString(paint(bold, line) + "\n")
		}
	}
	b.WriteString("\n")
	paragraph(&b, legend(r, cols), o.Width)
	for i, note := range r.Warnings {
		n := strconv.Itoa(i+1) + ". "
		for j, line := range wrap(printable(note), o.Width-len(n)) {
			if j > 0 {
				n = strings.Repeat(" ", len(n))
			}
			b.WriteString(n + line + "\n")
		}
	}
	if len(r.Expectations) > 0 {
		b.WriteString("\n")
	}
	for _, e := range r.Expectations {
		paragraph(&b, expectation(e), o.Width)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// heading says what was run.
func heading(r *metrics.Result) string {
	reps := "1 replication"
	if r.Replications != 1 {
		reps = strconv.Itoa(r.Replications) + " replications"
	}
	parts := []string{printable(r.Scenario), printable(r.Kind), reps, "seed " + strconv.FormatUint(r.Seed, 10)}
	for i := range r.Strategies {
		if e := r.Strategies[i].Calls; known(e) {
			parts = append(parts, strconv.FormatFloat(e.Mean, 'f', 0, 64)+" calls")
			break
		}
	}
	return strings.Join(parts, " · ")
}

// legend explains the marks of the table and how to read its intervals.
func legend(r *metrics.Result, cols []column) string {
	parts := []string{"* best of its column."}
	if r.Replications == 1 {
		parts = append(parts, "One replication: no intervals, and differences may be chance.")
	} else {
		parts = append(parts, "± half the 95 % interval over replications.")
	}
	for _, c := range cols {
		if c.head == "p95" {
			parts = append(parts, "Latency is from arrival to success, so calls that failed are not in it.")
		}
		if c.sub == "drain" {
			parts = append(parts, "Time to drain is short, too, where clients soon give up: see success.")
		}
	}
	for i := range r.Strategies {
		if r.Strategies[i].Name == oracle {
			parts = append(parts, "oracle sends first come, first served, and is never refused; it bounds what can be admitted when, not every column.")
		}
	}
	return strings.Join(parts, " ")
}

func expectation(e metrics.Expectation) string {
	state, value := "Met", "does not apply"
	if !e.Met {
		state = "MISSED"
	}
	if e.Value != nil && finite(*e.Value) {
		value = "was " + strconv.FormatFloat(*e.Value, 'g', 4, 64)
		if e.Against != nil && finite(*e.Against) {
			value += ", against " + strconv.FormatFloat(*e.Against, 'g', 4, 64)
		}
	}
	return state + ": " + printable(e.Text) + " (" + value + ")"
}

// grid writes as many columns as fit and returns the titles of the others.
func grid(b *strings.Builder, r *metrics.Result, o TableOptions, cols []column) (leftOut []string) {
	rows := inOrder(r)
	names := make([]string, len(rows))
	nameWidth := len("strategy")
	for i, s := range rows {
		names[i] = rowName(s.Name)
		nameWidth = max(nameWidth, utf8.RuneCountInString(names[i]))
	}
	blocks := make([]block, len(cols))
	for i, c := range cols {
		blocks[i] = newBlock(c, rows)
	}
	if o.Width > 0 {
		blocks, leftOut = fit(blocks, o.Width-nameWidth)
	}

	total := nameWidth
	sub := false
	for _, k := range blocks {
		total += gap + k.width
		sub = sub || k.col.sub != ""
	}
	paint := painter(o.Color)
	rule := paint(dim, strings.Repeat("─", total)) + "\n"
	writeRow(b, padRight("strategy", nameWidth), blocks, func(k block) string { return k.heading(k.col.head) })
	if sub {
		writeRow(b, padRight("", nameWidth), blocks, func(k block) string { return k.heading(k.col.sub) })
	}
	b.WriteString(rule)
	for i, s := range rows {
		if s.Name == oracle && i > 0 {
			b.WriteString(rule)
		}
		writeRow(b, padRight(names[i], nameWidth), blocks, func(k block) string {
			text := k.cell(i)
			if k.cells[i].best {
				text = paint(green, text)
			}
			return text
		})
	}
	return leftOut
}

// rowName is the first cell of a strategy's row.
func rowName(name string) string {
	if name == oracle {
		return oracle
	}
	name = printable(name)
	if utf8.RuneCountInString(name) > maxName {
		name = string([]rune(name)[:maxName-1]) + "…"
	}
	return name
}

// gap is the space between columns.
const gap = 2

// A block is a column laid out: digits under digits, units under units.
type block struct {
	col             column
	cells           []cell
	num, half, unit int // widths of the parts
	marks           bool
	width           int
}

func newBlock(c column, rows []*metrics.Strategy) block {
	k := block{col: c, cells: c.cells(rows)}
	for _, x := range k.cells {
		k.num = max(k.num, utf8.RuneCountInString(x.num))
		k.half = max(k.half, utf8.RuneCountInString(x.half))
		k.unit = max(k.unit, len(x.unit))
		k.marks = k.marks || x.best
	}
	for i, x := range k.cells {
		if k.half > 0 && x.half == "" && x.num != absent {
			k.cells[i].half = "±0" // the same in every replication
		}
	}
	body := utf8.RuneCountInString(k.cellText(cell{}))
	k.width = max(body, len(c.head)+k.mark(), len(c.sub)+k.mark())
	return k
}

func (k block) mark() int {
	if k.marks {
		return 1
	}
	return 0
}

func (k block) cell(i int) string { return padLeft(k.cellText(k.cells[i]), k.width) }

func (k block) cellText(c cell) string {
	text := padLeft(c.num, k.num)
	if k.half > 0 {
		text += " " + padLeft(c.half, k.half)
	}
	if c.best {
		c.unit += "*"
	}
	return text + padRight(c.unit, k.unit+k.mark())
}

func (k block) heading(text string) string {
	return padLeft(text+strings.Repeat(" ", k.mark()), k.width)
}

// fit keeps the blocks that have room, most important first, in the order of
// the table. The first of them always stays.
func fit(blocks []block, room int) (kept []block, leftOut []string) {
	byRank := slices.SortedFunc(slices.Values(blocks), func(a, b block) int { return a.col.rank - b.col.rank })
	stays := map[int]bool{}
	for i, k := range byRank {
		if w := gap + k.width; i == 0 || w <= room {
			stays[k.col.rank] = true
			room -= w
		}
	}
	for _, k := range blocks {
		if stays[k.col.rank] {
			kept = append(kept, k)
		} else {
			leftOut = append(leftOut, k.col.title())
		}
	}
	return kept, leftOut
}

func writeRow(b *strings.Builder, name string, blocks []block, text func(block) string) {
	line := name
	for _, k := range blocks {
		line += strings.Repeat(" ", gap) + text(k)
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
