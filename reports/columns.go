package reports

import (
	"cmp"
	"math"
	"slices"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// A metricColumn is one metric as a table shows it.
type metricColumn struct {
	head, sub string
	of        metrics.ID
	times     float64                   // what the value is multiplied with; 0 = 1
	scale     func(float64) words.Scale // nil: that of the metric
	interval  bool                      // show the ends of the 95 % interval
	never     bool                      // it is a time that may never be reached
	rank      int                       // when room is short, lower ranks stay
}

// compareColumns are what a strategy is chosen by, and what it does to the vendor.
func compareColumns() []metricColumn {
	return []metricColumn{
		{head: "failed", sub: "per 1,000", of: metrics.FailedPer1000, interval: true, rank: 0},
		{head: "half", sub: "within", of: metrics.TimeToSuccessP50, never: true, rank: 5},
		{head: "95 %", sub: "within", of: metrics.TimeToSuccessP95, interval: true, never: true, rank: 1},
		{head: "99 %", sub: "within", of: metrics.TimeToSuccessP99, never: true, rank: 6},
		{head: "attempts", sub: "per call", of: metrics.Amplification, rank: 2},
		{head: "429s", of: metrics.Rejected, rank: 3},
		{head: "USD per", sub: "1,000 ok", of: metrics.CostPerSuccessUSD, times: 1000, scale: words.Dollars, rank: 4},
		{head: "goodput", sub: "tokens/min", of: metrics.GoodputTPM, rank: 7},
		{head: "quota", sub: "used", of: metrics.QuotaUsed, rank: 9},
		{head: "peak", sub: "att./s", of: metrics.PeakAttemptsPerS, rank: 8},
	}
}

// columnsOf returns the columns for a comparison: of a workload whose users wait for their
// answers, answers first; of sessions also how many are lost; of streamed answers when they
// begin; and how many calls were not sent, where there are some.
func columnsOf(r *metrics.Result) []metricColumn {
	cols := compareColumns()
	if slices.ContainsFunc(r.Strategies, func(s metrics.Strategy) bool { return s.Values[metrics.LostSessions] != nil }) {
		cols = slices.Insert(cols, 1, metricColumn{head: "sessions", sub: "lost", of: metrics.LostSessions, interval: true, rank: 0})
	}
	if slices.ContainsFunc(r.Strategies, func(s metrics.Strategy) bool { n, _ := words.Mean(&s.Values, metrics.NotSent); return n > 0 }) {
		cols = slices.Insert(cols, 1, metricColumn{head: "calls", sub: "not sent", of: metrics.NotSent, interval: true, rank: 0})
	}
	if slices.ContainsFunc(r.Strategies, func(s metrics.Strategy) bool { return s.Values[metrics.FailuresBrokenStream] != nil }) {
		at := slices.IndexFunc(cols, func(c metricColumn) bool { return c.of == metrics.TimeToSuccessP50 })
		cols = slices.Insert(cols, at,
			metricColumn{head: "1st token", sub: "half within", of: metrics.TTFTP50, never: true, rank: 5},
			metricColumn{head: "1st token", sub: "95 % within", of: metrics.TTFTP95, interval: true, never: true, rank: 1})
	}
	if r.Verdict == nil || !slices.Contains(r.Verdict.By, "answers_per_min") {
		return cols
	}
	first := metricColumn{head: "answers", sub: "per min", of: metrics.AnswersPerMin, interval: true, rank: -1}
	return append([]metricColumn{first}, cols...)
}

// herdColumns are how a herd is judged.
func herdColumns() []metricColumn {
	return []metricColumn{
		{head: "peak", sub: "att./s", of: metrics.PeakAttemptsPerS, rank: 3},
		{head: "retry peak", sub: "per window", of: metrics.RetryPeak, interval: true, rank: 0},
		{head: "peak to", sub: "mean", of: metrics.PeakToMean, rank: 5},
		{head: "attempts", sub: "per call", of: metrics.Amplification, rank: 4},
		{head: "time to", sub: "drain", of: metrics.DrainedAt, interval: true, rank: 1},
		{head: "failed", sub: "per 1,000", of: metrics.FailedPer1000, interval: true, rank: 2},
	}
}

// cell writes the column's value of a strategy or of a group of its calls.
func (c *metricColumn) cell(v *metrics.Values) Cell {
	e := v[c.of]
	switch {
	case e == nil && c.never && v[metrics.Calls] != nil && v[metrics.Calls].Mean > 0:
		return Cell{Num: words.Never, Sort: math.Inf(1)}
	case !words.Known(e):
		return absent()
	}
	times := c.factor()
	return cellOf(c.scaling(), metrics.Estimate{Mean: times * e.Mean, Lo: times * e.Lo, Hi: times * e.Hi}, c.interval)
}

// factor is what the value is multiplied with.
func (c *metricColumn) factor() float64 {
	if c.times > 0 {
		return c.times
	}
	return 1
}

// scaling is how the value is written.
func (c *metricColumn) scaling() func(float64) words.Scale {
	if c.scale != nil {
		return c.scale
	}
	return words.ScalingOf(metrics.Metrics()[c.of].Name)
}

// cellOf writes an estimate, with its interval if asked for.
func cellOf(of func(float64) words.Scale, e metrics.Estimate, interval bool) Cell {
	c := words.CellOf(of, e, interval)
	return Cell{Num: c.Num, Unit: c.Unit, Ends: c.Ends, Sort: e.Mean}
}

// value writes a value without an interval.
func value(v float64, of func(float64) words.Scale) Cell {
	return cellOf(of, metrics.Estimate{Mean: v, Lo: v, Hi: v}, false)
}

// text is a cell that orders nothing.
func text(s string) Cell { return Cell{Num: s, Sort: math.NaN()} }

func absent() Cell { return text(words.Absent) }

// strategyTable has a row for each strategy of each result, under a heading where there
// are several results, and below it rows of groups of its calls.
func strategyTable(results []*metrics.Result, cols []metricColumn, by string) Table {
	t := Table{Of: "strategy"}
	for i := range cols {
		c := &cols[i]
		t.Columns = append(t.Columns, Column{Head: c.head, Sub: c.sub, Rank: c.rank})
	}
	cells := func(v *metrics.Values) []Cell {
		var out []Cell
		for i := range cols {
			out = append(out, cols[i].cell(v))
		}
		return out
	}
	var of []*metrics.Strategy // of each row; nil of headings and groups
	for _, r := range results {
		if len(results) > 1 {
			of = append(of, nil)
			t.Rows = append(t.Rows, Row{Name: r.Provider + " · " + words.Replications(r), Title: true})
		}
		for _, s := range words.InOrder(r) {
			row := Row{Name: s.Name, Cells: cells(&s.Values)}
			switch {
			case slices.Contains(words.Marked(r), s.Name):
				row.Role = chart.Chosen
			case s.Name == words.Oracle:
				row.Role = chart.Bound
			}
			t.Rows, of = append(t.Rows, row), append(of, s)
			groups := groupsOf(s, by)
			for i := range groups {
				t.Rows = append(t.Rows, Row{Name: groups[i].Name, Role: row.Role, Group: true, Cells: cells(&groups[i].Values)})
				of = append(of, nil)
			}
		}
	}
	for i := range cols {
		t.markBest(i, metrics.Metrics()[cols[i].of].Better)
	}
	t.addSparks(of)
	return t
}

// groupsOf returns the groups of a strategy's calls: by tenant, by size or none.
func groupsOf(s *metrics.Strategy, by string) []metrics.Group {
	switch by {
	case "tenant":
		return s.Tenants
	case "size":
		return s.Sizes
	}
	return nil
}

// markBest marks the best cells of a column, where some are better than others.
func (t *Table) markBest(column int, better metrics.Direction) {
	var cells []*Cell
	for i := range t.Rows {
		if r := &t.Rows[i]; !r.Group && !r.Title && r.Role != chart.Bound && !math.IsNaN(r.Cells[column].Sort) {
			cells = append(cells, &r.Cells[column])
		}
	}
	if len(cells) == 0 || better == metrics.Neither {
		return
	}
	order := func(a, b *Cell) int { return int(-better) * cmp.Compare(a.Sort, b.Sort) }
	best, worst := slices.MinFunc(cells, order).Sort, slices.MaxFunc(cells, order).Sort
	for _, c := range cells {
		c.Best = c.Sort == best && best != worst
	}
}
