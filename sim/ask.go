package sim

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// ask is what an instance asks of the coordinator, from its sending to its
// answer.
type ask struct {
	ask       wire.Ask
	reply     wire.Reply
	sent      clock.Time
	way       time.Duration // there, and back
	slot, gen uint32        // the call it is for, unless it is the instance's own
	instance  uint32
	own       bool
}

// ask sends what a strategy asks of the coordinator.
func (e *engine) ask(instance uint32, f *strategies.Effect) {
	if e.quota == nil {
		e.fail("asked a coordinator, and there is none")
		return
	}
	i := e.asks.get()
	a := e.asks.at(i)
	a.ask, a.instance, a.sent, a.own = e.out.Asks[f.Attempt], instance, e.now, f.Call == nil
	a.ask.From, a.ask.Number = instance, e.asked[instance]
	e.asked[instance]++
	if !a.own {
		c := e.calls.at(f.Call.Slot)
		if !c.open || c.instance != instance {
			e.fail("asked for call %d, which is not its own or has ended", f.Call.ID)
			return
		}
		a.slot, a.gen = c.Slot, c.gen
	}
	e.run.Asks++
	a.way = e.quota.Way(&a.ask)
	e.events.Push(e.now.Add(a.way), data(toCoordinator, 0, i))
}

// consult lets the coordinator decide, and works out when the instance will
// know. What is granted is granted, although the instance may have given up.
func (e *engine) consult(i uint32) {
	a := e.asks.at(i)
	took := e.quota.Ask(e.now, &a.ask, &a.reply)
	e.note(toCoordinator, uint64(a.ask.Requests), uint64(a.ask.Tokens))
	back := e.now.Add(took + a.way)
	if limit := a.sent.Add(e.quota.Timeout()); back > limit {
		back = max(limit, e.now)
		a.reply = wire.Reply{Status: wire.StatusTimeout, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	}
	e.events.Push(back, data(fromCoordinator, 0, i))
}

// answer hands the coordinator's answer to the strategy.
func (e *engine) answer(i uint32) {
	a := e.asks.at(i)
	var c *strategies.Call
	if !a.own {
		known := e.calls.at(a.slot)
		if known.gen != a.gen {
			e.asks.put(i)
			return
		}
		c = &known.Call
	}
	instance := a.instance
	e.note(fromCoordinator, uint64(a.reply.Status), uint64(a.reply.RetryAfter))
	e.fleet[instance].Reply(e.now, c, &a.reply, &e.out)
	e.asks.put(i)
	e.apply(instance)
}
