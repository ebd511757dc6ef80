package bench_test

import (
	"fmt"
	"math"
	"sync"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// history is what strategies did with each call, in words: every attempt with
// its instant, every reply with its instant and what it said, and how the call
// ended. Two drivers that agree leave equal histories.
type history struct {
	mu    sync.Mutex // live instances work side by side
	calls map[uint64][]string
	end   clock.Time // of the run
}

// instance stands for the call of what an instance does for itself.
const instance = math.MaxUint64

// record returns a factory of f's strategies that take down in h what happens.
func (h *history) record(f strategies.Factory) strategies.Factory {
	return func(env strategies.Env) strategies.Strategy { return &recorded{f(env), h} }
}

// note takes down what happened, but for the end of the run: there a client must cancel
// what still waits, while the simulator just stops.
func (h *history) note(call uint64, now clock.Time, format string, args ...any) {
	if now == h.end {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[call] = append(h.calls[call], fmt.Sprintf("%d "+format, append([]any{now}, args...)...))
}

type recorded struct {
	strategies.Strategy
	h *history
}

func (r *recorded) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	r.h.note(c.ID, now, "submit prompt %d max %d tenant %d deadline %d", c.EstimatedPrompt, c.MaxTokens, c.Tenant, c.Deadline)
	n := len(out.List)
	r.Strategy.Submit(now, c, out)
	r.effects(now, out.List[n:])
}

func (r *recorded) Reply(now clock.Time, c *strategies.Call, reply *wire.Reply, out *strategies.Effects) {
	id := uint64(instance)
	if c != nil {
		id = c.ID
	}
	r.h.note(id, now, "reply %+v", *reply)
	n := len(out.List)
	r.Strategy.Reply(now, c, reply, out)
	r.effects(now, out.List[n:])
}

func (r *recorded) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	n := len(out.List)
	r.Strategy.Wake(now, c, out)
	r.effects(now, out.List[n:])
}

func (r *recorded) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	r.h.note(c.ID, now, "cancel")
	n := len(out.List)
	r.Strategy.Cancel(now, c, out)
	r.effects(now, out.List[n:])
}

func (r *recorded) effects(now clock.Time, list []strategies.Effect) {
	for i := range list {
		switch e := &list[i]; e.Kind {
		case strategies.SendKind:
			r.h.note(e.Call.ID, now, "send to %d", e.Deployment)
		case strategies.AskKind:
			id := uint64(instance)
			if e.Call != nil {
				id = e.Call.ID
			}
			r.h.note(id, now, "ask")
		case strategies.AbortKind:
			r.h.note(e.Call.ID, now, "abort %d", e.Attempt)
		case strategies.DoneKind:
			r.h.note(e.Call.ID, now, "done")
		case strategies.FailKind:
			r.h.note(e.Call.ID, now, "fail %v", e.Reason)
		}
	}
}
