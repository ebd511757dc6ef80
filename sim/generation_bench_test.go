package sim

import (
	"strings"
	"testing"
	"time"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
)

// BenchmarkGeneration reports which share of a run is spent on making its calls, where the
// rest has least to do: no call is refused, so that each has one attempt. An op is a run.
func BenchmarkGeneration(b *testing.B) {
	for name, arrivals := range map[string]string{
		"poisson":   "{process: poisson, rate: 50/s}",
		"gamma":     "{process: gamma, rate: 50/s, cv: 3}",
		"mmpp":      "{process: mmpp, rate: 20/s, burst_rate: 320/s, calm: 9s, burst: 1s}",
		"diurnal":   "{process: diurnal, rate: 50/s, period: 5m}",
		"trace":     "{process: trace, file: azure-conv-2023, speed: 10, loop: true}",
		"trace x10": "{process: trace, file: azure-conv-2023, scale: 10}",
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			sizes := ", prompt_tokens: {dist: lognormal, p50: 900, p95: 4000, max: 14000}, output_tokens: {dist: lognormal, p50: 130, p95: 450, max: 1000}"
			if strings.HasPrefix(name, "trace") {
				sizes = ""
			}
			spec, err := scenarios.Parse("bench", []byte("name: bench\nduration: 10m\nworkload:\n  - {arrivals: "+arrivals+sizes+
				"}\ndeployments:\n  - {name: main, provider: openai/gpt-4o@tier-5}\nstrategies: [none]\n"), scenarios.Options{})
			if err != nil {
				b.Fatal(err)
			}
			var whole, made time.Duration
			calls := 0
			for b.Loop() {
				begin := time.Now()
				if _, err := Run(b.Context(), Plan{Scenario: spec, Strategy: &spec.Strategies[0], Seed: 1}); err != nil {
					b.Fatal(err)
				}
				ran := time.Now()
				from, err := spec.Requests(1, -1)
				if err != nil {
					b.Fatal(err)
				}
				for r := (workload.Record{}); from.Next(&r); calls++ {
				}
				whole, made = whole+ran.Sub(begin), made+time.Since(ran)
			}
			b.ReportMetric(100*made.Seconds()/whole.Seconds(), "%-of-run")
			b.ReportMetric(float64(calls)/made.Seconds(), "calls/s")
		})
	}
}
