package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/live"
)

// Bodies of requests.
const (
	again      int = iota // has GetBody
	none                  // there is no body
	once                  // has no GetBody
	stuck                 // has no GetBody, and stalls until it is closed
	stuckDeaf             // stalls, and does not hear its Close
	slowly                // has no GetBody, and comes slowly
	fallsApart            // Read returns an error
	blowsUp               // Read panics
	notAgain              // GetBody fails, but not the first time
	againStuck            // what GetBody returns stalls
	againBlows            // GetBody panics
	numBodies
)

// How the application gives a call up.
const (
	never    int = iota
	cancels      // its context, at some time
	deadline     // of its context
	ownLimit     // the deadline of live.Call
	isGone       // its context is over before it calls
	numEnds
)

// How the application reads a stream.
const (
	readsAll int = iota
	readsSome
	readsNone
	readsLate
	closesElsewhere // closes it from another goroutine
	numReadings
)

// What may go wrong in a job, because something did that was planned.
type mishap int

const (
	panicking mishap = iota
	flooding
	bodyFails
	numMishaps
)

// healthy is the first of the jobs that come when all faults are over.
const healthy = 1 << 20

// job is a call as the application sees it.
type job struct {
	w     *world
	n     uint64
	dice  *dice
	start time.Duration
	body  int
	ends  int
	after time.Duration // when it is given up, from its start
	reads int
	known bool // it has a live.Call

	// World.mu guards these.
	id       uint64
	named    bool // id is known
	allowed  [numMishaps]bool
	called   time.Time
	gaveUp   time.Time // zero = not at all
	returned bool
	told     int // times that Ended was called
	bodies   []*requestBody
}

func (w *world) newJob(n uint64) *job {
	d := w.dice(forJob, n, 0)
	p := &w.plan
	j := &job{w: w, n: n, dice: d, start: d.span(p.scale)/64*64 + time.Duration(n), known: d.oneIn(2)}
	if n >= healthy {
		j.start, j.known = 0, true
	} else {
		if p.grain > 0 {
			j.start = d.span(p.scale)
		}
		j.body, j.ends, j.reads = p.bodies.draw(d), p.ends.draw(d), p.readings.draw(d)
		j.after = d.span(2 * p.scale)
	}
	if j.known {
		j.id, j.named = 1000+n, true
	}
	return j
}

type jobKey struct{}

// jobOf returns the job of a request's context.
func jobOf(ctx context.Context) *job { return ctx.Value(jobKey{}).(*job) }

// allow notes that a mishap was planned and happened.
func (j *job) allow(m mishap) {
	j.w.mu.Lock()
	j.allowed[m] = true
	j.w.mu.Unlock()
}

// is notes the id of the job's call. The mutex is held.
func (j *job) is(id uint64) {
	if j.named && j.id != id {
		j.w.breach("job %d is call %d and call %d", j.n, j.id, id)
	}
	j.id, j.named = id, true
}

// history returns what is known of the job's call; nil = it was not submitted, or under
// a number that is not known.
func (j *job) history() *history {
	if !j.named {
		return nil
	}
	return j.w.witness.calls[j.id]
}

var errGivenUp = errors.New("the application gave up")

// context returns the context of the call, and notes when it ends.
func (j *job) context() (context.Context, context.CancelFunc) {
	now := time.Now()
	at := now.Add(j.after)
	ctx := context.WithValue(context.Background(), jobKey{}, j)
	cancel := context.CancelFunc(func() {})
	known := live.Call{ID: j.id, EstimatedPrompt: 10, MaxTokens: 20, Tenant: uint16(j.n % 3), Priority: int8(j.n % 2), Ended: j.ended}
	switch j.ends {
	case cancels:
		withCause, why := context.WithCancelCause(ctx)
		timer := time.AfterFunc(j.after, func() { why(errGivenUp) })
		ctx, cancel = withCause, func() { timer.Stop(); why(nil) }
	case deadline:
		ctx, cancel = context.WithDeadline(ctx, at)
	case ownLimit:
		if !j.known {
			return ctx, cancel
		}
		known.Deadline = at
	case isGone:
		ctx, cancel = context.WithCancel(ctx)
		cancel()
		at = now
	default:
		at = time.Time{}
	}
	j.gaveUp = at
	if j.known {
		ctx = live.WithCall(ctx, known)
	}
	return ctx, cancel
}

// ended is Call.Ended.
func (j *job) ended(_ clock.Time, done bool, why strategies.Reason) {
	w := j.w
	w.mu.Lock()
	defer w.mu.Unlock()
	j.told++
	if h := j.history(); h != nil && h.ended && !h.done && !done && why == strategies.BrokenStream && h.handed && !h.tries[len(h.tries)-1].whole {
		return // the strategy gave up because the Transport told it to
	} else if h == nil || !h.ended || h.done != done || !done && h.reason != why {
		w.breach("Ended of call %d is told %v, %v, and the strategy ended it otherwise", j.id, done, why)
	}
}

func (j *job) run() {
	time.Sleep(j.start)
	w := j.w
	ctx, cancel := j.context()
	defer cancel()
	r := j.request(ctx)
	w.mu.Lock()
	j.called = time.Now()
	w.note("RoundTrip of job", j.n, -1, [...]int{j.body, j.ends, j.reads})
	w.mu.Unlock()
	response, err := j.roundTrip(r)
	w.mu.Lock()
	j.judge(response, err)
	w.mu.Unlock()
	if response != nil && response.Body != nil {
		j.read(response)
	}
}

// roundTrip is RoundTrip, which must not panic.
func (j *job) roundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			j.w.check(false, "job %d: RoundTrip panics: %v\n%s", j.n, v, debug.Stack())
			err = errPlanned
		}
	}()
	return j.w.transport.RoundTrip(r)
}

// judge checks what RoundTrip returned. The mutex is held.
func (j *job) judge(response *http.Response, err error) {
	w, h, now := j.w, j.history(), time.Now()
	j.returned = true
	if err != nil {
		w.note("RoundTrip returns to job", j.n, -1, err)
	} else {
		w.note("RoundTrip returns to job", j.n, -1, response.StatusCode)
	}
	if !j.gaveUp.IsZero() && now.Sub(j.gaveUp) > 20*time.Millisecond && now.Sub(j.called) > 20*time.Millisecond {
		w.breach("job %d: RoundTrip returned %v after the application gave up", j.n, now.Sub(j.gaveUp))
	}
	if !w.closing.IsZero() && w.closing.Before(j.called) && (response != nil || h != nil) {
		w.breach("job %d: the call was accepted after Close", j.n)
	}
	switch {
	case (response == nil) == (err == nil), response != nil && response.Body == nil:
		w.breach("job %d: RoundTrip returned %v, %v", j.n, response, err)
	case err != nil && !j.may(err, h):
		w.breach("job %d: RoundTrip returned %v, and nothing of the kind happened", j.n, err)
	case err == nil && h == nil:
		w.breach("job %d: an answer came of a call that was not sent", j.n)
	case err != nil && h != nil && !h.ended:
		w.breach("job %d: RoundTrip returned %v, and the call is open", j.n, err)
	case err != nil && h != nil && h.done:
		w.breach("job %d: RoundTrip returned %v, and the strategy is done", j.n, err)
	case j.n >= healthy && (err != nil || response.StatusCode != 200) && !j.mayFail(h):
		w.breach("job %d: all faults are over, and it got %v, %v", j.n, response, err)
	}
}

// mayFail reports whether the job may fail although all faults are over. A deployment that
// once called a call too large is not sent another of its size.
func (j *job) mayFail(h *history) bool {
	p := &j.w.plan
	return j.w.witness.shattered || p.kind.whims || p.alone || h != nil && h.reason == strategies.Oversize
}

// may reports whether something happened that makes RoundTrip return err. The mutex is held.
func (j *job) may(err error, h *history) bool {
	w := j.w
	var gone *live.Error
	var ask *live.AskError
	switch {
	case errors.As(err, &gone):
		if h == nil {
			return !j.named
		}
		status := live.NotSent
		if h.last != nil {
			status = h.status
		}
		return h.ended && !h.done && h.reason == gone.Reason && (status == gone.Status || w.plan.kind.rogue)
	case errors.As(err, &ask):
		return ask.Misconfigured && slices.ContainsFunc(w.books.asks, func(a *inquiry) bool { return a.notSet })
	case errors.As(err, new(*live.PanicError)):
		return j.allowed[panicking] || w.witness.shattered
	case errors.Is(err, live.ErrClosed):
		return !w.closing.IsZero()
	case errors.Is(err, live.ErrTooLarge):
		return j.allowed[flooding]
	case errors.Is(err, errGivenUp):
		return j.ends == cancels && !time.Now().Before(j.gaveUp)
	case errors.Is(err, context.Canceled):
		return j.ends == isGone
	case errors.Is(err, context.DeadlineExceeded):
		return (j.ends == deadline || j.ends == ownLimit) && !time.Now().Before(j.gaveUp)
	case errors.Is(err, errPlanned):
		return j.allowed[bodyFails]
	}
	return false
}

func isStream(r *http.Response) bool { return r.Header.Get("Content-Type") == "text/event-stream" }

// read reads an answer, and checks that it is the one that the call ended with.
func (j *job) read(response *http.Response) {
	w, d, b := j.w, j.dice, response.Body
	w.mu.Lock()
	h := j.history()
	stream := isStream(response)
	w.mu.Unlock()
	if stream && j.n < healthy {
		switch j.reads {
		case readsLate:
			time.Sleep(d.span(w.plan.scale))
		case closesElsewhere:
			time.AfterFunc(d.span(w.plan.scale), func() { _ = b.Close() })
		case readsSome:
			_, _ = b.Read(make([]byte, 1+d.n(60)))
		}
	}
	var text []byte
	var err error
	if !stream || j.reads != readsNone && j.reads != readsSome {
		text, err = readAll(b)
	}
	w.tell("read by job", j.n, len(text), err)
	_ = b.Close()
	if stream && d.oneIn(3) {
		_ = b.Close()
		if n, err := b.Read(make([]byte, 9)); n > 0 || err == nil {
			w.check(false, "job %d: Read after Close returned %d, %v", j.n, n, err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if h == nil {
		return
	}
	if !h.ended {
		w.breach("job %d: the stream was closed, and the call is open", j.n)
	}
	if stream {
		return
	}
	a := h.last
	switch {
	case a == nil || response.StatusCode != a.status:
		w.breach("job %d: an answer of status %d came, and not the last", j.n, response.StatusCode)
	case err != nil || !strings.HasPrefix(string(text), fmt.Sprintf(`{"id": "%d/%d"`, h.id, a.number)):
		w.breach("job %d: the answer to attempt %d reads %q, %v", j.n, a.number, text, err)
	}
}

// readAll is io.ReadAll that survives bodies that panic.
func readAll(r io.Reader) (text []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errPlanned
		}
	}()
	return io.ReadAll(r)
}

// epilogue checks what must hold of the job when all is over. The mutex is held.
func (j *job) epilogue() {
	w, h := j.w, j.history()
	if !j.returned {
		w.breach("job %d has not returned", j.n)
	}
	want := 0
	if h != nil {
		want = 1
	}
	if j.known && j.told != want {
		w.breach("job %d: Ended was called %d times, want %d", j.n, j.told, want)
	}
	for i, b := range j.bodies {
		if !b.closed {
			w.breach("job %d: body %d of the request was not closed", j.n, i)
		}
	}
}

// estimate is Options.Estimate. It tells of which job a call is, that has no live.Call.
func estimate(body []byte) (prompt, maxTokens uint32) {
	number, _, _ := strings.Cut(string(body), " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 10, 20
	}
	return firstJob + uint32(n), 20
}

// firstJob is the estimate of the prompt of job 0.
const firstJob = 100

// request makes the request of the call.
func (j *job) request(ctx context.Context) *http.Request {
	r, err := http.NewRequestWithContext(ctx, "POST", "http://provider/v1/chat/completions", nil)
	if err != nil {
		panic(err)
	}
	if j.body == none {
		return r
	}
	r.Body = j.newBody(j.body == again || j.body == againBlows || j.body == againStuck || j.body == notAgain)
	switch j.body {
	case again, notAgain, againStuck, againBlows:
		var made atomic.Int64 // attempts of one call may be sent at a time
		r.GetBody = func() (io.ReadCloser, error) {
			n := int(made.Add(1))
			switch {
			case j.body == notAgain && n > 1+int(j.n%3):
				j.allow(bodyFails)
				return nil, errPlanned
			case j.body == againBlows && n > int(j.n%3):
				j.allow(panicking)
				panic(errPlanned)
			}
			return j.newBody(j.body != againStuck), nil
		}
	}
	return r
}

// requestBody is the body of a request, or what GetBody returned.
type requestBody struct {
	j      *job
	kind   int
	left   string
	quit   chan struct{}
	closed bool // World.mu guards it
	dice   *dice
}

func (j *job) newBody(plain bool) *requestBody {
	b := &requestBody{j: j, kind: j.body, left: strconv.FormatUint(j.n, 10) + ` is the job`, quit: make(chan struct{})}
	if plain {
		b.kind = again
	}
	j.w.mu.Lock()
	b.dice = j.w.dice(forJob, j.n, uint64(1+len(j.bodies)))
	j.bodies = append(j.bodies, b)
	j.w.mu.Unlock()
	return b
}

func (b *requestBody) Read(p []byte) (int, error) {
	quit := b.quit
	switch b.kind {
	case fallsApart:
		b.j.allow(bodyFails)
		return 0, errPlanned
	case blowsUp:
		b.j.allow(panicking)
		panic(errPlanned)
	case slowly:
		time.Sleep(b.dice.span(b.j.w.plan.scale))
	case stuckDeaf:
		quit = nil
		fallthrough
	case stuck, againStuck:
		select {
		case <-quit:
			return 0, http.ErrBodyReadAfterClose
		case <-b.j.w.released:
			return 0, io.EOF
		case <-time.After(time.Hour):
			b.j.allow(bodyFails)
			return 0, errPlanned
		}
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (b *requestBody) Close() error {
	w := b.j.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.quit)
	}
	return nil
}
