package reports

import "ratesim/sim/metrics"

// oracle is the strategy that is a bound: it sees what no client can see.
const oracle = "oracle"

// A metric is one number of a strategy under its name in the result file. at
// returns the place it is kept, which holds nil where it does not apply.
type metric struct {
	name string
	at   func(*metrics.Strategy) **metrics.Estimate
}

// allMetrics lists every metric of a strategy in the order of the result file.
func allMetrics() []metric {
	type s = metrics.Strategy
	type e = metrics.Estimate
	return []metric{
		{"calls", func(s *s) **e { return &s.Calls }},
		{"succeeded", func(s *s) **e { return &s.Succeeded }},
		{"failed", func(s *s) **e { return &s.Failed }},
		{"censored", func(s *s) **e { return &s.Censored }},
		{"success_rate", func(s *s) **e { return &s.SuccessRate }},
		{"deadline_met_rate", func(s *s) **e { return &s.DeadlineMetRate }},
		{"attempts", func(s *s) **e { return &s.Attempts }},
		{"amplification", func(s *s) **e { return &s.Amplification }},
		{"rejected", func(s *s) **e { return &s.Rejected }},
		{"rejected_requests", func(s *s) **e { return &s.RejectedRequests }},
		{"rejected_tokens", func(s *s) **e { return &s.RejectedTokens }},
		{"server_errors", func(s *s) **e { return &s.ServerErrors }},
		{"coordinator_asks", func(s *s) **e { return &s.CoordinatorAsks }},
		{"goodput_tpm", func(s *s) **e { return &s.GoodputTPM }},
		{"quota_used", func(s *s) **e { return &s.QuotaUsed }},
		{"wasted_prompt_tokens", func(s *s) **e { return &s.WastedPromptTokens }},
		{"latency_p50", func(s *s) **e { return &s.LatencyP50 }},
		{"latency_p95", func(s *s) **e { return &s.LatencyP95 }},
		{"latency_p99", func(s *s) **e { return &s.LatencyP99 }},
		{"latency_max", func(s *s) **e { return &s.LatencyMax }},
		{"latency_mean", func(s *s) **e { return &s.LatencyMean }},
		{"queue_wait_p95", func(s *s) **e { return &s.QueueWaitP95 }},
		{"peak_attempts_per_s", func(s *s) **e { return &s.PeakAttemptsPerS }},
		{"peak_to_mean", func(s *s) **e { return &s.PeakToMean }},
		{"retry_peak", func(s *s) **e { return &s.RetryPeak }},
		{"drained_at", func(s *s) **e { return &s.DrainedAt }},
		{"recovery_s", func(s *s) **e { return &s.RecoveryS }},
		{"fairness_jain", func(s *s) **e { return &s.FairnessJain }},
		{"fairness_instances", func(s *s) **e { return &s.FairnessInstances }},
		{"cost_usd", func(s *s) **e { return &s.CostUSD }},
		{"of_optimum", func(s *s) **e { return &s.OfOptimum }},
		{"regret_s", func(s *s) **e { return &s.RegretS }},
		{"failures.max_retries", func(s *s) **e { return &s.Failures.MaxRetries }},
		{"failures.deadline", func(s *s) **e { return &s.Failures.Deadline }},
		{"failures.not_retryable", func(s *s) **e { return &s.Failures.NotRetryable }},
		{"failures.queue_timeout", func(s *s) **e { return &s.Failures.QueueTimeout }},
		{"failures.oversize", func(s *s) **e { return &s.Failures.Oversize }},
	}
}

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
