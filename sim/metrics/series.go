package metrics

import (
	"time"

	"ratesim/sim/clock"
)

// Resolution says how finely what happens over time is kept.
type Resolution struct {
	Width time.Duration // of a step at the beginning of the run; 0 = 1 s
	// Steps is how many there are at most, an even number; 0 = 600. Each doubling of the
	// time that they hold doubles their width.
	Steps int
}

// orDefault fills in what is 0.
func (r Resolution) orDefault() Resolution {
	if r.Width == 0 {
		r.Width = time.Second
	}
	if r.Steps == 0 {
		r.Steps = 600
	}
	return r
}

// Series is a time series of fixed size: integer amounts, mostly added in the order of
// time, summed in steps of equal width. When time passes its end, neighbouring
// steps are added together and the width doubles. The zero value is not usable;
// see newSeries.
type Series struct {
	width      clock.Time
	at         int        // index of the step written last
	start, end clock.Time // of that step: amounts come in time order, so most go there
	n          int        // steps up to the last one that was ever written
	sum        []int64
}

func newSeries(r Resolution) Series {
	return Series{width: clock.Time(r.Width), sum: make([]int64, r.Steps)}
}

// Add adds v at t.
func (s *Series) Add(t clock.Time, v int64) {
	if t < s.start || t >= s.end {
		s.seek(t)
	}
	s.sum[s.at] += v
}

// seek makes the step that holds t the one to be written.
func (s *Series) seek(t clock.Time) {
	for t/s.width >= clock.Time(len(s.sum)) {
		s.fold()
	}
	s.at = int(t / s.width)
	s.start = clock.Time(s.at) * s.width
	s.end = s.start + s.width
	s.n = max(s.n, s.at+1)
}

func (s *Series) fold() {
	half := len(s.sum) / 2
	for i := range half {
		s.sum[i] = s.sum[2*i] + s.sum[2*i+1]
	}
	clear(s.sum[half:])
	s.width *= 2
	s.n = (s.n + 1) / 2
	s.start, s.end = 0, 0
}

// Merge adds o to s; both must have begun with the same resolution. It changes o's
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
	s.n = max(s.n, o.n)
}

// steps returns the sums up to the last step written, times scale.
func (s *Series) steps(scale float64) []float64 {
	out := make([]float64, s.n)
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
