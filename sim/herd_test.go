package sim

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

// retryPeaks returns the mean over 11 replications of the most retries in one
// window, for strategies of a herd that is released at once and finds the
// deployment down for so long.
func retryPeaks(t *testing.T, clients int, outage, window time.Duration, names ...string) []float64 {
	t.Helper()
	// Nothing here depends on the number of instances, so one is enough.
	s, err := scenarios.Herd(clients, outage, scenarios.Options{Strategies: names, Set: []string{"fleet.instances=1"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Compare(context.Background(), s, Options{Seed: 1, Replications: 11, RetryWindow: window})
	if err != nil {
		t.Fatal(err)
	}
	var peaks []float64
	for i := range r.Strategies {
		peaks = append(peaks, r.Strategies[i].Values[metrics.RetryPeak].Mean)
	}
	return peaks
}

// TestHerdPeaks reproduces the table of github.com/v-code01/retrystorm: N
// clients fail together and go on failing, with a backoff from 1 s that
// doubles; most retries in any aligned window of 20 ms, mean of 11 seeds.
func TestHerdPeaks(t *testing.T) {
	names := []string{"backoff", "jitter-full", "jitter-equal", "jitter-decorrelated"}
	for clients, want := range map[int][]float64{
		1000:    {1000, 39, 51, 20},
		100_000: {100_000, 3148, 4111, 1347},
	} {
		t.Run(fmt.Sprint(clients), func(t *testing.T) {
			if clients > 1000 && testing.Short() {
				t.Skip("a large herd takes some seconds")
			}
			for i, got := range retryPeaks(t, clients, 10*time.Minute, 20*time.Millisecond, names...) {
				if math.Abs(got/want[i]-1) > 0.05 {
					t.Errorf("%s: retry peak %.1f, published %.0f", names[i], got, want[i])
				}
			}
		})
	}
}

// TestJitterSpreadsTheHerd: the wider the jitter, the lower the peak of
// retries, with two exceptions in windows of 1 s.
//
// At ± 5 % a whole wave still fits into one window: the peak is that of no
// jitter at all. At ± 100 % it rises again. The window from 1 to 2 s holds half
// of the first wave at ± 50 % (which spreads it over 0.5 to 1.5 s) as at ± 100 %
// (over 0 to 2 s). The second wave follows the first by 1 to 3 s, or by 0 to 4 s:
// it has 1/16 of its calls in that window, or 3/16. In windows of 20 ms the
// waves do not add up to much, and wider is better throughout.
func TestJitterSpreadsTheHerd(t *testing.T) {
	names := []string{"backoff", "jitter-5%", "jitter-10%", "jitter-25%", "jitter-50%", "jitter-100%"}
	for window, want := range map[time.Duration][]int{ // the sign of each step
		20 * time.Millisecond: {-1, -1, -1, -1, -1},
		time.Second:           {0, -1, -1, -1, +1},
	} {
		for _, outage := range []time.Duration{0, 10 * time.Minute} {
			peaks := retryPeaks(t, 1000, outage, window, names...)
			var got []int
			for i := range want {
				got = append(got, cmp.Compare(peaks[i+1], peaks[i]))
			}
			if !slices.Equal(got, want) {
				t.Errorf("outage %v, windows of %v: peaks %.1f go %+d, want %+d", outage, window, peaks, got, want)
			}
		}
	}
}
