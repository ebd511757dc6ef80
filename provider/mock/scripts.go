package mock

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"
	"time"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/script"
	"ratesim/provider/wire"
)

// stage is where scripts are played: a player, and the lock around it.
type stage struct {
	mu     sync.Mutex
	player *script.Player
	empty  bool // there are no scripts; read without the lock
}

// SetScripts replaces the scripts; calls that are open begin anew.
func (s *Server) SetScripts(scripts []script.Script) {
	s.stage.Store(&stage{player: script.NewPlayer(scripts), empty: len(scripts) == 0})
}

// Played returns how often each script was played since it was set, or since Reset.
func (s *Server) Played() []script.Played {
	on := s.stage.Load()
	on.mu.Lock()
	defer on.mu.Unlock()
	return on.player.Played()
}

// turn returns the scripted reply to this request, nil if no script is played to it, and
// what must be called when it was given. It reports false when it has answered itself.
func (e *exchange) turn() (reply *script.Reply, end func(over bool), ok bool) {
	on, name := e.s.stage.Load(), e.r.Header.Get(script.Header)
	if e.fromBench || name == "" && on.empty {
		return nil, nil, true
	}
	e.identify()
	a := script.Attempt{Call: e.attempt.Call, Script: name, Model: e.query.Model, Deployment: e.name, Path: e.r.URL.Path, Key: e.key, Prompt: e.query.Text}
	on.mu.Lock()
	turn, err := on.player.Begin(time.Now(), &a)
	on.mu.Unlock()
	switch {
	case err != nil:
		e.fail(http.StatusBadRequest, err.Error())
		return nil, nil, false
	case turn == nil:
		return nil, nil, true
	}
	e.script = cmp.Or(turn.Script().Name, turn.Script().Where)
	return turn.Reply, func(over bool) {
		on.mu.Lock()
		defer on.mu.Unlock()
		turn.End(over)
	}, true
}

// play answers as a script says; i is the deployment.
func (e *exchange) play(i int, r *script.Reply, end func(over bool), attempt *wire.Attempt) {
	over := false
	e.why = ByScript
	defer func() { end(over) }() // also when the connection is broken, with a panic
	if r.Delay > 0 && !e.sleep(time.Now().Add(r.Delay)) {
		return
	}
	if r.Status >= http.StatusBadRequest {
		e.refuse(i, r)
		told := wire.Reply{Status: r.Status, Limit: r.Limit}
		over = !told.Retryable()
		return
	}
	e.scripted = r
	e.decide(i, attempt)
	over = e.reply.OK() || !e.reply.Retryable()
	e.forget()
	e.answerDecided()
}

// granted reports whether a script lets no limit and no fault refuse the request.
func (e *exchange) granted() bool { return e.scripted != nil && e.scripted.Status != 0 }

// cut returns the pieces of a stream after which a script ends it; 0 = it does not.
func (e *exchange) cut() uint32 {
	if e.scripted == nil {
		return 0
	}
	return max(e.scripted.BreakAfter, e.scripted.ErrorAfter)
}

// least returns how many tokens an answer has at least, so that it can end after as many
// pieces as a script says.
func (e *exchange) least() uint32 {
	if cut := e.cut(); cut > 0 {
		return cut + 1
	}
	return 0
}

// endEarly lets an answer fail that a script cuts.
func (e *exchange) endEarly() {
	if e.cut() == 0 {
		return
	}
	e.begun, e.reply.Status = true, wire.StatusReset
	e.struck = provider.Struck{Fault: &provider.Fault{Kind: provider.Reset}}
	if e.scripted.ErrorAfter > 0 {
		e.reply.Status, e.answer.Status = http.StatusInternalServerError, http.StatusInternalServerError
		e.struck = provider.Struck{}
	}
}

// encode sets the headers of an answer; see wire.Dialect.
func (e *exchange) encode(a *wire.Answer) (status int, body []byte) {
	status, body = e.dialect.Encode(a, e.w.Header())
	if e.scripted != nil {
		e.setHeaders(e.scripted)
	}
	return status, body
}

// refuse gives the error of a script, in the vendor's form.
func (e *exchange) refuse(i int, r *script.Reply) {
	a, c := &e.answer, &e.s.c.Deployments[i].Config
	a.Status, a.Limit, a.Message, a.RequestID, a.Now, a.Wait = r.Status, wire.NoLimit, r.Message, e.requestID(), time.Now(), wire.Absent
	if r.Wait.Form != script.NoWait {
		a.Wait = r.Wait.For
	}
	if r.Status == wire.StatusTooManyRequests {
		a.Limit = cmp.Or(r.Limit, wire.Requests)
		e.explain(c)
	}
	e.scripted = r
	_, body := e.encode(a)
	told := wire.Reply{Status: r.Status, Limit: a.Limit, RetryAfter: a.Wait, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	var sent wire.Reply // what the headers of the script say, too
	wire.Parse(r.Status, e.w.Header(), nil, a.Now, &sent)
	if told.ShouldRetry = sent.ShouldRetry; a.Wait == wire.Absent {
		told.RetryAfter = sent.RetryAfter
	}
	e.watch(&conformance.Event{At: e.arrived, Told: a.Now, Wait: told.RetryAfter, Reply: told, Scripted: true})
	e.forget()
	e.w.WriteHeader(r.Status)
	e.answered = e.write(body)
}

// explain says how large the limit is that refuses, as if it were used up.
func (e *exchange) explain(c *provider.Config) {
	a := &e.answer
	a.Unit, a.Per, a.Most, a.Requested = wire.Token, time.Minute, c.TokenLimit(), 1
	switch a.Limit {
	case wire.Requests:
		a.Unit, a.Most = wire.Request, c.PerMinute(provider.Requests)
	case wire.Input:
		a.Unit, a.Most = wire.InputToken, c.PerMinute(provider.Input)
	case wire.Output:
		a.Unit, a.Most = wire.OutputToken, c.PerMinute(provider.Output)
	case wire.Daily:
		a.Unit, a.Per, a.Most = wire.Request, 24*time.Hour, 0
	}
	a.Used = a.Most
}

// setHeaders sets the headers that a script asks for, in place of the vendor's.
func (e *exchange) setHeaders(r *script.Reply) {
	h := e.w.Header()
	if r.Wait.Form != script.NoWait {
		h.Del("Retry-After")
		h.Del("Retry-After-Ms")
	}
	switch r.Wait.Form {
	case script.Seconds:
		h.Set("Retry-After", strconv.FormatInt(int64(r.Wait.For/time.Second), 10))
	case script.Date: // in whole seconds: the next one, so that nobody comes back too early
		h.Set("Retry-After", time.Now().Add(r.Wait.For+time.Second-1).UTC().Format(http.TimeFormat))
	case script.Millis:
		h.Set("Retry-After-Ms", strconv.FormatInt(r.Wait.For.Milliseconds(), 10))
	}
	for name, value := range r.Headers {
		h.Set(name, value)
	}
}
