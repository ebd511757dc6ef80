package metrics

// Schema names the layout of Result. It changes only with the layout. In results of
// SchemaV1 shares and quantiles are means over replications, there is no verdict,
// and nothing by tenant.
const Schema = "ratesim/result/v2"

// SchemaV1 is the layout before it.
const SchemaV1 = "ratesim/result/v1"

// Result is what `-o json` prints and result.json holds: one scenario, several
// strategies, several replications. Times are seconds, tokens are tokens,
// rates and shares are of 1.
type Result struct {
	Schema       string        `json:"schema"`             // ratesim/result/v2
	Kind         string        `json:"kind"`               // "simulated" or "live"
	Scenario     string        `json:"scenario"`           // its name
	Provider     string        `json:"provider,omitempty"` // the reference of the first deployment
	Seed         uint64        `json:"seed"`               // of all random draws
	Replications int           `json:"replications"`       // how many there were
	Hash         string        `json:"hash"`               // of every event of every run
	Strategies   []Strategy    `json:"strategies"`         // one for each strategy, in the order of the scenario
	Verdict      *Verdict      `json:"verdict,omitempty"`  // which strategy to choose, and why
	Load         *Load         `json:"load,omitempty"`     // not of closed workloads
	Paired       []Paired      `json:"paired"`             // differences between strategies
	Expectations []Expectation `json:"expectations"`       // the lines of expect, checked
	// Assumed says what was assumed of the traffic and of the clients, and how that is
	// changed.
	Assumed  []string `json:"assumed,omitempty"`
	Warnings []string `json:"warnings"` // what a reader should know before using the numbers
	// Setting says what was simulated: the scenario as it was resolved, with the sources
	// of its numbers.
	Setting []Setting `json:"setting,omitempty"`
	// Prices are those of the deployments, with the rows of the catalog that say so.
	Prices []Price `json:"prices,omitempty"`
	// Command and Version are what was run.
	Command string `json:"command,omitempty"`
	Version string `json:"version,omitempty"` // of ratesim
}

// Setting is a line about a scenario.
type Setting struct {
	Topic  string `json:"topic"`            // traffic, limits, clients, faults, …
	Text   string `json:"text"`             // one sentence
	Source string `json:"source,omitempty"` // where its numbers are from, with a date
}

// Expectation is one checked line of a scenario's expect list.
type Expectation struct {
	Text   string `json:"text"`   // as the scenario has it
	Metric string `json:"metric"` // of the left side
	Met    bool   `json:"met"`    // of the values
	// Value is the left strategy's metric, and Against the right one's, if there is
	// one; nil when a metric does not apply.
	Value   *float64 `json:"value,omitempty"`
	Against *float64 `json:"against,omitempty"`
	// Margin is the left side minus the right one, paired by replication, and Certain is
	// whether its whole interval says what Met says. Without it, the outcome may be
	// chance.
	Margin  *Estimate `json:"margin,omitempty"`
	Certain bool      `json:"certain"`
	// Unreached says which side is a time that is never reached, because too few calls
	// succeed: left, right or both. Such a side is above every number.
	Unreached string `json:"unreached,omitempty"`
	// Chosen is whom the verdict chose, where that is what is expected.
	Chosen []string `json:"chosen,omitempty"`
}

// Group is a group of calls and its metrics: all calls of a strategy, or those of
// one tenant, or of one size.
type Group struct {
	Name string
	Values
}

// Strategy is the outcome of one strategy.
type Strategy struct {
	Group
	Tenants []Group // where there are several
	Sizes   []Group // by the length of the prompt: small, medium, large
	Curves  *Curves
	Bill    []Usage // what the replications used, at each price
}

// Curves holds what the pictures are drawn from, so that they can be drawn
// again from a saved result. They pool all replications.
type Curves struct {
	// Unanswered says how long it takes until all calls but a share have succeeded:
	// shares fall by a twentieth of a decade from 1 to a little above 0.0003, and end
	// where too few calls succeed.
	Unanswered []Tail `json:"unanswered,omitempty"`
	// Width is the width in seconds of one step of the series below; step i
	// covers [i*Width, (i+1)*Width). All are per second, and means over replications.
	Width float64 `json:"width"`
	// Attempts that reach a deployment; of these, those that are answered with 429, and
	// those that bring neither an answer nor a 429: the deployment fails, the
	// connection breaks, or the client's timeout ends. Each counts when it reaches the
	// deployment.
	AttemptsPerS []float64 `json:"attempts_per_s,omitempty"`
	RejectedPerS []float64 `json:"rejected_per_s,omitempty"` // answered with 429
	LostPerS     []float64 `json:"lost_per_s,omitempty"`     // neither an answer nor a 429
	// Calls that arrive, that succeed, and that end without success.
	ArrivedPerS  []float64 `json:"arrived_per_s,omitempty"`
	AnsweredPerS []float64 `json:"answered_per_s,omitempty"` // calls that succeed
	FailedPerS   []float64 `json:"failed_per_s,omitempty"`   // calls that end without success
	// Tokens charged in the last minute ÷ the limit per minute (requests where a
	// deployment has no token limit), mean over replications. A bucket that was
	// full allows up to 2 for a while; a limit cut raises it too.
	QuotaUsed []float64 `json:"quota_used,omitempty"`
}

// Tail is a point of the time to success of all calls.
type Tail struct {
	Share  float64 `json:"share"`    // of all calls that are not yet answered
	Within float64 `json:"within_s"` // after arrival
}

// Load is what the calls ask of the limits of the first deployment, as the vendor would
// charge it, whatever the client does. It is the mean of all replications.
type Load struct {
	Width  float64     `json:"width"`  // seconds of a step, as in Curves
	Limits []LimitLoad `json:"limits"` // one for each limit of the first deployment
}

// LimitLoad is the load of one limit: what is asked for and what the limit gives, per
// minute, in requests or tokens. Of a limit on what is open at a time it is how much
// would be and may be.
type LimitLoad struct {
	Limit   string    `json:"limit"`   // as in rejected_by
	Asked   []float64 `json:"asked"`   // what the calls ask for, in each step
	Allowed []float64 `json:"allowed"` // what the limit gives, in each step
}

// Paired compares two strategies replication by replication: the mean of
// a minus b and its 95 % confidence interval.
type Paired struct {
	A      string  `json:"a"`      // a strategy
	B      string  `json:"b"`      // another strategy
	Metric string  `json:"metric"` // what is compared
	Mean   float64 `json:"mean"`   // a minus b
	Lo     float64 `json:"lo"`     // lower end of the interval
	Hi     float64 `json:"hi"`     // upper end of the interval
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
