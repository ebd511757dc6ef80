package strategies

import (
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

// What a call in a line is doing, beside Queued.
const (
	inFlight uint8 = iota + 1
	asleep
)

// line is a strategy: calls wait in a queue, and the one at its head is sent to
// the default deployment as soon as the gate opens for it and a worker is free.
// A call whose attempt failed comes back to the front of its class.
type line struct {
	gate    gate
	retry   Retry
	waiting Queue

	workers  int           // most attempts in flight; 0 = no bound
	maxQueue int           // most calls waiting; 0 = no bound
	patience time.Duration // longest wait of one call, for a firm gate; 0 = no bound
	firm     bool          // the gate never opens before the time it gave: no reply can help
	pauses   bool          // a refusal holds the whole line, not only the refused call

	// service is how long an attempt is likely to take: a call whose deadline is
	// nearer is not sent. 0 sends until the deadline.
	service time.Duration

	flying int        // attempts in flight
	resume clock.Time // nothing is sent before
	alarm  clock.Time // the alarm asked for last; it has gone off if it is not after now
}

func (l *line) Submit(now clock.Time, c *Call, out *Effects) {
	if l.maxQueue > 0 && l.waiting.Len() >= l.maxQueue {
		out.Fail(c, QueueTimeout)
		return
	}
	if !l.gate.fits(now, c) {
		out.Fail(c, NotRetryable)
		return
	}
	c.Since = now
	l.waiting.Push(c)
	if l.waiting.Leads(c) { // the head has changed; otherwise nothing has
		l.pump(now, out)
	}
}

func (l *line) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	l.flying--
	c.Phase = 0
	l.gate.answered(now, c, r)
	if r.OK() {
		out.Done(c)
	} else {
		l.failed(now, c, r, out)
	}
	l.pump(now, out)
}

// failed decides what to do with c after r was not a success.
func (l *line) failed(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	at, why, ok := l.retry.Next(now, c, r, int(c.Sent)-1)
	// A fault of one attempt says nothing about the others; a refusal, and any
	// reply that asks for a wait, does.
	pause := l.pauses && (r.Status == wire.StatusTooManyRequests || r.RetryAfter > 0)
	if pause {
		l.resume = max(l.resume, at)
	}
	switch {
	case !ok:
		l.gate.release(now, c)
		out.Fail(c, why)
	case pause || at == now:
		l.comeBack(now, c)
	default:
		c.Phase = asleep
		out.Wake(c, at)
	}
}

func (l *line) comeBack(now clock.Time, c *Call) {
	c.Since = now
	l.waiting.Return(c)
}

func (l *line) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		l.comeBack(now, c)
	}
	l.pump(now, out)
}

func (l *line) Cancel(now clock.Time, c *Call, out *Effects) {
	switch c.Phase {
	case inFlight:
		l.flying-- // what was reserved for it stays so: the provider may do the work
	case Queued:
		l.waiting.Remove(c)
		l.gate.release(now, c)
	case asleep:
		l.gate.release(now, c)
	}
	out.Fail(c, Deadline)
	l.pump(now, out)
}

// pump sends from the head of the line what may be sent now, drops what cannot
// be sent in time, and asks to be woken for the first call that must wait.
func (l *line) pump(now clock.Time, out *Effects) {
	for l.workers == 0 || l.flying < l.workers {
		c := l.waiting.Peek()
		if c == nil {
			return
		}
		at := max(now, l.resume, l.gate.opens(now, c))
		if why, doomed := l.doomed(now, c, at); doomed {
			l.waiting.Remove(c)
			l.gate.release(now, c)
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
		l.waiting.Pop()
		l.flying++
		c.Phase = inFlight
		c.Since = now
		l.gate.sent(now, c)
		out.Send(c, 0)
	}
}

// doomed reports whether c, at the head of the line, should not wait until at.
// Where a reply may open the gate sooner, at is no reason to give up as long
// as one is still to come.
func (l *line) doomed(now clock.Time, c *Call, at clock.Time) (Reason, bool) {
	sure := l.firm || l.flying == 0 || at == now || at == l.resume
	switch {
	case at == clock.Never:
		return NotRetryable, true
	case at.Add(l.service) >= c.Deadline && sure:
		return Deadline, true
	case l.patience > 0 && at > c.Since.Add(l.patience):
		return QueueTimeout, true
	}
	return 0, false
}
