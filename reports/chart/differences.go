package chart

import (
	"fmt"
	"math"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// differences shows by how much each strategy differs from the first that was chosen, paired by
// replication.
func (f *field) differences() *Ranking {
	best := f.best()
	if best == nil || best.role != Chosen || f.Replications < 2 {
		return nil
	}
	failed := Panel{Title: "More calls that fail, of 1,000"}
	slower := Panel{Title: "Later until 95 % are answered"}
	c := &Ranking{}
	var calls, times []float64
	worse, late, n := 0, 0, 0
	for i := range f.all {
		e := &f.all[i]
		if e.Name == best.Name {
			continue
		}
		var a, b *metrics.Estimate
		if d := f.paired(e.Name, best.Name, metrics.SuccessRate); d != nil {
			a = &metrics.Estimate{Mean: -1000 * d.Mean, Lo: -1000 * d.Hi, Hi: -1000 * d.Lo}
			calls = append(calls, math.Abs(a.Mean))
		}
		if b = f.paired(e.Name, best.Name, metrics.TimeToSuccessP95); b != nil {
			times = append(times, math.Abs(b.Mean))
		}
		if a == nil && b == nil {
			continue
		}
		c.Rows = append(c.Rows, Row{Name: e.name(), Role: e.role})
		failed.Rows = append(failed.Rows, difference(a, words.PerThousand))
		slower.Rows = append(slower.Rows, difference(b, words.Seconds))
		if b == nil && !words.Known(e.Values[metrics.TimeToSuccessP95]) {
			slower.Rows[len(slower.Rows)-1].Text = words.Never
		}
		if e.role == Bound || e.bought {
			continue
		}
		n++
		if a != nil && a.Lo > 0 {
			worse++
		}
		if b != nil && b.Lo > 0 {
			late++
		}
	}
	if len(c.Rows) == 0 {
		return nil
	}
	title := fmt.Sprintf("Beyond chance, %d of %d strategies fail more calls than %s", worse, n, best.name())
	if late > 0 {
		title += fmt.Sprintf(", and %d answer%s 95 %% later", late, s(late))
	}
	c.Head = f.head("differences", title,
		fmt.Sprintf("Each strategy minus %s, paired by replication: mean and 95 %% interval. Where the interval holds 0, the difference may be chance.", best.name()))
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	failed.Axis, slower.Axis = aroundZero(failed.Rows, cut(calls), words.PerThousand), aroundZero(slower.Rows, cut(times), duration)
	c.Panels = []Panel{failed}
	if len(times) > 0 {
		c.Panels = append(c.Panels, slower)
	}
	return c
}

func difference(e *metrics.Estimate, scale func(float64) words.Scale) Marks {
	points := estimated(e, Dot, scale)
	if points == nil {
		return Marks{}
	}
	sign := ""
	if e.Mean > 0 {
		sign = "+"
	}
	points[0].Stem = true
	return Marks{Points: points, Text: sign + words.Write(e.Mean, scale)}
}

// aroundZero returns an axis that holds 0 and most of the intervals.
func aroundZero(rows []Marks, hi float64, scale func(float64) words.Scale) Axis {
	lo := 0.0
	hi = max(hi, 1e-3)
	for _, m := range rows {
		for _, p := range m.Points {
			lo = min(lo, max(p.At, -hi), max(p.Lo, -hi))
		}
	}
	return linear("", lo*1.1-hi*0.02, hi*1.1, 4, scale)
}
