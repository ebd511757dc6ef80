package strategies

import (
	"math"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// bucketGate lets a call through when a token bucket holds its cost: prompt
// plus declared output, charged when it is sent and never trued up, as a
// client does that counts tokens before it sends and not after.
//
// An attempt that was refused used nothing, so the call keeps its tokens
// (Call.Held) for the retry. One that failed otherwise may have been charged by
// the provider, so its retry takes new ones.
//
// In a line, as long as no attempt fails, a call waits at most for the tokens of
// those that wait before it and its own, at the rate of the refill.
//
// If it is smooth, there is no burst: the bucket holds nothing, and a call is let
// through once the tokens of the one before have been refilled, however many it
// needs itself. That is pacing by sleep, with each call's own size.
type bucketGate struct {
	bucket *limit.Bucket
	most   int64 // tokens of a call that can ever pass
	smooth bool
}

func (g bucketGate) opens(now clock.Time, c *Call) clock.Time {
	if c.Held > 0 {
		return now
	}
	if g.smooth {
		return g.bucket.Earliest(now, 0)
	}
	return g.bucket.Earliest(now, c.Cost())
}

func (g bucketGate) fits(_ clock.Time, c *Call) bool { return c.Cost() <= g.most }

func (g bucketGate) sent(now clock.Time, c *Call) {
	if c.Held == 0 {
		g.bucket.Take(now, c.Cost())
		c.Held = uint32(min(c.Cost(), math.MaxUint32))
	}
}

func (g bucketGate) answered(now clock.Time, c *Call, r *wire.Reply) {
	if r.Status != wire.StatusTooManyRequests {
		c.Held = 0
	}
}

func (g bucketGate) release(now clock.Time, c *Call) {
	if c.Held > 0 {
		c.Held = 0
		g.bucket.Settle(now, 0, -c.Cost())
	}
}

var bucketParams = []Param{
	{Name: "capacity", Kind: CountParam, Min: 1, Max: maxLimit,
		About: "most tokens the bucket holds; default: one minute's worth of the advertised limit of the deployment"},
	{Name: "refill", Kind: NumberParam, Min: 1, Max: maxLimit / 60,
		About: "tokens per second; default: the advertised tokens per minute of the deployment ÷ 60"},
	{Name: "smooth", Kind: BoolParam, Default: "false",
		About: "true: no burst, each call waits until the tokens of the one before have been refilled, as batch jobs that sleep between calls; capacity does not matter then"},
}

var fair = Param{Name: "fair", Kind: BoolParam, Default: "true",
	About: "true: first come, first served; false: every call looks again at least every 500 ms, and large ones can starve"}

func buildTokenBucket(v values, known Env) (Factory, []ParamError) {
	if v["fair"].truth {
		return compose(byBucket, v, known)
	}
	p := &parts{pace: byBucket, v: v, known: known, route: []int{0}}
	if errs := p.check(); errs != nil {
		return nil, errs
	}
	retry := retryOf(v)
	return func(env Env) Strategy {
		return &poller{
			polling: newPolling(v.duration("wait_timeout")),
			gate:    p.bucketGate(&known.Deployments[0]),
			retry:   keyed(retry, env),
		}
	}, nil
}
