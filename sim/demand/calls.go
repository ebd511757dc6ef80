package demand

import (
	"context"
	"fmt"
	"time"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// counted is how many arrivals of each stream Calls looks at, and quickly is how long it takes
// each call to be answered: as long as a short answer. A slower one means fewer calls.
const (
	counted = 100_000
	quickly = time.Second
)

// Calls returns about how many calls a run of s has. A stream that has more than 100,000 is
// taken to go on as it began.
func Calls(ctx context.Context, s *scenarios.Spec, seed uint64) (float64, error) {
	until := clock.Time(s.Duration)
	sources, err := workload.Open(s.Workload, rng.New(seed, 0), until)
	if err != nil {
		return 0, fmt.Errorf("counting the calls: %w", err)
	}
	all := 0.0
	for i := range sources {
		if a := &s.Workload[i].Arrivals; a.Process == workload.Spike && s.Workload[i].Recorded == nil {
			all += float64(a.Calls) // which are no sample of what follows
			continue
		}
		n, last := 0, clock.Time(0)
		err := arrivals(ctx, sources[i:i+1], quickly, func(a *workload.Arrival) bool {
			n, last = n+1, a.At
			return n < counted
		})
		if err != nil {
			return 0, fmt.Errorf("counting the calls: %w", err)
		}
		calls := float64(n)
		if n == counted {
			calls *= float64(until) / float64(max(last, 1))
		}
		all += calls
	}
	return all, nil
}
