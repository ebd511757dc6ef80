package metrics

// TuningSchema names the layout of Tuning. It changes only with the layout.
const TuningSchema = "ratesim/tuning/v1"

// Tuning is which parameters of a strategy serve a workload best. Settings are chosen on one
// part of the replications, or of the periods of a log, and judged on the other.
type Tuning struct {
	Schema   string `json:"schema"`
	Scenario string `json:"scenario"`
	Strategy string `json:"strategy"`
	Seed     uint64 `json:"seed"`
	// State is what follows for the parameters.
	State TuningState `json:"state"`
	// Best is the setting that was best, beside the default, where settings were chosen.
	// Empty where all settings give the same runs as the default.
	Best string `json:"best,omitempty"`
	// Line is the strategy with the recommended parameters, for the list strategies of a
	// scenario.
	Line string `json:"line"`
	// Claim is what Best and the default came to where Best was chosen. It flatters Best,
	// the more so the more settings there are.
	Claim *Verdict `json:"claim,omitempty"`
	// Held has the default and the finalists on the part that was held back. Its verdict is
	// on the default and Best alone.
	Held *Result `json:"held_back,omitempty"`
	// Chosen and Judged say what the parts are.
	Chosen string `json:"chosen_on"`
	Judged string `json:"judged_on"`
	// Settings are all that were tried, the default first.
	Settings []TunedSetting `json:"settings"`
	Runs     int            `json:"runs"` // that were made, of all settings together
	Rounds   int            `json:"rounds"`
	Hash     string         `json:"hash"` // of every event of every run
	Warnings []string       `json:"warnings"`
	Command  string         `json:"command,omitempty"`
	Version  string         `json:"version,omitempty"`
}

// TuningState is what follows for the parameters.
type TuningState string

// The states of a tuning. All but NoEffect are of the part that was held back.
const (
	Better   TuningState = "better"    // Best is certainly better than the default, by what matters
	AsGood   TuningState = "as good"   // no difference between Best and the default matters
	Worse    TuningState = "worse"     // the default is certainly better than Best
	Unsure   TuningState = "unsure"    // a difference that matters is still possible
	NoEffect TuningState = "no effect" // every setting gives the same runs as the default
	NoneGood TuningState = "none good" // none of the two meets the SLO, or gets a call answered
)

// TunedSetting is one setting that was tried.
type TunedSetting struct {
	Name string            `json:"name"` // default, or parameter=value, …
	Args map[string]string `json:"parameters"`
	// Like is an earlier setting that gives the same runs, event by event.
	Like string `json:"like,omitempty"`
	// Replications is in how many it ran until it was left out, where settings were chosen.
	Replications int `json:"replications"`
	// Lost says why it was left out before the judgement; nil if it is like another, was not
	// among the best half, or was judged.
	Lost          *Reason   `json:"lost,omitempty"`
	FailedPer1000 *Estimate `json:"failed_per_1000,omitempty"`
	P95           *Estimate `json:"time_to_success_p95,omitempty"`
	Amplification *Estimate `json:"amplification,omitempty"`
	// Against is how it compares with Best on the part that was held back: all comparisons
	// hold together at 95 %. Empty where it was not judged.
	Against TuningState `json:"against_best,omitempty"`
}
