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

// TableOptions says what the table is shown on, and what it shows.
type TableOptions struct {
	Width int    // characters in a line; 0 = as many as it takes
	Color bool   // use ANSI colours beside the marks
	By    string // rows of groups of calls below each strategy: tenant, size or none
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

// Table writes the comparison a person decides from: what was assumed, one row a
// strategy, the verdict, what the reader must know beside it, warnings and
// expectations. Where o.Width is too small, columns go, least important first, and a
// line says which. The error is of w.
func Table(w io.Writer, r *metrics.Result, o TableOptions) error {
	return writeTable(w, r, o, columnsOf(r), Verdict(r))
}

// columnsOf returns the columns for a comparison.
func columnsOf(r *metrics.Result) []column {
	if r.Verdict != nil && slices.Contains(r.Verdict.By, "answers_per_min") {
		return closedColumns()
	}
	return compareColumns()
}

// HerdTable writes how hard a herd of clients hits the deployment under each
// strategy and how long it takes to drain, laid out as by [Table].
func HerdTable(w io.Writer, r *metrics.Result, o TableOptions) error {
	return writeTable(w, r, o, herdColumns(), herdVerdict(r))
}

// herdVerdict is the choice, or that there is nothing to see where every attempt was
// admitted.
func herdVerdict(r *metrics.Result) []string {
	for i := range r.Strategies {
		v := &r.Strategies[i].Values
		attempts, ok := mean(v, metrics.Amplification)
		share, ok2 := mean(v, metrics.SuccessRate)
		if !ok || !ok2 || attempts != 1 || share != 1 {
			return Verdict(r)[:1]
		}
	}
	return []string{"Every client's first attempt was answered: to so few, or at so high a limit, strategies make no difference."}
}

func writeTable(w io.Writer, r *metrics.Result, o TableOptions, cols []column, verdict []string) error {
	return writeSheet(w, sheetOf{[]*metrics.Result{r}, cols, verdict}, o)
}

// sheetOf is what a table shows: one result, or one for each of several providers.
type sheetOf struct {
	results []*metrics.Result
	cols    []column
	verdict []string
}

func writeSheet(w io.Writer, t sheetOf, o TableOptions) error {
	var b strings.Builder
	paint := painter(o.Color)
	r := t.results[0]
	for _, line := range wrap(heading(t.results), o.Width) {
		b.WriteString(paint(bold, line) + "\n")
	}
	for _, a := range r.Assumed {
		paragraph(&b, printable(a), o.Width)
	}
	b.WriteString("\n")
	leftOut := grid(&b, t, o)
	if len(leftOut) > 0 {
		paragraph(&b, "Left out for width: "+strings.Join(leftOut, ", ")+" (-o csv has all).", o.Width)
	}
	for i, sentence := range t.verdict {
		if i == 0 {
			b.WriteString("\n")
		}
		for _, line := range wrap(sentence, o.Width) {
			if i == 0 {
				line = paint(bold, line)
			}
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("\n")
	paragraph(&b, legend(t.results, t.cols), o.Width)
	for i, note := range warningsOf(t.results) {
		n := strconv.Itoa(i+1) + ". "
		for j, line := range wrap(printable(note), o.Width-len(n)) {
			if j > 0 {
				n = strings.Repeat(" ", len(n))
			}
			b.WriteString(n + line + "\n")
		}
	}
	for i, e := range expectationsOf(t.results) {
		if i == 0 {
			b.WriteString("\n")
		}
		paragraph(&b, e, o.Width)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// heading says what was run.
func heading(results []*metrics.Result) string {
	r := results[0]
	parts := []string{printable(r.Scenario), printable(r.Kind)}
	if len(results) > 1 {
		parts = append(parts, strconv.Itoa(len(results))+" providers")
	} else {
		if r.Provider != "" {
			parts = append(parts, printable(r.Provider))
		}
		parts = append(parts, replications(r))
	}
	parts = append(parts, "seed "+strconv.FormatUint(r.Seed, 10))
	for i := range r.Strategies {
		if calls, ok := mean(&r.Strategies[i].Values, metrics.Calls); ok {
			parts = append(parts, strconv.FormatFloat(calls, 'f', 0, 64)+" calls")
			break
		}
	}
	return strings.Join(parts, " · ")
}

func replications(r *metrics.Result) string {
	if r.Replications == 1 {
		return "1 replication"
	}
	return strconv.Itoa(r.Replications) + " replications"
}

// about says of which provider a line is, where there are several.
func about(results []*metrics.Result, r *metrics.Result, text string) string {
	if len(results) == 1 {
		return text
	}
	return printable(r.Provider) + ": " + text
}

// warningsOf returns the warnings of all results, those that several have once.
func warningsOf(results []*metrics.Result) []string {
	var out []string
	for _, r := range results {
		for _, text := range r.Warnings {
			everywhere := !slices.ContainsFunc(results, func(o *metrics.Result) bool { return !slices.Contains(o.Warnings, text) })
			if !everywhere {
				text = about(results, r, text)
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

func expectationsOf(results []*metrics.Result) []string {
	var out []string
	for _, r := range results {
		for _, e := range r.Expectations {
			out = append(out, about(results, r, expectation(e)))
		}
	}
	return out
}

// legend says how to read the columns.
func legend(results []*metrics.Result, cols []column) string {
	r := results[0]
	var parts []string
	if slices.ContainsFunc(results, func(r *metrics.Result) bool { return len(marked(r)) > 0 }) {
		parts = append(parts, "* chosen.")
	}
	if r.Replications == 1 {
		parts = append(parts, "One replication: no intervals, and differences may be chance.")
	} else {
		parts = append(parts, "In brackets: 95 % interval.")
	}
	for _, c := range cols {
		switch {
		case c.of == metrics.FailedPer1000:
			parts = append(parts, "Failed: calls without an answer by their deadline, or by the end of the run.")
		case c.of == metrics.TimeToSuccessP95:
			parts = append(parts, "Times are from arrival to success, of all calls: one that failed never succeeds.")
		case c.of == metrics.DrainedAt:
			parts = append(parts, "Time to drain is short, too, where clients soon give up: see failed.")
		}
	}
	for i := range r.Strategies {
		if r.Strategies[i].Name == oracle {
			parts = append(parts, "oracle knows the limits and is never refused; no client can be it.")
		}
	}
	if r.Schema == metrics.SchemaV1 {
		parts = append(parts, "Saved by an older version: shares and times are means over replications.")
	}
	return strings.Join(parts, " ")
}

// marked returns the strategies that the verdict chose; none where there is no verdict yet.
func marked(r *metrics.Result) []string {
	if r.Verdict == nil || r.Verdict.State == metrics.Leads {
		return nil
	}
	return r.Verdict.Chosen
}

func expectation(e metrics.Expectation) string {
	state, value := "Met", "does not apply"
	if !e.Met {
		state = "MISSED"
	}
	switch {
	case e.Metric == "verdict.chosen" && !e.Certain:
		value = "the verdict is not decided"
	case e.Metric == "verdict.chosen":
		value = "chosen is " + names(e.Chosen, "or")
	case e.Value != nil && finite(*e.Value):
		value = "was " + strconv.FormatFloat(*e.Value, 'g', 4, 64)
		if e.Against != nil && finite(*e.Against) {
			value += ", against " + strconv.FormatFloat(*e.Against, 'g', 4, 64)
		}
	}
	return state + ": " + printable(e.Text) + " (" + value + ")"
}

// A line of the table is a strategy, or a group of its calls.
type line struct {
	name   string
	values *metrics.Values // nil of a heading
	chosen bool
	bound  bool
	group  bool
}

// lines returns the rows of the table: those of each result, under a heading where there
// are several.
func (t *sheetOf) lines(by string) []line {
	var out []line
	for _, r := range t.results {
		if len(t.results) > 1 {
			out = append(out, line{name: printable(r.Provider) + " · " + replications(r)})
		}
		out = append(out, lines(r, by)...)
	}
	return out
}

func lines(r *metrics.Result, by string) []line {
	var out []line
	for _, s := range inOrder(r) {
		l := line{name: rowName(s.Name), values: &s.Values, chosen: slices.Contains(marked(r), s.Name), bound: s.Name == oracle}
		if l.chosen {
			l.name += "*"
		}
		out = append(out, l)
		groups := groupsOf(s, by)
		for i := range groups {
			out = append(out, line{name: "  " + rowName(groups[i].Name), values: &groups[i].Values, bound: l.bound, group: true})
		}
	}
	return out
}

// groupsOf returns the groups of a strategy's calls: by tenant, by size or none.
func groupsOf(s *metrics.Strategy, by string) []metrics.Group {
	switch by {
	case "tenant":
		return s.Tenants
	case "size":
		return s.Sizes
	}
	return nil
}

// grid writes as many columns as fit and returns the titles of the others.
func grid(b *strings.Builder, t sheetOf, o TableOptions) (leftOut []string) {
	rows := t.lines(o.By)
	nameWidth := len("strategy")
	for _, l := range rows {
		if l.values != nil {
			nameWidth = max(nameWidth, utf8.RuneCountInString(l.name))
		}
	}
	blocks := make([]block, len(t.cols))
	for i, c := range t.cols {
		blocks[i] = newBlock(c, rows)
	}
	if o.Width > 0 {
		blocks, leftOut = fit(blocks, o.Width-nameWidth)
	}
	total, sub := nameWidth, false
	for _, k := range blocks {
		total += gap + k.width
		sub = sub || k.col.sub != ""
	}
	paint := painter(o.Color)
	rule := paint(dim, strings.Repeat("─", total)) + "\n"
	writeRow(b, padRight("strategy", nameWidth), blocks, func(k block) string { return padLeft(k.col.head, k.width) })
	if sub {
		writeRow(b, padRight("", nameWidth), blocks, func(k block) string { return padLeft(k.col.sub, k.width) })
	}
	b.WriteString(rule)
	for i, l := range rows {
		if i > 0 && (l.bound && !l.group || l.values == nil) {
			b.WriteString(rule)
		}
		if l.values == nil {
			for _, part := range wrap(l.name, o.Width) {
				b.WriteString(paint(bold, part) + "\n")
			}
			continue
		}
		var text strings.Builder
		writeRow(&text, padRight(l.name, nameWidth), blocks, func(k block) string { return k.cell(i) })
		row := strings.TrimSuffix(text.String(), "\n")
		switch {
		case l.chosen:
			row = paint(green, row)
		case l.group:
			row = paint(dim, row)
		}
		b.WriteString(row + "\n")
	}
	return leftOut
}

// rowName is the first cell of a row.
func rowName(name string) string {
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
	num, unit, ends int // widths of the parts
	width           int
}

func newBlock(c column, rows []line) block {
	k := block{col: c}
	for _, l := range rows {
		var x cell
		if l.values != nil {
			x = c.cell(l.values)
		}
		k.cells = append(k.cells, x)
		if x.unit == "" && x.ends == "" {
			continue // a word may stand under the unit as well
		}
		k.num = max(k.num, utf8.RuneCountInString(x.num))
		k.unit = max(k.unit, utf8.RuneCountInString(x.unit))
		k.ends = max(k.ends, utf8.RuneCountInString(x.ends))
	}
	k.width = max(utf8.RuneCountInString(c.head), utf8.RuneCountInString(c.sub))
	for i := range k.cells {
		k.width = max(k.width, utf8.RuneCountInString(k.text(i)))
	}
	return k
}

func (k block) cell(i int) string { return padLeft(k.text(i), k.width) }

// text is the cell with its parts under those of the others.
func (k block) text(i int) string {
	c := k.cells[i]
	if k.ends == 0 {
		return c.num + padRight(c.unit, k.unit)
	}
	return padLeft(c.num, k.num) + padRight(c.unit, k.unit) + " " + padRight(c.ends, k.ends)
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
