package verdict

import (
	"cmp"
	"slices"

	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// Order returns the outcomes of a sample by the verdict's rule, the best first, as if their
// values were certain. It leaves out those that know what no client can. A search keeps the
// first of them; only [Judge] says what is certain.
func Order(s *metrics.Sample, o Options) []int {
	j := &judge{s: s, o: o, point: true, memo: map[pair]stats.Interval{}}
	var left []int
	for i := range s.Outcomes {
		if !s.Outcomes[i].Bound {
			left = append(left, i)
		}
	}
	if len(o.SLO) == 0 {
		return j.peel(left, j.criteria(left))
	}
	far := make([]float64, len(s.Outcomes))
	for _, i := range left {
		_, far[i] = j.worst(i)
	}
	slices.SortStableFunc(left, func(a, b int) int { return cmp.Compare(max(0, far[a]), max(0, far[b])) })
	meet := len(left)
	if i := slices.IndexFunc(left, func(i int) bool { return far[i] > 0 }); i >= 0 {
		meet = i
	}
	return append(j.peel(left[:meet], []criterion{j.byCost()}), left[meet:]...)
}

// peel takes those from set that no other is better than, then those from the rest, and so
// on. Those that are taken together do not differ by what matters; their values order them.
func (j *judge) peel(set []int, criteria []criterion) (order []int) {
	left := slices.Clone(set)
	for len(left) > 0 {
		best, _ := j.remaining(left, criteria)
		left = slices.DeleteFunc(left, func(i int) bool { return slices.Contains(best, i) })
		slices.SortStableFunc(best, func(a, b int) int {
			for k := range criteria {
				switch w := j.worse(&criteria[k], a, b).Value; {
				case w > 0:
					return 1
				case w < 0:
					return -1
				}
			}
			return 0
		})
		order = append(order, best...)
	}
	return order
}
