// Package conformance grades how a provider's clients behave: whether they wait as
// long as they are asked to, stop repeating what cannot succeed, spread their
// retries, and obey the headers. It sees what a server sees, and has no clock of its
// own.
package conformance

import (
	"fmt"
	"strings"
	"time"

	"ratesim/provider/calls"
	"ratesim/provider/wire"
)

// Event is one attempt that was answered.
type Event struct {
	Key        string        // API key
	Deployment string        // empty when none was found
	Request    string        // id of the request
	Body       uint64        // hash of its body and of where it was sent to
	At         time.Time     // when the attempt arrived
	Told       time.Time     // when the client could begin to read the answer
	Wait       time.Duration // real time until it may come back, as the answer told; Absent if it did not
	Scripted   bool          // a script has refused it, whatever the deployment would have said
	Reply      wire.Reply
	Attempt    calls.Attempt
}

// Limited reports whether a limit refused the attempt.
func (e *Event) Limited() bool {
	return e.Reply.Status == wire.StatusTooManyRequests || e.Reply.Limit != wire.NoLimit
}

// Outcome is what came of the attempt if the client got all of the answer.
func (e *Event) Outcome() calls.Outcome {
	r := &e.Reply
	switch {
	case r.Status >= 200 && r.Status < 300:
		return calls.Succeeded
	case r.ShouldRetry == wire.Retry:
		return calls.Failed
	case r.Status >= 400 && (!r.Retryable() || r.ShouldRetry == wire.DoNotRetry):
		return calls.Hopeless
	}
	return calls.Failed
}

// Answer is what the next attempt of the call is held against.
func (e *Event) Answer() calls.Answer {
	return calls.Answer{Request: e.Request, Deployment: e.Deployment, Told: e.Told, Asked: e.Wait >= 0, Wait: e.Wait,
		Status: e.Reply.Status, Limited: e.Limited(), Outcome: e.Outcome()}
}

const (
	// maxKeys is how many keys are told apart; the others share one record.
	maxKeys = 1 << 10
	// maxDeployments is the same for the deployments of a key.
	maxDeployments = 1 << 6
	// maxExamples is how many examples are kept of each rule and key.
	maxExamples = 3
	// flight is how long a refusal may take to reach the client; until then it
	// does not know of it.
	flight = 250 * time.Millisecond
	// low is the share left below which a client that reads the headers has to
	// slow down.
	low = 0.05
	// most is how many attempts a call may have that nobody asked for.
	most = 3
)

// others is the record of the keys above maxKeys.
const others = "other keys"

// Watcher takes down what clients do. It must not be used concurrently.
type Watcher struct {
	speed   float64
	rules   []Rule
	tenants map[string]string
	clients map[string]*client
	herd    herd
	all     counts
}

// New returns a Watcher for a provider whose clock runs so many times as fast as
// the clients'; resets in replies are in the provider's time. In grades, keys are
// said to be of their tenants; there may be none.
func New(speed float64, tenants map[string]string) *Watcher {
	return &Watcher{speed: speed, rules: rules(), tenants: tenants, clients: map[string]*client{}}
}

type counts struct{ attempts, calls, limited, refused int64 }

func (c *counts) add(e *Event) {
	c.attempts++
	c.calls += one(e.Attempt.Number == 0)
	c.limited += one(e.Limited())
	c.refused += one(e.Outcome() != calls.Succeeded)
}

// client is one key.
type client struct {
	counts
	cases [numRules]cases
	// byBody are the cases of attempts that are known by their bodies alone. They count if
	// the client turns out to have no two calls with the same body.
	byBody    [numRules]cases
	twins     bool // it has
	examples  [numRules][]Example
	near      bool              // it has been told that little is left of a limit, or nothing
	exhausted map[string]window // by deployment
	knewFrom  time.Time         // the first of these began
}

// window is the time in which a client knows that nothing is left.
type window struct {
	from, until time.Time
	request     string // that was answered so first
	told        time.Time
}

// Example is one case that is bad, or of which nobody can tell.
type Example struct {
	Request string    `json:"request"` // id of the attempt
	At      time.Time `json:"at"`
	Before  string    `json:"before,omitempty"` // id of the attempt of the call before it
	Told    time.Time `json:"told,omitzero"`    // when that was answered
	Says    string    `json:"says"`
}

// Observe takes down one attempt. Attempts come in the order of their arrival,
// or nearly so.
func (w *Watcher) Observe(e Event) {
	c := w.client(e.Key)
	c.add(&e)
	w.all.add(&e)
	c.twins = c.twins || e.Attempt.Twin
	for i := range w.rules {
		if w.rules[i].measure == nil {
			continue
		}
		n := w.rules[i].measure(c, &e)
		if n == (cases{}) {
			continue
		}
		if e.Attempt.By == calls.ByBody && i < exhausted {
			c.byBody[i].add(n)
		} else {
			c.cases[i].add(n)
		}
		if n.bad+n.unclear > 0 && len(c.examples[i]) < maxExamples && i != headroom {
			c.examples[i] = append(c.examples[i], c.example(i, &e))
		}
	}
	if a := &e.Attempt; a.Before.Status == wire.StatusTooManyRequests && a.Before.Outcome == calls.Failed {
		w.herd.add(e.At, a.Alike || a.Guessed || a.By == calls.ByBody && c.twins)
	}
	c.learn(&e, w.speed)
}

// example tells a case of a rule.
func (c *client) example(rule int, e *Event) Example {
	const clock = "15:04:05.000"
	x := Example{Request: e.Request, At: e.At}
	x.Says = fmt.Sprintf("request %s of %s", e.Request, e.At.UTC().Format(clock))
	if rule == exhausted {
		known := c.exhausted[e.Deployment]
		x.Before, x.Told = known.request, known.told
		x.Says += fmt.Sprintf(" was answered %d; request %s was told at %s that nothing was left until %s",
			e.Reply.Status, known.request, known.told.UTC().Format(clock), known.until.UTC().Format(clock))
		return x
	}
	b := &e.Attempt.Before
	if b.Outcome == calls.Unanswered {
		x.Says += fmt.Sprintf(" was answered %d", e.Reply.Status)
		return x
	}
	x.Before, x.Told = b.Request, b.Told
	due := b.Told.Add(b.Wait)
	if early := due.Sub(e.At); b.Asked && early > 0 {
		x.Says += fmt.Sprintf(" came %v too early", early.Round(time.Millisecond))
	} else {
		x.Says += fmt.Sprintf(" was attempt %d of its call", e.Attempt.Number+1)
	}
	x.Says += fmt.Sprintf("; request %s before it was answered %d at %s", b.Request, b.Status, b.Told.UTC().Format(clock))
	if b.Asked {
		x.Says += fmt.Sprintf(" and asked it to wait for %v", b.Wait.Round(time.Millisecond))
	}
	return x
}

// client returns the record of a key.
func (w *Watcher) client(key string) *client {
	c := w.clients[key]
	if c == nil && len(w.clients) >= maxKeys {
		key = others
		c = w.clients[key]
	}
	if c == nil {
		c = &client{exhausted: map[string]window{}}
		w.clients[strings.Clone(key)] = c
	}
	return c
}

// learn notes until when a client has been told that nothing is left.
func (c *client) learn(e *Event, speed float64) {
	if e.Reply.Status != wire.StatusTooManyRequests {
		return // a success takes its time to tell
	}
	var reset time.Duration
	for _, q := range [...]wire.Quota{e.Reply.Requests, e.Reply.Tokens} {
		if q.Remaining == 0 {
			reset = max(reset, q.Reset)
		}
	}
	if reset == 0 {
		return
	}
	until := e.Told.Add(time.Duration(float64(reset) / speed))
	if back := e.Told.Add(e.Wait); e.Wait > 0 && back.Before(until) {
		until = back
	}
	known, ok := c.exhausted[e.Deployment]
	switch {
	case !ok && len(c.exhausted) >= maxDeployments:
		return
	case !e.Told.Before(known.until):
		known = window{e.Told.Add(flight), until, e.Request, e.Told}
	case until.Before(known.until):
		known.until = until
	}
	c.exhausted[strings.Clone(e.Deployment)] = known
	if c.knewFrom.IsZero() && known.from.Before(known.until) {
		c.knewFrom = known.from
	}
}

const (
	herdWindow  = 100 * time.Millisecond
	herdWindows = 10 // in a block, within which retries are compared
)

// herd measures how much retries come together, by the pairs of them that fall into one
// window of those in one block: ten times their share is Morisita's index (Memoirs of the
// Faculty of Science, Kyushu University, E 2, 1959). It is taken within blocks of a second,
// so that a load that rises and falls is not held against the clients.
type herd struct {
	block   int64
	counts  [herdWindows]int64
	total   int64 // in the block
	unclear int64 // in the block, those that may be no retries; not among the others
	pairs   cases // bad: those in one window
}

// add notes what is a retry, or may be one.
func (h *herd) add(at time.Time, unclear bool) {
	w := at.UnixNano() / int64(herdWindow)
	if b := w / herdWindows; b > h.block {
		*h = herd{block: b, pairs: h.pairs}
	}
	if unclear {
		h.pairs.add(cases{unclear: h.total + h.unclear, why: guessed})
		h.unclear++
		return
	}
	w = max(0, w-h.block*herdWindows) // what comes late counts as the block's first
	h.pairs.add(cases{of: h.total, bad: h.counts[w], unclear: h.unclear, why: guessed})
	h.counts[w]++
	h.total++
}
