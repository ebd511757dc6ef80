package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"ratesim/sim/clock"
	"ratesim/strategies"
)

// Call is what an application knows of a call beside its request. Give it with
// WithCall.
type Call struct {
	ID              uint64
	Arrived         time.Time // zero = now
	Deadline        time.Time // zero = that of the request's context
	FirstToken      time.Time // when the application gives up unless a streamed answer has begun; zero = it does not
	EstimatedPrompt uint32    // the prompt in tokens, as the application estimates it
	MaxTokens       uint32    // 0 = none declared
	Tenant          uint16
	Priority        int8 // lower is more urgent
	// Ended, if not nil, is told when the strategy ended the call, in its own
	// time, and how: done, or failed and why. It must not block, nor call the
	// Transport.
	Ended func(now clock.Time, done bool, why strategies.Reason)
}

type callKey struct{}

// WithCall returns a context that says that a request is the call c. Without it, calls
// are numbered in order, arrive when RoundTrip is called, and are estimated from their
// body.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// attemptKey is the type itself, as no other value of it is ever a key.
type attemptKey struct{}

// AttemptOf returns, from the context of a request that Options.Base or
// Options.Route is given, whose attempt it is: the call's ID, the number of the
// attempt, 0 for the first, and the deployment. Of other contexts ok is false.
func AttemptOf(ctx context.Context) (id uint64, number uint32, deployment int, ok bool) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return 0, 0, 0, false
	}
	return a.c.ID, a.number, int(a.deployment), true
}

// call is one RoundTrip.
type call struct {
	strategies.Call
	r      *http.Request
	body   []byte     // nil where r.GetBody makes it, or where there is none
	once   bool       // the body is too long to be kept: one attempt only
	end    time.Time  // the deadline that a Call gave
	first  time.Time  // and that of the first token
	whole  clock.Time // the deadline, when the first token has come
	signal chan struct{}

	ended func(clock.Time, bool, strategies.Reason)

	// Guarded by Transport.mu.
	open    bool
	handed  bool     // a stream was handed out while the call goes on
	broken  bool     // and broke off
	inline  bool     // the caller's goroutine has an attempt to make
	next    *attempt // which it has not begun
	flights []*attempt
	wake    *time.Timer
	wakes   uint32 // how often it was set
	expire  *time.Timer
	expires uint32 // how often it was set

	// What RoundTrip returns; written before the call ends.
	response *http.Response
	done     bool
	reason   strategies.Reason
	status   int   // of the last reply
	cause    error // of the last attempt, where there was no answer
	canceled error // why the application gave up
}

// newCall reads what there is to know of a call from its request.
func (t *Transport) newCall(r *http.Request) (*call, error) {
	c := &call{r: r, signal: make(chan struct{}, 1), status: NotSent}
	c.Deadline = clock.Never
	known, ok := r.Context().Value(callKey{}).(Call)
	c.end, c.first = known.Deadline, known.FirstToken
	if err := c.keep(); err != nil {
		return nil, err
	}
	if !ok {
		sample, err := c.sample()
		if err != nil {
			return nil, err
		}
		c.EstimatedPrompt, c.MaxTokens = t.o.Estimate(sample)
		if end, ok := r.Context().Deadline(); ok {
			c.Deadline = t.at(end)
		}
		return c, nil
	}
	c.ID, c.EstimatedPrompt, c.MaxTokens, c.Tenant, c.Priority = known.ID, known.EstimatedPrompt, known.MaxTokens, known.Tenant, known.Priority
	c.ended = known.Ended
	if !known.Arrived.IsZero() {
		c.Arrived = t.at(known.Arrived)
	}
	if !known.Deadline.IsZero() {
		c.Deadline = t.at(known.Deadline)
	} else if end, ok := r.Context().Deadline(); ok {
		c.Deadline = t.at(end)
	}
	if c.whole = c.Deadline; !c.first.IsZero() {
		c.Deadline = min(c.Deadline, t.at(c.first))
	}
	return c, nil
}

// keep makes the body such that it can be sent again.
func (c *call) keep() (err error) {
	if c.r.Body == nil || c.r.Body == http.NoBody || c.r.GetBody != nil {
		return nil
	}
	c.body, err = c.read(func() (io.ReadCloser, error) { return io.NopCloser(c.r.Body), nil }, maxKept+1)
	c.once = len(c.body) > maxKept
	return err
}

// sample returns the body, or the beginning of one that is too long.
func (c *call) sample() ([]byte, error) {
	if c.body != nil || c.r.GetBody == nil {
		return c.body, nil
	}
	return c.read(c.r.GetBody, maxKept)
}

// read reads so many bytes at most from what open returns. It does so in a goroutine of its
// own, because a body may stall and need not hear its Close: the call hears its context and
// its deadline all the same.
func (c *call) read(open func() (io.ReadCloser, error), most int64) ([]byte, error) {
	type kept struct {
		head []byte
		err  error
	}
	read := make(chan kept, 1)
	go func() {
		head, err := readBody(open, most)
		read <- kept{head, err}
	}()
	var late <-chan time.Time
	if !c.end.IsZero() {
		timer := time.NewTimer(time.Until(c.end))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case k := <-read:
		if k.err != nil {
			return nil, fmt.Errorf("live: reading the request's body: %w", k.err)
		}
		return k.head, nil
	case <-c.r.Context().Done():
		return nil, context.Cause(c.r.Context())
	case <-late:
		return nil, context.DeadlineExceeded
	}
}

// readBody is read without an end.
func readBody(open func() (io.ReadCloser, error), most int64) (head []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked("reading the request's body", v)
		}
	}()
	body, err := open()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, most))
}

// request returns the request of an attempt.
func (a *attempt) request() (*http.Request, error) {
	c := a.c
	r := c.r.Clone(a)
	switch {
	case c.once:
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(c.body), c.r.Body), c.r.Body}
	case c.body != nil:
		r.Body = io.NopCloser(bytes.NewReader(c.body))
		r.ContentLength = int64(len(c.body))
	case c.r.GetBody != nil:
		var err error
		if r.Body, err = c.r.GetBody(); err != nil {
			return nil, fmt.Errorf("live: the request's body again: %w", err)
		}
	}
	return r, nil
}

// result is what RoundTrip returns of a call that has ended, or was handed out. The mutex
// is held.
func (c *call) result() (*http.Response, error) {
	switch {
	case c.canceled != nil && !c.handed: // a stream that is handed out tells its own end
		return nil, c.canceled
	case c.response != nil:
		c.response.Request = c.r
		return c.response, nil
	}
	return nil, &Error{c.reason, c.status, c.cause}
}
