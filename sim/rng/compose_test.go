package rng

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// TestCDFs holds distribution functions against gonum's, and against sums by hand.
func TestCDFs(t *testing.T) {
	log := distuv.LogNormal{Mu: math.Log(900), Sigma: math.Log(4000.0/900) / z95}
	gamma := distuv.Gamma{Alpha: 4, Beta: 2}
	capped := must(NewLognormal(900, 4000))
	capped.Max = 1000
	within := func(cdf func(float64) float64, lo, hi float64) func(float64) float64 {
		return func(x float64) float64 { return (cdf(min(max(x, lo), hi)) - cdf(lo)) / (cdf(hi) - cdf(lo)) }
	}
	for _, tt := range []struct {
		name string
		dist Dist
		cdf  func(float64) float64
	}{
		{"constant", NewConstant(7), func(x float64) float64 { return step(x >= 7) }},
		{"uniform", must(NewUniform(3, 8)), distuv.Uniform{Min: 3, Max: 8}.CDF},
		{"lognormal", must(NewLognormal(900, 4000)), log.CDF},
		{"lognormal cut", capped, func(x float64) float64 {
			if x >= 1000 {
				return 1
			}
			return log.CDF(x)
		}},
		{"gamma", must(NewGamma(2, 0.5)), gamma.CDF},
		{"zipf", must(NewZipf(1, 3)), func(x float64) float64 { return []float64{0, 6. / 11, 9. / 11, 1}[int(min(max(x, 0), 3))] }},
		{"empirical", must(NewEmpirical([]float64{30, 10, 20})), func(x float64) float64 { return math.Floor(min(max(x, 0), 30)/10) / 3 }},
		{"truncated lognormal", must(NewTruncated(must(NewLognormal(900, 4000)), 100, 2000)), within(log.CDF, 100, 2000)},
		{"truncated gamma", must(NewTruncated(must(NewGamma(2, 0.5)), 1, 3)), within(gamma.CDF, 1, 3)},
		{"mixture", must(NewMixture([]Part{{1, must(NewLognormal(900, 4000))}, {3, must(NewGamma(2, 0.5))}})),
			func(x float64) float64 { return log.CDF(x)/4 + 3*gamma.CDF(x)/4 }},
		{"mixture of truncated and constant", must(NewMixture([]Part{{1, must(NewTruncated(must(NewGamma(2, 0.5)), 1, 3))}, {1, NewConstant(2)}})),
			func(x float64) float64 { return within(gamma.CDF, 1, 3)(x)/2 + step(x >= 2)/2 }},
	} {
		for _, x := range []float64{0, 0.5, 1, 1.5, 2, 2.5, 3, 5, 7, 7.5, 9, 10, 15, 20, 29, 30, 99, 100, 500, 900, 1000, 1500, 2000, 3000, 1e5} {
			if got, want := tt.dist.CDF(x), tt.cdf(max(x, 1e-300)); !scalar.EqualWithinAbs(got, want, 1e-12) {
				t.Errorf("%s: CDF(%v) = %v, want %v", tt.name, x, got, want)
			}
		}
	}
}

// TestComposedQuantiles inverts the quantiles, and holds the mean of draws against its
// closed form.
func TestComposedQuantiles(t *testing.T) {
	z := distuv.UnitNormal
	mu, sigma := math.Log(900), math.Log(4000.0/900)/z95
	between := func(shift float64) float64 {
		return z.CDF((math.Log(2000)-mu)/sigma-shift) - z.CDF((math.Log(100)-mu)/sigma-shift)
	}
	for _, tt := range []struct {
		name string
		dist Dist
		mean float64
		most float64 // how far the interpolated quantile may be, as a share
	}{
		// The mean of a truncated lognormal: Johnson, Kotz and Balakrishnan, "Continuous
		// Univariate Distributions", volume 1, 1994, chapter 14.
		{"truncated lognormal", must(NewTruncated(must(NewLognormal(900, 4000)), 100, 2000)), math.Exp(mu+sigma*sigma/2) * between(sigma) / between(0), accuracy},
		// Of a gamma, x f(x; k) = (k/beta) f(x; k+1).
		{"truncated gamma", must(NewTruncated(must(NewGamma(2, 0.5)), 1, 3)),
			2 * (distuv.Gamma{Alpha: 5, Beta: 2}.CDF(3) - distuv.Gamma{Alpha: 5, Beta: 2}.CDF(1)) / (distuv.Gamma{Alpha: 4, Beta: 2}.CDF(3) - distuv.Gamma{Alpha: 4, Beta: 2}.CDF(1)), accuracy},
		{"mixture", must(NewMixture([]Part{{1, must(NewGamma(2, 0.5))}, {3, must(NewGamma(6, 0.3))}})), 5, accuracy},
		{"mixture with a gap", must(NewMixture([]Part{{1, must(NewUniform(1, 2))}, {1, must(NewUniform(900, 901))}})), 451, 1. / knots},
	} {
		const n = 200_000
		sum := 0.0
		for i := range n {
			u := (float64(i) + 0.5) / n
			x := tt.dist.Quantile(u)
			sum += x
			if got := tt.dist.CDF(x); !scalar.EqualWithinAbs(got, u, tt.most) {
				t.Fatalf("%s: CDF(Quantile(%v) = %v) = %v", tt.name, u, x, got)
			}
		}
		if got := sum / n; !scalar.EqualWithinRel(got, tt.mean, 2e-3) {
			t.Errorf("%s: mean %v, want %v", tt.name, got, tt.mean)
		}
	}
}

func TestComposedRefused(t *testing.T) {
	gamma := must(NewGamma(2, 0.5))
	for _, b := range [][2]float64{{3, 1}, {-1, 2}, {1, math.Inf(1)}, {math.NaN(), 1}, {100, 200}} {
		if _, err := NewTruncated(gamma, b[0], b[1]); err == nil {
			t.Errorf("truncated took %v", b)
		}
	}
	if _, err := NewTruncated(NewConstant(1), 0, 2); err == nil {
		t.Error("truncated took a constant")
	}
	mixture := must(NewMixture([]Part{{1, gamma}}))
	for _, parts := range [][]Part{nil, {{0, gamma}}, {{math.NaN(), gamma}}, {{-1, gamma}}, {{1, mixture}}} {
		if _, err := NewMixture(parts); err == nil {
			t.Errorf("mixture took %v", parts)
		}
	}
	zero := must(NewMixture([]Part{{1, NewConstant(0)}}))
	if zero.Positive() || !mixture.Positive() {
		t.Error("a mixture is positive where a part is")
	}
}

func TestComposedQuantilesNeverDecrease(t *testing.T) {
	dists := []Dist{
		must(NewTruncated(must(NewLognormal(900, 4000)), 100, 2000)),
		must(NewTruncated(must(NewGamma(1, 3)), 0, 5)),
		must(NewMixture([]Part{{1, must(NewLognormal(1, 1e6))}, {1, NewConstant(50)}})),
		must(NewMixture([]Part{{0.3, must(NewLognormal(10, 15))}, {0.7, must(NewLognormal(3000, 4000))}})),
	}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(dists).Draw(t, "dist")
		u := rapid.Uint64Range(0, 1<<53-1).Draw(t, "u")
		v := rapid.Uint64Range(0, 1<<53-1).Draw(t, "v")
		x, y := d.Quantile(float64(min(u, v))*0x1p-53), d.Quantile(float64(max(u, v))*0x1p-53)
		if !(0 <= x && x <= y*(1+1e-9)) || math.IsInf(y, 0) {
			t.Errorf("quantiles %v and %v of %d and %d", x, y, min(u, v), max(u, v))
		}
	})
}
