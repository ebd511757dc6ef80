package reports

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"ratesim/sim/metrics"
)

// A scale says how one value is written: divided by div, with so many
// decimals, followed by unit.
type scale struct {
	div      float64
	decimals int
	unit     string
}

func (s scale) text(v float64) string { return strconv.FormatFloat(v/s.div, 'f', s.decimals, 64) }

// The scalings below choose a scale by the size of the value, so that three
// digits or so are left to read. Thresholds lie where rounding would carry
// into a fourth.

func percent(float64) scale { return scale{0.01, 1, " %"} }

// perThousand writes a number of calls of every 1,000.
func perThousand(v float64) scale {
	if v < 99.95 {
		return scale{1, 1, ""}
	}
	return scale{1, 0, ""}
}

// seconds writes a time given in seconds.
func seconds(v float64) scale {
	switch {
	case v < 0.00995:
		return scale{1e-3, 1, " ms"}
	case v < 0.9995:
		return scale{1e-3, 0, " ms"}
	case v < 99.95:
		return scale{1, 1, " s"}
	case v < 999.5:
		return scale{1, 0, " s"}
	default:
		return scale{60, 0, " min"}
	}
}

// quantity writes a count or a rate: 17, 1044, 12.3k, 198k, 1.2M.
func quantity(v float64) scale {
	switch {
	case v < 9.95 && v != math.Trunc(v):
		return scale{1, 1, ""}
	case v < 9999.5:
		return scale{1, 0, ""}
	case v < 99.95e3:
		return scale{1e3, 1, "k"}
	case v < 999.5e3:
		return scale{1e3, 0, "k"}
	case v < 99.95e6:
		return scale{1e6, 1, "M"}
	case v < 999.5e6:
		return scale{1e6, 0, "M"}
	default:
		return scale{1e9, 1, "G"}
	}
}

// multiple writes a ratio that starts at 1, such as attempts per call.
func multiple(v float64) scale {
	if v < 99.95 {
		return scale{1, 2, ""}
	}
	return quantity(v)
}

// dollars writes an amount whose heading or text says it is in dollars.
func dollars(v float64) scale {
	switch {
	case v < 0.00995:
		return scale{1, 4, ""}
	case v < 0.0995:
		return scale{1, 3, ""}
	case v < 999.5:
		return scale{1, 2, ""}
	default:
		return quantity(v)
	}
}

// write gives v with its unit.
func write(v float64, of func(float64) scale) string {
	s := of(math.Abs(v))
	return s.text(v) + s.unit
}

// printable keeps names and messages out of a saved result from steering the
// terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return '\uFFFD'
	}, s)
}

// known reports whether e can be shown. Its upper end may be infinite.
func known(e *metrics.Estimate) bool {
	return e != nil && finite(e.Mean, e.Lo) && !math.IsNaN(e.Hi) && !math.IsInf(e.Hi, -1)
}
