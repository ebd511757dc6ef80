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
		Progress: func(p sim.Progress) { done, total = p.Done, p.Most }})
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

// A hundred calls within 0.9 s, nearly all refused, come back as they came: one
// or two in 10 ms, and many in a second.
func TestWindowOfCases(t *testing.T) {
	c, err := scenarios.ParseClaim("x", []byte(`name: few-retries
about: few come back together
duration: 1m
workload:
  - {arrivals: {process: spike, at: 0s, calls: 100, over: 900ms}, prompt_tokens: 10, output_tokens: 10}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-2, limits: {rpm: 1}}
strategies: [{name: fixed, use: fixed, max_retries: 1}]
expect: [fixed.retry_peak <= 3]
cases:
  - {if: counted by 10 ms, window: 10ms, holds: true}
  - {if: counted by seconds, holds: false}
`), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sim.Claims(t.Context(), []*scenarios.Claim{c}, sim.Options{Seed: 1, Replications: 2})
	if err != nil || got.Claims[0].Changed {
		t.Errorf("%v %+v", err, got)
	}
}

func TestClaimsInterrupted(t *testing.T) {
	c, err := scenarios.ParseClaim("x", []byte(twoCases), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got, err := sim.Claims(ctx, []*scenarios.Claim{c, c}, sim.Options{Seed: 1, Replications: 5,
		Progress: func(p sim.Progress) {
			if p.Done == 30 { // in the second claim
				cancel()
			}
		}})
	if !errors.Is(err, context.Canceled) || len(got.Claims) != 1 {
		t.Errorf("%v, %d claims", err, len(got.Claims))
	}
}
