package chart

import (
	"ratesim/sim/metrics"
)

// est is an estimate with its interval.
func est(mean, lo, hi float64) *metrics.Estimate {
	return &metrics.Estimate{Mean: mean, Lo: lo, Hi: hi}
}

func exact(v float64) *metrics.Estimate { return est(v, v, v) }

// four is a comparison of 1,000 calls in two minutes, made by hand. Careful is chosen: it
// fails none, and answers 95 % within 10 s. Hasty fails 100 of 1,000. Halfway fails 2. Bought
// sends to another deployment too. Steps are 30 s wide.
func four() *metrics.Result {
	r := &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "by-hand", Provider: "acme/model@tier", Seed: 7, Replications: 10}
	add := func(name string, failed, p50, p95, p99, attempts, rejected, cost float64, tail []metrics.Tail, rejectedPerS []float64) {
		s := metrics.Strategy{Group: metrics.Group{Name: name, Values: metrics.Values{
			metrics.Calls: exact(1000), metrics.FailedPer1000: est(failed, failed*0.9, failed*1.1), metrics.Amplification: exact(attempts),
			metrics.Rejected: exact(rejected), metrics.ServerErrors: exact(20), metrics.CostPerSuccessUSD: exact(cost / 1000),
		}}}
		for id, v := range map[metrics.ID]float64{metrics.TimeToSuccessP50: p50, metrics.TimeToSuccessP95: p95, metrics.TimeToSuccessP99: p99} {
			if v > 0 {
				s.Values[id] = est(v, v*0.9, v*1.1)
			}
		}
		s.Curves = &metrics.Curves{Width: 30, Unanswered: tail, AttemptsPerS: []float64{10, 10, 10, 10}, RejectedPerS: rejectedPerS, LostPerS: []float64{0, 1, 0, 0},
			ArrivedPerS: []float64{10, 10, 0, 0}, AnsweredPerS: []float64{5, 5, 5, 5}, FailedPerS: []float64{0, 0, 0, failed / 30}}
		r.Strategies = append(r.Strategies, s)
	}
	slow := []metrics.Tail{{Share: 1, Within: 1}, {Share: 0.1, Within: 5}, {Share: 0.01, Within: 20}, {Share: 0.001, Within: 40}}
	add("oracle", 0, 2, 8, 18, 1, 0, 1, slow, []float64{0, 0, 0, 0})
	add("hasty", 100, 1, 0, 0, 1.5, 480, 1.8, slow[:2], []float64{1, 4, 11, 0})
	add("bought", 0, 1, 4, 5, 1, 0, 10, slow, []float64{0, 0, 0, 0})
	add("halfway", 2, 2, 40, 0, 1.2, 180, 2, []metrics.Tail{{Share: 1, Within: 1}, {Share: 0.1, Within: 30}, {Share: 0.01, Within: 60}}, []float64{0, 6, 0, 0})
	add("careful", 0, 2, 10, 20, 1.1, 80, 2, slow, []float64{0, 0, 3, 0})
	r.Verdict = &metrics.Verdict{State: metrics.Decided, Chosen: []string{"careful"}, By: []string{"failed_per_1000", "time_to_success_p95", "amplification"},
		Why: []metrics.Reason{
			{Metric: "failed_per_1000", Against: "hasty", By: "careful", Difference: est(100, 90, 110)},
			{Metric: "failed_per_1000", Against: "halfway", By: "careful", Difference: est(2, 1.5, 2.5)},
		},
		Buy: []metrics.Purchase{{What: "bought", USD: est(8, 7, 9)}}}
	r.Paired = []metrics.Paired{
		{A: "hasty", B: "careful", Metric: "success_rate", Mean: -0.1, Lo: -0.11, Hi: -0.09},
		{A: "halfway", B: "careful", Metric: "success_rate", Mean: -0.002, Lo: -0.0025, Hi: -0.0015},
		{A: "careful", B: "halfway", Metric: "time_to_success_p95", Mean: -30, Lo: -33, Hi: -27},
	}
	r.Load = &metrics.Load{Width: 30, Limits: []metrics.LimitLoad{
		{Limit: "rpm", Asked: []float64{600, 600}, Allowed: []float64{400, 400}},
		{Limit: "rpd", Asked: []float64{600, 600}, Allowed: []float64{100, 100}},
	}}
	return r
}

// byName returns the chart of a name; it must be there.
func byName[T Chart](charts []Chart, name string) (out T, ok bool) {
	for _, c := range charts {
		if c.Heading().Name == name {
			out, ok = c.(T)
			return out, ok
		}
	}
	return out, false
}
