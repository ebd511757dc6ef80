package workload

import (
	"fmt"
	"math"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// mmppTimes is the process "mmpp", a Markov-modulated Poisson process with two
// states. It starts calm; stays are exponentially distributed with means Calm
// and Burst; within a state arrivals are Poisson with the state's rate.
//
//	rate
//	burst_rate |      ┌──┐             ┌────┐
//	           |      │  │             │    │
//	rate       |──────┘  └─────────────┘    └───
//	           └────────────────────────────────── t
//
//	mean rate = (rate*calm + burst_rate*burst) / (calm + burst)
//
// in the long run (Fischer and Meier-Hellstern, "The Markov-modulated Poisson
// process (MMPP) cookbook", Performance Evaluation 18, 1993).
type mmppTimes struct {
	rate  [2]float64 // calls/s while calm, while bursting
	stay  [2]float64 // mean stay in seconds
	until float64    // seconds; bounds the search for an arrival that may never come
	draws rng.Sequence

	state int
	t     float64 // seconds
	leave float64 // when the present state ends
}

func newMMPP(a *Arrivals, until clock.Time, draws rng.Sequence) (times, error) {
	if a.Calm < MinState || a.Burst < MinState {
		return nil, fmt.Errorf("calm and burst must be at least %v, got %v and %v", MinState, a.Calm, a.Burst)
	}
	p := &mmppTimes{
		rate:  [2]float64{a.Rate, a.BurstRate},
		stay:  [2]float64{a.Calm.Seconds(), a.Burst.Seconds()},
		until: until.Seconds(),
		draws: draws,
	}
	p.leave = p.stay[0] * p.draws.Exp()
	return p, checkRates("rate", a.Rate, "burst_rate", a.BurstRate)
}

// next may forget the gap it was in when the state changes, because the
// exponential distribution has no memory.
func (p *mmppTimes) next() clock.Time {
	for p.t < p.until {
		at := math.Inf(1)
		if r := p.rate[p.state]; r > 0 {
			at = p.t + p.draws.Exp()/r
		}
		if at < p.leave {
			p.t = at
			return clock.FromSeconds(at)
		}
		p.t = p.leave
		p.state = 1 - p.state
		p.leave += p.stay[p.state] * p.draws.Exp()
	}
	return clock.Never
}
