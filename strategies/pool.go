package strategies

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"slices"
)

// windowPacer lets a call through when it fits into sliding 60 s windows of an
// allowance of requests and tokens. It is the pacer of the strategy
// queue.
//
// With reserve, the cost of a call is reserved when it is sent, settled by the usage that
// its reply reports, and given back when it is refused. After a timeout or a fault it stays
// reserved, because the provider may have done the work. Without reserve, tokens are
// counted when the reply reports them, as in LiteLLM's usage-based router. Then calls in
// flight are not seen, and together they can pass the limit.
//
// A refused request still counts as a request: some providers count it too.
type windowPacer struct {
	allowance        allowance
	requests, tokens *limit.Log // of the allowance; nil where there is no limit
	reserve          bool
}

func newWindowPacer(a allowance, reserve bool) windowPacer {
	g := windowPacer{allowance: a, reserve: reserve}
	if a.requests > 0 {
		g.requests = limit.NewLog(a.requests, limit.Window)
	}
	if a.tokens > 0 {
		g.tokens = limit.NewLog(a.tokens, limit.Window)
	}
	return g
}

func (g *windowPacer) Opens(now clock.Time, c *Call) clock.Time {
	at := now
	if g.requests != nil {
		at = g.requests.Earliest(now, 1)
	}
	if g.tokens != nil {
		at = max(at, g.tokens.Earliest(now, min(g.cost(c), g.allowance.tokens)))
	}
	return at
}

func (g *windowPacer) Fits(_ clock.Time, c *Call) bool {
	return g.tokens == nil || g.cost(c) <= g.allowance.largest
}

// cost is what c needs to see free before it is sent.
func (g *windowPacer) cost(c *Call) int64 {
	if g.reserve {
		return c.Cost()
	}
	return int64(c.EstimatedPrompt)
}

func (g *windowPacer) Sent(now clock.Time, c *Call) {
	if g.requests != nil {
		g.requests.Take(now, 1)
	}
	if g.tokens != nil && g.reserve {
		c.Held = uint32(g.tokens.Take(now, c.Cost()))
	}
}

func (g *windowPacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
	if g.tokens == nil {
		return
	}
	used := int64(r.Prompt) + int64(r.Output)
	switch {
	case r.OK() && g.reserve:
		g.tokens.Settle(now, limit.Ticket(c.Held), used-c.Cost())
	case r.OK():
		g.tokens.Take(now, used)
	case r.Status == wire.StatusTooManyRequests && g.reserve:
		g.tokens.Settle(now, limit.Ticket(c.Held), -c.Cost())
	}
}

func (g *windowPacer) Release(clock.Time, *Call) {}

var poolParams = []Param{
	{Name: "workers", Kind: CountParam, Default: "10", Min: 1, Max: 1e6,
		About: "most attempts in flight; ten are enough for a pool that is not meant to be the limit"},
	{Name: "max_queue", Kind: CountParam, Default: "0", Max: 1e9,
		About: "most calls waiting; any more fail at once. 0 is no limit"},
}

var windowParams = []Param{{Name: "reserve", Kind: BoolParam, Default: "true",
	About: "true counts the tokens of a call when it is sent and corrects them by its usage; false counts them when its reply comes"}}

// QueueBuilder makes the strategy with a queue and a worker pool that paces by sliding windows.
func QueueBuilder() Builder {
	return Builder{Params: slices.Concat(limitParams, poolParams, []Param{order, weights}, windowParams, estimatorParams, retryParams()), Make: pacedBy(byWindows)}
}
