package reports

import (
	"strings"
	"testing"

	"ratesim/sim/metrics"
)

// aTuning is a search among three settings, one of which is like the default.
func aTuning(state metrics.TuningState) *metrics.Tuning {
	failed := func(mean, lo, hi float64) metrics.Values {
		var v metrics.Values
		v[metrics.FailedPer1000] = &metrics.Estimate{Mean: mean, Lo: lo, Hi: hi}
		v[metrics.Calls] = &metrics.Estimate{Mean: 500, Lo: 490, Hi: 510}
		v[metrics.TimeToSuccessP50] = &metrics.Estimate{Mean: 4, Lo: 3, Hi: 5}
		return v
	}
	verdict := &metrics.Verdict{State: metrics.Decided, Chosen: []string{"base=4s"}, By: []string{"failed_per_1000"},
		Why: []metrics.Reason{{Metric: "failed_per_1000", Against: "default", By: "base=4s", Difference: &metrics.Estimate{Mean: 270, Lo: 262, Hi: 278}}}}
	t := &metrics.Tuning{Schema: metrics.TuningSchema, Scenario: "morning", Strategy: "jitter", Seed: 1, State: state, Best: "base=4s", Line: "{use: jitter, base: 4s}",
		Claim: verdict, Chosen: "up to 40 replications", Judged: "60 other replications", Runs: 300, Rounds: 1, Hash: "00ff", Warnings: []string{},
		Held: &metrics.Result{Kind: "simulated", Scenario: "morning", Seed: 1, Replications: 60, Verdict: verdict, Strategies: []metrics.Strategy{
			{Group: metrics.Group{Name: "default", Values: failed(400, 395, 405)}}, {Group: metrics.Group{Name: "base=4s", Values: failed(130, 122, 138)}}}},
		Settings: []metrics.TunedSetting{{Name: "default", Replications: 40, FailedPer1000: &metrics.Estimate{Mean: 402, Lo: 390, Hi: 414}}, {Name: "base=1s", Like: "default", Replications: 10},
			{Name: "base=4s", Replications: 40, FailedPer1000: &metrics.Estimate{Mean: 121, Lo: 110, Hi: 132}}, {Name: "base=5s", Replications: 40, Against: metrics.AsGood, FailedPer1000: &metrics.Estimate{Mean: 125, Lo: 110, Hi: 140}},
			{Name: "base=100ms", Replications: 10, Lost: &metrics.Reason{Metric: "failed_per_1000", Against: "base=100ms", By: "base=4s", Difference: &metrics.Estimate{Mean: 500, Lo: 490, Hi: 510}}},
			{Name: "base=2s", Replications: 10, FailedPer1000: &metrics.Estimate{Mean: 150, Lo: 120, Hi: 180}}}}
	if state != metrics.Better {
		t.Held.Verdict = &metrics.Verdict{State: metrics.Tied, Chosen: []string{"default", "base=4s"}}
		t.Line = "{use: jitter}"
	}
	return t
}

func TestTuningGolden(t *testing.T) {
	golden(t, "tuning-120.txt", Tuning(aTuning(metrics.Better)), Text{Width: 120})
	golden(t, "tuning-60.txt", Tuning(aTuning(metrics.AsGood)), Text{Width: 60})
	golden(t, "tuning.md", Tuning(aTuning(metrics.Better)), Markdown{})
	golden(t, "tuning.csv", Tuning(aTuning(metrics.Better)), CSV{})
	golden(t, "tuning.json", Tuning(aTuning(metrics.AsGood)), JSON{})
}

// Each state has its first sentence, and says what does not hold of the choice.
func TestTuningFindings(t *testing.T) {
	for state, want := range map[metrics.TuningState]string{
		metrics.Better: "Use base=4s instead of the default: 130 of 1,000 calls fail and half succeed within 4.0 s. The default fails 270 (262–278) more of 1,000 calls than base=4s.",
		metrics.AsGood: "The default is as good: between it and base=4s, the best of 5 other settings where they were chosen, no difference matters on the part that was held back. With the default 400 of 1,000 calls fail and half succeed within 4.0 s.",
		metrics.Unsure: "Keep the default: whether base=4s is better cannot be told from the 60 replications that were held back. More runs may tell.",
	} {
		d := Tuning(aTuning(state))
		if d.Title != want {
			t.Errorf("%s: %s\nwant %s", state, d.Title, want)
		}
		if holds := !strings.Contains(strings.Join(d.Lead, " "), "The choice does not hold: on up to 40 replications base=4s was certainly better than the default, which fails 270"); holds != (state == metrics.Better) {
			t.Errorf("%s: %q", state, d.Lead)
		}
	}
	none := aTuning(metrics.NoEffect)
	none.Best, none.Held, none.Claim = "", nil, nil
	if d := Tuning(none); !strings.HasPrefix(d.Title, "The default is as good: the parameters have no effect here. All 5 other settings give the same runs") || len(d.Tables) != 1 {
		t.Errorf("%s, %d tables", d.Title, len(d.Tables))
	}
}
