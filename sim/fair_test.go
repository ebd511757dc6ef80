package sim

import (
	"context"
	"fmt"
	"math"
	"testing"

	"ratesim/scenarios"
)

// flooded is a limit of 60,000 tokens a minute that two tenants want, one three
// times and the other nine times: both always have calls waiting.
const flooded = `
name: flooded
duration: 2h
drain: 0s
workload:
  - {tenant: web, arrivals: {process: constant, rate: 5/s}, prompt_tokens: {dist: uniform, min: 200, max: 1000}, output_tokens: 20, max_tokens: 20}
  - {tenant: nightly, arrivals: {process: constant, rate: 15/s}, prompt_tokens: {dist: uniform, min: 200, max: 1000}, output_tokens: 20, max_tokens: 20}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 60000}}
strategies: [%s]
`

// TestFairnessOfTenants: first come, first served, tenants get what they ask for,
// 1 to 3, and Jain's index of their goodput is (1+3)^2 / (2 (1+9)) = 0.8. A fair
// queue gives them the same, however much one floods it, and with weights it
// gives goodput as the weights are; so do limits of tenants before the queue.
func TestFairnessOfTenants(t *testing.T) {
	for _, tt := range []struct {
		strategy    string
		ratio, jain float64 // goodput of web ÷ nightly; of goodput ÷ weight
		weight      float64 // of web
	}{
		{"{use: queue}", 1. / 3, 0.8, 1},
		{"{use: queue, order: fair}", 1, 1, 1},
		{"{use: queue, order: fair, weights: {web: 3}}", 3, 1, 3},
		{"{use: compose, pace: header-aware, order: fair, weights: {web: 3, nightly: 2}}", 1.5, 1, 1.5},
		{"{use: tenant-fair}", 1, 1, 1},
		{"{use: tenant-fair, weights: {nightly: 4}}", 0.25, 1, 0.25},
		{"{use: compose, retry: retry-after, burst: 60s}", 1, 1, 1},
	} {
		s, err := scenarios.Parse("flooded", fmt.Appendf(nil, flooded, tt.strategy), scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(context.Background(), Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		web, nightly := float64(r.Tenants[0].Good), float64(r.Tenants[1].Good)
		a := web / tt.weight
		jain := (a + nightly) * (a + nightly) / (2 * (a*a + nightly*nightly))
		if ratio := web / nightly; math.Abs(ratio/tt.ratio-1) > 0.03 || math.Abs(jain-tt.jain) > 0.02 {
			t.Errorf("%s: goodput of web and nightly is %.3f to 1, Jain's index %.3f; want %.3f and %.3f",
				tt.strategy, ratio, jain, tt.ratio, tt.jain)
		}
		if used := (web + nightly) / (120 * 60_000); used < 0.75 {
			t.Errorf("%s: %.0f %% of the limit is used", tt.strategy, 100*used)
		}
	}
}
