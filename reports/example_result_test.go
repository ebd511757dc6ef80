package reports

import (
	"math"
	"math/rand/v2"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// outcome is what the tests say about one strategy; the rest is made up around it.
type outcome struct {
	name                  string
	success, p95, retries float64 // retries per call
	cost                  float64
}

// launchDay is a result shaped like a real one: twelve strategies, ten
// replications, ten minutes.
func launchDay() *metrics.Result {
	r := &metrics.Result{
		Schema: metrics.Schema, Kind: "simulated", Scenario: "launch-day", Seed: 1, Replications: 10, Hash: "9f3c51d0a7e2b846",
		Warnings: []string{
			"naive: 12 calls in 3 replications were still open when the drain of 5m ended and count as censored",
			"deployment main: prompts are charged by max_tokens at admission and settled at the end; a strategy that reserves less than that sees the limit earlier than it expects",
		},
		Expectations: []metrics.Expectation{
			{Text: "jitter.success_rate >= 0.99", Metric: "success_rate", Met: false, Value: new(0.9612)},
			{Text: "queue.latency_p95 <= 45s", Metric: "latency_p95", Met: true, Value: new(14.2), Margin: &metrics.Estimate{Mean: -30.8, Lo: -31.3, Hi: -30.3}, Certain: true},
			{Text: "jitter.latency_p95 <= 0.9 * backoff.latency_p95", Metric: "latency_p95", Met: false, Value: new(19.8), Against: new(21.5), Margin: &metrics.Estimate{Mean: 0.45, Lo: -0.2, Hi: 1.1}},
		},
	}
	for i, o := range []outcome{
		{"none", 0.48, 1.9, 0, 0.61}, {"naive", 0.55, 2.2, 3.1, 0.70}, {"fixed", 0.83, 6.8, 2.4, 1.06},
		{"backoff", 0.94, 21.5, 1.3, 1.20}, {"jitter", 0.961, 19.8, 1.2, 1.23}, {"retry-after", 0.987, 17.4, 0.6, 1.26},
		{"token-bucket", 0.9975, 16.1, 0.03, 1.28}, {"queue", 0.998, 14.2, 0.01, 1.28}, {"header-aware", 0.996, 15.0, 0.08, 1.27},
		{"ptu", 0.9985, 3.1, 0.02, 12.9}, {"adaptive", 0.99, 18.3, 0.2, 1.26}, {words.Oracle, 0.9996, 12.6, 0, 1.28},
	} {
		r.Strategies = append(r.Strategies, made(o, i))
	}
	r.Verdict = &metrics.Verdict{State: metrics.Decided, Chosen: []string{"queue"},
		By: []string{"failed_per_1000", "time_to_success_p95", "amplification"},
		Why: []metrics.Reason{
			{Metric: "failed_per_1000", Against: "none", By: "queue", Difference: est(518, 20)},
			{Metric: "failed_per_1000", Against: "jitter", By: "queue", Difference: est(37, 4.2)},
			{Metric: "time_to_success_p95", Against: "token-bucket", By: "queue", Ratio: est(1.13, 0.04)},
		},
		Buy: []metrics.Purchase{{What: "ptu", USD: est(11.62, 0.2)}}}
	r.Paired = []metrics.Paired{{A: "queue", B: "token-bucket", Metric: "success_rate", Mean: 0.0005, Lo: -0.0006, Hi: 0.0016}}
	return r
}

func est(mean, half float64) *metrics.Estimate {
	return &metrics.Estimate{Mean: mean, Lo: mean - half, Hi: mean + half}
}

func made(o outcome, i int) metrics.Strategy {
	const calls, tokens = 4890, 1100
	attempts := calls * (1 + o.retries)
	failed := 1000 * (1 - o.success)
	s := metrics.Strategy{Group: metrics.Group{Name: o.name, Values: metrics.Values{
		metrics.Calls: est(calls, 29), metrics.Succeeded: est(calls*o.success, 30), metrics.Failed: est(calls*(1-o.success), 12),
		metrics.Censored: est(0, 0), metrics.SuccessRate: est(o.success, 0.004*(1.02-o.success)*10),
		metrics.FailedPer1000: {Mean: failed, Lo: failed * 0.8, Hi: failed*1.2 + 1}, metrics.Attempts: est(attempts, 40),
		metrics.Amplification: est(1+o.retries, 0.02), metrics.Rejected: est(attempts-calls*o.success, 25),
		metrics.GoodputTPM: est(calls*o.success*tokens/11, 2000), metrics.QuotaUsed: est(0.4+o.success/2, 0.01),
		metrics.WastedPromptTokens: est((attempts-calls*o.success)*900, 9000), metrics.LatencyP50: est(o.p95/7, 0.05),
		metrics.LatencyP95: est(o.p95, o.p95/30), metrics.LatencyP99: est(o.p95*1.6, o.p95/20), metrics.LatencyMax: est(o.p95*3, o.p95/5),
		metrics.LatencyMean: est(o.p95/4, 0.05), metrics.PeakAttemptsPerS: est(20+90*o.retries, 4), metrics.PeakToMean: est(2+2*o.retries, 0.1),
		metrics.RetryPeak: est(80*o.retries, 3), metrics.DrainedAt: est(620+o.p95, 4), metrics.CostUSD: est(o.cost, 0.01),
		metrics.CostPerSuccessUSD: est(o.cost/(calls*o.success), 0.0001), metrics.FailuresMaxRetries: est(calls*(1-o.success), 12),
	}}}
	if o.success > 0.5 {
		s.Values[metrics.TimeToSuccessP50] = est(o.p95/6, 0.05)
	}
	if o.success > 0.95 {
		s.Values[metrics.TimeToSuccessP95] = &metrics.Estimate{Mean: o.p95, Lo: o.p95 * 0.95, Hi: o.p95 * 1.08}
	}
	if o.success > 0.99 {
		s.Values[metrics.TimeToSuccessP99] = est(o.p95*1.6, o.p95/20)
	}
	if o.name == words.Oracle {
		s.Values[metrics.Rejected], s.Values[metrics.WastedPromptTokens] = est(0, 0), est(0, 0)
	}
	s.Tenants = []metrics.Group{{Name: "web", Values: s.Values}, {Name: "nightly", Values: s.Values}}
	s.Curves = curves(o, i)
	return s
}

func curves(o outcome, i int) *metrics.Curves {
	draw := rand.New(rand.NewPCG(1, uint64(i)))
	c := &metrics.Curves{Width: 1}
	for i := 0; i <= 70; i++ {
		// A lognormal with the given p95: the quantile of the logistic, 1.7
		// times as wide, is near enough to the normal's.
		share := math.Pow(10, -float64(i)/20)
		if share < 1-o.success {
			break
		}
		p := min(max(1-share, 0.0005), 0.9995)
		z := math.Log(p/(1-p)) / 1.702
		c.Unanswered = append(c.Unanswered, metrics.Tail{Share: share, Within: o.p95 * math.Exp(0.9*(z-1.645))})
	}
	for t := range 640 {
		load := 8 + 0.8*draw.NormFloat64()
		if t > 120 && t < 120+int(20+10*o.p95) {
			load += 14 * (1 + 2*o.retries)
		}
		if t > 600 {
			load = max(0, 8-float64(t-600)/4)
		}
		retries := load * o.retries * (0.6 + 0.4*math.Sin(float64(t)/9.5))
		c.AttemptsPerS = append(c.AttemptsPerS, max(0, load+retries))
		c.RejectedPerS = append(c.RejectedPerS, max(0, retries))
		c.QuotaUsed = append(c.QuotaUsed, min(1.06, max(0, 0.03*load+0.5*o.success+0.03*draw.NormFloat64())))
	}
	return c
}

// aHerd is a result of 1000 clients released at once.
func aHerd() *metrics.Result {
	r := &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "herd", Seed: 1, Replications: 10}
	for _, o := range []struct {
		name       string
		retryPeak  float64
		drain, amp float64
		step       int
	}{
		{"naive", 5200, 1.4, 6.9, 1}, {"backoff", 988, 62, 5.8, 1}, {"jitter-5%", 960, 63, 5.7, 2}, {"jitter-10%", 900, 64, 5.7, 3},
		{"jitter-25%", 610, 66, 5.5, 6}, {"jitter-50%", 380, 71, 5.2, 9}, {"jitter-100%", 270, 88, 4.9, 14},
		{"jitter-full", 310, 64, 5.9, 14}, {"jitter-equal", 330, 66, 5.3, 10}, {"jitter-decorrelated", 240, 121, 4.6, 18},
		{"retry-after", 520, 61, 2.2, 8}, {words.Oracle, 0, 60, 1, 1},
	} {
		s := metrics.Strategy{Group: metrics.Group{Name: o.name, Values: metrics.Values{
			metrics.Calls: est(1000, 0), metrics.SuccessRate: est(min(1, 0.35+o.drain/120), 0.01), metrics.FailedPer1000: est(max(0, 650-o.drain*8.3), 10),
			metrics.PeakAttemptsPerS: est(1000+o.retryPeak/9, 12), metrics.RetryPeak: est(o.retryPeak, 0.03*o.retryPeak),
			metrics.PeakToMean: est(1000*o.drain/(1000*o.amp), 0.3), metrics.Amplification: est(o.amp, 0.05), metrics.DrainedAt: est(o.drain, 0.02*o.drain),
		}}}
		c := &metrics.Curves{Width: 1, AttemptsPerS: make([]float64, 400), RejectedPerS: make([]float64, 400)}
		c.AttemptsPerS[0], c.RejectedPerS[0] = 1000, 940
		for at := 1; at < 130 && o.name != words.Oracle; at *= 2 {
			for k := range o.step {
				c.AttemptsPerS[at+k] += o.retryPeak / float64(o.step) * float64(1+k%3) / 2
				c.RejectedPerS[at+k] += o.retryPeak / float64(o.step) * float64(1+k%3) / 2.2
			}
		}
		s.Curves = c
		r.Strategies = append(r.Strategies, s)
	}
	return r
}
