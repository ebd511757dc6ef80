package sim

import (
	"fmt"
	"math"
	"testing"
)

// Two attempts of a hundred are slow or hang. The client gives up after a minute. Every
// call asks for 1,000 tokens of prompt and 100 of output.
const hanging = `
name: hanging
duration: 20m
drain: 5m
fleet: {timeout: 60s}
workload:
  - {arrivals: {process: poisson, rate: 100/m}, prompt_tokens: 1000, output_tokens: 100, max_tokens: 100}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-4, latency: {ttft: {dist: lognormal, p50: 500ms, p95: 2s}, per_token: 10ms}}
faults:
  - {kind: %s, rate: 0.02%s}
strategies: [none]
`

// TestHedgesAreBilled: what is sent twice is charged twice, the aborted attempt in full, at
// the prices of gpt-4o on the vendor's page: 2.50 USD for a million tokens of prompt, 10
// USD for a million of output. Calls that are sent twice are at most the share.
func TestHedgesAreBilled(t *testing.T) {
	slow := fmt.Sprintf(hanging, "slow-stream", ", to: 20")
	plain, hedged := play(t, parse(t, slow, "none"), 0), play(t, parse(t, slow, "{use: compose, retry: none, hedge: 95%}"), 0)
	const perAttempt = 1000*2.50/1e6 + 100*10/1e6
	for _, r := range []struct {
		name            string
		attempts, calls int64
		usd             float64
	}{{"plain", plain.Attempts, plain.Calls, plain.CostUSD}, {"hedged", hedged.Attempts, hedged.Calls, hedged.CostUSD}} {
		if want := float64(r.attempts) * perAttempt; math.Abs(r.usd-want) > 1e-6 {
			t.Errorf("%s: %d attempts cost %.6f USD, want %.6f", r.name, r.attempts, r.usd, want)
		}
	}
	twice := hedged.Attempts - hedged.Calls
	if share := float64(twice) / float64(hedged.Calls); twice == 0 || share > 0.05 {
		t.Errorf("%d of %d calls were sent twice, want some, and at most 5%%", twice, hedged.Calls)
	}
	if hedged.MeanLatency() >= plain.MeanLatency() {
		t.Errorf("mean latency %.3fs with hedges, %.3fs without", hedged.MeanLatency(), plain.MeanLatency())
	}
}

// TestHedgesOutlastHangs: without a retry, two calls of a hundred fail where two attempts
// of a hundred never answer. A hedge fails them only where the second attempt hangs too, or
// before the usual time is known.
func TestHedgesOutlastHangs(t *testing.T) {
	hang := fmt.Sprintf(hanging, "hang", "")
	plain, hedged := play(t, parse(t, hang, "none"), 0), play(t, parse(t, hang, "{use: compose, retry: none, hedge: 95%}"), 0)
	failed := func(calls, succeeded int64) float64 { return 1 - float64(succeeded)/float64(calls) }
	if got := failed(plain.Calls, plain.Succeeded); got < 0.01 || got > 0.03 {
		t.Errorf("without hedges %.2f%% fail, want about 2%%", 100*got)
	}
	if got := failed(hedged.Calls, hedged.Succeeded); got > 0.004 {
		t.Errorf("with hedges %.2f%% fail", 100*got)
	}
}
