package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// Text writes documents for terminals. Where there is little room columns go, least
// important first, and a line says which.
type Text struct {
	Width int  // characters in a line; 0 = as many as it takes
	Color bool // use ANSI colours beside the marks
}

const (
	bold  = "\x1b[1m"
	green = "\x1b[1;32m"
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// Report implements Reporter.
func (t Text) Report(w io.Writer, d *Document) error {
	tables := shownTables(d, true)
	finding := t.finding(d)
	var parts []string // with a blank line between them
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(t.bold(strings.Join(d.Facts, " · ")) + t.paragraphs(d.Assumed))
	// Below a single table, the finding is where a terminal stops to scroll. With more
	// to read, it comes first.
	above := len(tables) != 1 || d.Kind == KindDifference || d.Kind == KindCapacity
	if above {
		add(finding)
	}
	var notes []string
	for i := range tables {
		text, more := t.table(&tables[i])
		add(text)
		notes = append(notes, more...)
	}
	for _, l := range d.Lists {
		add(t.bold(l.Title) + t.items(l.Items))
	}
	if !above {
		add(finding)
	}
	add(t.paragraph(strings.Join(slices.Concat(chosenLegend(d, "* chosen."), d.Legend, notes), " ")) + t.numbered(d.Warnings))
	for i := range d.Checks {
		add(t.checklist(&d.Checks[i], d.Kind == KindClaims || len(d.Checks) > 1))
	}
	if _, err := io.WriteString(w, strings.Join(parts, "\n")); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// shownTables are the tables of a document where its checks are written out or not.
func shownTables(d *Document, checks bool) []Table {
	return slices.DeleteFunc(slices.Clone(d.Tables), func(t Table) bool { return t.Checks && checks && d.Checks != nil })
}

// chosenLegend says how a chosen row is marked, where there is one.
func chosenLegend(d *Document, text string) []string {
	for i := range d.Tables {
		if slices.ContainsFunc(d.Tables[i].Rows, func(r Row) bool { return r.Role == chart.Chosen }) {
			return []string{text}
		}
	}
	return nil
}

func (t Text) finding(d *Document) string {
	return t.bold(d.Title) + t.paragraphs(d.Lead)
}

// table writes a table and returns how the columns that it shows are read.
func (t Text) table(table *Table) (text string, notes []string) {
	var b strings.Builder
	if table.Title != "" {
		b.WriteString(t.bold(table.Title) + "\n")
	}
	shown, leftOut := t.grid(&b, table)
	if names := columnNames(leftOut, shown); names != nil {
		b.WriteString(t.paragraph("Left out for width: " + strings.Join(names, ", ") + " (-o markdown has all)."))
	}
	b.WriteString(t.paragraphs(table.Notes))
	for i := range shown {
		c := &shown[i]
		if c.Note != "" {
			notes = append(notes, c.Note)
		}
	}
	return b.String(), notes
}

// checklist writes what was expected and what came of it.
func (t Text) checklist(list *Checklist, named bool) string {
	var b strings.Builder
	if named {
		name := list.Name
		if list.Finding != "" {
			name += ": " + list.Finding
		}
		b.WriteString(t.bold(name))
		b.WriteString(t.indented("  ", list.About))
		for _, note := range list.Notes {
			b.WriteString(t.indented("  ", note))
		}
	}
	paint, widest := painter(t.Color), widestState(list)
	for i := range list.Items {
		k := &list.Items[i]
		mark, color := padRight(stateOf(k), widest)+" ", dim
		switch {
		case k.Failed:
			color = bold
		case k.Met:
			color = green
		}
		text := k.Text
		if k.Value != "" {
			text += " (" + k.Value + ")"
		}
		indent := strings.Repeat(" ", utf8.RuneCountInString(mark))
		b.WriteString(paint(color, mark) + strings.TrimPrefix(t.indented(indent, text), indent))
		for e := range k.Parts {
			b.WriteString(t.indented(indent, k.Parts[e].Text+": "+figures(&k.Parts[e])))
		}
		for _, line := range k.Lines {
			b.WriteString(t.indented(indent+"  ", line))
		}
	}
	return b.String()
}

// stateOf is a sign, and a word for those who cannot tell the signs apart.
func stateOf(k *Check) string {
	switch {
	case k.Met:
		return "✓ " + k.State
	case k.Chance:
		return "? " + k.State
	}
	return "✗ " + k.State
}

func widestState(list *Checklist) int {
	widest := 0
	for i := range list.Items {
		widest = max(widest, utf8.RuneCountInString(stateOf(&list.Items[i])))
	}
	return widest
}

func (t Text) bold(text string) string {
	paint := painter(t.Color)
	var b strings.Builder
	for _, l := range wrap(words.Printable(text), t.Width) {
		b.WriteString(paint(bold, l) + "\n")
	}
	return b.String()
}

func (t Text) paragraph(text string) string { return t.indented("", text) }

func (t Text) paragraphs(texts []string) string {
	var b strings.Builder
	for _, text := range texts {
		b.WriteString(t.paragraph(text))
	}
	return b.String()
}

func (t Text) items(items []string) string {
	var b strings.Builder
	for _, text := range items {
		b.WriteString(t.hanging("- ", text))
	}
	return b.String()
}

func (t Text) numbered(items []string) string {
	var b strings.Builder
	for i, text := range items {
		b.WriteString(t.hanging(strconv.Itoa(i+1)+". ", text))
	}
	return b.String()
}

// hanging writes text with a mark before its first line.
func (t Text) hanging(mark, text string) string {
	indent := strings.Repeat(" ", len(mark))
	return mark + strings.TrimPrefix(t.indented(indent, text), indent)
}

// indented writes text in lines, each after prefix.
func (t Text) indented(prefix, text string) string {
	width := t.Width
	if width > 0 {
		width = max(1, width-utf8.RuneCountInString(prefix))
	}
	var b strings.Builder
	for _, l := range wrap(words.Printable(text), width) {
		b.WriteString(prefix + l + "\n")
	}
	return b.String()
}
