package reports

import (
	"fmt"
	"io"
	"strings"

	"ratesim/sim/metrics"
)

// Markdown writes what [Table] shows, with every column, as a GitHub table:
// best values bold, the verdict, warnings and expectations below. The error is
// of w.
func Markdown(w io.Writer, r *metrics.Result) error {
	return writeMarkdown(w, r, compareColumns(), Verdict(r))
}

// HerdMarkdown writes what [HerdTable] shows as a GitHub table.
func HerdMarkdown(w io.Writer, r *metrics.Result) error {
	return writeMarkdown(w, r, herdColumns(), herdVerdict(r))
}

func writeMarkdown(w io.Writer, r *metrics.Result, cols []column, verdict string) error {
	var b strings.Builder
	b.WriteString(literal(heading(r)) + "\n\n| strategy |")
	for _, c := range cols {
		b.WriteString(" " + c.title() + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(cols)) + "\n")
	rows := inOrder(r)
	cells := make([][]cell, len(cols))
	for i, c := range cols {
		cells[i] = c.cells(rows)
	}
	for i, s := range rows {
		name := literal(s.Name)
		if s.Name == oracle {
			name = "*oracle*"
		}
		b.WriteString("| " + name + " |")
		for _, column := range cells {
			text := column[i].String()
			if column[i].best {
				text = "**" + text + "**"
			}
			b.WriteString(" " + text + " |")
		}
		b.WriteString("\n")
	}
	if verdict != "" {
		b.WriteString("\n**" + literal(verdict) + "**\n")
	}
	b.WriteString("\n" + strings.Replace(legend(r, cols), "* best", "Bold: best", 1) + "\n")
	notes(&b, r)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing Markdown: %w", err)
	}
	return nil
}

func notes(b *strings.Builder, r *metrics.Result) {
	if len(r.Warnings) > 0 {
		b.WriteString("\n")
	}
	for i, note := range r.Warnings {
		fmt.Fprintf(b, "%d. %s\n", i+1, literal(note))
	}
	if len(r.Expectations) > 0 {
		b.WriteString("\n")
	}
	for _, e := range r.Expectations {
		b.WriteString("- " + literal(expectation(e)) + "\n")
	}
}

// literal keeps text from being read as markup.
func literal(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`).Replace(printable(s))
}
