package scenarios

import (
	"slices"
	"time"

	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Requests are the calls of a scenario as the rows of a trace, whose times count from the
// beginning.
type Requests struct {
	calls *workload.Calls
	spec  *Spec
	call  workload.Arrival
}

// Requests returns the calls that the first replication meets with a seed, in the order of
// their times. Nobody answers them: each call of a closed stream is taken to end after answer,
// and below 0 such a stream is an error.
func (s *Spec) Requests(seed uint64, answer time.Duration) (*Requests, error) {
	calls, err := workload.NewCalls(s.Workload, rng.New(seed, 0), clock.Time(s.Duration), answer)
	if err != nil {
		return nil, err
	}
	return &Requests{calls: calls, spec: s}, nil
}

// Next fills r with the next call and reports whether there was one.
func (q *Requests) Next(r *workload.Record) bool {
	stream, ok := q.calls.Next(&q.call)
	if !ok {
		return false
	}
	c := &q.call
	*r = workload.Record{Start: time.Unix(0, int64(c.At)), Requests: 1, Prompt: int64(c.Prompt), Output: int64(c.Output),
		Cached: int64(q.spec.Workload[stream].Cached * float64(c.Prompt)), MaxTokens: int64(c.MaxTokens),
		Tenant: q.spec.Tenants[c.Tenant], Priority: c.Priority}
	if c.Deadline != clock.Never {
		r.Deadline = c.Deadline.Sub(c.At)
	}
	return true
}

// Err returns what ended the calls early: a trace that cannot be read.
func (q *Requests) Err() error { return q.calls.Err() }

// Columns returns those of workload.ColumnNames that the calls may have values of.
func (q *Requests) Columns() []string {
	all := []string{"tenant"}
	add := func(name string, ok bool) {
		if ok && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for i := range q.spec.Workload {
		s := &q.spec.Workload[i]
		rows := s.Rows
		own := s.Arrivals.Process == workload.Trace && rows == nil // which may have anything
		has := func(of func(*workload.Row) bool) bool {
			return own || slices.ContainsFunc(rows, func(r workload.Row) bool { return of(&r) })
		}
		add("max_tokens", s.MaxTokens > 0 || has(func(r *workload.Row) bool { return r.MaxTokens > 0 }))
		add("cached_tokens", s.Cached > 0)
		add("deadline", s.Deadline > 0 || has(func(r *workload.Row) bool { return r.Deadline > 0 }))
		add("priority", s.Priority != 0 || has(func(r *workload.Row) bool { return r.Priority != 0 }))
	}
	return all
}
