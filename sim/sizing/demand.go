package sizing

import (
	"fmt"
	"time"

	"ratesim/provider/capacity"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Log is a usage log, row by row in time order.
type Log interface {
	Next(*workload.Record) bool
	Err() error
	Warnings() []string // once it was read
	Relative() bool     // times count from an unknown beginning
}

// fromLog adds up a usage log, its times moved to where if that is not nil.
func fromLog(log Log, where *time.Location, m *capacity.Meter) error {
	var rec workload.Record
	for log.Next(&rec) {
		used := capacity.Tokens{Requests: float64(rec.Requests), Prompt: float64(rec.Prompt), Cached: float64(rec.Cached), Output: float64(rec.Output)}
		if rec.Width == 0 {
			used.Requests = max(used.Requests, 1)
		}
		if where != nil {
			rec.Start = rec.Start.In(where)
		}
		if err := m.Add(rec.Start, rec.Width, used); err != nil {
			return fmt.Errorf("line %d: %w", rec.Line, err)
		}
	}
	return log.Err()
}

// fromScenario adds up what a scenario's streams ask for.
func fromScenario(s *scenarios.Spec, key rng.Key, m *capacity.Meter) error {
	sources, err := workload.Open(s.Workload, key, clock.Time(s.Duration))
	if err != nil {
		return err
	}
	next := make([]workload.Arrival, len(sources))
	more := make([]bool, len(sources))
	for i, source := range sources {
		if _, closed := source.(workload.Closed); closed {
			return errClosed
		}
		more[i] = source.Next(&next[i])
	}
	for {
		first := -1
		for i := range next {
			if more[i] && (first < 0 || next[i].At < next[first].At) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		a := &next[first]
		prompt := float64(a.Prompt)
		if err := m.Add(time.Unix(0, 0).UTC().Add(a.At.Sub(0)), 0,
			capacity.Tokens{Requests: 1, Prompt: prompt, Cached: prompt * s.Workload[first].Cached, Output: float64(a.Output)}); err != nil {
			return err
		}
		more[first] = sources[first].Next(a)
	}
	for _, source := range sources {
		if err := source.Err(); err != nil {
			return err
		}
	}
	return nil
}
