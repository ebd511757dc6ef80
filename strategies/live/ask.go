package live

import (
	"context"
	"time"

	"ratesim/provider/wire"
	"ratesim/strategies"
)

// A Coordinator hands out a quota that several instances share, as wire.Ask says.
// It is safe for concurrent use. An error says that it could not be reached.
type Coordinator interface {
	Ask(ctx context.Context, q wire.Ask) (wire.Reply, error)
}

// DefaultPatience is how long an ask may take.
const DefaultPatience = time.Second

// ask asks the coordinator what the strategy wants to know. The mutex is held.
func (t *Transport) ask(f *strategies.Effect) {
	var c *call
	if f.Call != nil {
		if c = t.calls[f.Call.Slot]; c == nil || &c.Call != f.Call || !c.open {
			return
		}
	}
	q := t.out.Asks[f.Attempt]
	q.Number = t.asks
	t.asks++
	t.asking++
	limit := t.last.Add(t.o.Patience)
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		defer time.AfterFunc(t.until(limit), cancel).Stop()
		r := wire.Reply{Status: wire.StatusTimeout, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
		if t.o.Coordinator != nil {
			if answer, err := t.o.Coordinator.Ask(ctx, q); err == nil {
				r = answer
			}
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.asking--
		switch {
		case c != nil && c.open:
			t.strategy.Reply(t.now(0), &c.Call, &r, &t.out)
		case c == nil:
			t.strategy.Reply(t.now(0), nil, &r, &t.out)
		}
		t.apply()
		t.rest()
	}()
}
