package sim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

const twoCases = `name: retries-help
about: retrying helps
duration: 1m
workload:
  - {arrivals: {process: poisson, rate: 2/s}, prompt_tokens: 10, output_tokens: 10}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-2}
faults: [{kind: errors, rate: 20%}]
strategies: [none, jitter]
expect: [jitter.success_rate >= none.success_rate + 10%]
cases:
  - {if: one in five attempts fails, holds: true}
  - {if: none fails, set: {faults: []}, holds: false}
`

// With a fifth of the attempts failing, seven attempts leave 0.2^7 of the calls
// failed, one leaves a fifth.
func TestClaims(t *testing.T) {
	c, err := scenarios.ParseClaim("x", []byte(twoCases), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done, total := 0, 0
	got, err := sim.Claims(t.Context(), []*scenarios.Claim{c}, sim.Options{Seed: 1, Replications: 5,
		Progress: func(d, of int) { done, total = d, of }})
	if err != nil {
		t.Fatal(err)
	}
	found := got.Claims[0]
	if found.Verdict != metrics.HoldsOnlyIf || found.Changed || !found.Cases[0].Holds || found.Cases[1].Holds {
		t.Errorf("%+v", found)
	}
	if v := *found.Cases[0].Expectations[0].Against; v < 0.7 || v > 0.9 {
		t.Errorf("none succeeds with %v", v)
	}
	if done != 20 || total != 20 {
		t.Errorf("progress ended with %d of %d", done, total)
	}
	again, err := sim.Claims(t.Context(), []*scenarios.Claim{c}, sim.Options{Seed: 1, Replications: 5})
	if diff := cmp.Diff(got, again); err != nil || diff != "" {
		t.Errorf("a second time: %v %s", err, diff)
	}
}

func TestClaimsInterrupted(t *testing.T) {
	c, err := scenarios.ParseClaim("x", []byte(twoCases), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got, err := sim.Claims(ctx, []*scenarios.Claim{c, c}, sim.Options{Seed: 1, Replications: 5,
		Progress: func(d, _ int) {
			if d == 30 { // in the second claim
				cancel()
			}
		}})
	if !errors.Is(err, context.Canceled) || len(got.Claims) != 1 {
		t.Errorf("%v, %d claims", err, len(got.Claims))
	}
}
