package strategies

import (
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// A gate says when the call at the head of a line may be sent, and is told
// what becomes of the calls it let through.
type gate interface {
	// opens returns now, or less, if c may be sent now, else the earliest time
	// at which it may if nothing else happens; clock.Never if it never may.
	opens(now clock.Time, c *Call) clock.Time
	// fits reports whether opens can ever answer other than clock.Never for c.
	// It is asked of every call that joins a line, so it must be quick.
	fits(now clock.Time, c *Call) bool
	// sent: c is being sent. c.Since is now.
	sent(now clock.Time, c *Call)
	// answered: the attempt of c that was sent at c.Since was answered by r.
	answered(now clock.Time, c *Call, r *wire.Reply)
	// release: c is about to fail while no attempt of it is in flight.
	release(now clock.Time, c *Call)
}

// quotaReader is a gate that goes by what replies tell is left of the limits.
type quotaReader interface{ readsQuotas() }

// ungated is a gate that is always open.
type ungated struct{}

func (ungated) opens(now clock.Time, _ *Call) clock.Time { return now }
func (ungated) fits(clock.Time, *Call) bool              { return true }
func (ungated) sent(clock.Time, *Call)                   {}
func (ungated) answered(clock.Time, *Call, *wire.Reply)  {}
func (ungated) release(clock.Time, *Call)                {}

// What a call in a line is doing, beside Queued. A call in flight has the Phase
// inFlight + the index of its lane.
const (
	asleep uint8 = iota + 1
	inFlight
)

// maxLanes keeps Phase from running into Queued.
const maxLanes = int(Queued - inFlight)

// lane is one deployment that a line may send to.
type lane struct {
	gate       gate
	breaker    *Breaker // nil = none
	deployment int
	workers    int        // most attempts in flight; 0 = no bound
	flying     int        // attempts in flight
	resume     clock.Time // nothing is sent before
	// takes is how long an attempt of a call is likely to take: one whose deadline is
	// nearer is not sent. nil sends until the deadline.
	takes func(*Call) time.Duration
	// last reports whether a call that comes back after r goes behind all others; nil
	// lets it go to the front of its class.
	last     func(c *Call, r *wire.Reply) bool
	oversize int64 // the smallest cost that was refused as too large for ever; 0 = none was
}

// full reports whether nothing is sent until a reply comes.
func (n *lane) full() bool {
	return n.workers > 0 && n.flying >= n.workers || n.breaker != nil && n.breaker.Probing()
}

// fits reports whether the lane can ever take c.
func (n *lane) fits(now clock.Time, c *Call) bool {
	return (n.oversize == 0 || c.Cost() < n.oversize) && n.gate.fits(now, c)
}

// opens returns when c may be sent, at the earliest now.
func (n *lane) opens(now clock.Time, c *Call) clock.Time {
	if n.oversize > 0 && c.Cost() >= n.oversize {
		return clock.Never
	}
	return max(now, n.resume, n.gate.opens(now, c))
}

// line is a strategy: calls wait in a queue, and the one at its head is sent as
// soon as a worker is free and a lane opens for it: the first of the lanes that
// does, in their order. A call whose attempt failed comes back to the front of
// its class.
//
// Where there are several lanes, one that refuses a call is closed for as long
// as the retry policy would wait, and the call goes to another at once. That
// counts as a retry.
type line struct {
	lanes   []lane // 1 to maxLanes
	retry   Retry
	waiting Queue
	shares  *shares // limits of tenants, before the queue; nil = none

	workers  int           // most attempts in flight; 0 = no bound
	maxQueue int           // most calls waiting; 0 = no bound
	patience time.Duration // longest wait of one call that no reply can end sooner; 0 = no bound
	firm     bool          // gates never open before the time they gave: no reply can help
	pauses   bool          // a refusal holds the whole lane, not only the refused call
	when     []int         // statuses that close a lane, where there are several

	flying int        // attempts in flight
	alarm  clock.Time // the alarm asked for last; it has gone off if it is not after now
}

func (l *line) Submit(now clock.Time, c *Call, out *Effects) {
	l.retry.Begin(now)
	if l.maxQueue > 0 && l.waiting.Len() >= l.maxQueue {
		out.Fail(c, QueueTimeout)
		return
	}
	if !l.fits(now, c) {
		out.Fail(c, Oversize)
		return
	}
	if l.shares != nil && l.shares.hold(now, c, out) {
		return
	}
	l.join(now, c, out)
}

func (l *line) fits(now clock.Time, c *Call) bool {
	for i := range l.lanes {
		if l.lanes[i].fits(now, c) {
			return true
		}
	}
	return false
}

// join puts c at the end of its class.
func (l *line) join(now clock.Time, c *Call, out *Effects) {
	c.Since = now
	l.waiting.Push(c)
	if l.waiting.Leads(c) { // the head has changed; otherwise nothing has
		l.pump(now, out)
	}
}

func (l *line) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	n := &l.lanes[c.Phase-inFlight]
	n.flying--
	l.flying--
	c.Phase = 0
	n.gate.answered(now, c, r)
	if n.breaker != nil {
		n.resume = max(n.resume, n.breaker.Answered(now, c, r))
	}
	switch {
	case r.OK():
		if l.shares != nil {
			l.shares.settle(c, int64(r.Prompt)+int64(r.Output))
		}
		out.Done(c)
	case len(l.lanes) > 1 && (r.Limit == wire.Oversize || slices.Contains(l.when, r.Status)):
		l.move(now, n, c, r, out)
	default:
		l.failed(now, n, c, r, out)
	}
	l.pump(now, out)
}

// IgnoresQuotas implements the interface of that name.
func (l *line) IgnoresQuotas() bool {
	return !slices.ContainsFunc(l.lanes, func(n lane) bool { _, reads := n.gate.(quotaReader); return reads })
}

// failed decides what to do with c after r was not a success.
func (l *line) failed(now clock.Time, n *lane, c *Call, r *wire.Reply, out *Effects) {
	at, why, ok := l.retry.Next(now, c, r, int(c.Sent)-1)
	// A fault of one attempt says nothing about the others; a refusal, and any
	// reply that asks for a wait, does.
	pause := l.pauses && (r.Status == wire.StatusTooManyRequests || r.RetryAfter > 0)
	if pause {
		n.resume = max(n.resume, at)
	}
	if !ok || len(l.lanes) > 1 {
		n.gate.release(now, c)
	}
	switch {
	case !ok:
		out.Fail(c, why)
	case n.last != nil && n.last(c, r):
		c.Since = now
		l.waiting.Defer(c)
	case pause || at == now:
		l.comeBack(now, c)
	default:
		c.Phase = asleep
		out.Wake(c, at)
	}
}

// move closes n, which refused c, and lets c go to another lane.
func (l *line) move(now clock.Time, n *lane, c *Call, r *wire.Reply, out *Effects) {
	n.gate.release(now, c)
	switch {
	case r.Limit != wire.Oversize:
		n.resume = max(n.resume, l.retry.Closed(now, c, r, int(c.Sent)-1))
	case n.oversize == 0 || c.Cost() < n.oversize:
		n.oversize = c.Cost()
	}
	switch {
	case !l.fits(now, c):
		out.Fail(c, Oversize)
	case !l.retry.Allows(now, c, int(c.Sent)-1):
		out.Fail(c, MaxRetries)
	default:
		l.comeBack(now, c)
	}
}

func (l *line) comeBack(now clock.Time, c *Call) {
	c.Since = now
	l.waiting.Return(c)
}

func (l *line) Wake(now clock.Time, c *Call, out *Effects) {
	switch {
	case c == nil:
	case c.Sent == 0: // held by shares
		l.join(now, c, out)
		return
	default:
		l.comeBack(now, c)
	}
	l.pump(now, out)
}

func (l *line) Cancel(now clock.Time, c *Call, out *Effects) {
	switch {
	case c.Phase == Queued:
		l.waiting.Remove(c)
		l.lanes[0].gate.release(now, c)
	case c.Phase == asleep && c.Sent == 0:
		l.shares.release(c)
	case c.Phase == asleep:
		l.lanes[0].gate.release(now, c)
	default: // what was reserved for it stays so: the provider may do the work
		n := &l.lanes[c.Phase-inFlight]
		n.flying--
		l.flying--
		if n.breaker != nil {
			n.breaker.Lost(c)
		}
	}
	out.Fail(c, Deadline)
	l.pump(now, out)
}

// pump sends from the head of the line what may be sent now, drops what cannot
// be sent in time, and asks to be woken for the first call that must wait.
func (l *line) pump(now clock.Time, out *Effects) {
	for l.workers == 0 || l.flying < l.workers {
		head, k := l.waiting.head()
		if head == nil {
			return
		}
		c := head.call
		i, at := l.choose(now, c)
		if i < 0 {
			return
		}
		n := &l.lanes[i]
		if why, doomed := l.doomed(now, n, c, at); doomed {
			l.waiting.Remove(c)
			n.gate.release(now, c)
			out.Fail(c, why)
			continue
		}
		if at > now {
			if at != l.alarm {
				l.alarm = at
				out.Alarm(at)
			}
			return
		}
		l.waiting.take(head, k)
		l.flying++
		n.flying++
		c.Phase = inFlight + uint8(i)
		c.Since = now
		n.gate.sent(now, c)
		if n.breaker != nil {
			n.breaker.Sent(c)
		}
		out.Send(c, n.deployment)
	}
}

// choose returns the first lane that c may go to now, else the one that opens
// first and when; -1 if all have as much in flight as they may.
func (l *line) choose(now clock.Time, c *Call) (best int, at clock.Time) {
	if n := &l.lanes[0]; len(l.lanes) == 1 && !n.full() { // as most often; a lone lane has no oversize
		return 0, max(now, n.resume, n.gate.opens(now, c))
	}
	best, at = -1, clock.Never
	for i := range l.lanes {
		n := &l.lanes[i]
		if n.full() {
			continue
		}
		opens := n.opens(now, c)
		if opens == now {
			return i, now
		}
		if best < 0 || opens < at {
			best, at = i, opens
		}
	}
	return best, at
}

// doomed reports whether c, at the head of the line, should not wait until at
// for n. Where a reply may open a lane sooner, at is no reason to give up as
// long as one is still to come.
func (l *line) doomed(now clock.Time, n *lane, c *Call, at clock.Time) (Reason, bool) {
	alone := len(l.lanes) == 1
	sure := l.firm || l.flying == 0 || at == now || at == n.resume && alone
	switch {
	case at == clock.Never && (sure || alone):
		return Oversize, true
	case sure && n.tooLate(at, c):
		return Deadline, true
	case sure && at > l.retry.last(c):
		return MaxRetries, true
	case l.patience > 0 && at > c.Since.Add(l.patience):
		return QueueTimeout, true
	}
	return 0, false
}

// tooLate reports whether an attempt of c that is sent at the given time is likely
// to be answered after its deadline.
func (n *lane) tooLate(at clock.Time, c *Call) bool {
	if c.Deadline == clock.Never {
		return at == clock.Never
	}
	if n.takes != nil {
		at = at.Add(n.takes(c))
	}
	return at >= c.Deadline
}
