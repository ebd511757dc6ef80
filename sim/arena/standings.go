package arena

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/stat"

	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// standings sums up the scores of each strategy over all situations, least mean regret
// first. Those that could not run in some come last: their situations were others.
func standings(names []string, situations []metrics.ArenaSituation) []metrics.Standing {
	level := stats.NewLevel(0.05)
	var list []metrics.Standing
	for _, name := range names {
		var regret, seconds, refusals, quiet, bound []float64
		near := 0
		for i := range situations {
			k := slices.IndexFunc(situations[i].Scores, func(s metrics.Score) bool { return s.Name == name })
			if k < 0 {
				continue
			}
			s := &situations[i].Scores[k]
			regret, refusals = append(regret, s.Regret), append(refusals, s.RefusalOver)
			if s.Regret <= metrics.Close {
				near++
			}
			seconds, quiet, bound = add(seconds, s.SecondsOver), add(quiet, s.QuietBelow), add(bound, s.BoundBelow)
		}
		if len(regret) == 0 {
			continue
		}
		list = append(list, metrics.Standing{Name: name, Situations: len(regret), Regret: *spread(regret, level), Close: digits(float64(near) / float64(len(regret))),
			Seconds: spread(seconds, level), Refusals: *spread(refusals, level), Quiet: spread(quiet, level), Bound: spread(bound, level)})
	}
	slices.SortStableFunc(list, func(a, b metrics.Standing) int {
		return cmp.Or(cmp.Compare(b.Situations, a.Situations), cmp.Compare(a.Regret.Mean, b.Regret.Mean))
	})
	return list
}

func add(list []float64, x *float64) []float64 {
	if x == nil {
		return list
	}
	return append(list, *x)
}

// spread sums numbers up, which it sorts; nil if there are none.
func spread(list []float64, level *stats.Level) *metrics.Spread {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	mean := stats.Interval{Value: list[0], Lo: list[0], Hi: list[0]}
	if len(list) > 1 {
		mean = stats.Ratio(stats.Counts{Hits: list, Of: slices.Repeat([]float64{1}, len(list))}, level)
	}
	return &metrics.Spread{Mean: digits(mean.Value), Lo: digits(mean.Lo), Hi: digits(mean.Hi),
		P90: stat.Quantile(0.9, stat.Empirical, list, nil), Worst: list[len(list)-1]}
}
