package chart

import (
	"math"
	"slices"
	"strconv"

	"ratesim/reports/words"
)

// At returns where v lies between the ends of the axis: 0 at Lo, 1 at Hi. What lies
// outside is at the end.
func (a *Axis) At(v float64) float64 {
	lo, hi := a.Lo, a.Hi
	if a.Log {
		if v <= lo {
			return 0
		}
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	if !(hi > lo) || math.IsNaN(v) {
		return 0
	}
	return min(max((v-lo)/(hi-lo), 0), 1)
}

// Text writes a tick: with its unit, without needless decimals.
func (a *Axis) Text(v float64) string {
	s := a.Scale(math.Abs(v))
	if v == 0 {
		return "0"
	}
	return words.Plain(v/s.Div) + s.Unit
}

// linear returns an axis with about n ticks at round values.
func linear(label string, lo, hi float64, n int, scale func(float64) words.Scale) Axis {
	if !words.Finite(lo, hi) || hi <= lo {
		hi = lo + 1
	}
	a := Axis{Label: label, Lo: lo, Hi: hi, Scale: scale}
	step := roundStep(hi-lo, n)
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9 && len(a.Ticks) <= 2*n; i++ {
		a.Ticks = append(a.Ticks, i*step)
	}
	return a
}

// roundStep returns the smallest of 1, 2 and 5 times a power of ten that divides span
// into at most n parts.
func roundStep(span float64, n int) float64 {
	raw := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logarithmic returns an axis with ticks at 1, 2 and 5 times the powers of ten or, over
// more than four of these, at the powers alone.
func logarithmic(label string, lo, hi float64, scale func(float64) words.Scale) Axis {
	lo, hi = spread(lo, hi)
	a := Axis{Label: label, Log: true, Lo: lo, Hi: hi, Scale: scale}
	steps := []float64{1, 2, 5}
	if hi/lo > 3e3 {
		steps = steps[:1]
	}
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for _, m := range steps {
			v, _ := strconv.ParseFloat(strconv.FormatFloat(m*math.Pow(10, e), 'e', 0, 64), 64)
			if v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				a.Ticks = append(a.Ticks, v)
			}
		}
	}
	return a
}

// spread keeps the ends of a logarithmic axis positive, finite and a factor of four
// apart, so that it has at least two ticks.
func spread(lo, hi float64) (float64, float64) {
	const least, most = 1e-6, 1e12
	if !(lo > least) {
		lo = least
	}
	lo = min(lo, most/10)
	if !(hi < most) {
		hi = most
	}
	if hi < 4*lo {
		middle := math.Sqrt(lo * max(hi, lo))
		lo, hi = middle/2.2, middle*2.2
	}
	return lo, hi
}

// clockTimes are round times, in seconds.
func clockTimes() []float64 {
	const minute, hour, day = 60, 3600, 86400
	out := []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30}
	for _, m := range []float64{1, 2, 5, 10, 20, 30} {
		out = append(out, m*minute)
	}
	for _, h := range []float64{1, 2, 6, 12} {
		out = append(out, h*hour)
	}
	for _, d := range []float64{1, 2, 5, 10, 30} {
		out = append(out, d*day)
	}
	return out
}

// duration writes a time in the largest unit of which there is one.
func duration(v float64) words.Scale {
	switch {
	case v < 0.9995:
		return words.Scale{Div: 1e-3, Unit: " ms"}
	case v < 59.95:
		return words.Scale{Div: 1, Decimals: 1, Unit: " s"}
	case v < 3599.5:
		return words.Scale{Div: 60, Decimals: 1, Unit: " min"}
	case v < 86399.5:
		return words.Scale{Div: 3600, Decimals: 1, Unit: " h"}
	}
	return words.Scale{Div: 86400, Decimals: 1, Unit: " d"}
}

// durations returns a logarithmic axis of times from a millisecond to a month, with at
// most about nine ticks.
func durations(label string, lo, hi float64) Axis {
	const shortest, longest = 1e-3, 10 * 86400
	if !(lo >= shortest) {
		lo = shortest
	}
	lo = min(lo, longest)
	lo, hi = spread(lo, min(hi, 4*longest))
	a := Axis{Label: label, Log: true, Lo: lo, Hi: hi, Scale: duration}
	for _, v := range clockTimes() {
		if v >= lo && v <= hi {
			a.Ticks = append(a.Ticks, v)
		}
	}
	if len(a.Ticks) > 9 { // 1 and 10 of each unit are enough
		a.Ticks = slices.DeleteFunc(a.Ticks, func(v float64) bool {
			lead := v / duration(v).Div
			return math.Abs(math.Log10(lead)-math.Round(math.Log10(lead))) > 1e-9
		})
	}
	return a
}

// overTime returns a linear axis of a run's time from its beginning, in one unit.
func overTime(end float64) Axis {
	if !words.Finite(end) || end <= 0 {
		end = 1
	}
	unit := words.Scale{Div: 1, Decimals: 1, Unit: " s"}
	switch {
	case end >= 3*86400:
		unit = words.Scale{Div: 86400, Decimals: 2, Unit: " d"}
	case end >= 3*3600:
		unit = words.Scale{Div: 3600, Decimals: 2, Unit: " h"}
	case end >= 180:
		unit = words.Scale{Div: 60, Decimals: 2, Unit: " min"}
	}
	a := linear("time", 0, end/unit.Div, 6, nil)
	for i := range a.Ticks {
		a.Ticks[i] *= unit.Div
	}
	a.Hi, a.Scale = end, func(float64) words.Scale { return unit }
	return a
}

// cut returns the upper end of a linear axis from 0 for values: the largest or, where
// one, or a fifth, of more than three is more than three times as large as all others,
// above the largest of the others. Those would press the others to the left.
func cut(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !words.Finite(v) })))
	if len(sorted) == 0 {
		return 0
	}
	for i := len(sorted) - max(1, len(sorted)/5); i < len(sorted) && i > 2; i++ {
		if before := sorted[i-1]; before > 0 && sorted[i] > 3*before {
			return before * 1.3
		}
	}
	return sorted[len(sorted)-1]
}
