// Package live drives a strategy over real HTTP. The strategy is the same code that
// the simulator runs. This package tells it what happened and when, and sends, waits,
// hangs up and ends calls as the strategy says.
//
// A Transport is an http.RoundTripper, so a client library needs no more than
//
//	&http.Client{Transport: live.New(strategy, live.Options{})}
//
// with its own retries turned off, because two layers that retry multiply each other.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// Options says how a strategy is driven. The zero value is what a service
// wants that talks to one deployment.
type Options struct {
	// Base sends attempts; nil = http.DefaultTransport.
	Base http.RoundTripper
	// Timeout is how long an attempt waits for an answer, in the strategy's time; 0 =
	// for ever. A stream has to begin within it, but not to end.
	Timeout time.Duration
	// Batch reports whether a deployment is a batch API, whose attempts Timeout
	// does not give up; nil = none is.
	Batch func(deployment int) bool
	// Speed is how many seconds pass for the strategy in a real one; 0 = 1.
	Speed float64
	// Start is time 0 of the strategy's clock; zero = when New is called.
	Start time.Time
	// Epoch is the date that the server gives to time 0; zero = Start.
	Epoch time.Time
	// Route points an attempt at a deployment, by its index in
	// strategies.Env.Deployments; nil leaves attempts as the request is.
	Route func(deployment int, r *http.Request)
	// Coordinator answers what the strategy asks. An ask is given up after Patience, in
	// the strategy's time, whatever the coordinator does; 0 = DefaultPatience.
	Coordinator Coordinator
	Patience    time.Duration
	// AskFailed, if not nil, is told of each ask that had no answer: an *AskError. It is
	// called from several goroutines at a time.
	AskFailed func(error)
	// Log takes a line when the coordinator stops answering, each minute until it answers,
	// and when it answers again; nil = slog.Default.
	Log *slog.Logger
	// MaxAnswer is the largest answer in bytes, after decompression, that is read; 0 =
	// DefaultMaxAnswer. A larger one ends its call with ErrTooLarge. Streams have no bound,
	// for they are not kept.
	MaxAnswer int64
	// Estimate returns the tokens of a request's prompt and the bound on its output, 0 =
	// none, from its body; nil = the function Estimate, or what NewExact returns for a
	// strategy with the estimator exact.
	Estimate func(body []byte) (prompt, maxTokens uint32)
}

// Transport is one instance at work: a strategy and its open calls. It is safe
// for concurrent use. Make it with New.
type Transport struct {
	o Options

	mu       sync.Mutex // guards all below; never held while anything is sent or read
	strategy strategies.Strategy
	out      strategies.Effects
	last     clock.Time // the strategy was told of, which never goes back
	calls    []*call    // by Slot; nil where free
	free     []uint32
	made     uint64 // calls without an ID of their own
	open     int
	closed   bool
	idle     chan struct{} // closed when closed and nothing is open
	rested   bool          // idle is closed
	alarm    *time.Timer
	alarmAt  clock.Time
	alarms   uint32 // how often it was set
	broken   error  // the strategy panicked: it is told no more
	desk     desk
}

// New returns a transport that is driven by s, which belongs to it from now on.
func New(s strategies.Strategy, o Options) *Transport {
	if o.Base == nil {
		o.Base = http.DefaultTransport
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Start.IsZero() {
		o.Start = time.Now()
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.Epoch.IsZero() {
		o.Epoch = o.Start
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = DefaultMaxAnswer
	}
	if o.Estimate == nil {
		o.Estimate = Estimate
		if counts, ok := s.(strategies.CountsPrompts); ok && counts.CountsPrompts() == strategies.Exactly {
			o.Estimate = NewExact("")
		}
	}
	return &Transport{o: o, strategy: s, alarmAt: clock.Never, idle: make(chan struct{})}
}

// ErrClosed is what RoundTrip returns after Close.
var ErrClosed = errors.New("live: the transport is closed")

// Error is the error of RoundTrip when the strategy gave a call up and there is no HTTP
// answer to return. If there was one, RoundTrip returns that.
type Error struct {
	Reason strategies.Reason
	Status int // of the last attempt: wire.StatusTimeout, StatusReset or StatusCut; NotSent if there was none
	Cause  error
}

// NotSent is the Status of a call that was given up before anything was sent.
const NotSent = -1

func (e *Error) Error() string {
	what := "before it was sent"
	switch e.Status {
	case wire.StatusTimeout:
		what = "after a timeout"
	case wire.StatusReset, wire.StatusCut:
		what = "after a broken connection"
	}
	if e.Cause != nil {
		return fmt.Sprintf("live: call given up %s (%v): %v", what, e.Reason, e.Cause)
	}
	return fmt.Sprintf("live: call given up %s (%v)", what, e.Reason)
}

func (e *Error) Unwrap() error { return e.Cause }

// RoundTrip implements http.RoundTripper: it does what the strategy says until
// the call has ended. It returns the answer to the attempt the call ended with,
// of whatever status, or a *Error, or the error of r's context. A call whose
// strategy would send more than 65,535 attempts is given up.
//
// Answers are read whole before the strategy is told, so that one that is broken, or that
// says it is JSON and is not, can be tried again; a stream of events (text/event-stream)
// is passed on as it comes, and is over for the strategy when it has been read or closed.
//
// A strategy may have several attempts of a call in flight, so r.GetBody may be called by
// several goroutines at a time. The first stream that begins is the answer: the other
// attempts of its call are hung up on.
//
// When Base or Route panics, the call ends with a *PanicError. When the strategy panics,
// nobody knows what state it is in: all open calls and all later ones end with a
// *PanicError, and a new Transport is needed.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close() // which is asked of every http.RoundTripper; attempts have copies
	}
	c, err := t.newCall(r)
	if err == nil {
		err = t.submit(c)
	}
	if err != nil {
		return nil, err
	}
	for {
		t.mu.Lock()
		if !c.open || c.handed {
			defer t.mu.Unlock()
			return c.result()
		}
		a := c.next
		c.next = nil
		t.mu.Unlock()
		if a != nil {
			t.run(a)
			continue
		}
		select {
		case <-c.signal:
		case <-r.Context().Done():
			t.cancel(c, context.Cause(r.Context()))
		}
	}
}

// Close accepts no more calls, and waits for the open calls and for the coordinator. If
// ctx ends first, it gives them up and returns ctx's error.
func (t *Transport) Close(ctx context.Context) error {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		t.rest()
	}
	t.mu.Unlock()
	select {
	case <-t.idle:
		return nil
	default:
	}
	select {
	case <-t.idle:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	open := append([]*call(nil), t.calls...)
	t.mu.Unlock()
	for _, c := range open {
		if c != nil {
			t.cancel(c, ErrClosed)
		}
	}
	return ctx.Err()
}

// rest notes that nothing is open any more, if that is so. It comes after all effects of
// a step, because the last call may end before the strategy asks its last question.
func (t *Transport) rest() {
	if t.closed && t.open == 0 && t.desk.asking == 0 && !t.rested {
		t.rested = true
		close(t.idle)
		if t.alarm != nil {
			t.alarm.Stop()
		}
	}
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the base.
func (t *Transport) CloseIdleConnections() {
	if b, ok := t.o.Base.(interface{ CloseIdleConnections() }); ok {
		b.CloseIdleConnections()
	}
}
