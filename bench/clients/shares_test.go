package clients

import (
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/scenarios"
	"ratesim/sim"
)

// shareCalls is how many calls each cell of TestShares makes, unless RATESIM_CALLS says so.
const shareCalls = 400

// sharesAtOnce is how many calls each cell makes at one time, so that a process has file
// descriptors for all cells.
const sharesAtOnce = 200

// Where a part of the attempts fails, as many calls of an SDK succeed as of its preset in the
// simulator, streamed or not: the difference is what chance makes of so many calls, within
// three and a half standard deviations. Connections that are reset are not among the faults: a
// client that has no time for a while loses the headers with the rest, and tries again.
// broken_test.go has them one by one.
func TestShares(t *testing.T) {
	calls := shareCalls
	if n, err := strconv.Atoi(os.Getenv("RATESIM_CALLS")); err == nil {
		calls = n
	}
	for _, fault := range []string{"kind: mid-stream, rate: 0.25, status: 500", "kind: errors, rate: 0.5, status: 500", "kind: errors, rate: 0.6, status: 429"} {
		for _, sdk := range []struct {
			vendor, preset string
			call           asker
		}{{"openai", "sdk:openai-go@3.96", askOpenAI(0)}, {"anthropic", "sdk:anthropic-go@1.84", askAnthropic(0)}} {
			for _, stream := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/stream=%v", fault, sdk.preset, stream), func(t *testing.T) {
					t.Parallel()
					want, got := simulatedShare(t, fault, sdk.preset, stream), share(t, calls, sdk.vendor, fault, sdk.call, stream)
					t.Logf("%.1f %% of the SDK's calls succeed, %.1f %% of the preset's", 100*got, 100*want)
					if chance := math.Sqrt(want * (1 - want) / float64(calls)); math.Abs(got-want) > 3.5*chance {
						t.Errorf("%.1f %% of the SDK's calls succeed, %.1f %% of the preset's", 100*got, 100*want)
					}
				})
			}
		}
	}
}

// share returns which part of an SDK's calls succeeds against the mock.
func share(t *testing.T, calls int, vendor, fault string, call asker, stream bool) float64 {
	config := provider.Config{Name: "main", Vendor: vendor, Model: "main", RPM: 1_000_000}
	faults, err := scenarios.ParseFaults("faults", []byte("- {deployment: main, "+fault+"}"), []provider.Config{config})
	if err != nil {
		t.Fatal(err)
	}
	config.Faults = faults[0]
	s, err := mock.New(mock.Config{Seed: 1, Deployments: []mock.Deployment{{Config: config}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	var callers sync.WaitGroup
	var left, fine atomic.Int64
	left.Store(int64(calls))
	for range sharesAtOnce {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				if call(t.Context(), server.URL, "main", "sk-test", stream) == nil {
					fine.Add(1)
				}
			}
		})
	}
	callers.Wait()
	return float64(fine.Load()) / float64(calls)
}

// simulatedShare returns which part of a preset's calls succeeds in the simulator.
func simulatedShare(t *testing.T, fault, preset string, stream bool) float64 {
	const calls = 20_000
	spec, err := scenarios.Parse("shares", []byte(fmt.Sprintf(`{name: x, duration: 1m, drain: 30m,
workload: [{arrivals: {process: spike, at: 0s, calls: %d}, prompt_tokens: 2, output_tokens: 50, stream: %v}],
deployments: [{name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 1_000_000, tpm: none}, latency: {ttft: 0s, per_token: 0s}}],
faults: [{%s}], strategies: [%q]}`, calls, stream, fault, preset)), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	run, err := sim.Run(t.Context(), sim.Plan{Scenario: spec, Strategy: &spec.Strategies[0], Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return float64(run.Succeeded) / calls
}
