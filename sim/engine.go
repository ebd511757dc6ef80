package sim

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/queue"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// The kinds of event, in the upper bits of an event's data. Events at the same
// time are dealt with in the order in which they were asked for; no kind goes
// before another.
const (
	arrive          = iota + 1 // a call arrives at its instance; index: call
	reach                      // an attempt reaches its deployment; index: flight
	finish                     // a deployment has finished an attempt; index: flight
	deliver                    // a reply, or the client's timeout, reaches the client; index: flight
	wake                       // a call's timer; index: call
	alarm                      // an instance's alarm; index: instance
	expire                     // a call's deadline; index: call
	sample                     // once a second: how much of the limits is used
	mark                       // the workload's duration is over
	ended                      // in the hash only: how a call ended
	toCoordinator              // an ask reaches the coordinator; index: ask
	fromCoordinator            // its answer, or the instance's timeout, reaches the instance; index: ask
	begin                      // the first token of a streamed answer reaches the client; index: flight
	leave                      // the reader of a streamed answer has read enough; index: call
	cut                        // a deployment hears that the client of a streamed answer is gone; index: flight
)

// An event's data: kind, 28 bits of generation, 32 bits of index.
const genMask = 1<<28 - 1

func data(kind int, gen, index uint32) uint64 {
	return uint64(kind)<<60 | uint64(gen&genMask)<<32 | uint64(index)
}

// engine is one run: one strategy, one replication.
type engine struct {
	now     clock.Time
	events  queue.Queue
	calls   slab[call]
	flights slab[flight]
	asks    slab[ask]
	out     strategies.Effects

	key      rng.Key
	fleet    []strategies.Strategy // one for each instance, or one for all
	alarms   []timer               // one for each strategy
	models   []*provider.Model
	quota    *quota.Coordinator // nil = there is none
	asked    []uint32           // asks of each instance so far
	sources  []workload.Source
	arrived  int64              // calls that the workload brought by itself, not because others ended
	closed   []workload.Closed  // the same, nil where a source is not closed
	next     workload.Arrival   // scratch, here so that it is allocated once
	after    []workload.Arrival // likewise
	begun    clock.Time         // when the streamed answer began whose end a strategy is told of
	begins   []beginning        // of each source, how its prompts and its answers begin
	dealer   *scenarios.Dealer
	net      network
	timeout  time.Duration
	tell     func(share float64) // Plan.Progress
	until    clock.Time          // when arrivals stop
	peek     *peek               // oracle only
	horizon  clock.Time
	run      *metrics.Run
	used     []bool  // deployments that were sent to
	gauges   []gauge // one for each deployment
	samples  int
	baseline []provider.Tally // at the end of the workload's duration
	open     int64            // calls
	pending  int64            // arrivals in the queue
	area     uint64           // integral of open over time, in call-ns (modulo 2^64)
	times    uint64           // sum of the time every call was open (modulo 2^64)
	changed  clock.Time       // when open last changed
	hash     uint64
	touched  uint64 // means nothing; keeps touch from being optimised away
	err      error
}

// beginning is how the prompts of a stream of calls begin, and their answers.
type beginning struct {
	cached    float64 // the share of each prompt that is cached; 0 where the deployment's cache says what is
	system    uint32  // tokens of the system prompt, where it does
	streaming *workload.Streaming
}

// timer is an instance's alarm.
type timer struct {
	at  clock.Time // when it is set for; clock.Never when it is not
	gen uint32     // how often it was set
}

// network is the way between instances and deployments, one way.
type network struct {
	latency, jitter time.Duration
}

func (n *network) draw(key rng.Key, p rng.Purpose, call uint64, attempt uint32) time.Duration {
	if n.jitter == 0 {
		return n.latency
	}
	return n.jittered(key, p, call, attempt)
}

func (n *network) jittered(key rng.Key, p rng.Purpose, call uint64, attempt uint32) time.Duration {
	u := key.Float64(p, call, uint64(attempt))
	return n.latency + time.Duration((2*u-1)*float64(n.jitter))
}

// checkEvery is how many events pass between looks at the context, and
// maxStuck how many looks may find time standing still. A herd of a million
// passes a few dozen.
const (
	checkEvery = 1 << 16
	maxStuck   = 1 << 7
	perArrival = 16 // events more for each call of the workload that comes at the instant
)

// loop runs until nothing is left to happen, or the horizon.
func (e *engine) loop(ctx context.Context) error {
	checked, stuck, arrived := clock.Time(-1), 0, e.arrived
	for n := 1; e.err == nil; n++ {
		ev, ok := e.events.Pop()
		if !ok || ev.At > e.horizon {
			break
		}
		e.now = ev.At
		if len(e.events.Ahead) > 0 && e.events.Len() > many {
			e.touch(e.events.Ahead)
		}
		e.step(ev.Data)
		if n%checkEvery != 0 {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.tell != nil {
			e.tell(min(1, float64(e.now)/float64(e.until)))
		}
		if stuck++; e.now > checked {
			checked, stuck, arrived = e.now, 0, e.arrived
		}
		if stuck >= maxStuck+int(perArrival*(e.arrived-arrived)/checkEvery) {
			e.err = e.standing()
		}
	}
	if e.err != nil {
		return e.err
	}
	return e.close()
}

// many is how many events point into more memory than the second-level cache
// holds.
const many = 1 << 13

// touch reads a word of each piece of memory that the events ahead will need.
// One event at a time, each would wait for main memory; together they wait once.
func (e *engine) touch(ahead []queue.Event) {
	for _, ev := range ahead {
		i := uint32(ev.Data)
		switch ev.Data >> 60 {
		case deliver, finish:
			f := e.flights.at(i)
			e.touched += f.attempt.Call + uint64(f.reply.Output)
			i = f.slot
		case wake, expire, arrive:
		default:
			continue
		}
		c := e.calls.at(i)
		e.touched += uint64(c.Arrived) + uint64(c.gen)
	}
}

func (e *engine) step(d uint64) {
	kind, gen, i := d>>60, uint32(d>>32)&genMask, uint32(d)
	switch kind {
	case reach:
		if e.peek != nil {
			e.peek.land(e.flights.at(i))
		}
		e.reach(i)
	case deliver:
		e.deliver(i)
	case wake:
		if c := e.calls.at(i); c.open && c.timer&genMask == gen {
			e.note(wake, c.ID, 0)
			e.fleet[c.instance].Wake(e.now, &c.Call, &e.out)
			e.apply(c.instance)
		}
	case finish:
		f := e.flights.at(i)
		e.finish(f)
		e.release(i, f)
	case arrive:
		e.arrive(i)
	case alarm:
		if a := &e.alarms[i]; a.gen&genMask == gen {
			a.at = clock.Never
			e.note(alarm, 0, 0)
			e.fleet[i].Wake(e.now, nil, &e.out)
			e.apply(i)
		}
	case expire:
		if c := e.calls.at(i); c.open && c.gen&genMask == gen && e.now >= c.Deadline {
			e.note(expire, c.ID, 0)
			e.fleet[c.instance].Cancel(e.now, &c.Call, &e.out)
			e.apply(c.instance)
			if c.open && c.gen&genMask == gen {
				e.fail("did not end call %d when it was cancelled", c.ID)
			}
		}
	case begin:
		e.begin(e.flights.at(i))
	case leave:
		if c := e.calls.at(i); c.open && c.gen&genMask == gen {
			e.leave(c)
		}
	case cut:
		e.cut(e.flights.at(i))
	case sample:
		e.sample()
	case toCoordinator:
		e.consult(i)
	case fromCoordinator:
		e.answer(i)
	case mark:
		for m, model := range e.models {
			e.baseline[m] = model.Tally
		}
	}
}

// note adds an event to the hash of the run's history. It names calls and
// attempts, never instances or memory, so that it says what happened and not
// how it was stored.
func (e *engine) note(kind, id, detail uint64) {
	h := (e.hash ^ uint64(e.now)) * 0x9e3779b97f4a7c15
	h = bits.RotateLeft64(h^id<<4^kind, 29) * 0xbf58476d1ce4e5b9
	e.hash = bits.RotateLeft64(h^detail, 31)
}

// standing is why the run ends when time stands still.
func (e *engine) standing() error {
	cause := "the strategy asks for the same instant again and again"
	if slices.ContainsFunc(e.closed, func(c workload.Closed) bool { return c != nil }) {
		cause = "if a stream of the workload is closed or has sessions with think: 0s, give it a think time"
	}
	return fmt.Errorf("at %v no time passes, with more than %d events at one instant: %s", e.now, maxStuck*checkEvery, cause)
}

// fail stops the run because the strategy broke its contract.
func (e *engine) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("at %v the strategy "+format, append([]any{e.now}, args...)...)
	}
}

// count keeps the books for Little's law when the number of open calls changes.
func (e *engine) count(change int64) {
	e.area += uint64(e.open) * uint64(e.now-e.changed)
	e.changed = e.now
	e.open += change
}

// errBooks says that the engine itself lost or invented something.
var errBooks = errors.New("sim: the books do not balance")

// close ends the run at the horizon, or at the last event if that was earlier,
// and checks the books: calls are conserved, and by Little's law the integral
// of the number of open calls is the sum of the times they were open.
func (e *engine) close() error {
	if e.open > 0 {
		e.now = e.horizon
	}
	e.count(0)
	censored := e.open
	for i := range e.calls.next {
		if c := e.calls.at(i); c.open {
			e.times += uint64(e.now - c.Arrived)
			censored--
		}
	}
	r := e.run
	r.Close(e.now)
	ended := r.Succeeded + e.open
	for _, n := range r.Failed {
		ended += n
	}
	if censored != 0 || ended != r.Calls || e.area != e.times {
		return fmt.Errorf("%w: %d calls, %d ended; %d call-ns open, %d summed", errBooks, r.Calls, ended, e.area, e.times)
	}
	for _, s := range e.sources {
		if err := s.Err(); err != nil {
			return err
		}
	}
	r.Hash = e.hash
	return nil
}
