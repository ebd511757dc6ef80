package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/sim/clock"
)

const manyLimits = `
name: x
duration: 1m
workload:
  - arrivals: {process: poisson, rate: 1/s}
    prompt_tokens: 100
    output_tokens: 50
    provider_estimate: chars
    cached: 25%
deployments:
  - name: main
    provider: openai/gpt-4o@tier-1
    limits: {rpm: 60, tpm: none, rph: 1000, rpd: 10000, itpm: 30000, otpm: 8000, concurrency: 20, ramp: {above: 1000000, growth: 50%, per: 15m, used_before: 2300000}}
    pool: flagship
    project: {rpm: 30}
    window: per-second
    phase: 42s
    charge: {reserve: larger, undeclared: 16, burndown: 5, cache_discount: 90%, reserve_cached: true, failed_free: true}
    latency: {load: 1, floor: 40ms}
faults:
  - {kind: hang, rate: 1%}
  - {kind: reset, rate: 1%, at: 5s}
  - {kind: mid-stream, rate: 1%, status: 529}
  - {kind: slow-stream, rate: 1%, to: 3, for: 10s}
  - {kind: billing, at: 50s}
  - {kind: outage, mtbf: 48h, mttr: 1h}
  - {kind: bad-headers, rate: 5%, bug: seconds-in-ms}
strategies: [none]
`

func TestLimitsChargesAndFaults(t *testing.T) {
	spec, err := Parse("x.yaml", []byte(manyLimits), Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := spec.Deployments[0]
	limit := func(u provider.Unit, most int64, per time.Duration) provider.Limit {
		return provider.Limit{Counts: u, Most: most, Per: per, Window: provider.PerSecond, Shared: true}
	}
	want := []provider.Limit{
		limit(provider.Requests, 1000, time.Hour), limit(provider.Requests, 10000, 24*time.Hour),
		limit(provider.Input, 30000, time.Minute), limit(provider.Output, 8000, time.Minute), limit(provider.Requests, 20, 0),
		{Counts: provider.Input, Most: 1_000_000, Per: 15 * time.Minute, Growth: 0.5, UsedBefore: 2_300_000, Window: provider.PerSecond, Shared: true},
		{Counts: provider.Requests, Most: 30, Per: time.Minute, Window: provider.PerSecond},
	}
	if diff := cmp.Diff(want, d.Limits); diff != "" {
		t.Errorf("limits (-want +got)\n%s", diff)
	}
	if d.RPM != 60 || d.TPM != 0 || d.Pool != "flagship" || d.Phase != 42*time.Second || d.Window != provider.PerSecond {
		t.Errorf("%d RPM, %d TPM, pool %q, phase %v, window %v", d.RPM, d.TPM, d.Pool, d.Phase, d.Window)
	}
	charge := provider.Charge{Reserve: provider.ReserveLarger, Undeclared: 16, Settle: true, Rejected: true, Burndown: 5,
		CacheDiscount: 0.9, ReserveCached: true, FailedFree: true, StopsStreams: true}
	if d.Charge != charge || d.Latency.Load != 1 || d.Latency.Floor != 40*time.Millisecond {
		t.Errorf("charge %+v, latency %+v", d.Charge, d.Latency)
	}
	faults := []provider.Fault{
		{Kind: provider.Hang, Rate: 0.01, Until: clock.Never},
		{Kind: provider.Reset, Rate: 0.01, At: 5 * clock.Second, Until: clock.Never},
		{Kind: provider.MidStream, Rate: 0.01, Status: 529, Until: clock.Never},
		{Kind: provider.SlowStream, Rate: 0.01, To: 3, Until: 10 * clock.Second},
		{Kind: provider.Unpaid, At: 50 * clock.Second, Until: clock.Never},
		{Kind: provider.Outage, Status: 503, MTBF: 48 * time.Hour, MTTR: time.Hour, Until: clock.Never},
		{Kind: provider.BadHeaders, Rate: 0.05, Bug: provider.SecondsInMs, Until: clock.Never},
	}
	if diff := cmp.Diff(faults, d.Faults); diff != "" {
		t.Errorf("faults (-want +got)\n%s", diff)
	}
	if s := spec.Workload[0]; s.Cached != 0.25 || s.Guess.Belief == s.Estimate.Belief {
		t.Errorf("cached %v, provider's estimate %v", s.Cached, s.Guess)
	}
}

// A ramp counts what that of the vendor counts, over its period.
func TestRampOfVendor(t *testing.T) {
	const scenario = `
name: ramp
duration: 1m
workload: [{arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 9, output_tokens: 9}]
deployments: [{name: main, provider: together/gpt-oss-120b@dynamic%s}]
strategies: [none]
`
	for _, c := range []struct {
		limits string
		want   []provider.Limit
	}{
		{"", []provider.Limit{{Counts: provider.Requests, Most: 60, Per: time.Hour, Growth: 1, Window: provider.TokenBucket, Shared: true}}},
		{", limits: {ramp: {above: 120, used_before: 600}}", []provider.Limit{
			{Counts: provider.Requests, Most: 120, Per: time.Hour, Growth: 1, UsedBefore: 600, Window: provider.TokenBucket, Shared: true}}},
		{", limits: {ramp: none}", nil},
	} {
		spec, err := Parse("x.yaml", fmt.Appendf(nil, scenario, c.limits), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := spec.Deployments[0].Limits; len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("%q: %+v, want %+v", c.limits, got, c.want)
		}
	}
}
