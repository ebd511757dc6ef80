package reports

import (
	"fmt"
	"io"
	"strings"

	"ratesim/sim/metrics"
)

// Markdown writes what [Table] shows, with every column, as a GitHub table:
// chosen strategies bold, the verdict, warnings and expectations below. The error is
// of w.
func Markdown(w io.Writer, r *metrics.Result, o TableOptions) error {
	return writeMarkdown(w, r, o, columnsOf(r), Verdict(r))
}

// HerdMarkdown writes what [HerdTable] shows as a GitHub table.
func HerdMarkdown(w io.Writer, r *metrics.Result, o TableOptions) error {
	return writeMarkdown(w, r, o, herdColumns(), herdVerdict(r))
}

func writeMarkdown(w io.Writer, r *metrics.Result, o TableOptions, cols []column, verdict []string) error {
	var b strings.Builder
	b.WriteString(literal(heading(r)) + "\n")
	for _, a := range r.Assumed {
		b.WriteString("- " + literal(a) + "\n")
	}
	b.WriteString("\n| strategy |")
	for _, c := range cols {
		b.WriteString(" " + c.title() + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(cols)) + "\n")
	for _, l := range lines(r, o.By) {
		name := literal(strings.TrimSuffix(strings.TrimLeft(l.name, " "), "*"))
		switch {
		case l.chosen:
			name = "**" + name + "**"
		case l.group:
			name = "&nbsp; " + name
		case l.bound:
			name = "*" + name + "*"
		}
		b.WriteString("| " + name + " |")
		for _, c := range cols {
			b.WriteString(" " + literal(c.cell(l.values).String()) + " |")
		}
		b.WriteString("\n")
	}
	for i, sentence := range verdict {
		if i == 0 {
			sentence = "**" + literal(sentence) + "**"
		} else {
			sentence = literal(sentence)
		}
		b.WriteString("\n" + sentence + "\n")
	}
	b.WriteString("\n" + strings.Replace(legend(r, cols), "* chosen", "Bold: chosen", 1) + "\n")
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
