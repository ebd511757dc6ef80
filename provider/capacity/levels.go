package capacity

import (
	"slices"
	"time"
)

// Levels are tokens a minute over the minutes of a log. Percentiles are
// interpolated linearly.
type Levels struct {
	Mean float64 `json:"mean"` // of all minutes
	P50  float64 `json:"p50"`  // half of the minutes have at most this
	P90  float64 `json:"p90"`  // 90 % of the minutes have at most this
	P95  float64 `json:"p95"`  // 95 % of the minutes have at most this
	P99  float64 `json:"p99"`  // 99 % of the minutes have at most this
	Max  float64 `json:"max"`  // of all minutes
	// RollingMax is the most in any 60 s, where the log tells of single
	// requests; else that of the busiest minute.
	RollingMax float64 `json:"rolling_max"`
}

// levels sums up minutes; rolling is what RollingMax is.
func levels(minutes []float64, rolling float64) Levels {
	sorted := slices.Sorted(slices.Values(minutes))
	return Levels{
		Mean: mean(minutes),
		P50:  percentile(sorted, 50), P90: percentile(sorted, 90), P95: percentile(sorted, 95), P99: percentile(sorted, 99),
		Max: sorted[len(sorted)-1], RollingMax: rolling,
	}
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(max(len(xs), 1))
}

// Period is the demand of an hour of the day or a day of the week.
type Period struct {
	Name    string  `json:"name"`    // 00 to 23, or Mon to Sun
	Mean    float64 `json:"mean"`    // normalised tokens a minute
	P95     float64 `json:"p95"`     // tokens a minute
	Minutes int     `json:"minutes"` // of the log that fall into it
}

// weekday counts from Monday.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }

// periods groups minutes by a key from 0 to len(names)-1. Groups without a
// minute are left out.
func periods(d *Demand, x []float64, names []string, key func(time.Time) int) []Period {
	groups := make([][]float64, len(names))
	for i := range x {
		k := key(d.Start.Add(time.Duration(i) * time.Minute))
		groups[k] = append(groups[k], x[i])
	}
	out := []Period{}
	for k, g := range groups {
		if len(g) > 0 {
			slices.Sort(g)
			out = append(out, Period{names[k], mean(g), percentile(g, 95), len(g)})
		}
	}
	return out
}
