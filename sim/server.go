package sim

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/rng"
)

// reach lets a deployment decide about an attempt and works out when the
// client will know. A reply that would come after the client's timeout is
// replaced by the timeout; the server finishes its work all the same.
func (e *engine) reach(i uint32) {
	f := e.flights.at(i)
	a, r, m := &f.attempt, &f.reply, e.models[f.deployment]
	r.Attempt, r.Deployment = uint16(a.Number), f.deployment
	took := m.Arrive(e.now, a, r)
	e.note(reach, a.Call, uint64(a.Number)<<16|uint64(r.Status))
	e.run.Attempt(e.now, int(f.group), int(f.deployment), a.Number == 0)
	done := e.now.Add(took)
	back := done.Add(e.net.draw(e.key, rng.NetworkIn, a.Call, a.Number))
	waited := back // until then the client waits for it: for the first token of what is streamed
	if a.Streamed {
		s := m.Stream()
		f.reached = e.now
		f.begins, f.first, f.made, f.last, f.done = s.Begins, e.now.Add(s.First), e.now.Add(s.Made), e.now.Add(s.Sent), done
		if f.came = f.first.Add(back.Sub(done)); f.begins {
			waited = f.came
		}
	}
	if !r.OK() && !f.begins {
		e.run.Waste(a.Prompt)
		switch {
		case r.Status == wire.StatusTooManyRequests:
			e.run.Reject(e.now, int(f.group), m.RefusedBy())
		case r.Status >= 500:
			e.run.ServerError()
		}
	}
	m.Tell(r)
	f.busy = a.Admitted
	if limit := f.sent.Add(e.timeout); waited > limit && !m.Config().Batch {
		f.timedOut = true
		back = max(limit, e.now)
	} else if f.begins {
		e.events.Push(waited, data(begin, 0, i))
	}
	if f.timedOut || !r.OK() && !f.begins && r.Status != wire.StatusTooManyRequests {
		e.run.Lose(e.now)
	}
	if m.Config().Headers.Instant && !f.begins {
		r.Age(back.Sub(e.now))
	}
	// Without a network the end of the work and the reply are one instant with
	// nothing between them, and need one event.
	if f.together = f.busy && back == done; f.busy && !f.together {
		e.events.Push(done, data(finish, 0, i))
	}
	e.events.Push(back, data(deliver, 0, i))
	if a.Streamed && (f.hungUp || f.gen != e.calls.at(f.slot).gen) { // the client was gone before
		e.hearOf(i, f)
	}
}

// finish lets a deployment settle an attempt whose work is done.
func (e *engine) finish(f *flight) {
	f.busy = false
	if f.settled {
		return
	}
	hungUp := f.hungUp || f.timedOut || f.gen != e.calls.at(f.slot).gen
	e.models[f.deployment].Finish(e.now, &f.attempt, hungUp)
}

// gauge remembers what a deployment had charged at each second of the last
// minute.
type gauge [time.Minute / sampleEvery]int64

// sample takes down which share of its limit per minute the fullest deployment
// in use has charged in the last minute.
func (e *engine) sample() {
	share, slot := 0.0, e.samples%len(gauge{})
	for m, model := range e.models {
		charged, perMinute := model.Meter(e.now)
		before := &e.gauges[m][slot]
		if e.used[m] && perMinute > 0 {
			share = max(share, float64(charged-*before)/float64(perMinute))
		}
		*before = charged
	}
	e.samples++
	e.run.Use(e.now, share)
	if e.open+e.pending > 0 {
		e.events.Push(e.now.Add(sampleEvery), data(sample, 0, 0))
	}
}

const sampleEvery = time.Second
