package strategies

import (
	"math"
	"slices"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// bucketPacer lets a call through when a bucket of tokens holds its cost and a bucket
// of requests holds one. The cost is prompt plus declared output, charged when the call
// is sent. It is never corrected by what the call used, as in a client that counts tokens
// before it sends and not after.
//
// An attempt that was refused used no tokens, so the call keeps its tokens (Call.Held)
// for the retry. An attempt that failed otherwise may have been charged by the provider, so
// the retry takes new tokens. Every attempt takes a request, because some providers count
// the requests that they refuse.
//
// As long as no attempt fails, a call waits no longer than the refill takes for its own
// tokens and those of the calls before it in the queue.
//
// A call that needs more than the bucket of tokens can hold waits until the bucket is full,
// and overdraws it. If the pacer is smooth, there is no burst: the buckets hold
// nothing, and a call is let through when the tokens that the call before it took have
// been refilled, however many it needs itself. That is pacing by sleep, with each call's
// own size.
type bucketPacer struct {
	requests *limit.Bucket // nil where there is no limit
	tokens   *limit.Bucket
	one      int64 // requests that must be there: 1, or 0 if it is smooth
	full     int64 // tokens that the bucket holds
	most     int64 // tokens of a call that can ever pass
}

func (g bucketPacer) Opens(now clock.Time, c *Call) clock.Time {
	at := now
	if g.requests != nil {
		at = g.requests.Earliest(now, g.one)
	}
	if c.Held > 0 {
		return at
	}
	return max(at, g.tokens.Earliest(now, min(c.Cost(), g.full)))
}

func (g bucketPacer) Fits(_ clock.Time, c *Call) bool { return c.Cost() <= g.most }

func (g bucketPacer) Sent(now clock.Time, c *Call) {
	if g.requests != nil {
		g.requests.Take(now, 1)
	}
	if c.Held == 0 {
		g.tokens.Take(now, c.Cost())
		c.Held = uint32(min(c.Cost(), math.MaxUint32))
	}
}

func (g bucketPacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
	if r.Status != wire.StatusTooManyRequests {
		c.Held = 0
	}
}

func (g bucketPacer) Release(now clock.Time, c *Call) {
	if c.Held > 0 {
		c.Held = 0
		g.tokens.Settle(now, 0, -c.Cost())
	}
}

var bucketParams = []Param{
	{Name: "capacity", Kind: CountParam, Min: 1, Max: MaxLimit,
		About: "most tokens that the bucket holds; default: one minute's worth of the instance's share"},
	{Name: "refill", Kind: NumberParam, Min: 1, Max: MaxLimit / 60,
		About: "tokens per second; default: the tokens per minute of the instance's share ÷ 60"},
	{Name: "smooth", Kind: BoolParam, Default: "false",
		About: "true allows no burst: each call waits until the tokens of the one before have been refilled, as batch jobs do that sleep between calls. capacity does not matter then"},
}

var fair = Param{Name: "fair", Kind: BoolParam, Default: "true",
	About: "true serves calls in the order in which they come; false lets each call look again at least every 500 ms, so that large calls can starve"}

func buildTokenBucket(v Values, known Env) (Factory, []ParamError) {
	if v.Truth("fair") {
		return compose(byBucket, v, known)
	}
	p := &parts{pace: byBucket, v: v, known: known, route: []int{0}}
	if errs := p.check(); errs != nil {
		return nil, errs
	}
	retry := retryOf(v)
	return func(env Env) Strategy {
		return &poller{
			polls:     NewPolling(v.Duration("wait_timeout")),
			pacer:     p.bucketPacer(p.allowance(&known.Deployments[0], env)),
			retry:     retry.For(env),
			estimates: newEstimates(v, env),
		}
	}, nil
}

// TokenBucketBuilder makes the strategy that paces by a bucket of requests and one of tokens.
func TokenBucketBuilder() Builder {
	return Builder{Params: slices.Concat(limitParams, bucketParams, []Param{waitTimeout, fair}, estimatorParams, retryParams()), Make: buildTokenBucket}
}
