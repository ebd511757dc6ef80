package words

import (
	"ratesim/sim/metrics"
	"strconv"
)

// Oracle is the strategy that is a bound: it sees what no client can see.
const Oracle = "oracle"

// InOrder returns the strategies as reports list them: in the order of the
// result, oracle last.
func InOrder(r *metrics.Result) []*metrics.Strategy {
	var out, bound []*metrics.Strategy
	for i := range r.Strategies {
		if s := &r.Strategies[i]; s.Name == Oracle {
			bound = append(bound, s)
		} else {
			out = append(out, s)
		}
	}
	return append(out, bound...)
}

// Mean returns the value of a metric, and whether it can be shown.
func Mean(v *metrics.Values, id metrics.ID) (float64, bool) {
	if !Known(v[id]) {
		return 0, false
	}
	return v[id].Mean, true
}

// Replications says how many there are.
func Replications(r *metrics.Result) string {
	if r.Replications == 1 {
		return "1 replication"
	}
	return strconv.Itoa(r.Replications) + " replications"
}

// Marked returns the strategies that the verdict chose; none where there is no verdict yet.
func Marked(r *metrics.Result) []string {
	if r.Verdict == nil || r.Verdict.State == metrics.Leads {
		return nil
	}
	return r.Verdict.Chosen
}
