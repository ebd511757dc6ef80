package reports

import (
	"math"

	"ratesim/sim/metrics"
)

// better says which values of a column are the good ones.
type better int

const (
	neither better = iota
	less
	more
)

// A column is one metric as a table shows it.
type column struct {
	head, sub string // two lines of heading; sub may be empty
	of        func(*metrics.Strategy) *metrics.Estimate
	scale     func(float64) scale
	better    better
	interval  bool // show half the width of the 95 % interval
	rank      int  // when room is short, lower ranks stay; no two are the same
}

// compareColumns are what a strategy is chosen by. Quota used has no better
// end: a strategy that wastes tokens uses a lot of it too.
func compareColumns() []column {
	type s = metrics.Strategy
	type e = metrics.Estimate
	return []column{
		{head: "success", of: func(s *s) *e { return s.SuccessRate }, scale: percent, better: more, interval: true, rank: 0},
		{head: "p50", of: func(s *s) *e { return s.LatencyP50 }, scale: seconds, better: less, rank: 6},
		{head: "p95", of: func(s *s) *e { return s.LatencyP95 }, scale: seconds, better: less, interval: true, rank: 1},
		{head: "p99", of: func(s *s) *e { return s.LatencyP99 }, scale: seconds, better: less, rank: 7},
		{head: "attempts", sub: "per call", of: func(s *s) *e { return s.Amplification }, scale: multiple, better: less, rank: 3},
		{head: "429s", of: func(s *s) *e { return s.Rejected }, scale: quantity, better: less, rank: 2},
		{head: "goodput", sub: "tokens/min", of: func(s *s) *e { return s.GoodputTPM }, scale: quantity, better: more, rank: 5},
		{head: "quota", sub: "used", of: func(s *s) *e { return s.QuotaUsed }, scale: percent, better: neither, rank: 9},
		{head: "peak", sub: "att./s", of: func(s *s) *e { return s.PeakAttemptsPerS }, scale: quantity, better: less, rank: 8},
		{head: "wasted", sub: "prompt tok.", of: func(s *s) *e { return s.WastedPromptTokens }, scale: quantity, better: less, rank: 10},
		{head: "cost", sub: "USD", of: func(s *s) *e { return s.CostUSD }, scale: dollars, better: less, rank: 4},
	}
}

// herdColumns are how a herd is judged.
func herdColumns() []column {
	type s = metrics.Strategy
	type e = metrics.Estimate
	return []column{
		{head: "peak", sub: "att./s", of: func(s *s) *e { return s.PeakAttemptsPerS }, scale: quantity, better: less, rank: 3},
		{head: "retry peak", sub: "per window", of: func(s *s) *e { return s.RetryPeak }, scale: quantity, better: less, interval: true, rank: 0},
		{head: "peak to", sub: "mean", of: func(s *s) *e { return s.PeakToMean }, scale: multiple, better: less, rank: 5},
		{head: "attempts", sub: "per call", of: func(s *s) *e { return s.Amplification }, scale: multiple, better: less, rank: 4},
		{head: "time to", sub: "drain", of: func(s *s) *e { return s.DrainedAt }, scale: seconds, interval: true, rank: 1},
		{head: "success", of: func(s *s) *e { return s.SuccessRate }, scale: percent, better: more, interval: true, rank: 2},
	}
}

// title is the heading in one line.
func (c column) title() string {
	if c.sub == "" {
		return c.head
	}
	return c.head + " " + c.sub
}

// absent stands where a metric does not apply.
const absent = "–"

// A cell is one value of a column, split so that a column can be aligned at
// the digits.
type cell struct {
	num, half, unit string
	best            bool
}

// cells writes one column of the table, with the best values marked. Values
// that read the same are equally good, and a column of equal values has no
// best.
func (c column) cells(rows []*metrics.Strategy) []cell {
	out := make([]cell, len(rows))
	best := math.NaN()
	for i, s := range rows {
		e := c.of(s)
		if !known(e) {
			out[i] = cell{num: absent}
			continue
		}
		out[i] = c.cell(e)
		if s.Name == oracle {
			continue
		}
		if math.IsNaN(best) || c.better == less && e.Mean < best || c.better == more && e.Mean > best {
			best = e.Mean
		}
	}
	if c.better == neither || math.IsNaN(best) {
		return out
	}
	want := c.cell(&metrics.Estimate{Mean: best, Lo: best, Hi: best})
	equal := true
	for i, s := range rows {
		out[i].best = s.Name != oracle && out[i].num == want.num && out[i].unit == want.unit
		equal = equal && (out[i].best || s.Name == oracle)
	}
	for i := range out {
		out[i].best = out[i].best && !equal
	}
	return out
}

func (c column) cell(e *metrics.Estimate) cell {
	s := c.scale(math.Abs(e.Mean))
	out := cell{num: s.text(e.Mean), unit: s.unit}
	if s.unit == " %" && e.Mean < 1 && out.num == "100.0" {
		out.num = ">99.9" // 100 % is a promise: not one call may be missing
	}
	if c.interval && e.Hi > e.Lo {
		out.half = "±" + s.text((e.Hi-e.Lo)/2)
	}
	return out
}

// String is the cell in running text.
func (c cell) String() string {
	if c.half == "" {
		return c.num + c.unit
	}
	return c.num + " " + c.half + c.unit
}
