package sim

import (
	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// A streamed answer belongs to the application from its first token on. From then on its
// call has no other attempts, and no strategy decides about it: it is read to its end,
// breaks off, or its reader leaves. strategies/live does the same over HTTP.

// begin hands the application a streamed answer whose first token has come.
func (e *engine) begin(f *flight) {
	c := e.calls.at(f.slot)
	if f.hungUp || f.gen != c.gen {
		return
	}
	e.note(begin, c.ID, uint64(f.attempt.Number))
	for link := c.flights; link != 0; {
		other := e.flights.at(link - 1)
		next := other.next
		if other != f {
			e.drop(c, link-1, other)
		}
		link = next
	}
	c.begun = true
	c.timer++
	if c.Deadline != c.ends {
		if c.Deadline = c.ends; c.Deadline != clock.Never {
			e.events.Push(c.Deadline, data(expire, c.gen, c.Slot))
		}
	}
	if after, leaves := e.begins[c.stream].streaming.Leaves(e.key, c.ID); leaves {
		e.events.Push(e.now.Add(after), data(leave, c.gen, c.Slot))
	}
}

// endStream is the end of a streamed answer that was read until there, well or not.
func (e *engine) endStream(i uint32, f *flight, c *call) {
	e.note(deliver, c.ID, uint64(f.attempt.Number)<<16|uint64(f.reply.Status))
	if !f.reply.OK() {
		e.run.Waste(f.attempt.Prompt)
		e.run.Lose(e.now)
	}
	e.unlink(c, i, f)
	e.conclude(f, c)
	e.release(i, f)
}

// leave ends a call whose reader has read enough. The strategy learns no usage, which
// would have come last.
func (e *engine) leave(c *call) {
	e.note(leave, c.ID, 0)
	i := c.flights - 1
	f := e.flights.at(i)
	e.drop(c, i, f)
	f.read = true
	f.reply.Status, f.reply.Limit = wire.StatusOK, wire.NoLimit
	f.reply.Prompt, f.reply.Output, f.reply.Cached, f.reply.Written = 0, 0, 0, 0
	c.output = max(1, provider.Produced(c.output, f.came, f.last.Add(f.came.Sub(f.first)), e.now))
	e.conclude(f, c)
}

// conclude tells the strategy how the streamed answer f to c ended.
func (e *engine) conclude(f *flight, c *call) {
	e.begun = f.came
	if e.models[f.deployment].Config().Headers.Instant {
		f.reply.Age(e.now.Sub(f.reached))
	}
	if f.reply.OK() {
		e.fleet[c.instance].Reply(e.now, &c.Call, &f.reply, &e.out)
		e.apply(c.instance)
		return
	}
	gen := c.gen
	c.broken = true
	e.fleet[c.instance].Cancel(e.now, &c.Call, &e.out)
	e.apply(c.instance)
	if c.open && c.gen == gen {
		e.fail("did not end call %d when its answer broke off", c.ID)
	}
}

// drop hangs up on an attempt of c.
func (e *engine) drop(c *call, i uint32, f *flight) {
	f.hungUp = true
	e.unlink(c, i, f)
	e.hangUp(i, f)
}

// hangUp ends the client's part in an attempt.
func (e *engine) hangUp(i uint32, f *flight) {
	if !f.attempt.Streamed {
		return
	}
	if f.gone = e.now; f.done > 0 { // it has reached its deployment
		e.hearOf(i, f)
	}
}

// hearOf lets a deployment hear that the client of a streamed attempt is gone, as much
// later as the attempt was on its way.
func (e *engine) hearOf(i uint32, f *flight) {
	at := f.gone.Add(e.net.draw(e.key, rng.NetworkOut, f.attempt.Call, f.attempt.Number))
	if at < f.done {
		e.events.Push(at, data(cut, 0, i))
	}
}

// cut lets a deployment stop the work on an answer that nobody reads any more.
func (e *engine) cut(f *flight) {
	m, a := e.models[f.deployment], &f.attempt
	if f.busy && !f.settled && m.HangUp(a, provider.Produced(a.Output, f.first, f.made, e.now)) {
		f.settled = true
		m.Finish(e.now, a, true)
	}
}
