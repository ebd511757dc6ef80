// Package bench runs a scenario over real HTTP. The clients of its fleet make the
// calls of its workload at their times, against a server that enforces its limits.
// The results are measured in the same way as those of the simulator.
//
// It is an open loop: a call is made when it is due, whether or not earlier calls have
// been answered, and its latency counts from the time at which it was due.
package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/live"
)

// Plan names one run.
type Plan struct {
	Scenario    *scenarios.Spec
	Strategy    *scenarios.Strategy // not one that is Omniscient
	Seed        uint64
	Replication int
	RetryWindow time.Duration // width of the windows of retry_peak; 0 = 1 s
	Resolution  metrics.Resolution
	Thirds      [2]uint32 // as in metrics.Setup
	Speed       float64   // the scenario's seconds in a real one; 0 = 1
	URL         string    // of the server, without a path
	Key         string    // API key: the account
	Start       time.Time // time 0 of the run
	MaxOpen     int       // calls at one time; 0 = DefaultMaxOpen
	// Base, if not nil, sends the attempts of all instances in place of connections
	// that each keeps for itself.
	Base http.RoundTripper
	// Dial, if not nil, connects to the server in place of net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// DefaultMaxOpen is how many calls are open at most: what the ports between one
// client and one server allow, less some.
const DefaultMaxOpen = 20_000

// run is one run at work.
type run struct {
	p       Plan
	key     rng.Key
	end     clock.Time
	fleet   []*live.Transport
	pools   []*pool
	doors   []door // of the deployments
	horizon clock.Time
	callers sync.WaitGroup
	errands sync.WaitGroup // asks on their way to the coordinator
	jobs    chan *pending  // for goroutines that have made a call and wait for another
	sources []source

	mu     sync.Mutex // guards all below
	run    *metrics.Run
	late   time.Duration
	open   int
	dealer *scenarios.Dealer
	billed []provider.Bill // of each deployment, what the usage of its answers tells
	asked  []bool          // deployments that were
}

// door is where a deployment takes attempts.
type door struct {
	name    string
	dialect *wire.Dialect
	url     *url.URL
	streams *url.URL    // where it takes attempts whose answers are streamed
	header  http.Header // of every attempt; its values are shared
}

// source is a stream of calls.
type source struct {
	workload.Source
	cached float64 // the share of each prompt that is cached, as far as the workload says
	system uint32  // tokens of the system prompt that a deployment's cache may have
}

// Run makes the calls of the scenario and returns when all have ended, or are
// past the end of the drain and count as censored. When ctx ends it stops
// earlier in the same way, and returns ctx's error beside the Run. late is how much later
// than it was due a call was made at most, in the scenario's time. Calls that were not made,
// because MaxOpen were open or the run was over, count in NotSent.
//
// A client cannot see what limits the server charged, nor what it did for
// clients that had hung up: quota_used is absent, and cost_usd is that of the
// answers that came.
func Run(ctx context.Context, p Plan) (result *metrics.Run, late time.Duration, err error) {
	if p.Strategy.Omniscient {
		return nil, 0, fmt.Errorf("strategy %s sees the state of the limits, which no client can see over HTTP; leave it out", p.Strategy.Name)
	}
	r, err := newRun(p)
	if err != nil {
		return nil, 0, fmt.Errorf("strategy %s: %w", p.Strategy.Name, err)
	}
	// A timer and no deadline: strategies must not see the end coming.
	limit, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(time.Until(r.real(r.horizon)), cancel).Stop()
	for i := range r.sources {
		r.callers.Go(func() { r.stream(limit, i) })
	}
	r.callers.Wait()
	close(r.jobs)
	for _, t := range r.fleet { // what was asked of the coordinator last
		if e := t.Close(context.Background()); e != nil {
			err = errors.Join(err, e)
		}
	}
	r.errands.Wait()
	for _, p := range r.pools {
		p.close()
	}
	r.close()
	for i := range r.sources {
		err = errors.Join(err, r.sources[i].Err())
	}
	return r.run, r.late, errors.Join(err, ctx.Err())
}

func newRun(p Plan) (*run, error) {
	if p.Speed == 0 {
		p.Speed = 1
	}
	if p.MaxOpen == 0 {
		p.MaxOpen = DefaultMaxOpen
	}
	if p.Dial == nil {
		p.Dial = new(net.Dialer).DialContext
	}
	s := p.Scenario
	n := len(s.Deployments)
	r := &run{p: p, key: rng.New(p.Seed, p.Replication), end: clock.Time(s.Duration), horizon: clock.Time(s.Duration + s.Drain),
		jobs: make(chan *pending), billed: make([]provider.Bill, n), asked: make([]bool, n)}
	from, until := s.FaultSpan()
	r.run = metrics.NewRun(metrics.Setup{Deployments: n, Tenants: len(s.Tenants), Weights: s.Weights, Instances: s.Fleet.Total(), Duration: s.Duration, RetryWindow: p.RetryWindow, Caches: s.Caches(), Streams: s.Streams(), Thirds: p.Thirds, Resolution: p.Resolution, FaultFrom: from, FaultUntil: until})
	for i := range s.Deployments {
		d, ok := wire.DialectOf(s.Deployments[i].Vendor)
		if !ok { // a deployment of nobody's speaks as most do
			d, _ = wire.DialectOf("openai")
		}
		name := s.Deployments[i].Name
		u, err := url.Parse(p.URL + d.Path(name, false))
		if err != nil {
			return nil, fmt.Errorf("deployment %s: %w", name, err)
		}
		streams, err := url.Parse(p.URL + d.Path(name, true))
		if err != nil {
			return nil, fmt.Errorf("deployment %s: %w", name, err)
		}
		h := http.Header{"Content-Type": {"application/json"}}
		d.Authorize(h, p.Key)
		r.doors = append(r.doors, door{name, d, u, streams, h})
	}
	env := s.Env(r.key)
	epoch := (&wire.Facts{Start: p.Start}).Epoch()
	r.dealer = s.Fleet.Dealer(r.key)
	var coordinator *quota.Coordinator
	if s.Coordinator != nil {
		coordinator = quota.New(s.Coordinator, s.CoordinatorKey(r.key))
	}
	slots := make(chan struct{}, maxDials)
	streams := s.Workload
	for i := range s.Fleet.Total() {
		base := p.Base
		if base == nil {
			conns := newPool(r.doors[0].url, slots, p.Dial)
			r.pools = append(r.pools, conns)
			base = conns
		}
		o := live.Options{Base: &client{r, base}, Timeout: s.Fleet.Timeout, Speed: p.Speed, Start: p.Start, Epoch: epoch, Route: r.route,
			Batch: func(i int) bool { return s.Deployments[i].Batch }}
		if coordinator != nil {
			o.Coordinator, o.Patience = &desk{r, coordinator, uint32(i)}, coordinator.Timeout()
			o.Log = slog.New(slog.DiscardHandler) // its outages are the scenario's
		}
		strategy := p.Strategy.Factory(env)
		streams = s.Counted(strategy)
		r.fleet = append(r.fleet, live.New(strategy, o))
	}
	sources, err := workload.Open(streams, r.key, r.end)
	for i, w := range sources {
		r.sources = append(r.sources, source{w, s.Workload[i].Cached, s.Workload[i].SystemTokens()})
	}
	return r, err
}

// real returns the instant of a time of the scenario's.
func (r *run) real(t clock.Time) time.Time {
	if r.p.Speed == 1 {
		return r.p.Start.Add(t.Sub(0))
	}
	return r.p.Start.Add(time.Duration(float64(t) / r.p.Speed))
}

func (r *run) now() clock.Time {
	d := time.Since(r.p.Start)
	if r.p.Speed != 1 {
		d = time.Duration(float64(d) * r.p.Speed)
	}
	return clock.Time(d)
}

// stream makes the calls of one stream when they are due. When it is late it lets
// the calls under way go on before each one: they would wait ever longer while more
// and more are begun, and in the end most of the time would go into their number.
func (r *run) stream(ctx context.Context, i int) {
	var a workload.Arrival
	for {
		r.mu.Lock()
		more := r.sources[i].Next(&a)
		r.mu.Unlock()
		switch {
		case !more:
			return
		case sleep(ctx, r.real(a.At)):
			r.begin(ctx, i, a)
			runtime.Gosched()
		case r.now() < a.At:
			return
		default: // it was due before the end
			r.arrive(i, a, true)
		}
	}
}

// begin makes a call that is due.
func (r *run) begin(ctx context.Context, stream int, a workload.Arrival) {
	p := r.arrive(stream, a, false)
	if p == nil {
		r.ended(stream, a.ID, a.At, false) // a user of whom a call is not made makes no more
		return
	}
	r.callers.Add(1)
	select {
	case r.jobs <- p:
	default:
		go r.work(ctx, p)
	}
}

// arrive takes down a call that is due. It returns nil for one that is not made: the
// run is over, or as many are open as may be.
func (r *run) arrive(stream int, a workload.Arrival, over bool) *pending {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &pending{Arrival: a, stream: stream, instance: r.dealer.Deal(a.At, a.ID), group: r.run.Group(int(a.Tenant), a.Prompt),
		gives: a.Streamed && r.p.Scenario.Workload[stream].Streaming.FirstToken > 0}
	r.run.Arrive(a.At, p.work())
	if over || r.open >= r.p.MaxOpen {
		r.run.FailUnsent(a.At, p.group)
		return nil
	}
	r.late = max(r.late, r.now().Sub(a.At))
	r.open++
	return p
}

// work makes one call after another: the stack of a goroutine that has made one is
// large enough for the next.
func (r *run) work(ctx context.Context, p *pending) {
	for ok := true; ok; p, ok = <-r.jobs {
		r.call(ctx, p)
		r.callers.Done()
	}
}

// pending is a call under way.
type pending struct {
	workload.Arrival
	stream   int
	instance int
	group    int // that it is counted with
	cached   uint32
	begun    clock.Time // when the first token of a streamed answer came
	gives    bool       // it is given up when its answer has not begun in time
	left     bool       // its reader left before the end
	ended    clock.Time // and whether with an answer; written before its round trip is over
	answered bool
}

// due reports whether p is given up at some time.
func (p *pending) due() bool { return p.Deadline != clock.Never || p.gives }

// work is what p asks for.
func (p *pending) work() metrics.Work {
	return metrics.Work{Group: p.group, Instance: p.instance, Tokens: int64(p.Prompt) + int64(p.Output), Due: p.due(), Streamed: p.Streamed}
}

type pendingKey struct{}

// call makes one call and takes down how it ended.
func (r *run) call(ctx context.Context, p *pending) {
	a := &p.Arrival
	if share := r.sources[p.stream].cached; share > 0 {
		p.cached = uint32(share * float64(a.Prompt))
	}
	known := live.Call{ID: a.ID, Arrived: r.real(a.At), EstimatedPrompt: a.Estimate, MaxTokens: a.MaxTokens, Tenant: a.Tenant, Priority: a.Priority}
	if a.Deadline != clock.Never {
		known.Deadline = r.real(a.Deadline)
	}
	if p.gives {
		known.FirstToken = r.real(r.p.Scenario.Workload[p.stream].Streaming.GivenUp(a.At))
	}
	known.Ended = func(now clock.Time, done bool, why strategies.Reason) {
		if ctx.Err() == nil {
			r.note(now, p, done, why)
		}
	}
	request := &http.Request{Method: http.MethodPost, URL: r.doors[0].url}
	request = request.WithContext(context.WithValue(live.WithCall(ctx, known), pendingKey{}, p))
	if response, err := r.fleet[p.instance].RoundTrip(request); err == nil { // known.Ended has heard how it ended
		r.read(p, response)
	}
	r.mu.Lock()
	r.open--
	r.mu.Unlock()
	if ctx.Err() == nil {
		r.after(ctx, p.stream, a.ID, p.ended, p.answered)
	}
}

// after makes the calls that have waited for the end of another.
func (r *run) after(ctx context.Context, stream int, id uint64, ended clock.Time, answered bool) {
	for _, a := range r.ended(stream, id, ended, answered) {
		r.callers.Go(func() {
			if sleep(ctx, r.real(a.At)) {
				r.begin(ctx, stream, a)
			}
		})
	}
}

// ended tells the source of a call that it has ended, and returns the calls that have
// waited for that.
func (r *run) ended(stream int, id uint64, at clock.Time, answered bool) []workload.Arrival {
	closed, ok := r.sources[stream].Source.(workload.Closed)
	if !ok {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return closed.Ended(at, id, answered, nil)
}

// note takes down how a call ended.
func (r *run) note(now clock.Time, p *pending, done bool, why strategies.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.ended, p.answered = now, done
	if done {
		r.run.Succeed(now, now.Sub(p.At), r.answered(now, p))
	} else {
		r.run.Fail(now, p.group, int(why))
	}
}

// close counts what is left and what was paid for.
func (r *run) close() {
	r.run.Close(min(r.now(), r.horizon))
	r.bill()
}

// sleep waits until an instant; it reports false if ctx ended first.
func sleep(ctx context.Context, until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// filler is what prompts say: about a token every four bytes.
var filler = strings.Repeat("the ", 1<<14)

// text returns a prompt of about so many tokens.
func text(tokens uint32) string { return filler[:min(4*int(tokens), len(filler))] }
