package demand

import (
	"cmp"
	"context"
	"fmt"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// counted is how many arrivals of each stream Calls looks at.
const counted = 100_000

// Calls returns about how many calls a run of s has. A stream that has more than 100,000 is
// taken to go on as it began.
func Calls(ctx context.Context, s *scenarios.Spec, seed uint64) (float64, error) {
	until := clock.Time(s.Duration)
	all := 0.0
	for i := range s.Workload {
		if a := &s.Workload[i].Arrivals; a.Process == workload.Spike && s.Workload[i].Recorded == nil {
			all += float64(a.Calls) // which are no sample of what follows
			continue
		}
		calls, err := workload.NewCalls(s.Workload[i:i+1], rng.New(seed, 0), until, quickly)
		if err != nil {
			return 0, fmt.Errorf("counting the calls: %w", err)
		}
		n, a := 0, workload.Arrival{}
		for ok := true; ok && n < counted && ctx.Err() == nil; {
			if _, ok = calls.Next(&a); ok {
				n++
			}
		}
		if err := cmp.Or(calls.Err(), ctx.Err()); err != nil {
			return 0, fmt.Errorf("counting the calls: %w", err)
		}
		most := float64(n)
		if n == counted {
			most *= float64(until) / float64(max(a.At, 1))
		}
		all += most
	}
	return all, nil
}
