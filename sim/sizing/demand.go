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

// fromLog adds up a usage log on each of several meters, its times moved to where if that is not
// nil, and returns what there is to say of its zones, and what its requests cost.
func fromLog(log Log, where *time.Location, meters ...*capacity.Meter) (warnings []string, spent *bill, err error) {
	var rec workload.Record
	spent = &bill{}
	var first, offset int
	for log.Next(&rec) {
		used := capacity.Tokens{Requests: float64(rec.Requests), Prompt: float64(rec.Prompt), Cached: float64(rec.Cached), Output: float64(rec.Output)}
		if rec.Width == 0 {
			used.Requests = max(used.Requests, 1)
		}
		spent.add(&rec)
		if where != nil {
			rec.Start = rec.Start.In(where)
		} else if _, east := rec.Start.Zone(); first == 0 {
			first, offset = rec.Line, east
		} else if east != offset && warnings == nil {
			warnings = append(warnings, fmt.Sprintf("line %d has another time zone than line %d; hours and weekdays are those of line %d's for all rows, unless --tz names a zone", rec.Line, first, first))
		}
		for _, m := range meters {
			if err := m.Add(rec.Start, rec.Width, used); err != nil {
				return nil, nil, fmt.Errorf("line %d: %w", rec.Line, err)
			}
		}
	}
	return warnings, spent, log.Err()
}

// bill is what the requests cost that say so.
type bill struct {
	rows int64
	used capacity.Tokens
	usd  float64
}

func (b *bill) add(r *workload.Record) {
	if r.Priced {
		b.rows++
		b.usd += r.Cost
		b.used.Prompt += float64(r.Prompt)
		b.used.Cached += float64(r.Cached)
		b.used.Output += float64(r.Output)
	}
}

// against says how the costs of a log differ from the prices that an answer rests on, where
// the log has costs.
func (b *bill) against(o *capacity.Offer) []string {
	u := &b.used
	listed := ((u.Prompt-u.Cached)*o.Input + u.Cached*o.Cached + u.Output*o.Output) / 1e6
	if b.rows == 0 || listed <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("the log says that %d of its requests cost %.4g; at the prices used here they cost %.4g (%+.1f %%)", b.rows, b.usd, listed, 100*(b.usd/listed-1))}
}

// fromScenario adds up what a scenario's streams ask for, on each of several meters.
func fromScenario(s *scenarios.Spec, key rng.Key, meters ...*capacity.Meter) error {
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
		used := capacity.Tokens{Requests: 1, Prompt: prompt, Cached: prompt * s.Workload[first].Cached, Output: float64(a.Output)}
		for _, m := range meters {
			if err := m.Add(time.Unix(0, 0).UTC().Add(a.At.Sub(0)), 0, used); err != nil {
				return err
			}
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
