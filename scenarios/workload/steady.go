package workload

import (
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// constantTimes is the process "constant": call n = 0, 1, 2, ... arrives at
//
//	t(n) = n / rate
//
// seconds, the first at 0. Every gap is the same; its coefficient of
// variation is 0.
type constantTimes struct {
	rate float64 // calls/s
	n    float64
}

func newConstant(a *Arrivals) (times, error) {
	return &constantTimes{rate: a.Rate}, checkRate("rate", a.Rate)
}

func (p *constantTimes) next() clock.Time {
	at := clock.FromSeconds(p.n / p.rate)
	p.n++
	return at
}

// poissonTimes is the process "poisson": gaps are independent and
// exponentially distributed,
//
//	P(gap > x) = exp(-rate * x)
//
// with mean 1/rate seconds and coefficient of variation 1: the traffic of many
// users who know nothing of each other. The first call arrives after one gap.
type poissonTimes struct {
	rate  float64 // calls/s
	draws rng.Sequence
	t     float64 // seconds
}

func newPoisson(a *Arrivals, draws rng.Sequence) (times, error) {
	return &poissonTimes{rate: a.Rate, draws: draws}, checkRate("rate", a.Rate)
}

func (p *poissonTimes) next() clock.Time {
	p.t += p.draws.Exp() / p.rate
	return clock.FromSeconds(p.t)
}
