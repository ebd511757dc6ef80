package strategies

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// splitPacer lets a call through when it fits into this instance's share of the
// advertised limits: each divided by the number of instances, rounded down, in
// sliding 60 s windows as in the strategy queue. The share of queue is a number in a
// configuration. This one follows the fleet, whose size a service registry tells. What
// N instances send in any minute is within the limits although they do not talk to each
// other. An instance cannot use what another one leaves, and a call larger than a
// share can never be sent.
//
// A share is at least one request and one token a minute: with more instances
// than the limit has requests, the shares add up to more than it. A deployment may name
// one of the two limits, or none, as provisioned ones do: what it does not name holds
// nothing back, as in queue, and what it refuses all the same is retried.
type splitPacer struct {
	windows   windowPacer
	instances func(clock.Time) int // as in Env
	to        *Deployment
	shares    int // instances that the windows are made for
}

// follow cuts the windows to the fleet as it is now. What was sent stays sent:
// in the minute after the fleet has grown, the old shares and the new ones can
// add up to more than the limit.
func (g *splitPacer) follow(now clock.Time) {
	n := instancesAt(now, g.instances)
	if n == g.shares {
		return
	}
	g.shares = n
	if g.windows.requests != nil {
		g.windows.requests.Resize(now, max(1, g.to.RPM/int64(n)))
	}
	if g.windows.tokens != nil {
		part := max(1, g.to.TPM/int64(n))
		g.windows.tokens.Resize(now, part)
		g.windows.allowance.tokens, g.windows.allowance.largest = part, part
	}
}

// instancesAt returns how many instances a registry, Env.Instances, knows of at now:
// 1 or more.
func instancesAt(now clock.Time, registry func(clock.Time) int) int {
	if registry == nil {
		return 1
	}
	return max(1, registry(now))
}

func (g *splitPacer) Opens(now clock.Time, c *Call) clock.Time {
	g.follow(now)
	return g.windows.Opens(now, c)
}

func (g *splitPacer) Fits(now clock.Time, c *Call) bool {
	g.follow(now)
	return g.windows.Fits(now, c)
}

func (g *splitPacer) Sent(now clock.Time, c *Call) { g.windows.Sent(now, c) }

func (g *splitPacer) Answered(now clock.Time, c *Call, r *wire.Reply) { g.windows.Answered(now, c, r) }

func (g *splitPacer) Release(now clock.Time, c *Call) { g.windows.Release(now, c) }

// SplitBuilder makes the strategy that paces by an equal part of the limits.
func SplitBuilder() Builder {
	return Builder{Params: retryParams(), Make: pacedBy(bySplit)}
}
