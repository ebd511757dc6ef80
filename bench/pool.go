package bench

import (
	"bufio"
	"bytes"
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"

	"ratesim/strategies/live"
)

// pool keeps the HTTP/1.1 connections of one instance to its server. The goroutine
// that makes an attempt writes and reads itself: net/http's client has two
// goroutines more for every connection, and to hand over to them and back takes
// longer than all else that an attempt does.
//
// An attempt is sent once. A kept connection on which it is lost may have been
// closed while it rested, or by a server that had begun: to send it again would be
// an attempt that no strategy decided on.
type pool struct {
	address string
	tls     *tls.Config // nil for http
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	slots   chan struct{} // holds one for each dial under way, of all instances
	ctx     context.Context
	cancel  context.CancelFunc
	dials   sync.WaitGroup

	mu      sync.Mutex // guards all below
	idle    []*conn    // the one that rests longest first
	line    list.List  // of the *waiter that have no connection yet
	dialing int
}

// conn is one connection.
type conn struct {
	net.Conn
	r     *bufio.Reader
	w     *bufio.Writer
	since time.Time // when it was used last
}

// waiter is an attempt without a connection.
type waiter struct {
	c     *conn
	err   error
	ready chan struct{} // closed when either is set
}

const (
	// maxDials is how many connections are made at one time. A connection costs as
	// much as ten calls do: a generator that is late and makes one for every call it
	// is late with gets later still, and no call is made in the end.
	maxDials = 16
	// maxDial is how long it may take to make one.
	maxDial = 30 * time.Second
	// maxRest is how long a connection may rest until it is used again: servers close
	// those that rest, the hastiest of those in wide use after 2 s (gunicorn's
	// keepalive).
	maxRest = 1500 * time.Millisecond
	// maxAtOnce is the most memory that an answer gets because it says that it is so
	// long.
	maxAtOnce = 1 << 20
)

// newPool returns a pool of connections to the server of u.
func newPool(u *url.URL, slots chan struct{}, dial func(ctx context.Context, network, address string) (net.Conn, error)) *pool {
	p := &pool{dial: dial, slots: slots}
	port := "80"
	if u.Scheme == "https" {
		port, p.tls = "443", &tls.Config{ServerName: u.Hostname()}
	}
	if u.Port() != "" {
		port = u.Port()
	}
	p.address = net.JoinHostPort(u.Hostname(), port)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// RoundTrip implements http.RoundTripper. The answer has been read whole, unless it is
// streamed. It hangs up when the request's context ends.
func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	c, err := p.get(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	response, body, reusable, err := c.exchange(r)
	if err == nil && body == nil { // a stream
		response.Body = &pooled{response.Body, p, c, stop, reusable, sync.Once{}}
		return response, nil
	}
	if stop() && reusable {
		p.put(c)
	} else {
		_ = c.Close()
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// exchange also reports whether the connection can be used again. Of a stream, body is nil.
//
// Before it reads it lets others run. When many are due the answer is there when its
// turn comes again: the runtime looks for what has arrived when nothing is left to run,
// or every 10 ms, for 128 connections at most.
func (c *conn) exchange(r *http.Request) (response *http.Response, body []byte, reusable bool, err error) {
	sent := r.Write(c.w)
	if sent == nil {
		sent = c.w.Flush()
	}
	runtime.Gosched()
	response, err = http.ReadResponse(c.r, r)
	for err == nil && response.StatusCode < 200 { // such as 103 Early Hints
		response, err = http.ReadResponse(c.r, r)
	}
	if err == nil && isStream(response) {
		return response, nil, sent == nil && !response.Close, nil
	}
	if err == nil {
		body, err = read(response)
	}
	switch {
	case err == nil: // although a server that refuses a request may not have read all of it
		return response, body, sent == nil && !response.Close && c.r.Buffered() == 0, nil
	case sent != nil:
		return nil, nil, false, sent
	}
	return nil, nil, false, err
}

// read reads an answer at once if it says how long it is, as it mostly does.
func read(response *http.Response) (data []byte, err error) {
	defer response.Body.Close()
	if n := response.ContentLength; n < 0 || n > maxAtOnce {
		data, err = io.ReadAll(response.Body)
	} else {
		data = make([]byte, n)
		_, err = io.ReadFull(response.Body, data)
	}
	if err != nil {
		return nil, &live.BodyError{Err: err}
	}
	return data, nil
}

// get returns the connection that was used last, or the next that is free or made.
func (p *pool) get(ctx context.Context) (*conn, error) {
	p.mu.Lock()
	for len(p.idle) > 0 && time.Since(p.idle[0].since) > maxRest {
		_ = p.idle[0].Close()
		p.idle = p.idle[1:]
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	w := &waiter{ready: make(chan struct{})}
	place := p.line.PushBack(w)
	p.connect()
	p.mu.Unlock()
	select {
	case <-w.ready:
		return w.c, w.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.line.Remove(place)
	p.mu.Unlock()
	if w.c != nil { // it came at the same time
		p.put(w.c)
	}
	return nil, ctx.Err()
}

// put takes a connection that is free: the attempt that waits longest has it.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(c)
}

// keep is put while the mutex is held.
func (p *pool) keep(c *conn) {
	if p.serve(c, nil) {
		return
	}
	if p.ctx.Err() != nil {
		_ = c.Close()
		return
	}
	c.since = time.Now()
	p.idle = append(p.idle, c)
}

// serve gives the attempt that waits longest what it waits for. It reports false if
// none waits. The mutex is held.
func (p *pool) serve(c *conn, err error) bool {
	first := p.line.Front()
	if first == nil {
		return false
	}
	w := p.line.Remove(first).(*waiter)
	w.c, w.err = c, err
	close(w.ready)
	return true
}

// connect makes connections for those that wait. The mutex is held.
func (p *pool) connect() {
	for p.dialing < min(p.line.Len(), maxDials) && p.ctx.Err() == nil {
		p.dialing++
		p.dials.Go(p.open)
	}
}

// open makes a connection, if it is still needed when its turn comes.
func (p *pool) open() {
	select {
	case p.slots <- struct{}{}:
	case <-p.ctx.Done():
		return
	}
	p.mu.Lock()
	needed := p.dialing <= p.line.Len()
	if !needed {
		p.dialing--
	}
	p.mu.Unlock()
	if !needed {
		<-p.slots
		return
	}
	c, err := p.connection()
	<-p.slots
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialing--
	if err != nil {
		p.serve(nil, err)
	} else {
		p.keep(c)
	}
	p.connect() // for those that still wait
}

// connection dials.
func (p *pool) connection() (*conn, error) {
	ctx, cancel := context.WithTimeout(p.ctx, maxDial)
	defer cancel()
	c, err := p.dial(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	if p.tls != nil {
		secure := tls.Client(c, p.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c = secure
	}
	return &conn{Conn: c, r: bufio.NewReader(c), w: bufio.NewWriter(c)}, nil
}

// close ends all connections that are idle or being made. No attempt is under way.
func (p *pool) close() {
	p.cancel()
	p.dials.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		_ = c.Close()
	}
	p.idle = nil
}
