package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// pollEvery is the longest a polling call sleeps between two looks at the
// bucket: the 500 ms of the code that the polled token buckets reproduce.
const pollEvery = 500 * time.Millisecond

// polling is how calls wait that have no line: each sleeps until it may be let
// through, but pollEvery at most, and looks again. Those that look at one instant
// do so in the order in which they fell asleep.
type polling struct {
	patience time.Duration // longest wait of one call, from Call.Since
	waiting  Queue         // timed: by when they look next
	alarm    clock.Time    // the alarm asked for last
}

func newPolling(patience time.Duration) polling {
	return polling{patience: patience, waiting: Queue{Order: Priority}}
}

// sleep lets c look again at the time given, or sooner.
func (p *polling) sleep(now clock.Time, c *Call, until clock.Time) {
	p.waiting.pushAt(c, min(until, now.Add(pollEvery)))
}

// due returns the next call whose time to look has come; nil if there is none.
// Those out of patience fail.
func (p *polling) due(now clock.Time, out *Effects) *Call {
	for p.waiting.next() <= now {
		c := p.waiting.Pop()
		if now < c.Since.Add(p.patience) {
			return c
		}
		out.Fail(c, QueueTimeout)
	}
	return nil
}

// arm asks to be woken for the next look.
func (p *polling) arm(out *Effects) {
	if at := p.waiting.next(); at != p.alarm && at != clock.Never {
		p.alarm = at
		out.Alarm(at)
	}
}

// pushAt adds c to a Queue by Priority whose calls' priority is a time.
func (q *Queue) pushAt(c *Call, at clock.Time) {
	q.add(&q.fresh, c, int64(at), neverLeft)
	c.Phase = Queued
	q.live++
}

// next returns the time of the next call; clock.Never if none waits.
func (q *Queue) next() clock.Time {
	if q.head() == nil {
		return clock.Never
	}
	_, k := q.first()
	return clock.Time(k.class)
}

// poller is the token bucket without a line: each call looks for itself, and
// whoever looks when there is enough takes it. Large calls can starve, since
// small ones take what they wait for.
type poller struct {
	polling
	gate  bucketGate
	retry Retry
}

func (p *poller) Submit(now clock.Time, c *Call, out *Effects) {
	p.retry.Begin(now)
	if !p.gate.fits(now, c) {
		out.Fail(c, Oversize)
		return
	}
	p.join(now, c, out)
}

// join lets c look for the first time, for its first attempt or a retry.
func (p *poller) join(now clock.Time, c *Call, out *Effects) {
	c.Phase, c.Since = 0, now
	p.looks(now, out) // those that are due came before c
	p.look(now, c, out)
	p.arm(out)
}

// look sends c if there is enough.
func (p *poller) look(now clock.Time, c *Call, out *Effects) {
	if at := p.gate.opens(now, c); at > now {
		p.sleep(now, c, at)
		return
	}
	c.Phase = inFlight
	p.gate.sent(now, c)
	out.Send(c, 0)
}

// looks lets every call look that is due.
func (p *poller) looks(now clock.Time, out *Effects) {
	for c := p.due(now, out); c != nil; c = p.due(now, out) {
		p.look(now, c, out)
	}
}

func (p *poller) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	p.gate.answered(now, c, r)
	if r.OK() {
		out.Done(c)
		return
	}
	at, why, ok := p.retry.Next(now, c, r, int(c.Sent)-1)
	if !ok {
		p.gate.release(now, c)
		out.Fail(c, why)
		return
	}
	c.Phase = asleep
	out.Wake(c, at)
}

func (p *poller) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil { // the backoff is over, the wait for tokens begins
		p.join(now, c, out)
		return
	}
	p.looks(now, out)
	p.arm(out)
}

func (p *poller) Cancel(now clock.Time, c *Call, out *Effects) {
	switch c.Phase {
	case Queued:
		p.waiting.Remove(c)
	case asleep:
		p.gate.release(now, c)
	}
	out.Fail(c, Deadline)
}
