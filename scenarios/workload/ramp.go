package workload

import (
	"fmt"
	"math"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// rampTimes is the process "ramp", a Poisson process whose rate goes in a
// straight line from From to To and then stays:
//
//	rate
//	to   |          ┌────────
//	     |       ╱
//	from |    ╱                 rate(t) = from + (to-from)*t/over,  t <= over
//	     └───────────────────── t
//	     0         over
//
// It is sampled exactly, by inverting the integrated rate (Çinlar,
// "Introduction to Stochastic Processes", 1975, chapter 4): the integral
//
//	Λ(t) = from*t + (to-from)*t²/(2*over),  t <= over
//
// takes the arrivals to a Poisson process of rate 1.
type rampTimes struct {
	from, to float64 // calls/s
	over     float64 // seconds
	draws    rng.Sequence
	area     float64 // Λ of the latest arrival
}

func newRamp(a *Arrivals, until clock.Time, draws rng.Sequence) (times, error) {
	over := a.Over.Seconds()
	if a.Over == 0 {
		over = until.Seconds()
	}
	if a.Over < 0 {
		return nil, fmt.Errorf("over must not be negative, got %v", a.Over)
	}
	return &rampTimes{from: a.From, to: a.To, over: over, draws: draws}, checkRates("from", a.From, "to", a.To)
}

func (p *rampTimes) next() clock.Time {
	p.area += p.draws.Exp()
	whole := p.over * (p.from + p.to) / 2
	if p.area < whole {
		// The quadratic's root in the form that does not cancel when from and
		// to are close; rounding can take the radicand below 0 where to is 0.
		slope := (p.to - p.from) / p.over
		root := math.Sqrt(max(0, p.from*p.from+2*slope*p.area))
		return clock.FromSeconds(2 * p.area / (p.from + root))
	}
	if p.to == 0 {
		return clock.Never
	}
	return clock.FromSeconds(p.over + (p.area-whole)/p.to)
}
