package limit

import (
	"math/bits"

	"ratesim/sim/clock"
)

// Bucket is a token bucket: it holds up to a capacity, starts full and is
// refilled continuously. It keeps what is missing from full, its debt, in
// token-nanoseconds, so that all is integer arithmetic and a call paced at
// exactly the refill rate is admitted at exactly its time.
type Bucket struct {
	capacity int64 // tokens
	rate     int64 // tokens per minute
	debt     int64 // token-ticks
	tick     int64 // ns; 1 but for limits so large that debt would overflow
	token    int64 // one token in token-ticks
	at       int64 // ticks; when debt was right
}

// exactLimit is the largest capacity or rate kept to the nanosecond; above it
// the bucket keeps time in microseconds. 1e8 tokens are 6e18 token-ns, two
// thirds of what an int64 holds.
const exactLimit = 100_000_000

// NewBucket returns a full bucket. A refill of 0 means it is never refilled.
// Limits up to 1e11 are supported.
func NewBucket(capacity, perMinute int64) *Bucket {
	b := &Bucket{capacity: capacity, rate: perMinute, tick: 1}
	if max(capacity, perMinute) > exactLimit {
		b.tick = 1000
	}
	b.token = tokenNS / b.tick
	return b
}

// Earliest returns now if cost fits, else the time at which it will if nothing
// more is taken, and clock.Never if cost exceeds the capacity.
func (b *Bucket) Earliest(now clock.Time, cost int64) clock.Time {
	b.drain(now)
	if cost > b.capacity {
		return clock.Never
	}
	return b.when(now, (b.capacity-cost)*b.token)
}

// Fits reports whether cost can ever be admitted.
func (b *Bucket) Fits(cost int64) bool { return cost <= b.capacity }

// Take charges cost; what is left may become negative. Its ticket means
// nothing.
func (b *Bucket) Take(now clock.Time, cost int64) Ticket {
	b.drain(now)
	b.debt += cost * b.token
	return 0
}

// Refuse counts a refused request.
func (b *Bucket) Refuse(now clock.Time) {
	if left, _ := b.Left(now); left > 0 {
		b.Take(now, 1)
	}
}

// Settle takes delta more, or gives -delta back; what would overflow is lost.
func (b *Bucket) Settle(now clock.Time, _ Ticket, delta int64) {
	b.drain(now)
	b.debt = max(0, b.debt+delta*b.token)
}

// Left returns how many whole tokens are left, at least 0, and when the bucket
// will be full.
func (b *Bucket) Left(now clock.Time) (left int64, full clock.Time) {
	b.drain(now)
	return max(0, (b.capacity*b.token-b.debt)/b.token), b.when(now, 0)
}

// Resize makes the limit per minute, and the capacity with it, limit.
func (b *Bucket) Resize(now clock.Time, limit int64) {
	b.drain(now)
	b.capacity, b.rate = limit, limit
}

// when returns the time at which debt will have fallen to level.
func (b *Bucket) when(now clock.Time, level int64) clock.Time {
	over := b.debt - level
	switch {
	case over <= 0:
		return now
	case b.rate == 0:
		return clock.Never
	}
	return clock.Time((b.at + (over+b.rate-1)/b.rate) * b.tick)
}

func (b *Bucket) drain(now clock.Time) {
	t := int64(now)
	if b.tick != 1 {
		t /= b.tick
	}
	if t == b.at {
		return
	}
	hi, gone := bits.Mul64(uint64(b.rate), uint64(t-b.at))
	if hi != 0 || gone >= uint64(b.debt) {
		b.debt = 0
	} else {
		b.debt -= int64(gone)
	}
	b.at = t
}

// Utilisation is the leaky bucket of a provisioned deployment: charges fill
// it, time drains it, and an arrival is refused while it is at or above 100 %,
// whatever the arrival itself would add. A burst may therefore pass 100 %.
type Utilisation struct{ Bucket }

// NewUtilisation returns an empty leaky bucket with room for one minute's
// worth of perMinute. Vendors do not publish the depth.
func NewUtilisation(perMinute int64) *Utilisation {
	return &Utilisation{*NewBucket(perMinute, perMinute)}
}

// Earliest returns now if utilisation is below 100 % even when ahead is charged
// first, else the first time at which it will be if nothing more is charged.
// What the arrival itself costs does not matter.
func (u *Utilisation) Earliest(now clock.Time, ahead int64) clock.Time {
	u.drain(now)
	if ahead >= u.capacity {
		return clock.Never
	}
	return u.when(now, (u.capacity-ahead)*u.token-1)
}
