package metrics

import "ratesim/sim/clock"

const (
	recoverySeconds = 10   // goodput is taken over the last so many seconds
	recoveryShare   = 0.95 // of its mean before the first fault
)

// recovery finds when goodput is back after the last fault. It keeps goodput
// by the second for the last ten seconds only, from ten seconds before the
// fault ends.
type recovery struct {
	from, until clock.Time // of the faults; both 0 without any
	since       clock.Time // first arrival
	before      int64      // tokens from then to the first fault
	ring        [recoverySeconds]int64
	sum         int64
	second      int64      // the open second, from ten before until
	at          clock.Time // when it had recovered; 0 = not yet
}

func (c *recovery) add(now clock.Time, tokens int64) {
	if c.until == 0 {
		return
	}
	if now < c.from {
		c.before += tokens
	}
	if start := c.until - recoverySeconds*clock.Second; now >= start && c.at == 0 {
		c.turn(now)
		c.ring[c.second%recoverySeconds] += tokens
		c.sum += tokens
	}
}

// turn closes every second before the one that holds now.
func (c *recovery) turn(now clock.Time) {
	start := c.until - recoverySeconds*clock.Second
	need := recoveryShare * float64(c.before) / c.from.Sub(c.since).Seconds() * recoverySeconds
	for open := int64((now - start) / clock.Second); c.second < open && c.at == 0; {
		c.second++
		if c.second >= recoverySeconds && float64(c.sum) >= need {
			c.at = start + clock.Time(c.second)*clock.Second
		}
		i := c.second % recoverySeconds
		c.sum -= c.ring[i]
		c.ring[i] = 0
	}
}

// seconds returns how long recovery took, and whether it came at all: if not,
// how long the run went on without it. ok is false when the question does not
// arise: no fault, or no goodput before it.
func (c *recovery) seconds(end clock.Time) (s float64, recovered, ok bool) {
	if c.until == 0 || c.before == 0 || end <= c.until {
		return 0, false, false
	}
	if c.turn(end); c.at == 0 {
		return end.Sub(c.until).Seconds(), false, true
	}
	return c.at.Sub(c.until).Seconds(), true, true
}
