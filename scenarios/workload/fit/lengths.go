package fit

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/optimize"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/sim/rng"
)

// mostTokens is the largest number of tokens that a scenario file may have.
const mostTokens = 1e8

// maxSlices bounds the values of an empirical distribution, and leastSlice is how many rows
// each of them is the mean of, so that none is the number of a single row.
const (
	maxSlices  = 200
	leastSlice = 5
)

// A lengthFit is a distribution of tokens with the parameters of greatest likelihood.
type lengthFit struct {
	name       string
	text       string // without the cut at the largest value
	parameters int
	cdf        func(float64) float64
	bounded    bool // it has bounds of its own, so that no cut is needed
}

// lengthCandidates are the distributions of tokens that may be chosen.
func (t *tally) lengthCandidates() []Candidate {
	var out []Candidate
	for _, f := range []*lengthFit{t.lognormal(), t.gamma(), t.truncated(), t.zipf(), t.mixture(2), t.mixture(3)} {
		if f == nil {
			continue
		}
		text, cdf := f.text, f.cdf
		if !f.bounded {
			text = text[:len(text)-1] + ", max: " + number(math.Ceil(t.most())) + "}"
			cdf = func(x float64) float64 {
				if x >= t.most() {
					return 1
				}
				return f.cdf(x)
			}
		}
		out = append(out, newCandidate(f.name, text, f.parameters, t.likelihood(cdf), t.distance(cdf), t.n))
	}
	return out
}

// likelihood is the logarithm of the probability of the values, each of which stands for
// all draws that are rounded to it.
func (t *tally) likelihood(cdf func(float64) float64) float64 {
	sum := 0.0
	for i, v := range t.values {
		mass := cdf(v+0.5) - cdf(v-0.5)
		if v <= 1 {
			mass = cdf(v + 0.5) // smaller draws are rounded up
		}
		sum += t.times[i] * math.Log(max(mass, 1e-300))
	}
	return sum
}

// lognormal has the mean and the standard deviation of the logarithms.
func (t *tally) lognormal() *lengthFit {
	mu, sigma := t.logMoments()
	d := distuv.LogNormal{Mu: mu, Sigma: sigma}
	return &lengthFit{name: "lognormal", text: lognormalText(mu, sigma), parameters: 2, cdf: d.CDF}
}

// logMoments are the parameters of a lognormal of greatest likelihood.
func (t *tally) logMoments() (mu, sigma float64) {
	mu, variance := stat.PopMeanVariance(t.logs(), t.times)
	return mu, max(math.Sqrt(variance), 1e-3)
}

func lognormalText(mu, sigma float64) string {
	p50 := math.Exp(mu)
	return fmt.Sprintf("{dist: lognormal, p50: %s, p95: %s}", number(clampTokens(p50)), number(clampTokens(p50*math.Exp(z95*sigma))))
}

// z95 is the 95th percentile of the standard normal distribution.
const z95 = 1.6448536269514722

func clampTokens(v float64) float64 { return min(max(v, 1), mostTokens) }

// gamma solves ln k - ψ(k) = ln mean - mean of ln for the shape k (Choi and Wette, "Maximum
// likelihood estimation of the parameters of the gamma distribution and their bias",
// Technometrics 11, 1969).
func (t *tally) gamma() *lengthFit {
	mean := stat.Mean(t.values, t.times)
	k := gammaShape(math.Log(mean) - stat.Mean(t.logs(), t.times))
	d := distuv.Gamma{Alpha: k, Beta: k / mean}
	return &lengthFit{name: "gamma", text: fmt.Sprintf("{dist: gamma, mean: %s, cv: %s}", number(mean), number(1/math.Sqrt(k))), parameters: 2,
		cdf: func(x float64) float64 {
			if x <= 0 {
				return 0
			}
			return d.CDF(x)
		}}
}

// gammaShape solves ln k - ψ(k) = s, which falls in k, by bisection on ln k. The bounds are
// those of the coefficient of variation in a scenario file.
func gammaShape(s float64) float64 {
	lo, hi := math.Log(1e-6), math.Log(1e6)
	for range 80 {
		mid := (lo + hi) / 2
		if mid-mathext.Digamma(math.Exp(mid)) > s {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp(lo)
}

// truncated is a lognormal between the least and the largest value. The greatest likelihood
// has no closed form.
func (t *tally) truncated() *lengthFit {
	lo, hi := math.Floor(t.least()), math.Ceil(t.most())
	if hi <= lo {
		return nil
	}
	cdfOf := func(mu, sigma float64) func(float64) float64 {
		d := distuv.LogNormal{Mu: mu, Sigma: sigma}
		a, b := d.CDF(lo), d.CDF(hi)
		return func(x float64) float64 {
			switch {
			case x <= lo:
				return 0
			case x >= hi:
				return 1
			}
			return (d.CDF(x) - a) / (b - a)
		}
	}
	legal := func(mu, sigma float64) bool {
		if !(mu >= 0 && mu+z95*sigma <= math.Log(mostTokens) && sigma >= 1e-3 && sigma <= 10) {
			return false
		}
		d := distuv.LogNormal{Mu: mu, Sigma: sigma}
		return d.CDF(hi)-d.CDF(lo) > 1e-4
	}
	mu, sigma := t.logMoments()
	x, ok := greatest(func(x []float64) float64 {
		if !legal(x[0], math.Exp(x[1])) {
			return math.Inf(-1)
		}
		return t.likelihood(cdfOf(x[0], math.Exp(x[1])))
	}, []float64{max(mu, 0), math.Log(sigma)}, 200)
	if mu, sigma = x[0], math.Exp(x[1]); !ok || !legal(mu, sigma) {
		return nil
	}
	return &lengthFit{name: "truncated lognormal", text: fmt.Sprintf("{dist: truncated, of: %s, min: %s, max: %s}", lognormalText(mu, sigma), number(lo), number(hi)),
		parameters: 4, cdf: cdfOf(mu, sigma), bounded: true}
}

// greatest looks for the greatest value of f by the method of Nelder and Mead.
func greatest(f func([]float64) float64, from []float64, evaluations int) (x []float64, ok bool) {
	p := optimize.Problem{Func: func(x []float64) float64 {
		if v := f(x); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return -v
		}
		return math.MaxFloat64
	}}
	r, err := optimize.Minimize(p, from, &optimize.Settings{FuncEvaluations: evaluations,
		Converger: &optimize.FunctionConverge{Relative: 1e-10, Iterations: 40}}, &optimize.NelderMead{})
	if r == nil || err != nil && r.Status == optimize.NotTerminated {
		return from, false
	}
	return r.X, r.F < math.MaxFloat64
}

// zipf has P(k) in proportion to k^-s up to the largest value.
func (t *tally) zipf() *lengthFit {
	n := int(math.Ceil(t.most()))
	if n > rng.MaxZipf || n < 2 {
		return nil
	}
	logs := make([]float64, n)
	for k := range logs {
		logs[k] = math.Log(float64(k + 1))
	}
	mean := stat.Mean(t.logs(), t.times)
	sum := func(s float64) (norm, first float64) {
		for _, l := range logs {
			p := math.Exp(-s * l)
			norm += p
			first += p * l
		}
		return norm, first
	}
	// The likelihood is greatest where the mean of the logarithms is that of the values.
	lo, hi := 0.0, 20.0
	for range 50 {
		s := (lo + hi) / 2
		if norm, first := sum(s); first/norm > mean {
			lo = s
		} else {
			hi = s
		}
	}
	s := (lo + hi) / 2
	norm, _ := sum(s)
	upto := make([]float64, n+1)
	for k, l := range logs {
		upto[k+1] = upto[k] + math.Exp(-s*l)/norm
	}
	return &lengthFit{name: "zipf", text: fmt.Sprintf("{dist: zipf, s: %s, max: %d}", number(s), n), parameters: 2,
		cdf: func(x float64) float64 { return upto[min(max(int(x), 0), n)] }, bounded: true}
}

// empirical is a list of lengths: each is the mean of as many rows, by size.
func (t *tally) empirical() Candidate {
	parts := min(maxSlices, max(1, int(t.n)/leastSlice))
	values := t.slices(parts)
	for i, v := range values {
		values[i] = max(1, math.Round(v))
	}
	text := "{dist: empirical, values: " + listText(values) + "}"
	below := func(x float64) float64 {
		n := 0.0
		for _, v := range values {
			if v <= x {
				n++
			}
		}
		return n / float64(parts)
	}
	return Candidate{Name: "empirical", Text: text, Parameters: parts, KS: t.distance(below)}
}
