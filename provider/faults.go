package provider

import (
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// advance brings outages and limit cuts up to date, one change after another:
// a bucket must be refilled at the rate in force until each.
func (m *Model) advance(now clock.Time) {
	for now >= m.next {
		m.change(m.next)
	}
}

// change works out what holds at now, and until when. Where outages overlap
// the first one listed answers; where cuts overlap they multiply.
func (m *Model) change(now clock.Time) {
	scale, outage, next := 1.0, 0, clock.Never
	for i := range m.cfg.Faults {
		f := &m.cfg.Faults[i]
		if f.At > now {
			next = min(next, f.At)
			continue
		}
		if f.Until <= now {
			continue
		}
		next = min(next, f.Until)
		switch f.Kind {
		case Outage:
			if outage == 0 {
				outage = f.Status
			}
		case LimitCut:
			scale *= f.To
		}
	}
	m.outage, m.next = outage, next
	if scale == m.scale {
		return
	}
	m.scale = scale
	if m.requests != nil {
		perWindow := m.cfg.RPM
		if m.cfg.Window == SubMinute {
			perWindow = perSlice(perWindow)
		}
		m.requests.Resize(now, m.scaled(perWindow))
	}
	if m.tokens != nil {
		m.tokens.Resize(now, m.scaled(m.capacity))
	}
}

// scaled returns a limit as cut now, rounded to whole units.
func (m *Model) scaled(limit int64) int64 {
	if m.scale == 1 {
		return limit
	}
	return int64(math.Round(float64(limit) * m.scale))
}

// fault returns the status with which an admitted attempt fails, 0 for none.
func (m *Model) fault(now clock.Time, a *wire.Attempt) int {
	for i := range m.cfg.Faults {
		f := &m.cfg.Faults[i]
		if f.Kind == Errors && f.At <= now && now < f.Until {
			if m.key.Sub(rng.Fault, uint64(i)).Float64(rng.Fault, a.Call, uint64(a.Number)) < f.Rate {
				return f.Status
			}
		}
	}
	return 0
}

// Allowed returns the tokens that the limit, cut where it was cut, allowed in
// [from, to); 0 without a token limit. Fault boundaries are few, so it simply
// adds up the pieces between them.
func (m *Model) Allowed(from, to clock.Time) float64 {
	total := 0.0
	for t := from; t < to; {
		scale, next := 1.0, to
		for i := range m.cfg.Faults {
			f := &m.cfg.Faults[i]
			if f.Kind != LimitCut {
				continue
			}
			if f.At > t {
				next = min(next, f.At)
			} else if f.Until > t {
				scale *= f.To
				next = min(next, f.Until)
			}
		}
		total += scale * float64(m.capacity) * next.Sub(t).Minutes()
		t = next
	}
	return total
}

// Admits tells an omniscient client from when on a is sure to be admitted if
// it arrives then, although requests and tokens already on their way will be
// charged before it, and nothing else is. Now means at once; clock.Never means
// at no time. last is the latest time at which an attempt sent now arrives:
// where limits change before that, the answer is no earlier than the change.
func (m *Model) Admits(now, last clock.Time, a *wire.Attempt, requests, tokens int64) clock.Time {
	m.advance(now)
	alone, which := m.earliest(now, 1, m.Reservation(a), 0)
	if which == wire.Oversize {
		return clock.Never
	}
	ahead := tokens + m.growth
	if m.cfg.PTU.Units > 0 && requests > 0 {
		ahead += m.Reservation(a) // a may overtake what is on its way, which must not be refused for it
	}
	at, _ := m.earliest(now, requests+1, m.Reservation(a), ahead)
	if at == clock.Never { // no room beside what is on its way or will still grow: look again when it has landed
		at = max(alone, last.Add(time.Millisecond))
	}
	if m.outage != 0 || m.next <= last || at == clock.Never {
		at = m.next.Add(last.Sub(now)) // sent once that has passed
	}
	return at
}

// Most returns the most an attempt that is admitted will be charged at any
// time: its reservation, or what it is settled to if that is more.
func (m *Model) Most(a *wire.Attempt) int64 {
	if m.settles() {
		return max(m.Reservation(a), m.actual(a))
	}
	return m.Reservation(a)
}
