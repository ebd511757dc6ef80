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

// fromLog adds up a usage log, its times moved to where if that is not nil, and
// returns what there is to say of its zones.
func fromLog(log Log, where *time.Location, m *capacity.Meter) (warnings []string, err error) {
	var rec workload.Record
	var first, offset int
	for log.Next(&rec) {
		used := capacity.Tokens{Requests: float64(rec.Requests), Prompt: float64(rec.Prompt), Cached: float64(rec.Cached), Output: float64(rec.Output)}
		if rec.Width == 0 {
			used.Requests = max(used.Requests, 1)
		}
		if where != nil {
			rec.Start = rec.Start.In(where)
		} else if _, east := rec.Start.Zone(); first == 0 {
			first, offset = rec.Line, east
		} else if east != offset && warnings == nil {
			warnings = append(warnings, fmt.Sprintf("line %d has another time zone than line %d; hours and weekdays are those of line %d's for all rows, unless --tz names a zone", rec.Line, first, first))
		}
		if err := m.Add(rec.Start, rec.Width, used); err != nil {
			return nil, fmt.Errorf("line %d: %w", rec.Line, err)
		}
	}
	return warnings, log.Err()
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
