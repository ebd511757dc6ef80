package reports

import (
	"slices"
	"strings"
	"unicode/utf8"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

const (
	maxName = 40 // characters of a row's name; the longest in the catalog, a client library's, has 29
	gap     = 2  // between columns
)

// A block is a column laid out: digits under digits, units under units.
type block struct {
	col             *Column
	cells           []Cell // of rows that have none, empty ones
	num, unit, ends int    // widths of the parts
	width           int
}

// grid writes as many columns as fit and returns the others.
func (t Text) grid(b *strings.Builder, table *Table) (shown, leftOut []Column) {
	names, nameWidth := make([]string, len(table.Rows)), utf8.RuneCountInString(table.Of)
	for i := range table.Rows {
		r := &table.Rows[i]
		if names[i] = words.Printable(r.Name); r.Title {
			continue
		}
		names[i] = rowName(r)
		nameWidth = max(nameWidth, utf8.RuneCountInString(names[i]))
	}
	blocks := blocksOf(table)
	if t.Width > 0 {
		blocks, leftOut = withRoom(blocks, t.Width-nameWidth)
	}
	total, sub := nameWidth, false
	for _, k := range blocks {
		total += gap + k.width
		sub = sub || k.col.Sub != ""
		shown = append(shown, *k.col)
	}
	paint := painter(t.Color)
	rule := paint(dim, strings.Repeat("─", total)) + "\n"
	heads := groupHeads(shown)
	b.WriteString(line(padRight(table.Of, nameWidth), blocks, func(i int) string { return heads[i] }) + "\n")
	if sub {
		b.WriteString(line(padRight("", nameWidth), blocks, func(i int) string { return shown[i].Sub }) + "\n")
	}
	b.WriteString(rule)
	for i := range table.Rows {
		r := &table.Rows[i]
		if i > 0 && (r.Title || r.Role == chart.Bound && !r.Group) {
			b.WriteString(rule)
		}
		if r.Title {
			for _, part := range wrap(names[i], t.Width) {
				b.WriteString(paint(bold, part) + "\n")
			}
			continue
		}
		text := line(padRight(names[i], nameWidth), blocks, func(k int) string { return blocks[k].text(i) })
		switch {
		case r.Group:
			text = paint(dim, text)
		case r.Role == chart.Chosen:
			text = paint(green, text)
		}
		b.WriteString(text + "\n")
	}
	return shown, leftOut
}

// rowName is the first cell of a row, with a star where it was chosen.
func rowName(r *Row) string {
	name := words.Printable(r.Name)
	if utf8.RuneCountInString(name) > maxName {
		name = string([]rune(name)[:maxName-1]) + "…"
	}
	switch {
	case r.Group:
		return "  " + name
	case r.Role == chart.Chosen:
		return name + "*"
	}
	return name
}

// groupHeads returns the headings of columns: of those of one group above the last alone.
func groupHeads(cols []Column) []string {
	out := make([]string, len(cols))
	for i := range cols {
		if !sameGroup(cols, i) {
			out[i] = cols[i].Head
		}
	}
	return out
}

// sameGroup reports whether a column and the next one have a common heading.
func sameGroup(cols []Column, i int) bool {
	return i+1 < len(cols) && cols[i].Sub != "" && cols[i].Head == cols[i+1].Head
}

func line(name string, blocks []block, text func(i int) string) string {
	for i, k := range blocks {
		name += strings.Repeat(" ", gap) + padLeft(text(i), k.width)
	}
	return strings.TrimRight(name, " ")
}

func blocksOf(t *Table) []block {
	cols := slices.Clone(t.Columns)
	for i := range cols {
		cols[i].Head, cols[i].Sub = words.Printable(cols[i].Head), words.Printable(cols[i].Sub)
	}
	blocks := make([]block, len(cols))
	for i := range blocks {
		blocks[i] = newBlock(t, cols, i)
	}
	return blocks
}

func newBlock(t *Table, cols []Column, column int) block {
	k := block{col: &cols[column]}
	for i := range t.Rows {
		var c Cell
		if !t.Rows[i].Title {
			c = t.Rows[i].Cells[column]
		}
		c.Num, c.Unit, c.Ends = words.Printable(c.Num), words.Printable(c.Unit), words.Printable(c.Ends)
		k.cells = append(k.cells, c)
		if c.Unit == "" && c.Ends == "" {
			continue // a word may stand under the unit as well
		}
		k.num = max(k.num, utf8.RuneCountInString(c.Num))
		k.unit = max(k.unit, utf8.RuneCountInString(c.Unit))
		k.ends = max(k.ends, utf8.RuneCountInString(c.Ends))
	}
	k.width = utf8.RuneCountInString(k.col.Sub)
	if !sameGroup(cols, column) {
		k.width = max(k.width, utf8.RuneCountInString(k.col.Head))
	}
	for i := range k.cells {
		k.width = max(k.width, utf8.RuneCountInString(k.text(i)))
	}
	return k
}

// text is the cell with its parts under those of the others.
func (k block) text(i int) string {
	c := k.cells[i]
	if k.ends == 0 {
		return c.Num + padRight(c.Unit, k.unit)
	}
	return padLeft(c.Num, k.num) + padRight(c.Unit, k.unit) + " " + padRight(c.Ends, k.ends)
}

// withRoom keeps the blocks that have room, most important first, in the order of the
// table. Those of one rank stay or go together; the first always stay.
func withRoom(blocks []block, room int) (kept []block, leftOut []Column) {
	width := map[int]int{} // by rank
	var ranks []int
	for _, k := range blocks {
		if _, ok := width[k.col.Rank]; !ok {
			ranks = append(ranks, k.col.Rank)
		}
		width[k.col.Rank] += gap + k.width
	}
	slices.Sort(ranks)
	stays := map[int]bool{}
	for i, rank := range ranks {
		if w := width[rank]; i == 0 || w <= room {
			stays[rank] = true
			room -= w
		}
	}
	for _, k := range blocks {
		if stays[k.col.Rank] {
			kept = append(kept, k)
		} else {
			leftOut = append(leftOut, *k.col)
		}
	}
	return kept, leftOut
}

// columnNames names columns for the reader who misses them: of groups that all lack the
// same column, that column alone.
func columnNames(leftOut, shown []Column) (names []string) {
	for _, c := range leftOut {
		if c.Spark {
			continue // no other format has it
		}
		name := c.title()
		others := func(o Column) bool { return o != c && o.Sub == c.Sub && c.Sub != "" }
		if slices.ContainsFunc(leftOut, others) && !slices.ContainsFunc(shown, others) {
			name = c.Sub
		}
		if name = words.Printable(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
