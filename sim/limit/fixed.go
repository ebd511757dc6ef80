package limit

import (
	"time"

	"ratesim/sim/clock"
)

// Fixed is a counter that starts again at every multiple of its width since
// the run began. A burst at the end of one window and another at the start of
// the next pass together: up to twice the limit in any 60 s.
type Fixed struct {
	limit, used int64
	width       clock.Time
	start       clock.Time // of the window that used counts
}

// NewFixed returns a fixed window of limit per width.
func NewFixed(limit int64, width time.Duration) *Fixed {
	return &Fixed{limit: limit, width: clock.Time(width)}
}

// Earliest returns now if cost fits, else the start of the next window, and
// clock.Never if cost exceeds the limit.
func (f *Fixed) Earliest(now clock.Time, cost int64) clock.Time {
	f.turn(now)
	switch {
	case f.used+cost <= f.limit:
		return now
	case cost > f.limit:
		return clock.Never
	}
	return f.start + f.width
}

// Take charges cost to the present window, and returns its number.
func (f *Fixed) Take(now clock.Time, cost int64) Ticket {
	f.turn(now)
	f.used += cost
	return f.number()
}

func (f *Fixed) number() Ticket { return Ticket(f.start / f.width) }

// Refuse counts a refused request.
func (f *Fixed) Refuse(now clock.Time) { f.Take(now, 1) }

// Settle adds delta to a charge that was made in the present window.
func (f *Fixed) Settle(now clock.Time, t Ticket, delta int64) {
	f.turn(now)
	if t == f.number() {
		f.used += delta
	}
}

// Left returns how much is left, at least 0, and when the counter starts
// again.
func (f *Fixed) Left(now clock.Time) (left int64, full clock.Time) {
	f.turn(now)
	if f.used == 0 {
		return f.limit, now
	}
	return max(0, f.limit-f.used), f.start + f.width
}

// Resize changes the limit. What was charged stays charged.
func (f *Fixed) Resize(_ clock.Time, limit int64) { f.limit = limit }

func (f *Fixed) turn(now clock.Time) {
	if now >= f.start+f.width {
		f.start = now - now%f.width
		f.used = 0
	}
}
