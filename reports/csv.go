package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"ratesim/sim/metrics"
)

// CSV writes one row a strategy and three columns a metric: its mean under the
// metric's own name, then name_lo and name_hi. Units are those of the result
// file; a metric that does not apply is empty. The error is of w.
func CSV(w io.Writer, r *metrics.Result) error {
	out := csv.NewWriter(w)
	head := []string{"strategy"}
	all := metrics.Metrics()
	for _, m := range all {
		head = append(head, m.Name, m.Name+"_lo", m.Name+"_hi")
	}
	rows := [][]string{head}
	for _, s := range inOrder(r) {
		row := []string{s.Name}
		for id := range all {
			row = append(row, inCSV(roundEstimate(s.Values[id]))...)
		}
		rows = append(rows, row)
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// inCSV returns an estimate in three fields, of which an upper end that is infinite is
// empty.
func inCSV(e *metrics.Estimate) []string {
	switch {
	case e == nil:
		return []string{"", "", ""}
	case math.IsInf(e.Hi, 1):
		return []string{decimal(e.Mean), decimal(e.Lo), ""}
	}
	return []string{decimal(e.Mean), decimal(e.Lo), decimal(e.Hi)}
}

// decimal writes x without an exponent, which not every reader of CSV takes.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
