package bench_test

import (
	"fmt"
	"testing"
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
	} {
		t.Run(s, func(t *testing.T) { compare(t, fmt.Sprintf(crowded, dialects[0].deployments, s)) })
	}
}
