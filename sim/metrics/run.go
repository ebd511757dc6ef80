package metrics

import (
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// Setup is what a Run must know beforehand.
type Setup struct {
	Deployments int
	Tenants     int
	Instances   int
	Duration    time.Duration // how long calls arrive
	RetryWindow time.Duration // width of the windows of retry_peak; 0 = 1 s
	// Weights are the tenants' weights in max-min fairness; nil = all the same.
	Weights []float64
	// Thirds are the two prompt lengths, in tokens, that divide the calls into the
	// short, the medium and the long.
	Thirds [2]uint32
	// Caches says that the provider's cache may have some of the prompts.
	Caches bool
	// Streams says that some of the answers are streamed.
	Streams bool
	// Resolution is that of what the run keeps over time.
	Resolution Resolution
	// The first and the last fault with a beginning and an end: goodput before
	// FaultFrom is the norm that recovery after FaultUntil is held against.
	// Both 0 when there is none.
	FaultFrom, FaultUntil clock.Time
}

// Run is what one strategy did in one replication. The driver reports events
// in time order through the methods, then calls Close; the exported fields are read
// when it is over.
type Run struct {
	Tally // of all calls, once the run is closed

	// Tenants and Sizes divide the calls by tenant and by the length of the prompt.
	// They are filled in by Close, Tenants where there are several.
	Tenants []Tally
	Sizes   []Tally

	Retries      int64
	ServerErrors int64
	Asks         int64 // of a coordinator; the driver counts
	WastedPrompt int64

	Instances []Served

	FirstArrival, LastArrival clock.Time
	LastEnd                   clock.Time

	// Filled in by the driver at the end of the run.
	CostUSD float64
	Usage   []Usage // what it is made of
	// Tokens of the prompts that were answered, and how many of them came from the
	// provider's cache.
	BilledPrompt, BilledCached int64
	// Of the process sessions: how many began, how many stopped because a call failed, and
	// how many turns those had still to make.
	Sessions, LostSessions, LostTurns int64
	Charged                           float64 // tokens charged until the end of the workload's duration
	Allowed                           float64 // tokens the limits allowed until then; 0 when no deployment in use has a token limit
	Most                              int64   // the most calls that any client could have had succeed; negative when that is not known
	Elsewhere                         bool    // attempts went to another deployment than the first
	Hash                              uint64  // of the event history

	setup      Setup
	groups     []Tally // by tenant and size; nil once the run is closed
	latencySum uint64  // ns
	latencyMax time.Duration
	waits      Histogram // arrival to first attempt
	wait       packed

	arrived  bool
	peaks    []peak // of attempts, a deployment each
	retries  []peak
	recovery recovery

	series *overTime
}

// overTime is what a run did step by step, from which pictures are drawn.
type overTime [numSeries]Series

// What is kept over time.
const (
	attempts = iota // that reach a deployment
	rejected        // of them, answered with 429
	lost            // of them, those that bring neither an answer nor a 429
	arrived         // calls
	answered        // calls that succeed
	failed          // calls that end without success
	use             // shares of the limit in use, in units of 1/useUnit
	samples         // how many of them
	numSeries
)

func newOverTime(r Resolution) *overTime {
	var o overTime
	for i := range o {
		o[i] = newSeries(r.orDefault())
	}
	return &o
}

func (o *overTime) merge(p *overTime) {
	for i := range o {
		o[i].Merge(&p[i])
	}
}

// NumSizes is how many groups calls fall into by the length of their prompt: short,
// medium and long.
const NumSizes = 3

// Work is what a call asks for.
type Work struct {
	Group    int // as Run.Group says
	Instance int
	Tokens   int64 // prompt and output
	Due      bool  // it has a deadline
	Streamed bool  // its answer comes piece by piece

	// Of a streamed answer that has come: from the call's arrival to its first token, and from
	// there to the end for each of its tokens.
	FirstToken, PerToken time.Duration
}

// Served is what one instance got.
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
		Most:      -1,
		Instances: make([]Served, s.Instances),
		setup:     s,
		groups:    make([]Tally, s.Tenants*NumSizes),
		peaks:     make([]peak, s.Deployments),
		retries:   make([]peak, s.Deployments),
		recovery:  recovery{from: s.FaultFrom, until: s.FaultUntil},
		series:    newOverTime(s.Resolution),
	}
	for i := range s.Deployments {
		r.peaks[i].width = clock.Second
		r.retries[i].width = clock.Time(s.RetryWindow)
	}
	return r
}

// weight returns a tenant's weight.
func (s *Setup) weight(tenant int) float64 {
	if s.Weights == nil {
		return 1
	}
	return s.Weights[tenant]
}

// Group returns the number of the group of a call.
func (r *Run) Group(tenant int, prompt uint32) int {
	size := 0
	if prompt > r.setup.Thirds[0] {
		size = 1
	}
	if prompt > r.setup.Thirds[1] {
		size = 2
	}
	return tenant*NumSizes + size
}

// Arrive records a call that asks for w.
func (r *Run) Arrive(now clock.Time, w Work) {
	if !r.arrived {
		r.arrived, r.FirstArrival = true, now
		r.recovery.since = now
	}
	r.LastArrival = now
	r.series[arrived].Add(now, 1)
	t := &r.groups[w.Group]
	t.Calls++
	t.Demand += w.Tokens
	r.Instances[w.Instance].Demand += w.Tokens
	if w.Due {
		t.DueCalls++
	}
	if w.Streamed {
		t.Streamed++
	}
}

// Attempt records an attempt of a call of a group that reaches a deployment;
// first says that it is its call's first.
func (r *Run) Attempt(now clock.Time, group, deployment int, first bool) {
	r.groups[group].Attempts++
	r.Elsewhere = r.Elsewhere || deployment > 0
	r.peaks[deployment].add(now)
	if !first {
		r.Retries++
		r.retries[deployment].add(now)
	}
	r.series[attempts].Add(now, 1)
}

// Reject records a 429 for a call of a group, as the deployment sends it, by the limit
// that refused.
func (r *Run) Reject(now clock.Time, group int, by limit.Name) {
	t := &r.groups[group]
	t.Rejected++
	t.RejectedBy[by]++
	r.series[rejected].Add(now, 1)
}

// Lose records an attempt that brings neither an answer nor a 429, when it reaches its
// deployment. The deployment fails, breaks the connection, or takes longer than the
// client waits.
func (r *Run) Lose(now clock.Time) { r.series[lost].Add(now, 1) }

// ServerError records a 5xx as the deployment sends it.
func (r *Run) ServerError() { r.ServerErrors++ }

// Waste records the prompt tokens of an attempt that did not succeed.
func (r *Run) Waste(prompt uint32) { r.WastedPrompt += int64(prompt) }

// Wait records how long a call waited for its first attempt.
func (r *Run) Wait(d time.Duration) { r.waits.Add(d) }

// Succeed records a call for w that ended well after latency.
func (r *Run) Succeed(now clock.Time, latency time.Duration, w Work) {
	r.LastEnd = now
	r.latencySum += uint64(latency)
	r.latencyMax = max(r.latencyMax, latency)
	t := &r.groups[w.Group]
	t.Succeeded++
	t.times.Add(latency)
	if w.Due {
		t.DueMet++
	}
	if w.Streamed {
		t.firsts.Add(w.FirstToken)
		t.tokens.Add(w.PerToken)
	}
	t.Good += w.Tokens
	r.Instances[w.Instance].Good += w.Tokens
	r.recovery.add(now, w.Tokens)
	r.series[answered].Add(now, 1)
}

// Fail records a call of a group that ended without success.
func (r *Run) Fail(now clock.Time, group, reason int) {
	r.LastEnd = now
	r.groups[group].Failed[reason]++
	r.series[failed].Add(now, 1)
}

// FailUnsent records a call of a group that failed because the driver could not keep up:
// no strategy was given it.
func (r *Run) FailUnsent(now clock.Time, group int) {
	r.LastEnd = now
	r.groups[group].NotSent++
	r.series[failed].Add(now, 1)
}

// Use records which share of the limit per minute was charged in the minute
// up to now.
func (r *Run) Use(now clock.Time, share float64) {
	r.series[use].Add(now, int64(share*useUnit))
	r.series[samples].Add(now, 1)
}

// useUnit makes a share an integer, so that samples add up exactly.
const useUnit = 1e6

// Close ends the run at now: calls that have not ended count as censored. It adds
// the groups up, and packs what it keeps.
func (r *Run) Close(now clock.Time) {
	tenants := r.setup.Tenants
	if tenants > 1 {
		r.Tenants = make([]Tally, tenants)
	}
	r.Sizes = make([]Tally, NumSizes)
	for i := range r.groups {
		g := &r.groups[i]
		g.Censored = g.Calls - g.Succeeded - g.failed()
		r.Tally.add(g)
		r.Sizes[i%NumSizes].add(g)
		if tenants > 1 {
			r.Tenants[i/NumSizes].add(g)
		}
	}
	if r.Censored > 0 {
		r.LastEnd = now
	}
	r.groups = nil
	r.Tally.seal(r)
	for i := range r.Sizes {
		r.Sizes[i].seal(r)
	}
	for i := range r.Tenants {
		r.Tenants[i].seal(r)
	}
	r.wait, r.waits = r.waits.pack(), Histogram{}
}
