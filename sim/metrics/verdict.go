package metrics

// Verdict is what follows from a comparison. Package sim/verdict says how.
type Verdict struct {
	// State is how sure the verdict is.
	State State `json:"state"`
	// Chosen are the strategies that no other is certainly better than, the simplest
	// first. Of a verdict that is decided the first is the recommendation.
	Chosen []string `json:"chosen"`
	// Ties are the chosen ones but the first, where no difference between them matters.
	Ties []string `json:"ties,omitempty"`
	// Why says of each strategy that is not chosen what decided against it.
	Why []Reason `json:"why"`
	// Possible are the largest differences between those chosen that the replications do
	// not rule out, by metric, where that is undecided.
	Possible []Reason `json:"possible,omitempty"`
	// By says what the strategies were compared by, in order.
	By []string `json:"by"`

	SLO      []string          `json:"slo,omitempty"`       // as it was written
	MeetsSLO map[string]Answer `json:"meets_slo,omitempty"` // by strategy
	Misses   []Miss            `json:"misses,omitempty"`    // where nothing meets it: the nearest first

	Baseline *Baseline  `json:"baseline,omitempty"`
	Buy      []Purchase `json:"buy,omitempty"`
	Overload []Overload `json:"overload,omitempty"`
	Fits     *Fit       `json:"fits,omitempty"`
}

// State is how sure a verdict is.
type State string

// The states of a verdict.
const (
	Decided   State = "decided"   // one is best
	Tied      State = "tied"      // several are best, and no difference between them matters
	Undecided State = "undecided" // a difference that matters is still possible
	Leads     State = "leads"     // one replication, or two to four: no verdict
	Nothing   State = "nothing"   // no strategy gets a call answered, or meets the SLO
)

// Answer is whether a strategy meets an SLO.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown" // the interval holds the bound
)

// Reason is a difference that decides: how much worse one strategy is than the one
// that was preferred to it.
type Reason struct {
	Metric     string    `json:"metric"`
	Against    string    `json:"against"` // the strategy that is worse
	By         string    `json:"by"`      // the strategy that it is worse than
	Difference *Estimate `json:"difference,omitempty"`
	Ratio      *Estimate `json:"ratio,omitempty"` // of times and of attempts: how many times as much
}

// Miss is how far a strategy is from an objective.
type Miss struct {
	Strategy string    `json:"strategy"`
	SLO      string    `json:"slo"`
	Value    *Estimate `json:"value,omitempty"` // absent where it is never reached
}

// Baseline compares every strategy with the one that runs today.
type Baseline struct {
	Name string `json:"name"`
	// Saved are calls a day that no longer fail, by strategy.
	Saved []Saving `json:"saved"`
}

// Saving is how many calls a day a strategy saves from failing.
type Saving struct {
	Strategy    string    `json:"strategy"`
	CallsPerDay *Estimate `json:"calls_per_day"`
}

// Purchase is what a strategy that sends to another deployment than the first costs,
// and what it gains, against the first one chosen.
type Purchase struct {
	What string    `json:"what"` // the strategy
	USD  *Estimate `json:"usd"`  // more a run
	// Gains are differences to the chosen strategy, in failed calls and in time.
	Gains []Reason `json:"gains"`
}

// Overload is a time in which more arrives than a limit allows.
type Overload struct {
	Limit   string  `json:"limit"`
	From    float64 `json:"from_s"`
	To      float64 `json:"to_s"`
	Demand  float64 `json:"demand"`  // a minute, as the vendor would charge it
	Allowed float64 `json:"allowed"` // a minute
	// Missed is the share of the run's work that comes in this time and that no client
	// can have served before it is given up.
	Missed float64 `json:"missed"`
	// Share is in how much of the time the demand is too high: 1 = throughout. Where it
	// is less, the demand is too high in bursts, and Demand and Allowed are of these.
	Share float64 `json:"share"`
}

// Fit is the smallest tier, of the same vendor and model, at which a client policy is
// good enough. Without a Provider there is none.
type Fit struct {
	Provider          string    `json:"provider,omitempty"`
	Strategy          string    `json:"strategy,omitempty"`
	SuccessRate       *Estimate `json:"success_rate,omitempty"`
	CostPerSuccessUSD *Estimate `json:"cost_per_success_usd,omitempty"`
	Asks              string    `json:"asks,omitempty"` // what the tier asks for
}
