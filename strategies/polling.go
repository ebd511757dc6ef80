package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// pollEvery is the longest a polling call sleeps between two looks at the
// bucket: the 500 ms of the code that the polled token buckets reproduce.
const pollEvery = 500 * time.Millisecond

// polling is how calls wait that have no dispatcher: each sleeps until it may be let
// through, but pollEvery at most, and looks again. Those that look at one instant
// do so in the order in which they fell asleep.
type polling struct {
	patience time.Duration // longest wait of one call, from Call.Since
	waiting  Queue         // timed: by when they look next
	alarm    clock.Time    // that is set; clock.Never if none is
}

func newPolling(patience time.Duration) polling {
	return polling{patience: patience, waiting: Queue{Order: Priority}, alarm: clock.Never}
}

// sleep lets c look again at the time given, or sooner, and returns when.
func (p *polling) sleep(now clock.Time, c *Call, until clock.Time) clock.Time {
	until = min(until, now.Add(pollEvery))
	p.waiting.pushAs(c, int64(until))
	return until
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

// arm asks to be woken at a time, unless it is sooner.
func (p *polling) arm(at clock.Time, out *Effects) {
	if at < p.alarm {
		p.alarm = at
		out.Alarm(at)
	}
}

// pushAs adds c to a Queue by Priority whose calls have one that is not their own.
func (q *Queue) pushAs(c *Call, priority int64) {
	q.add(&q.fresh, c, priority, neverLeft)
	c.Phase = Queued
	q.live++
}

// next returns the priority of the next call, a time; clock.Never if none waits.
func (q *Queue) next() clock.Time {
	e, k := q.head()
	if e == nil {
		return clock.Never
	}
	return clock.Time(k.class)
}

// poller is the token bucket without a dispatcher: each call looks for itself, and
// whoever looks when there is enough takes it. Large calls can starve, since
// small ones take what they wait for.
type poller struct {
	polls polling
	pacer bucketPacer
	retry *Retry
}

func (p *poller) Submit(now clock.Time, c *Call, out *Effects) {
	p.retry.Begin(now)
	if !p.pacer.Fits(now, c) {
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
	p.polls.arm(p.polls.waiting.next(), out)
}

// look sends c if there is enough.
func (p *poller) look(now clock.Time, c *Call, out *Effects) {
	if at := p.pacer.Opens(now, c); at > now {
		p.polls.sleep(now, c, at)
		return
	}
	c.Phase = inFlight
	p.pacer.Sent(now, c)
	out.Send(c, 0)
}

// looks lets every call look that is due.
func (p *poller) looks(now clock.Time, out *Effects) {
	for c := p.polls.due(now, out); c != nil; c = p.polls.due(now, out) {
		p.look(now, c, out)
	}
}

func (p *poller) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	p.pacer.Answered(now, c, r)
	if r.OK() {
		out.Done(c)
		return
	}
	at, why, ok := p.retry.Next(now, c, r, int(c.Sent)-1)
	if !ok {
		p.pacer.Release(now, c)
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
	p.polls.alarm = clock.Never
	p.looks(now, out)
	p.polls.arm(p.polls.waiting.next(), out)
}

func (p *poller) Cancel(now clock.Time, c *Call, out *Effects) {
	switch c.Phase {
	case Queued:
		p.polls.waiting.Remove(c)
	case asleep:
		p.pacer.Release(now, c)
	}
	out.Fail(c, Deadline)
}
