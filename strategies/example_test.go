package strategies_test

import (
	"os"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// politeness is a strategy of a reader's own: an instance has one attempt in
// flight, and lets the most urgent call go next.
type politeness struct {
	waiting strategies.Queue
	retry   strategies.Retry
	busy    bool
}

// newPoliteness is its Factory.
func newPoliteness(env strategies.Env) strategies.Strategy {
	return &politeness{
		waiting: strategies.Queue{Order: strategies.Priority},
		retry: strategies.Retry{
			Key:        env.Key,
			Backoff:    strategies.Backoff{Base: time.Second, Max: time.Minute, Factor: 2},
			MaxRetries: 6,
		},
	}
}

// A call is busy's if its Phase is sent.
const sent = 1

func (p *politeness) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	p.waiting.Push(c)
	p.next(out)
}

func (p *politeness) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	p.busy, c.Phase = false, 0
	if r.OK() {
		out.Done(c)
	} else if at, why, ok := p.retry.Next(now, c, r, int(c.Sent)-1); ok {
		out.Wake(c, at)
	} else {
		out.Fail(c, why)
	}
	p.next(out)
}

func (p *politeness) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	p.waiting.Return(c)
	p.next(out)
}

func (p *politeness) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	switch c.Phase {
	case strategies.Queued:
		p.waiting.Remove(c)
	case sent:
		p.busy = false
	}
	out.Fail(c, strategies.Deadline)
	p.next(out)
}

// next sends the next call if nothing is in flight.
func (p *politeness) next(out *strategies.Effects) {
	if p.busy {
		return
	}
	if c := p.waiting.Pop(); c != nil {
		p.busy, c.Phase = true, sent
		out.Send(c, 0)
	}
}

// It obeys the laws.
func TestPoliteness(t *testing.T) { strategytest.Run(t, newPoliteness) }

// Driven by hand, it says what it does.
func Example() {
	env := strategytest.Env()
	d := strategytest.NewDriver(newPoliteness(env), env.Deployments)
	d.Trace = os.Stdout

	d.Submit(strategies.Call{})
	d.Submit(strategies.Call{Priority: 9})
	d.Submit(strategies.Call{Priority: 1})
	d.Reply(d.InFlight()[0], wire.Reply{Status: 200})
	d.Reply(d.InFlight()[0], wire.Reply{Status: 429})
	d.Step()
	// Output:
	// 0s       submit 1
	//            send 1#0 to main
	// 0s       submit 2
	// 0s       submit 3
	// 0s       reply 1#0: 200
	//            done 1
	//            send 3#0 to main
	// 0s       reply 3#0: 429
	//            wake 3 at 1s
	//            send 2#0 to main
	// 1s       wake 3
}
