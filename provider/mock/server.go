// Package mock is a provider over HTTP. It answers as a vendor does, and decides with
// the models that the simulator runs against.
//
// Every API key is an account of its own, with limits of its own. A load generator
// sends wire.ScriptHeader, which says what the simulator would know of an attempt; it
// also lives in the provider's time. For any other client the mock counts the tokens of
// the prompt, draws the length of the answer, and states waits in the client's seconds.
package mock

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/wire"
	"ratesim/sim/rng"
)

// Deployment is one model that the server offers.
type Deployment struct {
	Name   string // requests name it so, or by Config.Model
	Config provider.Config
}

// Config says what a server offers.
type Config struct {
	Deployments []Deployment // at least one
	Speed       float64      // the provider's seconds in a real one; 0 = 1
	Seed        uint64       // of the draws for clients without a script
	// Keys maps API keys to accounts; nil lets any key in, as an account of
	// its own.
	Keys    map[string]string
	MaxBody int64 // bytes of a request; 0 = 32 MiB
	// MaxAccounts bounds the memory that clients with ever new keys can take,
	// some kilobytes each: beyond it they get 503; 0 = 65,536.
	MaxAccounts int
	// Count returns the tokens of a prompt; nil = a quarter of its bytes.
	Count func(model, text string) int
	// Overhead returns the tokens that chat messages cost beside their text;
	// nil = none.
	Overhead func(messages int) int
	// Watch is told of every request to a model that was decided or turned away;
	// nil = nobody is. It may be called concurrently.
	Watch func(conformance.Event)
}

// Answers of clients without a script are as long as chat answers usually are:
// lognormal with this median and 95th percentile, in tokens.
const outputP50, outputP95 = 130, 450

// Server is the provider. It is safe for concurrent use.
type Server struct {
	c       Config
	created time.Time // of the server
	start   time.Time // of the accounts' clocks, guarded by mu
	mux     *http.ServeMux
	outputs rng.Dist
	made    atomic.Uint64 // requests, for their ids

	hash  maphash.Seed // of bodies
	names [][]byte     // of the deployments' models, in JSON

	dialects []wire.Dialect // of the deployments

	exchanges sync.Pool
	shelves   shelves

	mu       sync.Mutex
	accounts map[string]*account
	configs  []provider.Config // of the deployments, with the faults of now
}

// New returns a server of what c offers. It fails when two deployments of a vendor
// have one name and when a vendor has no dialect.
func New(c Config) (*Server, error) {
	if len(c.Deployments) == 0 {
		return nil, errors.New("mock: no deployment to offer")
	}
	known := map[string]bool{}
	for i := range c.Deployments {
		d := &c.Deployments[i]
		d.Name = cmp.Or(d.Name, d.Config.Model)
		name := d.Config.Vendor + "/" + d.Name
		if known[name] {
			return nil, fmt.Errorf("mock: two deployments are named %q", name)
		}
		known[name] = true
		if err := d.Config.Validate(); err != nil {
			return nil, fmt.Errorf("mock: deployment %q: %w", d.Name, err)
		}
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.MaxBody == 0 {
		c.MaxBody = 32 << 20
	}
	if c.MaxAccounts == 0 {
		c.MaxAccounts = 1 << 16
	}
	if c.Count == nil {
		c.Count = func(_, text string) int { return (len(text) + 3) / 4 }
	}
	outputs, err := rng.NewLognormal(outputP50, outputP95)
	if err != nil {
		return nil, err
	}
	s := &Server{c: c, created: time.Now(), start: time.Now(), hash: maphash.MakeSeed(), accounts: map[string]*account{}, outputs: outputs}
	for i := range c.Deployments {
		s.configs = append(s.configs, c.Deployments[i].Config)
		dialect, ok := wire.DialectOf(c.Deployments[i].Config.Vendor)
		if !ok {
			return nil, fmt.Errorf("mock: deployment %q: vendor %q has no dialect", c.Deployments[i].Name, c.Deployments[i].Config.Vendor)
		}
		s.dialects = append(s.dialects, dialect)
		name, err := json.Marshal(c.Deployments[i].Config.Model)
		if err != nil {
			return nil, fmt.Errorf("mock: deployment %q: %w", c.Deployments[i].Name, err)
		}
		s.names = append(s.names, name)
	}
	s.shelves.reset()
	s.mux = s.routes()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Reset forgets all accounts, with their files: every limit is whole again.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.accounts)
	s.shelves.reset()
	s.start = time.Now()
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

// enter returns the account of a request; nil when it has been turned away. The
// script says when a load generator began, if there is one.
func (e *exchange) enter(script *wire.Script) *account {
	key := credential(e.r)
	name := key
	if e.s.c.Keys != nil {
		name = e.s.c.Keys[key]
	}
	if !wellFormed(key) || name == "" {
		e.fail(http.StatusUnauthorized, "")
		return nil
	}
	e.key, e.account = key, name
	a := e.s.account(name, script, e.scripted)
	if a == nil {
		e.fail(http.StatusServiceUnavailable, "This server has as many accounts as it can hold.")
	}
	return a
}

// account returns the account of that name, nil when there is no room for it.
func (s *Server) account(name string, script *wire.Script, scripted bool) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[name]
	if a == nil {
		if len(s.accounts) == s.c.MaxAccounts {
			return nil
		}
		zero, epoch, draws := s.start, s.start, rng.New(s.c.Seed, 0)
		if scripted {
			zero, epoch, draws = script.Start, script.Epoch(), rng.New(script.Seed, script.Replication)
		}
		a = newAccount(s.configs, draws, s.outputs, zero, epoch, s.c.Speed)
		s.accounts[strings.Clone(name)] = a
	}
	return a
}

// deployment returns the index of the deployment of that name, or of that
// model, whose vendor speaks the form; -1 without one.
func (s *Server) deployment(f *form, name string) int {
	of := -1
	for i := range s.c.Deployments {
		d := &s.c.Deployments[i]
		if !f.speaks(d.Config.Vendor) {
			continue
		}
		if d.Name == name {
			return i
		}
		if of < 0 && d.Config.Model == name {
			of = i
		}
	}
	return of
}

// generate answers a request to a model.
func (s *Server) generate(w http.ResponseWriter, r *http.Request, f *form) {
	e := s.exchange(w, r, f)
	var script wire.Script
	if v := r.Header[wire.ScriptHeader]; len(v) > 0 {
		var err error
		if script, err = wire.ParseScript(v[0]); err != nil {
			e.fail(http.StatusBadRequest, err.Error())
			return
		}
		e.scripted = true
	}
	account := e.enter(&script)
	if account == nil || !e.read(s.c.MaxBody) {
		return
	}
	e.query.Stream = e.query.Stream && f.inBody || f.stream
	if e.query.Model == "" {
		e.fail(http.StatusBadRequest, "you must provide a model parameter")
		return
	}
	i := s.deployment(f, e.query.Model)
	if i < 0 {
		e.answer.Model = e.query.Model
		e.fail(http.StatusNotFound, fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", e.query.Model))
		return
	}
	d := &s.c.Deployments[i]
	e.dialect, e.name, e.model = s.dialects[i], d.Name, s.names[i]
	attempt := script.Attempt
	if !e.scripted {
		attempt = s.attempt(&e.query, d.Config.Model, f)
	}
	e.answer.Model, e.answer.Deployment, e.answer.Organization = d.Config.Model, d.Name, "org-ratesim"
	e.decided = account.decide(i, &attempt, e.scripted, !f.embeds, &e.answer)
	e.prompt, e.output = attempt.Prompt, attempt.Output
	wait := e.reply.RetryAfter
	if wait > 0 {
		wait = time.Duration(float64(wait) / s.c.Speed)
	}
	e.watch(e.at, &e.reply, wait)
	e.answerDecided()
	s.done(e)
}

// attempt returns what an ordinary client's request is, but for the length of
// its answer.
func (s *Server) attempt(q *wire.Query, model string, f *form) wire.Attempt {
	n := q.Counted
	if q.Text != "" {
		n += s.c.Count(model, q.Text)
	}
	if _, chat := f.style.(chatStyle); chat && s.c.Overhead != nil {
		n += s.c.Overhead(q.Messages)
	}
	return wire.Attempt{Prompt: uint32(n), Guess: uint32(n), MaxTokens: q.MaxTokens}
}

// dialect returns the dialect in which requests of a form are refused before
// their deployment is known.
func (s *Server) dialect(f *form) wire.Dialect {
	for _, d := range s.dialects {
		if f.speaks(d.Vendor) {
			return d
		}
	}
	d, _ := wire.DialectOf(f.vendors[0])
	return d
}
