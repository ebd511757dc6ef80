package profile

import (
	"container/heap"
	"time"

	"ratesim/scenarios/workload"
)

// sliding finds the most that comes in any stretch of each of the windows. What is as old as
// the window is no longer in it. It holds the requests of the last minute.
type sliding struct {
	k     int
	at    []int64   // of requests, from head on
	vals  []float64 // of each, by measure
	tails [len(windows)]int
	sums  [len(windows)][]float64
	most  [len(windows)][]float64
}

func (s *sliding) init(measures int) {
	s.k = measures
	for w := range windows {
		s.sums[w], s.most[w] = make([]float64, measures), make([]float64, measures)
	}
}

func (s *sliding) add(at int64, measures []Measure, r *workload.Record) {
	s.at = append(s.at, at)
	for i := range measures {
		s.vals = append(s.vals, measures[i].of(r))
	}
	last := s.vals[len(s.vals)-s.k:]
	for w, width := range windows {
		sums, most := s.sums[w], s.most[w]
		tail := s.tails[w]
		for ; s.at[tail] <= at-width; tail++ {
			for i, v := range s.vals[tail*s.k : (tail+1)*s.k] {
				sums[i] -= v
			}
		}
		s.tails[w] = tail
		for i, v := range last {
			sums[i] += v
			most[i] = max(most[i], sums[i])
		}
	}
	if drop := s.tails[len(windows)-1]; drop > 1<<12 && drop > len(s.at)/2 {
		s.at = s.at[:copy(s.at, s.at[drop:])]
		s.vals = s.vals[:copy(s.vals, s.vals[drop*s.k:])]
		for w := range s.tails {
			s.tails[w] -= drop
		}
	}
}

// beside counts requests in stretches of time side by side.
type beside struct {
	at           int64 // the stretch at hand
	here         uint64
	sum, squares uint64 // of the stretches before it
}

func (b *beside) add(at int64) {
	if at != b.at {
		b.sum += b.here
		b.squares += b.here * b.here
		b.at, b.here = at, 0
	}
	b.here++
}

// dispersion is the variance of the first n stretches ÷ their mean; those after the last
// request are empty.
func (b *beside) dispersion(n int64) *float64 {
	sum, squares := b.sum, b.squares
	if b.at < n {
		sum, squares = sum+b.here, squares+b.here*b.here
	}
	if n < 2 || sum == 0 {
		return nil
	}
	mean := float64(sum) / float64(n)
	d := (float64(squares)/float64(n) - mean*mean) / mean
	return &d
}

// open counts the requests that are open at a time.
type open struct {
	ends ends
	most int
	area float64 // request-seconds
}

// mostOpen bounds what is held; with more the number is not told.
const mostOpen = 1 << 20

func (o *open) add(at int64, latency time.Duration) {
	for len(o.ends) > 0 && o.ends[0] <= at {
		heap.Pop(&o.ends)
	}
	if len(o.ends) < mostOpen {
		heap.Push(&o.ends, at+int64(latency))
	}
	o.most = max(o.most, len(o.ends))
	o.area += latency.Seconds()
}

// ends is a heap of times.
type ends []int64

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i] < e[j] }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(int64)) }
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
