package sim

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// fetch puts the next arrival of a stream into the queue.
func (e *engine) fetch(stream int) {
	if e.sources[stream].Next(&e.next) {
		e.schedule(&e.next, stream, true)
	}
}

func (e *engine) schedule(a *workload.Arrival, stream int, chained bool) {
	i := e.calls.get()
	c := e.calls.at(i)
	c.Call = strategies.Call{} // and not as one literal, which would be made elsewhere and copied
	c.ID, c.Arrived, c.Deadline, c.Slot = a.ID, a.At, a.Deadline, i
	c.EstimatedPrompt, c.MaxTokens, c.Tenant, c.Priority = a.Estimate, a.MaxTokens, a.Tenant, a.Priority
	c.prompt, c.guess, c.output, c.declared = a.Prompt, a.Guess, a.Output, a.MaxTokens
	c.prefix, c.stream, c.chained, c.flights = a.Prefix, uint16(stream), chained, 0
	c.streamed, c.begun, c.broken, c.ends = a.Streamed, false, false, a.Deadline
	if c.streamed {
		c.Deadline = min(c.Deadline, e.begins[stream].streaming.GivenUp(a.At))
	}
	c.due = c.Deadline != clock.Never
	e.pending++
	e.events.Push(a.At, data(arrive, 0, i))
}

func (e *engine) arrive(i uint32) {
	c := e.calls.at(i)
	e.pending--
	if c.chained {
		e.arrived++
		e.fetch(int(c.stream))
	}
	e.note(arrive, c.ID, 0)
	e.count(1)
	c.open = true
	if len(e.fleet) > 1 { // oracle is one for all
		c.instance = uint32(e.dealer.Deal(e.now, c.ID))
	} else {
		c.instance = 0
	}
	c.group = uint32(e.run.Group(int(c.Tenant), c.prompt))
	work := c.work()
	e.run.Arrive(e.now, work)
	if work.Due {
		e.events.Push(c.Deadline, data(expire, c.gen, i))
	}
	e.fleet[c.instance].Submit(e.now, &c.Call, &e.out)
	e.apply(c.instance)
}

// apply carries out what a strategy asked for.
func (e *engine) apply(instance uint32) {
	for k := range e.out.List {
		f := &e.out.List[k]
		if f.Kind == strategies.AlarmKind {
			e.setAlarm(instance, f.At)
			continue
		}
		if f.Kind == strategies.AskKind {
			e.ask(instance, f)
			continue
		}
		c := e.calls.at(f.Call.Slot)
		if !c.open || c.instance != instance {
			e.fail("acted on call %d, which is not its own or has ended", f.Call.ID)
			break
		}
		switch f.Kind {
		case strategies.SendKind:
			e.send(c, f.Deployment)
		case strategies.WakeKind:
			c.timer++
			if f.At != clock.Never {
				e.events.Push(max(f.At, e.now), data(wake, c.timer, c.Slot))
			}
		case strategies.AbortKind:
			e.abort(c, f.Attempt)
		case strategies.DoneKind:
			latency := e.now.Sub(c.Arrived)
			e.note(ended+uint64(f.Kind), c.ID, uint64(latency))
			w := c.work()
			if w.FirstToken = latency; c.begun {
				w.FirstToken, w.PerToken = e.begun.Sub(c.Arrived), e.now.Sub(e.begun)/time.Duration(c.output)
			}
			e.run.Succeed(e.now, latency, w)
			e.end(c, true)
		case strategies.FailKind:
			why := f.Reason
			if c.broken {
				why = strategies.BrokenStream
			}
			e.note(ended+uint64(f.Kind), c.ID, uint64(why))
			e.run.Fail(e.now, int(c.group), int(why))
			e.end(c, false)
		}
	}
	e.out.Reset()
	if e.peek != nil {
		e.peek.carriedOut()
	}
}

// setAlarm sets the alarm of an instance. Strategies that wait say so again
// whenever something happens; an alarm set for that time already stays.
func (e *engine) setAlarm(instance uint32, at clock.Time) {
	a := &e.alarms[instance]
	if at = max(at, e.now); at == a.at {
		return
	}
	a.at = at
	a.gen++
	if at != clock.Never {
		e.events.Push(at, data(alarm, a.gen, instance))
	}
}

// maxAttempts bounds the attempts of one call: a strategy that passes it is
// not retrying but looping.
const maxAttempts = 1<<16 - 1

func (e *engine) send(c *call, deployment uint16) {
	if int(deployment) >= len(e.models) || c.Sent == maxAttempts {
		e.fail("sent attempt %d of call %d to deployment %d of %d", c.Sent, c.ID, deployment, len(e.models))
		return
	}
	if c.begun {
		return // the application reads an answer already
	}
	if c.Sent == 0 {
		e.run.Wait(e.now.Sub(c.Arrived))
	}
	i := e.flights.get()
	f := e.flights.at(i)
	e.attempt(c, &f.attempt)
	f.sent, f.slot, f.gen, f.deployment, f.group = e.now, c.Slot, c.gen, deployment, c.group
	if c.streamed {
		f.attempt.Streamed, f.done = !e.models[deployment].Config().Batch, 0
	}
	f.waiting, f.busy, f.hungUp, f.timedOut, f.begins, f.settled, f.read = true, true, false, false, false, false, false
	f.next, c.flights = c.flights, i+1
	c.Sent++
	e.used[deployment] = true
	way := e.net.draw(e.key, rng.NetworkOut, c.ID, f.attempt.Number)
	if way == 0 {
		e.reach(i)
		return
	}
	if e.peek != nil {
		e.peek.depart(f)
	}
	e.events.Push(e.now.Add(way), data(reach, 0, i))
}

// attempt fills in the next attempt of c, all but what its deployment notes when it
// comes. That it has not failed is read before.
func (e *engine) attempt(c *call, a *wire.Attempt) {
	a.Call, a.Number, a.Failed, a.Streamed = c.ID, uint32(c.Sent), false, c.streamed
	a.Prompt, a.Guess, a.MaxTokens, a.Output, a.Cached = c.prompt, c.guess, c.declared, c.output, e.cachedOf(c)
	a.Prefix = c.prefix
	if c.prefix != 0 {
		a.System, a.SystemID = e.begins[c.stream].system, c.stream
	}
}

// cachedOf returns how many tokens of a call's prompt are cached, as far as the workload
// says.
func (e *engine) cachedOf(c *call) uint32 {
	if share := e.begins[c.stream].cached; share > 0 {
		return uint32(share * float64(c.prompt))
	}
	return 0
}

// deliver hands a reply, or the client's own timeout, to the strategy.
func (e *engine) deliver(i uint32) {
	f := e.flights.at(i)
	c := e.calls.at(f.slot)
	f.waiting = false
	if f.together {
		e.finish(f)
	}
	lost := f.hungUp || f.gen != c.gen
	if (lost || f.timedOut) && f.reply.OK() && !f.read {
		e.run.Waste(f.attempt.Prompt) // the server did it for nothing
	}
	if lost {
		e.release(i, f)
		return
	}
	if f.begins && !f.timedOut {
		e.endStream(i, f, c)
		return
	}
	if f.timedOut {
		f.reply = wire.Reply{Status: wire.StatusTimeout, Attempt: uint16(f.attempt.Number), Deployment: f.deployment,
			RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	}
	e.note(deliver, c.ID, uint64(f.attempt.Number)<<16|uint64(f.reply.Status))
	e.unlink(c, i, f)
	if f.timedOut {
		e.hangUp(i, f)
	}
	e.fleet[c.instance].Reply(e.now, &c.Call, &f.reply, &e.out)
	e.release(i, f)
	e.apply(c.instance)
}

// abort hangs up on an attempt. The flight goes on until the server is done.
func (e *engine) abort(c *call, number uint32) {
	for link := c.flights; link != 0; {
		f := e.flights.at(link - 1)
		if f.attempt.Number == number {
			e.drop(c, link-1, f)
			return
		}
		link = f.next
	}
}

func (e *engine) unlink(c *call, i uint32, f *flight) {
	if c.flights == i+1 {
		c.flights = f.next
		return
	}
	for link := c.flights; link != 0; {
		g := e.flights.at(link - 1)
		if g.next == i+1 {
			g.next = f.next
			return
		}
		link = g.next
	}
}

// release frees a flight that neither side needs any more.
func (e *engine) release(i uint32, f *flight) {
	if !f.waiting && !f.busy {
		e.flights.put(i)
	}
}

// end closes a call. Its attempts in flight see by its generation that the
// client is gone.
func (e *engine) end(c *call, succeeded bool) {
	e.count(-1)
	e.times += uint64(e.now - c.Arrived)
	c.open = false
	for link := c.flights; c.streamed && link != 0; {
		f := e.flights.at(link - 1)
		e.hangUp(link-1, f)
		link = f.next
	}
	c.gen++
	c.timer++
	id, slot, stream := c.ID, c.Slot, int(c.stream)
	e.calls.put(slot)
	if source := e.closed[stream]; source != nil {
		e.after = source.Ended(e.now, id, succeeded, e.after[:0])
		for i := range e.after {
			e.schedule(&e.after[i], stream, false)
		}
	}
}
