package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"ratesim/sim/metrics"
)

// CSV writes one row a strategy and three columns a metric: its value under the
// metric's own name, then name_lo and name_hi. Units are those of the result
// file; a metric that does not apply is empty. With o.By each strategy is followed by a
// row for each group of its calls, which the second column names. The error is of w.
func CSV(w io.Writer, r *metrics.Result, o TableOptions) error {
	if err := csv.NewWriter(w).WriteAll(csvRows(r, o)); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// csvRows returns the heading and the rows.
func csvRows(r *metrics.Result, o TableOptions) [][]string {
	all := metrics.Metrics()
	head := []string{"strategy"}
	if o.By != "" {
		head = append(head, o.By)
	}
	for _, m := range all {
		head = append(head, m.Name, m.Name+"_lo", m.Name+"_hi")
	}
	rows := [][]string{head}
	add := func(strategy, group string, v *metrics.Values) {
		row := []string{strategy}
		if o.By != "" {
			row = append(row, group)
		}
		for id := range all {
			row = append(row, inCSV(roundEstimate(v[id]))...)
		}
		rows = append(rows, row)
	}
	for _, s := range inOrder(r) {
		add(s.Name, "", &s.Values)
		for _, g := range groupsOf(s, o.By) {
			add(s.Name, g.Name, &g.Values)
		}
	}
	return rows
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
