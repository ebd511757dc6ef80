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
	// MostCalls is how many calls a run may have, about; more are a TooLargeError. 0 = any
	// number.
	MostCalls   float64
	RetryWindow time.Duration // as in Plan
	Resolution  metrics.Resolution
	// Catalog is searched for a larger tier when the demand is more than the limits
	// allow; nil = no search.
	Catalog *catalog.Catalog
	// Progress, if not nil, is told after each run how far the comparison is. It is
	// called from one goroutine at a time.
	Progress func(Progress)
	// Interim, if not nil, is handed what is known after few replications, and then at
	// each look, before a larger tier is looked for. The result is the same as without
	// it. When ctx is cancelled there is no result, since what was known has been handed
	// on. It is called from the goroutine of Compare.
	Interim func(*metrics.Result)
}

// Progress says how far a comparison is, in runs: one strategy in one replication.
type Progress struct {
	Done int
	// Most is how many runs there will be. With as many replications as the verdict
	// needs it is the most that there can be, as far as the attempts so far tell.
	Most     int
	Look     int // at the verdict, from 1, that comes next; 0 where the number is fixed
	Looks    int // at most
	Attempts int64
	// Parts are the shares that are done of the runs that go on, added up.
	Parts float64
}

// glimpses are after how many replications Interim is called before the first look:
// after one, which is there in a tenth of a second, and after those that it takes for
// intervals.
func glimpses() []int { return []int{1, 5} }

// Compare replays the scenario against each of its strategies, replication by
// replication, on all cores. The result does not depend on how many there are.
// When ctx is cancelled it stops. It returns ctx's error and a Result of the
// replications that every strategy had finished, or nil if there is none.
func Compare(ctx context.Context, s *scenarios.Spec, o Options) (*metrics.Result, error) {
	c := newComparison(s, o)
	err := c.run(ctx)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		return nil, err
	}
	if c.sample.Replications() == 0 || err != nil && o.Interim != nil {
		return nil, err
	}
	if err == nil {
		c.verdict.Fits, err = c.fit(ctx)
	}
	r := c.result()
	if n := o.Replications; r.Replications < n {
		r.Warnings = append([]string{fmt.Sprintf("interrupted: %d of %d replications were finished", r.Replications, n)}, r.Warnings...)
	}
	return r, err
}

// Replicate runs every strategy of s in o.Replications replications, on all cores, and
// returns all runs without judging them. When ctx is cancelled it returns ctx's error, and
// no runs.
func Replicate(ctx context.Context, s *scenarios.Spec, o Options) ([]metrics.Outcome, error) {
	c := newComparison(s, o)
	c.looks = []int{o.Replications}
	if err := c.replicate(ctx, o.Replications); err != nil {
		return nil, err
	}
	return c.outcomes, nil
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
	progress Progress
	parts    []float64 // of the run that each worker is at, the share that is done
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
	err := c.size(ctx)
	if err != nil {
		return err
	}
	if c.thirds, err = demand.Thirds(ctx, c.spec, c.options.Seed); err != nil {
		return err
	}
	if err = c.glimpse(ctx, o); err != nil {
		return err
	}
	for i, n := range c.looks {
		if len(c.looks) > 1 {
			c.progress.Look, c.progress.Looks = i+1, len(c.looks)
		}
		if err = c.look(ctx, n, o); err != nil {
			return err
		}
		if c.interim(); verdict.Settled(c.verdict) || c.attempts() > patience {
			break
		}
	}
	return nil
}

// look adds replications until there are n, and judges them.
func (c *comparison) look(ctx context.Context, n int, o verdict.Options) error {
	err := c.replicate(ctx, n)
	if err != nil && c.options.Interim != nil {
		return err // whoever was shown the last look needs no verdict on what was cut off
	}
	c.sample = metrics.NewSample(c.outcomes)
	if c.sample.Replications() > 0 {
		c.verdict = verdict.Judge(c.sample, o)
		c.verdict.Overload = c.overload()
	}
	return err
}

// glimpse shows what the first replications say, where somebody wants to see it.
func (c *comparison) glimpse(ctx context.Context, o verdict.Options) error {
	if c.options.Interim == nil {
		return nil
	}
	for _, n := range glimpses() {
		if n >= c.looks[0] {
			break
		}
		if err := c.look(ctx, n, o); err != nil {
			return err
		}
		c.interim()
	}
	return nil
}

// interim hands on what is known so far.
func (c *comparison) interim() {
	if c.options.Interim != nil {
		c.options.Interim(c.result())
	}
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

// most returns how many runs there can be: those of the look after which there are
// enough attempts, if their number goes on as it did so far, or of the last look.
func (c *comparison) most(replications int) int {
	p := &c.progress
	for _, n := range c.looks {
		runs := n * len(c.outcomes)
		if n >= replications && p.Attempts*int64(runs) > patience*int64(p.Done) {
			return runs
		}
	}
	return c.looks[len(c.looks)-1] * len(c.outcomes)
}

// result writes down what was found.
func (c *comparison) result() *metrics.Result {
	s := c.spec
	r := &metrics.Result{Kind: "simulated", Scenario: s.Name, Provider: s.Deployments[0].Ref, Seed: c.options.Seed, Verdict: c.verdict, Assumed: s.Assumed,
		Load: c.load(), Expectations: []metrics.Expectation{}, Warnings: append([]string{}, s.Warnings...)}
	metrics.Summarise(r, c.sample, s.Tenants)
	r.Setting, r.Prices = s.SettingOf(r.Seed, r.Replications), s.Prices
	verdict.Check(r, c.sample, s)
	r.Warnings = append(r.Warnings, oversold(s)...)
	r.Warnings = append(r.Warnings, warnings(c.outcomes)...)
	return r
}

// oversold says of which strategies the instances together pace to more than the limit.
func oversold(s *scenarios.Spec) (out []string) {
	n := s.Fleet.Largest()
	for i := range s.Strategies {
		k := &s.Strategies[i]
		if times := k.Share * float64(n); times > 1.01 { // a share that is written with two digits is no mistake
			out = append(out, fmt.Sprintf("%s: each of %d instances paces to %.3g %% of the limit, so together they may send %.3g times as much as the limit",
				k.Name, n, 100*k.Share, times))
		}
	}
	return out
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
