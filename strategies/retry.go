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
}

// Next decides about c after its failed attempt was answered by r, when k
// retries have been taken. If it may be sent again, ok is true and at >= now
// says when. Otherwise why says what ended it; at is then the time from which
// the server would have been worth asking, and now when no time is.
//
// A retry that could not be sent before the deadline is not waited for.
func (p *Retry) Next(now clock.Time, c *Call, r *wire.Reply, k int) (at clock.Time, why Reason, ok bool) {
	switch {
	case !r.Retryable():
		return now, NotRetryable, false
	case p.MaxWait == 0 || r.RetryAfter <= 0:
		b := p.Backoff
		if p.FaultBase > 0 && r.Status != wire.StatusTooManyRequests {
			b.Base = p.FaultBase
		}
		at = now.Add(b.Delay(p.Key, c, k))
	case r.RetryAfter > p.MaxWait:
		return now, NotRetryable, false
	default:
		u := p.Key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
		at = now.Add(time.Duration(float64(r.RetryAfter) * (1 + p.Spread*u)))
	}
	switch {
	case k >= p.MaxRetries:
		return at, MaxRetries, false
	case at >= c.Deadline:
		return at, Deadline, false
	}
	return at, 0, true
}

// retrying sends every call at once to the default deployment and leaves the
// rest to its policy: the strategies none, naive, fixed, backoff, jitter and
// retry-after are presets of it.
type retrying struct{ retry Retry }

func (s *retrying) Submit(now clock.Time, c *Call, out *Effects) { out.Send(c, 0) }

func (s *retrying) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	if r.OK() {
		out.Done(c)
		return
	}
	switch at, why, ok := s.retry.Next(now, c, r, int(c.Sent)-1); {
	case !ok:
		out.Fail(c, why)
	case at == now:
		out.Send(c, 0)
	default:
		out.Wake(c, at)
	}
}

func (s *retrying) Wake(now clock.Time, c *Call, out *Effects) { out.Send(c, 0) }

func (s *retrying) Cancel(now clock.Time, c *Call, out *Effects) { out.Fail(c, Deadline) }
