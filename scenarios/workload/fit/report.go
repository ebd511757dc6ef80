package fit

// Schema names the layout of a Report in JSON.
const Schema = "ratesim/fit/v1"

// A Report is a workload that was fitted to a log, how it was chosen, and how it was held
// against the log. Times are seconds.
type Report struct {
	Schema string  `json:"schema"`         // ratesim/fit/v1
	Source string  `json:"source"`         // what the log is called
	Format string  `json:"format"`         // of the log
	Rows   int64   `json:"rows"`           // of the log
	Fitted int64   `json:"fitted_rows"`    // the first of them, that the model is fitted to
	Span   float64 `json:"span_s"`         // of the fitted rows
	Rate   float64 `json:"requests_per_s"` // of the fitted rows
	CV     float64 `json:"gap_cv"`         // coefficient of variation of the gaps between them

	Arrivals    Part    `json:"arrivals"`         // how requests arrive
	Prompt      Part    `json:"prompt_tokens"`    // how large prompts are
	Output      Part    `json:"output_tokens"`    // how large outputs are
	Spearman    float64 `json:"spearman"`         // rank correlation of prompt and output in the log
	Correlation float64 `json:"rank_correlation"` // that of the model; 0 where they are drawn apart

	Stage  Stage   `json:"stage"`  // where log and models were simulated
	Trials []Trial `json:"trials"` // the models that were simulated, in that order; the chosen one by other runs than those that chose it
	Chosen int     `json:"chosen"` // which of the trials is the model, from 0
	Curves []Curve `json:"curves"` // what the pictures are drawn from

	Scenario string   `json:"scenario"`          // the text of the file
	Warnings []string `json:"warnings"`          // what a reader should know before using the model
	Command  string   `json:"command,omitempty"` // that makes the same again
	Version  string   `json:"version,omitempty"` // of ratesim
}

// A Stage is the deployment against which models and the log were simulated.
type Stage struct {
	Provider string  `json:"provider"`         // the reference of the deployment
	TPM      int64   `json:"tpm,omitempty"`    // the only limit, in tokens a minute, set so that it binds; absent where the deployment has its own limits
	Refused  float64 `json:"refused_share"`    // of the log's calls, of a client that does not retry
	Duration float64 `json:"duration_s"`       // how long calls arrive
	LogRuns  int     `json:"log_replications"` // of the log, which differ in answer times alone
	FitRuns  int     `json:"fit_replications"` // of each model
	Seed     uint64  `json:"seed"`             // of all random draws
}

// A Trial is a model, and what strategies made of its calls and of those of the log.
type Trial struct {
	Arrivals   string       `json:"arrivals"`      // the candidate, as in what follows
	Prompt     string       `json:"prompt_tokens"` // the candidate
	Output     string       `json:"output_tokens"` // the candidate
	Strategies []Comparison `json:"strategies"`    // one for each client
	Worst      float64      `json:"worst_error"`   // the largest difference of two means, as a share of the log's; differences of at most 5 calls of 1,000 do not count
	Meets      string       `json:"meets"`         // the worst of all comparisons: met, chance or missed
}

// What a comparison may come to.
const (
	Met    = "met"    // the means differ by at most Bound, or by at most Floor
	Chance = "chance" // they differ by more, but runs of the model differ by as much among themselves
	Missed = "missed"
)

const (
	// Bound is how far the mean of a model may be from the log, as a share.
	Bound = 0.20
	// Floor is which difference is too small to matter: of 1,000 calls.
	Floor = 5.0
)

// A Comparison is of one strategy.
type Comparison struct {
	Strategy string `json:"strategy"`          // its name
	Failed   Pair   `json:"failed_per_1000"`   // calls without an answer, of 1,000
	Rejected Pair   `json:"rejected_per_1000"` // 429s, of 1,000 calls
}

// A Pair is a number of the log and of the model.
type Pair struct {
	Log   float64  `json:"log"`             // mean over the replications of the log
	Fit   float64  `json:"fit"`             // mean over those of the model
	Lo    float64  `json:"lo"`              // of the 95 % interval of the model's mean
	Hi    float64  `json:"hi"`              // its other end
	Low   float64  `json:"low"`             // of where one more run of the model would be, with 95 %
	High  float64  `json:"high"`            // the other end of that
	Error *float64 `json:"error,omitempty"` // (fit - log) ÷ log; absent where log is 0
	Meets string   `json:"meets"`           // met: the means differ by at most 20 % or 5 of 1,000 calls; chance: one more run of the model may differ as much; missed: neither
}

// A Curve is how lengths or gaps are distributed.
type Curve struct {
	Of    string    `json:"of"`    // prompt_tokens, output_tokens or gaps_s
	Share []float64 `json:"share"` // of the requests
	Log   []float64 `json:"log"`   // what that share of the log does not exceed
	Fit   []float64 `json:"fit"`   // what that share of the model's requests does not exceed
}
