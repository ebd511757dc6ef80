package workload

import (
	"fmt"
	"time"

	"ratesim/sim/clock"
)

// spikeTimes is the process "spike": exactly Calls calls, call i = 0, 1, ... at
//
//	t(i) = at + over * i / calls
//
// and all of them at the same instant when over is 0, as when an outage ends
// or a scheduler fires.
type spikeTimes struct {
	at       clock.Time
	over     time.Duration
	calls, i time.Duration
}

func newSpike(a *Arrivals) (times, error) {
	if a.At < 0 || a.Over < 0 {
		return nil, fmt.Errorf("at and over must not be negative, got %v and %v", a.At, a.Over)
	}
	if a.Calls < 1 || a.Calls > MaxCalls {
		return nil, fmt.Errorf("calls must be 1 to %d, got %d", MaxCalls, a.Calls)
	}
	return &spikeTimes{at: clock.Time(a.At), over: a.Over, calls: time.Duration(a.Calls)}, nil
}

func (p *spikeTimes) next() clock.Time {
	if p.i == p.calls {
		return clock.Never
	}
	// over*i/calls, taken apart so that the product cannot overflow.
	offset := p.over/p.calls*p.i + p.over%p.calls*p.i/p.calls
	p.i++
	return p.at.Add(offset)
}
