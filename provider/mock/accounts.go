package mock

import (
	"container/list"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/rng"
)

// accounts are those of a server, guarded by its mutex.
type accounts struct {
	start  time.Time // of their clocks
	named  map[string]*account
	idle   list.List     // those that nobody uses, the first for the longest time
	stored *room         // of what all of them have stored
	places *atomic.Int64 // in prompts that their caches keep
}

// rest is how long nobody has used an account that may be forgotten to make room.
// Limits per minute are whole again by then.
func (s *Server) rest() time.Duration {
	return time.Duration(float64(time.Minute) / min(1, s.c.Speed))
}

// credential returns the API key of a request, wherever its vendor puts it.
func credential(r *http.Request) string {
	for _, name := range [...]string{"Api-Key", "X-Api-Key", "X-Goog-Api-Key"} {
		if v := r.Header.Get(name); v != "" {
			return v
		}
	}
	v := r.Header.Get("Authorization")
	if key, ok := strings.CutPrefix(v, "Bearer "); ok {
		return key
	}
	if _, signed, ok := strings.Cut(v, "Credential="); ok { // of an AWS signature
		key, _, _ := strings.Cut(signed, "/")
		return key
	}
	if r.URL.RawQuery != "" {
		return r.URL.Query().Get("key")
	}
	return ""
}

// enter finds the account of a request; it reports false when the request has been
// turned away. The facts say when a load generator began, if they come from one.
func (e *exchange) enter(facts *wire.Facts) bool {
	key := credential(e.r)
	name := key
	if e.s.c.Keys != nil {
		name = e.s.c.Keys[key]
	}
	if !wellFormed(key) || name == "" {
		e.fail(http.StatusUnauthorized, "")
		return false
	}
	e.key = key
	var wait time.Duration
	if e.account, wait = e.s.enter(name, facts, e.fromBench); e.account == nil {
		e.w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		e.fail(http.StatusServiceUnavailable, fmt.Sprintf("This server keeps %d accounts at most (Bounds.Accounts; --max-accounts of ratesim serve), and all were used within the last %v.",
			e.s.c.Bounds.Accounts, e.s.rest()))
		e.answer.Wait = wait // for the record
	}
	return e.account != nil
}

// enter returns the account of that name. When there is no room for it the account is nil,
// and there may be room after wait. The account is not forgotten until leave is called.
func (s *Server) enter(name string, facts *wire.Facts, fromBench bool) (a *account, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a = s.accounts.named[name]
	if a == nil {
		if len(s.accounts.named) >= s.c.Bounds.Accounts {
			if wait := s.forget(); wait > 0 {
				return nil, wait
			}
		}
		zero, epoch, draws := s.accounts.start, s.accounts.start, rng.New(s.c.Seed, 0)
		if fromBench {
			zero, epoch, draws = facts.Start, facts.Epoch(), rng.New(facts.Seed, facts.Replication)
		}
		a = newAccount(s.configs, draws, s.outputs, zero, epoch, s.c.Speed)
		a.name, a.places = strings.Clone(name), s.accounts.places
		a.bodies = room{most: s.c.Bounds.Bodies / 2, above: &s.bodies}
		a.stored = room{most: s.c.Bounds.AccountStored, above: s.accounts.stored}
		s.accounts.named[a.name] = a
	}
	if a.open++; a.place != nil {
		s.accounts.idle.Remove(a.place)
		a.place = nil
	}
	return a, 0
}

// leave says that a request to an account is over.
func (s *Server) leave(a *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.open--; a.open == 0 && s.accounts.named[a.name] == a { // it is another's name after Reset
		a.used = time.Now()
		a.place = s.accounts.idle.PushBack(a)
	}
}

// forget forgets the account that nobody has used for the longest time. When there is none
// that may be forgotten it returns after how long there may be one, which is more than 0. The
// caller holds the lock.
func (s *Server) forget() (wait time.Duration) {
	first := s.accounts.idle.Front()
	if first == nil {
		return s.rest()
	}
	a, _ := first.Value.(*account) // as all are
	if wait := s.rest() - time.Since(a.used); wait > 0 {
		return wait
	}
	s.accounts.idle.Remove(first)
	delete(s.accounts.named, a.name)
	a.stored.give(a.stored.used.Load())
	a.release()
	return 0
}

// Reset forgets all accounts, with their files, so that every limit is whole again, and
// begins all scripts and recorded answers anew.
func (s *Server) Reset() {
	s.callsMu.Lock()
	s.calls.Forget()
	s.callsMu.Unlock()
	s.SetScripts(s.stage.Load().player.Scripts())
	s.answers.begin()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts = accounts{start: time.Now(), named: map[string]*account{}, stored: &room{most: s.c.Bounds.Stored}, places: new(atomic.Int64)}
}
