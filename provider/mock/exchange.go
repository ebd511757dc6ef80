package mock

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"ratesim/provider/wire"
)

// exchange is one request and its answer.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	f       *form
	dialect wire.Dialect
	number  uint64
	query   wire.Query
	answer  wire.Answer
	decided
	prompt, output uint32
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request, f *form) *exchange {
	return &exchange{w: w, r: r, f: f, dialect: s.dialect(f), number: s.made.Add(1)}
}

// id returns an id of the request; prefix is the vendor's.
func (e *exchange) id(prefix string) string {
	return prefix + strconv.FormatUint(e.number*0x9e3779b97f4a7c15, 36)
}

// fail answers a request that no deployment decides about. An empty message is
// the vendor's own.
func (e *exchange) fail(status int, message string) {
	e.answer.Status, e.answer.Limit, e.answer.Message = status, wire.NoLimit, message
	e.answer.RequestID, e.answer.Wait, e.answer.Now = e.id("req_"), wire.Absent, time.Now()
	status, body := e.dialect.Encode(&e.answer, e.w.Header())
	e.w.WriteHeader(status)
	_, _ = e.w.Write(body) // fails only when the client is gone
}

// read reads the query; it reports false when it has answered itself.
func (e *exchange) read(most int64) bool {
	if kind := e.r.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/json") {
		e.fail(http.StatusUnsupportedMediaType, "")
		return false
	}
	data, err := io.ReadAll(http.MaxBytesReader(e.w, e.r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		e.fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body has more than %d bytes.", most))
		return false
	case err != nil: // the client is gone, or too slow
		e.fail(http.StatusBadRequest, "we could not read the body of your request")
		return false
	}
	if err := wire.ParseQuery(data, &e.query); err != nil {
		e.fail(http.StatusBadRequest, err.Error())
		return false
	}
	if name := e.f.model(e.r); name != "" {
		e.query.Model = name
	}
	return true
}

// slowReader is how long a client may take to read what is sent to it at once.
const slowReader = time.Minute

// write sends b, and reports false if the client is gone or does not read.
func (e *exchange) write(b []byte) bool {
	c := http.NewResponseController(e.w)
	_ = c.SetWriteDeadline(time.Now().Add(slowReader)) // where there is a connection
	_, err := e.w.Write(b)
	return err == nil
}

// sleep waits until an instant; it reports false if the client hung up.
func (e *exchange) sleep(until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return e.r.Context().Err() == nil
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

// buffers holds the memory of answers.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// answerDecided gives the client what its deployment has decided.
func (e *exchange) answerDecided() {
	broken := e.decided.reply.Status == wire.StatusReset
	if broken {
		e.answer.Status = wire.StatusOK
	}
	e.answer.RequestID = e.id("req_")
	status, body := e.dialect.Encode(&e.answer, e.w.Header())
	if body != nil {
		if e.sleep(e.due) {
			e.w.WriteHeader(status)
			e.write(body)
		}
		return
	}
	if e.query.Stream && !broken {
		e.stream()
		return
	}
	if !e.sleep(e.due) {
		return
	}
	p := buffers.Get().(*[]byte)
	defer buffers.Put(p)
	*p = e.f.style.whole((*p)[:0], e)
	h := e.w.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(*p)))
	if broken { // what breaks has begun well
		e.write((*p)[:len(*p)/2])
		_ = http.NewResponseController(e.w).Flush()
		panic(http.ErrAbortHandler)
	}
	e.write(*p)
}

var jsonType = []string{"application/json"}

// pace is how often at most a piece of a stream is sent: often enough to look
// like one, seldom enough for ten thousand at once.
const pace = 50 * time.Millisecond

// stream sends the answer piece by piece, the last when it is due.
func (e *exchange) stream() {
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(e.w).Flush
	pieces := uint32(max(1, min(int64(e.output), int64(e.due.Sub(e.first)/pace))))
	p := buffers.Get().(*[]byte)
	defer buffers.Put(p)
	for i := uint32(0); i < pieces; i++ {
		share := time.Duration(float64(e.due.Sub(e.first)) * float64(i+1) / float64(pieces))
		b := (*p)[:0]
		if i == 0 {
			if !e.sleep(e.first) {
				return
			}
			b = e.f.style.begin(b, e)
			e.write(b)
			_ = flush()
			b = b[:0]
		}
		if !e.sleep(e.first.Add(share)) {
			return
		}
		from, to := e.output/pieces*i, e.output/pieces*(i+1)
		if i == pieces-1 {
			to = e.output
		}
		b = e.f.style.piece(b, e, words(from, to))
		if i == pieces-1 {
			b = e.f.style.end(b, e)
		}
		*p = b
		if !e.write(b) || flush() != nil {
			return
		}
	}
}

// filler is what models say here; a word and the space before it are a token.
var filler = strings.Repeat(" word", 1<<12)

// words returns the tokens from, up to and without to, of an answer.
func words(from, to uint32) string {
	const width = len(" word")
	if n := int(to - from); n <= len(filler)/width {
		return filler[:n*width]
	}
	return strings.Repeat(" word", int(to-from))
}
