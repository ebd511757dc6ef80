package rng

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Shape names a family of distributions.
type Shape uint8

// The shapes of a Dist.
const (
	Constant Shape = iota
	Uniform
	Lognormal
	Gamma
	Zipf
	Empirical
	Truncated
	Mixture
)

// Dist is a distribution of a non-negative quantity: tokens, or seconds. It
// is sampled by its quantile function, so that one keyed uniform draw makes
// one keyed value. The zero value is the constant 0.
type Dist struct {
	shape Shape
	a, b  float64
	// lo and hi are the bounds of Truncated, whose a and b are the shares of the
	// distribution below them.
	lo, hi float64
	// Max cuts larger values down to it; 0 means no bound. A cut keeps every
	// quantile below it as stated, which truncation would not.
	Max   float64
	table []float64 // sorted values (Empirical), cumulative weights (Zipf) or quantiles (of the others)
	parts []Part    // of Mixture, with weights that add up to 1; of Truncated, what was truncated
}

// Quantiles that are dear to compute (25 to 3,000 ns) are tabulated at even
// steps of u and interpolated (5 ns), but for the tails, where they bend too
// much. What is returned for u is the exact quantile of some u' within accuracy
// of u, and of u itself in the tails and at multiples of 1/knots: the median
// and the 95th percentile are as stated. Within the gap between two parts of a
// mixture, u' is within 1/knots of u.
const (
	knots    = 1000
	tail     = 20 // knots at either end that are not interpolated
	accuracy = 5e-5
)

func (d Dist) tabulated() Dist {
	d.table = make([]float64, knots+1)
	for i := tail; i <= knots-tail; i++ {
		d.table[i] = d.exact(float64(i) / knots)
	}
	return d
}

// exact computes the quantile of u of a distribution that is tabulated.
func (d *Dist) exact(u float64) float64 {
	switch d.shape {
	case Truncated:
		return min(max(d.parts[0].Of.exact(d.a+u*(d.b-d.a)), d.lo), d.hi)
	case Mixture:
		return d.mixed(u)
	case Lognormal:
		return math.Exp(d.a + d.b*math.Sqrt2*math.Erfinv(2*u-1))
	}
	if d.a == 1 {
		return -math.Log1p(-u) / d.b
	}
	return distuv.Gamma{Alpha: d.a, Beta: d.b}.Quantile(u)
}

// NewConstant returns the distribution that is always v >= 0.
func NewConstant(v float64) Dist { return Dist{shape: Constant, a: v} }

// NewUniform returns the uniform distribution on [lo, hi], 0 <= lo <= hi.
func NewUniform(lo, hi float64) (Dist, error) {
	if !(0 <= lo && lo <= hi) || math.IsInf(hi, 0) {
		return Dist{}, fmt.Errorf("uniform needs 0 <= min <= max, got %v and %v", lo, hi)
	}
	return Dist{shape: Uniform, a: lo, b: hi}, nil
}

// z95 is the 95th percentile of the standard normal distribution.
const z95 = 1.6448536269514722

// NewLognormal returns the lognormal distribution with the given median and
// 95th percentile: sigma = ln(p95/p50) / 1.6449.
func NewLognormal(p50, p95 float64) (Dist, error) {
	if !(p50 > 0 && p95 >= p50) || math.IsInf(p95, 0) {
		return Dist{}, fmt.Errorf("lognormal needs 0 < p50 <= p95, got %v and %v", p50, p95)
	}
	return Dist{shape: Lognormal, a: math.Log(p50), b: math.Log(p95/p50) / z95}.tabulated(), nil
}

// NewLognormalMean returns the lognormal distribution with the given mean of
// the quantity itself and standard deviation sigma of its logarithm.
func NewLognormalMean(mean, sigma float64) (Dist, error) {
	if !(mean > 0 && sigma >= 0) || math.IsInf(mean, 0) || math.IsInf(sigma, 0) {
		return Dist{}, fmt.Errorf("lognormal needs mean > 0 and sigma >= 0, got %v and %v", mean, sigma)
	}
	return Dist{shape: Lognormal, a: math.Log(mean) - sigma*sigma/2, b: sigma}.tabulated(), nil
}

// NewGamma returns the gamma distribution with the given mean and coefficient
// of variation (standard deviation over mean); cv 1 is the exponential.
func NewGamma(mean, cv float64) (Dist, error) {
	if !(mean > 0 && cv > 0) || math.IsInf(mean, 0) || cv > 1e3 {
		return Dist{}, fmt.Errorf("gamma needs mean > 0 and 0 < cv <= 1000, got %v and %v", mean, cv)
	}
	shape := 1 / (cv * cv)
	return Dist{shape: Gamma, a: shape, b: shape / mean}.tabulated(), nil
}

// MaxZipf is the largest rank of a Zipf distribution; its table holds one
// number for each.
const MaxZipf = 1 << 20

// NewZipf returns the distribution on 1..n with P(k) proportional to k^-s.
func NewZipf(s float64, n int) (Dist, error) {
	if !(s >= 0 && s <= 100) || n < 1 || n > MaxZipf {
		return Dist{}, fmt.Errorf("zipf needs 0 <= s <= 100 and 1 <= max <= %d, got %v and %d", MaxZipf, s, n)
	}
	table := make([]float64, n)
	sum := 0.0
	for k := range table {
		sum += math.Pow(float64(k+1), -s)
		table[k] = sum
	}
	for k := range table {
		table[k] /= sum
	}
	return Dist{shape: Zipf, table: table}, nil
}

// NewEmpirical returns the distribution that draws one of the values, each
// equally likely. It sorts values in place and keeps them.
func NewEmpirical(values []float64) (Dist, error) {
	if len(values) == 0 {
		return Dist{}, errors.New("empirical needs at least one value")
	}
	for _, v := range values {
		if !(v >= 0) || math.IsInf(v, 0) {
			return Dist{}, fmt.Errorf("empirical needs finite values >= 0, got %v", v)
		}
	}
	sort.Float64s(values)
	return Dist{shape: Empirical, table: values}, nil
}

// Draw returns the value of d that k draws under the name (p, a, b).
func (d *Dist) Draw(k Key, p Purpose, a, b uint64) float64 {
	if d.shape == Constant { // whatever is drawn
		return d.Quantile(0)
	}
	return d.Quantile(k.Float64(p, a, b))
}

// Quantile returns the value below which a share u of the distribution lies,
// 0 <= u < 1.
func (d *Dist) Quantile(u float64) float64 {
	v := d.a
	switch d.shape {
	case Uniform:
		v = d.a + u*(d.b-d.a)
	case Lognormal, Gamma, Truncated, Mixture:
		if at := u * knots; at < tail || at >= knots-tail {
			v = d.exact(u)
		} else {
			i := int(at)
			pair := d.table[i : i+2 : i+2]
			v = pair[0] + (at-float64(i))*(pair[1]-pair[0])
		}
	case Zipf:
		v = float64(sort.SearchFloat64s(d.table, u) + 1)
	case Empirical:
		v = d.table[int(u*float64(len(d.table)))]
	}
	if d.Max > 0 && v > d.Max {
		return d.Max
	}
	return v
}

// Positive reports whether the distribution can yield a value above 0.
func (d *Dist) Positive() bool {
	switch d.shape {
	case Constant:
		return d.a > 0
	case Uniform:
		return d.b > 0
	case Empirical:
		return d.table[len(d.table)-1] > 0
	case Mixture:
		return slices.ContainsFunc(d.parts, func(p Part) bool { return p.Of.Positive() })
	}
	return true
}
