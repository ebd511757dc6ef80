package sim

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"ratesim/scenarios"
	"ratesim/sim/demand"
)

// The calls of each process are rate × time, but of closed users: with 9 s of thought and an
// answer after one, a user asks every ten seconds.
func TestCalls(t *testing.T) {
	for _, k := range []struct {
		arrivals string
		want     float64
		within   float64 // of it
	}{
		{"{process: constant, rate: 2/s}", 1200, 0},
		{"{process: poisson, rate: 1e6/s}", 600e6, 0.02},
		{"{process: spike, at: 1s, calls: 5000000}", 5e6, 0},
		{"{process: closed, users: 100, think: 9s}", 6000, 0.02},
		{"{process: closed, users: 1000000, think: 9s}", 1e6 / 9 * 600, 0.02}, // as they begin: nobody waits for an answer yet
		{"{process: constant, rate: 1e9/s}", 600e9, 0.001},
	} {
		s, err := scenarios.Parse("x", []byte("name: x\nduration: 10m\nworkload:\n  - {arrivals: "+k.arrivals+
			", prompt_tokens: 10, output_tokens: 10}\ndeployments: [{name: main, provider: openai/gpt-4o@tier-2}]\nstrategies: [none, jitter]\n"), scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := demand.Calls(context.Background(), s, 1)
		if err != nil || math.Abs(got-k.want) > k.within*k.want {
			t.Errorf("%s: %v calls, %v; want %v", k.arrivals, got, err, k.want)
		}
		_, err = Compare(context.Background(), s, Options{Replications: 1, MostCalls: k.want / 2})
		if large := new(TooLargeError); !errors.As(err, &large) || large.Runs != 2 || !strings.Contains(err.Error(), "million calls") {
			t.Errorf("%s: %v, want a TooLargeError of two runs", k.arrivals, err)
		}
	}
}
