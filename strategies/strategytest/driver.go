package strategytest

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// Driver drives one strategy by hand in virtual time: the test plays the
// application and the provider, the driver keeps the timers, cancels calls at
// their deadline and notes every broken promise in Violations. It allocates
// nothing in steady state while Trace is nil.
type Driver struct {
	// Trace, if not nil, is written one line for every input, with its time,
	// and one indented line for every effect.
	Trace io.Writer
	// Name names calls in traces; nil prints their IDs.
	Name func(id uint64) string
	// Violations are the broken promises so far, at most maxViolations.
	Violations []string

	strategy    strategies.Strategy
	deployments []strategies.Deployment
	reuse       bool // give the memory of ended calls to new ones

	now      clock.Time
	out      strategies.Effects
	reply    wire.Reply // kept here so that it need not be allocated
	slots    []*slot
	idle     []uint32 // slots of ended calls, if they are reused
	flights  []Attempt
	asks     []Ask
	open     int
	calls    uint64 // submitted
	sequence uint64 // of timers, so that those of one time fire in order
	alarm    timer
}

// Attempt is an attempt in flight.
type Attempt struct {
	Call       *strategies.Call
	Number     uint32 // 0 for the call's first
	Deployment int
}

// Ask is what was asked of the coordinator and is not answered.
type Ask struct {
	Call *strategies.Call // nil for the instance's own
	Ask  wire.Ask
}

type slot struct {
	call strategies.Call
	open bool
	wake timer
	end  timer // the deadline
}

type timer struct {
	at    clock.Time
	order uint64
}

var never = timer{at: clock.Never}

func (t timer) before(u timer) bool { return t.at < u.at || t.at == u.at && t.order < u.order }

// ended is what the memory of a call holds after its end: nothing a strategy
// could mistake for a call of its own.
var ended = strategies.Call{ID: math.MaxUint64, Phase: strategies.Queued, Slot: math.MaxUint32}

const (
	maxAttempts   = 64 // of one call; more is a retry loop without a bound
	maxViolations = 20 // more say nothing new
)

// NewDriver returns a driver at time 0 for s, which can send to deployments.
func NewDriver(s strategies.Strategy, deployments []strategies.Deployment) *Driver {
	return &Driver{strategy: s, deployments: deployments, alarm: never}
}

// Now returns the driver's time.
func (d *Driver) Now() clock.Time { return d.now }

// Open returns how many calls have not ended.
func (d *Driver) Open() int { return d.open }

// InFlight returns the attempts in flight, in the order they were sent. The
// slice is valid until the next input.
func (d *Driver) InFlight() []Attempt { return d.flights }

// Asks returns what was asked of the coordinator and is not answered, in order.
// The slice is valid until the next input.
func (d *Driver) Asks() []Ask { return d.asks }

// Submit submits a copy of c as a call that arrives now. A Deadline of 0 means
// none. Calls are numbered from 1 in the order of submission.
func (d *Driver) Submit(c strategies.Call) *strategies.Call {
	d.calls++
	d.sequence++
	if c.Deadline == 0 {
		c.Deadline = clock.Never
	}
	c.ID, c.Arrived = d.calls, d.now
	var s *slot
	if n := len(d.idle); n > 0 {
		c.Slot, d.idle = d.idle[n-1], d.idle[:n-1]
		s = d.slots[c.Slot]
	} else {
		c.Slot = uint32(len(d.slots))
		s = new(slot)
		d.slots = append(d.slots, s)
	}
	*s = slot{call: c, open: true, wake: never, end: timer{c.Deadline, d.sequence}}
	d.open++
	if d.Trace != nil {
		d.input("submit %s", d.name(&s.call))
	}
	d.strategy.Submit(d.now, &s.call, &d.out)
	d.apply()
	return &s.call
}

// Reply answers an attempt in flight with r, whose Attempt and Deployment it
// fills in.
func (d *Driver) Reply(a Attempt, r wire.Reply) {
	i := slices.Index(d.flights, a)
	if i < 0 {
		d.violate("the test answered attempt %d of a call, which is not in flight", a.Number)
		return
	}
	d.flights = slices.Delete(d.flights, i, i+1)
	r.Attempt, r.Deployment = uint16(a.Number), uint16(a.Deployment)
	d.reply = r
	if d.Trace != nil {
		d.input("reply %s#%d: %s", d.name(a.Call), a.Number, status(&d.reply))
	}
	d.strategy.Reply(d.now, a.Call, &d.reply, &d.out)
	d.apply()
}

// Answer answers the oldest ask for c, or of the instance when c is nil, with r.
func (d *Driver) Answer(c *strategies.Call, r wire.Reply) {
	i := slices.IndexFunc(d.asks, func(a Ask) bool { return a.Call == c })
	if i < 0 {
		d.violate("the test answered an ask that was not made")
		return
	}
	d.asks = slices.Delete(d.asks, i, i+1)
	d.reply = r
	if d.Trace != nil {
		d.input("answer %s: %s", d.name(c), status(&d.reply))
	}
	d.strategy.Reply(d.now, c, &d.reply, &d.out)
	d.apply()
}

// Cancel gives up on an open call.
func (d *Driver) Cancel(c *strategies.Call) {
	id, s := c.ID, d.slots[c.Slot]
	if d.Trace != nil {
		d.input("cancel %s", d.name(c))
	}
	d.strategy.Cancel(d.now, c, &d.out)
	d.apply()
	if s.open && s.call.ID == id {
		d.violate("call %d was cancelled and not ended at once", id)
		d.close(s)
	}
}

// Next returns the time of the earliest timer or deadline, clock.Never if
// there is none.
func (d *Driver) Next() clock.Time {
	t, _, _ := d.next()
	return t.at
}

// next returns the earliest timer and whose it is; nil for the alarm.
func (d *Driver) next() (t timer, s *slot, deadline bool) {
	t = d.alarm
	for _, x := range d.slots {
		if !x.open {
			continue
		}
		if x.wake.before(t) {
			t, s, deadline = x.wake, x, false
		}
		if x.end.before(t) {
			t, s, deadline = x.end, x, true
		}
	}
	return t, s, deadline
}

// Step moves time to the earliest timer or deadline and fires it. It reports
// whether there was one.
func (d *Driver) Step() bool {
	t, s, deadline := d.next()
	if t.at == clock.Never {
		return false
	}
	d.now = max(d.now, t.at)
	switch {
	case s == nil:
		d.alarm = never
		if d.Trace != nil {
			d.input("alarm")
		}
		d.strategy.Wake(d.now, nil, &d.out)
	case deadline:
		d.Cancel(&s.call)
		return true
	default:
		s.wake = never
		if d.Trace != nil {
			d.input("wake %s", d.name(&s.call))
		}
		d.strategy.Wake(d.now, &s.call, &d.out)
	}
	d.apply()
	return true
}

// AdvanceTo fires every timer and deadline up to and including t, and moves
// time to t. It gives up, with a violation, on a strategy that does not let
// time pass.
func (d *Driver) AdvanceTo(t clock.Time) {
	for range maxEvents {
		if d.Next() > t {
			d.now = max(d.now, t)
			return
		}
		d.Step()
	}
	d.violate("%d timers fired and time is still %v", maxEvents, d.now)
	d.now = t
}

// apply carries out what the strategy asked for.
func (d *Driver) apply() {
	for i := range d.out.List {
		e := &d.out.List[i]
		if e.Kind == 0 || int(e.Kind) >= len(kindNames) {
			d.violate("an effect of unknown kind %d", e.Kind)
			continue
		}
		if d.Trace != nil {
			d.effect(e)
		}
		switch {
		case e.Kind == strategies.AlarmKind:
			d.alarm = d.arm("alarm", e.At)
			continue
		case e.Kind == strategies.AskKind && e.Call == nil:
			d.asks = append(d.asks, Ask{nil, d.out.Asks[e.Attempt]})
			continue
		}
		if int64(e.Call.Slot) >= int64(len(d.slots)) || e.Call != &d.slots[e.Call.Slot].call || !d.slots[e.Call.Slot].open {
			d.violate("%s for a call that has ended", kindNames[e.Kind])
			continue
		}
		d.carryOut(e, d.slots[e.Call.Slot])
	}
	clear(d.out.List)
	d.out.Reset()
	for _, s := range d.slots {
		if !s.open && d.reuse && s.call.ID != ended.ID {
			d.idle = append(d.idle, s.call.Slot)
		}
		if !s.open && s.call.ID != ended.ID {
			s.call = ended
		}
	}
}

func (d *Driver) carryOut(e *strategies.Effect, s *slot) {
	c := e.Call
	switch e.Kind {
	case strategies.SendKind:
		if int(e.Deployment) >= len(d.deployments) {
			d.violate("call %d was sent to deployment %d of %d", c.ID, e.Deployment, len(d.deployments))
			return
		}
		if c.Sent == maxAttempts {
			d.violate("call %d was sent more than %d times", c.ID, maxAttempts)
			d.close(s)
			return
		}
		d.flights = append(d.flights, Attempt{c, uint32(c.Sent), int(e.Deployment)})
		c.Sent++
	case strategies.AskKind:
		d.asks = append(d.asks, Ask{c, d.out.Asks[e.Attempt]})
	case strategies.WakeKind:
		s.wake = d.arm("wake", e.At)
	case strategies.AbortKind:
		n := len(d.flights)
		d.hangUp(func(a Attempt) bool { return a.Call == c && a.Number == e.Attempt })
		if len(d.flights) == n {
			d.violate("attempt %d of call %d was aborted and was not in flight", e.Attempt, c.ID)
		}
	case strategies.DoneKind, strategies.FailKind:
		d.close(s)
	}
}

func (d *Driver) arm(what string, at clock.Time) timer {
	if at < d.now {
		d.violate("%s at %v, %v in the past", what, at, d.now.Sub(at))
	}
	d.sequence++
	return timer{at, d.sequence}
}

func (d *Driver) close(s *slot) {
	s.open = false
	d.open--
	d.hangUp(func(a Attempt) bool { return a.Call == &s.call })
	d.asks = slices.DeleteFunc(d.asks, func(a Ask) bool { return a.Call == &s.call })
}

func (d *Driver) hangUp(which func(Attempt) bool) { d.flights = slices.DeleteFunc(d.flights, which) }

func (d *Driver) violate(format string, args ...any) {
	if len(d.Violations) < maxViolations {
		d.Violations = append(d.Violations, fmt.Sprintf("%v: ", d.now)+fmt.Sprintf(format, args...))
	}
}

func (d *Driver) name(c *strategies.Call) string {
	if c == nil {
		return "-"
	}
	if d.Name != nil {
		return d.Name(c.ID)
	}
	return strconv.FormatUint(c.ID, 10)
}

func (d *Driver) input(format string, args ...any) {
	fmt.Fprintf(d.Trace, "%-8v %s\n", d.now, fmt.Sprintf(format, args...))
}

// kindNames are the effects' names, indexed by kind.
var kindNames = [...]string{"nothing", "send", "wake", "alarm", "abort", "done", "fail", "ask"}

func (d *Driver) effect(e *strategies.Effect) {
	fmt.Fprintf(d.Trace, "           %s", kindNames[e.Kind])
	switch e.Kind {
	case strategies.SendKind:
		where := "nowhere"
		if int(e.Deployment) < len(d.deployments) {
			where = d.deployments[e.Deployment].Name
		}
		fmt.Fprintf(d.Trace, " %s#%d to %s", d.name(e.Call), e.Call.Sent, where)
	case strategies.WakeKind:
		fmt.Fprintf(d.Trace, " %s at %v", d.name(e.Call), e.At)
	case strategies.AlarmKind:
		fmt.Fprintf(d.Trace, " at %v", e.At)
	case strategies.AbortKind:
		fmt.Fprintf(d.Trace, " %s#%d", d.name(e.Call), e.Attempt)
	case strategies.DoneKind:
		fmt.Fprintf(d.Trace, " %s", d.name(e.Call))
	case strategies.AskKind:
		q := d.out.Asks[e.Attempt]
		fmt.Fprintf(d.Trace, " %s: %d requests, %d tokens", d.name(e.Call), q.Requests, q.Tokens)
		if q.Lease > 0 {
			fmt.Fprintf(d.Trace, " a minute for %v", q.Lease)
		} else {
			fmt.Fprintf(d.Trace, " within %v", q.Within)
		}
		if q.BackRequests != 0 || q.BackTokens != 0 {
			fmt.Fprintf(d.Trace, ", back %d and %d", q.BackRequests, q.BackTokens)
		}
	case strategies.FailKind:
		fmt.Fprintf(d.Trace, " %s: %v", d.name(e.Call), e.Reason)
	}
	fmt.Fprintln(d.Trace)
}

// status prints a reply's status as a person would say it.
func status(r *wire.Reply) string {
	if r.Status == wire.StatusTimeout {
		return "timeout"
	}
	return strconv.Itoa(r.Status)
}
