package sim

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// A pool is many replications of a scenario, whose pooled values are taken for the
// truth.
type pool struct {
	outcomes []metrics.Outcome
	truth    *metrics.Sample
}

func newPool(tb testing.TB, name string, replications int, set ...string) *pool {
	tb.Helper()
	spec, err := scenarios.Load(name, nil, scenarios.Options{Set: set})
	if err != nil {
		tb.Fatal(err)
	}
	c := &comparison{spec: spec, options: Options{Seed: 77}, outcomes: make([]metrics.Outcome, len(spec.Strategies))}
	for i := range spec.Strategies {
		c.outcomes[i] = metrics.Outcome{Name: spec.Strategies[i].Name, Bound: spec.Strategies[i].Omniscient}
	}
	if err := c.replicate(context.Background(), replications); err != nil {
		tb.Fatal(err)
	}
	return &pool{c.outcomes, metrics.NewSample(c.outcomes)}
}

// draw returns a sample of n replications, drawn with replacement.
func (p *pool) draw(r *rand.Rand, n int) *metrics.Sample {
	some := make([]metrics.Outcome, len(p.outcomes))
	for i := range some {
		some[i] = metrics.Outcome{Name: p.outcomes[i].Name, Bound: p.outcomes[i].Bound, Runs: make([]*metrics.Run, n)}
	}
	for k := range n {
		rep := r.IntN(len(p.outcomes[0].Runs))
		for i := range some {
			some[i].Runs[k] = p.outcomes[i].Runs[rep]
		}
	}
	return metrics.NewSample(some)
}

// kind is something whose intervals are to hold the truth.
type kind struct {
	name string
	// of returns the interval of each case, and its name.
	of func(s *metrics.Sample) map[string]stats.Interval
}

const level = 0.05

func ofMetric(name string, part metrics.Part, id metrics.ID) kind {
	return kind{name, func(s *metrics.Sample) map[string]stats.Interval {
		out := map[string]stats.Interval{}
		for i := range s.Outcomes {
			out[s.Outcomes[i].Name] = s.Interval(i, part, id, level)
		}
		return out
	}}
}

// paired compares every strategy with the first.
func paired(name string, of func(s *metrics.Sample, a, b int) stats.Interval) kind {
	return kind{name, func(s *metrics.Sample) map[string]stats.Interval {
		out := map[string]stats.Interval{}
		for a := range s.Outcomes {
			for b := range a {
				out[s.Outcomes[a].Name+"-"+s.Outcomes[b].Name] = of(s, a, b)
			}
		}
		return out
	}}
}

func kinds() []kind {
	all := metrics.Part{}
	return []kind{
		ofMetric("success", all, metrics.SuccessRate),
		ofMetric("tts p50", all, metrics.TimeToSuccessP50),
		ofMetric("tts p95", all, metrics.TimeToSuccessP95),
		ofMetric("latency p95", all, metrics.LatencyP95),
		ofMetric("latency p99", all, metrics.LatencyP99),
		ofMetric("rejected", all, metrics.Rejected),
		ofMetric("attempts per call", all, metrics.Amplification),
		ofMetric("answers a minute", all, metrics.AnswersPerMin),
		ofMetric("success of tenant 2", metrics.Part{By: metrics.ByTenant, Index: 1}, metrics.SuccessRate),
		paired("difference of success", func(s *metrics.Sample, a, b int) stats.Interval {
			return s.Difference(a, b, all, metrics.SuccessRate, level)
		}),
		paired("ratio of tts p95", func(s *metrics.Sample, a, b int) stats.Interval {
			return stats.LogQuantileRatio(s.Quantile(a, all, metrics.TimeToSuccessP95, level), s.Quantile(b, all, metrics.TimeToSuccessP95, level))
		}),
		paired("ratio of attempts", func(s *metrics.Sample, a, b int) stats.Interval {
			return stats.LogRatio(s.Counts(a, all, metrics.Amplification), s.Counts(b, all, metrics.Amplification), s.Level(level))
		}),
	}
}

// coverage returns, of each kind, the share of samples whose interval holds the truth,
// case by case, in per cent.
func (p *pool) coverage(kinds []kind, replications, samples int) []map[string]float64 {
	held, tried := make([]map[string]float64, len(kinds)), make([]map[string]float64, len(kinds))
	truth := make([]map[string]stats.Interval, len(kinds))
	for k := range kinds {
		held[k], tried[k], truth[k] = map[string]float64{}, map[string]float64{}, kinds[k].of(p.truth)
	}
	for seed := range samples {
		s := p.draw(rand.New(rand.NewPCG(uint64(seed), uint64(replications))), replications)
		for k := range kinds {
			for name, i := range kinds[k].of(s) {
				want := truth[k][name].Value
				if math.IsNaN(want) || math.IsInf(want, 0) || math.IsNaN(i.Value) {
					continue // two times that are never reached are not compared
				}
				tried[k][name]++
				if i.Lo <= want*(1+1e-9)+1e-12 && want*(1-1e-9)-1e-12 <= i.Hi {
					held[k][name]++
				}
			}
		}
	}
	for k := range kinds {
		for name, n := range tried[k] {
			held[k][name] *= 100 / n
		}
	}
	return held
}

// worst returns the least coverage, and of which case, and the median.
func worst(held map[string]float64) (least float64, who string, median float64) {
	least = 101
	var shares []float64
	for name, share := range held {
		shares = append(shares, share)
		if share < least || share == least && name < who {
			least, who = share, name
		}
	}
	slices.Sort(shares)
	return least, who, shares[len(shares)/2]
}

// BenchmarkCoverage prints how often intervals of few replications hold the value of
// 2,000: docs/verdict.md has the figures.
func BenchmarkCoverage(b *testing.B) {
	for _, scenario := range []string{"noisy-neighbour", "launch-day", "many-instances"} {
		var p *pool
		for _, k := range kinds() {
			b.Run(scenario+"/"+strings.ReplaceAll(k.name, " ", "-"), func(b *testing.B) {
				if p == nil {
					p = newPool(b, scenario, 2000)
				}
				for _, n := range []int{5, 10, 20, 40} {
					if held := p.coverage([]kind{k}, n, 200)[0]; len(held) > 0 {
						least, who, median := worst(held)
						b.Logf("R=%d: least %.0f %% (%s), median %.0f %%", n, least, who, median)
					}
				}
			})
		}
	}
}
