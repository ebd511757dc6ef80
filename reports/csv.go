package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// CSV writes the records of documents: all metrics, in the units of the result file.
type CSV struct{}

// Report implements Reporter.
func (CSV) Report(w io.Writer, d *Document) error {
	c := csv.NewWriter(w)
	for _, row := range d.Records {
		c.Write(words.Printables(row)) // what goes wrong, Error says
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// decimals returns an estimate in three fields, of which an upper end that is infinite
// is empty.
func decimals(e *metrics.Estimate) []string {
	switch {
	case e == nil:
		return []string{"", "", ""}
	case math.IsInf(e.Hi, 1):
		return []string{decimal(e.Mean), decimal(e.Lo), ""}
	}
	return []string{decimal(e.Mean), decimal(e.Lo), decimal(e.Hi)}
}

// known writes a value, if there is one, rounded.
func known(v *float64) string {
	if v == nil || !words.Finite(*v) {
		return ""
	}
	return decimal(words.Round6(*v))
}

// decimal writes x without an exponent, which not every reader of CSV takes.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
