// Package provider models the server: what a deployment admits, what it charges,
// what it answers and how long that takes. The simulator and the mock HTTP server
// drive the same Model. Clients see only the wire.Reply.
//
// A Model is one deployment behind one set of limits. Arrive decides about an
// attempt. It checks outages first, then requests that could never pass, then all
// limits together, so that a refusal by one limit charges none of the others. Where
// the vendor counts refusals, each refusal costs a request; see Charge.Rejected. An
// admitted attempt is charged a reservation. Finish corrects it when the work is
// done. If the client hung up, that is later than the client knows.
package provider

import (
	"cmp"
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// Tally is what a deployment has counted. It only grows.
type Tally struct {
	Admitted int64 // attempts admitted, failed ones among them
	Reserved int64 // tokens charged at admission
	Settled  int64 // tokens added at the end, or given back when negative
	Billed   Bill  // tokens of attempts answered 200
}

// Charged returns the tokens charged so far, net of settlements.
func (t Tally) Charged() int64 { return t.Reserved + t.Settled }

// Model is one deployment at work. It is not safe for concurrent use; a server
// holds a lock around it.
type Model struct {
	Tally Tally

	cfg     *Config
	key     rng.Key
	weights weights
	own     Costs // see reserved
	spent   Costs // see actual
	headers wire.Headers
	slots   []slot
	counts  Unit // of main
	main    int  // the slot of the limit on tokens that Tally and headers tell of; -1 = none
	other   int  // of input and output, the one that is not main; -1 = there are not both
	shown   int  // the slot of the limit on requests that headers tell of; -1 = none

	tokensPerMinute, requestsPerMinute int64 // the limits, 0 = none

	resetUnit, waitUnit time.Duration

	refuser  int  // the slot that refused last; none when nobody paid, or byFault
	oversize bool // it refused what is too large for it

	foreseen bool // somebody will ask Admits
	mixed    bool // what is reserved differs from limit to limit
	holds    bool // a limit is on what is there at a time

	produces   bool       // output is counted as it is produced
	producing  int64      // by how many attempts, now
	spare      int64      // tokens counted that were not produced, to be set off
	ticked     uint32     // clock when it was counted last
	producedAt clock.Time // and when that was

	refuses bool // a fault answers 429 to some attempts

	scale  float64              // of the limits now
	outage int                  // status answered to all now; 0 when up
	unpaid bool                 // everything is refused for billing now
	next   clock.Time           // when scale, outage or unpaid change next
	spells []spell              // of recurring outages
	told   [wire.NumLimits]told // as far as it was needed; a status of 0 = not yet
	growth int64                // when foreseen, tokens that settlements to come, or output to come, will add
	stale  stale
	struck Struck
	coming Stream
	cache  *cache // nil = it has none
}

// New returns the model of cfg, which must have passed Validate. Draws are
// keyed by key, call and attempt. Models made with the same pools share the
// limits of their pool; a limit cut of one of them then cuts for all.
func New(cfg *Config, key rng.Key, pools *Pools) *Model {
	m := &Model{cfg: cfg, key: key, scale: 1, weights: cfg.weights(), own: Costs{Requests: 1}, spent: Costs{Requests: 1}, headers: cfg.Headers, slots: cfg.slots(pools),
		counts: Tokens, main: none, other: none, shown: none, refuser: none,
		tokensPerMinute: cfg.TokenLimit(), requestsPerMinute: cfg.PerMinute(Requests)}
	if cfg.PTU.Units > 0 {
		m.headers = wire.Headers{Silent: true, RetryAfter: time.Millisecond}
	}
	m.resetUnit, m.waitUnit = m.headers.ResetUnit(), cmp.Or(m.headers.RetryAfter, time.Second)
	for i := range m.slots {
		m.place(i)
	}
	m.setFaults()
	m.cache = newCache(&cfg.Cache)
	m.change(0)
	return m
}

// Foresee makes the model remember what Admits needs to know. It is called before
// the first Arrive.
func (m *Model) Foresee() { m.foreseen = true }

// Unread says that no client reads what is left of the limits from replies. From then
// on replies do not tell it.
func (m *Model) Unread() { m.headers.Silent = true }

// place works out what the slot i stands for in headers and the tally.
func (m *Model) place(i int) {
	s := &m.slots[i]
	m.produces = m.produces || s.counts == Output
	m.holds = m.holds || s.open
	m.mixed = m.mixed || s.open || s.counts == Input
	switch {
	case s.open || s.ramp && !(m.headers.Growth && s.counts == Requests):
	case s.counts == Requests:
		if m.shown < 0 || m.headers.Daily && s.name == wire.Daily {
			m.shown = i
		}
	case s.name == wire.Daily:
	case s.counts != Output && (m.main < 0 || s.minute && !m.slots[m.main].minute):
		m.main, m.counts = i, s.counts
	case m.main >= 0 && m.counts == Input && s.counts == Output && m.other < 0:
		m.other = i
	}
}

// Config returns the description the model was made from.
func (m *Model) Config() *Config { return m.cfg }

// Arrive decides about an attempt that reaches the deployment at now and
// returns how long the answer takes from there. It fills in r what the client
// will see; the caller owns r.Attempt and r.Deployment. An attempt with
// a.Reserved > 0 or r.OK() must be handed to Finish when that time is over.
func (m *Model) Arrive(now clock.Time, a *wire.Attempt, r *wire.Reply) time.Duration {
	m.advance(now)
	r.Status, r.Limit, r.InBody, r.RetryAfter, r.Prompt, r.Output = wire.StatusOK, wire.NoLimit, false, wire.Absent, 0, 0
	r.Cached, r.Written = 0, 0
	a.Reserved, a.Admitted, a.Failed, m.coming = 0, false, false, Stream{}
	if m.outage != 0 || m.unpaid {
		r.Status, r.Requests, r.Tokens = m.outage, wire.NoQuota, wire.NoQuota
		if m.unpaid {
			r.Status, r.Limit, m.refuser = wire.StatusTooManyRequests, wire.Billing, none
		} else if m.outage == wire.StatusTooManyRequests {
			r.Limit, m.refuser = wire.Requests, byFault
		}
		r.Shortage()
		return m.cfg.Latency.Refusal
	}
	if m.refuses && m.refusedByFault(now, a) {
		r.Status, r.Limit, m.refuser = wire.StatusTooManyRequests, wire.Requests, byFault
		m.quotas(now, r)
		m.misreport(now, a, r)
		return m.cfg.Latency.Refusal
	}
	if a.Prefix != 0 && m.cache != nil {
		a.Cached = m.cache.read(now, a)
	}
	own := m.reserved(a)
	took := m.cfg.Latency.Refusal
	if !m.refused(now, own, r) {
		took = m.admit(now, a, own, r)
		r.Shortage()
	}
	m.quotas(now, r)
	if len(m.cfg.Faults) > 0 {
		m.misreport(now, a, r)
	}
	if (r.Status == wire.StatusReset || r.Status == wire.StatusCut) && !m.coming.Begins { // headers came, but the client has no answer to go with them
		r.Requests, r.Tokens = wire.NoQuota, wire.NoQuota
	}
	return took
}

// admit charges a and returns how long its answer takes.
func (m *Model) admit(now clock.Time, a *wire.Attempt, own *Costs, r *wire.Reply) time.Duration {
	m.Tally.Admitted++
	a.Admitted, a.Reserved = true, own[m.counts]
	m.take(now, a, own)
	if m.main >= 0 {
		m.Tally.Reserved += a.Reserved
	}
	if m.produces {
		m.producing++
		a.Tickets[wire.MaxTickets-1] = m.clock(now)
	}
	slower, full := 1.0, a.Output
	r.Status = wire.StatusOK
	if len(m.cfg.Faults) > 0 {
		r.Status, slower = m.strike(now, a)
	}
	if a.Failed = r.Status != wire.StatusOK; !a.Failed {
		r.Prompt, r.Output, r.Cached = a.Prompt, full, min(a.Cached, a.Prompt)
		written := uint32(0)
		if m.cache != nil && (a.Prefix != 0 || a.Written > 0) {
			written = m.cached(now, a, r)
		}
		a.Band = uint8(m.cfg.Price.Band(now, a.Prompt))
		m.bill(a, Usage{int64(a.Prompt), int64(r.Cached), int64(written), int64(full)})
	}
	if m.foreseen {
		m.growth += m.growthOf(a)
	}
	if r.Status == statusHang {
		r.Status, m.struck = 504, Struck{}
		return hang
	}
	took := m.duration(now, a, slower)
	if len(m.cfg.Faults) > 0 {
		took = m.send(a, took)
	}
	if a.Streamed {
		took = m.stream(a, r, took)
	}
	return took
}

// bill charges usage to a, which has been answered, at the prices that a pays.
func (m *Model) bill(a *wire.Attempt, u Usage) { m.Tally.Billed[a.Band].Add(u) }

// duration returns how long an admitted attempt takes: the time to its first
// token and the time of all others, both longer under load.
func (m *Model) duration(now clock.Time, a *wire.Attempt, slower float64) time.Duration {
	l := &m.cfg.Latency
	ttft := l.TTFT.Draw(m.key, rng.FirstToken, a.Call, uint64(a.Number))
	used := 0.0
	if l.Load > 0 && m.main >= 0 {
		s := &m.slots[m.main]
		left, _ := s.limiter.Left(now)
		used = 1 - float64(left)/float64(max(1, m.scaled(s.window)))
	}
	d := l.takes(ttft, a.Output, used)
	if a.Streamed {
		m.coming.First = l.takes(ttft, 0, used)
	}
	if slower != 1 {
		d = time.Duration(float64(d) * slower)
		m.coming.First = time.Duration(float64(m.coming.First) * slower)
	}
	return d
}

// takes returns how long an attempt takes whose first token comes after ttft
// seconds when so much of the limit on tokens is used.
func (l *Latency) takes(ttft float64, output uint32, used float64) time.Duration {
	token := l.PerToken
	if l.Load > 0 && used != 0 {
		busier := 1 + l.Load*used*used
		ttft *= busier
		token = time.Duration(math.Round(float64(token) * busier))
	}
	if l.Floor > 0 {
		token = min(token, l.Floor)
	}
	return time.Duration(ttft*1e9+0.5) + time.Duration(output)*token
}

// Takes returns how long a successful attempt a takes without faults when this much of
// the limit on tokens is used. The given share of all attempts with its output take at
// most that long. No attempt takes less than with a share of 0 and nothing used.
func (m *Model) Takes(a *wire.Attempt, share, used float64) time.Duration {
	l := &m.cfg.Latency
	return l.takes(l.TTFT.Quantile(share), a.Output, used)
}

// Finish settles what Arrive reserved. hungUp says that the client is gone; the
// work was done, and is charged, all the same.
func (m *Model) Finish(now clock.Time, a *wire.Attempt, hungUp bool) {
	m.advance(now)
	if m.foreseen {
		m.growth -= m.growthOf(a)
	}
	m.settle(now, a)
	if a.Prefix != 0 && m.cache != nil && !a.Failed {
		m.cache.write(now, a)
	}
	if m.produces {
		m.produced(now, a)
	}
}

// refused decides, and if the answer is no fills in r why and for how long.
// Where refusals count, the wait is that of an attempt after this one.
func (m *Model) refused(now clock.Time, own *Costs, r *wire.Reply) bool {
	at, which, oversize := m.earliest(now, own, 0, 0)
	if at == now {
		return false
	}
	r.Status = wire.StatusTooManyRequests
	m.refuser = which
	if m.oversize = oversize; oversize {
		r.Limit = wire.Oversize
		return true
	}
	r.Limit = m.slots[which].name
	if m.cfg.Charge.Rejected {
		for i := range m.slots {
			if s := &m.slots[i]; s.counts == Requests && !s.open {
				s.limiter.Refuse(now)
			}
		}
		at, _, _ = m.earliest(now, own, 0, 0)
	}
	switch {
	case m.headers.NoWait:
	case at == clock.Never: // too large only while the limits are cut
		r.RetryAfter, r.InBody = limit.Window, m.headers.InBody
	default:
		r.RetryAfter, r.InBody = roundUp(at.Sub(now), m.waitUnit), m.headers.InBody
	}
	return true
}

// RefusedBy returns the limit that refused the attempt that Arrive has just answered
// with 429, even if the reply does not tell.
func (m *Model) RefusedBy() limit.Name {
	switch {
	case m.refuser == none:
		return limit.ByBilling
	case m.refuser == byFault:
		return limit.Unnamed
	case m.oversize:
		return limit.ByOversize
	}
	return m.slots[m.refuser].refuser
}

func roundUp(d, unit time.Duration) time.Duration {
	if unit == time.Second { // see cut
		return (d + time.Second - 1) / time.Second * time.Second
	}
	return (d + unit - 1) / unit * unit
}

// Meter returns what has been charged so far against the limit on tokens, net
// of settlements, and that limit per minute as it is now. Where there is no limit
// on tokens it counts requests; without a limit per minute perMinute is 0.
func (m *Model) Meter(now clock.Time) (charged, perMinute int64) {
	m.advance(now)
	if m.main >= 0 {
		return m.Tally.Charged(), m.scaled(m.tokensPerMinute)
	}
	return m.Tally.Admitted, m.scaled(m.requestsPerMinute)
}
