package script

import (
	"container/list"
	"fmt"
	"strings"
	"time"
)

// Attempt is what is known of a request.
//
// The attempts of one call have the same Call, where a client sends one. Else they have
// the same key, body and Script, and the number of retries tells a new call, 0, from
// another attempt of an open one. A client that sends neither makes another attempt of
// an open call whenever it sends the same again while none of that call is on its way;
// the connection decides between several such calls.
type Attempt struct {
	Script                       string // that the client asks for; empty = none
	Model, Deployment, Path, Key string
	Prompt                       string
	Body                         uint64 // hash of the path and the body
	Call                         string // idempotency key, or what else names the call; empty = nothing does
	Retry                        int    // how many attempts there were before; -1 = not told
	Connection                   string // the client's address
}

func (a *Attempt) contains(part string) bool { return strings.Contains(a.Prompt, part) }

const (
	// mostCalls is how many open calls are remembered; the one that began first is
	// forgotten for another, and its next attempt begins a new call.
	mostCalls = 1 << 16
	// memory is how long an open call is remembered after its last attempt.
	memory = 10 * time.Minute
)

// Player plays scripts. It is not safe for concurrent use; a server holds a lock around
// it and its turns.
type Player struct {
	scripts []Script
	played  []Played
	open    list.List // of *call, the one that began first in front
	marked  map[mark]*call
	alike   map[body][]*call // calls without a mark, the oldest first
}

// Played is how often a script was played.
type Played struct {
	Name    string `json:"name,omitempty"`
	Where   string `json:"where,omitempty"`
	Calls   int64  `json:"calls"`   // to how many calls
	Replies int64  `json:"replies"` // how many replies of it were given
}

// mark is what names a call.
type mark struct{ key, call string }

// body is what attempts of a call without a mark have in common.
type body struct {
	script, key string // the script that was asked for, and the API key
	hash        uint64
}

// call is one that a script is played to.
type call struct {
	script     int
	reply      int // the next, or the one that is given for a time
	given      int // how often that reply was given
	since      time.Time
	attempts   int
	inFlight   int
	last       time.Time
	connection string
	mark       mark // empty without one
	body       body
	place      *list.Element // nil when it is over
}

// NewPlayer returns a player of scripts, which must not be changed afterwards.
func NewPlayer(scripts []Script) *Player {
	p := &Player{scripts: scripts, marked: map[mark]*call{}, alike: map[body][]*call{}}
	for i := range scripts {
		p.played = append(p.played, Played{Name: scripts[i].Name, Where: scripts[i].Where})
	}
	return p
}

// Scripts returns the scripts, which must not be changed.
func (p *Player) Scripts() []Script { return p.scripts }

// Turn is one reply that is being given.
type Turn struct {
	Reply *Reply
	p     *Player
	c     *call
}

// Script returns the script that the reply is of.
func (t *Turn) Script() *Script { return &t.p.scripts[t.c.script] }

// Begin returns the reply to an attempt, nil where no script is played to it or the
// script of its call is over. End must be called when it was given. It fails when the
// attempt asks for a script that there is not.
func (p *Player) Begin(now time.Time, a *Attempt) (*Turn, error) {
	c := p.find(now, a)
	if c == nil {
		i, err := p.choose(a)
		if i < 0 || err != nil {
			return nil, err
		}
		c = p.begin(i, a)
	}
	c.attempts++
	c.last, c.connection = now, a.Connection
	r := p.next(now, c)
	c.inFlight++
	if r == nil {
		r = &Reply{}
	} else {
		p.played[c.script].Replies++
	}
	return &Turn{r, p, c}, nil
}

// find returns the open call that an attempt belongs to, nil if it begins one.
func (p *Player) find(now time.Time, a *Attempt) *call {
	var found *call
	if a.Call != "" {
		found = p.marked[mark{a.Key, a.Call}]
	} else if a.Retry != 0 {
		for _, c := range p.alike[body{a.Script, a.Key, a.Body}] {
			if (c.inFlight == 0 || a.Retry > 0) && (found == nil || closer(c, found, a)) {
				found = c
			}
		}
	}
	if found != nil && now.Sub(found.last) > memory {
		p.forget(found)
		return nil
	}
	return found
}

// closer reports whether an attempt belongs to c rather than to other, which is older.
func closer(c, other *call, a *Attempt) bool {
	if fits, otherFits := c.attempts == a.Retry, other.attempts == a.Retry; fits != otherFits {
		return fits
	}
	if (c.inFlight == 0) != (other.inFlight == 0) {
		return c.inFlight == 0
	}
	return c.connection == a.Connection && other.connection != a.Connection
}

// choose returns the script for a new call, -1 if there is none.
func (p *Player) choose(a *Attempt) (int, error) {
	if a.Script != "" {
		var names []string
		for i := range p.scripts {
			if p.scripts[i].Name == a.Script {
				if p.used(i) {
					return -1, nil
				}
				return i, nil
			}
			if name := p.scripts[i].Name; name != "" {
				names = append(names, name)
			}
		}
		if names == nil {
			return -1, fmt.Errorf("%s: there is no script called %q; this server has none with a name", Header, a.Script)
		}
		return -1, fmt.Errorf("%s: there is no script called %q; there are %s", Header, a.Script, strings.Join(names, ", "))
	}
	for i := range p.scripts {
		if !p.used(i) && p.scripts[i].fits(a) {
			return i, nil
		}
	}
	return -1, nil
}

// used reports whether a script was played to as many calls as it may.
func (p *Player) used(i int) bool {
	return p.scripts[i].Calls > 0 && p.played[i].Calls >= p.scripts[i].Calls
}

// begin notes a new call.
func (p *Player) begin(i int, a *Attempt) *call {
	if p.open.Len() >= mostCalls {
		oldest, _ := p.open.Front().Value.(*call) // as all are
		p.forget(oldest)
	}
	c := &call{script: i}
	if a.Call != "" {
		c.mark = mark{strings.Clone(a.Key), strings.Clone(a.Call)}
		p.marked[c.mark] = c
	} else {
		c.body = body{strings.Clone(a.Script), strings.Clone(a.Key), a.Body}
		p.alike[c.body] = append(p.alike[c.body], c)
	}
	c.place = p.open.PushBack(c)
	p.played[i].Calls++
	return c
}

// next returns the reply to the next attempt of a call, nil when its script is over.
func (p *Player) next(now time.Time, c *call) *Reply {
	replies := p.scripts[c.script].Replies
	for ; c.reply < len(replies); c.reply, c.given = c.reply+1, 0 {
		r := &replies[c.reply]
		if c.given == 0 {
			c.since = now
		}
		if r.For > 0 && now.Sub(c.since) < r.For || r.For == 0 && c.given < max(1, r.Times) {
			c.given++
			return r
		}
	}
	return nil
}

// End says that the reply was given. over says that the call is over: it has succeeded,
// or the reply is one after which no client tries again.
func (t *Turn) End(over bool) {
	if t.c.inFlight--; over && t.c.place != nil {
		t.p.forget(t.c)
	}
}

// forget closes a call.
func (p *Player) forget(c *call) {
	p.open.Remove(c.place)
	c.place = nil
	if c.mark.call != "" {
		delete(p.marked, c.mark)
		return
	}
	left := p.alike[c.body]
	for i := range left {
		if left[i] == c {
			left = append(left[:i], left[i+1:]...)
			break
		}
	}
	if p.alike[c.body] = left; len(left) == 0 {
		delete(p.alike, c.body)
	}
}

// Played returns how often each script was played.
func (p *Player) Played() []Played { return append([]Played{}, p.played...) }
