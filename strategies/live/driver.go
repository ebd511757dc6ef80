package live

import (
	"context"
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// at returns the strategy's time of an instant.
func (t *Transport) at(real time.Time) clock.Time {
	d := real.Sub(t.o.Start)
	if t.o.Speed != 1 {
		d = time.Duration(math.Round(float64(d) * t.o.Speed))
	}
	return clock.Time(d)
}

// until returns how long it really is until a time of the strategy's.
func (t *Transport) until(at clock.Time) time.Duration {
	if t.o.Speed == 1 {
		return time.Until(t.o.Start.Add(at.Sub(0)))
	}
	return time.Until(t.o.Start.Add(time.Duration(float64(at) / t.o.Speed)))
}

// now returns the time to tell the strategy, at least the one given. The mutex
// is held.
func (t *Transport) now(least clock.Time) clock.Time {
	t.last = max(t.last, least, t.at(time.Now()))
	return t.last
}

// submit gives the strategy a call.
func (t *Transport) submit(c *call) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return ErrClosed
	case t.broken != nil:
		return t.broken
	}
	now := t.now(0)
	if _, known := c.r.Context().Value(callKey{}).(Call); !known {
		c.ID = t.made
		t.made++
	}
	if c.Arrived == 0 {
		c.Arrived = now
	}
	if n := len(t.free); n > 0 {
		c.Slot, t.free = t.free[n-1], t.free[:n-1]
		t.calls[c.Slot] = c
	} else {
		c.Slot = uint32(len(t.calls))
		t.calls = append(t.calls, c)
	}
	c.open = true
	t.open++
	t.expireAt(c, earliest(c.end, c.first))
	t.tell(submitted, now, &c.Call, nil)
	return nil
}

// earliest returns the earlier of two instants that are not zero.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// expireAt makes a call end at an instant; zero is never. The mutex is held.
func (t *Transport) expireAt(c *call, at time.Time) {
	c.expires++
	if c.expire != nil {
		c.expire.Stop()
	}
	if at.IsZero() {
		return
	}
	set := c.expires
	c.expire = time.AfterFunc(time.Until(at), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if c.open && c.expires == set {
			t.giveUp(c, t.now(0), context.DeadlineExceeded)
		}
	})
}

// expectEnd changes what a call is held to when its answer begins: the deadline of its first
// token is met, and what counts is that of the whole. The mutex is held.
func (t *Transport) expectEnd(c *call) {
	if c.first.IsZero() {
		return
	}
	t.expireAt(c, c.end)
	c.Deadline = c.whole
}

// breakOff ends a call whose answer broke off while the application read it.
func (t *Transport) breakOff(c *call, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.open {
		c.broken = context.Cause(c.r.Context()) == nil // else the application gave it up
		t.giveUp(c, t.now(0), why)
	}
}

// cancel tells the strategy that the application gave up on a call.
func (t *Transport) cancel(c *call, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.open {
		return
	}
	t.giveUp(c, t.now(0), why)
}

// giveUp ends a call whose answer nobody waits for. The mutex is held.
func (t *Transport) giveUp(c *call, now clock.Time, why error) {
	c.canceled = why
	for _, a := range c.flights {
		if a.handed { // its reader is told
			a.cancel()
		}
	}
	t.tell(canceled, now, &c.Call, nil)
	if c.open { // the strategy broke its contract; the application is gone all the same
		c.reason = strategies.Deadline
		t.end(c)
		t.rest()
	}
}

// happening is what a strategy is told of.
type happening uint8

const (
	submitted happening = iota
	replied
	woken
	canceled
)

// tell tells the strategy what happened, and carries out what it asks for. The mutex is
// held.
func (t *Transport) tell(what happening, now clock.Time, c *strategies.Call, r *wire.Reply) {
	if t.broken == nil {
		t.step(what, now, c, r)
	}
	t.rest()
}

func (t *Transport) step(what happening, now clock.Time, c *strategies.Call, r *wire.Reply) {
	defer func() {
		if v := recover(); v != nil {
			t.shatter(panicked("the strategy", v))
		}
	}()
	switch what {
	case submitted:
		t.strategy.Submit(now, c, &t.out)
	case replied:
		t.strategy.Reply(now, c, r, &t.out)
	case woken:
		t.strategy.Wake(now, c, &t.out)
	case canceled:
		t.strategy.Cancel(now, c, &t.out)
	}
	t.apply()
}

// shatter ends all calls, because the strategy that decides about them panicked.
func (t *Transport) shatter(why error) {
	t.broken = why
	t.out.Reset()
	for _, c := range t.calls {
		if c != nil {
			c.canceled = why
			c.reason = strategies.NotRetryable
			t.end(c)
		}
	}
}

// apply carries out what the strategy asked for. The mutex is held.
func (t *Transport) apply() {
	for i := range t.out.List {
		f := &t.out.List[i]
		if f.Kind == strategies.AlarmKind {
			t.setAlarm(f.At)
			continue
		}
		if f.Kind == strategies.AskKind {
			t.ask(f)
			continue
		}
		c := t.calls[f.Call.Slot]
		if c == nil || &c.Call != f.Call || !c.open {
			continue // has ended: a strategy that acts on it breaks its contract
		}
		switch f.Kind {
		case strategies.SendKind:
			t.send(c, f.Deployment)
		case strategies.WakeKind:
			t.setWake(c, f.At)
		case strategies.AbortKind:
			for _, a := range c.flights {
				if a.number == f.Attempt {
					a.drop()
				}
			}
		case strategies.DoneKind:
			c.done = true
			t.end(c)
		case strategies.FailKind:
			if c.reason = f.Reason; c.broken {
				c.reason = strategies.BrokenStream
			}
			t.end(c)
		}
	}
	t.out.Reset()
}

// send starts an attempt. The caller's own goroutine makes it, unless that has
// one to make already.
func (t *Transport) send(c *call, deployment uint16) {
	if c.handed || c.once && c.Sent > 0 {
		return // the application reads an answer already, or the body cannot be sent again
	}
	if c.Sent == math.MaxUint16 { // the strategy is not retrying but looping
		c.reason = strategies.MaxRetries
		t.end(c)
		return
	}
	a := &attempt{c: c, number: uint32(c.Sent), deployment: deployment, sent: t.last}
	a.Context, a.cancel = context.WithCancel(c.r.Context())
	c.Sent++
	if t.desk.failing != nil {
		t.desk.stats.Sent++
	}
	c.flights = append(c.flights, a)
	if t.o.Timeout > 0 && (t.o.Batch == nil || !t.o.Batch(int(deployment))) {
		a.timer = time.AfterFunc(t.until(a.sent.Add(t.o.Timeout)), a.expire)
	}
	if c.inline {
		go t.run(a)
		return
	}
	c.inline, c.next = true, a
	a.inline = true
	c.wakeUp()
}

// wakeUp makes the caller's goroutine look.
func (c *call) wakeUp() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

func (t *Transport) setWake(c *call, at clock.Time) {
	c.wakes++
	if c.wake != nil {
		c.wake.Stop()
	}
	if at == clock.Never {
		return
	}
	set := c.wakes
	c.wake = time.AfterFunc(t.until(at), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if c.open && c.wakes == set {
			t.tell(woken, t.now(at), &c.Call, nil)
		}
	})
}

// setAlarm sets the alarm. Strategies that wait say so again whenever something
// happens; an alarm set for that time already stays.
func (t *Transport) setAlarm(at clock.Time) {
	if at = max(at, t.last); at == t.alarmAt {
		return
	}
	t.alarmAt = at
	t.alarms++
	if t.alarm != nil {
		t.alarm.Stop()
	}
	if at == clock.Never {
		return
	}
	set := t.alarms
	t.alarm = time.AfterFunc(t.until(at), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.alarms == set && (!t.closed || t.open > 0) {
			t.alarmAt = clock.Never
			t.tell(woken, t.now(at), nil, nil)
		}
	})
}

// end closes a call and hangs up on its attempts in flight.
func (t *Transport) end(c *call) {
	c.open = false
	for _, timer := range [...]*time.Timer{c.wake, c.expire} {
		if timer != nil {
			timer.Stop()
		}
	}
	for _, a := range c.flights {
		if !a.handed {
			a.drop()
		}
	}
	if t.desk.failing != nil && !c.done {
		t.desk.stats.Failed++
	}
	t.calls[c.Slot] = nil
	t.free = append(t.free, c.Slot)
	t.open--
	if c.ended != nil {
		c.ended(t.last, c.done, c.reason)
	}
	c.wakeUp()
}
