package reports

import (
	"math"
	"strings"

	"ratesim/sim/metrics"
)

const (
	sparkWidth = 14         // characters
	sparkSpan  = 1000       // the lowest bar stands for a thousandth of the highest, or for less
	sparkRank  = 1 << 20    // it goes first where room is short
	barLevels  = "▁▂▃▄▅▆▇█" // of one width in any terminal
	noBar      = "·"
)

// addSparks adds a column of 429s over time, if there are any: without it, a strategy that
// is refused once in a while and one that is refused in a herd look the same. All rows
// have one scale, which is logarithmic so that a strategy without backoff does not
// flatten the others. of has the strategy of each row, nil where there is none.
func (t *Table) addSparks(of []*metrics.Strategy) {
	end := lastAttempt(of)
	rates, low, high := make([][]float64, len(of)), math.Inf(1), 0.0
	for i, s := range of {
		if s == nil || s.Curves == nil || end == 0 {
			continue
		}
		rates[i] = thinned(s.Curves.RejectedPerS, s.Curves.Width, end)
		for _, v := range rates[i] {
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if high == 0 {
		return
	}
	low = max(low, high/sparkSpan)
	t.Columns = append(t.Columns, Column{Head: "429s", Sub: "over time", Rank: sparkRank, Spark: true,
		Note: "429s over time: from the first arrival to the last attempt, on one logarithmic scale for all rows; " + noBar + " is none."})
	for i := range t.Rows {
		if !t.Rows[i].Title {
			t.Rows[i].Cells = append(t.Rows[i].Cells, text(spark(rates[i], low, high)))
		}
	}
}

// lastAttempt returns when the last attempt of any of the strategies reached a
// deployment, in seconds.
func lastAttempt(of []*metrics.Strategy) float64 {
	end := 0.0
	for _, s := range of {
		if s == nil || s.Curves == nil {
			continue
		}
		last := len(s.Curves.AttemptsPerS)
		for last > 0 && !(s.Curves.AttemptsPerS[last-1] > 0) {
			last--
		}
		end = max(end, float64(last)*s.Curves.Width)
	}
	return end
}

// thinned returns the means of a series, in steps of so many seconds, over each of the
// characters.
func thinned(series []float64, step, end float64) []float64 {
	out := make([]float64, sparkWidth)
	for i, v := range series {
		if k := int(float64(i) * step / end * sparkWidth); k < sparkWidth {
			out[k] += v * step * sparkWidth / end
		}
	}
	return out
}

func spark(rates []float64, low, high float64) string {
	var b strings.Builder
	levels := []rune(barLevels)
	for _, v := range rates {
		switch {
		case v <= 0:
			b.WriteString(noBar)
		case high == low:
			b.WriteRune(levels[len(levels)-1])
		default:
			k := int(math.Log(v/low) / math.Log(high/low) * float64(len(levels)))
			b.WriteRune(levels[max(0, min(k, len(levels)-1))])
		}
	}
	return b.String()
}
