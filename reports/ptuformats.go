package reports

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"ratesim/provider/capacity"
)

// PTUJSON writes r in the schema ratesim/ptu/v1, laid out and rounded as
// [JSON] does. The error is of w.
func PTUJSON(w io.Writer, r *capacity.Report) error {
	b, err := json.Marshal(r)
	var rounded capacity.Report
	if err == nil {
		err = json.Unmarshal(b, &rounded) // a copy of its own
	}
	if err == nil {
		roundFloats(reflect.ValueOf(&rounded).Elem())
		b, err = json.MarshalIndent(&rounded, "", "  ")
	}
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	if _, err := w.Write(append(oneLine(b), '\n')); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// roundFloats rounds every float in v to six digits.
func roundFloats(v reflect.Value) {
	switch v.Kind() {
	case reflect.Float64:
		v.SetFloat(round6(v.Float()))
	case reflect.Pointer:
		if !v.IsNil() {
			roundFloats(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			roundFloats(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			roundFloats(v.Field(i))
		}
	}
}

// PTUCSV writes a row for each option, with what the log needs at percentiles
// repeated in none: that is in the JSON. The error is of w.
func PTUCSV(w io.Writer, r *capacity.Report) error {
	c := csv.NewWriter(w)
	c.Write([]string{"model", "deployment", "name", "commitment", "ptus", "per_month", "per_year", "currency", "utilisation",
		"spilled_share", "rejected_share", "replayed_spilled_share", "latency_p50", "latency_p95", "latency_p99", "meets_slo", "recommended"})
	number := func(v float64) string { return strconv.FormatFloat(round6(v), 'f', -1, 64) }
	known := func(v *float64) string {
		if v == nil {
			return ""
		}
		return number(*v)
	}
	for i := range r.Options {
		o := &r.Options[i]
		c.Write([]string{r.Model, o.Deployment, o.Name, o.Commitment, strconv.Itoa(o.PTUs), number(o.USDPerMonth), number(o.USDPerYear), r.Currency,
			number(o.Utilisation), number(o.SpilledShare), known(o.RejectedShare), known(o.ReplayedSpilled),
			known(o.LatencyP50), known(o.LatencyP95), known(o.LatencyP99), strconv.FormatBool(o.MeetsSLO), strconv.FormatBool(i == r.Recommendation.Option)})
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// PTUMarkdown writes what [PTUTable] shows, with every column, for GitHub. The
// error is of w.
func PTUMarkdown(w io.Writer, r *capacity.Report) error {
	var b strings.Builder
	b.WriteString(literal(ptuHeading(r)) + "\n\n**" + literal(Answer(r)) + "**\n")
	for _, t := range ptuTables(r) {
		t.markdown(&b)
	}
	for _, line := range ptuBars(r) {
		b.WriteString("\n" + literal(line) + "\n")
	}
	for _, s := range ptuLists(r) {
		b.WriteString("\n" + s.title + ":\n\n")
		for _, item := range s.items {
			b.WriteString("- " + literal(item) + "\n")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing Markdown: %w", err)
	}
	return nil
}

func (s *sheet) markdown(b *strings.Builder) {
	b.WriteString("\n|")
	for _, h := range s.head {
		b.WriteString(" " + literal(h) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(s.head)-1) + "\n")
	for i, row := range s.rows {
		b.WriteString("|")
		for _, cell := range row {
			text := literal(cell)
			if i == s.mark {
				text = "**" + text + "**"
			}
			b.WriteString(" " + text + " |")
		}
		b.WriteString("\n")
	}
}
