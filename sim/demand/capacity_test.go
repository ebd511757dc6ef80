package demand

import (
	"fmt"
	"math"
	"testing"

	"ratesim/scenarios"
)

// Calls of constant size over ten minutes; each expected value is worked out by hand.
func TestCapacities(t *testing.T) {
	tests := []struct {
		name, stream, deployment string
		want                     map[string]float64
	}{
		// A bucket gives eleven minutes' worth in ten: 11 x 30,000 / (1,000 + 100), settled
		// from the larger of 1,000 and max_tokens.
		{"buckets, settled", "max_tokens: 500", "provider: openai/gpt-4o@tier-1", map[string]float64{"rpm": 11 * 500, "tpm": 300}},
		// Nothing is given back: 1,000 + 500 count in each of ten minutes.
		{"fixed windows", "max_tokens: 500", "provider: mistral/sample@headers", map[string]float64{"rpm": 40, "tpm": 10 * 250_000 / 1500.}},
		// A call reserves 65,000 and comes to 1,000 + 5 x 100; 63,500 are held for the 3 s
		// that it takes: 200,000 x 600 / (63,500 x 3), and not 11 x 200,000 / 1,500.
		{"undeclared", "priority: 0", "provider: bedrock/claude-sonnet-4.5@200k, latency: {ttft: 1s, per_token: 20ms}",
			map[string]float64{"tpm": 200_000 * 600 / (63_500 * 3.), "tpd": 288e6 * (1 + 10/1440.) / 1500}},
		// Three at a time, for 3 s each; 40,000 input tokens a minute, and half as many more
		// every five minutes.
		{"held, and growth", "max_tokens: 500", "provider: groq/sample@100k, limits: {tpm: none, concurrency: 3, ramp: {above: 40000, growth: 50%, per: 5m}}, latency: {ttft: 1s, per_token: 20ms}",
			map[string]float64{"concurrency": 600, "ramp": (5*40 + 5*60)}},
	}
	for _, tt := range tests {
		file := fmt.Sprintf("name: x\nduration: 10m\nworkload:\n  - {arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 1000, output_tokens: 100, %s}\ndeployments:\n  - {name: main, %s}\nstrategies: [none]\n", tt.stream, tt.deployment)
		spec, err := scenarios.Parse(tt.name, []byte(file), scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := Capacities(spec, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(tt.want) {
			t.Errorf("%s: %+v, want %v", tt.name, list, tt.want)
		}
		for _, c := range list {
			if want := tt.want[c.Limit]; math.Abs(c.Calls-want) > 1e-6*want {
				t.Errorf("%s: %s lets %v calls through, want %v", tt.name, c.Limit, c.Calls, want)
			}
		}
	}
}
