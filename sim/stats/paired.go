package stats

import "math"

// ShareDifference returns how much larger the share a is than b, where both are
// counted in the same replications, with its interval. typical
// is as for Share.
func ShareDifference(a, b Counts, typical float64, l *Level) Interval {
	out, differ := ratioDifference(a, b, 1, l)
	if len(a.Of) < 2 || math.IsNaN(out.Value) {
		return out
	}
	x, y := Share(a, typical, l), Share(b, typical, l)
	out = hull(out, minus(x, y, correlation(a.residuals(x.Value), b.residuals(y.Value))))
	if differ >= few {
		return out
	}
	// Too few replications differ to see how the differences scatter. The cases in
	// which a has a hit and b has none, and the other way round, are shares of
	// their own.
	more, fewer := Counts{make([]float64, len(a.Of)), a.Of}, Counts{make([]float64, len(a.Of)), a.Of}
	for r := range a.Of {
		extra := a.Hits[r]
		if b.Of[r] > 0 {
			extra -= b.Hits[r] * a.Of[r] / b.Of[r]
		}
		more.Hits[r], fewer.Hits[r] = max(0, extra), max(0, -extra)
	}
	j := minus(Share(more, typical, l), Share(fewer, typical, l), 0)
	return Interval{out.Value, max(-1, min(out.Lo, j.Lo)), min(1, max(out.Hi, j.Hi))}
}

// RatioDifference returns the pooled ratio a minus factor times b, with the t interval
// of the difference of their linearised residuals.
func RatioDifference(a, b Counts, factor float64, l *Level) Interval {
	out, _ := ratioDifference(a, b, factor, l)
	return out
}

// ratioDifference also says how many replications differ.
func ratioDifference(a, b Counts, factor float64, l *Level) (out Interval, differ int) {
	p, q := a.Value(), b.Value()
	d := p - factor*q
	if len(a.Of) < 2 || math.IsNaN(d) {
		return Interval{d, math.NaN(), math.NaN()}, 0
	}
	_, ofA := a.Sums()
	_, ofB := b.Sums()
	x, y := a.residuals(p), b.residuals(q)
	for r := range x {
		if a.Hits[r]*b.Of[r] != factor*b.Hits[r]*a.Of[r] {
			differ++
		}
		x[r] = x[r]/ofA - factor*y[r]/ofB
	}
	return around(d, spreadOf(x, 1), l), differ
}

// LogRatio returns the natural logarithm of the pooled ratio a divided by b, with its
// interval (the delta method). NaN where one of them is not
// above 0.
func LogRatio(a, b Counts, l *Level) Interval {
	p, q := a.Value(), b.Value()
	if !(p > 0) || !(q > 0) || len(a.Of) < 2 {
		return Interval{math.Log(p / q), math.NaN(), math.NaN()}
	}
	_, ofA := a.Sums()
	_, ofB := b.Sums()
	x, y := a.residuals(p), b.residuals(q)
	for r := range x {
		x[r] = x[r]/(ofA*p) - y[r]/(ofB*q)
	}
	return around(math.Log(p/q), spreadOf(x, 1), l)
}

// around returns the t interval of a value, whose end on the far side of skewed
// residuals is moved half-way to that of Hall's transformed t.
func around(v float64, s spread, l *Level) Interval {
	if !(s.variance > 0) {
		return Interval{v, v, v}
	}
	half := l.student(s.freedom) * math.Sqrt(s.variance)
	out := Interval{v, v - half, v + half}
	if s.skew > 0 {
		out.Hi = max(out.Hi, (out.Hi+hall(v, s, l))/2)
	} else if s.skew < 0 {
		s.skew = -s.skew
		out.Lo = min(out.Lo, (out.Lo-hall(-v, s, l))/2)
	}
	return out
}

// minus returns the interval of a-b from those of a and b, which are correlated by
// r ("square and add"; MOVER of Zou and Donner, "Construction of confidence limits
// about effect measures", Statistics in Medicine 27, 2008).
func minus(a, b Interval, r float64) Interval {
	side := func(x, y float64) float64 {
		if math.IsInf(x, 0) || math.IsInf(y, 0) {
			return math.Inf(1)
		}
		return math.Sqrt(max(0, x*x+y*y-2*r*x*y))
	}
	d := a.Value - b.Value
	return Interval{d, d - side(a.Value-a.Lo, b.Hi-b.Value), d + side(a.Hi-a.Value, b.Value-b.Lo)}
}

// Apart returns a minus factor times b from their own intervals, as if they were not
// paired, which is wider than need be: for values of which no common residuals are
// known.
func Apart(a, b Interval, factor float64) Interval {
	return minus(a, Interval{factor * b.Value, factor * b.Lo, factor * b.Hi}, 0)
}

// LogQuantileRatio returns the natural logarithm of the quantile a divided by b, which
// were estimated at the same level, paired by replication: the jackknife's
// interval, and that which their own intervals give, in one: where a quantile lies in
// a gap between values the jackknife's steps are too few. Where one of them is never reached the value is infinite; where
// neither is, NaN.
func LogQuantileRatio(a, b *Quantile) Interval {
	d := math.Log(a.Value) - math.Log(b.Value)
	if a.without == nil || b.without == nil || math.IsNaN(d) {
		return Interval{d, math.NaN(), math.NaN()}
	}
	x, y := log(a.Interval), log(b.Interval)
	if math.IsInf(d, 0) {
		out := Interval{d, x.Lo - y.Hi, x.Hi - y.Lo}
		if math.IsNaN(out.Lo) {
			out.Lo = math.Inf(-1)
		}
		if math.IsNaN(out.Hi) {
			out.Hi = math.Inf(1)
		}
		return out
	}
	joined := minus(x, y, correlation(a.above, b.above))
	without := make([]float64, len(a.without))
	for r := range without {
		without[r] = a.without[r] - b.without[r]
	}
	s := jackknifed(without)
	if math.IsNaN(s.variance) || s.variance == 0 && joined.Hi > joined.Lo {
		return joined
	}
	return hull(around(d, s, a.level), joined)
}

// QuantileDifference returns the quantile a minus factor times b, which were estimated
// at the same level, in seconds; NaN where one of them is not reached.
func QuantileDifference(a, b *Quantile, factor float64) Interval {
	d := a.Value - factor*b.Value
	if a.without == nil || b.without == nil || math.IsInf(a.Value, 0) || math.IsInf(b.Value, 0) {
		if math.IsInf(d, 0) {
			d = math.NaN()
		}
		return Interval{d, math.NaN(), math.NaN()}
	}
	scaled := Interval{factor * b.Value, factor * b.Lo, factor * b.Hi}
	joined := minus(a.Interval, scaled, correlation(a.above, b.above))
	without := make([]float64, len(a.without))
	for r := range without {
		without[r] = math.Exp(a.without[r]) - factor*math.Exp(b.without[r])
	}
	s := jackknifed(without)
	if math.IsNaN(s.variance) || s.variance == 0 && joined.Hi > joined.Lo {
		return joined
	}
	return hull(around(d, s, a.level), joined)
}

// hull returns a with its ends as far out as those of b.
func hull(a, b Interval) Interval { return Interval{a.Value, min(a.Lo, b.Lo), max(a.Hi, b.Hi)} }

// jackknifed describes the scatter of an estimate from its values without each
// replication (Tukey's jackknife); its variance is NaN where one of them is not
// finite.
func jackknifed(without []float64) spread {
	n, mean := float64(len(without)), 0.0
	for _, v := range without {
		mean += v / n
	}
	residuals := make([]float64, len(without))
	for r, v := range without {
		// A replication moves the estimate n-1 times as far from its mean as leaving
		// it out does; the sum of n of them is divided by n.
		residuals[r] = (v - mean) * (n - 1)
	}
	if math.IsNaN(mean) || math.IsInf(mean, 0) {
		return spread{n: len(without), variance: math.NaN()}
	}
	return spreadOf(residuals, n)
}

func log(i Interval) Interval { return Interval{math.Log(i.Value), math.Log(i.Lo), math.Log(i.Hi)} }

// correlation returns Pearson's correlation of residuals, whose means are 0.
func correlation(x, y []float64) float64 {
	var xx, yy, xy float64
	for r := range x {
		xx += x[r] * x[r]
		yy += y[r] * y[r]
		xy += x[r] * y[r]
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}
