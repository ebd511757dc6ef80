package demand

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/queue"
	"ratesim/sim/rng"
)

// tallied is how many arrivals Thirds looks at.
const tallied = 10_000

// Thirds returns the two lengths of prompts, in tokens, that divide the first 10,000
// arrivals of replication 0 into thirds: a prompt of at most the first length is of the
// lowest third, one that is longer than the second of the highest. Both are 0 where no
// call arrives. Of a closed workload, whose calls come when others have ended, it takes
// each to end as it arrives.
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

func firstPrompts(ctx context.Context, s *scenarios.Spec, key rng.Key) ([]uint32, error) {
	sources, err := workload.Open(s.Workload, key, clock.Time(s.Duration))
	if err != nil {
		return nil, err
	}
	var prompts []uint32
	err = arrivals(ctx, sources, 0, func(a *workload.Arrival) bool {
		prompts = append(prompts, a.Prompt)
		return len(prompts) < tallied
	})
	return prompts, err
}

// arrivals visits the arrivals of sources in the order of time, until visit returns false. Of
// a closed source, whose calls come when others have ended, it takes each to be answered
// after the same time.
func arrivals(ctx context.Context, sources []workload.Source, answer time.Duration, visit func(*workload.Arrival) bool) error {
	var waiting []workload.Arrival // by the data of their event
	var events queue.Queue
	wait := func(stream int, a workload.Arrival) {
		events.Push(a.At, uint64(len(waiting))<<16|uint64(stream))
		waiting = append(waiting, a)
	}
	var a workload.Arrival
	var next []workload.Arrival
	for i, source := range sources {
		if source.Next(&a) {
			wait(i, a)
		}
	}
	for ctx.Err() == nil {
		e, ok := events.Pop()
		if !ok || !visit(&waiting[e.Data>>16]) {
			break
		}
		stream, id := int(e.Data&0xffff), waiting[e.Data>>16].ID
		if closed, ok := sources[stream].(workload.Closed); ok {
			next = closed.Ended(e.At.Add(answer), id, true, next[:0])
			for _, a := range next {
				wait(stream, a)
			}
		}
		if sources[stream].Next(&a) {
			wait(stream, a)
		}
	}
	for _, source := range sources {
		if err := source.Err(); err != nil {
			return err
		}
	}
	return ctx.Err()
}
