package metrics

import (
	"time"

	"ratesim/sim/clock"
)

// bins is how many steps a Series has. At one second each they hold ten
// minutes; each doubling of the run after that halves the resolution.
const bins = 600

// Series is a time series of fixed size: integer amounts added in time order,
// summed in steps of equal width. When time passes its end, neighbouring
// steps are added together and the width doubles. The zero value is not usable;
// see newSeries.
type Series struct {
	width      clock.Time
	last       int        // index of the last step written, -1 if none
	start, end clock.Time // of that step: amounts come in time order, so most go there
	sum        [bins]int64
}

func newSeries(width time.Duration) Series { return Series{width: clock.Time(width), last: -1} }

// Add adds v at t, which must not lie before the step added to last.
func (s *Series) Add(t clock.Time, v int64) {
	if t < s.start || t >= s.end {
		s.seek(t)
	}
	s.sum[s.last] += v
}

// seek makes the step that holds t the last one. t must not lie before it.
func (s *Series) seek(t clock.Time) {
	for t/s.width >= bins {
		s.fold()
	}
	s.last = int(t / s.width)
	s.start = clock.Time(s.last) * s.width
	s.end = s.start + s.width
}

func (s *Series) fold() {
	for i := range bins / 2 {
		s.sum[i] = s.sum[2*i] + s.sum[2*i+1]
	}
	clear(s.sum[bins/2:])
	s.width *= 2
	if s.last >= 0 {
		s.last /= 2
	}
	s.start, s.end = 0, 0
}

// Merge adds o to s; both must have begun with the same width. It changes o's
// resolution, not what it holds, if s is coarser.
func (s *Series) Merge(o *Series) {
	for s.width < o.width {
		s.fold()
	}
	for o.width < s.width {
		o.fold()
	}
	for i, v := range o.sum {
		s.sum[i] += v
	}
	s.last = max(s.last, o.last)
}

// Steps returns the sums up to the last step written, times scale.
func (s *Series) steps(scale float64) []float64 {
	out := make([]float64, s.last+1)
	for i := range out {
		out[i] = float64(s.sum[i]) * scale
	}
	return out
}

// peak finds the largest count in any aligned window of one width. Counts come
// in time order, so one window at a time is enough.
type peak struct {
	width clock.Time
	end   clock.Time // of the present window
	count int64
	most  int64
	total int64
	begin clock.Time // of the first window
}

func (p *peak) add(now clock.Time) {
	if now >= p.end {
		p.end, p.count = now-now%p.width+p.width, 0
		if p.total == 0 {
			p.begin = now - now%p.width
		}
	}
	p.total++
	p.count++
	p.most = max(p.most, p.count)
}
