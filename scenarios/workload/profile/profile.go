// Package profile says what a usage log is like: how many requests and tokens come, how
// unevenly, how large they are, whose they are, and which limits they would exceed.
//
// A [Meter] reads a log row by row. Its memory grows with the minutes of the log, its tenants
// and the largest request, not with its rows. [Meter.Profile] then gives the numbers. A number
// that the log cannot tell is absent, never 0: a log of buckets knows nothing of seconds.
package profile

import (
	"slices"
	"strings"
)

// Schema names the layout of a Profile in JSON.
const Schema = "ratesim/workload/v1"

// Profile is what a log is like. Times are seconds, rates are per minute.
type Profile struct {
	Schema string `json:"schema"`          // ratesim/workload/v1
	Source string `json:"source"`          // the name of the log
	Format string `json:"format"`          // of the log
	Start  string `json:"start,omitempty"` // RFC 3339; absent where times count from an unknown beginning
	// Bucket is the width of the rows; 0 where each row is a request.
	Bucket      float64 `json:"bucket_s"`
	Rows        int64   `json:"rows"`           // of the log
	Requests    int64   `json:"requests"`       // 0 where a log of buckets does not count them
	Span        float64 `json:"span_s"`         // from the first row to the last, or to the end of the last bucket
	Bins        int     `json:"full_minutes"`   // that RPM and TPM are of: full minutes from the first row on, or buckets
	Prompt      int64   `json:"prompt_tokens"`  // all of them
	Cached      int64   `json:"cached_tokens"`  // of the prompt tokens
	Output      int64   `json:"output_tokens"`  // all of them
	RequestRate float64 `json:"requests_per_s"` // mean over the span

	RPM *Rate `json:"rpm,omitempty"` // requests a minute
	TPM *Rate `json:"tpm,omitempty"` // prompt and output tokens

	// These are of logs of requests.
	Windows     []Window     `json:"windows,omitempty"`       // the most that comes in stretches of several lengths
	Gaps        *Gaps        `json:"gaps,omitempty"`          // times between requests
	PromptSizes *Sizes       `json:"prompt_sizes,omitempty"`  // prompt tokens of a request
	OutputSizes *Sizes       `json:"output_sizes,omitempty"`  // output tokens of a request
	Correlation *Correlation `json:"correlation,omitempty"`   // between prompt and output
	Declared    *Sizes       `json:"max_tokens,omitempty"`    // of requests that declare it
	Undeclared  int64        `json:"without_max_tokens"`      // requests
	Latency     *Sizes       `json:"latency_s,omitempty"`     // seconds from a request to its answer
	Open        *Open        `json:"open_requests,omitempty"` // requests at a time, by their latencies
	Statuses    []Count      `json:"statuses,omitempty"`      // requests by the HTTP status of the reply

	Models  []Count  `json:"models,omitempty"`  // requests by model
	Tenants *Tenants `json:"tenants,omitempty"` // how uneven they are
	Hours   []Hour   `json:"hours,omitempty"`   // of the day
	Series  *Series  `json:"series,omitempty"`  // the log over time
	Cost    *Cost    `json:"cost,omitempty"`    // what the log says it cost, against list prices

	Why    string `json:"ladder_of,omitempty"` // why these deployments
	Ladder []Tier `json:"ladder,omitempty"`    // the limits of each tier against the log

	BadRows  int64    `json:"bad_rows"`          // rows left out by --skip-bad-rows
	Warnings []string `json:"warnings"`          // what a reader should know before using the numbers
	Command  string   `json:"command,omitempty"` // that makes the same result again
	Version  string   `json:"version,omitempty"` // of the program
}

// Rate is how a rate is distributed over minutes, or over the buckets of the log. Percentiles
// are interpolated linearly.
type Rate struct {
	Mean float64 `json:"mean"` // of all minutes
	P50  float64 `json:"p50"`  // half of the minutes have at most this
	P95  float64 `json:"p95"`  // 95 % of the minutes have at most this
	P99  float64 `json:"p99"`  // 99 % of the minutes have at most this
	Max  float64 `json:"max"`  // of the busiest minute
	CV   float64 `json:"cv"`   // standard deviation ÷ mean
	// Lag is the correlation of each minute with the next; absent where all are alike.
	Lag *float64 `json:"lag1_autocorrelation,omitempty"`
}

// Window says how much comes in any stretch of time of one length.
type Window struct {
	Seconds    float64  `json:"seconds"`              // length of the stretch
	Requests   int64    `json:"max_requests"`         // in any such stretch, wherever it begins
	Tokens     int64    `json:"max_tokens"`           // the most in any such stretch
	Dispersion *float64 `json:"dispersion,omitempty"` // variance ÷ mean of the requests in stretches side by side; 1 = Poisson
}

// Gaps are the times between requests.
type Gaps struct {
	CV float64 `json:"cv"` // standard deviation ÷ mean; 1 = Poisson
	// Local is the median of the CV within five minutes: without slow changes, as of night and day.
	Local *float64 `json:"cv_5min,omitempty"`
	P50   float64  `json:"p50_s"` // half of the gaps are at most so long
	P99   float64  `json:"p99_s"` // 99 % of the gaps are at most so long
	Max   float64  `json:"max_s"` // the longest gap
}

// Sizes say how a number is distributed over requests.
type Sizes struct {
	Mean float64 `json:"mean"` // of all requests
	P50  float64 `json:"p50"`  // half of the requests have at most this
	P95  float64 `json:"p95"`  // 95 % of the requests have at most this
	P99  float64 `json:"p99"`  // 99 % of the requests have at most this
	Max  float64 `json:"max"`  // of all requests
	// Quantiles are those of 0 %, 1 % to 100 %.
	Quantiles []float64 `json:"quantiles,omitempty"`
}

// Correlation says whether large prompts have large outputs.
type Correlation struct {
	Pearson  float64 `json:"pearson"`       // of the tokens
	LogLog   float64 `json:"log_log"`       // of the logarithms, of requests with both
	Spearman float64 `json:"spearman"`      // of the ranks
	Rows     int64   `json:"spearman_rows"` // an even sample of so many
}

// Open says how many requests are open at a time, by their latencies.
type Open struct {
	Mean float64 `json:"mean"` // over time
	Max  int64   `json:"max"`  // at any time
}

// Count is how many requests have a name.
type Count struct {
	Name     string `json:"name"`     // of the model, or the status
	Requests int64  `json:"requests"` // that have the name
}

// Tenants says how uneven tenants are.
type Tenants struct {
	Number int     `json:"number"`      // of tenants
	Top1   float64 `json:"top1_share"`  // of the requests
	Top5   float64 `json:"top5_share"`  // of the five largest
	Top10  float64 `json:"top10_share"` // of the ten largest
	Top    []Share `json:"top"`         // those of most requests
}

// Share is the part of a tenant.
type Share struct {
	Name     string  `json:"name"`            // of the tenant
	Requests int64   `json:"requests"`        // of the tenant
	Share    float64 `json:"share"`           // of the requests
	Tokens   int64   `json:"tokens"`          // prompt and output tokens
	OfTokens float64 `json:"share_of_tokens"` // of all tokens
}

// Hour is what comes in an hour of the day, on average.
type Hour struct {
	Hour    int     `json:"hour"`    // 0 to 23
	Minutes float64 `json:"minutes"` // of the log
	RPM     float64 `json:"rpm"`     // requests a minute, mean
	TPM     float64 `json:"tpm"`     // tokens a minute, mean
}

// Series is the log over time: the busiest minute of each step.
type Series struct {
	Step float64   `json:"step_s"` // seconds of a step
	RPM  []float64 `json:"rpm"`    // requests of the busiest minute of each step
	TPM  []float64 `json:"tpm"`    // tokens of the busiest minute of each step
}

// Cost holds what a log says it cost against what a catalog's prices say.
type Cost struct {
	Logged  float64 `json:"logged_usd"`                // the sum that the log says
	Rows    int64   `json:"rows"`                      // that say what they cost
	Listed  float64 `json:"listed_usd"`                // the sum by list prices
	Priced  int64   `json:"listed_rows"`               // of these rows, those of models with a price
	Compare float64 `json:"logged_of_listed_rows_usd"` // what the log says of these
	// Ratio is Compare ÷ Listed; absent where no model has a price.
	Ratio *float64 `json:"ratio,omitempty"`
}

// Tier is a deployment, and what the log asks of its limits.
type Tier struct {
	Ref  string `json:"ref"`            // the reference of the deployment
	Asks string `json:"asks,omitempty"` // what the vendor asks for it
	// Derived is from what the limits follow, if nobody has read them; else empty.
	Derived string `json:"derived,omitempty"`
	Limits  []Use  `json:"limits"` // each limit, and what the log asks of it
	// Breaks are the names of the limits that the log exceeds.
	Breaks []string `json:"breaks"`
}

// Use is what a log asks of one limit.
type Use struct {
	Limit   string  `json:"limit"`    // as in rejected_by
	Window  float64 `json:"window_s"` // in which the limit counts
	Allowed float64 `json:"allowed"`  // in the window
	Peak    float64 `json:"peak"`     // the most that is asked of it in any window
	Ratio   float64 `json:"ratio"`    // Peak ÷ Allowed
	// Over is the share of the windows, side by side, that ask for more than is allowed.
	Over float64 `json:"share_over"`
	// Excess is the share of what is asked for that does not fit these windows.
	Excess float64 `json:"excess_share"`
}

// Model is the reference without its tier.
func (t *Tier) Model() string {
	model, _, _ := strings.Cut(t.Ref, "@")
	return model
}

// A Step is the ladder of one model.
type Step struct {
	Model string
	Tiers []Tier
	// Fits is the first tier whose limits the log never exceeds; -1 = none.
	Fits int
}

// Steps returns the ladder of each model.
func (p *Profile) Steps() []Step {
	var all []Step
	for from := 0; from < len(p.Ladder); {
		to := from + 1
		for to < len(p.Ladder) && p.Ladder[to].Model() == p.Ladder[from].Model() {
			to++
		}
		s := Step{p.Ladder[from].Model(), p.Ladder[from:to], -1}
		s.Fits = slices.IndexFunc(s.Tiers, func(t Tier) bool { return len(t.Breaks) == 0 && len(t.Limits) > 0 })
		all = append(all, s)
		from = to
	}
	return all
}
