package mock

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ratesim/provider/conformance"
	"ratesim/provider/wire"
)

// exchange is one request and its answer. Its memory is used for another
// afterwards.
type exchange struct {
	s       *Server
	w       http.ResponseWriter
	r       *http.Request
	f       *form
	dialect wire.Dialect
	key     string
	account string // its name
	name    string // of the deployment, as in Config
	id      []byte // without a prefix
	body    []byte
	query   wire.Query
	answer  wire.Answer
	decided
	scripted       bool
	model          []byte // its name in JSON
	prompt, output uint32
	events         int // of a response's stream
	out            []byte
}

// mostKept is the size up to which the memory of an exchange is kept.
const mostKept = 64 << 10

func (s *Server) exchange(w http.ResponseWriter, r *http.Request, f *form) *exchange {
	e, _ := s.exchanges.Get().(*exchange)
	if e == nil {
		e = &exchange{}
	}
	*e = exchange{s: s, w: w, r: r, f: f, dialect: s.dialect(f), id: e.id[:0], body: e.body[:0], out: e.out[:0],
		answer: wire.Answer{Standings: e.answer.Standings[:0]}}
	e.id = strconv.AppendUint(e.id, s.made.Add(1)*0x9e3779b97f4a7c15, 36)
	return e
}

func (s *Server) done(e *exchange) {
	if cap(e.body) <= mostKept && cap(e.out) <= mostKept {
		s.exchanges.Put(e)
	}
}

// fail answers a request that no deployment decides about. An empty message is
// the vendor's own.
func (e *exchange) fail(status int, message string) {
	e.answer.Status, e.answer.Limit, e.answer.Message = status, wire.NoLimit, message
	e.answer.RequestID, e.answer.Wait, e.answer.Now = e.requestID(), wire.Absent, time.Now()
	status, body := e.dialect.Encode(&e.answer, e.w.Header())
	e.w.WriteHeader(status)
	e.write(body)
	if len(e.body) > 0 && status < http.StatusInternalServerError { // whoever repeats it is at fault
		e.watch(time.Now(), &wire.Reply{Status: status, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}, wire.Absent)
	}
}

// watch tells Config.Watch of a request.
func (e *exchange) watch(at time.Time, r *wire.Reply, wait time.Duration) {
	if e.s.c.Watch == nil {
		return
	}
	e.s.c.Watch(conformance.Event{Key: e.key, Deployment: e.name, At: at, Body: maphash.Bytes(e.s.hash, e.body), Reply: *r, Wait: wait, Left: e.left})
}

func (e *exchange) requestID() string { return "req_" + string(e.id) }

// read reads the query; it reports false when it has answered itself.
func (e *exchange) read(most int64) bool {
	if kind := e.r.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/json") {
		e.fail(http.StatusUnsupportedMediaType, "")
		return false
	}
	if !e.readBody(most) {
		return false
	}
	if err := wire.ParseQuery(e.body, &e.query); err != nil {
		e.fail(http.StatusBadRequest, err.Error())
		return false
	}
	if name := e.f.model(e.r); name != "" {
		e.query.Model = name
	}
	if e.f.embeds && (e.query.Inputs > mostInputs || e.query.Dimensions > mostDimensions) {
		e.fail(http.StatusBadRequest, fmt.Sprintf("at most %d inputs and %d dimensions", mostInputs, mostDimensions))
		return false
	}
	return true
}

// readBody reads the body; it reports false when it has answered itself.
func (e *exchange) readBody(most int64) bool {
	b := bytes.NewBuffer(e.body)
	_, err := b.ReadFrom(http.MaxBytesReader(e.w, e.r.Body, most))
	e.body = b.Bytes()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		e.fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body has more than %d bytes.", most))
	case err != nil: // the client is gone, or too slow
		e.fail(http.StatusBadRequest, "we could not read the body of your request")
	default:
		return true
	}
	return false
}

// write sends b, and reports false if the client is gone or does not read.
func (e *exchange) write(b []byte) bool {
	_, err := e.w.Write(b)
	return err == nil
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

// answerDecided gives the client what its deployment has decided.
func (e *exchange) answerDecided() {
	broken := e.decided.reply.Status == wire.StatusReset
	if broken {
		e.answer.Status = wire.StatusOK
	}
	e.answer.RequestID = e.requestID()
	if e.query.Stream && !e.scripted && (e.decided.reply.OK() || e.decided.begun) {
		e.stream(broken)
		return
	}
	status, body := e.dialect.Encode(&e.answer, e.w.Header())
	if !e.sleep(e.due) {
		return
	}
	if body != nil {
		e.w.WriteHeader(status)
		e.write(body)
		return
	}
	e.out = e.f.style.whole(e.out, e)
	h := e.w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(e.out))}
	if broken { // what breaks has begun well
		e.write(e.out[:len(e.out)/2])
		e.abort()
	}
	e.write(e.out)
}

// abort breaks the connection.
func (e *exchange) abort() {
	_ = http.NewResponseController(e.w).Flush()
	panic(http.ErrAbortHandler)
}

var (
	jsonType   = []string{"application/json"}
	streamType = []string{"text/event-stream; charset=utf-8"}
	noCache    = []string{"no-cache"}
)

// pace is how often at most a piece of a stream is sent: often enough to look
// like one, seldom enough for ten thousand at once.
const pace = 50 * time.Millisecond

// stream sends the answer piece by piece, the last when it is due. An answer that
// fails in the middle has begun well.
func (e *exchange) stream(broken bool) {
	begun := e.answer
	begun.Status, begun.Limit, begun.Wait = wire.StatusOK, wire.NoLimit, wire.Absent
	h := e.w.Header()
	e.dialect.Encode(&begun, h)
	h["Content-Type"], h["Cache-Control"] = streamType, noCache
	if s, ok := e.f.style.(geminiStyle); ok && s.list {
		h["Content-Type"] = jsonType
	}
	if !e.sleep(e.first) {
		return
	}
	e.out = e.f.style.begin(e.out, e)
	span := e.due.Sub(e.first)
	pieces := uint32(max(1, min(int64(e.output), int64(span/pace))))
	for i := range pieces {
		if !e.flush() || !e.sleep(e.first.Add(time.Duration(float64(span)*float64(i+1)/float64(pieces)))) {
			return
		}
		e.out = e.f.style.piece(e.out, e, share(e.output, i, pieces), share(e.output, i+1, pieces))
	}
	switch {
	case broken:
		e.flush()
		e.abort()
	case !e.decided.reply.OK():
		_, body := e.dialect.Encode(&e.answer, http.Header{})
		e.out = e.f.style.broken(e.out, body)
	default:
		e.out = e.f.style.end(e.out, e)
	}
	e.flush()
}

// share returns i of n equal parts of all.
func share(all, i, n uint32) uint32 { return uint32(uint64(all) * uint64(i) / uint64(n)) }

// flush sends what was appended to out; it reports false when the client is gone.
func (e *exchange) flush() bool {
	ok := len(e.out) == 0 || e.write(e.out)
	e.out = e.out[:0]
	return ok && http.NewResponseController(e.w).Flush() == nil
}
