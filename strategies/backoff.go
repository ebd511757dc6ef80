package strategies

import (
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// JitterKind names a way to randomise a delay.
type JitterKind uint8

// The kinds of jitter. With u uniform in [0, 1) and d the delay without
// jitter:
const (
	PlusMinus    JitterKind = iota // d * (1 + Share*(2u-1)); Share 0 is no jitter
	Full                           // u * d
	Equal                          // d/2 + u*d/2
	Decorrelated                   // min(Max, Base + u*(3*previous-Base)), previous = Base at first
)

// Jitter is how a delay is randomised. The zero value leaves it as it is.
type Jitter struct {
	Kind  JitterKind
	Share float64 // for PlusMinus, 0 to 1
}

// Backoff says how long to wait before a retry: min(Base*Factor^k, Max) before
// retry k, counted from 0, with jitter applied to that (so that PlusMinus may
// pass Max). The formulas of Full, Equal and Decorrelated are those of Brooker,
// "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015) and its
// simulator aws-samples/aws-arch-backoff-simulator. The zero value does not
// wait at all.
type Backoff struct {
	Base, Max time.Duration
	Factor    float64 // 1 for a constant delay
	Jitter    Jitter

	// Formula, if not nil, is the delay in place of all that: in seconds, by a
	// uniform draw and the number of the retry.
	Formula func(u float64, k int) float64
}

// Delay returns the wait before retry k >= 0 of c and notes it in c.Delay. It
// draws from key by the call's ID and the number of attempts sent, so that the
// draw does not depend on what other calls do.
func (b *Backoff) Delay(key rng.Key, c *Call, k int) time.Duration {
	u := key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
	d := b.delay(u, time.Duration(c.Delay), k)
	c.Delay = int64(d)
	return d
}

func (b *Backoff) delay(u float64, previous time.Duration, k int) time.Duration {
	if b.Formula != nil {
		return time.Duration(clock.FromSeconds(b.Formula(u, k)))
	}
	base, limit := float64(b.Base), float64(b.Max)
	if b.Jitter.Kind == Decorrelated {
		if previous == 0 {
			previous = b.Base
		}
		return time.Duration(min(limit, base+u*(3*float64(previous)-base)))
	}
	d := base
	for ; k > 0 && d < limit; k-- {
		d *= b.Factor
	}
	d = min(d, limit)
	switch b.Jitter.Kind {
	case Full:
		d *= u
	case Equal:
		d = d/2 + u*d/2
	default:
		d *= 1 + b.Jitter.Share*(2*u-1)
	}
	return time.Duration(d)
}
