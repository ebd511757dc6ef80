package fit

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"ratesim/scenarios/workload"
	"ratesim/sim/rng"
)

// MostRows bounds the rows that a model is fitted to: the first of the log.
const MostRows = 1 << 20

// few is below how many gaps nothing can be told of how requests come.
const few = 19

// A Sample is what is kept of a log in order to fit a model to it.
type Sample struct {
	Summary workload.Summary // of all rows
	Kept    []workload.Row   // the first MostRows
	// Step is that of the log's clock, where it is so coarse that many requests seem to
	// come at one instant; else 0. The arrival times of the fit are spread over it.
	Step     time.Duration
	NoOutput int64 // of Kept, rows without output: failed requests, which are replayed with one token

	times          []float64 // of Kept, in seconds after the first
	prompt, output tally
	plain, window  []process     // candidates of arrivals, once they have been fitted
	windows        time.Duration // how long all windows last
}

// Read reads a log to its end. Errors are of type *workload.FileError.
func Read(log *workload.Log) (*Sample, error) {
	s := &Sample{}
	err := log.Each(&s.Summary, func(r *workload.Row) {
		if len(s.Kept) < MostRows {
			s.Kept = append(s.Kept, *r)
		}
	})
	if err != nil {
		return nil, err
	}
	prompts, outputs := make([]float64, len(s.Kept)), make([]float64, len(s.Kept))
	s.times = make([]float64, len(s.Kept))
	for i := range s.Kept {
		r := &s.Kept[i]
		if r.Output == 0 {
			s.NoOutput++
		}
		prompts[i], outputs[i] = float64(r.Prompt), float64(max(1, r.Output))
		s.times[i] = r.At.Sub(s.Kept[0].At).Seconds()
	}
	s.prompt, s.output = newTally(prompts), newTally(outputs)
	s.spread()
	return s, nil
}

// Span is how long the rows that were kept last.
func (s *Sample) Span() time.Duration { return s.Kept[len(s.Kept)-1].At.Sub(s.Kept[0].At) }

// Whole reports whether all rows were kept.
func (s *Sample) Whole() bool { return s.Summary.Rows == int64(len(s.Kept)) }

// tied is from which share of gaps of 0 on the clock of a log counts as coarse.
const tied = 0.01

// spread moves arrivals to random instants within the step of the log's clock, if that is
// coarse. Gaps of 0 say nothing of how requests come: a density may be infinite there.
func (s *Sample) spread() {
	ties := 0
	for i := 1; i < len(s.times); i++ {
		if s.Kept[i].At == s.Kept[i-1].At {
			ties++
		}
	}
	if len(s.times) <= few || float64(ties) < tied*float64(len(s.times)) || s.Span() == 0 {
		return
	}
	steps := []time.Duration{time.Minute, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond}
	i := slices.IndexFunc(steps, func(step time.Duration) bool {
		return !slices.ContainsFunc(s.Kept, func(r workload.Row) bool { return r.At.Sub(s.Kept[0].At)%step != 0 })
	})
	if i < 0 {
		return
	}
	s.Step = steps[i]
	draws := rng.New(0, 0).Sequence(rng.Arrivals)
	for i := range s.times {
		s.times[i] += s.Step.Seconds() * draws.Float64()
	}
	slices.Sort(s.times)
	for i := len(s.times) - 1; i >= 0; i-- {
		s.times[i] -= s.times[0]
	}
}

// gaps returns the times between requests.
func gaps(times []float64) []float64 {
	out := make([]float64, max(0, len(times)-1))
	for i := range out {
		out[i] = times[i+1] - times[i]
	}
	return out
}

// Rate and CV are the requests a second and the coefficient of variation of the gaps; 0
// where all requests come at one instant.
func (s *Sample) Rate() float64 {
	if last := s.times[len(s.times)-1]; last > 0 {
		return float64(len(s.times)-1) / last
	}
	return 0
}

// CV is the coefficient of variation of the gaps.
func (s *Sample) CV() float64 {
	if len(s.times) < 2 || s.Rate() == 0 {
		return 0
	}
	mean, variance := stat.PopMeanVariance(gaps(s.times), nil)
	return math.Sqrt(variance) / mean
}

// Spearman is the correlation of the ranks of prompt and output; 0 where one of them does
// not vary.
func (s *Sample) Spearman() float64 {
	if len(s.prompt.values) < 2 || len(s.output.values) < 2 {
		return 0
	}
	prompt, output := s.prompt.ranks(), s.output.ranks()
	x, y := make([]float64, len(s.Kept)), make([]float64, len(s.Kept))
	for i := range s.Kept {
		x[i], y[i] = prompt[float64(s.Kept[i].Prompt)], output[float64(max(1, s.Kept[i].Output))]
	}
	return stat.Correlation(x, y, nil)
}

// A tally is how often each value came, by value.
type tally struct {
	values, times []float64
	n             float64
}

func newTally(all []float64) tally {
	count := map[float64]float64{}
	for _, v := range all {
		count[v]++
	}
	t := tally{n: float64(len(all))}
	for v := range count {
		t.values = append(t.values, v)
	}
	slices.SortFunc(t.values, cmp.Compare)
	for _, v := range t.values {
		t.times = append(t.times, count[v])
	}
	return t
}

// ranks returns the rank of each value among all: the mean rank of those that are equal.
func (t *tally) ranks() map[float64]float64 {
	ranks := make(map[float64]float64, len(t.values))
	before := 0.0
	for i, v := range t.values {
		ranks[v] = before + (t.times[i]+1)/2
		before += t.times[i]
	}
	return ranks
}

// least and most are the ends of the values.
func (t *tally) least() float64 { return t.values[0] }
func (t *tally) most() float64  { return t.values[len(t.values)-1] }

// logs are the logarithms of the values.
func (t *tally) logs() []float64 {
	out := make([]float64, len(t.values))
	for i, v := range t.values {
		out[i] = math.Log(v)
	}
	return out
}

// slices returns the means of so many equal parts of the values, by size. Their mean is
// that of all values.
func (t *tally) slices(parts int) []float64 {
	out := make([]float64, parts)
	size := t.n / float64(parts)
	i, left := 0, t.times[0] // how many of values[i] are in no part yet
	for k := range out {
		sum, room := 0.0, size
		for room > 1e-9*size {
			take := min(room, left)
			if i == len(t.values)-1 {
				take = room // the last part takes what rounding has left
			}
			sum += take * t.values[i]
			room -= take
			if left -= take; left <= 1e-9*size && i < len(t.values)-1 {
				i++
				left = t.times[i]
			}
		}
		out[k] = sum / size
	}
	return out
}

// distance is the Kolmogorov-Smirnov distance of the values from a distribution: the
// largest difference of the shares that are at most so large. The values are whole and
// draws are rounded, so the share of draws up to v is cdf(v + 1/2).
func (t *tally) distance(cdf func(float64) float64) float64 {
	worst, below := 0.0, 0.0
	for i, v := range t.values {
		below += t.times[i]
		worst = max(worst, math.Abs(below/t.n-cdf(v+0.5)))
	}
	return worst
}

// Values returns the prompt tokens, the output tokens and the gaps, in seconds, that the
// model is fitted to.
func (s *Sample) Values() (prompts, outputs, between []float64) {
	for i := range s.Kept {
		prompts, outputs = append(prompts, float64(s.Kept[i].Prompt)), append(outputs, float64(max(1, s.Kept[i].Output)))
	}
	return prompts, outputs, gaps(s.times)
}
