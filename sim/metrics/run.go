package metrics

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// NumReasons is how many reasons of failure there are: max_retries, deadline,
// not_retryable, queue_timeout and oversize, in this order.
const NumReasons = 5

// The range of the histograms: 1 us to 30 days, to three significant digits.
// Longer times count as 30 days.
const (
	longest = int64(30 * 24 * time.Hour / time.Microsecond)
	digits  = 3
)

// Setup is what a Run must know beforehand.
type Setup struct {
	Deployments int
	Tenants     int
	Instances   int
	RetryWindow time.Duration // width of the windows of retry_peak; 0 = 1 s
	// The first and the last fault with a beginning and an end: goodput before
	// FaultFrom is the norm that recovery after FaultUntil is held against.
	// Both 0 when there is none.
	FaultFrom, FaultUntil clock.Time
}

// Run is what one strategy did in one replication. The driver reports events
// in time order through the methods; the exported fields are read when it is
// over.
type Run struct {
	Calls, Succeeded, Censored int64
	Failed                     [NumReasons]int64
	DueCalls, DueMet           int64 // calls with a deadline, and those that succeeded by then

	Attempts, Retries int64
	Rejected          int64
	RejectedBy        [limit.NumNames]int64 // of Rejected, by the limit that refused
	ServerErrors      int64
	Asks              int64 // of a coordinator; the driver counts
	WastedPrompt      int64

	GoodTokens int64
	Tenants    []Served
	Instances  []Served

	FirstArrival, LastArrival clock.Time
	LastEnd                   clock.Time

	// Filled in by the driver at the end of the run.
	CostUSD   float64
	QuotaUsed float64 // negative when no deployment in use has a token limit
	Hash      uint64  // of the event history

	latencySum uint64 // ns
	latencyMax time.Duration
	latency    *hdrhistogram.Histogram // us, succeeded calls
	wait       *hdrhistogram.Histogram // us, arrival to first attempt

	arrived  bool
	peaks    []peak // of attempts, a deployment each
	retries  []peak
	recovery recovery

	attempts, rejected, use, samples Series
}

// Work is what a call asks for.
type Work struct {
	Tenant, Instance int
	Tokens           int64 // prompt and output
	Due              bool  // it has a deadline
}

// Served is what one tenant, or one instance, got.
type Served struct {
	Demand int64 // tokens its calls asked for
	Good   int64 // tokens of those that succeeded in time
}

// NewRun returns an empty Run.
func NewRun(s Setup) *Run {
	if s.RetryWindow == 0 {
		s.RetryWindow = time.Second
	}
	r := &Run{
		QuotaUsed: -1,
		Tenants:   make([]Served, s.Tenants),
		Instances: make([]Served, s.Instances),
		latency:   hdrhistogram.New(1, longest, digits),
		wait:      hdrhistogram.New(1, longest, digits),
		peaks:     make([]peak, s.Deployments),
		retries:   make([]peak, s.Deployments),
		recovery:  recovery{from: s.FaultFrom, until: s.FaultUntil},
		attempts:  newSeries(time.Second),
		rejected:  newSeries(time.Second),
		use:       newSeries(time.Second),
		samples:   newSeries(time.Second),
	}
	for i := range s.Deployments {
		r.peaks[i].width = clock.Second
		r.retries[i].width = clock.Time(s.RetryWindow)
	}
	return r
}

// Arrive takes down a call that asks for w.
func (r *Run) Arrive(now clock.Time, w Work) {
	if !r.arrived {
		r.arrived, r.FirstArrival = true, now
		r.recovery.since = now
	}
	r.LastArrival = now
	r.Calls++
	r.Tenants[w.Tenant].Demand += w.Tokens
	r.Instances[w.Instance].Demand += w.Tokens
	if w.Due {
		r.DueCalls++
	}
}

// Attempt takes down an attempt that reaches a deployment; first says that it
// is its call's first.
func (r *Run) Attempt(now clock.Time, deployment int, first bool) {
	r.Attempts++
	r.peaks[deployment].add(now)
	if !first {
		r.Retries++
		r.retries[deployment].add(now)
	}
	r.attempts.Add(now, 1)
}

// Reject takes down an attempt that a limit refused, as the deployment answers.
func (r *Run) Reject(now clock.Time, by limit.Name) {
	r.Rejected++
	r.RejectedBy[by]++
	r.rejected.Add(now, 1)
}

// rejectedBy returns how many attempts these limits refused.
func (r *Run) rejectedBy(names ...limit.Name) float64 {
	n := int64(0)
	for _, name := range names {
		n += r.RejectedBy[name]
	}
	return float64(n)
}

// ServerError takes down a 5xx as the deployment sends it.
func (r *Run) ServerError() { r.ServerErrors++ }

// Waste takes down the prompt tokens of an attempt that did not succeed.
func (r *Run) Waste(prompt uint32) { r.WastedPrompt += int64(prompt) }

// Wait takes down how long a call waited for its first attempt.
func (r *Run) Wait(d time.Duration) { record(r.wait, d) }

// Succeed takes down a call for w that ended well after latency.
func (r *Run) Succeed(now clock.Time, latency time.Duration, w Work) {
	r.LastEnd = now
	r.Succeeded++
	r.latencySum += uint64(latency)
	r.latencyMax = max(r.latencyMax, latency)
	record(r.latency, latency)
	if w.Due {
		r.DueMet++
	}
	r.GoodTokens += w.Tokens
	r.Tenants[w.Tenant].Good += w.Tokens
	r.Instances[w.Instance].Good += w.Tokens
	r.recovery.add(now, w.Tokens)
}

// Fail takes down a call that ended without success.
func (r *Run) Fail(now clock.Time, reason int) {
	r.LastEnd = now
	r.Failed[reason]++
}

// Censor takes down n calls that were still open when the run ended.
func (r *Run) Censor(now clock.Time, n int64) {
	r.Censored += n
	if n > 0 {
		r.LastEnd = now
	}
}

// Use takes down which share of the limit per minute was charged in the minute
// up to now.
func (r *Run) Use(now clock.Time, share float64) {
	r.use.Add(now, int64(share*useUnit))
	r.samples.Add(now, 1)
}

// useUnit makes a share an integer, so that samples add up exactly.
const useUnit = 1e6

// record clamps to the range of the histograms and so cannot fail.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	us := min(max(int64((d+500)/time.Microsecond), 0), longest)
	if err := h.RecordValue(us); err != nil {
		panic("metrics: " + err.Error() + " inside the histogram's own range")
	}
}
