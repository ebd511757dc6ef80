package reports

import (
	"fmt"
	"io"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// Markdown writes documents as GitHub shows them, tables with all their columns.
type Markdown struct{}

// Report implements Reporter.
func (Markdown) Report(w io.Writer, d *Document) error {
	var b strings.Builder
	if d.Facts != nil {
		b.WriteString(literal(strings.Join(d.Facts, " · ")) + "\n\n")
	}
	bullets(&b, d.Assumed)
	tables := shownTables(d, false)
	finding := func() {
		if d.Title != "" {
			b.WriteString("**" + literal(d.Title) + "**\n\n")
		}
		for _, sentence := range d.Lead {
			b.WriteString(literal(sentence) + "\n\n")
		}
	}
	if len(tables) != 1 {
		finding()
	}
	for i := range tables {
		markdownTable(&b, &tables[i])
	}
	for _, l := range d.Lists {
		b.WriteString(literal(l.Title) + ":\n\n")
		bullets(&b, l.Items)
	}
	if len(tables) == 1 {
		finding()
	}
	if legend := append(chosenLegend(d, "Bold: chosen."), d.Legend...); legend != nil {
		b.WriteString(literal(strings.Join(legend, " ")) + "\n\n")
	}
	for i, text := range d.Warnings {
		fmt.Fprintf(&b, "%d. %s\n", i+1, literal(text))
	}
	if d.Warnings != nil {
		b.WriteString("\n")
	}
	for i := range d.Checks {
		if d.Kind != KindClaims {
			markdownChecks(&b, &d.Checks[i], len(d.Checks) > 1)
		}
	}
	if _, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n")); err != nil {
		return fmt.Errorf("writing Markdown: %w", err)
	}
	return nil
}

func bullets(b *strings.Builder, items []string) {
	for _, text := range items {
		b.WriteString("- " + literal(text) + "\n")
	}
	if items != nil {
		b.WriteString("\n")
	}
}

// markdownTable writes all columns but lines over time, which need a font of one width.
func markdownTable(b *strings.Builder, t *Table) {
	if t.Title != "" {
		b.WriteString(literal(t.Title) + "\n\n")
	}
	head, rule := "| "+literal(t.Of)+" |", "|---|"
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Spark {
			head, rule = head+" "+literal(c.title())+" |", rule+map[bool]string{true: "---|", false: "--:|"}[t.Checks]
		}
	}
	b.WriteString(head + "\n" + rule + "\n")
	for i := range t.Rows {
		r := &t.Rows[i]
		name := literal(r.Name)
		switch {
		case r.Group:
			name = "&nbsp; " + name
		case r.Role == chart.Chosen, r.Title:
			name = "**" + name + "**"
		case r.Role == chart.Bound:
			name = "*" + name + "*"
		}
		b.WriteString("| " + name + " |")
		for k := range t.Columns {
			text := ""
			if t.Columns[k].Spark {
				continue
			}
			switch c := r.Cells; {
			case r.Title:
			case t.Checks && k == 0: // the verdict
				text = strings.TrimSpace("**" + literal(c[k].Num) + "** " + literal(c[k].Ends))
			default:
				text = literal(c[k].String())
			}
			b.WriteString(" " + text + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, text := range t.Notes {
		b.WriteString(literal(text) + "\n\n")
	}
}

func markdownChecks(b *strings.Builder, list *Checklist, named bool) {
	if named {
		b.WriteString(literal(list.Name) + ":\n\n")
	}
	for i := range list.Items {
		k := &list.Items[i]
		fmt.Fprintf(b, "- %s %s (%s)\n", stateOf(k), literal(k.Text), literal(k.Value))
		for _, line := range k.Lines {
			b.WriteString("  - " + literal(line) + "\n")
		}
	}
	b.WriteString("\n")
}

// literal keeps text from being read as markup.
func literal(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "&", "&amp;", "#", `\#`, `\`, `\\`).Replace(words.Printable(s))
}
