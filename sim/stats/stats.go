package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is an estimate with the ends of its interval, which are NaN where one
// replication is all there is. Hi may be +Inf.
type Interval struct{ Value, Lo, Hi float64 }

// Counts are hits among cases, replication by replication: failed calls among calls,
// or refused attempts among attempts. In sums and means they are any numerators
// and denominators.
type Counts struct{ Hits, Of []float64 }

// Sums returns the hits and the cases of all replications.
func (c Counts) Sums() (hits, of float64) {
	for r := range c.Of {
		hits += c.Hits[r]
		of += c.Of[r]
	}
	return hits, of
}

// Value is the pooled ratio: all hits divided by all cases; NaN without cases.
func (c Counts) Value() float64 {
	hits, of := c.Sums()
	if of == 0 {
		return math.NaN()
	}
	return hits / of
}

// spread describes the residuals of a pooled ratio p: hits - p * cases, one a
// replication. Their sum is 0.
type spread struct {
	n        int     // replications
	variance float64 // of the pooled ratio
	skew     float64 // third standardised moment of the residuals
	freedom  float64 // degrees of freedom that the variance is worth
}

// spreadOf describes residuals, in units of a pooled denominator.
func spreadOf(residuals []float64, of float64) spread {
	n := float64(len(residuals))
	m2, m3, m4 := 0.0, 0.0, 0.0
	for _, e := range residuals {
		m2 += e * e
		m3 += e * e * e
		m4 += e * e * e * e
	}
	s := spread{n: len(residuals), freedom: n - 1}
	if m2 == 0 || n < 2 {
		return s
	}
	s.variance = n / (n - 1) * m2 / (of * of)
	if s.skew = m3 / n / math.Pow(m2/n, 1.5); math.Abs(s.skew) < 1e-6 {
		s.skew = 0 // rounding, by which hall would divide
	}
	// The variance of n residuals of kurtosis k is about as uncertain as that of
	// 2n/(k-1) normal ones (Satterthwaite's approximation).
	kurtosis := m4 / n / (m2 / n * m2 / n)
	s.freedom = min(n-1, max(2, 2*n/(kurtosis-1)))
	return s
}

// residuals returns hits - p * cases of each replication.
func (c Counts) residuals(p float64) []float64 {
	out := make([]float64, len(c.Of))
	for r := range out {
		out[r] = c.Hits[r] - p*c.Of[r]
	}
	return out
}

// Level is how sure intervals are: the probability that one does not hold the true
// value is Alpha, both sides together. It remembers quantiles, which take longer than
// all else, and so is not safe for concurrent use.
type Level struct {
	Alpha  float64
	normal float64         // quantile of the normal distribution
	t      map[int]float64 // of Student's t, by tenths of a degree of freedom
}

// NewLevel returns the level 1-alpha.
func NewLevel(alpha float64) *Level {
	return &Level{alpha, distuv.UnitNormal.Quantile(1 - alpha/2), map[int]float64{}}
}

// student returns the two-sided quantile of Student's t with so many degrees of freedom,
// which are cut to tenths.
func (l *Level) student(freedom float64) float64 {
	key := int(freedom * 10)
	t, ok := l.t[key]
	if !ok {
		t = distuv.StudentsT{Sigma: 1, Nu: float64(key) / 10}.Quantile(1 - l.Alpha/2)
		l.t[key] = t
	}
	return t
}

// Ratio returns a pooled ratio, or with cases of 1 a mean, with its
// interval. It takes the residuals for what scatters and so holds for
// any numerator; Share is better where hits are some of the cases.
func Ratio(c Counts, l *Level) Interval {
	p := c.Value()
	if len(c.Of) < 2 || math.IsNaN(p) {
		return Interval{p, math.NaN(), math.NaN()}
	}
	_, of := c.Sums()
	return around(p, spreadOf(c.residuals(p), of), l)
}

// few is how many replications must have a hit, and how many a miss, before the
// scatter of a share is taken from its own residuals alone: with fewer, whether
// failures come together cannot be seen yet.
const few = 10

// effect returns the design effect of a share: its variance divided by that of
// as many independent cases; 0 where the share is 0 or 1 or does not vary.
func effect(variance, p, of float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	return variance * of / (p * (1 - p))
}

// TypicalEffect returns the median design effect of the shares that are neither 0
// nor 1, which stands for that of a share that has not shown its own yet; at least 1,
// as of independent cases.
func TypicalEffect(shares []Counts) float64 {
	var effects []float64
	for _, c := range shares {
		p := c.Value()
		if !(p > 0 && p < 1) {
			continue
		}
		_, of := c.Sums()
		effects = append(effects, effect(spreadOf(c.residuals(p), of).variance, p, of))
	}
	if len(effects) == 0 {
		return 1
	}
	slices.Sort(effects)
	n := len(effects)
	return max(1, (effects[(n-1)/2]+effects[n/2])/2)
}

// Share returns a pooled share with its interval, which lies
// within [0, 1] and has a width even where no replication has a hit. typical is
// the design effect of comparable shares, see [TypicalEffect].
func Share(c Counts, typical float64, l *Level) Interval {
	p := c.Value()
	if len(c.Of) < 2 || math.IsNaN(p) {
		return Interval{p, math.NaN(), math.NaN()}
	}
	lo, hi := c.share(p, typical, l)
	return Interval{p, lo, hi}
}

func (c Counts) share(p, typical float64, l *Level) (lo, hi float64) {
	_, of := c.Sums()
	s := spreadOf(c.residuals(p), of)
	deff := effect(s.variance, p, of)
	hit, miss := 0, 0
	for r := range c.Of {
		if c.Hits[r] > 0 {
			hit++
		}
		if c.Hits[r] < c.Of[r] {
			miss++
		}
	}
	if min(hit, miss) < few {
		deff = max(deff, typical)
	}
	if deff == 0 {
		return p, p // the same share in every replication: it does not vary
	}
	shrink := l.normal / l.student(s.freedom)
	n := of / deff * shrink * shrink
	lo, hi = clopperPearson(p, n, l.Alpha)
	switch {
	case s.skew > 0 && p > 0:
		hi = max(hi, math.Sqrt(hi*hall(p, s, l)))
	case s.skew < 0 && p < 1:
		miss := 1 - lo
		mirrored := spread{n: s.n, variance: s.variance, skew: -s.skew, freedom: s.freedom}
		lo = min(lo, 1-math.Sqrt(miss*hall(1-p, mirrored, l)))
	}
	return max(lo, 0), min(hi, 1)
}

// clopperPearson returns the interval of a share p of n independent cases, which
// need not be a whole number.
func clopperPearson(p, n, alpha float64) (lo, hi float64) {
	x := p * n
	lo, hi = 0, 1
	if x > 0 {
		lo = mathext.InvRegIncBeta(x, n-x+1, alpha/2)
	}
	if n-x > 0 {
		hi = mathext.InvRegIncBeta(x+1, n-x, 1-alpha/2)
	}
	return lo, hi
}

// hall returns the upper end of the interval of p by Hall's cubic transformation of
// t, which takes the skewness of the residuals out: the far end of a share whose
// failures come in few replications.
func hall(p float64, s spread, l *Level) float64 {
	n := float64(s.n)
	t := -l.student(n - 1) // the lower tail of t gives the upper end
	g := math.Cbrt(1+s.skew*(t/math.Sqrt(n)-s.skew/(6*n))) - 1
	return p - math.Sqrt(s.variance)*3*math.Sqrt(n)/s.skew*g
}
