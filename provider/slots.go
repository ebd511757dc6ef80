package provider

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// limiter is what a Model needs of an algorithm in sim/limit.
type limiter interface {
	Earliest(now clock.Time, cost int64) clock.Time
	Fits(cost int64) bool
	Take(now clock.Time, cost int64) limit.Ticket
	Settle(now clock.Time, t limit.Ticket, delta int64)
	Left(now clock.Time) (left int64, full clock.Time)
	Resize(now clock.Time, limit int64)
	Refuse(now clock.Time)
}

// slot is one limit of a deployment at work.
type slot struct {
	limiter limiter
	counts  Unit
	name    wire.Limit    // as replies tell it
	refuser limit.Name    // as results count it
	most    int64         // before any limit cut, as replies tell it
	window  int64         // the same for one window of the limiter, which may be a slice of it
	per     time.Duration // 0 = at a time, or a provisioned deployment's
	minute  bool          // a limit per minute
	level   bool          // decides by what was charged before, not by what the attempt costs
	open    bool          // what is charged is given back when the attempt ends
	ramp    bool          // bounds growth; a limit cut does not touch it
	ticket  int           // index in wire.Attempt.Tickets
}

// Pools holds the limits that the deployments of one run share, by the name of
// the pool. Its zero value is ready to use.
type Pools struct{ slots map[pooled]limiter }

type pooled struct {
	pool string
	l    Limit
}

// slots builds the limits of c, those on requests first.
func (c *Config) slots(pools *Pools) []slot {
	var slots []slot
	for _, r := range c.Rules() {
		s := slot{limiter: r.limiter(), counts: r.Counts, name: r.Name, refuser: r.Refuser, most: r.Most, window: r.Window, per: r.Per, minute: r.Per == limit.Window,
			level: r.How == ByUtilisation || r.How == ByRamp, open: r.How == ByHolding, ramp: r.How == ByRamp}
		if r.How == ByUtilisation {
			s.per, s.minute = 0, true
		}
		if key := (pooled{c.Pool, r.Limit}); r.Shared && c.Pool != "" && pools != nil {
			if pools.slots == nil {
				pools.slots = map[pooled]limiter{}
			}
			if known, ok := pools.slots[key]; ok {
				s.limiter = known
			} else {
				pools.slots[key] = s.limiter
			}
		}
		if r.Counts == Tokens || r.Counts == Input {
			for i := range slots {
				if slots[i].counts == Tokens || slots[i].counts == Input {
					s.ticket++
				}
			}
		}
		slots = append(slots, s)
	}
	return slots
}

// earliest returns when an attempt that costs own would be admitted after
// others, requests and tokens of them, have been charged, and the slot of the
// limit that makes it wait until then. An attempt that is larger than a limit is
// never admitted.
func (m *Model) earliest(now clock.Time, own *Costs, requests, tokens int64) (at clock.Time, slot int, oversize bool) {
	at, slot = now, none
	for i := range m.slots {
		s := &m.slots[i]
		cost := own[s.counts]
		if !s.level && cost > s.most {
			return clock.Never, i, true
		}
		switch {
		case s.counts == Requests:
			cost += requests
		case s.level && !s.ramp:
			cost = tokens
		default:
			cost += tokens
		}
		if t := s.limiter.Earliest(now, cost); t > at {
			at, slot = t, i
		}
	}
	return at, slot, false
}

// none stands for no slot.
const none = -1

// byFault stands for a refusal by a fault, not by a limit.
const byFault = -2

func (m *Model) take(now clock.Time, a *wire.Attempt, own *Costs) {
	for i := range m.slots {
		s := &m.slots[i]
		if s.counts == Output {
			continue // charged as it is produced
		}
		if t := s.limiter.Take(now, own[s.counts]); s.counts != Requests {
			a.Tickets[s.ticket] = uint32(t)
		}
	}
}

// settle corrects every charge of a, which is over.
func (m *Model) settle(now clock.Time, a *wire.Attempt) {
	own := &m.own
	if m.mixed {
		own = m.reserved(a)
	}
	own[m.counts] = a.Reserved
	actual := m.actual(a)
	trued := m.trues(a)
	for i := range m.slots {
		s := &m.slots[i]
		switch {
		case s.open:
			s.limiter.Settle(now, limit.Ticket(a.Tickets[s.ticket]), -own[s.counts])
		case s.counts == Tokens || s.counts == Input:
			if trued && !s.ramp {
				s.limiter.Settle(now, limit.Ticket(a.Tickets[s.ticket]), actual[s.counts]-own[s.counts])
			}
		}
	}
	if m.main >= 0 && trued {
		m.Tally.Settled += actual[m.counts] - own[m.counts]
	}
}

// quotas fills in what replies tell of the limits, in the form in which
// headers carry it.
func (m *Model) quotas(now clock.Time, r *wire.Reply) {
	r.Requests, r.Tokens = wire.NoQuota, wire.NoQuota
	if m.headers.Silent {
		return
	}
	if m.shown >= 0 {
		r.Requests = m.quota(now, &m.slots[m.shown])
	}
	if m.main >= 0 {
		r.Tokens = m.quota(now, &m.slots[m.main])
	}
	if m.other >= 0 { // the one of input and output of which the smaller share is left
		q := m.quota(now, &m.slots[m.other])
		if float64(q.Remaining)*float64(r.Tokens.Limit) < float64(r.Tokens.Remaining)*float64(q.Limit) {
			r.Tokens = q
		}
	}
}

func (m *Model) quota(now clock.Time, s *slot) wire.Quota {
	left, full := s.limiter.Left(now)
	if full == clock.Never { // a bucket whose limit is cut to nothing: as for retry-after
		full = now.Add(limit.Window)
	}
	if s.counts != Requests {
		left = m.headers.Rounded(left)
	}
	q := wire.Quota{Limit: m.size(s), Remaining: left, Reset: wire.Absent}
	switch {
	case m.headers.NoReset:
	case m.headers.Instant:
		q.Reset = clock.Time(roundUp(full.Sub(0), m.resetUnit)).Sub(now)
	default:
		q.Reset = cut(full.Sub(now), m.resetUnit)
	}
	return q
}

// size returns how large the limit of s is now, as replies tell it.
func (m *Model) size(s *slot) int64 {
	if !s.ramp {
		return m.scaled(s.most)
	}
	r, _ := s.limiter.(*limit.Ramp) // as those of all such slots are
	return r.Rate()
}

// cut returns d cut to units. Division by a constant is multiplication, and
// most vendors cut to milliseconds.
func cut(d, unit time.Duration) time.Duration {
	if unit == time.Millisecond {
		return d / time.Millisecond * time.Millisecond
	}
	return d / unit * unit
}

// produce charges what all admitted attempts have produced since the last
// time against limits on output. Each produces a token in every
// Latency.PerToken from its admission on; what that is off, because of the time
// to the first token above all, is put right when it ends.
func (m *Model) produce(now clock.Time) {
	if m.producing > 0 { // in steps: a bucket is refilled while a long answer drains it
		for t := m.producedAt - m.producedAt%clock.Time(step) + clock.Time(step); t < now; t = t.Add(step) {
			m.tick(t)
		}
	}
	m.tick(now)
}

// step is how long output may be charged late, when nothing else happens. Steps
// are at whole seconds: those who look at the meter then change nothing.
const step = time.Second

func (m *Model) tick(now clock.Time) {
	n := int64(m.clock(now)-m.ticked) * m.producing
	m.ticked, m.producedAt = m.clock(now), now
	m.charge(now, n)
}

// clock returns how many tokens one attempt would have produced since the run
// began.
func (m *Model) clock(now clock.Time) uint32 {
	if m.cfg.Latency.PerToken <= 0 {
		return 0
	}
	return uint32(int64(now) / int64(m.cfg.Latency.PerToken))
}

func (m *Model) charge(now clock.Time, n int64) {
	spare := min(n, m.spare)
	m.spare -= spare
	if n -= spare; n <= 0 {
		return
	}
	for i := range m.slots {
		if s := &m.slots[i]; s.counts == Output {
			s.limiter.Take(now, n)
		}
	}
}

// produced settles what a has produced.
func (m *Model) produced(now clock.Time, a *wire.Attempt) {
	m.producing--
	off := int64(a.Output) - int64(m.clock(now)-a.Tickets[wire.MaxTickets-1])
	if off < 0 {
		m.spare -= off
		return
	}
	m.charge(now, off)
}
