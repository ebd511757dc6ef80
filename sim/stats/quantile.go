package stats

import (
	"math"
	"sort"
)

// Times is how long the calls of each replication took. Values are told by
// position, their order on a scale that all replications share, such as the
// buckets of a histogram; calls that never ended well have none and count as longer
// than all others.
type Times struct {
	Reps []Distribution
	// Seconds returns the value of a position.
	Seconds func(position int32) float64

	pooled Distribution // see Pool
}

// Distribution is how many cases of one replication lie at or below each position.
type Distribution struct {
	Of   float64   // cases, those without a position among them
	At   []int32   // positions that hold a case, ascending
	Upto []float64 // cases at this position and below
}

// upto returns how many cases lie at a position or below.
func (d *Distribution) upto(position int32) float64 {
	i := sort.Search(len(d.At), func(i int) bool { return d.At[i] > position })
	if i == 0 {
		return 0
	}
	return d.Upto[i-1]
}

// NewTimes returns the times of replications; seconds gives the value of a
// position.
func NewTimes(reps []Distribution, seconds func(int32) float64) *Times {
	t := &Times{Reps: reps, Seconds: seconds}
	last := int32(-1)
	for r := range reps {
		t.pooled.Of += reps[r].Of
		if n := len(reps[r].At); n > 0 {
			last = max(last, reps[r].At[n-1])
		}
	}
	counts := make([]float64, last+1)
	for r := range reps {
		before := 0.0
		for i, at := range reps[r].At {
			counts[at] += reps[r].Upto[i] - before
			before = reps[r].Upto[i]
		}
	}
	sum := 0.0
	for at, n := range counts {
		if n > 0 {
			sum += n
			t.pooled.At = append(t.pooled.At, int32(at))
			t.pooled.Upto = append(t.pooled.Upto, sum)
		}
	}
	return t
}

// never is the position of what has none.
const never = math.MaxInt32

// at returns the position at which a share of all cases is reached; never if it
// is not.
func (t *Times) at(share float64) int32 {
	return t.pooled.reaches(share * t.pooled.Of)
}

// reaches returns the first position at which so many cases lie at or below.
func (d *Distribution) reaches(n float64) int32 {
	n = max(n*(1-1e-12), math.SmallestNonzeroFloat64) // a share of a whole number may be a hair above it
	i := sort.SearchFloat64s(d.Upto, n)
	if i == len(d.Upto) {
		return never
	}
	return d.At[i]
}

func (t *Times) seconds(position int32) float64 {
	if position == never {
		return math.Inf(1)
	}
	return t.Seconds(position)
}

// above returns how many cases of each replication are longer than a position.
func (t *Times) above(position int32) Counts {
	c := Counts{make([]float64, len(t.Reps)), make([]float64, len(t.Reps))}
	for r := range t.Reps {
		d := &t.Reps[r]
		c.Of[r] = d.Of
		c.Hits[r] = d.Of - d.upto(position)
	}
	return c
}

// Value returns the time within which a share q of all cases ended; +Inf where
// fewer did, NaN without cases.
func (t *Times) Value(q float64) float64 {
	if t.pooled.Of == 0 {
		return math.NaN()
	}
	return t.seconds(t.at(q))
}

// Quantile is the time within which a share of all cases ended, with its interval,
// whose ends may be +Inf, and what it takes to compare it with another.
type Quantile struct {
	Interval
	level   *Level
	above   []float64 // residuals of the share above it
	without []float64 // its logarithm without each replication
}

// NewQuantile estimates the q quantile with its interval. typical is as for Share.
func NewQuantile(t *Times, q, typical float64, l *Level) *Quantile {
	v := t.Value(q)
	out := &Quantile{Interval: Interval{v, math.NaN(), math.NaN()}, level: l}
	if len(t.Reps) < 2 || math.IsNaN(v) {
		return out
	}
	w, s := t.woodruff(q, typical, l), t.score(q, typical, l)
	out.Interval = Interval{v, min(w.Lo, s.Lo), max(w.Hi, s.Hi)}
	above := t.above(t.at(q))
	out.above = above.residuals(above.Value())
	out.without = t.jackknife(q)
	return out
}

// Above returns how many cases of each replication are longer than the q quantile of
// all, for [TypicalEffect].
func (t *Times) Above(q float64) Counts { return t.above(t.at(q)) }

// woodruff moves the level by as much as the interval of the share above the estimate
// reaches from it, and maps that back through the distribution.
func (t *Times) woodruff(q, typical float64, l *Level) Interval {
	c := t.above(t.at(q))
	p := c.Value()
	lo, hi := c.share(p, typical, l)
	return Interval{t.Value(q), t.seconds(t.at(q - (hi - p))), t.seconds(t.at(q + (p - lo)))}
}

// score returns the least and the greatest time whose share above is compatible
// with 1-q.
func (t *Times) score(q, typical float64, l *Level) Interval {
	ends := func(i int) (lo, hi float64) {
		c := t.above(t.pooled.At[i])
		return c.share(c.Value(), typical, l)
	}
	n := len(t.pooled.At)
	first := sort.Search(n, func(i int) bool { lo, _ := ends(i); return lo <= 1-q })
	past := sort.Search(n, func(i int) bool { _, hi := ends(i); return hi < 1-q })
	out := Interval{t.Value(q), math.Inf(1), math.Inf(1)}
	if first < n {
		out.Lo = t.seconds(t.pooled.At[first])
	}
	if past < n {
		out.Hi = t.seconds(t.pooled.At[past])
	} else if n > 0 && t.pooled.Upto[n-1] == t.pooled.Of {
		out.Hi = t.seconds(t.pooled.At[n-1]) // nothing longer was seen
	}
	return out
}

// without returns the q quantile of all replications but one.
func (t *Times) without(r int, q float64) float64 {
	left := &t.Reps[r]
	n := max(q*(t.pooled.Of-left.Of)*(1-1e-12), math.SmallestNonzeroFloat64)
	i := sort.Search(len(t.pooled.At), func(i int) bool {
		return t.pooled.Upto[i]-left.upto(t.pooled.At[i]) >= n
	})
	if i == len(t.pooled.At) {
		return math.Inf(1)
	}
	return t.Seconds(t.pooled.At[i])
}

// jackknife returns the logarithm of the q quantile without each replication.
func (t *Times) jackknife(q float64) []float64 {
	out := make([]float64, len(t.Reps))
	for r := range out {
		out[r] = math.Log(t.without(r, q))
	}
	return out
}
