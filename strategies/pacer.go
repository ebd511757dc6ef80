package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// A Pacer decides when a call may be sent. It is told of each attempt that is sent and of
// each answer, so that it can learn from them. A Dispatcher has one for each of its
// lanes and asks it about the first of the waiting calls only.
//
// A Pacer may also implement [InFlightPacer], [DurationPacer], [RetryPacer],
// [RequestPacer] and [QuotaPacer]. [NewLane] finds out.
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

// InFlightPacer is a Pacer that also bounds the attempts in flight. It may change
// the bound whenever it is told something.
type InFlightPacer interface{ Workers() *WorkerPool }

// DurationPacer is a Pacer that also knows how long an attempt of c is likely to take.
// A call whose deadline is nearer than that is not sent.
type DurationPacer interface {
	Takes(c *Call) time.Duration
	// Late tells that the deadline of c passed while an attempt of it was in flight.
	Late(c *Call)
}

// RetryPacer is a Pacer that also says what becomes of a call that the failure policy
// would send again.
type RetryPacer interface {
	// GivesUp reports whether c, after r did not serve it, fails instead.
	GivesUp(c *Call, r *wire.Reply) bool
	// Defers reports whether c waits behind all other calls. Otherwise it goes to the
	// front of its class.
	Defers(c *Call, r *wire.Reply) bool
}

// RequestPacer is a Pacer that also knows which kind of limit holds calls back.
type RequestPacer interface {
	// ByRequests reports whether it is one on requests. Then it does not matter how large
	// the calls are, and small ones have no reason to overtake.
	ByRequests() bool
}

// QuotaPacer is a Pacer that reads from replies what is left of the limits; see
// [IgnoresQuotas].
type QuotaPacer interface{ ReadsQuotas() }

// Unpaced returns the Pacer that lets every call go at once.
func Unpaced() Pacer { return openPacer{} }

type openPacer struct{}

func (openPacer) Opens(now clock.Time, _ *Call) clock.Time { return now }
func (openPacer) Fits(clock.Time, *Call) bool              { return true }
func (openPacer) Sent(clock.Time, *Call)                   {}
func (openPacer) Answered(clock.Time, *Call, *wire.Reply)  {}
func (openPacer) Release(clock.Time, *Call)                {}

// WorkerPool bounds the attempts in flight. An attempt occupies a worker from when it
// is sent until it is answered or given up.
type WorkerPool struct {
	Most int // workers; 0 = no bound
	busy int
}

// full reports whether all workers are busy.
func (w *WorkerPool) full() bool { return w.Most > 0 && w.busy >= w.Most }

// What a pacer offers beside Pacer is found at run time; these would be missed there.
var (
	_ DurationPacer = (*replyPacer)(nil)
	_ DurationPacer = truthPacer{}
	_ RetryPacer    = (*replyPacer)(nil)
	_ RequestPacer  = (*replyPacer)(nil)
)
