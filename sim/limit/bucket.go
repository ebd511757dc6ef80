package limit

import (
	"math/bits"
	"time"

	"ratesim/sim/clock"
)

// Bucket is a token bucket (the generic cell rate algorithm is the same thing
// seen from the clock): it holds up to a capacity, starts full and is refilled
// continuously. It keeps what is missing from full, its debt.
type Bucket struct {
	capacity int64 // tokens, as the limit is now
	rate     int64 // tokens per period, as the limit is now
	burst    int64 // capacity as made
	made     int64 // rate as made
	token    int64 // one token in token-ns: the period
	debt     tokenNS
	at       clock.Time // when debt was right
}

// NewBucket returns a full bucket of capacity tokens, refilled by rate tokens
// per period. A rate of 0 means it is never refilled. per must be positive.
// Every admission time is exact: the first nanosecond at which there is room.
func NewBucket(capacity, rate int64, per time.Duration) *Bucket {
	return &Bucket{capacity: capacity, rate: rate, burst: capacity, made: rate, token: int64(per)}
}

// Earliest returns now if cost fits, else the time at which it will if nothing
// more is taken, and clock.Never if cost exceeds the capacity.
func (b *Bucket) Earliest(now clock.Time, cost int64) clock.Time {
	b.drain(now)
	if cost > b.capacity {
		return clock.Never
	}
	level := product(b.capacity-cost, b.token)
	if !level.less(b.debt) {
		return now
	}
	return b.when(level)
}

// Fits reports whether cost can ever be admitted.
func (b *Bucket) Fits(cost int64) bool { return cost <= b.capacity }

// Take charges cost; what is left may become negative. Its ticket means
// nothing.
func (b *Bucket) Take(now clock.Time, cost int64) Ticket {
	b.drain(now)
	b.debt = b.debt.plus(product(cost, b.token))
	return 0
}

// Refuse counts a refused request: it takes one, or what there is of one. A
// bucket that is empty, or overdrawn, stays as it is.
func (b *Bucket) Refuse(now clock.Time) {
	b.drain(now)
	if all := product(b.capacity, b.token); b.debt.less(all) {
		b.debt = b.debt.plus(tokenNS{lo: uint64(b.token)})
		if all.less(b.debt) {
			b.debt = all
		}
	}
}

// Settle takes delta more, or gives -delta back; what would overflow is lost.
func (b *Bucket) Settle(now clock.Time, _ Ticket, delta int64) {
	if delta >= 0 {
		b.Take(now, delta)
		return
	}
	b.drain(now)
	b.debt = b.debt.minus(product(-delta, b.token))
}

// Left returns how many whole tokens are left, at least 0, and when the bucket
// will be full.
func (b *Bucket) Left(now clock.Time) (left int64, full clock.Time) {
	b.drain(now)
	if all := product(b.capacity, b.token); b.debt.less(all) {
		left = int64(all.minus(b.debt).over(b.token))
	}
	if b.debt == (tokenNS{}) {
		return left, now
	}
	return left, b.when(tokenNS{})
}

// Resize makes the rate limit tokens per period, and the capacity as many
// times larger or smaller, rounded up.
func (b *Bucket) Resize(now clock.Time, limit int64) {
	b.drain(now)
	b.rate, b.capacity = limit, limit
	if b.burst != b.made && b.made > 0 {
		b.capacity = int64(product(b.burst, limit).plus(tokenNS{lo: uint64(b.made - 1)}).over(b.made))
	}
}

// when returns the time at which debt will have fallen to level, which is less.
func (b *Bucket) when(level tokenNS) clock.Time {
	if b.rate == 0 {
		return clock.Never
	}
	wait := b.debt.minus(level).plus(tokenNS{lo: uint64(b.rate - 1)}).over(b.rate)
	return b.at.Add(time.Duration(min(wait, uint64(clock.Never))))
}

func (b *Bucket) drain(now clock.Time) {
	if now > b.at {
		b.debt = b.debt.minus(product(b.rate, int64(now-b.at)))
		b.at = now
	}
}

// tokenNS is a number of token-nanoseconds, in 128 bits: ten thousand requests
// a day are 9e17, 1e8 tokens a minute 6e18 and so two thirds of an int64, which
// one large correction overflows, and 1e11 a minute do not fit at all. With
// 128 bits every limit is kept to the nanosecond, and a call paced at exactly
// the refill rate is admitted at exactly its time.
type tokenNS struct{ hi, lo uint64 }

// product returns a x b; neither may be negative.
func product(a, b int64) tokenNS {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return tokenNS{hi, lo}
}

func (x tokenNS) less(y tokenNS) bool { return x.hi < y.hi || x.hi == y.hi && x.lo < y.lo }

func (x tokenNS) plus(y tokenNS) tokenNS {
	lo, carry := bits.Add64(x.lo, y.lo, 0)
	return tokenNS{x.hi + y.hi + carry, lo}
}

// minus returns x - y, at least 0.
func (x tokenNS) minus(y tokenNS) tokenNS {
	lo, borrow := bits.Sub64(x.lo, y.lo, 0)
	hi, borrow := bits.Sub64(x.hi, y.hi, borrow)
	if borrow != 0 {
		return tokenNS{}
	}
	return tokenNS{hi, lo}
}

// over returns x / n, rounded down, and clock.Never if that does not fit.
func (x tokenNS) over(n int64) uint64 {
	if x.hi >= uint64(n) {
		return uint64(clock.Never)
	}
	q, _ := bits.Div64(x.hi, x.lo, uint64(n))
	return q
}
