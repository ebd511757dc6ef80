package mock

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/limit"
)

// Cause is what decided about a request.
type Cause string

// The causes.
const (
	Admitted  Cause = "admitted"  // no limit refused it
	ByLimit   Cause = "limit"     // a limit refused it
	ByFault   Cause = "fault"     // a fault refused it, or lets it fail
	ByScript  Cause = "script"    // a script gave the reply
	BadQuery  Cause = "request"   // something in the request is wrong
	NoRoom    Cause = "room"      // the server itself has no room for it; see Bounds
	Unlimited Cause = "unlimited" // no limit is on such requests, as on a list of models
)

// End is how an answer ended.
type End string

// The ends.
const (
	Complete End = "complete"
	Broken   End = "broken"  // a fault or a script broke it off
	HungUp   End = "hung-up" // the connection was gone before all of it was sent
)

// Record is what became of one request: what its client asked for, what was decided and
// why, and what it cost.
type Record struct {
	At           time.Time     // when it arrived
	Took         time.Duration // until its answer was over
	Key, Account string        // as the client has sent it, and as Config.Keys has it; they may be secrets
	Deployment   string        // empty when none was found
	Method, Path string
	Model        string // as the client names it
	Stream       bool
	Status       int // as sent; 0 = the connection broke before
	Limit        wire.Limit
	Wait         time.Duration // as the answer asked, in the client's time; wire.Absent if it did not
	Why          Cause
	Script       string // that is played to its call: its name, or its place where it has none
	End          End

	Requests  int64 // charged against limits on requests
	Estimated int64 // tokens charged when it was admitted
	Tokens    int64 // tokens charged in all when its work is over; see provider.Model.Settles

	Prompt, Output uint32 // tokens, as the answer tells them
}

// recorded is the way of an answer to a client whose request is recorded. It notes the
// status that is sent.
type recorded struct {
	http.ResponseWriter
	record Record
}

// Unwrap lets http.ResponseController reach the writer of net/http.
func (w *recorded) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *recorded) WriteHeader(status int) {
	if w.record.Status == 0 {
		w.record.Status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *recorded) Write(b []byte) (int, error) {
	if w.record.Status == 0 {
		w.record.Status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// serveRecorded answers a request and tells Config.Record what became of it.
func (s *Server) serveRecorded(w http.ResponseWriter, r *http.Request) {
	kept := &recorded{ResponseWriter: w, record: Record{At: time.Now(), Method: shortened(r.Method), Path: shortened(r.URL.Path), Wait: wire.Absent}}
	defer func() { // also when the connection is broken on purpose, with a panic
		kept.record.Took = time.Since(kept.record.At)
		kept.record.Why = cmp.Or(kept.record.Why, BadQuery) // of a path that is not even looked for
		s.c.Record(kept.record)
	}()
	s.mux.ServeHTTP(kept, r)
}

// asked notes what a request asks for; what it points to may be used for another
// afterwards.
func (e *exchange) asked() {
	if e.kept != nil {
		e.kept.record.Model, e.kept.record.Stream = strings.Clone(shortened(e.query.Model)), e.query.Stream
	}
}

// note completes the record of a request that is over.
func (e *exchange) note() {
	if e.kept == nil {
		return
	}
	r := &e.kept.record
	r.Key, r.Deployment, r.Script, r.Why = e.key, e.name, e.script, cmp.Or(e.why, Unlimited)
	if e.account != nil {
		r.Account = e.account.name
	}
	r.Requests, r.Estimated, r.Tokens = e.charge.requests, e.charge.estimated, e.charge.tokens
	if e.answer.Status != 0 { // it was decided, or turned away
		r.Limit, r.Wait = e.answer.Limit, e.answer.Wait
	}
	if e.reply.OK() {
		r.Prompt, r.Output = e.prompt, e.output
	}
	switch {
	case !e.answered && (e.gone || e.r.Context().Err() != nil):
		r.End = HungUp
	case e.struck.Fault != nil || e.begun && e.query.Stream:
		r.End = Broken
	default:
		r.End = Complete
	}
}

// charge is what an attempt is charged: requests, and tokens at its admission and in all.
type charge struct{ requests, estimated, tokens int64 }

// cause returns why m has just answered x with r, and what a refusal is charged.
func cause(m *provider.Model, x *wire.Attempt, r *wire.Reply) (Cause, charge) {
	switch by := m.RefusedBy(); {
	case x.Admitted && r.OK():
		return Admitted, charge{}
	case r.Status != wire.StatusTooManyRequests || x.Admitted || by == limit.Unnamed || by == limit.ByBilling:
		return ByFault, charge{}
	case m.Config().Charge.Rejected && by != limit.ByOversize:
		return ByLimit, charge{requests: 1}
	}
	return ByLimit, charge{}
}
