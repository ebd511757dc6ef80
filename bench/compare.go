package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"ratesim/provider/mock"
	"ratesim/scenarios"
	"ratesim/sim/demand"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// Options says how to compare strategies over HTTP.
type Options struct {
	Seed         uint64
	Replications int // at least 1; see abreast
	RetryWindow  time.Duration
	Speed        float64 // the scenario's seconds in a real one; 0 = 1
	// URL is a mock provider that has the scenario's deployments, by their
	// names, and runs at the same speed; empty = one in this process.
	URL string
	// Progress, if not nil, is told how much of the time has passed.
	Progress func(done, of int)
}

// Playable returns the scenario without the strategies that know what no
// client can.
func Playable(s *scenarios.Spec) *scenarios.Spec {
	playable := *s
	playable.Strategies = slices.DeleteFunc(slices.Clone(s.Strategies), func(x scenarios.Strategy) bool { return x.Omniscient })
	return &playable
}

// A machine delays every message by some time of its own; between a client's
// sending and a handler's start 0.1 to 2 ms were seen.
const (
	delayStep = 100 * time.Microsecond
	delays    = 20
)

// Slowed returns the scenario with a network that takes up to 0.2 ms of real time
// longer each way, up to 0.4 ms, and so on. One attempt that comes a moment later
// may be refused, and come again when others do: simulations of these show how far
// a run is decided by moments.
func Slowed(s *scenarios.Spec, speed float64) []*scenarios.Spec {
	list := make([]*scenarios.Spec, delays)
	for i := range list {
		mean := time.Duration(float64(i+1) * float64(delayStep) * speed)
		slowed := *s
		slowed.Fleet.Network.Latency += mean
		slowed.Fleet.Network.Jitter += mean
		list[i] = &slowed
	}
	return list
}

// GCPercent is how much the heap may grow, for Compare, between two collections: a call
// allocates some 6 kB that are soon free, so that with Go's 100 a small heap is
// collected 40 times a second at 30,000 calls, for a fifth of the time.
const GCPercent = 400

// Compare runs the scenario over HTTP against each of its strategies that can,
// all at once, each with an account of its own, so that ten take little longer
// than one. When ctx ends it returns what there is, nil before the first call,
// beside ctx's error; a server that dies leaves calls that fail. When the generator did not
// send all calls of a strategy, and the scenario does not say how many may be missing, it
// returns the result beside a *NotSentError.
func Compare(ctx context.Context, s *scenarios.Spec, o Options) (*metrics.Result, error) {
	s = Playable(s)
	if len(s.Strategies) == 0 {
		return nil, errors.New("no strategy is left that can run over HTTP")
	}
	given := o.URL != ""
	if !given {
		url, stop, err := serve(ctx, s, o)
		if err != nil {
			return nil, err
		}
		defer stop()
		o.URL = url
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	defer debug.SetGCPercent(debug.SetGCPercent(GCPercent))
	outcomes := make([]metrics.Outcome, len(s.Strategies))
	for i := range s.Strategies {
		outcomes[i] = metrics.Outcome{Name: s.Strategies[i].Name, Rank: s.Strategies[i].Rank, Runs: make([]*metrics.Run, o.Replications)}
	}
	thirds, err := demand.Thirds(ctx, s, o.Seed)
	var late time.Duration
	for rep, n := 0, o.abreast(); rep < o.Replications && err == nil; rep += n {
		var worst time.Duration
		worst, err = o.replications(ctx, s, batch{rep, min(n, o.Replications-rep), thirds}, outcomes)
		late = max(late, worst)
	}
	r := &metrics.Result{Kind: "live", Scenario: s.Name, Provider: s.Deployments[0].Ref, Seed: o.Seed, Expectations: []metrics.Expectation{}, Warnings: append([]string{}, s.Warnings...)}
	sample := metrics.NewSample(outcomes)
	metrics.Summarise(r, sample, s.Tenants)
	r.Setting, r.Prices = s.SettingOf(r.Seed, r.Replications), s.Prices
	r.Hash = "" // no two live runs have the same history
	began := func(s metrics.Strategy) bool { return s.Values[metrics.Calls].Mean > 0 }
	if r.Replications == 0 || err != nil && !slices.ContainsFunc(r.Strategies, began) {
		return nil, err
	}
	r.Warnings = append(r.Warnings, o.behind(late, outcomes)...)
	if missing := unforeseen(s, outcomes); missing > 0 && err == nil {
		err = &NotSentError{missing}
	}
	if given && !slices.ContainsFunc(r.Strategies, func(s metrics.Strategy) bool { return s.Values[metrics.Succeeded].Mean > 0 }) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("no call succeeded: the server at %s must have the scenario's deployments by their names, as ratesim serve --provider %s=REF gives them",
			o.URL, s.Deployments[0].Name))
	}
	if err != nil && !errors.As(err, new(*NotSentError)) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("ended early: %v; calls that were open count as censored", err))
	}
	r.Verdict = verdict.Judge(sample, verdict.Of(s))
	verdict.Check(r, sample, s)
	return r, err
}

// NotSentError says that calls were never sent, because the generator did not keep up. The
// result beside it counts them in not_sent and as failed, and says little of the strategies.
type NotSentError struct{ Calls int64 }

func (e *NotSentError) Error() string {
	return fmt.Sprintf("%d calls were not sent; use a lower --speed, fewer --strategies or a lower rate, or say in expect how many may be missing, such as none.not_sent <= 100", e.Calls)
}

// unforeseen returns how many calls were not sent of strategies for which the scenario does
// not expect anything of not_sent.
func unforeseen(s *scenarios.Spec, outcomes []metrics.Outcome) int64 {
	missing := int64(0)
	for i := range outcomes {
		if !slices.ContainsFunc(s.Expect, func(x scenarios.Expectation) bool {
			return x.Left == scenarios.Term{Strategy: outcomes[i].Name, Metric: "not_sent"}
		}) {
			n, _ := notSent(&outcomes[i])
			missing += n
		}
	}
	return missing
}

// notSent returns how many calls of an outcome were not sent, and how many there were.
func notSent(o *metrics.Outcome) (n, of int64) {
	for _, run := range o.Runs {
		if run != nil {
			n, of = n+run.NotSent, of+run.Calls
		}
	}
	return n, of
}

// muchLate is how late a call may be made, in real time, before a reader is told: a tenth of
// a second moves percentiles of seconds.
const muchLate = 100 * time.Millisecond

// behind returns the warnings of a generator that did not keep up.
func (o *Options) behind(late time.Duration, outcomes []metrics.Outcome) []string {
	var out []string
	if real := time.Duration(float64(late) / o.Speed); real > muchLate {
		out = append(out, fmt.Sprintf("the generator did not keep up: a call was made %v after it was due; latencies count from when it was due",
			late.Round(time.Millisecond)))
	}
	for i := range outcomes {
		if n, of := notSent(&outcomes[i]); n > 0 {
			out = append(out, fmt.Sprintf("the generator did not keep up: %d of the %d calls of %s were not sent, because %d were open or the run was over; they count as failed, although the strategy never had them",
				n, of, outcomes[i].Name, DefaultMaxOpen))
		}
	}
	return out
}

// serve starts a mock provider of the scenario's deployments.
func serve(ctx context.Context, s *scenarios.Spec, o Options) (url string, stop func(), err error) {
	c := mock.Config{Speed: o.Speed, Seed: o.Seed, TrustBench: true}
	for i := range s.Deployments {
		d := mock.Deployment{Name: s.Deployments[i].Name, Config: s.Deployments[i]}
		if d.Config.Vendor == "" {
			d.Config.Vendor = "openai" // speaks as most do
		}
		c.Deployments = append(c.Deployments, d)
	}
	server, err := mock.New(c)
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("starting the mock provider: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mock.Serve(ctx, 30*time.Second, mock.Endpoint{Listener: listener, Handler: server}) // calls fail if it does
	}()
	return "http://" + listener.Addr().String(), func() { cancel(); <-ended }, nil
}

// apart is how much later each run starts than the one before it: the calls
// of a scenario that come at once, as a batch's, would otherwise come at once in
// all runs side by side, and wait for each other and not for the provider.
const apart = 200 * time.Millisecond

// abreast returns how many replications run side by side: ten at speed 1, where
// a run mostly waits, and fewer when there is more to do in every second.
func (o *Options) abreast() int { return int(min(10, max(1, 10/o.Speed))) }

// batch is n replications, from first on.
type batch struct {
	first, n int
	thirds   [2]uint32 // as in Plan
}

// replications runs all strategies of the replications of a batch side by side.
func (o *Options) replications(ctx context.Context, s *scenarios.Spec, b batch, outcomes []metrics.Outcome) (worst time.Duration, err error) {
	start := time.Now().Add(apart)
	var (
		mu   sync.Mutex
		runs sync.WaitGroup
	)
	for k := range b.n * len(s.Strategies) {
		rep, i := b.first+k/len(s.Strategies), k%len(s.Strategies)
		runs.Go(func() {
			key := fmt.Sprintf("sk-ratesim-%d-%d-%d-%s", start.UnixNano(), rep, i, strings.ReplaceAll(s.Strategies[i].Name, " ", "-"))
			run, late, failed := Run(ctx, Plan{Scenario: s, Strategy: &s.Strategies[i], Seed: o.Seed, Replication: rep,
				RetryWindow: o.RetryWindow, Thirds: b.thirds, Speed: o.Speed, URL: o.URL, Key: key, Start: start.Add(time.Duration(k) * apart)})
			mu.Lock()
			defer mu.Unlock()
			outcomes[i].Runs[rep] = run
			worst = max(worst, late)
			if failed != nil && err == nil {
				err = failed
			}
		})
	}
	if o.Progress != nil {
		ended := make(chan struct{})
		defer close(ended)
		go o.progress(start, s, b.first, b.n, ended)
	}
	runs.Wait()
	return worst, err
}

// progress tells how much of the time that the runs may take has passed.
func (o *Options) progress(start time.Time, s *scenarios.Spec, first, n int, ended <-chan struct{}) {
	tick := time.NewTicker(time.Second / 2)
	defer tick.Stop()
	most := int(s.Duration / time.Second)
	for {
		select {
		case <-tick.C:
			passed := max(0, int(time.Since(start).Seconds()*o.Speed))
			o.Progress(first*most+n*min(passed, most), o.Replications*most)
		case <-ended:
			return
		}
	}
}
