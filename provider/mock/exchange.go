package mock

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/calls"
	"ratesim/provider/conformance"
	"ratesim/provider/script"
	"ratesim/provider/wire"
)

// exchange is one request and its answer. Its memory is used for another
// afterwards.
type exchange struct {
	s       *Server
	w       http.ResponseWriter
	r       *http.Request
	f       *form
	dialect *wire.Dialect
	key     string
	account *account // nil until entered
	held    int64    // bytes taken of the account's room for bodies
	name    string   // of the deployment, as in Config
	id      []byte   // without a prefix
	body    []byte
	query   wire.Query
	answer  wire.Answer
	decided
	kept           *recorded      // nil = nobody wants its record
	fromBench      bool           // it has facts of a load generator
	callName       string         // what names its call in these; empty = nothing
	attempt        *calls.Attempt // nil = nobody wants to know of which call it is
	arrived        time.Time      // when that was asked
	same           uint64         // hash of what all attempts of its call have in common
	told           calls.Answer   // what the next attempt of its call is held against
	scripted       *script.Reply  // nil = no script is played to it
	script         string         // that is played to its call, as a Record names it
	model          []byte         // its name in JSON
	prompt, output uint32
	wishes                         // beside text
	speech         []said          // nil = filler
	finish         finish          // of each choice, if ends
	ends           bool            // a recorded answer says why it ends
	taken          taken           // the recorded answer that it says
	parts          []part          // of the answer
	saying         int             // the part of a stream that is being sent
	marks          []provider.Mark // of the prompt, where the deployment keeps prompts
	thought        uint32          // of output, the tokens of thoughts
	events         int             // of a response's stream
	out            []byte
	framed         bool      // a message whose length comes before it is being written: it is sent as a whole
	gone           bool      // the client is, or does not read
	spilled        bool      // the beginning of the answer has been sent
	answered       bool      // all of the answer has been sent
	next           time.Time // of a stream, when the next piece is due
}

// handle returns a handler of requests of one form.
func (s *Server) handle(f *form, answer func(*exchange)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := s.exchange(w, r, f)
		defer s.done(e) // also when the connection is broken on purpose, with a panic
		answer(e)
	}
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request, f *form) *exchange {
	e, _ := s.exchanges.Get().(*exchange)
	if e == nil {
		e = &exchange{}
	}
	*e = exchange{s: s, w: w, r: r, f: f, dialect: f.dialect, id: e.id[:0], body: e.body[:0], out: e.out[:0], parts: e.parts[:0],
		answer: wire.Answer{Standings: e.answer.Standings[:0]}}
	e.kept, _ = w.(*recorded)
	e.id = strconv.AppendUint(e.id, s.made.Add(1)*0x9e3779b97f4a7c15, 36)
	return e
}

func (s *Server) done(e *exchange) {
	e.conclude()
	if e.task != nil && e.query.Stream && (e.gone || e.r.Context().Err() != nil) {
		e.account.hangUp(&e.decided)
	}
	e.note()
	e.forget()
	e.returnAnswer()
	if e.account != nil {
		s.leave(e.account)
	}
	if cap(e.out) > small {
		e.out = nil
	}
	s.exchanges.Put(e)
}

// hold takes room for n bytes of this request, those that it has among them; what is
// small is free. It reports false when there is no room and it has said so.
func (e *exchange) hold(n int64) bool {
	if n <= perByte*small || n <= e.held {
		return true
	}
	if !e.account.bodies.take(n - e.held) {
		e.fail(http.StatusServiceUnavailable, "This server is reading as many bytes of requests as it has room for. Try again later.")
		return false
	}
	e.held = n
	return true
}

// forget gives up the memory of the request's body, which nobody needs while its
// answer is on its way.
func (e *exchange) forget() {
	if cap(e.body) > small {
		e.body = nil
	}
	e.query.Text, e.query.Model = "", ""
	if e.held > 0 {
		e.account.bodies.give(e.held)
		e.held = 0
	}
}

// mostMessage is how long a message may be that repeats what a client has sent.
const mostMessage = 1 << 10

// shortened returns what of s goes into a message.
func shortened(s string) string {
	if len(s) <= mostMessage {
		return s
	}
	return strings.ToValidUTF8(s[:mostMessage], "") + " and more"
}

// fail answers a request that no deployment decides about. An empty message is
// the vendor's own.
func (e *exchange) fail(status int, message string) {
	e.turnAway(status, message)
	if len(e.body) > 0 && status < http.StatusInternalServerError { // whoever repeats it is at fault
		now := time.Now()
		e.watch(&conformance.Event{At: now, Told: now, Wait: wire.Absent, Reply: wire.Reply{Status: status, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}})
	}
}

// turnAway is fail for what no client is to be graded by.
func (e *exchange) turnAway(status int, message string) {
	e.answer.Status, e.answer.Limit, e.answer.Message = status, wire.NoLimit, shortened(message)
	e.answer.RequestID, e.answer.Wait, e.answer.Now = e.requestID(), wire.Absent, time.Now()
	if e.why = BadQuery; status >= http.StatusInternalServerError {
		e.why = NoRoom
	}
	status, body := e.dialect.Encode(&e.answer, e.w.Header())
	e.w.WriteHeader(status)
	e.answered = e.write(body)
}

func (e *exchange) requestID() string { return "req_" + string(e.id) }

// read reads the query; it reports false when it has answered itself.
func (e *exchange) read() bool {
	if kind := e.r.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/json") {
		e.fail(http.StatusUnsupportedMediaType, "")
		return false
	}
	if !e.readBody(e.s.c.Bounds.Body) {
		return false
	}
	if err := wire.ParseQuery(e.body, &e.query); err != nil {
		e.fail(http.StatusBadRequest, err.Error())
		return false
	}
	if name := e.f.model(e.r); name != "" {
		e.query.Model = name
	}
	if e.f.embeds && e.query.Inputs > mostInputs {
		e.fail(http.StatusBadRequest, fmt.Sprintf("at most %d inputs", mostInputs))
		return false
	}
	return true
}

// readBody reads a body of so many bytes at most; it reports false when it has
// answered itself.
func (e *exchange) readBody(most int64) bool {
	w := e.w
	if e.kept != nil {
		w = e.kept.ResponseWriter // net/http closes the connection of what is too large
	}
	body := http.MaxBytesReader(w, e.r.Body, most)
	for {
		if len(e.body) == cap(e.body) {
			larger := int64(max(1<<10, 2*cap(e.body)))
			if larger > small {
				larger = min(larger, most+1) // which is all there will be
			}
			if !e.hold(perByte * larger) {
				return false
			}
			e.body = append(make([]byte, 0, larger), e.body...)
		}
		n, err := body.Read(e.body[len(e.body):cap(e.body)])
		e.body = e.body[:len(e.body)+n]
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			return true
		}
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			e.fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body has more than %d bytes.", most))
		} else { // the client is gone, or too slow
			e.fail(http.StatusBadRequest, "we could not read the body of your request")
		}
		return false
	}
}

// write sends b, and reports false if the client is gone or does not read.
func (e *exchange) write(b []byte) bool {
	if !e.gone {
		_, err := e.w.Write(b)
		e.gone = err != nil
	}
	return !e.gone
}

// piece is how many bytes of an answer are sent at once at least when it is long.
const piece = 32 << 10

// spill sends what there is of an answer if it is a piece, so that no long answer is
// ever in memory as a whole, and returns the memory for what comes next.
func (e *exchange) spill(b []byte) []byte {
	if len(b) < piece || e.framed {
		return b
	}
	e.write(b)
	e.spilled = true
	return b[:0]
}

// sleep waits until an instant; it reports false if the client hung up.
func (e *exchange) sleep(until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.r.Context().Done():
		return false
	}
}

// await is sleep for the first token of an answer. Where the vendor shows meanwhile that the
// connection is alive, it sends sign: the status has been sent then. A load generator gets
// none, because the simulator sends none.
func (e *exchange) await(until time.Time, sign string) bool {
	every := time.Duration(float64(e.dialect.Alive.Every) / e.s.c.Speed)
	if every <= 0 || e.fromBench || !e.reply.OK() || e.struck.Fault != nil || e.struck.Drips {
		return e.sleep(until)
	}
	for next := e.at.Add(every); next.Before(until); next = next.Add(every) {
		if !e.sleep(next) || !e.write([]byte(sign)) || http.NewResponseController(e.w).Flush() != nil {
			return false
		}
		e.spilled = true
	}
	return e.sleep(until)
}

// answerDecided gives the client what its deployment has decided.
func (e *exchange) answerDecided() {
	e.answer.RequestID = e.requestID()
	if e.struck.Fault == nil && !e.struck.Drips {
		e.send()
		return
	}
	if e.struck.Fault != nil { // what breaks has begun well
		e.answer.Status = wire.StatusOK
	}
	c := &connection{ResponseWriter: e.w, e: e, fault: e.struck.Fault}
	e.w = c
	defer c.close()
	if e.send(); e.answered {
		c.end()
	}
}

// send sends the answer, and notes when it has been sent.
func (e *exchange) send() {
	if e.query.Stream && (e.decided.reply.OK() || e.begun || e.struck.Fault != nil) {
		e.stream()
		return
	}
	status, body := e.encode(&e.answer)
	h := e.w.Header()
	if body == nil {
		h["Content-Type"] = jsonType
	}
	if !e.await(e.ready, e.dialect.Alive.Whole) {
		return
	}
	if body == nil {
		e.out = e.f.style.whole(e.out, e)
		if !e.spilled {
			h["Content-Length"] = []string{strconv.Itoa(len(e.out))}
		}
		body = e.out
	} else {
		e.w.WriteHeader(status)
	}
	e.answered = e.write(body)
}

var (
	jsonType   = []string{"application/json"}
	streamType = []string{"text/event-stream; charset=utf-8"}
	binaryType = []string{"application/vnd.amazon.eventstream"}
	noCache    = []string{"no-cache"}
)

// pace is how often at most a piece of a stream is sent: often enough to look
// like one, seldom enough for ten thousand at once.
const pace = 50 * time.Millisecond

// stream sends the answer piece by piece, the last when it is due. An answer that
// fails in the middle has begun well.
func (e *exchange) stream() {
	begun := e.answer
	begun.Status, begun.Limit, begun.Wait = wire.StatusOK, wire.NoLimit, wire.Absent
	h := e.w.Header()
	e.encode(&begun)
	h["Content-Type"], h["Cache-Control"] = streamType, noCache
	if e.f.kind != nil {
		h["Content-Type"] = e.f.kind
	}
	if !e.await(e.first, e.dialect.Alive.Streamed) {
		return
	}
	e.out = e.begin(e.out)
	end := e.due
	if e.struck.Fault != nil && e.struck.Fault.Kind == provider.Hang { // which it does when it should be complete
		end = e.ready
	}
	span := end.Sub(e.first)
	cut := e.cut()
	pieces := max(1, e.least(), uint32(min(int64(e.output), int64(span/pace))))
	for i := range pieces {
		if cut > 0 && i == cut {
			break
		}
		e.next = e.first.Add(time.Duration(float64(span) * float64(i+1) / float64(pieces)))
		if !e.flush() || !e.sleep(e.next) {
			return
		}
		e.out = e.say(e.out, share(e.output, i, pieces), share(e.output, i+1, pieces))
	}
	switch {
	case e.struck.Fault != nil && e.struck.Fault.Kind == provider.Reset && e.struck.Fault.How != provider.Short:
	case !e.decided.reply.OK() && e.struck.Fault == nil:
		status, body := e.dialect.Encode(&e.answer, http.Header{})
		e.out = e.f.style.broken(e.out, e, status, body)
	default:
		e.out = e.end(e.out)
	}
	e.answered = e.flush()
}

// share returns i of n equal parts of all.
func share(all, i, n uint32) uint32 { return uint32(uint64(all) * uint64(i) / uint64(n)) }

// flush sends what was appended to out; it reports false when the client is gone.
func (e *exchange) flush() bool {
	ok := len(e.out) == 0 || e.write(e.out)
	e.out = e.out[:0]
	return ok && http.NewResponseController(e.w).Flush() == nil
}
