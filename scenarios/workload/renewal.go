package workload

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// gammaTimes is the process "gamma": a renewal process, gaps independent and
// gamma-distributed with mean 1/rate and coefficient of variation cv,
//
//	shape = 1 / cv²,   scale = cv² / rate seconds
//
//	cv < 1  |  |  |  | |  |  |   |  |  |     more regular than poisson
//	cv = 1  | ||   |  |    | || |   |        poisson
//	cv > 1  |||       |||||           | |||  in clumps
//
// The clients of one production service have cv 1.2 at the median and 9 at the
// 95th percentile, in ten-minute windows (data of Xiang et al., "ServeGen",
// arXiv 2505.09999, model m-large). The first call arrives after one whole gap,
// as in any ordinary renewal process, so by t the process is expected to have
// made about rate*t + (cv²-1)/2 calls (Cox, "Renewal Theory", 1962).
type gammaTimes struct {
	shape, rate float64 // rate = shape over mean gap, per second
	draws       rng.Sequence
	t           float64 // seconds
}

func newGamma(a *Arrivals, draws rng.Sequence) (times, error) {
	shape := 1 / (a.CV * a.CV)
	return &gammaTimes{shape: shape, rate: shape * a.Rate, draws: draws}, checkRenewal(a)
}

func (p *gammaTimes) next() clock.Time {
	p.t += distuv.Gamma{Alpha: p.shape, Beta: p.rate, Src: &p.draws}.Rand()
	return clock.FromSeconds(p.t)
}

// weibullTimes is the process "weibull": a renewal process, gaps independent
// with
//
//	P(gap > x) = exp(-(x/scale)^k)
//
// where k solves cv² = Γ(1+2/k)/Γ(1+1/k)² - 1 and scale = 1/(rate Γ(1+1/k)).
// For the same cv > 1 its tail is heavier than gamma's and its shortest gaps are
// less short. The first call arrives after one whole gap, as with gamma.
type weibullTimes struct {
	inverse float64 // 1/k
	scale   float64 // seconds
	draws   rng.Sequence
	t       float64 // seconds
}

func newWeibull(a *Arrivals, draws rng.Sequence) (times, error) {
	if err := checkRenewal(a); err != nil {
		return nil, err
	}
	k := weibullShape(a.CV)
	logGamma, _ := math.Lgamma(1 + 1/k)
	return &weibullTimes{inverse: 1 / k, scale: math.Exp(-logGamma) / a.Rate, draws: draws}, nil
}

func (p *weibullTimes) next() clock.Time {
	p.t += p.scale * math.Pow(p.draws.Exp(), p.inverse)
	return clock.FromSeconds(p.t)
}

// weibullShape solves ln(1+cv²) = ln Γ(1+2/k) - 2 ln Γ(1+1/k) for k by
// bisection on ln k; the right side falls from 15.5 (cv 2302) to 0.000018
// (cv 0.0043) as k rises from 0.08 to 300.
func weibullShape(cv float64) float64 {
	want := math.Log1p(cv * cv)
	lo, hi := math.Log(0.08), math.Log(300)
	for range 60 {
		mid := (lo + hi) / 2
		g1, _ := math.Lgamma(1 + math.Exp(-mid))
		g2, _ := math.Lgamma(1 + 2*math.Exp(-mid))
		if g2-2*g1 > want {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp(lo)
}

func checkRenewal(a *Arrivals) error {
	if !(a.CV >= MinCV && a.CV <= MaxCV) {
		return fmt.Errorf("cv must be %v to %v, got %v", MinCV, MaxCV, a.CV)
	}
	return checkRate("rate", a.Rate)
}
