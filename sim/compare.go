package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/sim/demand"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// Options says how to compare.
type Options struct {
	Seed uint64
	// Replications are how many there are; 0 = as many as the verdict needs: more are
	// added at verdict.Looks until it is settled, there are 200, or 20 million attempts
	// have been simulated.
	Replications int
	RetryWindow  time.Duration // as in Plan
	Resolution   metrics.Resolution
	// Catalog is where a larger tier is looked for when the demand is more than the
	// limits allow; nil = none is.
	Catalog *catalog.Catalog
	// Progress, if not nil, is told after each run how many of how many are
	// done; with as many replications as it takes, of those until the next look. It
	// is called from one goroutine at a time.
	Progress func(done, of int)
}

// Compare replays the scenario against each of its strategies, replication by
// replication, on all cores. The result does not depend on how many there are.
//
// When ctx is cancelled it stops and returns ctx's error beside a Result of
// the replications that every strategy had finished, nil if there is none.
func Compare(ctx context.Context, s *scenarios.Spec, o Options) (*metrics.Result, error) {
	c := newComparison(s, o)
	err := c.run(ctx)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		return nil, err
	}
	if c.sample.Replications() == 0 {
		return nil, err
	}
	if err == nil {
		c.verdict.Fits, err = c.fit(ctx)
	}
	return c.result(), err
}

func newComparison(s *scenarios.Spec, o Options) *comparison {
	c := &comparison{spec: s, options: o, outcomes: make([]metrics.Outcome, len(s.Strategies))}
	for i := range s.Strategies {
		k := &s.Strategies[i]
		c.outcomes[i] = metrics.Outcome{Name: k.Name, Bound: k.Omniscient, Rank: k.Rank}
	}
	c.sample = metrics.NewSample(c.outcomes)
	return c
}

// comparison is a scenario that is being compared.
type comparison struct {
	spec     *scenarios.Spec
	options  Options
	outcomes []metrics.Outcome
	looks    []int // how many replications there are when the verdict is asked for
	thirds   [2]uint32
	surveys  []*demand.Survey // of each replication; nil = not finished
	sample   *metrics.Sample
	verdict  *metrics.Verdict
}

// run adds replications until the verdict is settled, or there are as many as were
// asked for.
func (c *comparison) run(ctx context.Context) error {
	c.looks = []int{c.options.Replications}
	if c.options.Replications == 0 {
		c.looks = verdict.Looks()
	}
	o := verdict.Of(c.spec)
	o.Error = verdict.Error / float64(len(c.looks))
	var err error
	if c.thirds, err = demand.Thirds(ctx, c.spec, c.options.Seed); err != nil {
		return err
	}
	for _, n := range c.looks {
		err = c.replicate(ctx, n)
		c.sample = metrics.NewSample(c.outcomes)
		if c.sample.Replications() == 0 {
			return err
		}
		c.verdict = verdict.Judge(c.sample, o)
		c.verdict.Overload = c.overload()
		if err != nil || verdict.Settled(c.verdict) || c.attempts() > patience {
			return err
		}
	}
	return nil
}

// patience is after how many attempts, of all runs together, no more replications are
// added: some ten seconds of one core. It counts attempts and not seconds, so that the
// same seed gives the same result on every machine.
const patience = 20_000_000

// attempts is how many attempts all runs have made.
func (c *comparison) attempts() int64 {
	n := int64(0)
	for i := range c.outcomes {
		for _, r := range c.outcomes[i].Runs {
			if r != nil {
				n += r.Attempts
			}
		}
	}
	return n
}

// result writes down what was found.
func (c *comparison) result() *metrics.Result {
	s := c.spec
	r := &metrics.Result{Kind: "simulated", Scenario: s.Name, Provider: s.Deployments[0].Ref, Seed: c.options.Seed, Verdict: c.verdict, Assumed: s.Assumed,
		Load: c.load(), Expectations: []metrics.Expectation{}, Warnings: append([]string{}, s.Warnings...)}
	metrics.Summarise(r, c.sample, s.Tenants)
	verdict.Check(r, c.sample, s)
	if n := c.options.Replications; r.Replications < n {
		r.Warnings = append(r.Warnings, fmt.Sprintf("interrupted: %d of %d replications were finished", r.Replications, n))
	}
	r.Warnings = append(r.Warnings, alone(s)...)
	r.Warnings = append(r.Warnings, warnings(c.outcomes)...)
	return r
}

// alone says which strategies of several instances know nothing of each other.
func alone(s *scenarios.Spec) []string {
	var names []string
	for i := range s.Strategies {
		if s.Strategies[i].Alone {
			names = append(names, s.Strategies[i].Name)
		}
	}
	n := s.Fleet.Largest()
	if n == 1 || len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: each of the %d instances paces to the whole limit, so together they may send %d times as much",
		strings.Join(names, ", "), n, n)}
}

// warnings says what a reader of the result should know about the runs.
func warnings(outcomes []metrics.Outcome) []string {
	finished := metrics.Finished(outcomes)
	var stuck, open []string
	for i := range outcomes {
		unrecovered, censored, calls := 0, int64(0), int64(0)
		for _, rep := range finished {
			r := outcomes[i].Runs[rep]
			if !r.Recovered() {
				unrecovered++
			}
			censored += r.Censored
			calls += r.Calls
		}
		if calls == 0 {
			return []string{"no call arrives before the duration is over: nothing was measured"}
		}
		if unrecovered > 0 {
			stuck = append(stuck, fmt.Sprintf("%s in %d", outcomes[i].Name, unrecovered))
		}
		if 100*censored > calls {
			open = append(open, fmt.Sprintf("%.1f %% with %s", 100*float64(censored)/float64(calls), outcomes[i].Name))
		}
	}
	var out []string
	if len(stuck) > 0 {
		out = append(out, fmt.Sprintf("goodput did not recover from the last fault in some of the %d replications (%s): recovery_s counts the time to the end of the run there",
			len(finished), strings.Join(stuck, ", ")))
	}
	if len(open) > 0 {
		out = append(out, fmt.Sprintf("some calls were still open at the end and are counted as censored (%s): a longer drain would show how they end", strings.Join(open, ", ")))
	}
	return out
}
