package script

import (
	"container/list"
	"fmt"
	"strings"
	"time"
)

// Attempt is what is known of a request.
type Attempt struct {
	Call                         uint64 // the call it belongs to; see package calls
	Script                       string // that the client asks for; empty = none
	Model, Deployment, Path, Key string
	Prompt                       string
}

func (a *Attempt) contains(part string) bool { return strings.Contains(a.Prompt, part) }

// mostCalls is how many open calls are remembered; the one that began first is forgotten
// for another, and begins its script anew.
const mostCalls = 1 << 16

// Player plays scripts. It is not safe for concurrent use; a server holds a lock around
// it and its turns.
type Player struct {
	scripts []Script
	played  []Played
	order   list.List // of *call, the one that began first in front
	open    map[uint64]*call
}

// Played is how often a script was played.
type Played struct {
	Name    string `json:"name,omitempty"`
	Where   string `json:"where,omitempty"`
	Calls   int64  `json:"calls"`   // to how many calls
	Replies int64  `json:"replies"` // how many replies of it were given
}

// call is one that a script is played to.
type call struct {
	number uint64
	script int
	reply  int // the next, or the one that is given for a time
	given  int // how often that reply was given
	since  time.Time
	place  *list.Element
}

// NewPlayer returns a player of scripts, which must not be changed afterwards.
func NewPlayer(scripts []Script) *Player {
	p := &Player{scripts: scripts, open: map[uint64]*call{}}
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
	c := p.open[a.Call]
	if c == nil {
		i, err := p.choose(a)
		if i < 0 || err != nil {
			return nil, err
		}
		c = p.begin(i, a.Call)
	}
	r := p.next(now, c)
	if r == nil {
		r = &Reply{}
	} else {
		p.played[c.script].Replies++
	}
	return &Turn{r, p, c}, nil
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
func (p *Player) begin(script int, number uint64) *call {
	if p.order.Len() >= mostCalls {
		oldest, _ := p.order.Front().Value.(*call) // as all are
		p.forget(oldest)
	}
	c := &call{script: script, number: number}
	c.place = p.order.PushBack(c)
	p.open[number] = c
	p.played[script].Calls++
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
	if over && t.p.open[t.c.number] == t.c {
		t.p.forget(t.c)
	}
}

// forget closes a call.
func (p *Player) forget(c *call) {
	p.order.Remove(c.place)
	delete(p.open, c.number)
}

// Played returns how often each script was played.
func (p *Player) Played() []Played { return append([]Played{}, p.played...) }
