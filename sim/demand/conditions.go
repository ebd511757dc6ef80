package demand

import (
	"ratesim/provider"
	"ratesim/sim/clock"
)

// span is a stretch of time in which nothing about a deployment changes.
type span struct {
	from, until clock.Time // until is not in it
	up          bool       // an attempt that is admitted then may succeed
	scale       float64    // share of the limits in force
}

// conditions tells the spans of a deployment, one after the other. They are
// those that every run of the replication meets, recurring outages too.
type conditions struct {
	model *provider.Model // nothing is sent to it
	ahead []span          // the present one and those looked at already
}

// maxAhead is how many spans are looked at to find one in which a call may be
// admitted. It is taken for one that can be if none of so many will do.
const maxAhead = 1 << 12

func newConditions(m *provider.Model) conditions {
	c := conditions{model: m}
	c.look(0)
	return c
}

// now returns the present span.
func (c *conditions) now() *span { return &c.ahead[0] }

// next moves on to the span after the present one.
func (c *conditions) next() {
	if len(c.ahead) == 1 {
		c.look(c.ahead[0].until)
	}
	c.ahead = c.ahead[:copy(c.ahead, c.ahead[1:])]
}

// look adds the span that begins at t.
func (c *conditions) look(t clock.Time) {
	s := span{from: t}
	s.up, s.scale, s.until = c.model.Conditions(t)
	faults := c.model.Config().Faults
	for i := range faults {
		f := &faults[i]
		if !certain(f) || f.Until <= t {
			continue
		}
		if f.At <= t {
			s.up, s.until = false, min(s.until, f.Until)
		} else {
			s.until = min(s.until, f.At)
		}
	}
	c.ahead = append(c.ahead, s)
}

// certain reports whether every attempt that f strikes fails, and it strikes all.
func certain(f *provider.Fault) bool {
	switch f.Kind {
	case provider.Errors, provider.Hang, provider.Reset, provider.MidStream, provider.Garbled:
		return f.Rate >= 1
	}
	return false
}

// some reports whether there is a span between from and to, both included, in
// which the deployment is up and holds reports true. from must lie in the
// present span or later.
func (c *conditions) some(from, to clock.Time, holds func(*span) bool) bool {
	for i := 0; i < maxAhead; i++ {
		if i == len(c.ahead) {
			last := c.ahead[i-1].until
			if last == clock.Never {
				return false
			}
			c.look(last)
		}
		s := &c.ahead[i]
		switch {
		case s.until <= from:
		case s.from > to:
			return false
		case s.up && holds(s):
			return true
		}
	}
	return true
}
