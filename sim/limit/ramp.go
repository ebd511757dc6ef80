package limit

import (
	"time"

	"ratesim/sim/clock"
)

// Ramp is an acceleration limit: it refuses usage that grows too fast, however
// far below the other limits it is. Up to a floor any rate is allowed. Above
// it, the rate allowed in a period is (1 + growth) times the mean rate that was
// used in the period before, so far as that was itself allowed. Within a period
// the rate is enforced by a token bucket of one minute's worth.
//
// OpenAI's rule of thumb for its 429 slow_down is a floor of 1M input tokens a
// minute and a growth of 0.5 per 15 min (OpenAI, error codes); Anthropic names
// an acceleration limit without figures. That the mean counts and not the
// busiest minute is this package's choice: a single burst earns little. So is
// that an idle period brings the rate down to the floor.
//
// The first period follows one that was not simulated. Its mean rate is told to
// NewRamp; 0 is a cold start, as after an idle period, with the floor alone.
type Ramp struct {
	bucket Bucket
	floor  int64 // tokens a minute
	earned int64 // tokens a minute that the period before allows in this one
	growth float64
	per    time.Duration
	end    clock.Time // of the present period
	used   int64      // in it
	number Ticket     // of it
}

// NewRamp returns an acceleration limit: floor in tokens a minute, growth as a
// share (0.5 for 50 %), not negative, the length of a period, positive, and the
// mean rate in tokens a minute of the period before the first, which counts as
// allowed.
func NewRamp(floor int64, growth float64, per time.Duration, before int64) *Ramp {
	r := &Ramp{floor: floor, growth: growth, per: per, end: clock.Time(per), earned: int64(float64(before) * (1 + growth))}
	rate := max(floor, r.earned)
	r.bucket = *NewBucket(rate, rate, Window)
	return r
}

// Earliest returns now if cost fits, else the time at which it will if nothing
// more is charged, periods to come included; clock.Never if it will not.
func (r *Ramp) Earliest(now clock.Time, cost int64) clock.Time {
	r.turn(now)
	at := r.bucket.Earliest(now, cost)
	if at < r.end {
		return at
	}
	// With nothing charged the rate rises or falls once more, then to the floor.
	ahead := *r
	for at >= ahead.end && (ahead.earned > 0 || ahead.used > 0) {
		start := ahead.end
		ahead.turn(start)
		at = ahead.bucket.Earliest(start, cost)
	}
	return at
}

// Fits reports whether cost fits into one minute's worth as things stand; a
// higher rate may admit more.
func (r *Ramp) Fits(cost int64) bool { return r.bucket.Fits(cost) }

// Take charges cost to the present period, and returns its number.
func (r *Ramp) Take(now clock.Time, cost int64) Ticket {
	r.turn(now)
	r.used += cost
	r.bucket.Take(now, cost)
	return r.number
}

// Refuse does nothing: what was refused is no usage, and earns nothing.
func (r *Ramp) Refuse(clock.Time) {}

// Settle takes delta more, or gives -delta back. A charge of an earlier period
// has earned what it has earned.
func (r *Ramp) Settle(now clock.Time, t Ticket, delta int64) {
	r.turn(now)
	if t == r.number {
		r.used += delta
	}
	r.bucket.Settle(now, 0, delta)
}

// Left returns how much is left in whole tokens, at least 0, and when the
// bucket will be full at the present rate.
func (r *Ramp) Left(now clock.Time) (left int64, full clock.Time) {
	r.turn(now)
	return r.bucket.Left(now)
}

// Resize changes the floor. What was earned stays earned.
func (r *Ramp) Resize(now clock.Time, limit int64) {
	r.turn(now)
	r.floor = limit
	r.bucket.Resize(now, max(r.floor, r.earned))
}

// Rate returns how much is allowed in a minute now.
func (r *Ramp) Rate() int64 { return r.bucket.rate }

// turn ends the periods that are over by now. Whatever their number, only the
// end of the first and, after idle ones, the start of the last change the rate.
func (r *Ramp) turn(now clock.Time) {
	for now >= r.end {
		mean := float64(r.used) * float64(Window) / float64(r.per)
		r.earned = int64(min(mean, float64(r.bucket.rate)) * (1 + r.growth))
		r.bucket.Resize(r.end, max(r.floor, r.earned))
		passed := clock.Time(1)
		if r.used == 0 {
			passed += (now - r.end) / clock.Time(r.per)
		}
		r.end += passed * clock.Time(r.per)
		r.number += Ticket(passed)
		r.used = 0
	}
}
