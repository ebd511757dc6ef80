package provider

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// Answer turns r, with which Arrive has just answered a at now, into the form that a
// wire.Dialect encodes. It has the same numbers as r, and what the body of an error
// says in addition. The caller sets ans.Now, RequestID and the names of both sides.
func (m *Model) Answer(now clock.Time, a *wire.Attempt, r *wire.Reply, ans *wire.Answer) {
	ans.Status, ans.Limit, ans.Wait = r.Status, r.Limit, r.RetryAfter
	// A wait finer than its unit has been put in a header of a finer one.
	ans.Millis = r.RetryAfter > 0 && r.RetryAfter%m.waitUnit != 0
	ans.Standings = ans.Standings[:0]
	if r.Requests != wire.NoQuota {
		ans.Standings = append(ans.Standings, m.slots[m.shown].standing(r.Requests))
	}
	if r.Tokens != wire.NoQuota {
		s := &m.slots[m.main]
		if m.other >= 0 {
			first, second := m.both(now)
			if r.Tokens == second && r.Tokens != first {
				s, second = &m.slots[m.other], first
			}
			other := &m.slots[m.main]
			if s == other {
				other = &m.slots[m.other]
			}
			if r.Tokens == first || r.Tokens == second || s == &m.slots[m.other] {
				ans.Standings = append(ans.Standings, other.standing(second))
			}
		}
		ans.Standings = append(ans.Standings, s.standing(r.Tokens))
	}
	if r.Status == wire.StatusTooManyRequests {
		m.explain(now, a, r, ans)
	}
}

// told is what a client reads of a refusal.
type told struct {
	status int
	limit  wire.Limit
}

// read works out what clients of the vendor read of a limit. A deployment of no vendor
// tells all.
func (m *Model) read(l wire.Limit) told {
	d, ok := wire.DialectOf(m.cfg.Vendor)
	if !ok || l == wire.NoLimit {
		return told{wire.StatusTooManyRequests, l}
	}
	unit := wire.Request
	for i := range m.slots {
		if s := &m.slots[i]; s.name == l || l == wire.Oversize && s.counts != Requests {
			unit = s.unit()
			break
		}
	}
	status, limit := d.Told(l, unit)
	return told{status, limit}
}

// Tell turns what Arrive has filled in into what a client reads: a vendor may
// not say which limit refused, or say it with a status of its own.
func (m *Model) Tell(r *wire.Reply) {
	if r.Status == wire.StatusTooManyRequests {
		t := &m.told[r.Limit]
		if t.status == 0 { // an answer has to be written and read for it, which takes longer than all else in New
			*t = m.read(r.Limit)
		}
		r.Status, r.Limit = t.status, t.limit
	}
}

// both returns what headers would tell of input and output.
func (m *Model) both(now clock.Time) (first, second wire.Quota) {
	return m.quota(now, &m.slots[m.main]), m.quota(now, &m.slots[m.other])
}

// standing is q as a limit's standing.
func (s *slot) standing(q wire.Quota) wire.Standing {
	return wire.Standing{Unit: s.unit(), Per: s.told(), Limit: q.Limit, Remaining: q.Remaining, Reset: q.Reset}
}

// told is the window over which replies say that s counts: a limit on growth is one per
// minute at any time.
func (s *slot) told() time.Duration {
	if s.ramp {
		return limit.Window
	}
	return s.per
}

func (s *slot) unit() wire.Unit {
	if s.name == wire.Utilisation {
		return wire.Percent
	}
	return [...]wire.Unit{wire.Request, wire.Token, wire.InputToken, wire.OutputToken}[s.counts]
}

// explain tells of the limit that refused a.
func (m *Model) explain(now clock.Time, a *wire.Attempt, r *wire.Reply, ans *wire.Answer) {
	if m.refuser < 0 {
		ans.Unit, ans.Per = wire.Request, limit.Window
		if m.refuser == byFault && m.requestsPerMinute > 0 { // as if the limit were reached
			ans.Most, ans.Requested = m.scaled(m.requestsPerMinute), 1
			ans.Used = ans.Most
		}
		return
	}
	s, own := &m.slots[m.refuser], m.reserved(a)
	left, _ := s.limiter.Left(now)
	ans.Unit, ans.Per, ans.Most, ans.Requested = s.unit(), s.told(), m.size(s), own[s.counts]
	ans.Used = max(0, ans.Most-left)
	at := s.limiter.Earliest(now, own[s.counts])
	if wait := at.Sub(now); at != clock.Never && roundUp(wait, m.waitUnit) == r.RetryAfter {
		ans.Wait = wait // the body has it finer than the header
	}
}
