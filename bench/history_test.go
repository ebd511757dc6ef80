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
}

// instance stands for the call of what an instance does for itself.
const instance = math.MaxUint64

// record returns a factory of f's strategies that take down in h what happens.
func (h *history) record(f strategies.Factory) strategies.Factory {
	return func(env strategies.Env) strategies.Strategy { return &recorded{f(env), h} }
}

func (h *history) note(call uint64, format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[call] = append(h.calls[call], fmt.Sprintf(format, args...))
}

type recorded struct {
	strategies.Strategy
	h *history
}

func (r *recorded) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	r.h.note(c.ID, "%d submit prompt %d max %d tenant %d deadline %d", now, c.EstimatedPrompt, c.MaxTokens, c.Tenant, c.Deadline)
	n := len(out.List)
	r.Strategy.Submit(now, c, out)
	r.effects(now, out.List[n:])
}

func (r *recorded) Reply(now clock.Time, c *strategies.Call, reply *wire.Reply, out *strategies.Effects) {
	id := uint64(instance)
	if c != nil {
		id = c.ID
	}
	r.h.note(id, "%d reply %+v", now, *reply)
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
	r.h.note(c.ID, "%d cancel", now)
	n := len(out.List)
	r.Strategy.Cancel(now, c, out)
	r.effects(now, out.List[n:])
}

func (r *recorded) effects(now clock.Time, list []strategies.Effect) {
	for i := range list {
		switch e := &list[i]; e.Kind {
		case strategies.SendKind:
			r.h.note(e.Call.ID, "%d send to %d", now, e.Deployment)
		case strategies.AskKind:
			id := uint64(instance)
			if e.Call != nil {
				id = e.Call.ID
			}
			r.h.note(id, "%d ask", now)
		case strategies.AbortKind:
			r.h.note(e.Call.ID, "%d abort %d", now, e.Attempt)
		case strategies.DoneKind:
			r.h.note(e.Call.ID, "%d done", now)
		case strategies.FailKind:
			r.h.note(e.Call.ID, "%d fail %v", now, e.Reason)
		}
	}
}
