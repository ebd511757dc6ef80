package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/provider/wire"
)

const (
	// flushEvery is how long a line waits to be written at most.
	flushEvery = 500 * time.Millisecond
	// flushAt is how many bytes are written earlier.
	flushAt = 64 << 10
	// mostUnwritten is how many bytes of lines are kept for a file that is slow. What comes
	// on top is lost, because no answer must wait for a file.
	mostUnwritten = 8 << 20
	// lastWrite is how long Close waits for a file that takes nothing, such as a pipe that
	// nobody reads.
	lastWrite = 5 * time.Second
)

// Log writes one line of JSON for each request, in the order in which the requests end.
// docs/howto/client.md describes the fields. Record never waits for the file: lines are
// kept in bounded memory and written by a goroutine of the log's own.
type Log struct {
	to      io.Writer
	tenants map[string]string
	failed  func(error)
	wake    chan struct{} // there is much to write; closed by Close
	ended   chan struct{} // all is written

	mu      sync.Mutex
	lines   []byte // not handed to the file yet
	spare   []byte // what lines use next
	writing int64  // requests whose lines are being written
	lost    int64  // requests that the file lacks
	closed  bool
	broken  bool // the file cannot be written
}

// NewLog returns a log that writes to a file. API keys belong to tenants, if any. When the
// file cannot be written, failed is told once, and nothing more is written.
func NewLog(to io.Writer, tenants map[string]string, failed func(error)) *Log {
	l := &Log{to: to, tenants: tenants, failed: failed, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go l.run()
	return l
}

// line is a line of the log.
type line struct {
	Time       time.Time `json:"time"`
	Key        string    `json:"key"`
	Account    string    `json:"account"`
	Tenant     string    `json:"tenant"`
	Deployment string    `json:"deployment"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Model      string    `json:"model"`
	Stream     bool      `json:"stream"`
	Status     int       `json:"status"`
	Limit      string    `json:"limit"`
	RetryAfter *float64  `json:"retry_after_s"`
	Why        string    `json:"why"`
	Script     string    `json:"script"`
	Charged    charged   `json:"charged"`
	Prompt     uint32    `json:"prompt_tokens"`
	Output     uint32    `json:"output_tokens"`
	End        string    `json:"end"`
	Took       float64   `json:"took_s"`
}

type charged struct {
	Requests  int64 `json:"requests"`
	Estimated int64 `json:"estimated_tokens"`
	Tokens    int64 `json:"tokens"`
}

// Record takes down one request; it is what a mock.Config's Record may be.
func (l *Log) Record(r mock.Record) {
	text := l.line(&r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.broken || len(l.lines)+len(text) > mostUnwritten {
		l.lost++
		return
	}
	if l.lines = append(l.lines, text...); len(l.lines) >= flushAt {
		select {
		case l.wake <- struct{}{}:
		default: // it knows
		}
	}
}

// line returns the line of r, with its end.
func (l *Log) line(r *mock.Record) []byte {
	out := line{Time: r.At.UTC().Truncate(time.Microsecond), Key: conformance.Mask(r.Key), Account: conformance.Mask(r.Account), Tenant: l.tenants[r.Key],
		Deployment: r.Deployment, Method: r.Method, Path: r.Path, Model: r.Model, Stream: r.Stream, Status: r.Status,
		Why: string(r.Why), Script: r.Script, Charged: charged{r.Requests, r.Estimated, r.Tokens},
		Prompt: r.Prompt, Output: r.Output, End: string(r.End), Took: r.Took.Round(time.Microsecond).Seconds()}
	if r.Limit != wire.NoLimit {
		out.Limit = r.Limit.String()
	}
	if r.Wait >= 0 {
		wait := r.Wait.Seconds()
		out.RetryAfter = &wait
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(&out) // cannot fail: plain fields
	return escaped(b.Bytes())
}

// escaped returns JSON in which what steers a terminal is escaped too: encoding/json
// leaves DEL, the control characters from U+0080 on and marks of direction as they are.
func escaped(text []byte) []byte {
	var out []byte
	from := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r >= 0x7f && !unicode.IsPrint(r) { // in a string, as all is that is not ASCII
			out = append(out, text[from:i]...)
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
			from = i + n
		}
		i += n
	}
	if from == 0 {
		return text
	}
	return append(out, text[from:]...)
}

// run writes what there is to write until Close is called.
func (l *Log) run() {
	defer close(l.ended)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for open := true; open; {
		select {
		case _, open = <-l.wake:
		case <-tick.C:
		}
		l.write()
	}
}

// write hands the lines to the file. Only run calls it.
func (l *Log) write() {
	l.mu.Lock()
	text := l.lines
	l.lines, l.spare, l.writing = l.spare[:0], nil, requests(text)
	l.mu.Unlock()
	n, err := 0, error(nil)
	if len(text) > 0 {
		n, err = l.to.Write(text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = 0
	if cap(text) <= 2*flushAt { // and not what a slow file has let grow
		l.spare = text
	}
	if err == nil || l.broken {
		return
	}
	l.broken = true
	l.lost += requests(text[n:]) + requests(l.lines)
	l.lines = nil
	l.failed(err)
}

// Close writes what is left and returns how many requests the file lacks: because it
// could not be written, or because it was written too slowly. It does not wait for ever.
func (l *Log) Close() (lost int64) {
	l.mu.Lock()
	l.closed = true
	close(l.wake) // Record no longer sends
	l.mu.Unlock()
	select {
	case <-l.ended:
	case <-time.After(lastWrite):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost + l.writing + requests(l.lines)
}

// requests returns how many lines a text has.
func requests(text []byte) int64 { return int64(bytes.Count(text, []byte{'\n'})) }
