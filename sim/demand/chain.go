package demand

import "ratesim/sim/clock"

// chain bounds how many of a set of calls can succeed: of those that could be
// admitted at the earliest when the chain began, or later. It takes them in the
// order in which they can be admitted at the latest, and keeps as many as fit
// within the allowance of the time; when one too many came it drops the most
// expensive.
type chain struct {
	allowances []allowance // one for each part of its kind
	saved      float64     // what refunds of earlier attempts may add
	grown      float64     // what calls in flight may come to besides, as worked out last
	room       float64     // what is allowed in all, likewise
	since      uint64      // number of the first call that it counts

	base    int64 // lost of calls that ended before it began
	lost    int64
	kept    *costs // of calls that count against the allowance
	beyond  *costs // the most expensive ones, as many as may pass it; nil = none may
	pending int64  // cost of the calls that it will take up
	late    *costs // of calls with all the time of the run; nil = there are none
	idle    bool
}

// total is what the chain knows to be lost.
func (c *chain) total() int64 { return c.base + c.lost }

// work is the cost of all calls that the chain has, and will have to take up.
func (c *chain) work() int64 {
	w := c.kept.total + c.pending
	if c.beyond != nil {
		w += c.beyond.total
	}
	if c.late != nil {
		w += c.late.total
	}
	return w
}

// take adds a call, of which free may pass the allowance.
func (c *chain) take(cell uint16, free int64) {
	if free == 0 {
		c.kept.add(cell)
		return
	}
	c.beyond.add(cell)
	for c.beyond.n > free {
		least := c.beyond.least()
		c.beyond.remove(least)
		c.kept.add(least)
	}
}

// fit drops the most expensive calls until there is room for the others.
func (c *chain) fit() {
	room := c.room + c.room*1e-9 + 1e-6 // which is more than floating point is off
	for float64(c.kept.total) > room {
		c.lost++
		most := c.kept.most()
		c.kept.remove(most)
		if c.beyond != nil && c.beyond.n > 0 {
			c.beyond.remove(c.beyond.most())
			c.beyond.add(most)
		}
	}
}

// begin empties the chain, which begins with the call number since.
func (c *chain) begin(since uint64, base int64) {
	c.since, c.base, c.lost, c.pending, c.idle, c.saved, c.grown, c.room = since, base, 0, 0, false, 0, 0, 0
	c.kept.clear()
	if c.beyond != nil {
		c.beyond.clear()
	}
	if c.late != nil {
		c.late.clear()
	}
}

func (c *chain) to(now clock.Time) {
	for i := range c.allowances {
		c.allowances[i].to(now)
	}
}
