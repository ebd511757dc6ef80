package demand

import (
	"math"
	"time"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/sim/clock"
)

// load measures, in one replication, what the calls ask of each limit of the
// first deployment against what it gives.
type load struct {
	of     *deployment
	end    clock.Time // of the arrivals
	limits []*limitLoad
}

// limitLoad is one limit. Work is in requests, tokens, or, where a limit is on
// what is open at a time, request-minutes or token-minutes.
type limitLoad struct {
	rule  *rule
	steps *steps

	// What the limit has given since the beginning, as a steady rate.
	given float64
	at    clock.Time
	rate  float64    // a ns, now
	turn  clock.Time // when that changes by itself
	check clock.Time // when to look next whether it is at rest

	// Since the last time at which nothing was left to do and all was saved up:
	since         uint64 // number of the first call
	allowance     allowance
	kept, pending float64 // taken up, and to be taken up
	open          float64 // of pending, what has all the time of the run
	missed        float64 // of what was taken up, what did not fit
	used          *mark   // of a limit a day, when nothing of it was left
	rise          rise
}

func newLoad(s *scenarios.Spec, d *deployment) *load {
	l := &load{of: d, end: clock.Time(s.Duration)}
	for _, r := range d.rules {
		m := &limitLoad{rule: r, steps: newSteps(s.Duration)}
		m.rate, m.turn = m.perNS(0)
		l.limits = append(l.limits, m)
	}
	return l
}

// work is what the call looked at asks of the limit, as the vendor charges it in
// the end.
func (m *limitLoad) work(d *deployment) float64 {
	if m.rule.How == provider.ByHolding {
		return float64(m.rule.admitted) * d.model.Takes(&d.attempt, 0.5, 0).Minutes()
	}
	return float64(m.rule.over)
}

// perNS is what the limit gives in a nanosecond from a time on, in the unit of work,
// and until when that stays so without other conditions.
func (m *limitLoad) perNS(from clock.Time) (rate float64, until clock.Time) {
	switch r := m.rule; {
	case !r.up:
		return 0, clock.Never
	case r.How == provider.ByHolding:
		return r.now / float64(time.Minute), clock.Never
	case r.How == provider.ByRamp: // at the rate that use at the limit earns
		period := from / clock.Time(r.Per)
		return r.full * math.Pow(1+r.Growth, float64(period)) / float64(time.Minute), (period + 1) * clock.Time(r.Per)
	default:
		return r.now / float64(r.Width), clock.Never
	}
}

// until returns what was given until now.
func (m *limitLoad) until(now clock.Time) float64 {
	if now >= m.turn {
		m.to(now)
	}
	return m.given + m.rate*float64(now-m.at)
}

// to brings what was given to now.
func (m *limitLoad) to(now clock.Time) {
	for m.at < now {
		next := min(now, m.turn)
		m.steps.give(m.at, next, m.rate)
		m.given += m.rate * float64(next-m.at)
		if m.at = next; next == m.turn {
			m.rate, m.turn = m.perNS(next)
		}
	}
}

// arrive takes down a call, and fills in what it asks of each limit. It reports
// whether there is something to take up later.
func (l *load) arrive(now clock.Time, n uint64, late bool, cells []uint16) bool {
	d := l.of
	some := false
	for i, m := range l.limits {
		cells[i] = none
		if n == 0 {
			m.begin(now, n)
		}
		if d.oversize {
			continue
		}
		if now >= m.check {
			m.check = now.Add(min(m.rule.Width, time.Minute) / often)
			m.allowance.to(now)
			if todo := m.kept + m.pending + m.open; todo > 0 && m.room()-todo >= (1+hysteresis)*m.rule.now {
				m.settle(now, n)
			}
		}
		cells[i] = cell(int64(m.work(d) * workUnit))
		w := float64(costOf(cells[i])) / workUnit
		m.steps.demand(now, w)
		m.rise.add(now, w, m.until(now))
		if m.used == nil && m.rule.Per >= 24*time.Hour && m.kept+m.pending+m.open+w > m.room() {
			m.used = &mark{now, m.rise.work, m.until(now)}
		}
		switch {
		case !d.can:
			m.missed += w
			cells[i] = none
		case late:
			m.open += w
		default:
			m.pending += w
			some = true
		}
	}
	return some
}

// workUnit is how finely work is counted.
const workUnit = 1 << 16

// room is what the limit allows since it began, in the unit of work.
func (m *limitLoad) room() float64 {
	if m.rule.How == provider.ByHolding {
		return m.allowance.best / float64(time.Minute/time.Millisecond)
	}
	return m.allowance.best
}

// finish takes up a call that can be admitted no later.
func (l *load) finish(now clock.Time, n uint64, cells []uint16) {
	for i, m := range l.limits {
		if cells[i] == none || n < m.since {
			continue
		}
		w := float64(costOf(cells[i])) / workUnit
		m.pending -= w
		m.take(now, w)
	}
}

// take takes up work, and misses what does not fit.
func (m *limitLoad) take(now clock.Time, w float64) {
	if m.kept += w; m.kept <= m.room() {
		return
	}
	m.allowance.to(now)
	if room := m.room() * (1 + 1e-9); m.kept > room {
		m.missed += m.kept - room
		m.kept = room
	}
}

func (m *limitLoad) begin(now clock.Time, n uint64) {
	m.since, m.kept, m.pending, m.open, m.missed = n, 0, 0, 0, 0
	m.allowance.begin(m.rule, now, n == 0)
	m.rise, m.used = rise{}, nil
}

// settle ends a stretch in which there was something to do, and begins another.
func (m *limitLoad) settle(now clock.Time, n uint64) {
	m.tell()
	m.begin(now, n)
}

// tell takes down a stretch in which something was missed. One of a limit a day
// begins when that is used up: until then the demand may be what it likes.
func (m *limitLoad) tell() {
	if m.used != nil {
		m.rise.first = *m.used
	}
	m.steps.miss(&m.rise, m.missed, m.rate)
}

func (l *load) change(now clock.Time, before bool) {
	for _, m := range l.limits {
		if before {
			m.to(min(now, l.end))
			if m.allowance.rule != nil {
				m.allowance.to(now)
			}
			continue
		}
		m.rate, m.turn = m.perNS(m.at)
		if m.allowance.rule != nil {
			m.allowance.changed()
		}
	}
}

func (l *load) close(end clock.Time) {
	for _, m := range l.limits {
		m.to(l.end)
		if m.allowance.rule == nil {
			continue // there was no call
		}
		m.take(end, m.open)
		m.tell()
	}
}

// rise finds the stretch in which the work that came exceeds what the limit gave
// by the most.
type rise struct {
	begun       bool
	work, low   float64 // came since the beginning; least of what came beyond what was given
	from        mark    // where that was
	most        float64 // the highest above it since
	first, last mark
}

// mark is a time, with what had come and what had been given until then.
type mark struct {
	at          clock.Time
	work, given float64
}

func (r *rise) add(now clock.Time, work, given float64) {
	if beyond := r.work - given; !r.begun || beyond < r.low {
		r.begun, r.low, r.from = true, beyond, mark{now, r.work, given}
	}
	r.work += work
	if above := r.work - given - r.low; above > r.most {
		r.most, r.first, r.last = above, r.from, mark{now, r.work, given}
	}
}
