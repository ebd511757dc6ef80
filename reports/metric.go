package reports

import "ratesim/sim/metrics"

// oracle is the strategy that is a bound: it sees what no client can see.
const oracle = "oracle"

// inOrder returns the strategies as reports list them: in the order of the
// result, oracle last.
func inOrder(r *metrics.Result) []*metrics.Strategy {
	var out, bound []*metrics.Strategy
	for i := range r.Strategies {
		if s := &r.Strategies[i]; s.Name == oracle {
			bound = append(bound, s)
		} else {
			out = append(out, s)
		}
	}
	return append(out, bound...)
}

// mean returns the value of a metric, and whether it can be shown.
func mean(v *metrics.Values, id metrics.ID) (float64, bool) {
	if !known(v[id]) {
		return 0, false
	}
	return v[id].Mean, true
}
