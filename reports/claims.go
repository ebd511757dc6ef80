package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"ratesim/sim/metrics"
)

// ClaimsTable writes of each claim what was found, case by case, with the
// numbers that decided. The error is of w.
func ClaimsTable(w io.Writer, r *metrics.Claims, o TableOptions) error {
	var b strings.Builder
	paint := painter(o.Color)
	for i := range r.Claims {
		c := &r.Claims[i]
		for _, line := range wrap(printable(c.Name)+": "+string(c.Verdict)+conditions(c, false), o.Width) {
			b.WriteString(paint(bold, line) + "\n")
		}
		indented(&b, "  ", c.About, o.Width)
		for k := range c.Cases {
			k := &c.Cases[k]
			mark, color := "  no   ", dim
			if k.Holds {
				mark, color = "  yes  ", green
			}
			if k.Holds != k.Recorded {
				mark, color = strings.ToUpper(mark), bold
			}
			b.WriteString(paint(color, mark) + strings.TrimLeft(hanging("if "+k.If+changed(k), len(mark), o.Width), " "))
			for e := range k.Expectations {
				indented(&b, "       ", k.Expectations[e].Text+": "+figures(&k.Expectations[e]), o.Width)
			}
		}
		b.WriteString("\n")
	}
	paragraph(&b, claimsLegend(r), o.Width)
	return writeText(w, b.String())
}

// ClaimsMarkdown writes one row a claim as a GitHub table. The error is of w.
func ClaimsMarkdown(w io.Writer, r *metrics.Claims) error {
	var b strings.Builder
	b.WriteString("| claim | verdict | decided by |\n|---|---|---|\n")
	for i := range r.Claims {
		c := &r.Claims[i]
		var numbers []string
		for _, held := range []bool{true, false} {
			for k := range c.Cases {
				if c.Cases[k].Holds == held {
					e := c.Cases[k].Deciding()
					numbers = append(numbers, code(e.Text)+": "+literal(figures(e)))
					break
				}
			}
		}
		verdict := "**" + string(c.Verdict) + "**" + literal(conditions(c, true))
		if c.Changed {
			verdict += " (not as recorded)"
		}
		fmt.Fprintf(&b, "| %s: %s | %s | %s |\n", literal(c.Name), literal(c.About), verdict, strings.Join(numbers, " · "))
	}
	b.WriteString("\n" + claimsLegend(r) + "\n")
	return writeText(w, b.String())
}

// code keeps text from being read as markup where it looks like code.
func code(s string) string {
	return "`" + strings.NewReplacer("|", `\|`, "`", "'").Replace(printable(s)) + "`"
}

// ClaimsCSV writes one row an expectation of a case. The error is of w.
func ClaimsCSV(w io.Writer, r *metrics.Claims) error {
	rows := [][]string{{"claim", "verdict", "changed", "if", "holds", "recorded", "expectation", "met", "certain",
		"value", "against", "margin", "margin_lo", "margin_hi"}}
	for _, c := range r.Claims {
		for _, k := range c.Cases {
			for _, e := range roundExpectations(k.Expectations) {
				row := []string{c.Name, string(c.Verdict), strconv.FormatBool(c.Changed), k.If, strconv.FormatBool(k.Holds),
					strconv.FormatBool(k.Recorded), e.Text, strconv.FormatBool(e.Met), strconv.FormatBool(e.Certain), "", "", "", "", ""}
				if e.Value != nil {
					row[9] = decimal(*e.Value)
				}
				if e.Against != nil {
					row[10] = decimal(*e.Against)
				}
				if m := e.Margin; m != nil {
					row[11], row[12], row[13] = decimal(m.Mean), decimal(m.Lo), decimal(m.Hi)
				}
				rows = append(rows, row)
			}
		}
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// ClaimsJSON writes r in the schema ratesim/claims/v1, with numbers as [JSON]
// has them. The error is of w.
func ClaimsJSON(w io.Writer, r *metrics.Claims) error {
	out := *r
	out.Claims = make([]metrics.Claim, len(r.Claims))
	for i, c := range r.Claims {
		c.Cases = append([]metrics.Case{}, c.Cases...)
		for k := range c.Cases {
			c.Cases[k].Expectations = roundExpectations(c.Cases[k].Expectations)
		}
		out.Claims[i] = c
	}
	return writeJSON(w, &out)
}

// conditions says under which cases a claim holds, if some do and some do not,
// and if asked for under which not.
func conditions(c *metrics.Claim, all bool) string {
	if c.Verdict != metrics.HoldsOnlyIf {
		return ""
	}
	var held, failed []string
	for _, k := range c.Cases {
		if k.Holds {
			held = append(held, printable(k.If))
		} else {
			failed = append(failed, printable(k.If))
		}
	}
	text := " " + strings.Join(held, "; or ")
	if all {
		text += ". Not if " + strings.Join(failed, "; or ")
	}
	return text
}

func changed(k *metrics.Case) string {
	switch {
	case k.Holds == k.Recorded:
		return ""
	case k.Recorded:
		return " (recorded as yes)"
	}
	return " (recorded as no)"
}

// figures are the numbers of an expectation, with half the interval of its
// margin.
func figures(e *metrics.Expectation) string {
	if e.Value == nil || !known(e.Margin) {
		return "does not apply"
	}
	of := scaleOf(e.Metric)
	text := write(*e.Value, of)
	unit := of(math.Abs(*e.Value))
	if e.Against != nil {
		text += " against " + write(*e.Against, of)
		unit = of(max(math.Abs(*e.Value), math.Abs(*e.Against)))
	}
	if half := (e.Margin.Hi - e.Margin.Lo) / 2; half > 0 {
		text += " ±" + unit.text(half) + unit.unit
	}
	if !e.Certain {
		text += ", may be chance"
	}
	return text
}

// scaleOf returns how a metric is written.
func scaleOf(name string) func(float64) scale {
	for _, m := range metrics.Metrics() {
		if m.Name != name {
			continue
		}
		switch m.Unit {
		case metrics.Share:
			return percent
		case metrics.Seconds:
			return seconds
		case metrics.Ratio:
			return multiple
		case metrics.USD:
			return func(v float64) scale { s := dollars(v); s.unit += " USD"; return s }
		}
	}
	return quantity
}

// claimsLegend sums up the verdicts and says how to read the numbers.
func claimsLegend(r *metrics.Claims) string {
	count := map[metrics.ClaimVerdict]int{}
	for _, c := range r.Claims {
		count[c.Verdict]++
	}
	text := fmt.Sprintf("Claims that hold: %d; that hold only under conditions: %d; that do not: %d. ",
		count[metrics.Holds], count[metrics.HoldsOnlyIf], count[metrics.HoldsNot])
	if r.Replications == 1 {
		return text + "One replication: differences may be chance."
	}
	return text + fmt.Sprintf("Means of %d replications, seed %d; ± half the 95 %% interval of the difference.", r.Replications, r.Seed)
}

// hanging returns text in lines of at most width characters, indented.
func hanging(text string, indent, width int) string {
	var b strings.Builder
	indented(&b, strings.Repeat(" ", indent), text, width)
	return b.String()
}

// indented writes text in lines of at most width characters, each after prefix.
func indented(b *strings.Builder, prefix, text string, width int) {
	if width > 0 {
		width -= len(prefix)
	}
	for _, line := range wrap(printable(text), width) {
		b.WriteString(prefix + line + "\n")
	}
}

func writeText(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("writing the claims: %w", err)
	}
	return nil
}
