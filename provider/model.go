// Package provider is the server's truth: what a deployment admits, charges,
// answers and how long it takes. The simulator and the mock HTTP server drive
// the same Model; clients see nothing of it but wire.Reply.
//
// A Model is one deployment behind one set of limits. Arrive decides about an
// attempt: outages first, then requests that could never pass, then every
// limit at once, so that a refusal by one limit charges none of the others.
// An admitted attempt is charged a reservation; Finish trues it up when the
// work is done, which is later than the client knows if the client hung up.
package provider

import (
	"fmt"
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// limiter is what a Model needs of an algorithm in sim/limit.
type limiter interface {
	Earliest(now clock.Time, cost int64) clock.Time
	Take(now clock.Time, cost int64) limit.Ticket
	Settle(now clock.Time, t limit.Ticket, delta int64)
	Left(now clock.Time) (left int64, full clock.Time)
	Resize(now clock.Time, limit int64)
}

// refuser is a limiter of requests: refused ones may count too.
type refuser interface {
	limiter
	Refuse(now clock.Time)
}

// Tally is what a deployment has counted. It only grows.
type Tally struct {
	Admitted     int64 // attempts admitted, failed ones among them
	Reserved     int64 // tokens charged at admission
	Settled      int64 // tokens added at the end, or given back when negative
	BilledPrompt int64 // tokens of attempts answered 200
	BilledOutput int64
}

// Charged returns the tokens charged so far, net of settlements.
func (t Tally) Charged() int64 { return t.Reserved + t.Settled }

// Model is one deployment at work. It is not safe for concurrent use; a server
// holds a lock around it.
type Model struct {
	Tally Tally

	cfg      *Config
	key      rng.Key
	requests refuser // nil without a request limit
	tokens   limiter // nil without a token limit
	capacity int64   // of tokens, before any limit cut

	scale  float64    // of the limits now
	outage int        // status answered to all now; 0 when up
	next   clock.Time // when scale or outage change next
	growth int64      // tokens that settlements to come will add
}

// New returns the model of cfg, which must have passed Validate. Draws are
// keyed by key, call and attempt.
func New(cfg *Config, key rng.Key) *Model {
	m := &Model{cfg: cfg, key: key, scale: 1, capacity: cfg.TokenLimit()}
	if cfg.PTU.Units > 0 {
		m.tokens = limit.NewUtilisation(m.capacity)
	} else {
		m.newWindows()
	}
	m.change(0)
	return m
}

// slice is the sub-minute window: Azure counts requests over 1 s or 10 s
// (MicrosoftDocs/azure-ai-docs, quota-2.md, 2026-05-06); 10 s is what
// microsoft/aoai-api-simulator uses.
const slice = 10 * time.Second

func (m *Model) newWindows() {
	c := m.cfg
	switch c.Window {
	case SlidingLog:
		m.requests, m.tokens = limit.NewLog(c.RPM, limit.Window), limit.NewLog(c.TPM, limit.Window)
	case TokenBucket:
		m.requests, m.tokens = limit.NewBucket(c.RPM, c.RPM, limit.Window), limit.NewBucket(c.TPM, c.TPM, limit.Window)
	case FixedWindow:
		m.requests, m.tokens = limit.NewFixed(c.RPM, limit.Window, 0), limit.NewFixed(c.TPM, limit.Window, 0)
	case SubMinute:
		m.requests, m.tokens = limit.NewFixed(perSlice(c.RPM), slice, 0), limit.NewFixed(c.TPM, limit.Window, 0)
	}
	if c.RPM == 0 {
		m.requests = nil
	}
	if c.TPM == 0 {
		m.tokens = nil
	}
}

func perSlice(rpm int64) int64 {
	n := int64(limit.Window / slice)
	return (rpm + n - 1) / n
}

// Config returns the description the model was made from.
func (m *Model) Config() *Config { return m.cfg }

// Arrive decides about an attempt that reaches the deployment at now and
// returns how long the answer takes from there. It fills in r what the client
// will see; the caller owns r.Attempt and r.Deployment. An attempt with
// a.Reserved > 0 or r.OK() must be handed to Finish when that time is over.
func (m *Model) Arrive(now clock.Time, a *wire.Attempt, r *wire.Reply) time.Duration {
	m.advance(now)
	r.Status, r.Limit, r.RetryAfter, r.Prompt, r.Output = wire.StatusOK, wire.NoLimit, wire.Absent, 0, 0
	a.Reserved = 0
	if m.outage != 0 {
		r.Status, r.Requests, r.Tokens = m.outage, wire.NoQuota, wire.NoQuota
		return m.cfg.Latency.Refusal
	}
	cost := m.Reservation(a)
	if m.refused(now, cost, r) {
		m.quotas(now, r)
		return m.cfg.Latency.Refusal
	}
	m.admit(now, a, cost)
	m.quotas(now, r)
	ttft := m.cfg.Latency.TTFT.Quantile(m.key.Float64(rng.FirstToken, a.Call, uint64(a.Number)))
	if status := m.fault(now, a); status != 0 {
		r.Status = status
		a.Output = 0 // nothing was produced, so nothing is settled or billed for it
	} else {
		r.Prompt, r.Output = a.Prompt, a.Output
		m.Tally.BilledPrompt += int64(a.Prompt)
		m.Tally.BilledOutput += int64(a.Output)
	}
	m.growth += m.growthOf(a)
	return time.Duration(math.Round(ttft*1e9)) + time.Duration(a.Output)*m.cfg.Latency.PerToken
}

// Finish settles what Arrive reserved. hungUp says that the client is gone; the
// work was done, and is charged, all the same.
func (m *Model) Finish(now clock.Time, a *wire.Attempt, hungUp bool) {
	m.advance(now)
	m.growth -= m.growthOf(a)
	if m.tokens == nil || !m.settles() {
		return
	}
	delta := m.actual(a) - a.Reserved
	m.Tally.Settled += delta
	m.tokens.Settle(now, limit.Ticket(a.Ticket), delta)
}

func (m *Model) settles() bool { return m.cfg.Charge.Settle || m.cfg.PTU.Units > 0 }

// Reservation returns what an attempt is charged at admission.
func (m *Model) Reservation(a *wire.Attempt) int64 {
	if p := &m.cfg.PTU; p.Units > 0 {
		return int64(a.Guess) + weighted(a.MaxTokens, p.OutputRatio)
	}
	switch m.cfg.Charge.Reserve {
	case ReserveEstimate:
		return int64(a.Guess)
	case ReserveActual:
		return int64(a.Prompt) + int64(a.Output)
	}
	return int64(a.Guess) + int64(a.MaxTokens)
}

// actual returns what an attempt turns out to have cost.
func (m *Model) actual(a *wire.Attempt) int64 {
	if p := &m.cfg.PTU; p.Units > 0 {
		return int64(a.Prompt) + weighted(a.Output, p.OutputRatio)
	}
	return int64(a.Prompt) + int64(a.Output)
}

func weighted(tokens uint32, ratio float64) int64 {
	return int64(math.Round(float64(tokens) * ratio))
}

func (m *Model) growthOf(a *wire.Attempt) int64 {
	if m.tokens == nil || !m.settles() {
		return 0
	}
	return max(0, m.actual(a)-a.Reserved)
}

// refused decides, and if the answer is no fills in r why and for how long.
func (m *Model) refused(now clock.Time, cost int64, r *wire.Reply) bool {
	at, which := m.earliest(now, 1, cost, 0)
	if at == now {
		return false
	}
	r.Status, r.Limit = wire.StatusTooManyRequests, which
	switch {
	case which == wire.Oversize:
	case which == wire.Utilisation:
		r.RetryAfter = roundUp(at.Sub(now), time.Millisecond)
	case at == clock.Never: // too large only while the limits are cut
		r.RetryAfter = limit.Window
	default:
		r.RetryAfter = roundUp(at.Sub(now), time.Second)
	}
	if m.cfg.Charge.Rejected && m.requests != nil && which != wire.Oversize {
		m.requests.Refuse(now)
	}
	return true
}

// earliest returns when so many requests, the last of them costing so many
// tokens, would be admitted with ahead tokens charged before it, and which limit
// makes them wait until then.
func (m *Model) earliest(now clock.Time, requests, cost, ahead int64) (clock.Time, wire.Limit) {
	at, which := now, wire.NoLimit
	if m.requests != nil {
		if t := m.requests.Earliest(now, requests); t > at {
			at, which = t, wire.Requests
		}
	}
	if m.tokens == nil {
		return at, which
	}
	ptu := m.cfg.PTU.Units > 0
	if !ptu && cost > m.capacity {
		return clock.Never, wire.Oversize
	}
	if !ptu {
		ahead += cost
	}
	if t := m.tokens.Earliest(now, ahead); t > at {
		at, which = t, wire.Tokens
		if ptu {
			which = wire.Utilisation
		}
	}
	return at, which
}

func (m *Model) admit(now clock.Time, a *wire.Attempt, cost int64) {
	m.Tally.Admitted++
	a.Ticket, a.Reserved = 0, cost
	if m.requests != nil {
		m.requests.Take(now, 1)
	}
	if m.tokens != nil {
		a.Ticket = uint32(m.tokens.Take(now, cost))
		m.Tally.Reserved += cost
	}
}

// quotas fills in the remaining and reset values as headers carry them: whole
// counts, and the time to full in milliseconds, cut (OpenAI's form). A
// provisioned deployment sends none.
func (m *Model) quotas(now clock.Time, r *wire.Reply) {
	r.Requests, r.Tokens = wire.NoQuota, wire.NoQuota
	if m.requests != nil {
		r.Requests = quota(now, m.requests, m.scaled(m.cfg.RPM))
	}
	if m.tokens != nil && m.cfg.PTU.Units == 0 {
		r.Tokens = quota(now, m.tokens, m.scaled(m.cfg.TPM))
	}
}

func quota(now clock.Time, l limiter, perMinute int64) wire.Quota {
	left, full := l.Left(now)
	if full == clock.Never { // a bucket whose limit is cut to nothing: as for retry-after
		full = now.Add(limit.Window)
	}
	return wire.Quota{Limit: perMinute, Remaining: left, Reset: full.Sub(now) / time.Millisecond * time.Millisecond}
}

func roundUp(d, unit time.Duration) time.Duration { return (d + unit - 1) / unit * unit }

// Meter returns what has been charged so far against the limit on tokens, net
// of settlements, and that limit per minute as it is now. Where there is no limit
// on tokens it counts requests; without any limit perMinute is 0.
func (m *Model) Meter(now clock.Time) (charged, perMinute int64) {
	m.advance(now)
	switch {
	case m.tokens != nil:
		return m.Tally.Charged(), m.scaled(m.capacity)
	case m.requests != nil:
		return m.Tally.Admitted, m.scaled(m.cfg.RPM)
	}
	return m.Tally.Admitted, 0
}

// Validate reports what makes c impossible to simulate.
func (c *Config) Validate() error {
	const most = 100_000_000_000 // what sim/limit supports
	switch {
	case c.PTU.Units < 0 || c.PTU.Units > 0 && c.PTU.TPMPerUnit <= 0:
		return fmt.Errorf("deployment %s: a provisioned deployment needs units and tokens per minute per unit", c.Name)
	case c.RPM < 0 || c.RPM > most || c.TPM < 0 || c.TPM > most || c.PTU.Units > 0 && int64(c.PTU.Units) > most/c.PTU.TPMPerUnit:
		return fmt.Errorf("deployment %s: limits must lie in 0..%d", c.Name, int64(most))
	case int(c.Window) >= len(Windows) || int(c.Charge.Reserve) >= len(Reserves):
		return fmt.Errorf("deployment %s: unknown window or reservation rule", c.Name)
	}
	return nil
}

// TokenLimit returns the tokens per minute the deployment allows: TPM, or for
// a provisioned deployment its capacity in input-equivalent tokens; 0 for no
// limit.
func (c *Config) TokenLimit() int64 {
	if c.PTU.Units > 0 {
		return int64(c.PTU.Units) * c.PTU.TPMPerUnit
	}
	return c.TPM
}
