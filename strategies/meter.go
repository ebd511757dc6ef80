package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// meter estimates what is left of one limit. The zero value knows nothing and
// holds nothing back.
type meter struct {
	limit float64 // per minute; 0 = not known
	left  float64 // at asOf, at most limit; below 0 when calls used more than was counted
	asOf  clock.Time
	full  clock.Time // when all will be left again, as the last header promised; Never if none did

	refill float64 // what comes back each ns
	apart  float64 // ns in which one does: 1/refill
}

// read believes q, the header of an attempt sent at sent, since which spent
// more has been sent.
func (m *meter) read(now, sent clock.Time, q wire.Quota, spent float64) {
	limit := m.limit
	switch {
	case q.Limit > 0:
		limit = float64(q.Limit)
	case q.Remaining >= 0: // only what remains is told: the limit is at least that
		limit = max(limit, float64(q.Remaining))
	}
	if limit != m.limit {
		m.limit = limit
		m.refill = limit / float64(time.Minute)
		m.apart = 1 / m.refill
	}
	if q.Remaining < 0 {
		return
	}
	m.left = min(float64(q.Remaining), m.limit)
	m.asOf, m.full = sent, clock.Never
	if q.Reset >= 0 {
		m.full = sent.Add(q.Reset)
	}
	m.advance(now)
	m.left = max(0, m.left-spent)
}

// advance adds what is refilled until now, less what others take, and everything
// once the promised time has come.
func (m *meter) advance(now clock.Time) {
	m.left += m.refill * float64(now-m.asOf)
	m.asOf = now
	switch {
	case m.full <= now:
		m.left, m.full = m.limit, clock.Never
	case m.left > m.limit:
		m.left = m.limit
	}
}

// exhaust notes that nothing is left.
func (m *meter) exhaust(now clock.Time) {
	m.advance(now)
	m.left = 0
}

// ready returns when as much as need will be left, or, if that is more than ever
// is, all.
func (m *meter) ready(now clock.Time, need float64) clock.Time {
	if m.limit == 0 {
		return now
	}
	m.advance(now)
	if need > m.limit {
		need = m.limit
	}
	missing := need - m.left
	if missing <= 0 {
		return now
	}
	if wait := missing * m.apart; wait < float64(m.full-now) {
		return now + clock.Time(wait+0.5)
	}
	return m.full
}

// spend takes cost and returns when the next may be sent: now, or, when less
// than the share slow of the limit is left, once cost has been refilled.
func (m *meter) spend(now clock.Time, cost, slow float64) clock.Time {
	if m.limit == 0 {
		return now
	}
	m.left = max(0, m.left-cost)
	if m.left >= slow*m.limit {
		return now
	}
	return now + clock.FromSeconds(60*min(1, cost/m.limit))
}
