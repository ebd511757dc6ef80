package strategies

import (
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// A Pacer decides when a call may be sent. It is told of each attempt that is sent and of
// each answer, so that it can learn from them. A Dispatcher has one for each of its
// lanes and asks it about the first of the waiting calls only.
type Pacer interface {
	// Opens returns the earliest time at which c may be sent if nothing else happens
	// until then. It returns now, or an earlier time, if c may be sent now, and
	// clock.Never if c may never be sent.
	Opens(now clock.Time, c *Call) clock.Time
	// Fits reports whether Opens can ever answer other than clock.Never for c. It is
	// asked about every call that comes, so it must be quick.
	Fits(now clock.Time, c *Call) bool
	// Sent tells that an attempt of c is being sent. c.Since is now.
	Sent(now clock.Time, c *Call)
	// Answered tells that r answered the attempt of c that was sent at c.Since.
	Answered(now clock.Time, c *Call, r *wire.Reply)
	// Release tells that c is about to fail, or to go elsewhere, while no attempt of it
	// is in flight. What the pacer still holds for c is free again.
	Release(now clock.Time, c *Call)
}

// quotaReader is a Pacer that goes by what replies tell is left of the limits.
type quotaReader interface{ readsQuotas() }

// Unpaced returns the Pacer that lets every call go at once.
func Unpaced() Pacer { return openPacer{} }

type openPacer struct{}

func (openPacer) Opens(now clock.Time, _ *Call) clock.Time { return now }
func (openPacer) Fits(clock.Time, *Call) bool              { return true }
func (openPacer) Sent(clock.Time, *Call)                   {}
func (openPacer) Answered(clock.Time, *Call, *wire.Reply)  {}
func (openPacer) Release(clock.Time, *Call)                {}

// What a call of a Dispatcher is doing, beside Queued, as its Phase says. A call in flight
// has the Phase inFlight + the index of its lane.
const (
	asleep uint8 = iota + 1
	inFlight
)

// maxLanes keeps Phase from running into Queued.
const maxLanes = int(Queued - inFlight)

// Lane is a deployment that a Dispatcher sends to, with what decides when.
type Lane struct {
	pacer      Pacer
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
func (n *Lane) full() bool {
	return n.workers > 0 && n.flying >= n.workers || n.breaker != nil && n.breaker.Probing()
}

// fits reports whether the lane can ever take c.
func (n *Lane) fits(now clock.Time, c *Call) bool {
	return (n.oversize == 0 || c.Cost() < n.oversize) && n.pacer.Fits(now, c)
}

// opens returns when c may be sent, at the earliest now.
func (n *Lane) opens(now clock.Time, c *Call) clock.Time {
	if n.oversize > 0 && c.Cost() >= n.oversize {
		return clock.Never
	}
	return max(now, n.resume, n.pacer.Opens(now, c))
}

// Dispatcher is a strategy: calls wait in a queue, and the first one is sent as soon as a
// worker is free and the pacer of a lane lets it go. If several lanes are open, the
// first of them is taken. A call whose attempt failed comes back to the front of its
// class.
//
// Where there are several lanes, one that refuses a call is closed for as long
// as the retry policy would wait, and the call goes to another at once. That
// counts as a retry.
type Dispatcher struct {
	lanes   []Lane // 1 to maxLanes
	retry   Retry
	waiting Queue
	shares  *shares // limits of tenants, before the queue; nil = none

	workers  int           // most attempts in flight; 0 = no bound
	maxQueue int           // most calls waiting; 0 = no bound
	patience time.Duration // longest wait of one call that no reply can end sooner; 0 = no bound
	firm     bool          // pacers never open before the time they gave, because no reply can help
	pauses   bool          // a refusal holds the whole lane, not only the refused call
	when     []int         // statuses that close a lane, where there are several

	flying int        // attempts in flight
	alarm  clock.Time // the alarm asked for last; it has gone off if it is not after now
}

// Submit implements [Strategy].
func (d *Dispatcher) Submit(now clock.Time, c *Call, out *Effects) {
	d.retry.Begin(now)
	if d.maxQueue > 0 && d.waiting.Len() >= d.maxQueue {
		out.Fail(c, QueueTimeout)
		return
	}
	if !d.fits(now, c) {
		out.Fail(c, Oversize)
		return
	}
	if d.shares != nil && d.shares.hold(now, c, out) {
		return
	}
	d.join(now, c, out)
}

func (d *Dispatcher) fits(now clock.Time, c *Call) bool {
	for i := range d.lanes {
		if d.lanes[i].fits(now, c) {
			return true
		}
	}
	return false
}

// join puts c at the end of its class.
func (d *Dispatcher) join(now clock.Time, c *Call, out *Effects) {
	c.Since = now
	d.waiting.Push(c)
	if d.waiting.Leads(c) { // the head has changed; otherwise nothing has
		d.pump(now, out)
	}
}

// Reply implements [Strategy].
func (d *Dispatcher) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	n := &d.lanes[c.Phase-inFlight]
	n.flying--
	d.flying--
	c.Phase = 0
	n.pacer.Answered(now, c, r)
	if n.breaker != nil {
		n.resume = max(n.resume, n.breaker.Answered(now, c, r))
	}
	switch {
	case r.OK():
		if d.shares != nil {
			d.shares.settle(c, int64(r.Prompt)+int64(r.Output))
		}
		out.Done(c)
	case len(d.lanes) > 1 && (r.Limit == wire.Oversize || slices.Contains(d.when, r.Status)):
		d.move(now, n, c, r, out)
	default:
		d.failed(now, n, c, r, out)
	}
	d.pump(now, out)
}

// IgnoresQuotas implements the interface of that name.
func (d *Dispatcher) IgnoresQuotas() bool {
	return !slices.ContainsFunc(d.lanes, func(n Lane) bool { _, reads := n.pacer.(quotaReader); return reads })
}

// failed decides what to do with c after r was not a success.
func (d *Dispatcher) failed(now clock.Time, n *Lane, c *Call, r *wire.Reply, out *Effects) {
	at, why, ok := d.retry.Next(now, c, r, int(c.Sent)-1)
	// A fault of one attempt says nothing about the others; a refusal, and any
	// reply that asks for a wait, does.
	pause := d.pauses && (r.Status == wire.StatusTooManyRequests || r.RetryAfter > 0)
	if pause {
		n.resume = max(n.resume, at)
	}
	if !ok || len(d.lanes) > 1 {
		n.pacer.Release(now, c)
	}
	switch {
	case !ok:
		out.Fail(c, why)
	case n.last != nil && n.last(c, r):
		c.Since = now
		d.waiting.Defer(c)
	case pause || at == now:
		d.comeBack(now, c)
	default:
		c.Phase = asleep
		out.Wake(c, at)
	}
}

// move closes n, which refused c, and lets c go to another lane.
func (d *Dispatcher) move(now clock.Time, n *Lane, c *Call, r *wire.Reply, out *Effects) {
	n.pacer.Release(now, c)
	switch {
	case r.Limit != wire.Oversize:
		n.resume = max(n.resume, d.retry.Closed(now, c, r, int(c.Sent)-1))
	case n.oversize == 0 || c.Cost() < n.oversize:
		n.oversize = c.Cost()
	}
	switch {
	case !d.fits(now, c):
		out.Fail(c, Oversize)
	case !d.retry.Allows(now, int(c.Sent)-1):
		out.Fail(c, MaxRetries)
	default:
		d.comeBack(now, c)
	}
}

func (d *Dispatcher) comeBack(now clock.Time, c *Call) {
	c.Since = now
	d.waiting.Return(c)
}

// Wake implements [Strategy].
func (d *Dispatcher) Wake(now clock.Time, c *Call, out *Effects) {
	switch {
	case c == nil:
	case c.Sent == 0: // held by shares
		d.join(now, c, out)
		return
	default:
		d.comeBack(now, c)
	}
	d.pump(now, out)
}

// Cancel implements [Strategy].
func (d *Dispatcher) Cancel(now clock.Time, c *Call, out *Effects) {
	switch {
	case c.Phase == Queued:
		d.waiting.Remove(c)
		d.lanes[0].pacer.Release(now, c)
	case c.Phase == asleep && c.Sent == 0:
		d.shares.release(c)
	case c.Phase == asleep:
		d.lanes[0].pacer.Release(now, c)
	default: // what was reserved for it stays so: the provider may do the work
		n := &d.lanes[c.Phase-inFlight]
		n.flying--
		d.flying--
		if n.breaker != nil {
			n.breaker.Lost(c)
		}
	}
	out.Fail(c, Deadline)
	d.pump(now, out)
}

// pump sends from the head of the queue what may be sent now, drops what cannot
// be sent in time, and asks to be woken for the first call that must wait.
func (d *Dispatcher) pump(now clock.Time, out *Effects) {
	for d.workers == 0 || d.flying < d.workers {
		head, k := d.waiting.head()
		if head == nil {
			return
		}
		c := head.call
		i, at := d.choose(now, c)
		if i < 0 {
			return
		}
		n := &d.lanes[i]
		if why, doomed := d.doomed(now, n, c, at); doomed {
			d.waiting.Remove(c)
			n.pacer.Release(now, c)
			out.Fail(c, why)
			continue
		}
		if at > now {
			if at != d.alarm {
				d.alarm = at
				out.Alarm(at)
			}
			return
		}
		d.waiting.take(head, k)
		d.flying++
		n.flying++
		c.Phase = inFlight + uint8(i)
		c.Since = now
		n.pacer.Sent(now, c)
		if n.breaker != nil {
			n.breaker.Sent(c)
		}
		out.Send(c, n.deployment)
	}
}

// choose returns the first lane that c may go to now, else the one that opens
// first and when; -1 if all have as much in flight as they may.
func (d *Dispatcher) choose(now clock.Time, c *Call) (best int, at clock.Time) {
	if n := &d.lanes[0]; len(d.lanes) == 1 && !n.full() { // as most often; a lone lane has no oversize
		return 0, max(now, n.resume, n.pacer.Opens(now, c))
	}
	best, at = -1, clock.Never
	for i := range d.lanes {
		n := &d.lanes[i]
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

// doomed reports whether c, at the head of the queue, should not wait until at
// for n. Where a reply may open a lane sooner, at is no reason to give up as
// long as one is still to come.
func (d *Dispatcher) doomed(now clock.Time, n *Lane, c *Call, at clock.Time) (Reason, bool) {
	alone := len(d.lanes) == 1
	sure := d.firm || d.flying == 0 || at == now || at == n.resume && alone
	switch {
	case at == clock.Never && (sure || alone):
		return Oversize, true
	case sure && n.tooLate(at, c):
		return Deadline, true
	case d.patience > 0 && at > c.Since.Add(d.patience):
		return QueueTimeout, true
	}
	return 0, false
}

// tooLate reports whether an attempt of c that is sent at the given time is likely
// to be answered after its deadline.
func (n *Lane) tooLate(at clock.Time, c *Call) bool {
	if c.Deadline == clock.Never {
		return at == clock.Never
	}
	if n.takes != nil {
		at = at.Add(n.takes(c))
	}
	return at >= c.Deadline
}
