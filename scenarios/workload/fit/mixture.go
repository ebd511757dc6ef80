package fit

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	emRounds = 300
	// leastSigma keeps a part of a mixture from closing in on a single value, where the
	// density would have no bound.
	leastSigma = 0.02
	leastShare = 1e-3
)

// A lognormalPart is a part of a mixture of lognormals.
type lognormalPart struct{ weight, mu, sigma float64 }

// mixture is a mixture of so many lognormals, found by expectation and maximisation
// (Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM
// algorithm", Journal of the Royal Statistical Society B 39, 1977). It starts from equal
// parts of the values, by size.
func (t *tally) mixture(parts int) *lengthFit {
	if len(t.values) < 4*parts {
		return nil
	}
	logs := t.logs()
	list := t.mixtureStart(parts)
	densities := make([]float64, parts)
	before := math.Inf(-1)
	for range emRounds {
		sums := make([][3]float64, parts) // of weight, of weight × log, of weight × log²
		likelihood := 0.0
		for i, l := range logs {
			total := 0.0
			for k, p := range list {
				z := (l - p.mu) / p.sigma
				densities[k] = p.weight / p.sigma * math.Exp(-z*z/2)
				total += densities[k]
			}
			if total < 1e-300 {
				continue
			}
			likelihood += t.times[i] * math.Log(total)
			for k := range list {
				w := t.times[i] * densities[k] / total
				sums[k][0] += w
				sums[k][1] += w * l
				sums[k][2] += w * l * l
			}
		}
		for k := range list {
			w := sums[k][0]
			if w/t.n < leastShare {
				return nil
			}
			mu := sums[k][1] / w
			list[k] = lognormalPart{w / t.n, mu, max(leastSigma, math.Sqrt(max(0, sums[k][2]/w-mu*mu)))}
		}
		if likelihood-before < 1e-9*math.Abs(likelihood) {
			break
		}
		before = likelihood
	}
	var texts []string
	for _, p := range list {
		texts = append(texts, fmt.Sprintf("{weight: %s, of: %s}", number(p.weight), lognormalText(p.mu, p.sigma)))
	}
	return &lengthFit{name: fmt.Sprintf("mixture of %d lognormals", parts), text: "{dist: mixture, parts: [" + strings.Join(texts, ", ") + "]}", parameters: 3*parts - 1,
		cdf: func(x float64) float64 {
			sum := 0.0
			for _, p := range list {
				sum += p.weight * distuv.LogNormal{Mu: p.mu, Sigma: p.sigma}.CDF(x)
			}
			return sum
		}}
}

// mixtureStart makes each part of as many values, by size.
func (t *tally) mixtureStart(parts int) []lognormalPart {
	list := make([]lognormalPart, parts)
	means := t.slices(2 * parts)
	_, sigma := t.logMoments()
	for k := range list {
		list[k] = lognormalPart{1 / float64(parts), math.Log((means[2*k] + means[2*k+1]) / 2), max(leastSigma, sigma/float64(parts))}
	}
	return list
}
