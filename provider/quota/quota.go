// Package quota is a coordinator. It hands out a quota that several instances share.
//
// A Coordinator grants in two ways. In the first, an instance asks for what one call
// needs and is told when to send it (quota.go). This is the generic cell rate
// algorithm, which redis_rate has as a script. The difference is that the coordinator
// grants a time in the future where redis_rate refuses, so that no instance asks twice
// and no call overtakes another. In the second way, an instance leases a share of the
// quota for some seconds and paces itself to it, as in YouTube's Doorman (lease.go).
//
// # The beginning, and what a restart costs
//
// A coordinator that has just begun may be one that has lost its memory. What it does not
// know may have been spent, so it begins without its burst and gains that over the time
// Config.Burst. Grants that were made before, for times to come, are still used. With r for
// what the quota gives per second, B for the burst, C for the largest single grant or B if
// that is more, and W for the longest wait that was granted (wait_timeout of the strategy
// shared), what is granted for a span of L seconds is
//
//	without a restart        at most C + r L
//	with one restart in it   at most C + r L + r W + (C - B)
//
// because the coordinator before the restart granted at most C + r L' for the L' seconds of
// the span that end at most W after the restart. The one after it grants at most r for each
// second since, and C - B more, because a grant larger than the burst waits only until the
// bucket is full. With the default burst no grant is larger, and a restart costs r W. If it
// began with its burst, it would cost B more. Leases that were held at a restart are used to
// their end beside the new ones: for one length of a lease, up to twice the quota is leased.
// Package redisquota does the same in Redis.
package quota

import (
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// Config describes a coordinator.
type Config struct {
	Name     string
	RPM, TPM int64 // what it hands out a minute; 0 = no bound
	// Burst is what may be spent at once, as the time in which the quota gives
	// it. A single grant may be larger, up to a minute's: it waits for all that
	// was granted before to be refilled, and those after it wait longer.
	Burst   time.Duration
	Latency rng.Dist         // seconds, there and back
	Timeout time.Duration    // when an instance gives up an ask
	Faults  []provider.Fault // outages, errors and hangs of its own
}

// DefaultBurst is one minute, as in redis_rate for limits per minute, and as much as a
// provider's bucket holds. A provider with a sliding minute may see twice its limit in
// the first minute, and refuse.
const DefaultBurst = time.Minute

// Coordinator is one at work. It is not safe for concurrent use.
type Coordinator struct {
	cfg              *Config
	key              rng.Key
	health           *provider.Model // says whether it answers at all
	requests, tokens pool
	leases           []lease // by instance
}

// New returns the coordinator of cfg. Draws are keyed by key and the ask.
func New(cfg *Config, key rng.Key) *Coordinator {
	return &Coordinator{
		cfg: cfg, key: key,
		health:   provider.New(&provider.Config{Name: cfg.Name, Faults: cfg.Faults}, key, nil),
		requests: newPool(cfg.RPM, cfg.Burst),
		tokens:   newPool(cfg.TPM, cfg.Burst),
	}
}

// Timeout returns when an instance gives up an ask.
func (c *Coordinator) Timeout() time.Duration { return c.cfg.Timeout }

// Way returns how long the ask takes to the coordinator, and its answer back.
func (c *Coordinator) Way(q *wire.Ask) time.Duration {
	u := c.key.Float64(rng.NetworkOut, uint64(q.From), uint64(q.Number))
	return time.Duration(c.cfg.Latency.Quantile(u) * 1e9 / 2)
}

// Ask answers in r an ask that reaches the coordinator at now, and returns how
// long that takes.
func (c *Coordinator) Ask(now clock.Time, q *wire.Ask, r *wire.Reply) time.Duration {
	took := time.Duration(0)
	r.Status, r.Limit = wire.StatusOK, wire.NoLimit
	if len(c.cfg.Faults) > 0 { // else it answers; it has no limits, and nothing to finish
		a := wire.Attempt{Call: uint64(q.From), Number: q.Number}
		took = c.health.Arrive(now, &a, r)
	}
	r.RetryAfter, r.Requests, r.Tokens, r.Prompt, r.Output = wire.Absent, wire.NoQuota, wire.NoQuota, 0, 0
	if !r.OK() {
		return took
	}
	c.requests.back(now, q.BackRequests)
	c.tokens.back(now, q.BackTokens)
	if q.Lease > 0 {
		c.lease(now, q, r)
	} else {
		c.grant(now, q, r)
	}
	return took
}

// grant takes what q wants from both pools, or from none.
func (c *Coordinator) grant(now clock.Time, q *wire.Ask, r *wire.Reply) {
	if !c.requests.fits(q.Requests) || !c.tokens.fits(q.Tokens) {
		r.Status, r.Limit = wire.StatusTooManyRequests, wire.Oversize
		return
	}
	r.RetryAfter = max(c.requests.earliest(now, q.Requests), c.tokens.earliest(now, q.Tokens)).Sub(now)
	if r.RetryAfter > q.Within {
		r.Status = wire.StatusTooManyRequests
		return
	}
	c.requests.take(now, q.Requests)
	c.tokens.take(now, q.Tokens)
}

// pool is one limit: GCRA with grants in the future. The zero value has no
// bound.
type pool struct {
	bucket *limit.Bucket
	minute int64 // the limit
	burst  int64 // what the bucket holds
}

func newPool(perMinute int64, burst time.Duration) pool {
	if perMinute == 0 {
		return pool{}
	}
	size := max(1, int64(float64(perMinute)*burst.Minutes()))
	bucket := limit.NewBucket(size, perMinute, limit.Window)
	bucket.Take(0, size) // it may have been spent
	return pool{bucket, perMinute, size}
}

func (p *pool) fits(cost int64) bool { return p.bucket == nil || cost <= max(p.minute, p.burst) }

// earliest returns when cost may be spent. One larger than the burst waits until
// the bucket is full.
func (p *pool) earliest(now clock.Time, cost int64) clock.Time {
	if p.bucket == nil || cost == 0 {
		return now
	}
	return p.bucket.Earliest(now, min(cost, p.burst))
}

func (p *pool) take(now clock.Time, cost int64) {
	if p.bucket != nil {
		p.bucket.Take(now, cost)
	}
}

func (p *pool) back(now clock.Time, n int64) {
	if p.bucket != nil && n != 0 {
		p.bucket.Settle(now, 0, -n)
	}
}
