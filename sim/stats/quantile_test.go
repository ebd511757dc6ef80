package stats

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// plain is a set of replications as lists of values; an infinite one never ends.
type plain [][]float64

var plains = rapid.Custom(func(t *rapid.T) plain {
	var p plain
	top := rapid.IntRange(1, 30).Draw(t, "most")
	for range rapid.IntRange(2, 14).Draw(t, "replications") {
		p = append(p, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
			if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
				return math.Inf(1)
			}
			return float64(rapid.IntRange(1, top).Draw(t, "value"))
		}), 1, 20).Draw(t, "values"))
	}
	return p
})

// times makes the Times of p: the position of a value is the value.
func (p plain) times() *Times {
	var reps []Distribution
	for _, values := range p {
		d := Distribution{Of: float64(len(values))}
		sorted := slices.Sorted(slices.Values(values))
		for i, v := range sorted {
			if math.IsInf(v, 1) {
				break
			}
			if i+1 < len(sorted) && sorted[i+1] == v {
				continue
			}
			d.At, d.Upto = append(d.At, int32(v)), append(d.Upto, float64(i+1))
		}
		reps = append(reps, d)
	}
	return NewTimes(reps, func(at int32) float64 { return float64(at) })
}

func (p plain) pooled(but int) []float64 {
	var all []float64
	for r, values := range p {
		if r != but {
			all = append(all, values...)
		}
	}
	slices.Sort(all)
	return all
}

// quantile is the least value that a share q of all are not above.
func (p plain) quantile(q float64, but int) float64 {
	all := p.pooled(but)
	if len(all) == 0 {
		return math.Inf(1)
	}
	k := int(math.Ceil(q*float64(len(all)) - 1e-9))
	return all[max(k, 1)-1]
}

// above counts, value by value, what is longer than x.
func (p plain) above(x float64) Counts {
	var c Counts
	for _, values := range p {
		n := 0.0
		for _, v := range values {
			if v > x || math.IsInf(v, 1) {
				n++
			}
		}
		c.Hits, c.Of = append(c.Hits, n), append(c.Of, float64(len(values)))
	}
	return c
}

// woodruff maps the interval of the share above the quantile back, value by value.
func (p plain) woodruff(q, typical float64) (lo, hi float64) {
	share := Share(p.above(p.quantile(q, -1)), typical, NewLevel(0.05))
	at := func(level float64) float64 {
		if level > 1 {
			return math.Inf(1)
		}
		return p.quantile(level, -1)
	}
	return at(q - (share.Hi - share.Value)), at(q + (share.Value - share.Lo))
}

// crosses reports whether the share above x, but not that above the value before it, is
// compatible with 1-q, or for an upper end the other way round.
func (p plain) crosses(x, q, typical float64, upper bool) bool {
	compatible := func(x float64) bool {
		s := Share(p.above(x), typical, NewLevel(0.05))
		if upper {
			return s.Hi >= 1-q
		}
		return s.Lo <= 1-q
	}
	var values []float64
	for _, v := range p.pooled(-1) {
		if !math.IsInf(v, 1) {
			values = append(values, v)
		}
	}
	values = slices.Compact(values)
	i := slices.Index(values, x)
	last := len(values) - 1
	switch {
	case !upper && math.IsInf(x, 1):
		return last < 0 || !compatible(values[last])
	case !upper:
		return compatible(x) && (i == 0 || !compatible(values[i-1]))
	case math.IsInf(x, 1):
		return last < 0 || compatible(values[last])
	}
	return (!compatible(x) || i == last) && (i == 0 || compatible(values[i-1]))
}

func TestQuantileAgainstLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plains.Draw(t, "p")
		q := rapid.SampledFrom([]float64{0.5, 0.9, 0.95, 0.99}).Draw(t, "q")
		times := p.times()
		got, score := NewQuantile(times, q, 1.5, NewLevel(0.05)), times.score(q, 1.5, NewLevel(0.05))
		lo, hi := p.woodruff(q, 1.5)
		if got.Value != p.quantile(q, -1) || got.Lo != min(lo, score.Lo) || got.Hi != max(hi, score.Hi) {
			t.Fatalf("%v, want %v from %v to %v", got.Interval, p.quantile(q, -1), min(lo, score.Lo), max(hi, score.Hi))
		}
		if !p.crosses(score.Lo, q, 1.5, false) || !p.crosses(score.Hi, q, 1.5, true) {
			t.Fatalf("from %v to %v: not where shares begin and end to be compatible", score.Lo, score.Hi)
		}
		for r := range p {
			if want := math.Log(p.quantile(q, r)); got.without[r] != want {
				t.Fatalf("without %d: %v, want %v", r, got.without[r], want)
			}
		}
		if c := p.times().Above(q); !slices.Equal(c.Hits, p.above(got.Value).Hits) {
			t.Fatalf("above: %v, want %v", c.Hits, p.above(got.Value).Hits)
		}
	})
}

// Nine of ten calls succeed: half do within a time, 95 % never.
func TestNever(t *testing.T) {
	p := plain{}
	for range 20 {
		p = append(p, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, math.Inf(1)})
	}
	half, most := NewQuantile(p.times(), 0.5, 1, NewLevel(0.05)), NewQuantile(p.times(), 0.95, 1, NewLevel(0.05))
	if half.Value != 5 || math.IsInf(half.Hi, 1) {
		t.Errorf("half within %v", half.Interval)
	}
	if !math.IsInf(most.Value, 1) || !math.IsInf(most.Hi, 1) {
		t.Errorf("95 %% within %v, want never", most.Interval)
	}
	if got := NewTimes(nil, nil).Value(0.5); !math.IsNaN(got) {
		t.Errorf("no calls: %v", got)
	}
}

// The jackknife of a mean of equal replications is the t interval of the mean:
// var = (n-1)/n * sum of squares, which is what leaving each out gives.
func TestJackknifeOfAMean(t *testing.T) {
	values := []float64{3, 1, 4, 1, 5, 9, 2, 6}
	n, sum := float64(len(values)), 31.0
	without := make([]float64, len(values))
	for i, v := range values {
		without[i] = (sum - v) / (n - 1)
	}
	s, want := jackknifed(without), spreadOf(even(values...).residuals(sum/n), n)
	near(t, "variance", s.variance, want.variance, 1e-12)
	near(t, "freedom", s.freedom, want.freedom, 1e-9)
}
