package live

import (
	"io"
	"net/http"
	"sync"
	"time"

	"ratesim/provider/wire"
)

// hand gives the application a stream that has begun.
func (t *Transport) hand(a *attempt, response *http.Response) {
	if a.timer != nil && !a.timer.Stop() { // it came too late
		response.Body.Close()
		t.mu.Lock()
		defer t.mu.Unlock()
		a.cancel()
		r := wire.Reply{Attempt: uint16(a.number), Deployment: a.deployment}
		wire.Parse(wire.StatusTimeout, nil, nil, time.Time{}, &r)
		t.conclude(a, t.now(0), &r, nil, nil)
		return
	}
	t.mu.Lock()
	c := a.c
	if a.dropped || !c.open || c.handed {
		a.drop()
		t.conclude(a, t.last, nil, nil, nil)
		t.mu.Unlock()
		response.Body.Close()
		return
	}
	a.handed, c.handed = true, true
	c.wakes++ // no strategy decides about it any more
	t.expectEnd(c)
	for _, other := range c.flights { // the call has its answer
		if other != a {
			other.drop()
		}
	}
	response.Body = &stream{Reader: response.Body, close: response.Body.Close, t: t, a: a, response: response}
	c.response = response
	c.wakeUp()
	t.mu.Unlock()
}

// stream passes an answer on as it comes and keeps its end, which tells the
// usage.
type stream struct {
	io.Reader
	close    func() error
	t        *Transport
	a        *attempt
	response *http.Response

	mu   sync.Mutex // a client may close a stream while another goroutine reads it
	tail []byte
	over bool
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.keep(p[:n])
	if err != nil && s.end() {
		switch ending := wire.EndingOf(s.tail); {
		case err != io.EOF && ending != wire.Complete, ending == wire.Failed:
			s.broken(err)
		case ending == wire.Torn:
			s.broken(io.ErrUnexpectedEOF)
		default:
			s.finish()
		}
	}
	return n, err
}

// keep keeps the end of what was read.
func (s *stream) keep(read []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.tail = append(s.tail, read...)
	if extra := len(s.tail) - maxTail; extra > maxTail { // seldom, so that it costs little
		s.tail = append(s.tail[:0], s.tail[extra:]...)
	}
}

// end reports whether the stream ends now, and has not before.
func (s *stream) end() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.over
	s.over = true
	return first
}

// Close ends the call. A reader that has seen enough, as clients that stop at
// "[DONE]", has had its answer.
func (s *stream) Close() error {
	if s.end() {
		switch wire.EndingOf(s.tail) {
		case wire.Failed:
			s.broken(io.EOF)
		case wire.Complete:
			s.finish()
		default: // what was told of the usage until here is not all
			s.tail = nil
			s.finish()
		}
	}
	return s.close()
}

// broken tells the strategy that the stream broke off, which cannot be retried: the
// application has read the beginning.
func (s *stream) broken(why error) {
	s.t.breakOff(s.a.c, why)
	s.a.cancel()
}

// finish tells the strategy that the stream was read as far as the application wanted.
func (s *stream) finish() {
	t, a := s.t, s.a
	defer a.cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now(0)
	r := wire.Reply{Attempt: uint16(a.number), Deployment: a.deployment}
	wire.Parse(s.response.StatusCode, s.response.Header, wire.StreamUsage(s.tail), t.o.Epoch.Add(now.Sub(0)), &r)
	t.conclude(a, now, &r, s.response, nil)
	if a.c.open { // no strategy has more to do with a call that is answered
		t.end(a.c)
		t.rest()
	}
}
