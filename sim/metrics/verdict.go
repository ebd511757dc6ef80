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
	// Why says what decided against each strategy that is not chosen.
	Why []Reason `json:"why"`
	// Possible lists, in an undecided verdict, the largest differences between the
	// chosen strategies that the replications do not rule out, one for each metric.
	Possible []Reason `json:"possible,omitempty"`
	// By says what the strategies were compared by, in order.
	By []string `json:"by"`

	SLO      []string          `json:"slo,omitempty"`       // as it was written
	MeetsSLO map[string]Answer `json:"meets_slo,omitempty"` // by strategy
	Misses   []Miss            `json:"misses,omitempty"`    // where nothing meets it: the nearest first

	Baseline *Baseline  `json:"baseline,omitempty"` // the comparison with the strategy that runs today
	Buy      []Purchase `json:"buy,omitempty"`      // what strategies cost and gain that also send elsewhere
	Overload []Overload `json:"overload,omitempty"` // times in which the demand is more than a limit allows
	Fits     *Fit       `json:"fits,omitempty"`     // a larger tier that is enough
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
	Metric     string    `json:"metric"`               // that decided
	Against    string    `json:"against"`              // the strategy that is worse
	By         string    `json:"by"`                   // the strategy that it is worse than
	Difference *Estimate `json:"difference,omitempty"` // how much worse it is
	Ratio      *Estimate `json:"ratio,omitempty"`      // of times and of attempts: how many times as much
}

// Miss is how far a strategy is from an objective.
type Miss struct {
	Strategy string    `json:"strategy"`        // that misses it
	SLO      string    `json:"slo"`             // the objective
	Value    *Estimate `json:"value,omitempty"` // absent where it is never reached
}

// Baseline compares every strategy with the one that runs today.
type Baseline struct {
	Name string `json:"name"` // of the strategy that runs today
	// Saved are calls a day that no longer fail, by strategy.
	Saved []Saving `json:"saved"`
}

// Saving is how many calls a day a strategy saves from failing.
type Saving struct {
	Strategy    string    `json:"strategy"`      // that replaces it
	CallsPerDay *Estimate `json:"calls_per_day"` // that no longer fail
}

// Purchase says what a strategy that also sends to another deployment costs and gains,
// compared with the first strategy chosen.
type Purchase struct {
	What string    `json:"what"` // the strategy
	USD  *Estimate `json:"usd"`  // more a run
	// Gains are differences to the chosen strategy, in failed calls and in time.
	Gains []Reason `json:"gains"`
}

// Overload is a time in which more arrives than a limit allows.
type Overload struct {
	Limit   string  `json:"limit"`   // its name, as in rejected_by
	From    float64 `json:"from_s"`  // seconds after the start
	To      float64 `json:"to_s"`    // seconds after the start
	Demand  float64 `json:"demand"`  // a minute, as the vendor would charge it
	Allowed float64 `json:"allowed"` // a minute
	// Missed is the share of the run's work that comes in this time and that no client
	// can get served before its calls are given up.
	Missed float64 `json:"missed"`
	// Share is the part of the time in which the demand is too high: 1 = always. If it
	// is less, the demand is too high in bursts, and Demand and Allowed describe these.
	Share float64 `json:"share"`
}

// Fit is the smallest tier, of the same vendor and model, at which a client policy is
// good enough. Without a Provider there is none.
type Fit struct {
	Provider          string    `json:"provider,omitempty"`             // the reference of the tier
	Strategy          string    `json:"strategy,omitempty"`             // that is good enough there
	SuccessRate       *Estimate `json:"success_rate,omitempty"`         // of that strategy there
	CostPerSuccessUSD *Estimate `json:"cost_per_success_usd,omitempty"` // of that strategy there
	Asks              string    `json:"asks,omitempty"`                 // what the tier asks for
	Derived           string    `json:"derived,omitempty"`              // from what its limits follow, if nobody has read them
}
