package workload

import (
	"math"
	"slices"

	"ratesim/sim/clock"
)

// Fit is what a log of requests is like, as the parameters of a workload.
type Fit struct {
	Summary         // without the rows
	Rate    float64 // requests a second, on average; 0 when all come at one instant
	CV      float64 // coefficient of variation of the gaps between requests
	Poisson bool    // CV differs from the 1 of independent requests by no more than chance allows
	Prompt  Sizes
	Output  Sizes // of the requests that have an output
	Sized   int64 // the rows that sizes are of: all, or the first MaxLengths
}

// Sizes says how a number of tokens is distributed.
type Sizes struct{ P50, P95, Max uint32 }

// Fit reads the log from beginning to end and finds what a workload needs to be like
// it. Errors are of type *FileError.
func (l *Log) Fit() (*Fit, error) {
	var f Fit
	var prompts, outputs []uint32
	var last clock.Time
	mean, squares := 0.0, 0.0 // of the gaps: the mean, and the sum of squared differences from it
	err := l.eachRow(&f.Summary, func(row *Row) {
		if f.Rows > 1 { // Welford, "Note on a method for calculating corrected sums of squares and products", 1962
			gap := row.At.Sub(last).Seconds()
			d := gap - mean
			mean += d / float64(f.Rows-1)
			squares += d * (gap - mean)
		}
		last = row.At
		if f.Rows > MaxLengths {
			return
		}
		f.Sized++
		prompts = append(prompts, row.Prompt)
		if row.Output > 0 {
			outputs = append(outputs, row.Output)
		}
	})
	if err != nil {
		return nil, err
	}
	f.Prompt, f.Output = sizes(prompts), sizes(outputs)
	if mean > 0 {
		gaps := float64(f.Rows - 1)
		f.Rate = 1 / mean
		f.CV = math.Sqrt(squares/gaps) / mean
		// The standard deviation of the estimate is about 1/√gaps for exponential gaps.
		f.Poisson = math.Abs(f.CV-1) <= max(0.05, 2/math.Sqrt(gaps))
	}
	return &f, nil
}

func sizes(values []uint32) Sizes {
	if len(values) == 0 {
		return Sizes{1, 1, 1} // a call has an output of at least a token
	}
	slices.Sort(values)
	at := func(share float64) uint32 { return values[max(0, int(math.Ceil(share*float64(len(values))))-1)] }
	return Sizes{at(0.5), at(0.95), values[len(values)-1]}
}
