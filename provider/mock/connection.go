package mock

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"ratesim/provider"
)

// connection is the way of an answer to its client where faults have struck it. The answer
// is made as any other and written to the connection, which spoils it on the way.
type connection struct {
	http.ResponseWriter
	e     *exchange
	fault *provider.Fault // nil = it only drips

	begun bool
	total int64    // bytes of the body; -1 = not known, as of a stream
	sent  int64    // of these
	stop  int64    // after so many the fault happens; -1 = at the end of the body
	last  []byte   // of BeforeEnd, the byte that is held back
	raw   net.Conn // what was taken from net/http; nil = nothing was
	noise uint64   // the state of the random bytes
}

// Unwrap lets http.ResponseController reach the writer of net/http.
func (c *connection) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// FlushError implements what http.ResponseController looks for: what was taken from
// net/http cannot be flushed by it.
func (c *connection) FlushError() error {
	if c.raw != nil {
		return nil
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// extra is how many bytes more than it has a Short answer announces.
const extra = 100

// begin works out, when the first byte of the body is to be written, where the fault
// happens, and changes what the headers announce.
func (c *connection) begin() {
	c.begun, c.total, c.stop = true, -1, -1
	if n, err := strconv.ParseInt(c.Header().Get("Content-Length"), 10, 64); err == nil {
		c.total = n
	}
	if c.fault == nil {
		return
	}
	half := c.total / 2
	if c.total < 0 {
		half = provider.AnswerBytes(c.e.output) / 2
	}
	switch c.fault.Kind {
	case provider.Hang:
		if c.fault.How != provider.BeforeEnd {
			c.stop = 0
		}
		if c.fault.How == provider.MidBody {
			c.stop = half
		}
	case provider.Reset:
		switch {
		case c.fault.How == provider.Short && c.total >= 0:
			c.announce(c.total + extra)
		case c.fault.How == provider.Short:
		case c.fault.After > 0 && c.total >= 0:
			c.stop = min(c.fault.After, c.total-1)
		case c.fault.After > 0:
			c.stop = c.fault.After
		case c.total >= 0:
			c.stop = half
		}
	case provider.Garbled:
		if c.stop = half; c.fault.How == provider.Long {
			c.announce(half)
			c.Header().Set("Connection", "close") // or the rest would spoil an answer to another request
		}
		if c.fault.How == provider.BadStatusLine {
			c.spoilStatus()
		}
	}
}

func (c *connection) announce(n int64) {
	c.Header().Set("Content-Length", strconv.FormatInt(n, 10))
}

// Write sends what of b comes before the fault happens.
func (c *connection) Write(b []byte) (int, error) {
	if !c.begun {
		c.begin()
	}
	n := len(b)
	if c.fault != nil && c.fault.Kind == provider.Hang && c.fault.How == provider.BeforeEnd && n > 0 {
		c.last = append(c.last, b...)
		b, c.last = c.last[:len(c.last)-1], []byte{c.last[len(c.last)-1]}
	}
	if c.stop < 0 || c.sent+int64(len(b)) < c.stop {
		return n, c.send(b)
	}
	before := max(0, c.stop-c.sent)
	if err := c.send(b[:before]); err != nil {
		return int(before), err
	}
	if c.fault.Kind != provider.Garbled {
		c.end()
	}
	b = b[before:]
	if c.fault.How == provider.Long {
		return n, c.exceed(b)
	}
	return n, c.send(c.garbled(b))
}

// send sends b at once, or drop by drop until the instant at which what comes after it is
// due.
func (c *connection) send(b []byte) error {
	if !c.e.struck.Drips {
		m, err := c.ResponseWriter.Write(b)
		c.sent += int64(m)
		return err
	}
	from := time.Now()
	span := time.Until(c.e.upTo(c.sent, int64(len(b)), c.total))
	drops := max(1, min(len(b), int(span/pace)))
	if err := c.FlushError(); err != nil {
		return err
	}
	for i := range drops {
		if !c.e.sleep(from.Add(time.Duration(float64(span) * float64(i+1) / float64(drops)))) {
			return c.e.r.Context().Err()
		}
		m, err := c.ResponseWriter.Write(b[len(b)*i/drops : len(b)*(i+1)/drops])
		if err == nil {
			err = c.FlushError()
		}
		if c.sent += int64(m); err != nil {
			return err
		}
	}
	return nil
}

// upTo returns the instant at which n bytes of a dripping body have come, after those that
// were sent: of a stream the one at which the next piece is due.
func (e *exchange) upTo(sent, n, total int64) time.Time {
	switch {
	case !e.next.IsZero():
		return e.next
	case total <= 0:
		return e.due
	}
	span := float64(e.due.Sub(e.ready))
	return e.ready.Add(time.Duration(span * float64(sent+n) / float64(total)))
}

// garbled returns as many random bytes as b has. They are the same in every run; none
// of them is a letter, a digit or of JSON.
func (c *connection) garbled(b []byte) []byte {
	g := make([]byte, len(b))
	for i := range g {
		c.noise = c.noise*6364136223846793005 + 1442695040888963407
		g[i] = 0x80 | byte(c.noise>>57)
	}
	return g
}

// end is what happens when nothing more of the body comes. It returns if that is the end
// of an answer, and not of a connection.
func (c *connection) end() {
	if c.fault == nil || c.fault.Kind == provider.Garbled {
		return
	}
	flushed := c.FlushError()
	if c.fault.Kind == provider.Hang {
		c.e.sleep(c.e.due)
	}
	if flushed == nil && (c.fault.Kind == provider.Reset && (c.fault.How == provider.ResetsTCP || c.fault.How == provider.HalfCloses)) {
		c.hijack()
	}
	if conn, ok := c.raw.(interface{ SetLinger(int) error }); ok && c.fault.How == provider.ResetsTCP {
		_ = conn.SetLinger(0) // fails only when the connection is gone
	}
	if conn, ok := c.raw.(interface{ CloseWrite() error }); ok && c.fault.How == provider.HalfCloses {
		_ = conn.CloseWrite() // likewise
		_ = c.raw.SetReadDeadline(time.Now().Add(slowReader))
		_, _ = io.Copy(io.Discard, c.raw) // until the client closes its side
	}
	panic(http.ErrAbortHandler)
}

// hijack takes the connection from net/http; c.raw stays nil where it does not give it, as
// under HTTP/2.
func (c *connection) hijack() {
	if conn, _, err := http.NewResponseController(c.ResponseWriter).Hijack(); err == nil {
		c.raw = conn
	}
}

// close closes what hijack took.
func (c *connection) close() {
	if c.raw != nil {
		_ = c.raw.Close() // nobody is left to be told
	}
}

// exceed sends b although the body has as many bytes as were announced.
func (c *connection) exceed(b []byte) error {
	if c.raw == nil {
		if err := c.FlushError(); err != nil {
			return err
		}
		if c.hijack(); c.raw == nil {
			panic(http.ErrAbortHandler)
		}
		_ = c.raw.SetWriteDeadline(time.Now().Add(slowReader)) // fails only when the connection is gone
	}
	_, err := c.raw.Write(b)
	return err
}

// spoilStatus answers with what is no HTTP.
func (c *connection) spoilStatus() {
	if c.hijack(); c.raw != nil {
		_ = c.raw.SetWriteDeadline(time.Now().Add(slowReader)) // fails only when the connection is gone
		_, _ = c.raw.Write(append(c.garbled(make([]byte, 64)), "\r\n\r\n"...))
	}
	panic(http.ErrAbortHandler)
}
