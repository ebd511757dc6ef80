package words

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"ratesim/sim/metrics"
)

// A Scale says how one value is written: divided by Div, with so many
// decimals, followed by Unit.
type Scale struct {
	Div      float64
	Decimals int
	Unit     string
}

// Text writes v without the unit.
func (s Scale) Text(v float64) string { return strconv.FormatFloat(v/s.Div, 'f', s.Decimals, 64) }

// The scalings below choose a scale by the size of the value, so that three
// digits or so are left to read. Thresholds lie where rounding would carry
// into a fourth.

// Percent writes a share.
func Percent(float64) Scale { return Scale{0.01, 1, " %"} }

// PerThousand writes a number of calls of every 1,000.
func PerThousand(v float64) Scale {
	if v < 99.95 {
		return Scale{1, 1, ""}
	}
	return Scale{1, 0, ""}
}

// Seconds writes a time given in seconds.
func Seconds(v float64) Scale {
	switch {
	case v < 0.00995:
		return Scale{1e-3, 1, " ms"}
	case v < 0.9995:
		return Scale{1e-3, 0, " ms"}
	case v < 99.95:
		return Scale{1, 1, " s"}
	case v < 999.5:
		return Scale{1, 0, " s"}
	default:
		return Scale{60, 0, " min"}
	}
}

// Quantity writes a count or a rate: 17, 1044, 12.3k, 198k, 1.2M.
func Quantity(v float64) Scale {
	switch {
	case v < 9.95 && v != math.Trunc(v):
		return Scale{1, 1, ""}
	case v < 9999.5:
		return Scale{1, 0, ""}
	case v < 99.95e3:
		return Scale{1e3, 1, "k"}
	case v < 999.5e3:
		return Scale{1e3, 0, "k"}
	case v < 99.95e6:
		return Scale{1e6, 1, "M"}
	case v < 999.5e6:
		return Scale{1e6, 0, "M"}
	default:
		return Scale{1e9, 1, "G"}
	}
}

// Multiple writes a ratio that starts at 1, such as attempts per call.
func Multiple(v float64) Scale {
	if v < 99.95 {
		return Scale{1, 2, ""}
	}
	return Quantity(v)
}

// Dollars writes an amount whose heading or text says it is in dollars.
func Dollars(v float64) Scale {
	switch {
	case v < 0.00995:
		return Scale{1, 4, ""}
	case v < 0.0995:
		return Scale{1, 3, ""}
	case v < 999.5:
		return Scale{1, 2, ""}
	default:
		return Quantity(v)
	}
}

// Write gives v with its unit.
func Write(v float64, of func(float64) Scale) string {
	s := of(math.Abs(v))
	return s.Text(v) + s.Unit
}

// Printable keeps names and messages out of a saved result from steering the
// terminal.
func Printable(s string) string {
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

// Known reports whether e can be shown. Its upper end may be infinite.
func Known(e *metrics.Estimate) bool {
	return e != nil && Finite(e.Mean, e.Lo) && !math.IsNaN(e.Hi) && !math.IsInf(e.Hi, -1)
}

// plainNumber writes a tick without trailing zeros or rounding noise.
func Plain(v float64) string {
	return strconv.FormatFloat(Round6(v), 'f', -1, 64)
}

// Finite reports whether none of xs is NaN or infinite.
func Finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// ScalingOf returns how a metric is written.
func ScalingOf(name string) func(float64) Scale {
	for id, m := range metrics.Metrics() {
		if m.Name != name {
			continue
		}
		switch m.Unit {
		case metrics.Count:
			if metrics.ID(id) == metrics.FailedPer1000 {
				return PerThousand
			}
		case metrics.Share:
			return Percent
		case metrics.Seconds:
			return Seconds
		case metrics.Ratio:
			return Multiple
		case metrics.USD:
			return func(v float64) Scale { s := Dollars(v); s.Unit += " USD"; return s }
		}
	}
	return Quantity
}

// FinePercent keeps shares of a thousandth apart from 0.
func FinePercent(v float64) Scale {
	if v < 0.00995 && v != 0 {
		return Scale{0.01, 2, " %"}
	}
	return Percent(v)
}

// Money writes an amount in whole units with thousands apart.
func Money(v float64) string {
	if math.Abs(v) < 9.995 {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Round6 rounds to 6 significant digits in decimal, so that the shortest
// text of the result has no more. The largest floats round past the range and
// stay as they are; -0 becomes 0.
func Round6(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 5, 64), 64)
	switch {
	case err != nil || math.IsInf(x, 0):
		return x
	case y == 0:
		return 0
	}
	return y
}
