package live

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// attempt is one HTTP request, and its context.
type attempt struct {
	context.Context
	c          *call
	number     uint32
	deployment uint16
	sent       clock.Time
	inline     bool // the caller's goroutine makes it
	cancel     context.CancelFunc
	timer      *time.Timer // of the timeout; nil without one
	timedOut   atomic.Bool

	// Guarded by Transport.mu.
	dropped bool // hung up on: the strategy will not hear of it
	handed  bool // its stream is the application's now
}

// Value implements context.Context: an attempt knows which it is.
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// drop hangs up. The mutex is held.
func (a *attempt) drop() {
	a.dropped = true
	a.cancel()
}

func (a *attempt) expire() {
	a.timedOut.Store(true)
	a.cancel()
}

// run makes an attempt and tells the strategy how it ended.
func (t *Transport) run(a *attempt) {
	response, body, err := t.fetch(a)
	if err == nil && body == nil {
		t.hand(a, response)
		return
	}
	defer a.cancel()
	if a.timer != nil {
		a.timer.Stop()
	}
	r := wire.Reply{Attempt: uint16(a.number), Deployment: a.deployment}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now(0)
	switch {
	case err == nil:
		wire.Parse(response.StatusCode, response.Header, body, t.o.Epoch.Add(now.Sub(0)), &r)
	case a.timedOut.Load():
		wire.Parse(wire.StatusTimeout, nil, nil, time.Time{}, &r)
	case errors.As(err, new(*BodyError)):
		wire.Parse(wire.StatusCut, nil, nil, time.Time{}, &r)
	default:
		wire.Parse(wire.StatusReset, nil, nil, time.Time{}, &r)
	}
	t.conclude(a, now, &r, response, err)
}

// conclude gives the strategy the reply to an attempt. The mutex is held.
func (t *Transport) conclude(a *attempt, now clock.Time, r *wire.Reply, response *http.Response, err error) {
	c := a.c
	if a.inline {
		c.inline = false
	}
	if i := slices.Index(c.flights, a); i >= 0 {
		c.flights = slices.Delete(c.flights, i, i+1)
	}
	if a.dropped || !c.open {
		return
	}
	why := context.Cause(c.r.Context())
	switch {
	case err != nil && why != nil && !a.timedOut.Load():
		t.giveUp(c, now, why)
		return
	case final(err):
		t.giveUp(c, now, err)
		return
	}
	c.response, c.status, c.cause = response, r.Status, err
	if c.once && !r.OK() { // it cannot be sent again: no strategy is asked
		t.giveUp(c, now, nil)
		return
	}
	t.tell(replied, now, &c.Call, r)
}

// fetch sends an attempt and reads the answer. Of a stream that has begun body
// is nil, and the response is as it came.
func (t *Transport) fetch(a *attempt) (response *http.Response, body []byte, err error) {
	var request *http.Request
	defer func() {
		if v := recover(); v != nil {
			response, body, err = nil, nil, panicked("sending an attempt", v)
			if request != nil && request.Body != nil { // who panicked may not have closed it
				request.Body.Close()
			}
		}
	}()
	if request, err = a.request(); err != nil {
		return nil, nil, err
	}
	if t.o.Route != nil {
		t.o.Route(int(a.deployment), request)
	}
	response, err = t.o.Base.RoundTrip(request)
	if err != nil {
		return nil, nil, err
	}
	if response.StatusCode < 300 && wire.IsStream(response.Header) {
		return response, nil, nil
	}
	defer response.Body.Close()
	body, err = read(response.Body, response.ContentLength, t.o.MaxAnswer)
	if err != nil {
		return nil, nil, &BodyError{err}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, body, nil
}

// BodyError says that an answer had begun and could not be read to its end. A Base that reads
// answers itself returns it, so that strategies learn which of the two has happened.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "reading the answer: " + e.Err.Error() }

// Unwrap returns the error of the connection.
func (e *BodyError) Unwrap() error { return e.Err }

// read reads an answer of at most so many bytes into no more memory than it needs, if it
// says how long it is, as it mostly does. It never returns nil without an error.
func read(r io.Reader, length, most int64) ([]byte, error) {
	if length > most {
		return nil, tooLarge(most)
	}
	r = io.LimitReader(r, most+1)
	if length <= 0 || length >= maxKept {
		b, err := io.ReadAll(r)
		if int64(len(b)) > most {
			return nil, tooLarge(most)
		}
		return b, err
	}
	b := make([]byte, 0, length+1) // one more, so that the end shows
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > most:
			return nil, tooLarge(most)
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		case len(b) == cap(b): // it said less than it is
			b = append(b, 0)[:len(b)]
		}
	}
}
