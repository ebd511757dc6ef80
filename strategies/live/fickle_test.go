package live_test

import (
	"math/bits"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// fickle is a strategy that does anything that a strategy may do, in any order: several
// attempts at a time, aborts, wakes that replace each other, alarms and asks. When it is rogue, it
// also does what none may do.
//
// Of a call, Mark counts its steps, Held holds the attempts in flight as bits, Phase counts
// its asks, and Delay tells whether it has a wake.
type fickle struct {
	dice  *dice
	rogue bool
	open  []*strategies.Call
	ended *strategies.Call

	now, asked clock.Time
}

func (f *fickle) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	f.now = now
	f.open = append(f.open, c)
	f.act(now, c, out)
}

func (f *fickle) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	f.now = now
	switch {
	case c == nil:
		f.poke(now, out)
	case c.Held == 0 && c.Phase > 0:
		c.Phase--
		f.act(now, c, out)
	default:
		c.Held &^= 1 << r.Attempt
		if r.OK() {
			f.end(c, out, true)
			return
		}
		f.act(now, c, out)
	}
}

func (f *fickle) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	f.now = now
	if c == nil {
		f.poke(now, out)
		return
	}
	c.Delay = 0
	f.act(now, c, out)
}

func (f *fickle) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	f.now = now
	if f.rogue && f.dice.oneIn(2) {
		f.open = slices.DeleteFunc(f.open, func(o *strategies.Call) bool { return o == c })
		return
	}
	f.end(c, out, false)
}

// poke acts on any of the open calls.
func (f *fickle) poke(now clock.Time, out *strategies.Effects) {
	if len(f.open) > 0 {
		f.act(now, f.open[f.dice.n(len(f.open))], out)
	}
}

func (f *fickle) end(c *strategies.Call, out *strategies.Effects, done bool) {
	f.open = slices.DeleteFunc(f.open, func(o *strategies.Call) bool { return o == c })
	if done {
		out.Done(c)
	} else {
		out.Fail(c, strategies.Reason(f.dice.n(int(strategies.NumReasons))))
	}
	if f.dice.oneIn(4) {
		f.ask(nil, wire.Ask{BackTokens: 1}, out)
	}
	if f.rogue {
		f.trespass(c, out)
	}
	f.ended = c
}

// trespass does what no strategy may do.
func (f *fickle) trespass(c *strategies.Call, out *strategies.Effects) {
	if f.ended != nil {
		c = f.ended
	}
	switch f.dice.n(8) {
	case 0:
		out.Send(c, 0)
	case 1:
		out.Wake(c, 0)
	case 2:
		out.Done(c)
	case 3:
		out.Fail(c, strategies.Deadline)
	case 4:
		f.ask(c, wire.Ask{}, out)
	case 5:
		out.Abort(c, 7)
	}
}

// ask asks, unless it has at this instant: two asks would be given up at one instant, too,
// in an order that Go draws.
func (f *fickle) ask(c *strategies.Call, q wire.Ask, out *strategies.Effects) bool {
	if f.asked == f.now {
		return false
	}
	f.asked = f.now
	out.Ask(c, q)
	return true
}

// most is how many steps a call has.
const most = 12

func (f *fickle) act(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	later := func() clock.Time {
		if f.dice.oneIn(8) {
			return now
		}
		return now.Add(f.dice.span(f.dice.scale()))
	}
	for range 1 + f.dice.n(2) {
		if c.Mark++; c.Mark > most {
			f.end(c, out, false)
			return
		}
		switch f.dice.n(12) {
		case 0:
			f.end(c, out, false)
			return
		case 1:
			out.Alarm(later())
		case 2:
			out.Alarm(clock.Never)
		case 3:
			out.Wake(c, clock.Never)
			c.Delay = 0
		case 4, 5:
			out.Wake(c, later())
			c.Delay = 1
		case 6:
			if c.Held != 0 {
				n := bits.TrailingZeros32(c.Held)
				out.Abort(c, uint16(n))
				c.Held &^= 1 << n
			}
		case 7, 8:
			if c.Held == 0 && c.Phase == 0 && f.ask(c, wire.Ask{Requests: 1, Tokens: c.Cost(), Within: time.Minute}, out) {
				c.Phase++
			}
		case 9:
			f.ask(nil, wire.Ask{Requests: 1, Lease: 10 * time.Second}, out)
		default:
			f.send(c, out)
		}
	}
	if c.Held == 0 && c.Phase == 0 && c.Delay == 0 { // nothing would come
		out.Wake(c, later())
		c.Delay = 1
	}
}

// send sends an attempt. None is sent while an ask is under way, for the strategy could
// not tell its reply from the answer.
func (f *fickle) send(c *strategies.Call, out *strategies.Effects) {
	if c.Phase > 0 {
		return
	}
	in := 0
	for i := range out.List { // Call.Sent does not count these yet
		if out.List[i].Kind == strategies.SendKind && out.List[i].Call == c {
			in++
		}
	}
	c.Held |= 1 << (int(c.Sent) + in)
	out.Send(c, f.dice.n(len(deployments)))
}
