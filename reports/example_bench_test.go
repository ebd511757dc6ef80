package reports

import (
	"ratesim/provider/capacity"
	"ratesim/sim/metrics"
)

// accounts are a live and a simulated result of which two figures are off, one
// within noise.
func accounts() (live, simulated, slowed *metrics.Result) {
	result := func(rejected, p95 float64) *metrics.Result {
		e := func(v float64) *metrics.Estimate { return &metrics.Estimate{Mean: v, Lo: v, Hi: v} }
		row := func(name string, success, attempts, rejected float64, latencies ...float64) metrics.Strategy {
			s := metrics.Strategy{Group: metrics.Group{Name: name, Values: metrics.Values{
				metrics.SuccessRate: e(success), metrics.Attempts: e(attempts), metrics.Rejected: e(rejected)}}}
			if len(latencies) > 0 {
				s.Values[metrics.LatencyP50], s.Values[metrics.LatencyP95] = e(latencies[0]), e(latencies[1])
			}
			return s
		}
		return &metrics.Result{Scenario: "launch-day", Strategies: []metrics.Strategy{
			row("jitter", 0.9987, 1219, rejected, 2.5, p95),
			row("sdk:openai-python@3.3", 0.953, 1140, 173, 0.05, 5.6),
			row("none", 0, 985, 985),
		}}
	}
	return result(224, 8.8), result(200, 9.5), result(230, 9.5)
}

func breakEvens() []capacity.ModelBreakEven {
	mix := func(v float64) capacity.BreakEvens {
		return capacity.BreakEvens{"hourly": 2 * v, "monthly": v, "yearly": v / 2}
	}
	return []capacity.ModelBreakEven{
		{Model: "gpt-4o", Mixes: []capacity.BreakEvens{mix(1.4), mix(1.2), mix(0.9)}},
		{Model: "gpt-4.1-mini", Uncached: true, Mixes: []capacity.BreakEvens{mix(1), mix(1), mix(1)}},
		{Model: "gpt-5.6-luna"},
	}
}

func aBench() *Document {
	live, simulated, slowed := accounts()
	return Bench(live, simulated, []*metrics.Result{slowed}, "")
}
