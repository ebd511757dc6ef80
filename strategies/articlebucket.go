package strategies

import (
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// polled is the strategy article:bucket: each call waits until a token bucket
// holds its cost, and then a client library makes it. Waiting calls sleep until
// there should be enough, but 500 ms at most, and look again; whoever looks when
// there is enough takes it, so that large calls can starve. One that needs more
// than the bucket ever holds looks until its patience is over. The library's own
// retries take nothing, and nothing is given back or trued up. What a call costs
// and the output it declares are the scenario's; the printed code estimates 1000
// tokens for every call and declares half of them.
type polled struct {
	library
	bucket   *limit.Bucket
	patience time.Duration // longest wait
	waiting  Queue         // timed: by when they look next
	alarm    clock.Time    // the alarm asked for last
}

func (s *polled) Submit(now clock.Time, c *Call, out *Effects) {
	c.Since = now
	s.looks(now, out) // those that are due came before c
	s.look(now, c, out)
	s.arm(now, out)
}

// look lets c take its tokens if there are enough.
func (s *polled) look(now clock.Time, c *Call, out *Effects) {
	if at := s.bucket.Earliest(now, c.Cost()); at > now {
		s.waiting.pushAt(c, min(at, now.Add(pollEvery)))
		return
	}
	s.bucket.Take(now, c.Cost())
	s.library.Submit(now, c, out)
}

// looks lets every call look that is due.
func (s *polled) looks(now clock.Time, out *Effects) {
	for s.waiting.next() <= now {
		c := s.waiting.Pop()
		if now >= c.Since.Add(s.patience) {
			out.Fail(c, QueueTimeout)
			continue
		}
		s.look(now, c, out)
	}
}

func (s *polled) arm(now clock.Time, out *Effects) {
	if at := s.waiting.next(); at != s.alarm && at != clock.Never {
		s.alarm = at
		out.Alarm(at)
	}
}

func (s *polled) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		s.library.Wake(now, c, out)
		return
	}
	s.looks(now, out)
	s.arm(now, out)
}

func (s *polled) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Phase == Queued {
		s.waiting.Remove(c)
	}
	s.library.Cancel(now, c, out)
}

// pushAt adds c to a Queue by Priority whose calls' priority is a time.
func (q *Queue) pushAt(c *Call, at clock.Time) {
	q.add(c, int64(at), neverLeft)
	c.Phase = Queued
	q.live++
}

// next returns the time of the next call; clock.Never if none waits.
func (q *Queue) next() clock.Time {
	if q.Peek() == nil {
		return clock.Never
	}
	return clock.Time(q.heap[0].class)
}
