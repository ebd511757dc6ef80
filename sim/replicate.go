package sim

import (
	"context"
	"runtime"
	"sync"

	"ratesim/sim/demand"
	"ratesim/sim/metrics"
)

// replicate runs every strategy until there are n replications, one replication
// after the other so that an interrupted comparison has whole ones. With each it
// finds out what its calls ask for, which is the same for all strategies.
func (c *comparison) replicate(ctx context.Context, n int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before, strategies := len(c.surveys), len(c.outcomes)
	for i := range c.outcomes {
		c.outcomes[i].Runs = append(c.outcomes[i].Runs, make([]*metrics.Run, n-before)...)
	}
	c.surveys = append(c.surveys, make([]*demand.Survey, n-before)...)
	total := (n - before) * (strategies + 1)
	var (
		workers sync.WaitGroup
		mu      sync.Mutex
		next    int
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= total && ctx.Err() == nil
	}
	most := min(runtime.GOMAXPROCS(0), total)
	c.parts = make([]float64, most)
	for w := range most {
		tell := func(share float64) {
			mu.Lock()
			c.parts[w] = share
			c.tell(n)
			mu.Unlock()
		}
		if c.options.Progress == nil {
			tell = nil
		}
		workers.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				// Each writes an element of its own: no lock is needed.
				rep, k := before+i/(strategies+1), i%(strategies+1)
				if err := c.do(ctx, rep, k-1, tell); err != nil {
					cancel(err)
					return
				}
				if k > 0 && tell != nil {
					mu.Lock()
					c.parts[w] = 0
					c.progress.Done++
					c.progress.Attempts += c.outcomes[k-1].Runs[rep].Attempts
					c.tell(n)
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	c.bound()
	return context.Cause(ctx)
}

// tell tells how far the comparison is, of so many replications until the next look.
func (c *comparison) tell(replications int) {
	c.progress.Most = c.most(replications)
	c.progress.Parts = 0
	for _, share := range c.parts {
		c.progress.Parts += share
	}
	c.options.Progress(c.progress)
}

// do runs a strategy in a replication; with strategy -1 it looks at its calls.
func (c *comparison) do(ctx context.Context, replication, strategy int, tell func(share float64)) (err error) {
	if strategy < 0 {
		c.surveys[replication], err = demand.Look(ctx, c.spec, c.options.Seed, replication)
		return err
	}
	c.outcomes[strategy].Runs[replication], err = Run(ctx, Plan{Scenario: c.spec, Strategy: &c.spec.Strategies[strategy], Seed: c.options.Seed,
		Replication: replication, RetryWindow: c.options.RetryWindow, Resolution: c.options.Resolution, Thirds: c.thirds, Progress: tell})
	return err
}

// bound tells each run how many calls could have succeeded: on the first deployment,
// or on all of them if the strategy sends to others.
func (c *comparison) bound() {
	for i := range c.outcomes {
		for rep, run := range c.outcomes[i].Runs {
			switch survey := c.surveys[rep]; {
			case run == nil || survey == nil || c.spec.Leaves(): // who leaves lets others have the tokens that were not produced
			case run.Elsewhere:
				run.Most = survey.MostAll
			default:
				run.Most = survey.MostFirst
			}
		}
	}
}

// demand returns what the calls of all replications ask for.
func (c *comparison) demand() *demand.Load {
	var load demand.Load
	for _, s := range c.surveys {
		if s != nil {
			load.Merge(s.Load)
		}
	}
	return &load
}

// overload returns when the calls ask for more than a limit of the first deployment
// allows.
func (c *comparison) overload() []metrics.Overload {
	var list []metrics.Overload
	for _, p := range c.demand().Periods() {
		list = append(list, metrics.Overload{Limit: p.Limit, From: p.From.Seconds(), To: p.To.Seconds(),
			Demand: p.Demand, Allowed: p.Allowed, Missed: p.Missed, Share: p.Share})
	}
	return list
}

// load writes down what the calls ask for; nil where that depends on the client.
func (c *comparison) load() *metrics.Load {
	d := c.demand()
	var l *metrics.Load
	for i, name := range d.Limits() {
		width, asked, allowed := d.Series(i)
		if l == nil {
			l = &metrics.Load{Width: width.Seconds()}
		}
		l.Limits = append(l.Limits, metrics.LimitLoad{Limit: name, Asked: asked, Allowed: allowed})
	}
	return l
}
