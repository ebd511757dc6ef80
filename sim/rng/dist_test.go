package rng

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// must returns a distribution whose parameters are in range.
func must(d Dist, err error) Dist {
	if err != nil {
		panic(err)
	}
	return d
}

// TestQuantileInvertsCDF holds quantiles against the distribution functions of
// gonum, which compute in the other direction.
func TestQuantileInvertsCDF(t *testing.T) {
	sigma := math.Log(4000.0/900) / 1.6448536269514722
	tests := []struct {
		name string
		dist Dist
		cdf  func(float64) float64
	}{
		{"uniform", must(NewUniform(3, 8)), distuv.Uniform{Min: 3, Max: 8}.CDF},
		{"lognormal by quantiles", must(NewLognormal(900, 4000)), distuv.LogNormal{Mu: math.Log(900), Sigma: sigma}.CDF},
		{"lognormal by mean", must(NewLognormalMean(5, 0.7)), distuv.LogNormal{Mu: math.Log(5) - 0.245, Sigma: 0.7}.CDF},
		{"gamma cv 0.1", must(NewGamma(2, 0.1)), distuv.Gamma{Alpha: 100, Beta: 50}.CDF},
		{"gamma cv 1", must(NewGamma(2, 1)), distuv.Exponential{Rate: 0.5}.CDF},
		{"gamma cv 2", must(NewGamma(2, 2)), distuv.Gamma{Alpha: 0.25, Beta: 0.125}.CDF},
		{"gamma cv 10", must(NewGamma(2, 10)), distuv.Gamma{Alpha: 0.01, Beta: 0.005}.CDF},
	}
	for _, tt := range tests {
		for u := 0.001; u < 1; u += 0.001 {
			// Gonum's quantiles of a gamma with a small shape are wrong below
			// 1e-50, where they mean 0 to anything counted in tokens or seconds.
			x := max(tt.dist.Quantile(u), 1e-50)
			if x == 1e-50 && tt.cdf(x) > u {
				continue
			}
			if got := tt.cdf(x); !scalar.EqualWithinAbsOrRel(got, u, 1e-9, 1e-7) {
				t.Errorf("%s: CDF(Quantile(%.3f) = %v) = %v", tt.name, u, x, got)
			}
			between := u + 0.0005 // where a table is furthest from its knots
			if got := tt.cdf(tt.dist.Quantile(between)); !scalar.EqualWithinAbs(got, between, accuracy) {
				t.Errorf("%s: CDF(Quantile(%.4f)) = %v, want it within %v", tt.name, between, got, accuracy)
			}
		}
	}
}

func TestExactQuantiles(t *testing.T) {
	log := must(NewLognormal(900, 4000))
	cut := must(NewLognormal(900, 4000))
	cut.Max = 1000
	tests := []struct {
		name string
		dist Dist
		u    float64
		want float64
	}{
		{"zero value", Dist{}, 0.7, 0},
		{"constant", NewConstant(7), 0.99, 7},
		{"uniform least", must(NewUniform(3, 8)), 0, 3},
		{"uniform middle", must(NewUniform(3, 8)), 0.5, 5.5},
		{"lognormal least", log, 0, 0},
		{"lognormal p50", log, 0.5, 900},
		{"lognormal p95", log, 0.95, 4000},
		{"cut keeps what is below", cut, 0.5, 900},
		{"cut above", cut, 0.95, 1000},
		{"gamma least", must(NewGamma(2, 0.5)), 0, 0},
		{"exponential p50", must(NewGamma(2, 1)), 0.5, 2 * math.Ln2},
		{"empirical first", must(NewEmpirical([]float64{30, 10, 20})), 0.333, 10},
		{"empirical second", must(NewEmpirical([]float64{30, 10, 20})), 0.334, 20},
		{"empirical last", must(NewEmpirical([]float64{30, 10, 20})), 1 - 0x1p-53, 30},
		{"zipf first", must(NewZipf(1, 3)), 0.54, 1},  // P = 6/11, 3/11, 2/11
		{"zipf second", must(NewZipf(1, 3)), 0.55, 2}, // 6/11 = 0.5454...
		{"zipf third", must(NewZipf(1, 3)), 0.82, 3},  // 9/11 = 0.8181...
		{"zipf last", must(NewZipf(1, 3)), 1 - 0x1p-53, 3},
	}
	for _, tt := range tests {
		if got := tt.dist.Quantile(tt.u); !scalar.EqualWithinRel(got, tt.want, 1e-12) {
			t.Errorf("%s: Quantile(%v) = %v, want %v", tt.name, tt.u, got, tt.want)
		}
	}
}

// TestZipfProbabilities counts the ranks of evenly spaced draws.
func TestZipfProbabilities(t *testing.T) {
	const n, draws = 50, 200_000
	d := must(NewZipf(1.2, n))
	counts := make([]float64, n+1)
	for i := range draws {
		counts[int(d.Quantile((float64(i)+0.5)/draws))]++
	}
	sum := 0.0
	for k := 1; k <= n; k++ {
		sum += math.Pow(float64(k), -1.2)
	}
	for k := 1; k <= n; k++ {
		want := draws * math.Pow(float64(k), -1.2) / sum
		if math.Abs(counts[k]-want) > 1 { // an interval of evenly spaced points is off by less than one
			t.Errorf("rank %d came %v times of %d, want %.1f", k, counts[k], draws, want)
		}
	}
}

// TestQuantileNeverDecreases also looks for values no quantity can have.
func TestQuantileNeverDecreases(t *testing.T) {
	dists := []Dist{
		NewConstant(4), must(NewUniform(0, 1)), must(NewLognormal(1, 1e6)), must(NewLognormalMean(1e-6, 3)),
		must(NewGamma(1, 1e-3)), must(NewGamma(1, 0.3)), must(NewGamma(1, 3)), must(NewGamma(1, 30)), must(NewGamma(1, 1000)),
		must(NewZipf(0, 7)), must(NewZipf(2, 1000)), must(NewEmpirical([]float64{0, 0, 5, 9})),
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

func TestRefusedParameters(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	pairs := []struct {
		name string
		make func(a, b float64) (Dist, error)
		bad  [][2]float64
	}{
		{"uniform", NewUniform, [][2]float64{{2, 1}, {-1, 1}, {nan, 1}, {0, nan}, {0, inf}}},
		{"lognormal", NewLognormal, [][2]float64{{0, 1}, {2, 1}, {nan, 1}, {1, nan}, {1, inf}, {-1, 1}}},
		{"lognormal mean", NewLognormalMean, [][2]float64{{0, 1}, {1, -1}, {inf, 1}, {1, inf}, {nan, 1}, {1, nan}}},
		{"gamma", NewGamma, [][2]float64{{0, 1}, {1, 0}, {inf, 1}, {1, 1001}, {nan, 1}, {1, nan}}},
		{"zipf", func(s, n float64) (Dist, error) { return NewZipf(s, int(n)) }, [][2]float64{{-1, 5}, {1, 0}, {1, MaxZipf + 1}, {nan, 5}, {101, 5}}},
		{"empirical", func(a, b float64) (Dist, error) { return NewEmpirical([]float64{a, b}) }, [][2]float64{{-1, 1}, {1, inf}, {nan, 1}}},
	}
	for _, p := range pairs {
		for _, b := range p.bad {
			if _, err := p.make(b[0], b[1]); err == nil {
				t.Errorf("%s took %v and %v", p.name, b[0], b[1])
			}
		}
	}
	if _, err := NewEmpirical(nil); err == nil {
		t.Error("empirical took no values")
	}
}

func TestPositive(t *testing.T) {
	tests := []struct {
		name string
		dist Dist
		want bool
	}{
		{"zero value", Dist{}, false},
		{"constant", NewConstant(1), true},
		{"uniform at 0", must(NewUniform(0, 0)), false},
		{"uniform", must(NewUniform(0, 1)), true},
		{"empirical zeros", must(NewEmpirical([]float64{0, 0})), false},
		{"empirical", must(NewEmpirical([]float64{3, 0})), true},
		{"lognormal", must(NewLognormal(1, 2)), true},
	}
	for _, tt := range tests {
		if got := tt.dist.Positive(); got != tt.want {
			t.Errorf("%s: Positive() = %v, want %v", tt.name, got, tt.want)
		}
	}
}
