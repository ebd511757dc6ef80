package workload

import "ratesim/sim/clock"

// replaySource is the process "trace": it replays recorded requests with their
// own sizes and, unless the stream declares them, their own max_tokens, deadlines and
// priorities; the stream's length distributions are not used. [Transform] says when each
// arrives.
type replaySource struct {
	caller
	trace transformed[Row]
	row   Row
	n     uint64 // calls made
}

// keptRows are rows in memory.
type keptRows[T any] struct {
	rows []T
	next int
}

func (k *keptRows[T]) Next(row *T) bool {
	if k.next == len(k.rows) {
		return false
	}
	*row = k.rows[k.next]
	k.next++
	return true
}

func (k *keptRows[T]) Err() error   { return nil }
func (k *keptRows[T]) Close() error { return nil }

func newReplay(c *caller, until clock.Time) (Source, error) {
	a := &c.stream.Arrivals
	if err := a.Transform.Check(); err != nil {
		return nil, err
	}
	s := &replaySource{caller: *c}
	s.trace = transformed[Row]{Transform: a.Transform, file: a.Log.Name, key: c.key, until: until, at: func(r *Row) clock.Time { return r.At }, open: s.open, most: maxReaders}
	if c.stream.Rows != nil {
		s.trace.most = MaxScale
	}
	return s, nil
}

func (s *replaySource) open() (rows[Row], error) {
	if s.stream.Rows != nil {
		return &keptRows[Row]{rows: s.stream.Rows}, nil
	}
	return s.stream.Arrivals.Log.Open()
}

func (s *replaySource) Next(a *Arrival) bool {
	at, number, ok := s.trace.Next(&s.row)
	if !ok {
		s.trace.Close()
		return false
	}
	r := &s.row
	s.sized(a, s.n, at, r.Prompt, max(1, r.Output))
	if r.MaxTokens > 0 && s.stream.MaxTokens == 0 { // else the stream's holds for all
		a.MaxTokens, a.Output = r.MaxTokens, min(a.Output, r.MaxTokens)
	}
	if r.Deadline > 0 && s.stream.Deadline == 0 {
		a.Deadline = at.Add(r.Deadline)
	}
	if s.stream.Priority == 0 {
		a.Priority = r.Priority
	}
	switch s.stream.Arrivals.Tenants {
	case LogTenants:
		a.Tenant = s.tenants[min(int(r.Tenant), len(s.tenants)-1)]
	case CopyTenants:
		a.Tenant = s.tenants[min(number, len(s.tenants)-1)]
	}
	s.n++
	return true
}

func (s *replaySource) Err() error { return s.trace.Err() }
