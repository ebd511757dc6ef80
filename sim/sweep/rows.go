package sweep

import (
	"context"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"

	"ratesim/sim/metrics"
	"ratesim/sim/sweep/cells"
)

// The columns before and after the axes.
var before, after = []string{"cell", "scenario"}, []string{"run_seed", "strategy", "replication"}

// WriteCSV writes one row for each replication of each strategy of each cell: where it is,
// and every metric of results under its name, empty where it does not apply. The rows are
// those of the runs themselves, so any table can be computed from them, and the bytes depend
// on nothing but the cells.
func (m *Merged) WriteCSV(ctx context.Context, w io.Writer) error {
	out := csv.NewWriter(w)
	list := metrics.Metrics()
	head := slices.Concat(before, m.Axes, after)
	for i := range list {
		head = append(head, list[i].Name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	err := m.Each(ctx, func(c *cells.Cell) error {
		place := slices.Concat([]string{c.Identity.Hash(), c.Name}, m.values(c), []string{strconv.FormatUint(c.Identity.Seed, 10)})
		for i := range c.Outcomes {
			o := &c.Outcomes[i]
			for rep, run := range o.Runs {
				row := append(slices.Clone(place), o.Name, strconv.Itoa(rep))
				for _, v := range ofRun(o, run) {
					row = append(row, written(v))
				}
				if err := out.Write(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// ofRun returns every metric of one run; NaN where it does not apply.
func ofRun(o *metrics.Outcome, run *metrics.Run) []float64 {
	s := metrics.NewSample([]metrics.Outcome{{Name: o.Name, Bound: o.Bound, Rank: o.Rank, Runs: []*metrics.Run{run}}})
	out := make([]float64, metrics.NumMetrics)
	for id := range metrics.NumMetrics {
		out[id] = math.NaN()
		if e := s.Estimate(0, id); e != nil {
			out[id] = e.Mean
		}
	}
	return out
}

// written writes a value so that it is read back as the same number; a time that is never
// reached is inf.
func written(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 0):
		return "inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
