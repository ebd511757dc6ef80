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
	FaultBase  time.Duration // Backoff.Base after anything but a 429; 0 = the same. See faultFaster
	MaxRetries int           // after the first attempt

	// MaxElapsed is how long after its arrival a call may be sent again; 0 = no bound. It
	// counts from when the application asked, as in cenkalti/backoff and tenacity, and not
	// from the first refusal: a caller knows how long it can wait, and not how much of that
	// its calls spend in a queue. A retry that would come later is not waited for, as in
	// cenkalti/backoff and with tenacity's stop_before_delay.
	MaxElapsed time.Duration

	// MaxWait is the longest Retry-After that is obeyed; with 0 none is. When a server
	// asks for more, the call fails: it is not worth waiting so long, and an earlier
	// retry is certain to be refused. openai-python (since 3.3) and azcore do the same.
	// openai-node falls back to its backoff instead, which uses up all retries while
	// none can succeed.
	MaxWait time.Duration
	// Spread lengthens a Retry-After by a uniform share of up to Spread, 0 to 1. It
	// never shortens it, because a retry before that time is too early. Without it, all
	// calls that were refused together return together.
	Spread float64

	Budget *Budget // of the instance; nil = retries are not counted against each other
}

// For returns the policy of one instance: it draws by the instance's key and has a budget
// of its own.
func (p Retry) For(env Env) *Retry {
	p.Key = env.Key
	if p.Budget != nil {
		own := *p.Budget
		p.Budget = &own
	}
	return &p
}

// Begin notes a new call, which a budget goes by.
func (p *Retry) Begin(now clock.Time) {
	if p.Budget != nil {
		p.Budget.Deposit(now)
	}
}

// Next implements [FailurePolicy]. A retry that could not be sent before the deadline ends
// the call now. So does a retry for which the budget has no room: waiting would only add
// to a backlog that cannot be served.
func (p *Retry) Next(now clock.Time, c *Call, r *wire.Reply, k int) (at clock.Time, why Reason, ok bool) {
	if p.ends(r) {
		return now, Final(r), false
	}
	return p.decide(now, p.Closed(now, c, r, k), c, k)
}

// ends reports whether no retry is worth making after r.
func (p *Retry) ends(r *wire.Reply) bool {
	return !r.Retryable() || p.MaxWait > 0 && r.RetryAfter > p.MaxWait
}

// decide is Next for a retry that would be sent at the given time.
func (p *Retry) decide(now, at clock.Time, c *Call, k int) (_ clock.Time, why Reason, ok bool) {
	switch {
	case k >= p.MaxRetries:
		return at, MaxRetries, false
	case at >= c.Deadline:
		return at, Deadline, false
	case at > p.Last(c):
		return at, MaxRetries, false
	case p.Budget != nil && !p.Budget.Withdraw(now):
		return at, MaxRetries, false
	}
	return at, 0, true
}

// Final returns the reason of a call that r ended because it is not worth a retry.
func Final(r *wire.Reply) Reason {
	if r.Limit == wire.Oversize {
		return Oversize
	}
	return NotRetryable
}

// Closed returns the time until which the server is not worth asking after r: the wait
// that r asks for, up to MaxWait, or else the backoff before retry k of c.
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

// Last returns until when c may be sent again: clock.Never where nothing but the number
// of retries bounds it, and for a call that was not sent yet.
func (p *Retry) Last(c *Call) clock.Time {
	if c.Sent == 0 {
		return clock.Never
	}
	return LastRetry(c, p.MaxElapsed)
}

// LastRetry returns when the time is over in which a policy retries c; 0 is no bound.
func LastRetry(c *Call, maxElapsed time.Duration) clock.Time {
	if maxElapsed == 0 {
		return clock.Never
	}
	return c.Arrived.Add(maxElapsed)
}

// Allows implements [FailurePolicy]. If c may be sent, it takes that from the budget.
func (p *Retry) Allows(now clock.Time, c *Call, k int) bool {
	return k < p.MaxRetries && now <= p.Last(c) && (p.Budget == nil || p.Budget.Withdraw(now))
}

// retrying sends every call at once to one deployment and leaves the rest to its
// policy: none, naive, fixed, backoff, jitter, retry-after and budget. It does
// what a Dispatcher does that never holds anything back, in less time.
type retrying struct {
	retry *Retry
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
