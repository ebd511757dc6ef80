package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"ratesim/sim/metrics"
)

// CSV writes one row a strategy and three columns a metric: its mean under the
// metric's own name, then name_lo and name_hi. Units are those of the result
// file; a metric that does not apply is empty. The error is of w.
func CSV(w io.Writer, r *metrics.Result) error {
	out := csv.NewWriter(w)
	head := []string{"strategy"}
	for _, m := range allMetrics() {
		head = append(head, m.name, m.name+"_lo", m.name+"_hi")
	}
	rows := [][]string{head}
	for _, s := range inOrder(r) {
		row := []string{s.Name}
		for _, m := range allMetrics() {
			e := roundEstimate(*m.at(s))
			if e == nil {
				row = append(row, "", "", "")
				continue
			}
			row = append(row, decimal(e.Mean), decimal(e.Lo), decimal(e.Hi))
		}
		rows = append(rows, row)
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// decimal writes x without an exponent, which not every reader of CSV takes.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
