// Package mock is a provider over HTTP. It answers as a vendor does, and decides with
// the models that the simulator runs against.
//
// Every API key is an account of its own, with limits of its own. A load generator
// sends wire.FactsHeader, which says what the simulator would know of an attempt; it
// also lives in the provider's time. For any other client the mock counts the tokens of
// the prompt, draws the length of the answer, and states waits in the client's seconds.
package mock

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"ratesim/provider"
	"ratesim/provider/calls"
	"ratesim/provider/conformance"
	"ratesim/provider/script"
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
	Seed        uint64       // of the draws for clients without facts
	// Keys maps API keys to accounts; nil lets any key in, as an account of
	// its own.
	Keys map[string]string
	// Aliases maps names that requests use to names of deployments.
	Aliases map[string]string
	// AnyModel lets the first deployment of a vendor answer to all names that no other
	// deployment has.
	AnyModel bool
	Bounds   Bounds // on memory
	// TrustBench lets requests say with wire.FactsHeader what they cost and how long
	// their answers are. It is for load generators that the operator trusts; without
	// it such requests are refused.
	TrustBench bool
	// Scripts are replies that are given whatever the deployments would decide.
	Scripts []script.Script
	// Answers are what models say to some requests, in place of what they would make up.
	Answers []script.Answer
	// Count returns the tokens of a prompt, which answers tell and to which charges
	// are settled; nil = a quarter of its characters. It may take its time: a request
	// is admitted or refused by the quarter of its characters, as vendors estimate,
	// and counted when it has been admitted.
	Count func(model, text string) int
	// Overhead returns the tokens that chat messages cost beside their text;
	// nil = none.
	Overhead func(messages int) int
	// Watch is told of every request to a model that was decided or turned away;
	// nil = nobody is. It may be called concurrently.
	Watch func(conformance.Event)
	// Record is told what became of every request, when it is over; nil = nobody is. It may
	// be called concurrently.
	Record func(Record)
}

// Answers of clients without facts are as long as chat answers usually are:
// lognormal with this median and 95th percentile, in tokens.
const outputP50, outputP95 = 130, 450

// Server is the provider. It is safe for concurrent use.
type Server struct {
	c       Config
	created time.Time // of the server
	mux     *http.ServeMux
	outputs rng.Dist
	made    atomic.Uint64 // requests, for their ids

	hash     maphash.Seed // of bodies
	naming   *naming      // of the deployments
	tiers    []tiered     // that have limits of their own
	stage    atomic.Pointer[stage]
	answers  answers
	dialects []*wire.Dialect // of the deployments
	usual    []wishes        // of requests to them that ask for nothing beside text

	exchanges sync.Pool
	bodies    room // of requests

	callsMu sync.Mutex
	calls   *calls.Tracker

	mu       sync.Mutex
	accounts accounts
	configs  []provider.Config // of the deployments, with the faults of now, and of the tiers
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
	var err error
	if c.Bounds, err = c.Bounds.withDefaults(); err != nil {
		return nil, fmt.Errorf("mock: %w", err)
	}
	if c.Count == nil {
		c.Count = func(_, text string) int { return estimate(text) }
	}
	outputs, err := rng.NewLognormal(outputP50, outputP95)
	if err != nil {
		return nil, err
	}
	s := &Server{c: c, created: time.Now(), hash: maphash.MakeSeed(), outputs: outputs, calls: calls.New()}
	s.bodies.most = c.Bounds.Bodies
	for i := range c.Deployments {
		s.configs = append(s.configs, c.Deployments[i].Config)
		dialect, ok := wire.DialectOf(c.Deployments[i].Config.Vendor)
		if !ok {
			return nil, fmt.Errorf("mock: deployment %q: vendor %q has no dialect", c.Deployments[i].Name, c.Deployments[i].Config.Vendor)
		}
		s.dialects = append(s.dialects, dialect)
		usual := wishes{choices: 1}
		usual.tier, _ = dialect.Tier("")
		usual.reasons, usual.effort = thinks(c.Deployments[i].Config.Model)
		s.usual = append(s.usual, usual)
	}
	s.configs, s.tiers = withTiers(s.configs)
	s.naming = newNaming(c.Deployments, s.dialects)
	for name, to := range c.Aliases {
		if !slices.ContainsFunc(c.Deployments, func(d Deployment) bool { return d.Name == to }) {
			return nil, fmt.Errorf("mock: %q is to be an alias of %q, and no deployment has that name", name, to)
		}
	}
	s.SetScripts(c.Scripts)
	s.answers.list = c.Answers
	s.Reset()
	s.mux = s.routes()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.c.Record != nil {
		s.serveRecorded(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// generate answers a request to a model.
func (e *exchange) generate() {
	s, f := e.s, e.f
	var facts wire.Facts
	if v := e.r.Header[wire.FactsHeader]; len(v) > 0 {
		var err error
		if facts, err = s.facts(v[0]); err != nil {
			e.fail(http.StatusBadRequest, err.Error())
			return
		}
		e.fromBench, e.callName = true, fmt.Sprint(facts.Start.UnixNano(), "/", facts.Replication, "/", facts.Attempt.Call)
	}
	if !e.enter(&facts) || !e.read() {
		return
	}
	e.query.Stream = e.query.Stream && (f.inBody || f.embeds) || f.stream
	e.asked()
	if e.query.Model == "" {
		e.fail(http.StatusBadRequest, "you must provide a model parameter")
		return
	}
	i, reply := s.deployment(f, e.query.Model)
	if i < 0 {
		e.failUnserved(e.query.Model)
		return
	}
	d := &s.c.Deployments[i]
	e.dialect, e.name, e.model = s.dialects[i], d.Name, reply
	e.answer.Model, e.answer.Deployment, e.answer.Organization = s.naming.limited[i], shortened(e.query.Model), "org-ratesim"
	if !e.prepare(i) {
		return
	}
	scripted, end, ok := e.turn()
	switch {
	case !ok:
	case scripted != nil:
		e.play(i, scripted, end, &facts.Attempt)
	default:
		e.decide(i, &facts.Attempt)
		e.forget()
		e.answerDecided()
	}
}

// decide lets deployment i decide about an attempt, of which facts have told, if
// there are any. An ordinary client's prompt is counted when it has been admitted, for
// whoever sends what is refused must not make the server count it.
func (e *exchange) decide(i int, attempt *wire.Attempt) {
	c := &e.s.c.Deployments[i].Config
	count := func() uint32 { return uint32(e.s.tokens(&e.query, e.f, e.s.c.Count(c.Model, e.query.Text))) }
	if !e.fromBench {
		guess := uint32(e.s.tokens(&e.query, e.f, estimate(e.query.Text)))
		*attempt = wire.Attempt{Prompt: guess, Guess: guess, MaxTokens: times(e.query.MaxTokens, e.choices)}
		if c.Charge.Reserve == provider.ReserveActual {
			attempt.Prompt = count()
		}
	}
	if least := c.Cache.Least; c.Cache.TTL > 0 && !e.fromBench && len(e.query.Text) >= int(least) { // a token is a byte at least
		e.marks = e.places()
	}
	var work *task
	e.decided, work = e.account.decide(i, attempt, e)
	if work != nil {
		attempt.Prompt = e.account.count(work, &e.decided, count)
	} else if e.granted() {
		attempt.Prompt = count()
		e.reply.Prompt = attempt.Prompt
	}
	e.endEarly()
	if e.prompt = attempt.Prompt; e.fromBench {
		e.compose(attempt.Output, e.bound(attempt.Output))
	}
	wait := e.reply.RetryAfter
	if wait > 0 {
		wait = time.Duration(float64(wait) / e.s.c.Speed)
	}
	e.watch(&conformance.Event{At: e.at, Told: e.ready, Wait: wait, Reply: e.reply})
}

// places returns the places in the prompt up to which the deployment can have it in its
// cache.
func (e *exchange) places() []provider.Mark {
	list, bytes := wire.Prefixes(e.body, e.s.hash, e.f.marks)
	marks := make([]provider.Mark, len(list))
	for i, p := range list {
		marks[i] = provider.Mark{Prefix: p.Hash, Share: float64(p.Bytes) / float64(bytes), Write: p.Write}
	}
	return marks
}

// bound returns how many tokens an answer of a load generator has at most: as many as it
// has, if its request allows no more, so that it is told to be cut.
func (e *exchange) bound(output uint32) uint32 {
	if e.query.MaxTokens > 0 && output >= e.query.MaxTokens {
		return output
	}
	return 0
}

// times returns n times tokens, or the most that there can be.
func times(tokens, n uint32) uint32 {
	return uint32(min(uint64(tokens)*uint64(n), math.MaxUint32))
}

// mostOutput is how many tokens an answer may have at most: more than those of any
// model, and few enough to send.
const mostOutput = 1 << 20

// facts reads the facts of a request.
func (s *Server) facts(v string) (wire.Facts, error) {
	if !s.c.TrustBench {
		return wire.Facts{}, errors.New("this server does not take the header " + wire.FactsHeader + "; for ratesim bench, start ratesim serve with --trust-bench")
	}
	facts, err := wire.ParseFacts(v)
	if err == nil && facts.Attempt.Output > mostOutput {
		err = fmt.Errorf("%s: an answer has at most %d tokens, got %d", wire.FactsHeader, mostOutput, facts.Attempt.Output)
	}
	return facts, err
}

// tokens returns the tokens of a prompt whose text has so many.
func (s *Server) tokens(q *wire.Query, f *form, text int) int {
	n := q.Counted
	if q.Text != "" {
		n += text
	}
	if _, chat := f.style.(chatStyle); chat && s.c.Overhead != nil {
		n += s.c.Overhead(q.Messages)
	}
	return n
}

// estimate returns about how many tokens a text has, at a glance.
func estimate(text string) int { return (utf8.RuneCountInString(text) + 3) / 4 }
