package strategies

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// A FailurePolicy decides what becomes of a call whose attempt failed. A [Retry] is one.
type FailurePolicy interface {
	// Begin tells that a new call has come, which a retry budget goes by.
	Begin(now clock.Time)
	// Next decides about c after r answered its failed attempt, when k retries have
	// been made. If c may be sent again, ok is true and at >= now says when. Otherwise why
	// says what ended it, and at is the time from which the server would have been
	// worth asking; it is now if there is no such time.
	Next(now clock.Time, c *Call, r *wire.Reply, k int) (at clock.Time, why Reason, ok bool)
	// Closed returns the time until which the server is not worth asking after r
	// answered c, which has been retried k times.
	Closed(now clock.Time, c *Call, r *wire.Reply, k int) clock.Time
	// Allows reports whether c, which has been retried k times, may be sent to another
	// server at once. If so, that counts as a retry. For a hedge, which is no retry, k is
	// -1: only the time and a retry budget can forbid it.
	Allows(now clock.Time, c *Call, k int) bool
	// Last returns until when c may be sent again; clock.Never if there is no such time.
	Last(c *Call) clock.Time
}

// pacerRetry is the failure policy where paced is the pacer. A call that was refused is back in the queue
// at once, and the pacer decides when it is sent again. A call that failed otherwise is
// back at once twice, and then waits as its Retry says.
type pacerRetry struct{ retry *Retry }

// atOnce is how often a call that failed without being refused is sent again at once.
const atOnce = 2

func (p pacerRetry) Begin(now clock.Time) { p.retry.Begin(now) }

func (p pacerRetry) Next(now clock.Time, c *Call, r *wire.Reply, k int) (at clock.Time, why Reason, ok bool) {
	switch {
	case p.retry.ends(r):
		return now, Final(r), false
	case refusal(r) || k < atOnce:
		return p.retry.decide(now, now, c, k)
	}
	return p.retry.decide(now, p.Closed(now, c, r, k), c, k)
}

func (p pacerRetry) Closed(now clock.Time, c *Call, r *wire.Reply, k int) clock.Time {
	return p.retry.Closed(now, c, r, k)
}

func (p pacerRetry) Allows(now clock.Time, c *Call, k int) bool {
	return p.retry.Allows(now, c, k)
}

func (p pacerRetry) Last(c *Call) clock.Time { return p.retry.Last(c) }
