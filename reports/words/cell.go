package words

import (
	"math"

	"ratesim/sim/metrics"
)

const (
	Absent  = "–"     // stands where a metric does not apply
	Never   = "never" // where too few calls succeed for a time to be reached
	Forever = "∞"     // the upper end of a time that may never be reached
)

// A Cell is one value of a column, split so that a column can be aligned at
// the digits.
type Cell struct{ Num, Unit, Ends string }

// CellOf writes an estimate, with its interval if asked for. The ends are in the unit of the value, but where it is 0
// or of another order.
func CellOf(of func(float64) Scale, e metrics.Estimate, interval bool) Cell {
	s := of(math.Abs(e.Mean))
	out := Cell{Num: s.Text(e.Mean), Unit: s.Unit}
	if out.Num == "0.0" {
		if out.Num = "0"; e.Mean > 0 {
			out.Num = "<0.1"
		}
	}
	if interval && e.Hi > e.Lo {
		out.Ends = "(" + Ends(of, e, false) + ")"
	}
	return out
}

// Ends writes the ends of an interval: "42–63", and "<2.2" where the lower one is 0
// and the value too. They have their units where the value has another or, in a
// sentence, always.
func Ends(of func(float64) Scale, e metrics.Estimate, sentence bool) string {
	s := of(math.Abs(e.Mean))
	text := func(v float64) string {
		if math.IsInf(v, 1) {
			return Forever
		}
		own := of(math.Abs(v))
		switch {
		case v == 0:
			return "0"
		case own.Unit == s.Unit && !sentence:
			return own.Text(v)
		}
		return own.Text(v) + own.Unit
	}
	if lo := text(e.Lo); lo != "0" || e.Mean != 0 {
		return lo + "–" + text(e.Hi)
	}
	return "<" + text(e.Hi)
}

// String is the cell in running text.
func (c Cell) String() string {
	if c.Ends == "" {
		return c.Num + c.Unit
	}
	return c.Num + c.Unit + " " + c.Ends
}
