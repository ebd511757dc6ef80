package rng

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// A Part is one of the distributions of a mixture.
type Part struct {
	Weight float64 // relative to the other parts
	Of     Dist
}

// leastMass is the smallest share of a distribution that truncation may leave. For less,
// the quantiles of what is left have too few digits.
const leastMass = 1e-6

// NewTruncated returns d, which must be lognormal or gamma, under the condition that the
// value is from lo to hi. Dist.Max moves larger values to the bound. Truncation draws
// others in their place.
func NewTruncated(d Dist, lo, hi float64) (Dist, error) {
	if d.shape != Lognormal && d.shape != Gamma {
		return Dist{}, errors.New("truncated needs a lognormal or a gamma distribution")
	}
	if !(0 <= lo && lo < hi) || math.IsInf(hi, 0) {
		return Dist{}, fmt.Errorf("truncated needs 0 <= min < max, got %v and %v", lo, hi)
	}
	d.Max = 0
	a, b := d.CDF(lo), d.CDF(hi)
	if !(b-a >= leastMass) {
		return Dist{}, fmt.Errorf("truncated needs a part of the distribution between min and max; it has %.2g of it between %v and %v", b-a, lo, hi)
	}
	t := Dist{shape: Truncated, a: a, b: b, lo: lo, hi: hi, parts: []Part{{1, d}}}
	return t.tabulated(), nil
}

// NewMixture returns the distribution that draws from one of the parts, each in
// proportion to its weight. No part may be a mixture itself.
func NewMixture(parts []Part) (Dist, error) {
	if len(parts) < 1 {
		return Dist{}, errors.New("mixture needs at least one part")
	}
	sum := 0.0
	for _, p := range parts {
		if !(p.Weight > 0) || math.IsInf(p.Weight, 0) {
			return Dist{}, fmt.Errorf("mixture needs finite weights above 0, got %v", p.Weight)
		}
		if p.Of.shape == Mixture {
			return Dist{}, errors.New("mixture needs parts that are no mixtures")
		}
		sum += p.Weight
	}
	d := Dist{shape: Mixture, parts: slices.Clone(parts)}
	for i := range d.parts {
		d.parts[i].Weight /= sum
	}
	return d.tabulated(), nil
}

// CDF returns the share of the distribution that is at most x.
func (d *Dist) CDF(x float64) float64 {
	if d.Max > 0 && x >= d.Max {
		return 1
	}
	switch d.shape {
	case Constant:
		return step(x >= d.a)
	case Uniform:
		if d.a == d.b {
			return step(x >= d.a)
		}
		return min(max((x-d.a)/(d.b-d.a), 0), 1)
	case Lognormal:
		switch {
		case x <= 0:
			return 0
		case d.b == 0:
			return step(math.Log(x) >= d.a)
		}
		return math.Erfc((d.a-math.Log(x))/(d.b*math.Sqrt2)) / 2
	case Gamma:
		if x <= 0 {
			return 0
		}
		return mathext.GammaIncReg(d.a, d.b*x)
	case Zipf:
		if x < 1 {
			return 0
		}
		return d.table[min(int(x), len(d.table))-1]
	case Empirical:
		n := sort.Search(len(d.table), func(i int) bool { return d.table[i] > x })
		return float64(n) / float64(len(d.table))
	case Truncated:
		switch {
		case x < d.lo:
			return 0
		case x >= d.hi:
			return 1
		}
		return min(max((d.parts[0].Of.CDF(x)-d.a)/(d.b-d.a), 0), 1)
	}
	sum := 0.0
	for i := range d.parts {
		sum += d.parts[i].Weight * d.parts[i].Of.CDF(x)
	}
	return min(sum, 1)
}

func step(up bool) float64 {
	if up {
		return 1
	}
	return 0
}

// mixed finds the quantile of a mixture by bisection: it lies between the least and the
// largest of its parts' quantiles.
func (d *Dist) mixed(u float64) float64 {
	lo, hi := math.Inf(1), 0.0
	for i := range d.parts {
		q := d.parts[i].Of.Quantile(u)
		lo, hi = min(lo, q), max(hi, q)
	}
	// The parts' quantiles are interpolated, so the ends may be a little wrong.
	lo, hi = lo*0.99, hi*1.01
	for range 100 {
		mid := (lo + hi) / 2
		if hi-lo <= 1e-13*hi || mid <= lo || mid >= hi {
			break
		}
		if d.CDF(mid) < u {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
