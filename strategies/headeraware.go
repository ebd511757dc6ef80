package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// headerAware learns the limits from the headers of every reply and keeps an
// estimate of what is left of them. It is the gate of its own line.
//
// A header tells what was left when its attempt was admitted, which may be
// seconds ago by the time the reply comes. What has been sent since is
// subtracted and what has been refilled since is added; headers of attempts
// sent before the newest that was believed are ignored. For the subtraction a
// call in flight carries the totals sent as they stood when it left: tokens in
// Held, requests in Mark, both of which may wrap.
type headerAware struct {
	line
	slowBelow float64 // share of a limit below which sends are paced at the refill rate
	holdAbove float64 // share of what is left above which a call is held

	requests, tokens meter
	sentTokens       uint32
	sentRequests     uint16
	newest           clock.Time // when the attempt whose headers were believed last was sent
	paced            clock.Time // nothing is sent before
}

// slowStart is how many attempts are in flight at most before anything is known
// of the limits. Each success then adds one, which doubles the number every
// round trip, and each 429 halves it: TCP's slow start with the initial
// window of RFC 3390. The first header ends it; where a provider sends none it
// is all there is.
const slowStart = 4

func (h *headerAware) opens(now clock.Time, c *Call) clock.Time {
	return max(h.paced,
		h.requests.ready(now, 1, h.holdAbove),
		h.tokens.ready(now, float64(c.Cost()), h.holdAbove))
}

func (h *headerAware) fits(clock.Time, *Call) bool { return true } // the reply will tell

func (h *headerAware) sent(now clock.Time, c *Call) {
	h.sentRequests++
	h.sentTokens += uint32(c.Cost())
	c.Mark, c.Held = h.sentRequests, h.sentTokens
	h.paced = max(
		h.requests.spend(now, 1, h.slowBelow),
		h.tokens.spend(now, float64(c.Cost()), h.slowBelow))
}

func (h *headerAware) answered(now clock.Time, c *Call, r *wire.Reply) {
	if c.Since >= h.newest && (r.Requests != wire.NoQuota || r.Tokens != wire.NoQuota) {
		h.newest = c.Since
		h.requests.read(now, c.Since, r.Requests, float64(h.sentRequests-c.Mark))
		h.tokens.read(now, c.Since, r.Tokens, float64(h.sentTokens-c.Held))
	}
	refused := r.Status == wire.StatusTooManyRequests && r.Retryable()
	tokens := r.Limit == wire.Tokens || r.Limit == wire.Input || r.Limit == wire.Output
	if refused && !tokens && r.Requests.Remaining < 0 {
		h.requests.exhaust(now)
	}
	if refused && r.Limit != wire.Requests && r.Tokens.Remaining < 0 {
		h.tokens.exhaust(now)
	}
	switch {
	case h.requests.limit > 0 || h.tokens.limit > 0:
		h.workers = 0
	case refused:
		h.workers = max(1, h.workers/2)
	case r.OK():
		h.workers++
	}
}

func (h *headerAware) release(clock.Time, *Call) {}

// meter estimates what is left of one limit. The zero value knows nothing and
// holds nothing back.
type meter struct {
	limit float64 // per minute; 0 = not known
	left  float64 // at asOf, 0 to limit
	asOf  clock.Time
	full  clock.Time // when all will be left again, as the last header promised; Never if none did
}

// read believes q, the header of an attempt sent at sent, since which spent
// more has been sent.
func (m *meter) read(now, sent clock.Time, q wire.Quota, spent float64) {
	if q.Limit > 0 {
		m.limit = float64(q.Limit)
	}
	if q.Remaining < 0 {
		return
	}
	if q.Limit <= 0 { // only what remains is told: the limit is at least that
		m.limit = max(m.limit, float64(q.Remaining))
	}
	m.left = min(float64(q.Remaining), m.limit)
	m.asOf, m.full = sent, clock.Never
	if q.Reset >= 0 {
		m.full = sent.Add(q.Reset)
	}
	m.advance(now)
	m.left = max(0, m.left-spent)
}

// advance adds what is refilled until now: limit/60 a second, and everything
// once the promised time has come.
func (m *meter) advance(now clock.Time) {
	if m.full <= now {
		m.left, m.full = m.limit, clock.Never
	} else {
		m.left = min(m.limit, m.left+m.limit*float64(now-m.asOf)/float64(time.Minute))
	}
	m.asOf = now
}

// exhaust notes that nothing is left.
func (m *meter) exhaust(now clock.Time) {
	m.advance(now)
	m.left = 0
}

// ready returns when cost will be at most the share hold of what is left. A
// call that needs more than that share of the whole limit waits for all of it:
// more will never be left.
func (m *meter) ready(now clock.Time, cost, hold float64) clock.Time {
	if m.limit == 0 {
		return now
	}
	m.advance(now)
	missing := min(cost/hold, m.limit) - m.left
	if missing <= 0 {
		return now
	}
	return min(m.full, now+clock.FromSeconds(60*missing/m.limit))
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
