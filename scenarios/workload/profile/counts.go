package profile

import (
	"cmp"
	"math"
	"slices"
)

// dense is up to which value counts are kept in a table; larger values are few.
const dense = 1 << 20

// counts are how often each whole number came. They give exact quantiles of any number of
// rows in memory that grows with the largest of them alone.
type counts struct {
	small []uint32
	large map[uint64]uint64
	n     uint64
	sum   float64
	most  uint64
}

func (c *counts) add(v uint64) {
	c.n++
	c.sum += float64(v)
	c.most = max(c.most, v)
	if v >= dense {
		if c.large == nil {
			c.large = map[uint64]uint64{}
		}
		c.large[v]++
		return
	}
	if v >= uint64(len(c.small)) {
		c.small = append(c.small, make([]uint32, min(dense, max(1024, 2*(v+1)))-uint64(len(c.small)))...)
	}
	c.small[v]++
}

// each calls do for each value in ascending order with how often it came.
func (c *counts) each(do func(v, times uint64)) {
	for v, times := range c.small {
		if times > 0 {
			do(uint64(v), uint64(times))
		}
	}
	large := make([]uint64, 0, len(c.large))
	for v := range c.large {
		large = append(large, v)
	}
	slices.Sort(large)
	for _, v := range large {
		do(v, c.large[v])
	}
}

// sizes returns the distribution, in multiples of a unit; nil without values.
func (c *counts) sizes(unit float64) *Sizes {
	if c.n == 0 {
		return nil
	}
	shares := []float64{0.50, 0.95, 0.99}
	for i := range 101 {
		shares = append(shares, float64(i)/100)
	}
	q := c.quantiles(shares)
	for i := range q {
		q[i] *= unit
	}
	return &Sizes{Mean: c.sum / float64(c.n) * unit, P50: q[0], P95: q[1], P99: q[2], Max: float64(c.most) * unit, Quantiles: q[3:]}
}

// quantiles interpolates between the two values nearest to each share, as quantile does.
func (c *counts) quantiles(shares []float64) []float64 {
	type rank struct {
		at   uint64
		of   int
		part float64 // what the value at this rank counts
	}
	var ranks []rank
	for i, share := range shares {
		at, part := math.Modf(share * float64(c.n-1))
		ranks = append(ranks, rank{uint64(at), i, 1 - part})
		if part > 0 {
			ranks = append(ranks, rank{uint64(at) + 1, i, part})
		}
	}
	slices.SortFunc(ranks, func(a, b rank) int { return cmp.Compare(a.at, b.at) })
	out := make([]float64, len(shares))
	before, next := uint64(0), 0
	c.each(func(v, times uint64) {
		for before += times; next < len(ranks) && ranks[next].at < before; next++ {
			out[ranks[next].of] += ranks[next].part * float64(v)
		}
	})
	return out
}

// ranker returns the rank of a value among all: the mean rank of those that are equal.
func (c *counts) ranker() func(v uint64) float64 {
	ranks := make([]float64, len(c.small))
	large := map[uint64]float64{}
	before := uint64(0)
	c.each(func(v, times uint64) {
		r := float64(before) + (float64(times)+1)/2
		if before += times; v < dense {
			ranks[v] = r
		} else {
			large[v] = r
		}
	})
	return func(v uint64) float64 {
		if v < dense {
			return ranks[v]
		}
		return large[v]
	}
}

// quantile interpolates linearly between order statistics: of sorted values, the one at
// share × (n - 1).
func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := share * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}

// moments are the mean and the spread of numbers that come one by one (Welford 1962).
type moments struct {
	n, mean, squares float64
}

func (m *moments) add(v float64) {
	m.n++
	d := v - m.mean
	m.mean += d / m.n
	m.squares += d * (v - m.mean)
}

// cv is the standard deviation of all that came ÷ their mean; NaN without a mean.
func (m *moments) cv() float64 { return math.Sqrt(m.squares/m.n) / m.mean }

// pairs are the moments of two numbers together.
type pairs struct {
	x, y moments
	xy   float64
}

func (p *pairs) add(x, y float64) {
	d := x - p.x.mean
	p.x.add(x)
	p.y.add(y)
	p.xy += d * (y - p.y.mean)
}

// pearson is the correlation coefficient; 0 where one of the numbers does not vary.
func (p *pairs) pearson() float64 {
	if p.x.squares == 0 || p.y.squares == 0 {
		return 0
	}
	return p.xy / math.Sqrt(p.x.squares*p.y.squares)
}

// sample keeps an even sample: every row, every second, every fourth and so on.
type sample[T any] struct {
	kept   []T
	stride uint64
	seen   uint64
	most   int
}

func (s *sample[T]) add(v T) {
	if s.stride == 0 {
		s.stride = 1
	}
	if s.seen%s.stride == 0 {
		if len(s.kept) == s.most {
			for i := range len(s.kept) / 2 {
				s.kept[i] = s.kept[2*i]
			}
			s.kept = s.kept[:len(s.kept)/2]
			s.stride *= 2
		}
		if s.seen%s.stride == 0 {
			s.kept = append(s.kept, v)
		}
	}
	s.seen++
}
