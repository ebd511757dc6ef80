package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
	"ratesim/sim/verdict"
)

const (
	// Finalists is how many settings are judged beside the default, at most.
	Finalists = 6
	// least is in how many replications a setting runs at least: with fewer, a verdict has
	// no intervals.
	least = 5
	// apart is the first replication where settings are chosen. Those from 0 on judge, so
	// that a comparison with the same seed gives the numbers that were judged by.
	apart = 1 << 20
)

// Problem is what is tuned on what.
type Problem struct {
	// Choose and Judge are the scenarios of the two parts, at least one each: the same one
	// where replications are divided, and different periods where a log is. A part of several
	// takes them in turn, one a replication, in an order that the seed shuffles.
	Choose, Judge []*scenarios.Spec
	Strategy      string // its name
	// Settings are the strategy with its parameters, the default first.
	Settings []scenarios.Strategy
	Axes     []Axis // that the settings are of
}

// Options says how to tune.
type Options struct {
	Seed uint64
	Runs int // at most so many, of one setting in one replication
	// Progress, if not nil, is told after each run how many of at most how many are done,
	// from one goroutine at a time.
	Progress func(done, of int)
}

// Plan is what will be run at most.
type Plan struct {
	Rounds []Round
	Held   Round
}

// Round is so many settings, each in so many replications, those of earlier rounds included.
type Round struct{ Settings, Replications int }

// NewPlan divides runs between the rounds and the judgement, half and half. It fails if they
// are too few for the number of settings, the default included.
func NewPlan(settings, runs int) (Plan, error) {
	var p Plan
	if settings < 2 {
		return p, errors.New("there is nothing to choose: no setting but the default")
	}
	sizes := []int{settings}
	for n := settings; n > Finalists+1; {
		n = 1 + max(Finalists, (n-1+1)/2)
		sizes = append(sizes, n)
	}
	replications := 0
	for _, n := range sizes {
		replications += runs / 2 / len(sizes) / n
		p.Rounds = append(p.Rounds, Round{n, replications})
	}
	judged := sizes[len(sizes)-1]
	p.Held = Round{judged, runs / 2 / judged}
	if need := 2 * least * max(len(sizes)*settings, judged); p.Rounds[0].Replications < least || p.Held.Replications < least {
		return p, fmt.Errorf("%d settings need at least %d runs, got %d", settings, need, runs)
	}
	return p, nil
}

// String says what will be run at most.
func (p Plan) String() string {
	first, last := p.Rounds[0], p.Rounds[len(p.Rounds)-1]
	text := fmt.Sprintf("%d settings run in %d replications each", first.Settings, first.Replications)
	if len(p.Rounds) > 1 {
		text += fmt.Sprintf(", the best %d of them in %d after %d rounds", last.Settings, last.Replications, len(p.Rounds))
	}
	return text + fmt.Sprintf("; they are judged on %d others or more", p.Held.Replications)
}

// searching is a tuning in progress.
type searching struct {
	Problem
	Options
	outcomes []metrics.Outcome // where settings are chosen, of each of them
	alive    []int             // settings, the default first
	found    *metrics.Tuning
	most     int
}

// Run tunes, on all cores. The result does not depend on how many there are. When ctx is
// cancelled it returns ctx's error and no result.
func Run(ctx context.Context, p Problem, o Options) (*metrics.Tuning, error) {
	plan, err := NewPlan(len(p.Settings), o.Runs)
	if err != nil {
		return nil, err
	}
	s := &searching{Problem: p, Options: o, most: o.Runs, found: &metrics.Tuning{Schema: metrics.TuningSchema, Scenario: p.Judge[0].Name, Strategy: p.Strategy, Seed: o.Seed, Warnings: []string{}}}
	for i := range p.Settings {
		k := &p.Settings[i]
		s.alive = append(s.alive, i)
		s.outcomes = append(s.outcomes, metrics.Outcome{Name: k.Name, Rank: k.Rank})
		s.found.Settings = append(s.found.Settings, metrics.TunedSetting{Name: k.Name, Args: k.Args})
	}
	var sample *metrics.Sample
	for i, r := range plan.Rounds {
		if err := s.extend(ctx, r.Replications); err != nil {
			return nil, err
		}
		if i == 0 {
			s.merge()
		}
		if len(s.alive) == 1 {
			break
		}
		keep := 0
		if i+1 < len(plan.Rounds) {
			keep = plan.Rounds[i+1].Settings - 1
		}
		sample = s.halve(keep, len(plan.Rounds))
		s.found.Rounds++
	}
	s.describe()
	s.found.Chosen = fmt.Sprintf("up to %d replications", len(s.outcomes[0].Runs))
	if first := len(s.Choose); s.Choose[0] != s.Judge[0] {
		s.found.Chosen = fmt.Sprintf("%s of %d of the log, ", periods(1, first), first+len(s.Judge)) + s.found.Chosen
	}
	s.found.Line = Line(&s.Settings[0], s.Strategy)
	if len(s.alive) == 1 {
		s.found.State, s.found.Hash = metrics.NoEffect, metrics.NewSample(s.outcomes[:1]).Hash()
		return s.found, nil
	}
	if err := s.judge(ctx, sample); err != nil {
		return nil, err
	}
	return s.found, nil
}

// periods names some periods of a log.
func periods(from, to int) string {
	if from == to {
		return fmt.Sprintf("period %d", from)
	}
	return fmt.Sprintf("periods %d to %d", from, to)
}

// extend adds replications to the settings that go on until each has n.
func (s *searching) extend(ctx context.Context, n int) error {
	var list []job
	for _, i := range s.alive {
		for r := len(s.outcomes[i].Runs); r < n; r++ {
			list = append(list, job{s.Choose[s.part(r, len(s.Choose))], i, apart + r})
		}
	}
	slices.SortStableFunc(list, func(a, b job) int { return a.replication - b.replication })
	runs, err := s.run(ctx, list)
	for k, run := range runs {
		o := &s.outcomes[list[k].setting]
		o.Runs = append(o.Runs, run)
	}
	return err
}

// part returns which of n scenarios a replication runs: all in turn, shuffled.
func (s *searching) part(replication, n int) int {
	key := rng.New(s.Seed, 0)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(key.Uint64(rng.Situation, uint64(a), 0), key.Uint64(rng.Situation, uint64(b), 0))
	})
	return order[replication%n]
}

// merge leaves out settings that give the same runs as an earlier one.
func (s *searching) merge() {
	first := map[uint64]int{}
	s.alive = slices.DeleteFunc(s.alive, func(i int) bool {
		hash := uint64(14695981039346656037)
		for _, run := range s.outcomes[i].Runs {
			hash = (hash ^ run.Hash) * 1099511628211
		}
		like, known := first[hash]
		if !known {
			first[hash] = i
			return false
		}
		s.found.Settings[i].Like = s.Settings[like].Name
		return true
	})
}

// halve leaves out the settings that are certainly worse than another, and of the others all
// but the best keep; 0 = keeps them all. The default always goes on.
func (s *searching) halve(keep, rounds int) *metrics.Sample {
	sample, rule := s.sample(s.alive), verdict.Of(s.Choose[0])
	rule.Error, rule.Baseline = verdict.Error/float64(rounds), ""
	v, order := verdict.Judge(sample, rule), verdict.Order(sample, rule)
	lost := map[string]*metrics.Reason{}
	for i := range v.Why {
		lost[v.Why[i].Against] = &v.Why[i]
	}
	next := []int{0}
	for _, k := range order {
		i := s.alive[k]
		switch reason := lost[s.Settings[i].Name]; {
		case i == 0:
		case reason != nil && len(next) > 1: // somebody has to be held against the default
			s.found.Settings[i].Lost = reason
		case keep == 0 || len(next) <= keep:
			next = append(next, i)
		}
	}
	s.alive = next // the best first, behind the default
	return s.sample(next)
}

// sample is what the runs of some settings say together.
func (s *searching) sample(of []int) *metrics.Sample {
	var list []metrics.Outcome
	for _, i := range of {
		list = append(list, s.outcomes[i])
	}
	return together(list)
}

// together lets settings compete even where only some of them send to another deployment
// too: to choose among them is what was asked.
func together(list []metrics.Outcome) *metrics.Sample {
	elsewhere := func(r *metrics.Run) bool { return r.Elsewhere }
	if slices.ContainsFunc(list, func(o metrics.Outcome) bool { return slices.ContainsFunc(o.Runs, elsewhere) }) {
		for i := range list {
			for _, r := range list[i].Runs {
				r.Elsewhere = true
			}
		}
	}
	return metrics.NewSample(list)
}

// describe writes down what was seen of each setting where settings were chosen.
func (s *searching) describe() {
	for i := range s.outcomes {
		t := &s.found.Settings[i]
		if t.Replications = len(s.outcomes[i].Runs); t.Like != "" {
			continue
		}
		own := s.sample([]int{i})
		t.FailedPer1000, t.P95, t.Amplification = own.Estimate(0, metrics.FailedPer1000), own.Estimate(0, metrics.TimeToSuccessP95), own.Estimate(0, metrics.Amplification)
	}
}

// job is one run.
type job struct {
	spec        *scenarios.Spec
	setting     int
	replication int
}

// run returns the runs of a list of jobs.
func (s *searching) run(ctx context.Context, list []job) ([]*metrics.Run, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		workers sync.WaitGroup
		mu      sync.Mutex
		next    int
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= len(list) && ctx.Err() == nil
	}
	out := make([]*metrics.Run, len(list))
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		workers.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				run, err := sim.Run(ctx, sim.Plan{Scenario: list[i].spec, Strategy: &s.Settings[list[i].setting], Seed: s.Seed, Replication: list[i].replication})
				if err != nil {
					cancel(err)
					return
				}
				out[i] = run // no other goroutine writes this element
				mu.Lock()
				s.found.Runs++
				if s.Progress != nil {
					s.Progress(s.found.Runs, s.most)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return out, context.Cause(ctx)
}
