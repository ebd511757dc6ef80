package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// PollEvery is the longest time that a polling call sleeps between two looks at the
// bucket: the 500 ms of the code that the polled token buckets reproduce.
const PollEvery = 500 * time.Millisecond

// Polling is how calls wait without a dispatcher. Each call sleeps until it may be let
// through, but PollEvery at most, and looks again. Those that look at one instant do
// so in the order in which they fell asleep. [NewPolling] makes one.
type Polling struct {
	patience time.Duration // longest wait of one call, from Call.Since
	waiting  Queue         // timed: by when they look next
	alarm    clock.Time    // that is set; clock.Never if none is
}

// NewPolling returns a Polling in which a call waits so long at most, from Call.Since.
func NewPolling(patience time.Duration) Polling {
	return Polling{patience: patience, waiting: Queue{Order: Priority}, alarm: clock.Never}
}

// Sleep lets c look again at the time given, or sooner, and returns when.
func (p *Polling) Sleep(now clock.Time, c *Call, until clock.Time) clock.Time {
	until = min(until, now.Add(PollEvery))
	p.waiting.PushAs(c, int64(until))
	return until
}

// Due returns the next call whose time to look has come; nil if there is none.
// Those out of patience fail.
func (p *Polling) Due(now clock.Time, out *Effects) *Call {
	for p.Next() <= now {
		c := p.waiting.Pop()
		if now < c.Since.Add(p.patience) {
			return c
		}
		out.Fail(c, QueueTimeout)
	}
	return nil
}

// Next returns when the next call looks; clock.Never if none waits.
func (p *Polling) Next() clock.Time {
	if e, k := p.waiting.head(); e != nil {
		return clock.Time(k.class)
	}
	return clock.Never
}

// Remove takes out c, which sleeps and is about to be ended.
func (p *Polling) Remove(c *Call) { p.waiting.Remove(c) }

// Arm asks for the alarm at a time, unless it is set for a sooner one.
func (p *Polling) Arm(at clock.Time, out *Effects) {
	if at < p.alarm {
		p.alarm = at
		out.Alarm(at)
	}
}

// Alarm returns the time for which the alarm is set; clock.Never if it is not.
func (p *Polling) Alarm() clock.Time { return p.alarm }

// Rang notes that the alarm has gone off.
func (p *Polling) Rang() { p.alarm = clock.Never }

// poller is the token bucket without a dispatcher: each call looks for itself, and
// whoever looks when there is enough takes it. Large calls can starve, since
// small ones take what they wait for.
type poller struct {
	polls     Polling
	pacer     bucketPacer
	retry     *Retry
	estimates *Estimates // nil = as the application says
}

// CountsPrompts implements the interface of that name.
func (p *poller) CountsPrompts() PromptCount { return p.estimates.counts() }

func (p *poller) Submit(now clock.Time, c *Call, out *Effects) {
	if p.estimates != nil {
		p.estimates.begin(c)
	}
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
	p.polls.Arm(p.polls.Next(), out)
}

// look sends c if there is enough.
func (p *poller) look(now clock.Time, c *Call, out *Effects) {
	if now > p.retry.Last(c) {
		p.pacer.Release(now, c)
		out.Fail(c, MaxRetries)
		return
	}
	if at := p.pacer.Opens(now, c); at > now {
		p.polls.Sleep(now, c, at)
		return
	}
	c.Phase = inFlight
	p.pacer.Sent(now, c)
	out.Send(c, 0)
}

// looks lets every call look that is due.
func (p *poller) looks(now clock.Time, out *Effects) {
	for c := p.polls.Due(now, out); c != nil; c = p.polls.Due(now, out) {
		p.look(now, c, out)
	}
}

func (p *poller) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	p.pacer.Answered(now, c, r)
	if r.OK() {
		if p.estimates != nil {
			p.estimates.learn(now, c, r)
		}
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
	p.polls.Rang()
	p.looks(now, out)
	p.polls.Arm(p.polls.Next(), out)
}

func (p *poller) Cancel(now clock.Time, c *Call, out *Effects) {
	switch c.Phase {
	case Queued:
		p.polls.Remove(c)
	case asleep:
		p.pacer.Release(now, c)
	}
	out.Fail(c, Deadline)
}
