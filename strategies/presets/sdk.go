package presets

import (
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// loop is the retry loop of a client library: which failures it retries, how
// often, and how long it waits before. presets.go has those that are known.
type loop struct {
	retries func(r *wire.Reply) bool
	// backoff is the wait before retry k, counted from 0, in seconds; u is
	// uniform in [0, 1).
	backoff func(u float64, k int) float64
	// onFault is the backoff after anything but a 429; nil means the same.
	onFault func(u float64, k int) float64
	// heeds turns what the server asks for, in seconds from 0 on, into the wait;
	// giveUp ends the call, NaN leaves it to backoff. nil reads no header, and
	// none reads an error's body.
	heeds func(asked, backoff, u float64) float64
	// whole: it reads retry-after alone, which is in whole seconds, and not
	// retry-after-ms.
	whole bool
	// refusals: it reads retry-after on 429 and 503 alone.
	refusals bool
	// obeys: x-should-retry goes before retries.
	obeys bool
	// restarts: a wait the server asked for begins the backoff anew.
	restarts bool
	// quota: retries are paid for from a store that successes fill; see wallet.
	quota      bool
	maxRetries int
	maxElapsed time.Duration // as strategies.Retry.MaxElapsed
}

// giveUp, for loop.heeds: what is asked for is not worth waiting for.
const giveUp = -1

// maxLoopRetries is how many retries a loop can count.
const maxLoopRetries = math.MaxUint8

// next returns the wait before retry k of c after r, or why there is none.
func (l *loop) next(key rng.Key, now clock.Time, c *strategies.Call, r *wire.Reply, k int) (wait time.Duration, heeded bool, why strategies.Reason, ok bool) {
	retries := l.retries(r)
	if l.obeys && r.ShouldRetry != wire.Unsaid {
		retries = r.ShouldRetry == wire.Retry
	}
	if !retries {
		return 0, false, strategies.Final(r), false
	}
	u := key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
	s := l.backoff(u, k)
	if l.onFault != nil && r.Status != wire.StatusTooManyRequests {
		s = l.onFault(u, k)
	}
	if l.heeds != nil && r.RetryAfter >= 0 && !r.InBody && (!l.refusals || r.Status == wire.StatusTooManyRequests || r.Status == 503) {
		asked := r.RetryAfter.Seconds()
		if l.whole {
			asked = math.Ceil(asked)
		}
		switch heard := l.heeds(asked, s, u); {
		case heard == giveUp:
			return 0, false, strategies.NotRetryable, false
		case !math.IsNaN(heard):
			s, heeded = heard, true
		}
	}
	wait = longest
	if s < longest.Seconds() {
		wait = time.Duration(s * float64(time.Second))
	}
	if k >= l.maxRetries || now.Add(wait) > strategies.LastRetry(c, l.maxElapsed) {
		return 0, false, strategies.MaxRetries, false
	}
	return wait, heeded, 0, true
}

// longest is the longest wait, in place of those that some library would sleep
// for because a server asked it to: no run is as long.
const longest = 365 * 24 * time.Hour

// library is a strategy: one retry loop, or one around another. Each attempt
// of the outer loop is all that the inner one does, so retries multiply.
//
// It knows nothing of deadlines, as these libraries do not: a call whose
// deadline passes while it sleeps is cancelled then.
type library struct {
	key    rng.Key
	layers []loop // innermost first, one or two
	wallet wallet
}

// Call.Mark counts the retries of the inner loop in its lower byte and those of
// the outer one in its upper byte.
func taken(c *strategies.Call, layer int) int { return int(c.Mark >> (8 * layer) & 0xff) }

// take counts a retry of a layer; the loops inside it begin anew.
func take(c *strategies.Call, layer int, anew bool) {
	n := min(taken(c, layer)+1, maxLoopRetries)
	if anew {
		n = 0
	}
	c.Mark = c.Mark&^(1<<(8*(layer+1))-1) | uint16(n)<<(8*layer)
}

// IgnoresQuotas implements the interface of that name.
func (s *library) IgnoresQuotas() bool { return true }

func (s *library) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	c.Since = now
	out.Send(c, 0)
}

func (s *library) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	s.answer(now, c, r, out)
}

// answer is Reply and reports whether c has ended.
func (s *library) answer(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) (ended bool) {
	wait, why, again := s.next(now, c, r)
	switch {
	case r.OK():
		out.Done(c)
	case !again:
		out.Fail(c, why)
	case wait == 0:
		out.Send(c, 0)
	default:
		out.Wake(c, now.Add(wait))
	}
	return !again
}

// next settles r and returns how long to wait before c is sent again, or, where
// it is not, why it failed if it did.
func (s *library) next(now clock.Time, c *strategies.Call, r *wire.Reply) (wait time.Duration, why strategies.Reason, again bool) {
	if r.OK() {
		s.wallet.earn(c)
		return 0, 0, false
	}
	why = strategies.MaxRetries
	for i := range s.layers {
		l := &s.layers[i]
		wait, heeded, reason, ok := l.next(s.key, now, c, r, taken(c, i))
		if ok && l.quota && !s.wallet.pay(c, r) {
			reason, ok = strategies.MaxRetries, false
		}
		if !ok {
			why = reason
			continue
		}
		take(c, i, heeded && l.restarts)
		return wait, 0, true
	}
	return 0, why, false
}

func (s *library) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 0) }

func (s *library) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Fail(c, strategies.Deadline)
}

// wallet is botocore's retry quota: what a retry costs is given back when it
// succeeds, and a first attempt that succeeds earns a little.
type wallet struct{ spent int }

// The amounts are those of botocore/retries/quota.py and standard.py (1.43).
const (
	walletSize  = 500
	retryCost   = 5
	timeoutCost = 10
	firstEarns  = 1
)

// pay takes the cost of a retry after r, which c holds, or reports that too
// little is left.
func (w *wallet) pay(c *strategies.Call, r *wire.Reply) bool {
	cost := retryCost
	if r.Status == wire.StatusTimeout {
		cost = timeoutCost
	}
	if w.spent+cost > walletSize {
		return false
	}
	w.spent += cost
	c.Held = uint32(cost)
	return true
}

func (w *wallet) earn(c *strategies.Call) {
	back := int(c.Held)
	if back == 0 {
		back = firstEarns
	}
	w.spent = max(0, w.spent-back)
}
