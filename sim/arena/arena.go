package arena

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/situations"
	"ratesim/sim"
	"ratesim/sim/metrics"
	strategycatalog "ratesim/strategies/catalog"
)

// Options says how to judge.
type Options struct {
	Seed       uint64
	Situations int
	// Replications of each situation: an even number, for they are halved.
	Replications int
	// Field are the strategies that are held against each other; nil = all that can run.
	Field   []string
	Catalog *catalog.Catalog
	// Progress, if not nil, is told after each run how many of about how many are done,
	// from one goroutine at a time.
	Progress func(done, of int)
}

// Run runs every strategy of the field in every situation, on all cores. The result does
// not depend on how many there are. When ctx is cancelled it returns ctx's error beside an
// Arena of the situations that were finished, nil if there is none.
func Run(ctx context.Context, o Options) (*metrics.Arena, error) {
	if o.Situations < 1 || o.Replications < 2 || o.Replications%2 > 0 {
		return nil, fmt.Errorf("an arena needs at least one situation, got %d, and an even number of replications, got %d", o.Situations, o.Replications)
	}
	field := o.Field
	if field == nil {
		field = Field()
	}
	a := &metrics.Arena{Schema: metrics.ArenaSchema, Seed: o.Seed, Range: situations.Range(o.Seed), Replications: o.Replications, Warnings: []string{}}
	var err error
	hash := fnv.New64a()
	for i := range o.Situations {
		var s *metrics.ArenaSituation
		if s, err = o.situation(ctx, i, field); err != nil {
			break
		}
		a.Situations = append(a.Situations, *s)
		fmt.Fprintln(hash, s.Hash)
	}
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err()) || a.Situations == nil) {
		return nil, err
	}
	if err != nil {
		a.Warnings = append(a.Warnings, fmt.Sprintf("interrupted: %d of %d situations were finished", len(a.Situations), o.Situations))
	}
	a.Hash = fmt.Sprintf("%016x", hash.Sum64())
	a.Standings = standings(field, a.Situations)
	return a, err
}

// Field returns the strategies that are held against each other unless others are named.
func Field() []string {
	elsewhere := []string{"ptu", "route", "batch", "shared", "lease"}
	var names []string
	for _, e := range strategycatalog.Entries() {
		if !e.Omniscient && !slices.Contains(elsewhere, e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}

// situation draws one situation and runs the field in it.
func (o *Options) situation(ctx context.Context, index int, field []string) (*metrics.ArenaSituation, error) {
	s, err := situations.Draw(o.Seed, index, o.Catalog)
	if err != nil {
		return nil, err
	}
	spec, err := parse(s, field, o.Catalog)
	if err != nil {
		return nil, err
	}
	all := len(spec.Strategies) * o.Replications
	outcomes, err := sim.Replicate(ctx, spec, sim.Options{Seed: s.Seed, Replications: o.Replications, Progress: func(p sim.Progress) {
		if o.Progress != nil {
			o.Progress(index*all+p.Done, o.Situations*all)
		}
	}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	flood := slices.Index(spec.Tenants, s.Flood)
	var names []string
	var parts [2][]tally
	for i := range outcomes {
		names = append(names, outcomes[i].Name)
		var t [2]tally
		for rep, run := range outcomes[i].Runs {
			t[rep%2].add(run, spec.Duration.Minutes(), flood)
		}
		parts[0], parts[1] = append(parts[0], t[0]), append(parts[1], t[1])
	}
	return &metrics.ArenaSituation{Name: s.Name, Index: index, About: s.About, Seed: s.Seed, Load: digits(s.Load), Calls: digits(s.Calls), Closed: s.Closed(),
		Hash: metrics.NewSample(outcomes).Hash(), Scores: score(names, parts, s.Closed())}, nil
}

// parse returns the scenario of a situation with the strategies of the field that can run
// in it.
func parse(s *situations.Situation, field []string, known *catalog.Catalog) (*scenarios.Spec, error) {
	spec, err := scenarios.Parse(s.Name, s.File(field[:1]), scenarios.Options{Catalog: known, Strategies: []string{"all"}})
	if err != nil {
		return nil, err
	}
	spec.Strategies = slices.DeleteFunc(spec.Strategies, func(k scenarios.Strategy) bool { return !slices.Contains(field, k.Name) })
	if len(spec.Strategies) == 0 {
		return nil, fmt.Errorf("%s: no strategy of the field can run in it", s.Name)
	}
	return spec, nil
}
