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
	return writeMarkdownSheet(w, sheetOf{[]*metrics.Result{r}, cols, verdict}, o)
}

func writeMarkdownSheet(w io.Writer, t sheetOf, o TableOptions) error {
	var b strings.Builder
	b.WriteString(literal(heading(t.results)) + "\n")
	for i, a := range t.results[0].Assumed {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- " + literal(a) + "\n")
	}
	b.WriteString("\n| strategy |")
	for _, c := range t.cols {
		b.WriteString(" " + c.title() + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(t.cols)) + "\n")
	for _, l := range t.lines(o.By) {
		name := literal(strings.TrimSuffix(strings.TrimLeft(l.name, " "), "*"))
		switch {
		case l.chosen || l.values == nil:
			name = "**" + name + "**"
		case l.group:
			name = "&nbsp; " + name
		case l.bound:
			name = "*" + name + "*"
		}
		b.WriteString("| " + name + " |")
		for _, c := range t.cols {
			text := ""
			if l.values != nil {
				text = literal(c.cell(l.values).String())
			}
			b.WriteString(" " + text + " |")
		}
		b.WriteString("\n")
	}
	for i, sentence := range t.verdict {
		if i == 0 {
			sentence = "**" + literal(sentence) + "**"
		} else {
			sentence = literal(sentence)
		}
		b.WriteString("\n" + sentence + "\n")
	}
	b.WriteString("\n" + strings.Replace(legend(t.results, t.cols), "* chosen", "Bold: chosen", 1) + "\n")
	notes(&b, t.results)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing Markdown: %w", err)
	}
	return nil
}

func notes(b *strings.Builder, results []*metrics.Result) {
	for i, note := range warningsOf(results) {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "%d. %s\n", i+1, literal(note))
	}
	for i, e := range expectationsOf(results) {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- " + literal(e) + "\n")
	}
}

// literal keeps text from being read as markup.
func literal(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`).Replace(printable(s))
}
