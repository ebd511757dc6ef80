package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Retry is a policy: whether a call may be sent again after a reply, and when.
// The zero value never retries.
type Retry struct {
	Key        rng.Key
	Backoff    Backoff
	FaultBase  time.Duration // Backoff.Base after anything but a 429; 0 = the same
	MaxRetries int           // after the first attempt

	// MaxWait is the longest Retry-After that is heeded; 0 heeds none. A server
	// that asks for more is not worth waiting for, and asking it sooner is sure
	// to be refused, so the call fails: what openai-python (since 3.3) and
	// azcore do. The alternative, falling back to the backoff as openai-node
	// does, burns all retries inside the time in which none can succeed.
	MaxWait time.Duration
	// Spread lengthens a heeded Retry-After by a uniform share of up to Spread,
	// 0 to 1. It never shortens it: earlier than asked is too early. Without it,
	// all calls refused together come back together.
	Spread float64

	Budget *Budget // of the instance; nil = retries are not counted against each other
}

// Begin notes a new call, which a budget goes by.
func (p *Retry) Begin(now clock.Time) {
	if p.Budget != nil {
		p.Budget.Deposit(now)
	}
}

// Next decides about c after its failed attempt was answered by r, when k
// retries have been taken. If it may be sent again, ok is true and at >= now
// says when. Otherwise why says what ended it; at is then the time from which
// the server would have been worth asking, and now when no time is.
//
// A retry that could not be sent before the deadline is not waited for, and one
// that the budget does not have ends its call at once: waiting would only pile up
// what there is no room for.
func (p *Retry) Next(now clock.Time, c *Call, r *wire.Reply, k int) (at clock.Time, why Reason, ok bool) {
	if !r.Retryable() || p.MaxWait > 0 && r.RetryAfter > p.MaxWait {
		return now, final(r), false
	}
	at = p.Closed(now, c, r, k)
	switch {
	case k >= p.MaxRetries:
		return at, MaxRetries, false
	case at >= c.Deadline:
		return at, Deadline, false
	case p.Budget != nil && !p.Budget.Withdraw(now):
		return at, MaxRetries, false
	}
	return at, 0, true
}

// final is the reason of a call that r ended.
func final(r *wire.Reply) Reason {
	if r.Limit == wire.Oversize {
		return Oversize
	}
	return NotRetryable
}

// Closed returns until when, after r, the server is not worth asking: what it
// asks for, up to MaxWait, else the backoff before retry k of c.
func (p *Retry) Closed(now clock.Time, c *Call, r *wire.Reply, k int) clock.Time {
	if p.MaxWait == 0 || r.RetryAfter <= 0 {
		b := p.Backoff
		if p.FaultBase > 0 && r.Status != wire.StatusTooManyRequests {
			b.Base = p.FaultBase
		}
		return now.Add(b.Delay(p.Key, c, k))
	}
	u := p.Key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
	return now.Add(time.Duration(float64(min(r.RetryAfter, p.MaxWait)) * (1 + p.Spread*u)))
}

// Allows reports whether a call that has been retried k times may be sent again
// at once, to another server, and takes that from the budget.
func (p *Retry) Allows(now clock.Time, k int) bool {
	return k < p.MaxRetries && (p.Budget == nil || p.Budget.Withdraw(now))
}

// retrying sends every call at once to one deployment and leaves the rest to its
// policy: none, naive, fixed, backoff, jitter, retry-after and budget. It does
// what a line does that never holds anything back, in less time.
type retrying struct {
	retry Retry
	to    int // the deployment
}

func (s *retrying) Submit(now clock.Time, c *Call, out *Effects) {
	s.retry.Begin(now)
	out.Send(c, s.to)
}

func (s *retrying) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	if r.OK() {
		out.Done(c)
		return
	}
	switch at, why, ok := s.retry.Next(now, c, r, int(c.Sent)-1); {
	case !ok:
		out.Fail(c, why)
	case at == now:
		out.Send(c, s.to)
	default:
		out.Wake(c, at)
	}
}

func (s *retrying) Wake(now clock.Time, c *Call, out *Effects) { out.Send(c, s.to) }

// IgnoresQuotas implements the interface of that name.
func (s *retrying) IgnoresQuotas() bool { return true }

func (s *retrying) Cancel(now clock.Time, c *Call, out *Effects) { out.Fail(c, Deadline) }
