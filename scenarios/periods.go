package scenarios

import (
	"slices"
	"time"

	"ratesim/scenarios/workload"
)

// Periods cuts a scenario that replays logs into scenarios of one period each, the first
// first: a log of a week into days. Each begins with fresh limits and no calls. What is left
// at the end is a period of its own if it is at least half as long. It returns nil where
// there would be fewer than two, and where a period would not be a part of the whole: a
// stream is drawn, loops, grows or is replayed at another speed, or faults or the number of
// instances are told by the clock.
func (s *Spec) Periods(length time.Duration) []*Spec {
	whole := func(w workload.Stream) bool {
		a := &w.Arrivals
		return a.Process == workload.Trace && !a.Loop && a.Shift == 0 && (a.Growth == 0 || a.Growth == 1) && (a.Speed == 0 || a.Speed == 1)
	}
	if from, until := s.FaultSpan(); from != until || s.Fleet.Churn != nil || slices.ContainsFunc(s.Workload, func(w workload.Stream) bool { return !whole(w) }) {
		return nil
	}
	n := int((s.Duration + length/2) / length)
	if n < 2 {
		return nil
	}
	var list []*Spec
	for i := range n {
		p, from := *s, time.Duration(i)*length
		p.Duration = min(length, s.Duration-from)
		p.Workload = slices.Clone(s.Workload)
		for k := range p.Workload {
			a := &p.Workload[k].Arrivals
			end := a.Begin + from + p.Duration
			if a.End > 0 {
				end = min(end, a.End)
			}
			a.Begin, a.End = a.Begin+from, max(end, a.Begin+from+1) // a stream may end before the others
		}
		list = append(list, &p)
	}
	return list
}
