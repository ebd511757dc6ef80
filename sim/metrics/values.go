package metrics

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ratesim/sim/limit"
)

// A Metric is one number a run is judged by, as the result schema names it.
type Metric struct {
	Name   string
	Unit   Unit
	Better Direction
	// Field returns where a Strategy keeps it.
	Field func(*Strategy) **Estimate
	// value computes it from one run; NaN when it does not apply. Metrics
	// without it compare a run with the oracle's.
	value func(*Run) float64
}

// Unit is what a metric is measured in.
type Unit uint8

// The units of metrics.
const (
	Count Unit = iota
	Share
	Seconds
	Tokens
	TokensPerMinute
	PerSecond
	Ratio
	USD
)

// Direction says which way a metric is better.
type Direction int8

// The directions.
const (
	Neither Direction = 0
	Higher  Direction = 1
	Lower   Direction = -1
)

// Metrics returns every metric of the result schema in its order.
func Metrics() []Metric {
	n := func(v int64) float64 { return float64(v) }
	return []Metric{
		{"calls", Count, Neither, func(s *Strategy) **Estimate { return &s.Calls }, func(r *Run) float64 { return n(r.Calls) }},
		{"succeeded", Count, Higher, func(s *Strategy) **Estimate { return &s.Succeeded }, func(r *Run) float64 { return n(r.Succeeded) }},
		{"failed", Count, Lower, func(s *Strategy) **Estimate { return &s.Failed }, func(r *Run) float64 { return n(r.failed()) }},
		{"censored", Count, Lower, func(s *Strategy) **Estimate { return &s.Censored }, func(r *Run) float64 { return n(r.Censored) }},
		{"success_rate", Share, Higher, func(s *Strategy) **Estimate { return &s.SuccessRate }, func(r *Run) float64 { return ratio(n(r.Succeeded), n(r.Calls)) }},
		{"deadline_met_rate", Share, Higher, func(s *Strategy) **Estimate { return &s.DeadlineMetRate }, func(r *Run) float64 { return ratio(n(r.DueMet), n(r.DueCalls)) }},
		{"attempts", Count, Lower, func(s *Strategy) **Estimate { return &s.Attempts }, func(r *Run) float64 { return n(r.Attempts) }},
		{"amplification", Ratio, Lower, func(s *Strategy) **Estimate { return &s.Amplification }, func(r *Run) float64 { return ratio(n(r.Attempts), n(r.Calls)) }},
		{"rejected", Count, Lower, func(s *Strategy) **Estimate { return &s.Rejected }, func(r *Run) float64 { return n(r.Rejected) }},
		{"rejected_requests", Count, Lower, func(s *Strategy) **Estimate { return &s.RejectedRequests }, func(r *Run) float64 { return r.rejectedBy(limit.ByRPM, limit.ByRPH, limit.ByRPD) }},
		{"rejected_tokens", Count, Lower, func(s *Strategy) **Estimate { return &s.RejectedTokens }, func(r *Run) float64 {
			return r.rejectedBy(limit.ByTPM, limit.ByTPH, limit.ByTPD, limit.ByITPM, limit.ByOTPM, limit.ByOversize)
		}},
		{"server_errors", Count, Lower, func(s *Strategy) **Estimate { return &s.ServerErrors }, func(r *Run) float64 { return n(r.ServerErrors) }},
		{"coordinator_asks", Count, Lower, func(s *Strategy) **Estimate { return &s.CoordinatorAsks }, func(r *Run) float64 { return unless(r.Asks == 0, n(r.Asks)) }},
		{"goodput_tpm", TokensPerMinute, Higher, func(s *Strategy) **Estimate { return &s.GoodputTPM }, (*Run).goodput},
		{"quota_used", Share, Higher, func(s *Strategy) **Estimate { return &s.QuotaUsed }, (*Run).quota},
		{"wasted_prompt_tokens", Tokens, Lower, func(s *Strategy) **Estimate { return &s.WastedPromptTokens }, func(r *Run) float64 { return n(r.WastedPrompt) }},
		{"latency_p50", Seconds, Lower, func(s *Strategy) **Estimate { return &s.LatencyP50 }, func(r *Run) float64 { return quantile(r.latency, 50) }},
		{"latency_p95", Seconds, Lower, func(s *Strategy) **Estimate { return &s.LatencyP95 }, func(r *Run) float64 { return quantile(r.latency, 95) }},
		{"latency_p99", Seconds, Lower, func(s *Strategy) **Estimate { return &s.LatencyP99 }, func(r *Run) float64 { return quantile(r.latency, 99) }},
		{"latency_max", Seconds, Lower, func(s *Strategy) **Estimate { return &s.LatencyMax }, func(r *Run) float64 { return unless(r.Succeeded == 0, r.latencyMax.Seconds()) }},
		{"latency_mean", Seconds, Lower, func(s *Strategy) **Estimate { return &s.LatencyMean }, (*Run).MeanLatency},
		{"queue_wait_p95", Seconds, Lower, func(s *Strategy) **Estimate { return &s.QueueWaitP95 }, func(r *Run) float64 { return quantile(r.wait, 95) }},
		{"peak_attempts_per_s", PerSecond, Lower, func(s *Strategy) **Estimate { return &s.PeakAttemptsPerS }, func(r *Run) float64 { return n(most(r.peaks)) }},
		{"peak_to_mean", Ratio, Lower, func(s *Strategy) **Estimate { return &s.PeakToMean }, (*Run).peakToMean},
		{"retry_peak", Count, Lower, func(s *Strategy) **Estimate { return &s.RetryPeak }, func(r *Run) float64 { return n(most(r.retries)) }},
		{"drained_at", Seconds, Lower, func(s *Strategy) **Estimate { return &s.DrainedAt }, func(r *Run) float64 { return unless(r.Calls == 0, r.LastEnd.Seconds()) }},
		{"recovery_s", Seconds, Lower, func(s *Strategy) **Estimate { return &s.RecoveryS }, (*Run).recoverySeconds},
		{"fairness_jain", Share, Higher, func(s *Strategy) **Estimate { return &s.FairnessJain }, func(r *Run) float64 { return jain(r.Tenants) }},
		{"fairness_instances", Share, Higher, func(s *Strategy) **Estimate { return &s.FairnessInstances }, func(r *Run) float64 { return jain(r.Instances) }},
		{"cost_usd", USD, Lower, func(s *Strategy) **Estimate { return &s.CostUSD }, func(r *Run) float64 { return r.CostUSD }},
		{ofOptimum, Share, Higher, func(s *Strategy) **Estimate { return &s.OfOptimum }, nil},
		{regret, Seconds, Lower, func(s *Strategy) **Estimate { return &s.RegretS }, nil},
		{"failures.max_retries", Count, Lower, func(s *Strategy) **Estimate { return &s.Failures.MaxRetries }, func(r *Run) float64 { return n(r.Failed[0]) }},
		{"failures.deadline", Count, Lower, func(s *Strategy) **Estimate { return &s.Failures.Deadline }, func(r *Run) float64 { return n(r.Failed[1]) }},
		{"failures.not_retryable", Count, Lower, func(s *Strategy) **Estimate { return &s.Failures.NotRetryable }, func(r *Run) float64 { return n(r.Failed[2]) }},
		{"failures.queue_timeout", Count, Lower, func(s *Strategy) **Estimate { return &s.Failures.QueueTimeout }, func(r *Run) float64 { return n(r.Failed[3]) }},
		{"failures.oversize", Count, Lower, func(s *Strategy) **Estimate { return &s.Failures.Oversize }, func(r *Run) float64 { return n(r.Failed[4]) }},
	}
}

// The metrics that need the oracle's run of the same replication.
const (
	ofOptimum = "of_optimum"
	regret    = "regret_s"
)

func ratio(a, b float64) float64 { return unless(b == 0, a/b) }

func unless(absent bool, v float64) float64 {
	if absent {
		return math.NaN()
	}
	return v
}

func quantile(h *hdrhistogram.Histogram, percent float64) float64 {
	return unless(h.TotalCount() == 0, float64(h.ValueAtQuantile(percent))/1e6)
}

func most(ps []peak) int64 {
	m := int64(0)
	for i := range ps {
		m = max(m, ps[i].most)
	}
	return m
}

func (r *Run) failed() int64 {
	n := int64(0)
	for _, f := range r.Failed {
		n += f
	}
	return n
}

// MeanLatency returns the mean latency in seconds of the calls that succeeded;
// NaN if none did.
func (r *Run) MeanLatency() float64 {
	return ratio(float64(r.latencySum)/1e9, float64(r.Succeeded))
}

func (r *Run) goodput() float64 {
	return ratio(float64(r.GoodTokens), r.LastEnd.Sub(r.FirstArrival).Minutes())
}

func (r *Run) quota() float64 { return unless(r.QuotaUsed < 0, r.QuotaUsed) }

// peakToMean holds the peak against the mean of the same deployment, over the
// aligned seconds from its first attempt to its last.
func (r *Run) peakToMean() float64 {
	var p peak
	for _, q := range r.peaks {
		if q.most > p.most {
			p = q
		}
	}
	return ratio(float64(p.most)*float64((p.end-p.begin)/max(p.width, 1)), float64(p.total))
}

func (r *Run) recoverySeconds() float64 {
	s, _, ok := r.recovery.seconds(r.LastEnd)
	return unless(!ok, s)
}

// Recovered reports whether goodput came back after the last fault; true also
// when there was nothing to recover from.
func (r *Run) Recovered() bool {
	_, recovered, ok := r.recovery.seconds(r.LastEnd)
	return recovered || !ok
}

// jain is Jain's fairness index of goodput over demand: (sum x)^2 / (n sum x^2)
// (Jain, Chiu and Hawe, DEC-TR-301, 1984). It is 1 when all get the same
// share and 1/n when one gets all.
func jain(all []Served) float64 {
	var n, sum, squares float64
	for _, t := range all {
		if t.Demand > 0 {
			x := float64(t.Good) / float64(t.Demand)
			n, sum, squares = n+1, sum+x, squares+x*x
		}
	}
	return unless(n < 2 || squares == 0, sum*sum/(n*squares))
}
