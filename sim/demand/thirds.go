package demand

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// tallied is how many arrivals Thirds looks at.
const tallied = 10_000

// Thirds returns the two lengths of prompts, in tokens, that divide the first 10,000
// arrivals of replication 0 into thirds: a prompt of at most the first length is of the
// lowest third, one that is longer than the second of the highest. Both are 0 where no
// call arrives. Of a closed workload, whose calls come when others have ended, it takes
// each to end after a second.
func Thirds(ctx context.Context, s *scenarios.Spec, seed uint64) ([2]uint32, error) {
	prompts, err := firstPrompts(ctx, s, rng.New(seed, 0))
	if err != nil {
		return [2]uint32{}, fmt.Errorf("sizes of the first calls: %w", err)
	}
	if len(prompts) == 0 {
		return [2]uint32{}, nil
	}
	slices.Sort(prompts)
	at := func(thirds int) uint32 { return prompts[max(1, thirds*len(prompts)/3)-1] }
	return [2]uint32{at(1), at(2)}, nil
}

// quickly is how long each call is taken to need for its answer, where the workload waits for
// it: as long as for a short one. A slower one means fewer calls.
const quickly = time.Second

func firstPrompts(ctx context.Context, s *scenarios.Spec, key rng.Key) ([]uint32, error) {
	calls, err := workload.NewCalls(s.Workload, key, clock.Time(s.Duration), quickly)
	if err != nil {
		return nil, err
	}
	var prompts []uint32
	var a workload.Arrival
	for len(prompts) < tallied && ctx.Err() == nil {
		if _, ok := calls.Next(&a); !ok {
			break
		}
		prompts = append(prompts, a.Prompt)
	}
	return prompts, cmp.Or(calls.Err(), ctx.Err())
}
