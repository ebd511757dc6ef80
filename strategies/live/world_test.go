package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"ratesim/strategies/live"
)

// dice are the random draws of one thing in a scenario. They depend on the seed and on the
// name of the thing, and not on the order of events.
type dice struct {
	state uint64
	grain time.Duration // times are multiples of it; 0 = any
}

// next is splitmix64.
func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n returns a number from 0 to k-1.
func (d *dice) n(k int) int { return int(d.next() % uint64(k)) }

// oneIn is true once in k times.
func (d *dice) oneIn(k int) bool { return d.n(k) == 0 }

// span returns a time from 1 ns to most. Two of them are hardly ever equal without a grain,
// so no two events of a scenario come at one instant, and the seed alone decides about their
// order. With a grain many do, and Go draws the order of timers that go off together.
func (d *dice) span(most time.Duration) time.Duration {
	at := 1 + time.Duration(d.n(int(most)))
	if d.grain > 0 && most > 2*d.grain {
		return (at + d.grain - 1) / d.grain * d.grain
	}
	return at
}

// scales are how long things take: from less than any code waits to more than most wait.
var scales = [...]time.Duration{time.Millisecond, 30 * time.Millisecond, time.Second, 10 * time.Second, 100 * time.Second}

// scale draws one of them.
func (d *dice) scale() time.Duration { return scales[d.n(len(scales))] }

// weighted are kinds of event and how often each is drawn.
type weighted []int

// some returns weights for n kinds. Most kinds are left out of any one scenario, so that
// those that are in it meet each other often. The first kind, which is the good one, is always in.
func (d *dice) some(n int) weighted {
	w := make(weighted, n)
	share := 1 + d.n(4) // of 5 kinds
	for i := range w {
		if d.n(5) < share {
			w[i] = 1 + d.n(3)
		}
	}
	w[0] = 1 + d.n(8)
	return w
}

func (w weighted) draw(d *dice) int {
	sum := 0
	for _, k := range w {
		sum += k
	}
	at := d.n(sum)
	for i, k := range w {
		if at -= k; at < 0 {
			return i
		}
	}
	return 0
}

// What draws are for.
const (
	forPlan uint64 = iota + 1
	forJob
	forAttempt
	forAsk
	forStrategy
	forHook
)

func (w *world) dice(purpose, id, number uint64) *dice {
	d := &dice{state: w.seed, grain: w.plan.grain}
	for _, k := range [...]uint64{purpose, id, number} {
		d.state = d.next() ^ k
	}
	return d
}

// event is one line of a trace.
type event struct {
	at     time.Duration
	what   string
	id     uint64 // of the call, or of the ask
	number int    // of the attempt
	detail any
}

// nobody is the id of events that belong to no call.
const nobody = ^uint64(0)

func (e event) String() string {
	s := fmt.Sprintf("%16v  %s", e.at, e.what)
	if e.id != nobody {
		s += fmt.Sprintf(" %d", e.id)
	}
	if e.number >= 0 {
		s += fmt.Sprintf("#%d", e.number)
	}
	if e.detail != nil {
		s += fmt.Sprintf("  %v", e.detail)
	}
	return s
}

// world is one scenario: a Transport, the application above it, the server and the
// coordinator below it, and what is known of each.
type world struct {
	seed  uint64
	plan  plan
	start time.Time
	loud  bool // print what happens when it does

	transport *live.Transport
	witness   *witness
	books     books
	jobs      []*job
	released  chan struct{} // closed when all that stalls must end

	mu     sync.Mutex // guards all below, the witness and the books
	events []event
	broken []string // the laws that were broken

	healed                  bool      // no more faults
	closing, closed, forced time.Time // Close was called, has returned nil, has returned an error; zero = not yet
}

// note adds a line to the trace. The mutex is held.
func (w *world) note(what string, id uint64, number int, detail any) {
	e := event{time.Since(w.start), what, id, number, detail}
	w.events = append(w.events, e)
	if w.loud {
		fmt.Println(e)
	}
}

// tell is note without the mutex.
func (w *world) tell(what string, id uint64, number int, detail any) {
	w.mu.Lock()
	w.note(what, id, number, detail)
	w.mu.Unlock()
}

// breach notes that a law was broken. The mutex is held.
func (w *world) breach(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	w.broken = append(w.broken, s)
	w.note("BROKEN: "+s, nobody, -1, nil)
}

func (w *world) check(ok bool, format string, args ...any) {
	if !ok {
		w.mu.Lock()
		w.breach(format, args...)
		w.mu.Unlock()
	}
}

// trace returns what happened.
func (w *world) trace() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, e := range w.events {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// long is more than any scenario takes. Client libraries that obey every reply wait a year for one.
const long = 50 * 365 * 24 * time.Hour

// newWorld plans the scenario of a seed. It does not depend on the time.
func newWorld(seed uint64, kinds []kind) *world {
	w := &world{seed: seed}
	w.plan = newPlan(w.dice(forPlan, 0, 0), kinds)
	w.jobs = make([]*job, w.plan.jobs)
	for i := range w.jobs {
		w.jobs[i] = w.newJob(uint64(i))
	}
	return w
}

// run plays the scenario. It is called in a bubble of synctest.
func (w *world) run() {
	w.start = time.Now()
	w.released = make(chan struct{})
	before := runtime.NumGoroutine()
	w.witness = newWitness(w, w.plan.kind.make(w))
	w.books.w = w
	w.transport = live.New(w.witness, w.options())

	over := make(chan struct{})
	var all sync.WaitGroup
	for _, j := range w.jobs {
		all.Go(j.run)
	}
	for _, c := range w.plan.closes {
		all.Go(func() { w.close(c) })
	}
	go func() { all.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(long):
		w.check(false, "not all calls and closes have returned after %v", long)
		return // the bubble panics, because goroutines are left
	}
	if len(w.plan.closes) == 0 {
		w.heal()
		w.close(closing{})
	}
	w.rest(before)
}

// rest waits until all that was given up has ended, and checks what must hold then.
func (w *world) rest(before int) {
	w.mu.Lock()
	w.healed = true
	w.mu.Unlock()
	close(w.released)
	synctest.Wait()
	time.Sleep(10 * time.Millisecond) // attempts that were given up return
	w.timers()
	time.Sleep(2 * time.Hour) // asks that were given up return
	w.epilogue()
	synctest.Wait()
	if n := runtime.NumGoroutine(); n > before {
		w.check(false, "%d goroutines are left:\n%s", n-before, stacks())
	}
}

// heal checks that a call passes when all faults are over: whatever calls before it
// held, such as a worker, a turn in the queue or a lock, was given back.
func (w *world) heal() {
	time.Sleep(50 * time.Hour) // longer than any wait that a reply asked for
	w.mu.Lock()
	w.healed = true
	w.note("all faults are over", nobody, -1, nil)
	w.mu.Unlock()
	for n := range uint64(2) {
		j := w.newJob(healthy + n)
		w.jobs = append(w.jobs, j)
		j.run()
		time.Sleep(time.Hour)
	}
}

// timers checks that no timer is set for a call that has ended.
func (w *world) timers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.witness.order {
		for _, a := range h.tries {
			if a.ctx == nil || a.ctx.Err() == nil {
				continue
			}
			if s := live.Timers(a.ctx); s != "" {
				w.breach("attempt %d of call %d has ended, and these timers are set: %s", a.number, h.id, s)
			}
		}
	}
}

// closing is one Close.
type closing struct {
	at       time.Duration
	patience time.Duration // 0 = without end
}

func (w *world) close(c closing) {
	time.Sleep(c.at)
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	called := time.Now()
	if c.patience > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.patience)
	}
	defer cancel()
	w.mu.Lock()
	w.note("Close", nobody, -1, c.patience)
	if w.closing.IsZero() {
		w.closing = called
	}
	w.mu.Unlock()

	err := w.transport.Close(ctx)

	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("Close returns", nobody, -1, err)
	w.books.settle()
	now := time.Now()
	waited := now.Sub(called)
	switch {
	case err == nil:
		rest := w.witness.lastEnd
		if w.books.lastSettled.After(rest) {
			rest = w.books.lastSettled
		}
		if called.After(rest) {
			rest = called
		}
		if w.witness.open > 0 || w.books.asking() > 0 {
			w.breach("Close returned nil while %d calls are open and %d asks are not settled", w.witness.open, w.books.asking())
		} else if now.Sub(rest) > time.Duration(w.witness.late()) {
			w.breach("Close returned %v after the last call and ask had ended", now.Sub(rest))
		}
		if w.closed.IsZero() {
			w.closed = now
		}
	case !errors.Is(err, context.DeadlineExceeded) || waited != c.patience:
		w.breach("Close returned %v after %v, with a context of %v", err, waited, c.patience)
	case w.witness.open > 0:
		w.breach("Close gave up and %d calls are open", w.witness.open)
	}
	if err != nil && w.forced.IsZero() {
		w.forced = now
	}
}

// epilogue checks what must hold when all is over.
func (w *world) epilogue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.witness.epilogue()
	w.books.epilogue()
	for _, j := range w.jobs {
		j.epilogue()
	}
	if s := w.transport.Residue(); s != "" {
		w.breach("the closed Transport holds %s", s)
	}
	if !w.witness.shattered {
		for _, s := range held(w.witness.of) {
			w.breach("the strategy holds %s", s)
		}
	}
}

// options makes the options of the Transport.
func (w *world) options() live.Options {
	p := &w.plan
	o := live.Options{
		Base:      server{w},
		Timeout:   p.timeout,
		Batch:     func(deployment int) bool { return deployments[deployment].Batch },
		Speed:     p.speed,
		Epoch:     w.start.Add(p.skew),
		Route:     w.route,
		Patience:  p.patience,
		AskFailed: w.books.failed,
		Log:       slog.New(slog.DiscardHandler),
		MaxAnswer: mostAnswer,
		Estimate:  estimate,
	}
	if !p.alone {
		o.Coordinator = &w.books
	}
	return o
}

// route is Options.Route: it takes time, and sometimes panics.
func (w *world) route(deployment int, r *http.Request) {
	id, number, to, _ := live.AttemptOf(r.Context())
	w.check(to == deployment, "Route is told of deployment %d, the context of %d", deployment, to)
	d := w.dice(forHook, id, uint64(number))
	if w.isHealed() {
		return
	}
	if w.plan.panicky && d.oneIn(20) {
		w.tell("Route panics", id, int(number), nil)
		jobOf(r.Context()).allow(panicking)
		panic(errPlanned)
	}
	if w.plan.slow {
		time.Sleep(d.span(time.Millisecond))
	}
}

// bodyFailed reports whether the body of a call could not be made again. The mutex is held.
func (w *world) bodyFailed(h *history) bool {
	return slices.ContainsFunc(w.jobs, func(j *job) bool { return j.body == notAgain && j.allowed[bodyFails] && (j.history() == h || !j.named) })
}

func (w *world) isHealed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.healed
}

// errPlanned is what panics and failures of the plan say.
var errPlanned = errors.New("planned")

// stacks returns the stacks of all goroutines.
func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}
