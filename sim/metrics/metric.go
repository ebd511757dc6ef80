package metrics

import (
	"math"

	"ratesim/sim/limit"
)

// ID names a metric in code; Metric.Name is its name in results.
type ID uint8

// The metrics, in the order of results.
const (
	Calls ID = iota
	Succeeded
	Failed
	Censored
	NotSent
	SuccessRate
	FailedPer1000
	DeadlineMetRate
	TimeToSuccessP50
	TimeToSuccessP95
	TimeToSuccessP99
	AnswersPerMin
	Attempts
	Amplification
	Rejected
	RejectedRequests
	RejectedTokens
	ServerErrors
	CoordinatorAsks
	GoodputTPM
	QuotaUsed
	WastedPromptTokens
	LatencyP50
	LatencyP95
	LatencyP99
	LatencyMax
	LatencyMean
	QueueWaitP95
	PeakAttemptsPerS
	PeakToMean
	RetryPeak
	DrainedAt
	RecoveryS
	FairnessJain
	FairnessInstances
	CostUSD
	CostPerSuccessUSD
	CachedShare
	Sessions
	LostSessions
	LostTurns
	OfOptimum
	RegretS
	FailuresMaxRetries
	FailuresDeadline
	FailuresNotRetryable
	FailuresQueueTimeout
	FailuresOversize
	FailuresBrokenStream
	TTFTP50
	TTFTP95
	TTFTP99
	TPOTP50
	TPOTP95
	TPOTP99
	RejectedBy // and the others of limit.Name after it
	NumMetrics = RejectedBy + ID(limit.NumNames)
)

// Unit is what a metric is measured in.
type Unit uint8

// The units of metrics.
const (
	Count Unit = iota
	Share
	Seconds
	Tokens
	TokensPerMinute
	PerMinute
	PerSecond
	Ratio
	USD
)

// String returns the unit's symbol, empty for a count.
func (u Unit) String() string {
	return [...]string{"", "share", "s", "tokens", "tokens/min", "1/min", "1/s", "ratio", "USD"}[u]
}

// Direction says which way a metric is better.
type Direction int8

// The directions.
const (
	Neither Direction = 0
	Higher  Direction = 1
	Lower   Direction = -1
)

// String returns higher, lower or neither.
func (d Direction) String() string {
	switch d {
	case Higher:
		return "higher"
	case Lower:
		return "lower"
	}
	return "neither"
}

// A Metric is one number a strategy is judged by.
type Metric struct {
	Name   string
	Unit   Unit
	Better Direction
	About  string // its definition
	AddsUp bool   // it is a part of a sum, or one; in results it is rounded so that the sum is right

	// The value is that of all replications together: the sum of num over the sum of
	// den, of which a run returns both; a run in which the metric does not apply
	// returns a den of 0. Of a mean over replications den is 1. group computes it
	// from any group of calls, run from a whole run. Metrics with neither are
	// quantiles, or compare a run with oracle's.
	group func(*Tally) (num, den float64)
	run   func(*Run) (num, den float64)

	share    bool     // num counts some of what den counts
	quantile float64  // of times; 0 = no quantile
	of       timeKind // whose
}

// timeKind says which times a quantile is of.
type timeKind uint8

const (
	untilSuccess timeKind = iota // of all calls; those that fail never succeed
	ofSuccesses                  // of the calls that succeed
	untilSent                    // of the calls that were sent, until their first attempt
	untilFirst                   // of all streamed calls, until the first token; of those that fail it never comes
	perToken                     // of all streamed calls, for each token after the first came; likewise
)

// Metrics returns every metric of the result schema, indexed by ID.
func Metrics() []Metric {
	list := make([]Metric, NumMetrics)
	outcomes(list)
	traffic(list)
	times(list)
	money(list)
	conversations(list)
	for _, ids := range sums() {
		for _, id := range ids {
			list[id].AddsUp = true
		}
	}
	return list
}

// Find returns the metric of that name.
func Find(name string) (ID, bool) {
	for id, m := range Metrics() {
		if m.Name == name {
			return ID(id), true
		}
	}
	return 0, false
}

func n(v int64) float64 { return float64(v) }

// mean makes a metric the mean over replications.
func mean(v func(*Tally) int64) func(*Tally) (num, den float64) {
	return func(t *Tally) (float64, float64) { return n(v(t)), 1 }
}

// meanOfRuns is mean for what whole runs alone have. Runs in which v is NaN do not
// count.
func meanOfRuns(v func(*Run) float64) func(*Run) (num, den float64) {
	return func(r *Run) (float64, float64) {
		if x := v(r); !math.IsNaN(x) {
			return x, 1
		}
		return 0, 0
	}
}

// outcomes fills in what became of the calls.
func outcomes(m []Metric) {
	m[Calls] = Metric{Name: "calls", About: "calls that arrived", group: mean(func(t *Tally) int64 { return t.Calls })}
	m[Succeeded] = Metric{Name: "succeeded", Better: Higher, About: "calls that were answered in time", group: mean(func(t *Tally) int64 { return t.Succeeded })}
	m[Failed] = Metric{Name: "failed", Better: Lower, About: "calls that ended without an answer: the sum of failures.* and not_sent", group: mean((*Tally).failed)}
	m[Censored] = Metric{Name: "censored", Better: Lower, About: "calls still open when the run ended", group: mean(func(t *Tally) int64 { return t.Censored })}
	m[NotSent] = Metric{Name: "not_sent", Better: Lower,
		About: "failed calls: ratesim bench did not give them to the strategy, because it could not keep up; always 0 in a simulation",
		group: mean(func(t *Tally) int64 { return t.NotSent })}
	m[SuccessRate] = Metric{Name: "success_rate", Unit: Share, Better: Higher, About: "succeeded ÷ calls", share: true,
		group: func(t *Tally) (float64, float64) { return n(t.Succeeded), n(t.Calls) }}
	m[FailedPer1000] = Metric{Name: "failed_per_1000", Better: Lower, About: "calls of every 1,000 without an answer by their deadline or by the end of the run: failed and censored",
		group: func(t *Tally) (float64, float64) { return 1000 * n(t.Calls-t.Succeeded), n(t.Calls) }}
	m[DeadlineMetRate] = Metric{Name: "deadline_met_rate", Unit: Share, Better: Higher, About: "succeeded ÷ calls, of the calls that have a deadline", share: true,
		group: func(t *Tally) (float64, float64) { return n(t.DueMet), n(t.DueCalls) }}
	m[AnswersPerMin] = Metric{Name: "answers_per_min", Unit: PerMinute, Better: Higher, About: "succeeded calls ÷ minutes in which calls arrive",
		group: func(t *Tally) (float64, float64) { return n(t.Succeeded), t.arriving }}
	for i, f := range [...]struct {
		id    ID
		name  string
		about string
	}{
		{FailuresMaxRetries, "max_retries", "the retries were used up, by number or by time"},
		{FailuresDeadline, "deadline", "the deadline passed, or could no longer be met"},
		{FailuresNotRetryable, "not_retryable", "the reply said that no retry can help"},
		{FailuresQueueTimeout, "queue_timeout", "the call waited too long, or found the queue full, on the client's side"},
		{FailuresOversize, "oversize", "the call is larger than a limit and can never be admitted"},
		{FailuresBrokenStream, "broken_stream", "the answer had begun and broke off; absent where no answer is streamed"},
	} {
		m[f.id] = Metric{Name: "failures." + f.name, Better: Lower, About: "failed calls: " + f.about, group: mean(func(t *Tally) int64 { return t.Failed[i] })}
	}
	m[FailuresBrokenStream].group = func(t *Tally) (float64, float64) {
		if !t.streams {
			return 0, 0
		}
		return n(t.Failed[FailuresBrokenStream-FailuresMaxRetries]), 1
	}
	m[FairnessJain] = Metric{Name: "fairness_jain", Unit: Share, Better: Higher,
		About: "Jain's index over tenants of goodput ÷ the tenant's max-min fair share of the limit", run: meanOfRuns((*Run).tenantFairness)}
	m[FairnessInstances] = Metric{Name: "fairness_instances", Unit: Share, Better: Higher,
		About: "Jain's index over instances of goodput ÷ demand", run: meanOfRuns(func(r *Run) float64 { return instanceFairness(r.Instances) })}
	m[OfOptimum] = Metric{Name: "of_optimum", Unit: Share, Better: Higher,
		About: "succeeded calls ÷ an upper bound on the calls that can succeed under any client; never above 1",
		run: func(r *Run) (float64, float64) {
			if r.Most < 0 {
				return 0, 0
			}
			return n(r.Succeeded), n(r.Most)
		}}
}

// traffic fills in what reached the deployments.
func traffic(m []Metric) {
	m[Attempts] = Metric{Name: "attempts", Better: Lower, About: "HTTP requests that reached a deployment", group: mean(func(t *Tally) int64 { return t.Attempts })}
	m[Amplification] = Metric{Name: "amplification", Unit: Ratio, Better: Lower, About: "attempts ÷ calls",
		group: func(t *Tally) (float64, float64) { return n(t.Attempts), n(t.Calls) }}
	m[Rejected] = Metric{Name: "rejected", Better: Lower, About: "replies with status 429", group: mean(func(t *Tally) int64 { return t.Rejected })}
	count := func(name, about string, v func(*Run) int64) Metric {
		return Metric{Name: name, Better: Lower, About: about, run: meanOfRuns(func(r *Run) float64 { return n(v(r)) })}
	}
	m[RejectedRequests] = Metric{Name: "rejected_requests", Better: Lower, About: "429s from a limit on requests a minute, an hour or a day",
		group: mean(func(t *Tally) int64 { return t.rejectedBy(limit.ByRPM, limit.ByRPH, limit.ByRPD) })}
	m[RejectedTokens] = Metric{Name: "rejected_tokens", Better: Lower, About: "429s from a limit on tokens a minute, an hour or a day",
		group: mean(func(t *Tally) int64 {
			return t.rejectedBy(limit.ByTPM, limit.ByTPH, limit.ByTPD, limit.ByITPM, limit.ByOTPM, limit.ByOversize)
		})}
	for name := range limit.NumNames {
		m[RejectedBy+ID(name)] = Metric{Name: "rejected_by." + name.String(), Better: Lower, About: "429s from the limit " + name.String(),
			group: mean(func(t *Tally) int64 { return t.RejectedBy[name] })}
	}
	m[ServerErrors] = count("server_errors", "replies with a status of 500 and above", func(r *Run) int64 { return r.ServerErrors })
	m[CoordinatorAsks] = Metric{Name: "coordinator_asks", Better: Lower, About: "requests to the coordinator of the fleet",
		run: meanOfRuns(func(r *Run) float64 { return unless(r.Asks == 0, n(r.Asks)) })}
	m[GoodputTPM] = Metric{Name: "goodput_tpm", Unit: TokensPerMinute, Better: Higher,
		About: "prompt and output tokens of succeeded calls, per minute from the first arrival to the last end",
		group: func(t *Tally) (float64, float64) { return n(t.Good), t.span }}
	m[QuotaUsed] = Metric{Name: "quota_used", Unit: Share, Better: Higher, About: "tokens charged ÷ tokens allowed, from the first arrival to the end of the duration",
		run: func(r *Run) (float64, float64) { return r.Charged, r.Allowed }}
	m[WastedPromptTokens] = Metric{Name: "wasted_prompt_tokens", Unit: Tokens, Better: Lower, About: "prompt tokens of attempts that did not succeed",
		run: meanOfRuns(func(r *Run) float64 { return n(r.WastedPrompt) })}
	m[PeakAttemptsPerS] = Metric{Name: "peak_attempts_per_s", Unit: PerSecond, Better: Lower, About: "most attempts that reached a deployment in one second of the clock",
		run: meanOfRuns(func(r *Run) float64 { return n(most(r.peaks)) })}
	m[PeakToMean] = Metric{Name: "peak_to_mean", Unit: Ratio, Better: Lower, About: "peak_attempts_per_s ÷ the mean per second from the first attempt to the last", run: meanOfRuns((*Run).peakToMean)}
	m[RetryPeak] = Metric{Name: "retry_peak", Better: Lower, About: "most retries that reached a deployment in one window of the clock; its width is --window, 1s by default",
		run: meanOfRuns(func(r *Run) float64 { return n(most(r.retries)) })}
	m[DrainedAt] = Metric{Name: "drained_at", Unit: Seconds, Better: Lower, About: "when the last call ended", run: meanOfRuns(func(r *Run) float64 { return unless(r.Calls == 0, r.LastEnd.Seconds()) })}
	m[RecoveryS] = Metric{Name: "recovery_s", Unit: Seconds, Better: Lower,
		About: "time from the end of the last fault until goodput over 10 s is back at 95 % of its mean before the first fault", run: meanOfRuns((*Run).recoverySeconds)}
}

// times fills in how long calls took.
func times(m []Metric) {
	for _, q := range [...]struct {
		success, latency ID
		level            float64
		name, share      string
	}{
		{TimeToSuccessP50, LatencyP50, 0.5, "p50", "half"},
		{TimeToSuccessP95, LatencyP95, 0.95, "p95", "95 %"},
		{TimeToSuccessP99, LatencyP99, 0.99, "p99", "99 %"},
	} {
		m[q.success] = Metric{Name: "time_to_success_" + q.name, Unit: Seconds, Better: Lower, quantile: q.level, of: untilSuccess,
			About: "time from arrival within which " + q.share + " of all calls succeed; absent where fewer do"}
		m[q.latency] = Metric{Name: "latency_" + q.name, Unit: Seconds, Better: Lower, quantile: q.level, of: ofSuccesses,
			About: "time from arrival within which " + q.share + " of the succeeded calls succeeded"}
	}
	for _, q := range [...]struct {
		first, token ID
		level        float64
		name, share  string
	}{
		{TTFTP50, TPOTP50, 0.5, "p50", "half"},
		{TTFTP95, TPOTP95, 0.95, "p95", "95 %"},
		{TTFTP99, TPOTP99, 0.99, "p99", "99 %"},
	} {
		m[q.first] = Metric{Name: "ttft_" + q.name, Unit: Seconds, Better: Lower, quantile: q.level, of: untilFirst,
			About: "time to first token: from arrival, within which it has come to " + q.share + " of all streamed calls; absent where fewer succeed"}
		m[q.token] = Metric{Name: "tpot_" + q.name, Unit: Seconds, Better: Lower, quantile: q.level, of: perToken,
			About: "time per output token, from the first token to the end, that " + q.share + " of all streamed calls do not exceed; absent where fewer succeed"}
	}
	m[LatencyMax] = Metric{Name: "latency_max", Unit: Seconds, Better: Lower, About: "longest time from arrival to success in a replication",
		run: meanOfRuns(func(r *Run) float64 { return unless(r.Succeeded == 0, r.latencyMax.Seconds()) })}
	m[LatencyMean] = Metric{Name: "latency_mean", Unit: Seconds, Better: Lower, About: "mean time from arrival to success, of the succeeded calls",
		run: func(r *Run) (float64, float64) { return float64(r.latencySum) / 1e9, n(r.Succeeded) }}
	m[QueueWaitP95] = Metric{Name: "queue_wait_p95", Unit: Seconds, Better: Lower, quantile: 0.95, of: untilSent,
		About: "time from arrival within which 95 % of the calls that were sent had their first attempt"}
	m[RegretS] = Metric{Name: "regret_s", Unit: Seconds, Better: Lower, About: "latency_mean minus that of oracle in the same replication"}
}

// money fills in what was paid.
func money(m []Metric) {
	m[CostUSD] = Metric{Name: "cost_usd", Unit: USD, Better: Lower, About: "cost of the run at the catalog's prices: billed tokens, PTU-hours and batch discount",
		run: meanOfRuns(func(r *Run) float64 { return r.CostUSD })}
	m[CostPerSuccessUSD] = Metric{Name: "cost_per_success_usd", Unit: USD, Better: Lower, About: "cost_usd ÷ succeeded",
		run: func(r *Run) (float64, float64) { return r.CostUSD, n(r.Succeeded) }}
	m[CachedShare] = Metric{Name: "cached_share", Unit: Share, Better: Higher, About: "prompt tokens that came from the provider's cache ÷ prompt tokens billed; absent where nothing is cached",
		run: func(r *Run) (float64, float64) {
			if !r.setup.Caches {
				return 0, 0
			}
			return n(r.BilledCached), n(r.BilledPrompt)
		}}
}

// conversations fills in what became of the sessions, of which calls are the turns.
func conversations(m []Metric) {
	of := func(name string, better Direction, about string, v func(*Run) int64) Metric {
		return Metric{Name: name, Better: better, About: about, run: meanOfRuns(func(r *Run) float64 { return unless(r.Sessions == 0, n(v(r))) })}
	}
	m[Sessions] = of("sessions", Neither, "conversations and tasks of agents that began; absent without the process sessions", func(r *Run) int64 { return r.Sessions })
	m[LostSessions] = Metric{Name: "lost_sessions", Unit: Share, Better: Lower, About: "sessions that stopped because one of their calls failed ÷ sessions", share: true,
		run: func(r *Run) (float64, float64) { return n(r.LostSessions), n(r.Sessions) }}
	m[LostTurns] = of("lost_turns", Lower, "turns that sessions which stopped had still to make: they never arrive, so they are no calls and in no other metric", func(r *Run) int64 { return r.LostTurns })
}

func unless(absent bool, v float64) float64 {
	if absent {
		return math.NaN()
	}
	return v
}

func most(ps []peak) int64 {
	m := int64(0)
	for i := range ps {
		m = max(m, ps[i].most)
	}
	return m
}

// peakToMean holds the peak against the mean of the same deployment, over the
// aligned seconds from its first attempt to its last.
func (r *Run) peakToMean() float64 {
	var p peak
	for _, q := range r.peaks {
		if q.most > p.most {
			p = q
		}
	}
	if p.total == 0 {
		return math.NaN()
	}
	return float64(p.most) * float64((p.end-p.begin)/max(p.width, 1)) / float64(p.total)
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

// MeanLatency returns the mean latency in seconds of the calls that succeeded;
// NaN if none did.
func (r *Run) MeanLatency() float64 {
	return unless(r.Succeeded == 0, float64(r.latencySum)/1e9/float64(r.Succeeded))
}
