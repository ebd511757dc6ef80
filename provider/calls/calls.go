// Package calls tells which attempts belong to one call, by what clients send. It sees
// what a server sees, and has no clock of its own.
//
// The attempts of a call have one name where the client sends one: an idempotency key,
// or the id of an invocation. Otherwise they have the same API key and the same body, and
// the number of retries, where it is sent, tells a new call from a retry. A client that
// sends neither makes another attempt of a call when it sends the same body again after
// that call was refused. This is a guess where it comes on another connection or after
// three attempts, and where that client has several calls with the same body.
package calls

import (
	"container/list"
	"strings"
	"time"
)

// ID is what tells which call an attempt belongs to.
type ID struct {
	Key        string // API key
	Name       string // of the call, the same for all its attempts; empty = none was sent
	Retry      int    // how many attempts there were before; -1 = not told
	Body       uint64 // hash of all that attempts of one call have in common
	Connection string // the client's address
}

// By is what an attempt is known by.
type By uint8

// From the least to the most certain.
const (
	ByBody  By = iota // its body and its connection
	ByCount           // its body and the number of retries
	ByName
)

// Outcome is what became of an attempt.
type Outcome uint8

// The outcomes.
const (
	Unanswered Outcome = iota
	Lost               // the client hung up before it had all of the answer
	Succeeded          // the call is over
	Failed             // the same attempt may succeed later
	Hopeless           // it cannot
)

// Answer is what an attempt was answered.
type Answer struct {
	Request    string // id of the request
	Deployment string
	Told       time.Time // when the client could begin to read it
	Asked      bool      // to wait for so long:
	Wait       time.Duration
	Status     int
	Limited    bool // a limit refused the attempt
	Outcome    Outcome
}

// Attempt is what is known of an attempt when it arrives.
type Attempt struct {
	Call   uint64 // number of the call
	Number int    // attempts of the call before this one
	By     By
	Before Answer // to the attempt before this one; Unanswered when it is not known
	// Early says that it comes before the wait is over that the answer before asked for.
	Early bool
	// Bidden says that the answer before asked for this attempt, which has waited as long
	// as it should. Unbidden is how many attempts of the call, up to this one, were not.
	Bidden   bool
	Unbidden int

	// Alike says that Early depends on to which of several calls this attempt belongs that
	// are alike in all that clients send. Early is what the client can have done best.
	Alike bool
	// Guessed says that it may belong to another call, or be the first of its own.
	Guessed bool
	// Twin says that a call with this body is on its way or has succeeded, and the attempt
	// is known by its body alone: bodies do not tell this client's calls apart.
	Twin bool
	// Again says that an attempt known by its body alone, which counts as a new call, may
	// be another attempt of a call that got a hopeless answer.
	Again bool

	call *call
}

const (
	// mostCalls is how many calls are remembered. One more, and the one that was idle for
	// the longest time is forgotten; its next attempt begins a new call.
	mostCalls = 1 << 16
	// memory is how long a call is remembered after its last attempt. A client that comes
	// back later has given up and begins anew.
	memory = 10 * time.Minute
	// slack is how much too early is still on time: the resolution of clients' timers.
	slack = 10 * time.Millisecond
	// usual is how many attempts of a call clients make at their defaults: those of
	// OpenAI, Anthropic, Vercel and AWS make three.
	usual = 3
)

// Tracker tells attempts apart. It is not safe for concurrent use; a server holds a lock
// around it.
type Tracker struct {
	made   uint64
	all    list.List // of *call, the one that was idle for the longest time in front
	named  map[name]*call
	groups map[body]*group
}

type name struct{ key, name string }

type body struct {
	key  string
	hash uint64
}

// group is the calls of one body that have no name.
type group struct {
	of      body
	calls   []*call
	flying  int                 // of these
	waiting int                 // of these
	closed  [Hopeless + 1]*call // by outcome, the last of those known by the body alone that got it; it stays in calls
}

type call struct {
	number     uint64
	attempts   int
	unbidden   int
	flying     int // attempts on their way
	seen       time.Time
	connection string
	by         By
	last       Answer    // to the last attempt
	due        time.Time // when the next attempt may come; zero = at once
	// inOrder is when the next attempt may come if calls that are alike come back in the
	// order in which they may. The waiting calls of a group have the same instants here as
	// in due, but for what retries have used up: there that of the call that was taken for
	// the one that came back, here the earliest.
	inOrder time.Time
	name    name
	group   *group        // nil with a name
	index   int           // in group.calls
	place   *list.Element // nil when it is forgotten
}

// New returns a Tracker that knows no calls.
func New() *Tracker {
	t := &Tracker{}
	t.Forget()
	return t
}

// Forget forgets all calls.
func (t *Tracker) Forget() {
	for e := t.all.Front(); e != nil; e = e.Next() {
		callAt(e).place = nil
	}
	t.all.Init()
	t.named, t.groups = map[name]*call{}, map[body]*group{}
}

func callAt(e *list.Element) *call {
	c, _ := e.Value.(*call) // as all are
	return c
}

// Begin says which call an attempt belongs to that arrives now. End must be called when
// it has been answered.
func (t *Tracker) Begin(now time.Time, id *ID) *Attempt {
	for e := t.all.Front(); e != nil && now.Sub(callAt(e).seen) > memory; e = t.all.Front() {
		t.forget(callAt(e))
	}
	a := &Attempt{By: ByName}
	if id.Name != "" {
		a.call = t.named[name{id.Key, id.Name}]
	} else {
		a.find(t.groups[body{id.Key, id.Body}], now, id)
	}
	c := a.call
	if c == nil {
		c = t.begin(id, a.By)
		a.call = c
	} else {
		t.all.MoveToBack(c.place)
		a.follow(c, now, id)
	}
	if a.Number = c.attempts; !a.Bidden {
		c.unbidden++
	}
	a.Call, a.Unbidden = c.number, c.unbidden
	c.seen, c.connection = now, id.Connection
	c.change(func() {
		c.attempts++
		c.flying++
	})
	return a
}

// find sets the call of an attempt without a name, if it is not the first of a new one.
func (a *Attempt) find(g *group, now time.Time, id *ID) {
	a.By = ByCount
	if id.Retry < 0 {
		a.By = ByBody
	}
	if g == nil || id.Retry == 0 {
		return
	}
	if id.Retry > 0 || g.waiting > 0 {
		for _, c := range g.calls {
			if c.takes(id.Retry) && (a.call == nil || c.before(a.call, now, id)) {
				a.call = c
			}
		}
	}
	if a.By == ByBody {
		a.Twin = g.flying > 0 || a.call == nil && g.closed[Succeeded] != nil
		a.Again = a.call == nil && g.closed[Hopeless] != nil
	}
}

// takes reports whether another attempt can belong to c, which says that there were so
// many before.
func (c *call) takes(retry int) bool {
	return c.waiting() || retry > 0 && (c.flying > 0 || c.last.Outcome != Succeeded)
}

// waiting reports whether the next attempt is the client's turn.
func (c *call) waiting() bool {
	return c.flying == 0 && (c.last.Outcome == Failed || c.last.Outcome == Lost)
}

// before reports whether an attempt belongs to c rather than to d. Of calls that are alike,
// it is one whose wait is over; if that of none is, it is the one with the longest wait, so
// that the next attempts find the others. Thus as few as can be come early.
func (c *call) before(d *call, now time.Time, id *ID) bool {
	if fits, others := c.attempts == id.Retry, d.attempts == id.Retry; fits != others {
		return fits
	}
	if (c.flying == 0) != (d.flying == 0) {
		return c.flying == 0
	}
	if due := c.ready(now); due != d.ready(now) {
		return due
	} else if !due {
		return c.due.After(d.due)
	}
	if same := c.connection == id.Connection; same != (d.connection == id.Connection) {
		return same
	}
	return c.number < d.number
}

func (c *call) ready(now time.Time) bool { return c.due.Sub(now) <= slack }

// follow says how an attempt of c stands to the one before it.
func (a *Attempt) follow(c *call, now time.Time, id *ID) {
	a.Guessed = a.By == ByCount && c.attempts != id.Retry ||
		a.By == ByBody && (c.connection != id.Connection || c.attempts >= usual)
	if c.flying > 0 { // the client has not waited for the answer
		return
	}
	a.Before, a.Early = c.last, !c.ready(now)
	a.Bidden = c.last.Asked && !a.Early
	if c.group == nil || !c.waiting() {
		return
	}
	first := c
	for _, d := range c.group.calls {
		if d.waiting() && d.attempts == c.attempts && d.inOrder.Before(first.inOrder) {
			first = d
		}
	}
	a.Alike = a.Early != (first.inOrder.Sub(now) > slack)
	first.inOrder = c.inOrder
}

// begin notes a new call.
func (t *Tracker) begin(id *ID, by By) *call {
	if t.all.Len() >= mostCalls {
		t.forget(callAt(t.all.Front()))
	}
	t.made++
	c := &call{number: t.made, by: by, attempts: max(0, id.Retry), unbidden: max(0, id.Retry)}
	c.place = t.all.PushBack(c)
	if id.Name != "" {
		c.name = name{strings.Clone(id.Key), strings.Clone(id.Name)}
		t.named[c.name] = c
		return c
	}
	g := t.groups[body{id.Key, id.Body}]
	if g == nil {
		g = &group{of: body{strings.Clone(id.Key), id.Body}}
		t.groups[g.of] = g
	}
	c.group, c.index = g, len(g.calls)
	g.calls = append(g.calls, c)
	return c
}

// change changes a call, and what its group counts.
func (c *call) change(what func()) {
	g := c.group
	if g == nil || c.place == nil {
		what()
		return
	}
	g.count(c, -1)
	what()
	g.count(c, 1)
}

func (g *group) count(c *call, n int) {
	switch {
	case c.flying > 0:
		g.flying += n
	case c.waiting():
		g.waiting += n
	}
}

// End says what an attempt was answered.
func (t *Tracker) End(a *Attempt, answer *Answer) {
	c := a.call
	c.change(func() {
		c.flying--
		c.last, c.due = *answer, time.Time{}
		if answer.Asked {
			c.due = answer.Told.Add(answer.Wait)
		}
		c.inOrder = c.due
	})
	if c.place == nil || answer.Outcome != Succeeded && answer.Outcome != Hopeless {
		return
	}
	switch {
	case c.by == ByBody:
		before := c.group.closed[answer.Outcome]
		c.group.closed[answer.Outcome] = c
		if before != nil && before != c {
			t.forget(before)
		}
	case answer.Outcome == Succeeded:
		t.forget(c)
	}
}

// forget forgets a call.
func (t *Tracker) forget(c *call) {
	t.all.Remove(c.place)
	c.place = nil
	g := c.group
	if g == nil {
		delete(t.named, c.name)
		return
	}
	g.count(c, -1)
	last := g.calls[len(g.calls)-1]
	g.calls[c.index], last.index = last, c.index
	g.calls[len(g.calls)-1] = nil
	g.calls = g.calls[:len(g.calls)-1]
	for i := range g.closed {
		if g.closed[i] == c {
			g.closed[i] = nil
		}
	}
	if len(g.calls) == 0 {
		delete(t.groups, g.of)
	}
}
