// Package conformance grades how a provider's clients behave: whether they wait as
// long as they are asked to, stop repeating what cannot succeed, spread their
// retries, and obey the headers. It sees what a server sees, and has no clock of its
// own.
package conformance

import (
	"slices"
	"strings"
	"time"

	"ratesim/provider/wire"
)

// Event is one attempt that was answered.
type Event struct {
	Key        string    // API key
	Deployment string    // empty when none was found
	At         time.Time // when the attempt arrived
	Body       uint64    // hash of the body: the same request again has the same
	Reply      wire.Reply
	Wait       time.Duration // real time until it would be admitted, as the answer told; Absent if it did not
	Left       float64       // smallest share of a limit left as told before this attempt; 1 if nothing was told
}

const (
	// memory is how long a refused request is remembered. A client that comes
	// back later has given up and begins anew.
	memory = 10 * time.Minute
	// maxBodies is how many refused requests are remembered of a key at least;
	// with twice as many, the older half is forgotten, and its retries count as
	// new requests.
	maxBodies = 1 << 10
	// maxKeys is how many keys are told apart; the others share one record, in
	// which retries are known by their bodies alone.
	maxKeys = 1 << 10
	// maxDeployments is the same for the deployments of a key.
	maxDeployments = 1 << 6
	// slack is how much too early is still on time: the resolution of clients'
	// timers.
	slack = 10 * time.Millisecond
	// flight is how long a refusal may take to reach the client; until then it
	// does not know of it.
	flight = 250 * time.Millisecond
	// low is the share left below which a client that reads the headers has to
	// slow down.
	low = 0.05
)

// others is the record of the keys above maxKeys.
const others = "other keys"

// Watcher takes down what clients do. It must not be used concurrently.
//
// A retry is a request with the key, body and deployment of an earlier one that
// was refused and has not been repeated since: who turns to another deployment
// comes back to none. Clients that send the same body on purpose cannot be told
// from clients that retry.
type Watcher struct {
	speed   float64
	tenants map[string]string
	clients map[string]*client
	herd    herd
	all     counts
}

// New returns a Watcher for a provider whose clock runs so many times as fast as
// the clients'; resets in replies are in the provider's time. In grades, keys are
// said to be of their tenants; there may be none.
func New(speed float64, tenants map[string]string) *Watcher {
	return &Watcher{speed: speed, tenants: tenants, clients: map[string]*client{}}
}

// counts is what findings are made of.
type counts struct {
	attempts, retries, limited, refused int64

	asked, early         int64 // retries of refusals that asked to wait; those that did not
	hopeless, again      int64 // refusals that nothing can cure; requests repeated all the same
	known, foretold      int64 // refused while the window was known to be exhausted; refused while little was left
	firsts, firstLimited int64
}

// client is one key.
type client struct {
	counts
	young, old map[request]refusal
	exhausted  map[string]window // by deployment
}

// request is what retries are known by.
type request struct {
	deployment string
	body       uint64
}

// refusal is what is remembered of a request.
type refusal struct {
	at       time.Time
	wait     time.Duration // asked for; Absent if it was not
	hopeless bool
	limited  bool
}

// window is the time in which a client knows that nothing is left.
type window struct{ from, until time.Time }

// Observe takes down one attempt. Attempts come in the order of their arrival,
// or nearly so.
func (w *Watcher) Observe(e Event) {
	c := w.client(e.Key)
	same := request{e.Deployment, e.Body}
	before, repeated := c.take(same, e.At)
	obeyed := repeated && before.wait >= 0 && e.At.Sub(before.at) >= before.wait-slack
	r := &e.Reply
	limited := r.Status == wire.StatusTooManyRequests || r.Limit != wire.NoLimit

	var n counts
	n.attempts = 1
	n.limited = one(limited)
	n.refused = one(!success(r))
	n.retries = one(repeated)
	n.firsts, n.firstLimited = one(!repeated), one(!repeated && limited)
	n.asked = one(repeated && before.wait >= 0)
	n.early = one(repeated && before.wait >= 0 && !obeyed)
	n.again = one(repeated && before.hopeless)
	n.hopeless = one(hopeless(r))
	if limited && r.Retryable() {
		if known := c.exhausted[e.Deployment]; !obeyed && e.At.After(known.from) && e.At.Before(known.until) {
			n.known = 1
		} else if !repeated && e.Left <= low {
			n.foretold = 1
		}
	}
	c.add(&n)
	w.all.add(&n)
	if repeated && before.limited {
		w.herd.add(e.At)
	}
	if !success(r) {
		c.put(same, refusal{at: e.At, wait: e.Wait, hopeless: hopeless(r), limited: limited})
	}
	c.learn(&e, w.speed)
}

func success(r *wire.Reply) bool { return r.Status >= 200 && r.Status < 300 }

// hopeless reports whether the same request can never succeed.
func hopeless(r *wire.Reply) bool { return r.Status >= 400 && !r.Retryable() }

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func (c *counts) add(n *counts) {
	c.attempts += n.attempts
	c.retries += n.retries
	c.limited += n.limited
	c.refused += n.refused
	c.asked += n.asked
	c.early += n.early
	c.hopeless += n.hopeless
	c.again += n.again
	c.known += n.known
	c.foretold += n.foretold
	c.firsts += n.firsts
	c.firstLimited += n.firstLimited
}

// client returns the record of a key.
func (w *Watcher) client(key string) *client {
	c := w.clients[key]
	if c == nil && len(w.clients) >= maxKeys {
		key = others
		c = w.clients[key]
	}
	if c == nil {
		c = &client{young: map[request]refusal{}, exhausted: map[string]window{}}
		w.clients[strings.Clone(key)] = c
	}
	return c
}

// take returns what is remembered of a request, and forgets it: what comes after
// this is a retry only if this is refused too.
func (c *client) take(same request, now time.Time) (refusal, bool) {
	for _, m := range [...]map[request]refusal{c.young, c.old} {
		if before, ok := m[same]; ok {
			delete(m, same)
			return before, now.Sub(before.at) <= memory
		}
	}
	return refusal{}, false
}

// put remembers a refusal.
func (c *client) put(same request, r refusal) {
	if len(c.young) >= maxBodies {
		c.young, c.old = map[request]refusal{}, c.young
	}
	c.young[same] = r
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
	known, ok := c.exhausted[e.Deployment]
	if !ok && len(c.exhausted) >= maxDeployments {
		return
	}
	if !e.At.Before(known.until) {
		known.from = e.At.Add(flight)
	}
	known.until = e.At.Add(time.Duration(float64(reset) / speed))
	c.exhausted[e.Deployment] = known
}

const (
	herdWindow  = 100 * time.Millisecond
	herdWindows = 10 // in a block, within which retries are compared
)

// herd measures how much retries come together. Its index is Morisita's (Memoirs
// of the Faculty of Science, Kyushu University, E 2, 1959): how many times as
// often two events fall into one window as they would by chance, 1 for events
// that know nothing of each other and 10, the number of windows, for those that
// all come at once. It is taken within blocks of a second, so that a load that
// rises and falls is not held against the clients.
type herd struct {
	block    int64
	counts   [herdWindows]int64
	total    int64 // in the block
	together int64 // pairs in one window
	pairs    int64 // in one block
	retries  int64
}

func (h *herd) add(at time.Time) {
	w := at.UnixNano() / int64(herdWindow)
	if b := w / herdWindows; b > h.block {
		h.block, h.counts, h.total = b, [herdWindows]int64{}, 0
	}
	w = max(0, w-h.block*herdWindows) // what comes late counts as the block's first
	h.together += h.counts[w]
	h.pairs += h.total
	h.counts[w]++
	h.total++
	h.retries++
}

// index returns Morisita's index, 0 when there was no pair.
func (h *herd) index() float64 {
	if h.pairs == 0 {
		return 0
	}
	return herdWindows * float64(h.together) / float64(h.pairs)
}

// Report returns a grade for each key, in order of the keys, and a last one for
// all of them together.
func (w *Watcher) Report() []Grade {
	keys := make([]string, 0, len(w.clients))
	for key := range w.clients {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	list := make([]Grade, 0, len(keys)+1)
	for _, key := range keys {
		g := w.clients[key].grade(Mask(key))
		g.Tenant = w.tenants[key]
		list = append(list, g)
	}
	return append(list, w.together())
}
