package tune

import (
	"context"
	"fmt"

	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// judge holds the best setting against the default on the part that was held back, and the
// other finalists against the best. chosen is the sample that they were chosen by.
func (s *searching) judge(ctx context.Context, chosen *metrics.Sample) error {
	n := (s.Runs - s.found.Runs) / len(s.alive) // what the race has saved goes here
	n = min(n, 10_000)                          // which a comparison can repeat
	if parts := len(s.Judge); n > parts {
		n -= n % parts // so that each period counts as often
	}
	outcomes := make([]metrics.Outcome, len(s.alive))
	var list []job
	for r := range n {
		for _, i := range s.alive {
			list = append(list, job{s.Judge[s.part(r, len(s.Judge))], i, r})
		}
	}
	s.most = s.found.Runs + len(list)
	runs, err := s.run(ctx, list)
	if err != nil {
		return err
	}
	for k, i := range s.alive {
		outcomes[k] = metrics.Outcome{Name: s.Settings[i].Name, Rank: s.Settings[i].Rank}
		for r := range n {
			outcomes[k].Runs = append(outcomes[k].Runs, runs[r*len(s.alive)+k])
		}
	}
	held, t := together(outcomes), s.found
	of := s.Judge[0]
	t.Best = outcomes[1].Name
	t.Claim = s.pair(chosen.Outcomes[0], chosen.Outcomes[1], 1)
	t.Held = &metrics.Result{Kind: "simulated", Scenario: of.Name, Provider: of.Deployments[0].Ref, Seed: s.Seed, Assumed: of.Assumed,
		Expectations: []metrics.Expectation{}, Warnings: append([]string{}, of.Warnings...), Verdict: s.pair(held.Outcomes[0], held.Outcomes[1], 1)}
	metrics.Summarise(t.Held, held, of.Tenants)
	t.Held.Setting = of.SettingOf(s.Seed, n)
	t.Judged = fmt.Sprintf("%d other replications", n)
	if first := len(s.Choose); s.Choose[0] != s.Judge[0] {
		t.Judged = fmt.Sprintf("%s, %d replications", periods(first+1, first+len(s.Judge)), n)
	}
	if t.State = state(t.Held.Verdict, t.Best); t.State == metrics.Better {
		best := &s.Settings[s.alive[1]]
		t.Line = Line(best, s.Strategy)
		for i := range s.Axes {
			if a := &s.Axes[i]; a.ends(best.Args[a.Param.Name]) {
				t.Warnings = append(t.Warnings, fmt.Sprintf("%s=%s is an end of the range that was tried: try a range that goes further", a.Param.Name, best.Args[a.Param.Name]))
			}
		}
	}
	for k := 2; k < len(outcomes); k++ {
		t.Settings[s.alive[k]].Against = state(s.pair(held.Outcomes[1], held.Outcomes[k], len(outcomes)-2), outcomes[k].Name)
	}
	t.Hash = fmt.Sprintf("%s%s", held.Hash(), chosen.Hash())
	return nil
}

// pair is the verdict on two settings, one of so many that are to hold together.
func (s *searching) pair(a, b metrics.Outcome, of int) *metrics.Verdict {
	rule := verdict.Of(s.Judge[0])
	rule.Error, rule.Baseline = verdict.Error/float64(of), ""
	return verdict.Judge(metrics.NewSample([]metrics.Outcome{a, b}), rule)
}

// state says what a verdict on two settings means for one of them.
func state(v *metrics.Verdict, name string) metrics.TuningState {
	switch {
	case v.State == metrics.Nothing:
		return metrics.NoneGood
	case v.State == metrics.Tied:
		return metrics.AsGood
	case v.State == metrics.Decided && v.Chosen[0] == name:
		return metrics.Better
	case v.State == metrics.Decided:
		return metrics.Worse
	}
	return metrics.Unsure
}
