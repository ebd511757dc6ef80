package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// A Strategy decides, for one instance, when its calls are sent, held, retried
// and given up.
//
// It reads no clock, owns no timer, starts no goroutine and does no I/O: the
// driver says what happened and when, and carries out what is appended to out,
// in that order, before anything else happens. A call for which nothing is
// appended stays with the strategy until it says more. Every call submitted is
// ended exactly once, by Done or Fail; after that the strategy must not write
// to it again, for the driver reuses its memory. (A [Queue] may still compare
// its ID, to see that it has ended.)
//
// Methods are called one at a time and now never decreases.
type Strategy interface {
	// Submit: the application wants c done.
	Submit(now clock.Time, c *Call, out *Effects)
	// Reply: an attempt of c ended. r is valid during the call only. There
	// is no Reply for attempts that were aborted or whose call has ended. The
	// answer to what was asked of a coordinator comes here, too, with the call it
	// was asked for, or with nil.
	Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects)
	// Wake: the time asked for with Effects.Wake has come, or, when c is
	// nil, the one asked for with Effects.Alarm.
	Wake(now clock.Time, c *Call, out *Effects)
	// Cancel: the application gave up on c, because its deadline passed. The
	// strategy must end it with Fail at once.
	Cancel(now clock.Time, c *Call, out *Effects)
}

// IgnoresQuotas is an interface that a Strategy may implement. True says that the
// strategy reads neither Requests nor Tokens of the replies to attempts. A simulator
// then need not compute them, which saves a tenth of its time.
type IgnoresQuotas interface{ IgnoresQuotas() bool }

// Call is one piece of work the application wants done. It is one cache line
// long; a driver may keep millions.
//
// Strategies read the first group of fields and own the second. A call comes
// to Submit with the second group zero. Of the first group a strategy may replace
// EstimatedPrompt and MaxTokens in Submit, by what it takes the call to cost
// (see [Estimates]); drivers do not read them again.
type Call struct {
	ID              uint64     // unique in the run; names the call's random draws
	Arrived         clock.Time // when the application asked
	Deadline        clock.Time // when the application will give up; clock.Never for none
	EstimatedPrompt uint32     // the prompt in tokens, as the client estimates it
	MaxTokens       uint32     // bound on the output that the request declares; 0 for none
	Tenant          uint16
	Sent            uint16 // attempts sent so far; the driver counts
	Priority        int8   // lower is more urgent

	Phase uint8      // what the strategy is doing with the call
	Mark  uint16     // a count of its own
	Held  uint32     // what it holds for it: tokens, or the ticket of a charge
	Slot  uint32     // the driver's handle; not for strategies
	Since clock.Time // when the present phase began
	Delay int64      // its last backoff, ns
}

// Cost is what a provider that reserves tokens will charge c for at
// admission, as far as the client can know: prompt plus declared output.
func (c *Call) Cost() int64 { return int64(c.EstimatedPrompt) + int64(c.MaxTokens) }

// Reason says why a call failed.
type Reason uint8

// The reasons, as results name them.
const (
	MaxRetries   Reason = iota // retries were used up, by number or by time
	Deadline                   // it ended, or could only have ended, after its deadline
	NotRetryable               // the reply said that no retry can help
	QueueTimeout               // it waited too long, or found the queue full, on the client's side
	Oversize                   // it is larger than a limit and can never be admitted, as the client knows or the reply says
	BrokenStream               // its answer had begun and broke off; the driver says so, whatever the strategy
	NumReasons
)

var reasonNames = [NumReasons]string{"max_retries", "deadline", "not_retryable", "queue_timeout", "oversize", "broken_stream"}

func (r Reason) String() string { return reasonNames[r] }

// Kind is what an Effect asks for.
type Kind uint8

// The kinds of effect.
const (
	SendKind Kind = iota + 1
	WakeKind
	AlarmKind
	AbortKind
	DoneKind
	FailKind
	AskKind
)

// Effect is one thing a strategy asks of its driver. Which fields matter
// depends on Kind; see the methods of Effects.
type Effect struct {
	Call       *Call
	At         clock.Time
	Kind       Kind
	Reason     Reason
	Deployment uint16
	Attempt    uint32
}

// Effects collects what a strategy asks for. Drivers hand in an empty one and
// reuse it.
type Effects struct {
	List []Effect
	Asks []wire.Ask
}

// Reset empties e.
func (e *Effects) Reset() { e.List, e.Asks = e.List[:0], e.Asks[:0] }

// Send sends an attempt of c to a deployment, by its index in Env.Deployments.
func (e *Effects) Send(c *Call, deployment int) {
	e.add(SendKind, c).Deployment = uint16(deployment)
}

// Ask asks the coordinator of Env for q, on behalf of c or, if c is nil, of the
// instance. The answer comes to Reply. If c has ended by then, the answer is dropped,
// and so is what was granted. An ask is not an attempt.
func (e *Effects) Ask(c *Call, q wire.Ask) {
	e.add(AskKind, c).Attempt = uint32(len(e.Asks))
	e.Asks = append(e.Asks, q)
}

// Wake asks for Wake(c) at the given time, at once if that has passed. A call
// has one timer: asking again replaces what was asked before, and
// clock.Never stops it.
func (e *Effects) Wake(c *Call, at clock.Time) {
	e.add(WakeKind, c).At = at
}

// Alarm asks for Wake(nil) at the given time. An instance has one alarm, with
// the rules of Wake.
func (e *Effects) Alarm(at clock.Time) {
	e.add(AlarmKind, nil).At = at
}

// Abort hangs up on one attempt of c, by its number. The provider may have
// done, and charged for, the work all the same.
func (e *Effects) Abort(c *Call, attempt uint16) {
	e.add(AbortKind, c).Attempt = uint32(attempt)
}

// Done ends c: it succeeded. Attempts still in flight are hung up on.
func (e *Effects) Done(c *Call) { e.add(DoneKind, c) }

// Fail ends c without success. Attempts still in flight are hung up on.
func (e *Effects) Fail(c *Call, why Reason) {
	e.add(FailKind, c).Reason = why
}

// add makes room for an effect on c and returns it, with all its other fields zero. The
// caller fills it in where it lies. Writing it elsewhere and copying it would be slower:
// the copy would have to wait for the fields that were just written.
func (e *Effects) add(kind Kind, c *Call) *Effect {
	n := len(e.List)
	if n == cap(e.List) {
		e.List = append(e.List, Effect{})
	} else {
		e.List = e.List[:n+1]
		e.List[n] = Effect{}
	}
	f := &e.List[n]
	f.Kind, f.Call = kind, c
	return f
}

// Deployment is what a client knows of a deployment: its name and the limits on the
// vendor's page.
type Deployment struct {
	Name        string
	RPM, TPM    int64   // advertised; 0 when the vendor names none
	Provisioned bool    // paid by the hour, without a rate limit of its own
	Coordinated bool    // its limits are handed out by a coordinator, which can be asked
	Batch       bool    // a batch API: answers within a day, at a Discount
	Discount    float64 // share of the price of tokens that is not charged
}

// Env is what a strategy is given when it is made.
type Env struct {
	Key         rng.Key      // for keyed draws with purpose rng.Jitter
	Deployments []Deployment // at least one; the first is the default
	Tenants     []string     // names, by Call.Tenant; may lack some
	// Instances returns how many instances the fleet has at now, this one among
	// them, as a service registry tells; nil = this is the only one.
	Instances func(now clock.Time) int
	Peek      Peek // nil but for strategies whose catalog entry says Omniscient
}

// Peek is what oracle alone may ask: the provider's true state.
type Peek interface {
	// Admits returns now if c, sent at now, is sure to be admitted by the
	// deployment, counting what is still on its way there. Otherwise it returns
	// the earliest later time at which asking again can help, and
	// clock.Never if none can.
	Admits(now clock.Time, c *Call, deployment int) clock.Time
	// Takes returns how long an attempt of c takes, from sending it to reading the
	// answer. It does not know the random draws of an attempt: without faults, 95 % of
	// attempts take at most this long.
	Takes(c *Call, deployment int) time.Duration
	// Fits reports whether Admits can ever return other than clock.Never for c.
	Fits(now clock.Time, c *Call, deployment int) bool
}

// A Factory makes the strategy of one instance.
type Factory func(Env) Strategy
