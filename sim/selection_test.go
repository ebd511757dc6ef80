package sim

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// equals returns n replications of ten strategies that are exactly as good as each other: in
// each replication the runs of a pool's strategies are dealt to them anew.
func (p *pool) equals(r *rand.Rand, n int) *metrics.Sample {
	const ten = 10
	some := make([]metrics.Outcome, ten)
	for i := range some {
		some[i] = metrics.Outcome{Name: string(rune('a' + i)), Rank: i, Runs: make([]*metrics.Run, n)}
	}
	var policies []int
	for i := range p.outcomes {
		if !p.outcomes[i].Bound && !p.truth.Elsewhere(i) {
			policies = append(policies, i)
		}
	}
	for k := range n {
		rep := r.IntN(len(p.outcomes[0].Runs))
		for i, from := range r.Perm(ten) {
			some[i].Runs[k] = p.outcomes[policies[from%len(policies)]].Runs[rep]
		}
	}
	return metrics.NewSample(some)
}

// leftOut returns in how many of so many sets of ten equals somebody is left out.
func (p *pool) leftOut(n, sets int) int {
	out := 0
	for seed := range sets {
		v := verdict.Judge(p.equals(rand.New(rand.NewPCG(uint64(seed), uint64(n))), n), verdict.Options{})
		if len(v.Why) > 0 {
			out++
		}
	}
	return out
}

// Among ten strategies that are equal nobody is left out, but in at most 5 % of sets.
func TestEqualsStay(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of simulation")
	}
	const n, sets = 20, 100
	p := newPool(t, "noisy-neighbour", 200)
	if out := p.leftOut(n, sets); out > sets*5/100 {
		t.Errorf("%d replications: somebody was left out in %d of %d sets", n, out, sets)
	}
}

// BenchmarkEquals prints in how many of 200 sets of ten equals somebody is left out:
// docs/verdict.md has the figures.
func BenchmarkEquals(b *testing.B) {
	for _, scenario := range []string{"launch-day", "noisy-neighbour", "many-instances"} {
		b.Run(scenario, func(b *testing.B) {
			p := newPool(b, scenario, 1000)
			for _, n := range []int{10, 20, 40} {
				b.Logf("R=%d: somebody is left out in %d of 200 sets", n, p.leftOut(n, 200))
			}
		})
	}
}

// BenchmarkSeeds prints how often the verdict of each library scenario chooses whom, over
// ten seeds, and whether all of them have a strategy in common.
func BenchmarkSeeds(b *testing.B) {
	for _, name := range scenarios.Library() {
		b.Run(name, func(b *testing.B) {
			spec, err := scenarios.Load(name, nil, scenarios.Options{})
			if err != nil {
				b.Fatal(err)
			}
			const seeds = 10
			sets, common, replications := map[string]int{}, map[string]int{}, 0
			for seed := range uint64(seeds) {
				r, err := Compare(context.Background(), spec, Options{Seed: seed + 1})
				if err != nil {
					b.Fatal(err)
				}
				sets[string(r.Verdict.State)+" "+strings.Join(r.Verdict.Chosen, ", ")]++
				for _, s := range r.Verdict.Chosen {
					common[s]++
				}
				replications += r.Replications
			}
			always := []string{}
			for s, n := range common {
				if n == seeds {
					always = append(always, s)
				}
			}
			b.Logf("in all: %q; %d replications on average; %v", always, replications/seeds, sets)
		})
	}
}
