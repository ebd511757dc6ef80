package limit

import (
	"time"

	"ratesim/sim/clock"
)

// InFlight limits what is held at once: requests being served or, with costs
// in tokens, the tokens enqueued in a batch queue. Take holds, and Settle by
// minus the cost lets go; time alone frees nothing.
type InFlight struct{ limit, used int64 }

// NewInFlight returns a limit on what is held at once, with nothing held.
func NewInFlight(limit int64) *InFlight { return &InFlight{limit: limit} }

// AskAgain is how long after a refusal InFlight says to come back. Nobody knows
// when what is held will end.
const AskAgain = time.Millisecond

// Earliest returns now if cost fits, clock.Never if it exceeds the limit, and
// else now + AskAgain, when it may fit or not.
func (f *InFlight) Earliest(now clock.Time, cost int64) clock.Time {
	switch {
	case f.used+cost <= f.limit:
		return now
	case cost > f.limit:
		return clock.Never
	}
	return now.Add(AskAgain)
}

// Fits reports whether cost can ever be admitted.
func (f *InFlight) Fits(cost int64) bool { return cost <= f.limit }

// Take holds cost. Its ticket means nothing.
func (f *InFlight) Take(_ clock.Time, cost int64) Ticket {
	f.used += cost
	return 0
}

// Refuse does nothing: what is refused is never held.
func (f *InFlight) Refuse(clock.Time) {}

// Settle holds delta more, or lets -delta go.
func (f *InFlight) Settle(_ clock.Time, _ Ticket, delta int64) { f.used += delta }

// Left returns how much more can be held, at least 0, and now if nothing is
// held, else clock.Never: there is no time to put into a header.
func (f *InFlight) Left(now clock.Time) (left int64, full clock.Time) {
	if f.used == 0 {
		return f.limit, now
	}
	return max(0, f.limit-f.used), clock.Never
}

// Resize changes the limit. What is held stays held.
func (f *InFlight) Resize(_ clock.Time, limit int64) { f.limit = limit }
