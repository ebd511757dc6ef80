package limit

import (
	"time"

	"ratesim/sim/clock"
)

// Phase says where the windows of a Fixed start: at every multiple of the width
// plus this many ns of the run. A run that begins at 12:00:42 has phase 18 s for
// the minutes of the wall clock; the next midnight in California, for limits a
// day. 0 or more, or FirstRequest.
type Phase int64

// FirstRequest is the phase of windows that start with the first charge after
// the window before has ended.
const FirstRequest Phase = -1

// Fixed is a counter that starts again with every window. A burst at the end
// of one window and another at the start of the next pass together: up to
// twice the limit in any one width.
type Fixed struct {
	limit, used int64
	width       clock.Time
	lead        clock.Time // from the start of a window to 0; negative for FirstRequest
	end         clock.Time // of the window that used counts; Never if none is open
	number      Ticket     // of that window
}

// NewFixed returns a fixed window of limit per width, which must be positive.
func NewFixed(limit int64, width time.Duration, phase Phase) *Fixed {
	f := &Fixed{limit: limit, width: clock.Time(width), lead: -1, end: clock.Never}
	if phase != FirstRequest {
		f.lead = (f.width - clock.Time(phase)%f.width) % f.width
		f.end = f.width - f.lead
	}
	return f
}

// Earliest returns now if cost fits, else the end of the present window, and
// clock.Never if cost exceeds the limit.
func (f *Fixed) Earliest(now clock.Time, cost int64) clock.Time {
	f.turn(now)
	switch {
	case f.used+cost <= f.limit:
		return now
	case cost > f.limit:
		return clock.Never
	}
	return f.end
}

// Fits reports whether cost can ever be admitted.
func (f *Fixed) Fits(cost int64) bool { return cost <= f.limit }

// Take charges cost to the present window, and returns its number.
func (f *Fixed) Take(now clock.Time, cost int64) Ticket {
	f.turn(now)
	if f.end == clock.Never {
		f.end = now + f.width
	}
	f.used += cost
	return f.number
}

// Refuse counts a refused request in the present window, and starts one where
// none is open.
func (f *Fixed) Refuse(now clock.Time) { f.Take(now, 1) }

// Settle adds delta to a charge that was made in the present window.
func (f *Fixed) Settle(now clock.Time, t Ticket, delta int64) {
	f.turn(now)
	if t == f.number {
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
	return max(0, f.limit-f.used), f.end
}

// Resize changes the limit. What was charged stays charged.
func (f *Fixed) Resize(_ clock.Time, limit int64) { f.limit = limit }

func (f *Fixed) turn(now clock.Time) {
	if now < f.end {
		return
	}
	f.used, f.end = 0, clock.Never
	f.number++
	if f.lead >= 0 {
		f.end = now + f.width - (now+f.lead)%f.width
	}
}
