package sim

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

// Options says how to compare.
type Options struct {
	Seed         uint64
	Replications int           // at least 1
	RetryWindow  time.Duration // as in Plan
	// Progress, if not nil, is told after each run how many of how many are
	// done. It is called from one goroutine at a time.
	Progress func(done, of int)
}

// Compare replays the scenario against each of its strategies, replication by
// replication, on all cores. The result does not depend on how many there are.
//
// When ctx is cancelled it stops and returns ctx's error beside a Result of
// the replications that every strategy had finished, nil if there is none.
func Compare(ctx context.Context, s *scenarios.Spec, o Options) (*metrics.Result, error) {
	outcomes := make([]metrics.Outcome, len(s.Strategies))
	for i := range s.Strategies {
		outcomes[i] = metrics.Outcome{Name: s.Strategies[i].Name, Bound: s.Strategies[i].Omniscient,
			Runs: make([]*metrics.Run, o.Replications)}
	}
	err := runAll(ctx, s, o, outcomes)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		return nil, err
	}
	r := &metrics.Result{Kind: "simulated", Scenario: s.Name, Seed: o.Seed,
		Expectations: []metrics.Expectation{}, Warnings: append([]string{}, s.Warnings...)}
	metrics.Summarise(r, outcomes)
	if r.Replications == 0 {
		return nil, err
	}
	if r.Replications < o.Replications {
		r.Warnings = append(r.Warnings, fmt.Sprintf("interrupted: %d of %d replications were finished", r.Replications, o.Replications))
	}
	r.Warnings = append(r.Warnings, alone(s)...)
	r.Warnings = append(r.Warnings, warnings(outcomes)...)
	for i := range s.Expect {
		x := &s.Expect[i]
		if !x.Measured(isMetric) {
			r.Warnings = append(r.Warnings, x.Text+" is not checked: it is not measured yet")
			continue
		}
		r.Check(outcomes, &metrics.Condition{Text: x.Text, Left: metrics.Term{Strategy: x.Left.Strategy, Metric: x.Left.Metric}, Factor: x.Factor,
			Right: metrics.Term{Strategy: x.Right.Strategy, Metric: x.Right.Metric}, Value: x.Value, Met: x.Met})
	}
	return r, err
}

// runAll fills in the runs, replication by replication so that an interrupted
// comparison has whole ones.
func runAll(ctx context.Context, s *scenarios.Spec, o Options, outcomes []metrics.Outcome) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	total := o.Replications * len(outcomes)
	var (
		workers    sync.WaitGroup
		mu         sync.Mutex
		next, done int
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= total && ctx.Err() == nil
	}
	for range min(runtime.GOMAXPROCS(0), total) {
		workers.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				rep, k := i/len(outcomes), i%len(outcomes)
				run, err := Run(ctx, Plan{Scenario: s, Strategy: &s.Strategies[k], Seed: o.Seed,
					Replication: rep, RetryWindow: o.RetryWindow})
				if err != nil {
					cancel(err)
					return
				}
				outcomes[k].Runs[rep] = run // its own element: no lock needed
				mu.Lock()
				if done++; o.Progress != nil {
					o.Progress(done, total)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
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
	var out []string
	for i := range outcomes {
		stuck, open, calls := 0, int64(0), int64(0)
		for _, rep := range finished {
			r := outcomes[i].Runs[rep]
			if !r.Recovered() {
				stuck++
			}
			open += r.Censored
			calls += r.Calls
		}
		if calls == 0 {
			return []string{"no call arrives before the duration is over: nothing was measured"}
		}
		if stuck > 0 {
			out = append(out, fmt.Sprintf("%s: goodput did not recover from the last fault in %d of %d replications; recovery_s counts the time to the end of the run there",
				outcomes[i].Name, stuck, len(finished)))
		}
		if 100*open > calls {
			out = append(out, fmt.Sprintf("%s: %.1f %% of calls were still open at the end and are counted as censored; a longer drain would show how they end",
				outcomes[i].Name, 100*float64(open)/float64(calls)))
		}
	}
	return out
}

// isMetric reports whether results have a metric of that name.
func isMetric(name string) bool {
	return slices.ContainsFunc(metrics.Metrics(), func(m metrics.Metric) bool { return m.Name == name })
}
