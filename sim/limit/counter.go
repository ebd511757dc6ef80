package limit

import (
	"time"

	"ratesim/sim/clock"
)

// Counter is a sliding window approximated by two counters: what the window
// before the present one counted, in proportion to how much of it the last
// width still covers, plus what the present one has counted so far. It takes
// the earlier charges as spread evenly, so that it admits a burst too soon or
// too late by up to a width. Windows start at multiples of the width.
//
// The rule and the formula: "How we built rate limiting capable of scaling to
// millions of domains", blog.cloudflare.com, 2017; Kong's sliding window is
// the same.
type Counter struct {
	limit     int64
	last, now int64 // charged to the window before and to the present one
	width     int64 // ns
	end       clock.Time
	number    Ticket // of the present window
}

// NewCounter returns an empty sliding counter of limit per width, which must be
// positive.
func NewCounter(limit int64, width time.Duration) *Counter {
	return &Counter{limit: limit, width: int64(width), end: clock.Time(width)}
}

// Earliest returns now if cost fits, else the time at which it will if nothing
// more is charged, and clock.Never if cost exceeds the limit.
func (c *Counter) Earliest(now clock.Time, cost int64) clock.Time {
	c.turn(now)
	switch {
	case cost > c.limit:
		return clock.Never
	case c.now+cost <= c.limit:
		return max(now, fades(c.end, c.width, c.last, c.limit-c.now-cost))
	}
	return fades(c.end.Add(time.Duration(c.width)), c.width, c.now, c.limit-cost)
}

// fades returns the first time at which a window's count, whose weight falls to
// nothing at end, weighs at most room: count x (end - t) / width <= room.
func fades(end clock.Time, width, count, room int64) clock.Time {
	if count <= room {
		return end - clock.Time(width)
	}
	return end - clock.Time(product(room, width).over(count))
}

// Fits reports whether cost can ever be admitted.
func (c *Counter) Fits(cost int64) bool { return cost <= c.limit }

// Take charges cost to the present window, and returns its number.
func (c *Counter) Take(now clock.Time, cost int64) Ticket {
	c.turn(now)
	c.now += cost
	return c.number
}

// Refuse counts a refused request in the present window.
func (c *Counter) Refuse(now clock.Time) { c.Take(now, 1) }

// Settle adds delta to the window of the charge, if that still counts.
func (c *Counter) Settle(now clock.Time, t Ticket, delta int64) {
	c.turn(now)
	switch t {
	case c.number:
		c.now += delta
	case c.number - 1:
		c.last += delta
	}
}

// Left returns how much is left in whole units, at least 0, and when the last
// charge will have no weight.
func (c *Counter) Left(now clock.Time) (left int64, full clock.Time) {
	c.turn(now)
	full = now
	switch {
	case c.now > 0:
		full = c.end.Add(time.Duration(c.width))
	case c.last > 0:
		full = c.end
	}
	room := product(max(0, c.limit-c.now), c.width).minus(product(c.last, int64(c.end-now)))
	return int64(room.over(c.width)), full
}

// Resize changes the limit. What was charged stays charged.
func (c *Counter) Resize(_ clock.Time, limit int64) { c.limit = limit }

func (c *Counter) turn(now clock.Time) {
	if now < c.end {
		return
	}
	passed := int64(now-c.end)/c.width + 1
	c.last, c.now = c.now, 0
	if passed > 1 {
		c.last = 0
	}
	c.end += clock.Time(passed * c.width)
	c.number += Ticket(passed)
}
