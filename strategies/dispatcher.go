package strategies

import (
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// What a call of a Dispatcher is doing, beside Queued, as its Phase says. A call in flight
// has the Phase inFlight + the index of its lane, or twice if it has two attempts in
// flight.
const (
	asleep uint8 = iota + 1
	twice
	inFlight
)

// maxLanes keeps Phase from running into Queued.
const maxLanes = int(Queued - inFlight)

// Lane is a deployment that a Dispatcher sends to, with what decides when. [NewLane]
// makes one.
type Lane struct {
	Breaker *Breaker // nil = none

	deployment int
	pacer      Pacer
	workers    *WorkerPool   // of an InFlightPacer; nil = no bound of its own
	durations  DurationPacer // pacer, or nil
	retries    RetryPacer    // pacer, or nil
	requests   RequestPacer  // pacer, or nil

	resume   clock.Time // nothing is sent before
	oversize int64      // the smallest cost that was refused as too large for ever; 0 = none was
}

// NewLane returns the lane to a deployment, by its index in Env.Deployments, that p paces.
func NewLane(deployment int, p Pacer) Lane {
	n := Lane{deployment: deployment, pacer: p}
	if w, ok := p.(InFlightPacer); ok {
		n.workers = w.Workers()
	}
	n.durations, _ = p.(DurationPacer)
	n.retries, _ = p.(RetryPacer)
	n.requests, _ = p.(RequestPacer)
	return n
}

// full reports whether nothing is sent until a reply comes.
func (n *Lane) full() bool {
	return n.workers != nil && n.workers.full() || n.Breaker != nil && n.Breaker.Probing()
}

// occupy and free count the attempts in flight.
func (n *Lane) occupy() {
	if n.workers != nil {
		n.workers.busy++
	}
}

func (n *Lane) free() {
	if n.workers != nil {
		n.workers.busy--
	}
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
// Where there are several lanes, a lane that refuses a call is closed for as long as the
// failure policy would wait, and the call goes to another lane at once. That counts as a
// retry.
type Dispatcher struct {
	Lanes     []Lane // 1 to maxLanes
	Failures  FailurePolicy
	Waiting   Queue
	Workers   WorkerPool
	MaxQueue  int           // most calls waiting; 0 = no bound
	Hedges    *Hedging      // second attempts of slow calls; nil = none
	Estimates *Estimates    // of what calls cost; nil = as the application says
	Patience  time.Duration // longest wait of one call that no reply can end sooner; 0 = no bound
	// Firm says that no reply can make a pacer open before the time that it gave.
	Firm bool
	// Pauses says that a refusal holds the whole lane and not only the refused call.
	Pauses bool
	// MovesOn has the statuses that close a lane and send the call to another one,
	// where there are several lanes.
	MovesOn []int

	shares *shares // limits of tenants, before the queue; nil = none
	lessee lessee  // a pacer that asks a coordinator; nil = none

	alarm clock.Time // the alarm asked for last; it has gone off if it is not after now
}

// lessee is a pacer that leases a part of the limits from a coordinator.
type lessee interface {
	// submitted tells that the application wants c done.
	submitted(c *Call)
	// ask returns what to ask the coordinator for at now, while so many calls wait; ok
	// is false if there is nothing to ask for.
	ask(now clock.Time, waiting int) (q wire.Ask, ok bool)
	// granted tells that r is the coordinator's answer.
	granted(now clock.Time, r *wire.Reply)
}

// Submit implements [Strategy].
func (d *Dispatcher) Submit(now clock.Time, c *Call, out *Effects) {
	if d.lessee != nil {
		d.lessee.submitted(c)
	}
	d.admit(now, c, out)
	d.renew(now, out)
}

// admit puts c into the queue, unless it must fail now or its tenant must wait.
func (d *Dispatcher) admit(now clock.Time, c *Call, out *Effects) {
	if d.Estimates != nil {
		d.Estimates.begin(c)
	}
	d.Failures.Begin(now)
	if d.Hedges != nil {
		d.Hedges.earn()
	}
	if d.MaxQueue > 0 && d.Waiting.Len() >= d.MaxQueue {
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

// renew asks the coordinator, where there is one and it is time.
func (d *Dispatcher) renew(now clock.Time, out *Effects) {
	if d.lessee == nil {
		return
	}
	if q, ok := d.lessee.ask(now, d.Waiting.Len()); ok {
		out.Ask(nil, q)
	}
}

func (d *Dispatcher) fits(now clock.Time, c *Call) bool {
	for i := range d.Lanes {
		if d.Lanes[i].fits(now, c) {
			return true
		}
	}
	return false
}

// join puts c at the end of its class.
func (d *Dispatcher) join(now clock.Time, c *Call, out *Effects) {
	c.Since = now
	if n := &d.Lanes[0]; len(d.Lanes) == 1 && n.requests != nil {
		d.Waiting.Flat = n.requests.ByRequests()
	}
	d.Waiting.Push(c)
	if d.Waiting.Leads(c) { // the head has changed; otherwise nothing has
		d.pump(now, out)
	}
}

// Reply implements [Strategy].
func (d *Dispatcher) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	if c == nil {
		d.lessee.granted(now, r)
		d.pump(now, out)
		return
	}
	if c.Phase != twice || !d.outdone(now, c, r, out) {
		d.answer(now, c, r, out)
	}
	d.pump(now, out)
	d.renew(now, out)
}

// answer decides what to do with c after r answered the only attempt of it in flight.
func (d *Dispatcher) answer(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	n := d.tell(now, c, r)
	switch {
	case r.OK():
		if d.shares != nil {
			d.shares.settle(c, int64(r.Prompt)+int64(r.Output))
		}
		out.Done(c)
	case len(d.Lanes) > 1 && (r.Limit == wire.Oversize || slices.Contains(d.MovesOn, r.Status)):
		d.move(now, n, c, r, out)
	default:
		d.failed(now, n, c, r, out)
	}
}

// tell tells all who need to know that r answered the attempt that c carries, and returns
// its lane.
func (d *Dispatcher) tell(now clock.Time, c *Call, r *wire.Reply) *Lane {
	n := d.leave(c.Phase)
	c.Phase = 0
	if d.Hedges != nil {
		d.Hedges.learn(now, c, r)
	}
	if d.Estimates != nil && r.OK() {
		d.Estimates.learn(now, c, r)
	}
	n.pacer.Answered(now, c, r)
	if n.Breaker != nil {
		n.resume = max(n.resume, n.Breaker.Answered(now, c, r))
	}
	return n
}

// leave frees the workers of an attempt that was in flight with this Phase, and returns
// its lane.
func (d *Dispatcher) leave(phase uint8) *Lane {
	n := &d.Lanes[phase-inFlight]
	n.free()
	d.Workers.busy--
	return n
}

// lose gives up an attempt of c with this Phase. What is reserved for it stays reserved,
// because the provider may do the work.
func (d *Dispatcher) lose(c *Call, phase uint8) {
	if n := d.leave(phase); n.Breaker != nil {
		n.Breaker.Lost(c)
	}
}

// IgnoresQuotas implements the interface of that name.
func (d *Dispatcher) IgnoresQuotas() bool {
	return !slices.ContainsFunc(d.Lanes, func(n Lane) bool { _, reads := n.pacer.(QuotaPacer); return reads })
}

// CountsPrompts implements the interface of that name.
func (d *Dispatcher) CountsPrompts() PromptCount { return d.Estimates.counts() }

// failed decides what to do with c after r was not a success.
func (d *Dispatcher) failed(now clock.Time, n *Lane, c *Call, r *wire.Reply, out *Effects) {
	at, why, ok := d.Failures.Next(now, c, r, int(c.Sent)-1)
	if ok && n.retries != nil && n.retries.GivesUp(c, r) {
		why, ok = MaxRetries, false
	}
	// A fault of one attempt says nothing about other calls. A refusal does, and so does
	// any reply that asks for a wait.
	pause := d.Pauses && (r.Status == wire.StatusTooManyRequests || r.RetryAfter > 0)
	if pause {
		n.resume = max(n.resume, at)
	}
	if !ok || len(d.Lanes) > 1 {
		n.pacer.Release(now, c)
	}
	switch {
	case !ok:
		out.Fail(c, why)
	case n.retries != nil && n.retries.Defers(c, r):
		c.Since = now
		d.Waiting.Defer(c)
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
		n.resume = max(n.resume, d.Failures.Closed(now, c, r, int(c.Sent)-1))
	case n.oversize == 0 || c.Cost() < n.oversize:
		n.oversize = c.Cost()
	}
	switch {
	case !d.fits(now, c):
		out.Fail(c, Oversize)
	case !d.Failures.Allows(now, c, int(c.Sent)-1):
		out.Fail(c, MaxRetries)
	default:
		d.comeBack(now, c)
	}
}

func (d *Dispatcher) comeBack(now clock.Time, c *Call) {
	c.Since = now
	d.Waiting.Return(c)
}

// Wake implements [Strategy].
func (d *Dispatcher) Wake(now clock.Time, c *Call, out *Effects) {
	switch {
	case c != nil && c.Sent == 0: // held by shares
		d.join(now, c, out)
	case c != nil && c.Phase == asleep:
		d.comeBack(now, c)
		d.pump(now, out)
	case c != nil:
		d.hedge(now, c, out)
	default:
		d.pump(now, out)
	}
	d.renew(now, out)
}

// Cancel implements [Strategy].
func (d *Dispatcher) Cancel(now clock.Time, c *Call, out *Effects) {
	switch {
	case c.Phase == Queued:
		d.Waiting.Remove(c)
		d.Lanes[0].pacer.Release(now, c)
	case c.Phase == asleep && c.Sent == 0:
		d.shares.release(c)
	case c.Phase == asleep:
		d.Lanes[0].pacer.Release(now, c)
	default:
		if c.Phase == twice {
			d.lose(c, d.Hedges.part(c, 0).phase)
		}
		if n := &d.Lanes[c.Phase-inFlight]; n.durations != nil {
			n.durations.Late(c)
		}
		d.lose(c, c.Phase)
	}
	out.Fail(c, Deadline)
	d.pump(now, out)
}

// pump sends from the head of the queue what may be sent now, drops what cannot
// be sent in time, and asks to be woken for the first call that must wait.
func (d *Dispatcher) pump(now clock.Time, out *Effects) {
	for !d.Workers.full() {
		head, k := d.Waiting.head()
		if head == nil {
			return
		}
		c := head.call
		i, at := d.choose(now, c)
		if i < 0 {
			return
		}
		n := &d.Lanes[i]
		if why, doomed := d.doomed(now, n, c, at); doomed {
			d.Waiting.Remove(c)
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
		d.Waiting.take(head, k)
		d.send(now, i, c, out)
		if d.Hedges != nil {
			d.Hedges.arm(now, c, out)
		}
	}
}

// send sends an attempt of c to lane i.
func (d *Dispatcher) send(now clock.Time, i int, c *Call, out *Effects) {
	n := &d.Lanes[i]
	d.Workers.busy++
	n.occupy()
	c.Phase = inFlight + uint8(i)
	c.Since = now
	n.pacer.Sent(now, c)
	if n.Breaker != nil {
		n.Breaker.Sent(c)
	}
	out.Send(c, n.deployment)
}

// choose returns the first lane that c may go to now, else the one that opens
// first and when; -1 if all have as much in flight as they may.
func (d *Dispatcher) choose(now clock.Time, c *Call) (best int, at clock.Time) {
	if n := &d.Lanes[0]; len(d.Lanes) == 1 && !n.full() { // as most often; a lone lane has no oversize
		return 0, max(now, n.resume, n.pacer.Opens(now, c))
	}
	best, at = -1, clock.Never
	for i := range d.Lanes {
		n := &d.Lanes[i]
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

// doomed reports whether c, at the head of the queue, fails now because it cannot be sent
// before at, when n opens. As long as a reply is still to come that may open a lane
// sooner, at is no reason to give up.
func (d *Dispatcher) doomed(now clock.Time, n *Lane, c *Call, at clock.Time) (Reason, bool) {
	alone := len(d.Lanes) == 1
	sure := d.Firm || d.Workers.busy == 0 || at == now || at == n.resume && alone
	switch {
	case at == clock.Never && (sure || alone):
		return Oversize, true
	case sure && n.tooLate(at, c):
		return Deadline, true
	case sure && at > d.Failures.Last(c):
		return MaxRetries, true
	case d.Patience > 0 && at > c.Since.Add(d.Patience):
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
	if n.durations != nil {
		at = at.Add(n.durations.Takes(c))
	}
	return at >= c.Deadline
}
