package metrics

// Schema names the layout of Result. It changes only with the layout.
const Schema = "ratesim/result/v1"

// Result is what `-o json` prints and result.json holds: one scenario, several
// strategies, several replications. Times are seconds, tokens are tokens,
// rates and shares are of 1.
type Result struct {
	Schema       string        `json:"schema"`
	Kind         string        `json:"kind"` // "simulated" or "live"
	Scenario     string        `json:"scenario"`
	Seed         uint64        `json:"seed"`
	Replications int           `json:"replications"`
	Hash         string        `json:"hash"` // of every event of every run
	Strategies   []Strategy    `json:"strategies"`
	Paired       []Paired      `json:"paired"`
	Expectations []Expectation `json:"expectations"`
	Warnings     []string      `json:"warnings"`
}

// Estimate is a mean over replications with its 95 % confidence interval.
// With one replication Lo and Hi equal Mean.
type Estimate struct {
	Mean float64 `json:"mean"`
	Lo   float64 `json:"lo"`
	Hi   float64 `json:"hi"`
}

// Strategy is the outcome of one strategy. A nil Estimate is a metric that
// does not apply. Metrics has how each is computed.
type Strategy struct {
	Name string `json:"name"`

	Calls     *Estimate `json:"calls,omitempty"`
	Succeeded *Estimate `json:"succeeded,omitempty"`
	Failed    *Estimate `json:"failed,omitempty"`
	Censored  *Estimate `json:"censored,omitempty"`

	SuccessRate     *Estimate `json:"success_rate,omitempty"`
	DeadlineMetRate *Estimate `json:"deadline_met_rate,omitempty"`

	Attempts         *Estimate `json:"attempts,omitempty"`
	Amplification    *Estimate `json:"amplification,omitempty"`
	Rejected         *Estimate `json:"rejected,omitempty"`
	RejectedRequests *Estimate `json:"rejected_requests,omitempty"`
	RejectedTokens   *Estimate `json:"rejected_tokens,omitempty"`
	ServerErrors     *Estimate `json:"server_errors,omitempty"`
	CoordinatorAsks  *Estimate `json:"coordinator_asks,omitempty"`

	GoodputTPM         *Estimate `json:"goodput_tpm,omitempty"`
	QuotaUsed          *Estimate `json:"quota_used,omitempty"`
	WastedPromptTokens *Estimate `json:"wasted_prompt_tokens,omitempty"`

	LatencyP50   *Estimate `json:"latency_p50,omitempty"`
	LatencyP95   *Estimate `json:"latency_p95,omitempty"`
	LatencyP99   *Estimate `json:"latency_p99,omitempty"`
	LatencyMax   *Estimate `json:"latency_max,omitempty"`
	LatencyMean  *Estimate `json:"latency_mean,omitempty"`
	QueueWaitP95 *Estimate `json:"queue_wait_p95,omitempty"`

	PeakAttemptsPerS *Estimate `json:"peak_attempts_per_s,omitempty"`
	PeakToMean       *Estimate `json:"peak_to_mean,omitempty"`
	RetryPeak        *Estimate `json:"retry_peak,omitempty"`
	DrainedAt        *Estimate `json:"drained_at,omitempty"`
	RecoveryS        *Estimate `json:"recovery_s,omitempty"`

	FairnessJain      *Estimate `json:"fairness_jain,omitempty"`
	FairnessInstances *Estimate `json:"fairness_instances,omitempty"`
	CostUSD           *Estimate `json:"cost_usd,omitempty"`
	OfOptimum         *Estimate `json:"of_optimum,omitempty"`
	RegretS           *Estimate `json:"regret_s,omitempty"`

	Failures Failures `json:"failures"`
	Curves   *Curves  `json:"curves,omitempty"`
}

// Failures counts failed calls by reason.
type Failures struct {
	MaxRetries   *Estimate `json:"max_retries,omitempty"`
	Deadline     *Estimate `json:"deadline,omitempty"`
	NotRetryable *Estimate `json:"not_retryable,omitempty"`
	QueueTimeout *Estimate `json:"queue_timeout,omitempty"`
	Oversize     *Estimate `json:"oversize,omitempty"`
}

// Curves holds what the pictures are drawn from, so that they can be drawn
// again from a saved result. They pool all replications.
type Curves struct {
	// Latency in seconds of the succeeded calls at evenly spaced shares:
	// LatencyCDF[i] is the quantile i/(len-1). Empty when nothing succeeded.
	LatencyCDF []float64 `json:"latency_cdf,omitempty"`
	// Width is the width in seconds of one step of the series below; step i
	// covers [i*Width, (i+1)*Width).
	Width float64 `json:"width"`
	// Attempts and 429s that reached a deployment, per second, mean over
	// replications.
	AttemptsPerS []float64 `json:"attempts_per_s,omitempty"`
	RejectedPerS []float64 `json:"rejected_per_s,omitempty"`
	// Tokens charged in the last minute ÷ the limit per minute (requests where a
	// deployment has no token limit), mean over replications. A bucket that was
	// full allows up to 2 for a while; a limit cut raises it too.
	QuotaUsed []float64 `json:"quota_used,omitempty"`
}

// Paired compares two strategies replication by replication: the mean of
// a minus b and its 95 % confidence interval.
type Paired struct {
	A      string  `json:"a"`
	B      string  `json:"b"`
	Metric string  `json:"metric"`
	Mean   float64 `json:"mean"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
}

// Find returns the strategy of that name, nil if there is none.
func (r *Result) Find(name string) *Strategy {
	for i := range r.Strategies {
		if r.Strategies[i].Name == name {
			return &r.Strategies[i]
		}
	}
	return nil
}
