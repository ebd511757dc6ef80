package reports

import (
	"math"

	"ratesim/sim/metrics"
)

// someClaims has a claim of every verdict, one of them changed.
func someClaims() *metrics.Claims {
	margin := func(mean, half float64) *metrics.Estimate {
		return &metrics.Estimate{Mean: mean, Lo: mean - half, Hi: mean + half}
	}
	herd := metrics.Expectation{Text: "backoff.retry_peak >= 2 * jitter.retry_peak", Metric: "retry_peak", Met: true, Certain: true,
		Value: new(700.0), Against: new(156.2), Margin: margin(387.6, 11.3)}
	small := herd
	small.Met, small.Against, small.Margin = false, new(484.0), margin(-268, 20)
	slow := metrics.Expectation{Text: "soon.latency_p95 <= 7s", Metric: "latency_p95", Met: true, Value: new(6.95), Margin: margin(-0.05, 0.4)}
	cheap := metrics.Expectation{Text: "a|b.cost_usd < c.cost_usd", Metric: "cost_usd", Met: true, Certain: true, Value: new(1.5), Against: new(2.25), Margin: margin(-0.75, 0)}
	absent := metrics.Expectation{Text: "soon.recovery_s <= 1m", Metric: "recovery_s", Value: new(math.NaN())}
	r := &metrics.Claims{Schema: metrics.ClaimsSchema, Seed: 7, Replications: 10}
	add := func(name, about string, cases ...metrics.Case) {
		c := metrics.Claim{Name: name, About: about}
		for _, k := range cases {
			c.Judge(k.If, k.Recorded, &metrics.Result{Expectations: k.Expectations, Warnings: []string{}, Hash: "0123"})
		}
		r.Claims = append(r.Claims, c)
	}
	add("no-jitter", "without jitter, clients that were refused together come back together, as a herd",
		metrics.Case{If: "all were refused at one moment, and what counts is the tenth of a second in which they come", Recorded: true, Expectations: []metrics.Expectation{herd}},
		metrics.Case{If: "the first delay is 1 s", Expectations: []metrics.Expectation{herd, small}},
		metrics.Case{If: "calls come\x1b[2J at random", Expectations: []metrics.Expectation{slow}})
	add("cheaper", "a costs less", metrics.Case{If: "it is used", Recorded: true, Expectations: []metrics.Expectation{cheap}})
	add("sooner", "soon is soon", metrics.Case{If: "something fails", Recorded: true, Expectations: []metrics.Expectation{absent}})
	unreached := metrics.Expectation{Text: "soon.time_to_success_p95 <= late.time_to_success_p95", Metric: "time_to_success_p95", Met: true, Certain: true,
		Value: new(59.3), Unreached: "right"}
	add("served", "soon is served", metrics.Case{If: "late is never served", Recorded: true, Expectations: []metrics.Expectation{unreached}})
	r.Claims[0].Fair, r.Claims[0].Changes = "The clients differ in nothing but jitter.", "A longer first delay."
	return r
}
