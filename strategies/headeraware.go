package strategies

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"slices"
)

// headerPacer learns the limits from the headers of every reply and keeps an
// estimate of what is left of them. It is the pacer of a lane.
//
// A header tells what was left when its attempt was admitted, which may be
// seconds ago by the time the reply comes. What has been sent since is
// subtracted and what has been refilled since is added; headers of attempts
// sent before the newest that was believed are ignored. For the subtraction a
// call in flight carries the totals sent as they stood when it left: tokens in
// Held, requests in Mark, both of which may wrap.
type headerPacer struct {
	workers   WorkerPool
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

func (h *headerPacer) Opens(now clock.Time, c *Call) clock.Time {
	if !h.Fits(now, c) { // it was let in before the limit was known
		return clock.Never
	}
	return max(h.paced,
		h.requests.ready(now, 1/h.holdAbove),
		h.tokens.ready(now, float64(c.Cost())/h.holdAbove))
}

// Fits: until a reply has told of the limit, every call may fit.
func (h *headerPacer) Fits(_ clock.Time, c *Call) bool {
	return h.tokens.limit == 0 || float64(c.EstimatedPrompt) <= h.tokens.limit
}

func (h *headerPacer) Sent(now clock.Time, c *Call) {
	h.sentRequests++
	h.sentTokens += uint32(c.Cost())
	c.Mark, c.Held = h.sentRequests, h.sentTokens
	h.paced = max(
		h.requests.spend(now, 1, h.slowBelow),
		h.tokens.spend(now, float64(c.Cost()), h.slowBelow))
}

func (h *headerPacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
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
		h.workers.Most = 0
	case refused:
		h.workers.Most = max(1, h.workers.Most/2)
	case r.OK():
		h.workers.Most++
	}
}

func (h *headerPacer) Workers() *WorkerPool { return &h.workers }

func (h *headerPacer) ReadsQuotas() {}

func (h *headerPacer) Release(clock.Time, *Call) {}

var headerParams = []Param{
	{Name: "slow_below", Kind: ShareParam, Default: "20%", Max: 1,
		About: "when less than this share of a limit is left, calls are sent at the rate at which the limit refills"},
	{Name: "hold_above", Kind: ShareParam, Default: "80%", Min: 0.01, Max: 1,
		About: "a call that needs more than this share of what is left waits until more is left; the rest is for other instances"},
}

// HeaderAwareBuilder makes the strategy that paces by what reply headers tell.
func HeaderAwareBuilder() Builder {
	return Builder{Params: slices.Concat(headerParams, estimatorParams, retryParams()), Make: pacedBy(byHeaders)}
}
