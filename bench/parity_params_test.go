package bench_test

import (
	"fmt"
	"strings"
	"testing"

	"ratesim/scenarios"
)

// Parameters that make a strategy another one.
func TestParityOfParameters(t *testing.T) {
	for _, s := range []string{
		"{use: token-bucket, name: polled, fair: false, capacity: 6000, refill: 500}",
		"{use: token-bucket, name: smooth, smooth: true}",
		"{use: token-bucket, name: part, rpm: 50, tpm: 40000, share: 40%, margin: 10%}",
		"{use: queue, name: whole, share: 100%, margin: 5%}",
		"{use: queue, name: urgent, order: priority, workers: 3, max_queue: 9}",
		"{use: queue, name: late, order: fair, weights: {web: 3}, reserve: false}",
		"{use: jitter, name: decorrelated, jitter: decorrelated, base_5xx: 100ms}",
		"{use: queue, name: brief, max_elapsed: 20s, max_retries: 100}",
		"{use: layers, name: two, layers: [azcore, go-retryablehttp]}",
		"{use: adaptive, name: rising, increase: 4, decrease: 80%}",
		"{use: sdk:cookbook-parallel@1, name: pausing, pause: 5s, rpm: 120, tpm: 90000}",
		"{use: sdk:langchain-limiter@1, name: coarse, requests_per_second: 2.5, max_bucket_size: 7, check_every: 700ms}",
		"{use: article:bucket, name: small, capacity: 4000, refill: 500, estimated_tokens: 0}",
		"{use: article:queue, name: few, workers: 3, rpm: 60}",
		"{use: article:batch-sleep, name: stated, mean_tokens: 900}",
		"{use: paper:wb, name: one, workers: 1, limit: 30}",
		"{use: lease, name: short, length: 1s, burst: 2s}",
		"{use: aimd, name: slow, decrease: 90%, recover: 5s}",
		"{use: paced, name: weighed, weights: {web: 3}, stretch: 20}",
		"{use: compose, name: split, pace: split, order: fair, burst: 10s}",
		"{use: queue, name: exact, estimator: exact}",
		"{use: header-aware, name: chars, estimator: chars}",
		"{use: token-bucket, name: learned, fair: false, estimator: learned}",
		"{use: paced, name: learning, estimator: learned}",
		"{use: queue, name: fixed, estimator: fixed, fixed_tokens: 700}",
	} {
		t.Run(s, func(t *testing.T) { compare(t, fmt.Sprintf(crowded, dialects[0].deployments, s)) })
	}
}

// Calls that have two attempts in flight: answers are slow or never come, and limits are
// wide enough for second attempts. Each strategy must have aborted some attempts, or the
// comparison shows nothing.
func TestParityOfHedges(t *testing.T) {
	wide := strings.NewReplacer("rpm: 120, tpm: 60000", "rpm: 900, tpm: 900000").Replace(dialects[0].deployments)
	two := wide + "\n" + strings.Replace(wide, "name: main", "name: mini", 1)
	for s, deployments := range map[string]string{
		"{use: compose, name: plain, hedge: 60%, hedge_share: 100%}":                                             wide,
		"{use: compose, name: windows, hedge: 60%, hedge_share: 100%, pace: windows, order: fair}":               wide,
		"{use: compose, name: headers, hedge: 50%, hedge_share: 50%, pace: header-aware, breaker: 2}":            wide,
		"{use: compose, name: paced, hedge: 60%, hedge_share: 100%, pace: paced, retry: jitter}":                 wide,
		"{use: compose, name: bucket, hedge: 60%, hedge_share: 100%, pace: token-bucket, budget: 50%}":           wide,
		"{use: compose, name: route, hedge: 60%, hedge_share: 100%, route: [main, mini], when: 503, workers: 9}": two,
	} {
		t.Run(s, func(t *testing.T) {
			scenario := strings.Replace(fmt.Sprintf(crowded, deployments, s), "faults:\n",
				"faults:\n  - {kind: slow-stream, rate: 0.2, to: 4}\n  - {kind: hang, rate: 0.05}\n", 1)
			spec, err := scenarios.Parse("parity.yaml", []byte(scenario), scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			aborted := 0
			simulated, _ := simulate(t, spec)
			for _, lines := range simulated.calls {
				for _, line := range lines {
					if strings.Contains(line, " abort ") {
						aborted++
					}
				}
			}
			if t.Logf("%d attempts aborted", aborted); aborted < 5 {
				t.Errorf("%d attempts were aborted", aborted)
			}
			agree(t, spec)
		})
	}
}
