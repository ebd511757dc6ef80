package sim

import (
	"context"
	"fmt"
	"math"
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// Plan names one run.
type Plan struct {
	Scenario    *scenarios.Spec
	Strategy    *scenarios.Strategy
	Seed        uint64
	Replication int
	RetryWindow time.Duration // width of the windows of retry_peak; 0 = 1 s
	Resolution  metrics.Resolution
	Thirds      [2]uint32 // as in metrics.Setup; 0 = all calls that have a prompt count as long
	// Progress, if not nil, is told now and then which share of the time has passed in which
	// calls arrive.
	Progress func(share float64)
}

// Run replays the scenario against the strategy once. It reads no clock, starts
// no goroutine and depends on nothing but the plan, so the same plan gives the
// same Run, to the last bit of its hash. It fails when ctx is cancelled, when a
// trace cannot be read, and when a strategy breaks the contract of
// strategies.Strategy.
func Run(ctx context.Context, p Plan) (*metrics.Run, error) {
	e, err := newEngine(p)
	if err == nil {
		err = e.loop(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("strategy %s, replication %d: %w", p.Strategy.Name, p.Replication, err)
	}
	e.bill(clock.Time(p.Scenario.Duration))
	return e.run, nil
}

func newEngine(p Plan) (*engine, error) {
	s := p.Scenario
	end := clock.Time(s.Duration)
	e := &engine{
		key:      rng.New(p.Seed, p.Replication),
		net:      network{s.Fleet.Network.Latency, s.Fleet.Network.Jitter},
		timeout:  s.Fleet.Timeout,
		horizon:  end.Add(s.Drain),
		until:    end,
		tell:     p.Progress,
		used:     make([]bool, len(s.Deployments)),
		gauges:   make([]gauge, len(s.Deployments)),
		baseline: make([]provider.Tally, len(s.Deployments)),
		run:      metrics.NewRun(setup(p)),
	}
	env := s.Env(e.key)
	var pools provider.Pools
	for i := range s.Deployments {
		e.models = append(e.models, provider.New(&s.Deployments[i], e.key.Sub(rng.Deployment, uint64(i)), &pools))
	}
	e.dealer = s.Fleet.Dealer(e.key)
	if s.Coordinator != nil {
		e.quota = quota.New(s.Coordinator, s.CoordinatorKey(e.key))
		e.asked = make([]uint32, s.Fleet.Total())
	}
	if p.Strategy.Omniscient {
		e.peek = newPeek(e)
		env.Peek = e.peek
	}
	for range e.run.Instances {
		e.alarms = append(e.alarms, timer{at: clock.Never})
		e.fleet = append(e.fleet, p.Strategy.Factory(env))
	}
	if heedless, ok := e.fleet[0].(strategies.IgnoresQuotas); ok && heedless.IgnoresQuotas() {
		for _, m := range e.models {
			m.Unread()
		}
	}
	e.events.Push(end, data(mark, 0, 0))
	e.events.Push(0, data(sample, 0, 0))
	var err error
	if e.sources, err = workload.Open(s.Counted(e.fleet[0]), e.key, end); err != nil {
		return nil, err
	}
	for i, source := range e.sources {
		closed, _ := source.(workload.Closed)
		e.closed = append(e.closed, closed)
		e.begins = append(e.begins, beginning{s.Workload[i].Cached, s.Workload[i].SystemTokens(), &s.Workload[i].Streaming})
		e.fetch(i)
	}
	return e, nil
}

func setup(p Plan) metrics.Setup {
	from, until := p.Scenario.FaultSpan()
	instances := p.Scenario.Fleet.Total()
	if p.Strategy.Omniscient {
		instances = 1 // it sees everything, so it acts as one
	}
	return metrics.Setup{
		Deployments: len(p.Scenario.Deployments),
		Tenants:     len(p.Scenario.Tenants),
		Weights:     p.Scenario.Weights,
		Instances:   instances,
		Duration:    p.Scenario.Duration,
		RetryWindow: p.RetryWindow,
		Caches:      p.Scenario.Caches(),
		Streams:     p.Scenario.Streams(),
		Thirds:      p.Thirds,
		Resolution:  p.Resolution,
		FaultFrom:   from, FaultUntil: until,
	}
}

// bill adds up what the run used and what it costs. A provisioned deployment
// is paid for from the beginning of the run to its end, if it was used at all.
func (e *engine) bill(duration clock.Time) {
	r := e.run
	hours := max(duration, r.LastEnd).Sub(0).Hours()
	for i, m := range e.models {
		if !e.used[i] {
			continue
		}
		c := m.Config()
		scenarios.Bill(r, c, &m.Tally.Billed, hours)
		if c.TokenLimit() > 0 {
			r.Charged += float64(e.baseline[i].Charged())
			r.Allowed += m.Allowed(r.FirstArrival, duration)
		}
	}
	for _, s := range e.sources {
		n := workload.SessionsOf(s)
		r.Sessions += n.Begun
		r.LostSessions += n.Lost
		r.LostTurns += n.LostTurns
	}
	if !(r.Allowed > 0) || math.IsInf(r.Allowed, 0) {
		r.Charged, r.Allowed = 0, 0
	}
}
