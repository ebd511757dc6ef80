package mock

import (
	"container/heap"
	"container/list"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// account is one customer of the provider: models of all deployments, and the
// clock by which they run.
type account struct {
	name   string
	bodies room          // of the requests that are read and decided
	stored room          // of files and batches
	places *atomic.Int64 // in prompts that the caches of all accounts keep
	shelf  shelf

	open  int           // requests on their way, guarded by the server's mutex
	used  time.Time     // when there was one last, likewise
	place *list.Element // among the idle ones, likewise; nil while open

	mu      sync.Mutex
	kept    int64     // of places, those of its own
	zero    time.Time // when its clock stood at 0
	epoch   time.Time // the date it gives to that, where the client lives in its time
	speed   float64
	last    clock.Time
	models  []*provider.Model
	work    work
	calls   uint64 // of clients that do not number them
	tally   []tally
	key     rng.Key
	outputs rng.Dist // tokens of an ordinary client's answer
}

// tally counts the answers of one deployment.
type tally struct{ attempts, refused, failed int64 }

// newAccount returns an account whose draws are keyed as the simulator's are.
func newAccount(configs []provider.Config, key rng.Key, outputs rng.Dist, zero, epoch time.Time, speed float64) *account {
	a := &account{zero: zero, epoch: epoch, speed: speed, key: key, outputs: outputs, tally: make([]tally, len(configs))}
	var pools provider.Pools
	for i := range configs {
		a.models = append(a.models, provider.New(&configs[i], key.Sub(rng.Deployment, uint64(i)), &pools))
	}
	return a
}

// task is an admitted attempt that its deployment works on.
type task struct {
	due         clock.Time
	order       uint64
	attempt     wire.Attempt
	marks       *[]provider.Mark // of its prompt; nil = none
	first, made clock.Time       // of a streamed answer: when the first token comes, and the last is produced
	place       int32            // among the tasks; -1 when it is done
	model       int16
	uncounted   bool // its prompt is still being counted; it is not settled before
}

func (t *task) marked() []provider.Mark {
	if t.marks == nil {
		return nil
	}
	return *t.marks
}

// work is what is being done, the first to be finished on top.
type work struct {
	tasks []*task
	made  uint64
}

func (w *work) Len() int { return len(w.tasks) }
func (w *work) Less(i, j int) bool {
	a, b := w.tasks[i], w.tasks[j]
	return a.due < b.due || a.due == b.due && a.order < b.order
}
func (w *work) Swap(i, j int) {
	w.tasks[i], w.tasks[j] = w.tasks[j], w.tasks[i]
	w.tasks[i].place, w.tasks[j].place = int32(i), int32(j)
}

func (w *work) Push(x any) {
	t := x.(*task)
	t.place = int32(len(w.tasks))
	w.tasks = append(w.tasks, t)
}

func (w *work) Pop() any {
	last := w.tasks[len(w.tasks)-1]
	w.tasks = w.tasks[:len(w.tasks)-1]
	last.place = -1
	return last
}

// now returns the provider's time, and settles all that was finished until
// then, each at its own instant, or as soon as its prompt is counted. An attempt whose
// client has hung up is worked on and charged to its end; see hangUp.
// The mutex is held.
func (a *account) now() clock.Time {
	before := a.last
	d := time.Since(a.zero)
	if a.speed != 1 {
		d = time.Duration(math.Round(float64(d) * a.speed))
	}
	a.last = max(a.last, clock.Time(d))
	for len(a.work.tasks) > 0 && a.work.tasks[0].due <= a.last && !a.work.tasks[0].uncounted {
		t := heap.Pop(&a.work).(*task)
		m, at := a.models[t.model], max(before, t.due)
		m.Finish(at, &t.attempt, false)
		if t.marks != nil && !t.attempt.Failed {
			a.remember(m, at, t)
		}
	}
	return a.last
}

// mostPlaces is how many places in prompts the caches of all accounts keep, of about a hundred
// bytes each. While there are as many, no prompt is added.
const mostPlaces = 1 << 20

// remember puts the prompt of t, which has been answered, into the cache of its deployment.
func (a *account) remember(m *provider.Model, at clock.Time, t *task) {
	before := m.Kept()
	m.Remember(at, &t.attempt, t.marked(), int(mostPlaces-a.places.Load()))
	n := int64(m.Kept() - before)
	a.kept += n
	a.places.Add(n)
}

// release gives up the room of what the caches keep.
func (a *account) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.places.Add(-a.kept)
}

// real returns the instant of a time of the provider's.
func (a *account) real(t clock.Time) time.Time {
	if a.speed == 1 {
		return a.zero.Add(t.Sub(0))
	}
	return a.zero.Add(time.Duration(float64(t) / a.speed))
}

// decided is what a deployment has decided about an attempt.
type decided struct {
	reply wire.Reply
	at    time.Time // when it was decided
	first time.Time // when its first token comes, if it is streamed
	ready time.Time // when an answer in one piece begins to be sent
	due   time.Time // when the answer is complete
	begun bool      // it is streamed, and fails in the middle
	task  *task     // nil if it was not admitted

	struck provider.Struck // what happens to its connection

	why    Cause
	charge charge
}

// decide lets a deployment decide about an attempt that reaches it now.
// A load generator lives in the provider's time. It returns the work of an ordinary
// client's attempt that is admitted, whose prompt count has to count.
func (a *account) decide(model int, x *wire.Attempt, e *exchange) (d decided, uncounted *task) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if !e.fromBench {
		x.Call = a.calls
		a.calls++
		if !e.f.embeds {
			x.Output = e.compose(max(a.length(x), e.least()), e.query.MaxTokens)
		}
	}
	ans, output := &e.answer, x.Output
	x.Streamed = e.query.Stream
	model, took := a.arrive(now, model, x, &d, e)
	m := a.models[model]
	coming := m.Stream()
	d.why, d.charge = cause(m, x, &d.reply)
	if e.granted() && !d.reply.OK() {
		x.Output = output
		d.reply = wire.Reply{Status: wire.StatusOK, RetryAfter: wire.Absent, Requests: d.reply.Requests, Tokens: d.reply.Tokens, Prompt: x.Prompt, Output: output}
		took = m.Takes(x, 0.5, 0)
		coming = provider.Stream{First: m.Takes(&wire.Attempt{}, 0.5, 0), Made: took}
	}
	if e.granted() {
		d.why = ByScript
	}
	m.Answer(now, x, &d.reply, ans)
	a.tally[model].attempts++
	switch {
	case d.reply.Status == wire.StatusTooManyRequests:
		a.tally[model].refused++
	case !d.reply.OK():
		a.tally[model].failed++
	}
	due := now.Add(took)
	if x.Admitted {
		d.charge.requests = 1
		d.charge.estimated, d.charge.tokens = m.Settles(x)
		t := &task{due: due, order: a.work.made, model: int16(model), attempt: *x, uncounted: !e.fromBench,
			first: now.Add(coming.First), made: now.Add(coming.Made)}
		if e.marks != nil {
			marks := e.marks // e is another request's afterwards
			t.marks = &marks
		}
		d.task = t
		heap.Push(&a.work, t)
		a.work.made++
		if t.uncounted {
			uncounted = t
		}
	}
	ready := due
	if x.Admitted && !e.granted() {
		d.struck = m.Struck()
	}
	if d.struck.Fault != nil || d.struck.Drips {
		ready = now.Add(d.struck.Ready)
	}
	d.at, d.ready, d.due = a.real(now), a.real(ready), a.real(due)
	d.first, d.begun = a.real(now.Add(coming.First)), !d.reply.OK() && coming.Begins
	ans.Now = a.epoch.Add(now.Sub(0))
	if !e.fromBench {
		ans.Now = d.at
		a.toReal(ans)
	}
	return d, uncounted
}

// hangUp ends the work on a streamed answer whose client is gone, if the vendor stops then,
// and corrects what it is charged.
func (a *account) hangUp(d *decided) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, t := a.now(), d.task
	m := a.models[t.model]
	if t.place >= 0 && m.HangUp(&t.attempt, provider.Produced(t.attempt.Output, t.first, t.made, now)) {
		_, d.charge.tokens = m.Settles(&t.attempt)
		t.due = now
		heap.Fix(&a.work, int(t.place))
		a.now()
	}
}

// count counts the prompt of an admitted attempt, corrects what was billed for it
// and what the reply tells, and returns its tokens. Until then its reservation
// stands.
func (a *account) count(t *task, d *decided, count func() uint32) (prompt uint32) {
	prompt = t.attempt.Prompt
	defer func() { // even if count panics, or nothing would be settled any more
		a.mu.Lock()
		defer a.mu.Unlock()
		m := a.models[t.model]
		m.Recount(&t.attempt, &d.reply, prompt, t.marked())
		t.uncounted = false
		_, d.charge.tokens = m.Settles(&t.attempt)
	}()
	return count()
}

// toReal puts what ans says of time in the client's seconds, rounded up to whole
// milliseconds: headers cut to them, and a client must not come back too early by as much
// as the speed makes of that.
func (a *account) toReal(ans *wire.Answer) {
	if a.speed == 1 {
		return
	}
	scale := func(d time.Duration) time.Duration {
		if d < 0 {
			return d
		}
		return time.Duration(math.Ceil(float64(d)/a.speed/float64(time.Millisecond))) * time.Millisecond
	}
	ans.Wait = scale(ans.Wait)
	for i := range ans.Standings {
		ans.Standings[i].Reset = scale(ans.Standings[i].Reset)
	}
}

// length draws how long the answer to an ordinary client's call is, if nothing bounds it.
func (a *account) length(x *wire.Attempt) uint32 {
	return uint32(math.Max(1, a.outputs.Draw(a.key, rng.Output, x.Call, 0)))
}
