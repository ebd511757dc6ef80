package reports

import (
	"math"

	"ratesim/sim/metrics"
)

// A column is one metric as a table shows it.
type column struct {
	head, sub string // two lines of heading; sub may be empty
	of        metrics.ID
	times     float64 // what the value is multiplied with; 0 = 1
	scale     func(float64) scale
	interval  bool // show the ends of the 95 % interval
	never     bool // it is a time that may never be reached
	rank      int  // when room is short, lower ranks stay; no two are the same
}

// compareColumns are what a strategy is chosen by, and what it does to the vendor.
func compareColumns() []column {
	return []column{
		{head: "failed", sub: "per 1,000", of: metrics.FailedPer1000, scale: perThousand, interval: true, rank: 0},
		{head: "half", sub: "within", of: metrics.TimeToSuccessP50, scale: seconds, never: true, rank: 5},
		{head: "95 %", sub: "within", of: metrics.TimeToSuccessP95, scale: seconds, interval: true, never: true, rank: 1},
		{head: "99 %", sub: "within", of: metrics.TimeToSuccessP99, scale: seconds, never: true, rank: 6},
		{head: "attempts", sub: "per call", of: metrics.Amplification, scale: multiple, rank: 2},
		{head: "429s", of: metrics.Rejected, scale: quantity, rank: 3},
		{head: "USD per", sub: "1,000 ok", of: metrics.CostPerSuccessUSD, times: 1000, scale: dollars, rank: 4},
		{head: "goodput", sub: "tokens/min", of: metrics.GoodputTPM, scale: quantity, rank: 7},
		{head: "quota", sub: "used", of: metrics.QuotaUsed, scale: percent, rank: 9},
		{head: "peak", sub: "att./s", of: metrics.PeakAttemptsPerS, scale: quantity, rank: 8},
	}
}

// closedColumns are compareColumns for workloads whose users wait for their answers.
func closedColumns() []column {
	first := column{head: "answers", sub: "per min", of: metrics.AnswersPerMin, scale: quantity, interval: true, rank: -1}
	return append([]column{first}, compareColumns()...)
}

// herdColumns are how a herd is judged.
func herdColumns() []column {
	return []column{
		{head: "peak", sub: "att./s", of: metrics.PeakAttemptsPerS, scale: quantity, rank: 3},
		{head: "retry peak", sub: "per window", of: metrics.RetryPeak, scale: quantity, interval: true, rank: 0},
		{head: "peak to", sub: "mean", of: metrics.PeakToMean, scale: multiple, rank: 5},
		{head: "attempts", sub: "per call", of: metrics.Amplification, scale: multiple, rank: 4},
		{head: "time to", sub: "drain", of: metrics.DrainedAt, scale: seconds, interval: true, rank: 1},
		{head: "failed", sub: "per 1,000", of: metrics.FailedPer1000, scale: perThousand, interval: true, rank: 2},
	}
}

// title is the heading in one line.
func (c column) title() string {
	if c.sub == "" {
		return c.head
	}
	return c.head + " " + c.sub
}

const (
	absent  = "–"     // stands where a metric does not apply
	noTime  = "never" // where too few calls succeed for a time to be reached
	forever = "∞"     // the upper end of a time that may never be reached
)

// A cell is one value of a column, split so that a column can be aligned at
// the digits.
type cell struct{ num, unit, ends string }

// cell writes the column's value of a strategy or of a group of its calls.
func (c column) cell(v *metrics.Values) cell {
	e := v[c.of]
	switch {
	case e == nil && c.never && v[metrics.Calls] != nil && v[metrics.Calls].Mean > 0:
		return cell{num: noTime}
	case !known(e):
		return cell{num: absent}
	}
	times := 1.0
	if c.times > 0 {
		times = c.times
	}
	return c.write(metrics.Estimate{Mean: times * e.Mean, Lo: times * e.Lo, Hi: times * e.Hi})
}

// write writes an estimate. Its ends are in the unit of the value, but where it is 0
// or of another order.
func (c column) write(e metrics.Estimate) cell {
	s := c.scale(math.Abs(e.Mean))
	out := cell{num: s.text(e.Mean), unit: s.unit}
	if out.num == "0.0" {
		if out.num = "0"; e.Mean > 0 {
			out.num = "<0.1"
		}
	}
	if c.interval && e.Hi > e.Lo {
		out.ends = "(" + ends(c.scale, e, false) + ")"
	}
	return out
}

// ends writes the ends of an interval: "42–63", and "<2.2" where the lower one is 0
// and the value too. They have their units where the value has another or, in a
// sentence, always.
func ends(of func(float64) scale, e metrics.Estimate, sentence bool) string {
	s := of(math.Abs(e.Mean))
	text := func(v float64) string {
		if math.IsInf(v, 1) {
			return forever
		}
		own := of(math.Abs(v))
		switch {
		case v == 0:
			return "0"
		case own.unit == s.unit && !sentence:
			return own.text(v)
		}
		return own.text(v) + own.unit
	}
	if lo := text(e.Lo); lo != "0" || e.Mean != 0 {
		return lo + "–" + text(e.Hi)
	}
	return "<" + text(e.Hi)
}

// String is the cell in running text.
func (c cell) String() string {
	if c.ends == "" {
		return c.num + c.unit
	}
	return c.num + c.unit + " " + c.ends
}
