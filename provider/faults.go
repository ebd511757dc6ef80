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
	if now >= m.next || m.produces { // seldom: what follows is not for inlining
		m.catchUp(now)
	}
}

func (m *Model) catchUp(now clock.Time) {
	for now >= m.next {
		m.change(m.next)
	}
	if m.produces {
		m.produce(now)
	}
}

// change works out what holds at now, and until when. Where outages overlap
// the first one listed answers; where cuts overlap they multiply.
func (m *Model) change(now clock.Time) {
	scale, outage, unpaid, next := 1.0, 0, false, clock.Never
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
			down := true
			if f.MTBF > 0 {
				var until clock.Time
				down, until = m.spell(i, now)
				next = min(next, until)
			}
			if down && outage == 0 {
				outage = f.Status
			}
		case Unpaid:
			unpaid = true
		case LimitCut:
			scale *= f.To
		}
	}
	m.outage, m.unpaid, m.next = outage, unpaid, next
	if scale == m.scale {
		return
	}
	m.scale = scale
	for i := range m.slots {
		if s := &m.slots[i]; !s.ramp {
			s.limiter.Resize(now, m.scaled(s.window))
		}
	}
}

// Conditions returns what holds at now: whether attempts are decided about at all,
// which share of the limits is in force, and when either may change.
func (m *Model) Conditions(now clock.Time) (up bool, scale float64, until clock.Time) {
	m.advance(now)
	return m.outage == 0 && !m.unpaid, m.scale, m.next
}

// spell is a stretch of time in which a recurring outage holds, or does not.
type spell struct {
	down  bool
	until clock.Time
	n     uint64 // how many there were before
}

// spell returns whether the recurring outage i holds at now, and until when
// that stays so. It is up first.
func (m *Model) spell(i int, now clock.Time) (down bool, until clock.Time) {
	f, s := &m.cfg.Faults[i], &m.spells[i]
	if s.n == 0 {
		s.down, s.until = true, f.At
	}
	for s.until <= now {
		s.down = !s.down
		mean := f.MTBF
		if s.down {
			mean = f.MTTR
		}
		u := m.draw(i, s.n, spells)
		s.until = s.until.Add(1 + time.Duration(-math.Log1p(-u)*float64(mean)))
		s.n++
	}
	return s.down, s.until
}

// What a fault draws for, beside whether it strikes.
const (
	strikes = iota << 32
	shares
	spells
)

// draw returns a number in [0, 1) for fault i.
func (m *Model) draw(i int, call, number uint64) float64 {
	return m.key.Sub(rng.Fault, uint64(i)).Float64(rng.Fault, call, number)
}

// scaled returns a limit as cut now, rounded to whole units.
func (m *Model) scaled(limit int64) int64 {
	if m.scale == 1 {
		return limit
	}
	return int64(math.Round(float64(limit) * m.scale))
}

// statusHang is what strike returns for an attempt that gets no answer; the
// client sees a gateway's 504 if it waits for so long.
const statusHang = -1

// hang is how long it would have to wait: the default timeout of the OpenAI
// and Anthropic SDKs.
const hang = 10 * time.Minute

// SetFaults replaces the faults from now on; cfg they are of must have passed
// Validate. What was charged stays charged.
func (m *Model) SetFaults(now clock.Time, cfg *Config) {
	m.advance(now)
	m.cfg, m.stale, m.struck = cfg, stale{}, Struck{}
	m.setFaults()
	m.change(now)
}

// setFaults prepares for the faults of the description.
func (m *Model) setFaults() {
	m.spells, m.refuses = make([]spell, len(m.cfg.Faults)), false
	for i := range m.cfg.Faults {
		m.refuses = m.refuses || m.cfg.Faults[i].refuses()
	}
}

// refuses reports whether the fault refuses attempts with 429 instead of letting
// admitted ones fail.
func (f *Fault) refuses() bool { return f.Kind == Errors && f.Status == wire.StatusTooManyRequests }

// refusedByFault reports whether a fault refuses an attempt with 429.
func (m *Model) refusedByFault(now clock.Time, a *wire.Attempt) bool {
	for i := range m.cfg.Faults {
		f := &m.cfg.Faults[i]
		if f.refuses() && f.At <= now && now < f.Until && m.draw(i, a.Call, uint64(a.Number)|strikes) < f.Rate {
			return true
		}
	}
	return false
}

// strike returns the status with which an admitted attempt ends and how many
// times as long it takes. An attempt that fails produces nothing, or part of
// its output, and that is what it is settled for. What it does to the connection it
// notes for Struck.
func (m *Model) strike(now clock.Time, a *wire.Attempt) (status int, slower float64) {
	slower, m.struck = 1, Struck{}
	for i := range m.cfg.Faults {
		f := &m.cfg.Faults[i]
		switch f.Kind {
		case Errors, Hang, Reset, MidStream, SlowStream, Garbled:
		default:
			continue
		}
		if f.refuses() || f.At > now || now >= f.Until || m.draw(i, a.Call, uint64(a.Number)|strikes) >= f.Rate {
			continue
		}
		switch f.Kind {
		case SlowStream:
			slower *= f.To
			m.struck.drip(f)
			continue
		case MidStream:
			a.Output = m.partOf(f, i, a)
		case Errors:
			a.Output = 0
		default:
			return m.breaks(f, i, a), slower
		}
		return f.Status, slower
	}
	return wire.StatusOK, slower
}

// stale is what replies with stale headers tell.
type stale struct {
	at               clock.Time
	known            bool
	requests, tokens wire.Quota
}

// misreport puts the known bugs of headers into r. What was asked for, a wait
// that is not there, stays absent.
func (m *Model) misreport(now clock.Time, a *wire.Attempt, r *wire.Reply) {
	refused := r.Status == wire.StatusTooManyRequests
	for i := range m.cfg.Faults {
		f := &m.cfg.Faults[i]
		if f.Kind != BadHeaders || f.At > now || now >= f.Until {
			continue
		}
		if f.Bug == StaleHeaders && (!m.stale.known || now.Sub(m.stale.at) >= time.Minute) {
			m.stale = stale{now, true, r.Requests, r.Tokens}
		}
		if m.draw(i, a.Call, uint64(a.Number)|strikes) >= f.Rate {
			continue
		}
		switch {
		case f.Bug == StaleHeaders:
			r.Requests.Remaining, r.Tokens.Remaining = m.stale.requests.Remaining, m.stale.tokens.Remaining
		case f.Bug == Negative:
			r.Tokens = wire.Quota{Limit: wire.Absent, Remaining: wire.Absent}
			r.RetryAfter, r.InBody = wire.Absent, false
		case !refused:
		case f.Bug == DayLong:
			r.RetryAfter, r.InBody = 24*time.Hour, m.headers.InBody
		case f.Bug == SecondsInMs && r.RetryAfter > 0:
			r.RetryAfter = roundUp(r.RetryAfter, time.Second) / 1000
		case f.Bug == NoHeaders:
			r.RetryAfter, r.InBody, r.Requests, r.Tokens = wire.Absent, false, wire.NoQuota, wire.NoQuota
		}
	}
}

// Allowed returns the tokens that the limit, cut where it was cut, allowed in
// [from, to); 0 without a token limit. Fault boundaries are few, so it simply
// adds up the pieces between them.
func (m *Model) Allowed(from, to clock.Time) float64 {
	total, capacity := 0.0, m.tokensPerMinute
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
		total += scale * float64(capacity) * next.Sub(t).Minutes()
		t = next
	}
	return total
}

// Admits tells an omniscient client, for which Foresee was called, the time from which
// a is certain to be admitted if it arrives then. It counts the requests and tokens
// that are already on their way, and assumes that nothing else arrives before a. Now
// means at once; clock.Never means at no time. last is the latest time at which an
// attempt that is sent now arrives. If limits change before that, the answer is no
// earlier than the change.
// A limit on output can still refuse a: until an attempt ends, it is also charged for
// the time before its first token, which cannot be foreseen.
func (m *Model) Admits(now, last clock.Time, a *wire.Attempt, requests, tokens int64) clock.Time {
	m.advance(now)
	own := m.reserved(a)
	ahead := tokens + m.growth
	if m.cfg.PTU.Units > 0 && requests > 0 {
		ahead += own[m.counts] // a may overtake what is on its way, which must not be refused for it
	}
	at, _, oversize := m.earliest(now, own, requests, ahead)
	switch {
	case oversize:
		return clock.Never
	case at == clock.Never: // no room beside what is on its way or will still grow: look again when it has landed
		alone, _, _ := m.earliest(now, own, 0, 0)
		at = max(alone, last.Add(time.Millisecond))
	case m.holds && m.crowded(now, own, requests, ahead): // nobody knows for how long: look again, too
		at = max(at, last.Add(time.Millisecond))
	}
	if m.outage != 0 || m.unpaid || m.next <= last || at == clock.Never {
		at = m.next.Add(last.Sub(now)) // sent once that has passed
	}
	return at
}

// Fits reports whether Admits can ever tell another time for a than clock.Never. It
// takes less time than Admits.
func (m *Model) Fits(now clock.Time, a *wire.Attempt) bool {
	m.advance(now)
	own, last := m.reserved(a), m.next == clock.Never // nothing changes any more
	if last && (m.outage != 0 || m.unpaid) {
		return false
	}
	for i := range m.slots {
		s := &m.slots[i]
		cost := own[s.counts]
		if s.level && !s.ramp {
			cost = 0
		}
		switch {
		case last && (s.ramp || cost == 0): // of a limit cut to 0 there may not even be nothing
			if s.limiter.Earliest(now, cost) == clock.Never {
				return false
			}
		case !s.ramp && (cost > s.most || last && !s.limiter.Fits(cost)):
			return false
		}
	}
	return true
}

// crowded reports whether a limit on what is there at a time would refuse an
// attempt that costs own, after others.
func (m *Model) crowded(now clock.Time, own *Costs, requests, tokens int64) bool {
	for i := range m.slots {
		s := &m.slots[i]
		ahead := tokens
		if s.counts == Requests {
			ahead = requests
		}
		if s.open && s.limiter.Earliest(now, own[s.counts]+ahead) > now {
			return true
		}
	}
	return false
}
