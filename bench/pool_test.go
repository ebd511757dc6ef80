package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// asked is a pool of connections to a server, and how many were made.
type asked struct {
	*pool
	server *httptest.Server
	made   atomic.Int64
}

func ask(t *testing.T, server *httptest.Server) *asked {
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	a := &asked{server: server}
	a.pool = newPool(u, make(chan struct{}, maxDials), func(ctx context.Context, network, address string) (net.Conn, error) {
		a.made.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	t.Cleanup(func() { a.close(); server.Close() })
	return a
}

// post sends a body to a path of the server's.
func (a *asked) post(t *testing.T, ctx context.Context, path, body string) (status int, answer string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", a.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := a.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	data, err := read(response)
	return response.StatusCode, string(data), err
}

// manners are how a server may answer.
func manners(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	case "/stream":
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
		}
	case "/hints":
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "after hints")
	case "/refused":
		w.WriteHeader(429)
		fmt.Fprint(w, "refused")
	case "/unread":
		w.WriteHeader(413)
	case "/empty":
		w.WriteHeader(204)
	case "/last":
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "bye")
	case "/half":
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
	case "/gone":
		panic(http.ErrAbortHandler)
	}
}

// One connection serves all answers that leave it whole.
func TestPoolAnswers(t *testing.T) {
	a := ask(t, httptest.NewServer(http.HandlerFunc(manners)))
	long := strings.Repeat("x", 3*maxAtOnce)
	for _, c := range []struct {
		path, body string
		status     int
		answer     string
		dials      int64 // so far
	}{
		{"/echo", "ping", 200, "ping", 1},
		{"/echo", long, 200, long, 1},
		{"/echo", "", 200, "", 1},
		{"/stream", "", 200, "data: 0\n\ndata: 1\n\ndata: 2\n\n", 1},
		{"/hints", "", 200, "after hints", 1},
		{"/refused", "x", 429, "refused", 1},
		{"/empty", "", 204, "", 1},
		{"/last", "", 200, "bye", 1},
		{"/echo", "after the last", 200, "after the last", 2},
		{"/unread", long, 413, "", 2},
		{"/echo", "after one unread", 200, "after one unread", 3},
	} {
		status, answer, err := a.post(t, t.Context(), c.path, c.body)
		if err != nil || status != c.status || answer != c.answer || a.made.Load() != c.dials {
			t.Errorf("%s: %d %.40q, %v on connection %d, want %d %.40q on %d", c.path, status, answer, err, a.made.Load(), c.status, c.answer, c.dials)
		}
	}
}

// A connection that breaks is an error of the attempt that had it and of no other. What
// may have reached the server is not sent again.
func TestPoolBroken(t *testing.T) {
	var reached atomic.Int64
	a := ask(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		manners(w, r)
	})))
	for i, path := range []string{"/half", "/gone"} {
		if _, answer, err := a.post(t, t.Context(), "/echo", "before"); answer != "before" || err != nil {
			t.Errorf("before %s: %q, %v", path, answer, err)
		}
		if _, answer, err := a.post(t, t.Context(), path, "x"); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %q, %v", path, answer, err)
		}
		if want := int64(2 * (i + 1)); reached.Load() != want {
			t.Errorf("after %s the server saw %d requests, want %d", path, reached.Load(), want)
		}
	}
}

// An attempt that is given up hangs up, whether it waits for an answer, for a body or
// for a connection.
func TestPoolHangsUp(t *testing.T) {
	gone := make(chan bool, 2)
	a := ask(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/begun" {
			fmt.Fprint(w, "begun")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		gone <- true
	})))
	for _, path := range []string{"/", "/begun"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, _, err := a.post(t, ctx, path, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
		cancel()
		<-gone
	}
	a.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := a.post(t, ctx, "/", "x"); !errors.Is(err, context.DeadlineExceeded) || a.line.Len() != 0 {
		t.Errorf("without a connection: %v, %d in line", err, a.line.Len())
	}
}

// A connection that comes when its attempt is given up is kept for another.
func TestPoolLosesNone(t *testing.T) {
	a := ask(t, httptest.NewServer(http.HandlerFunc(manners)))
	dial := a.dial
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		a.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			cancel()
			return c, err
		}
		if c, err := a.get(ctx); err == nil {
			a.put(c)
		}
		a.dials.Wait()
		if int(a.made.Load()) != len(a.idle) {
			t.Fatalf("%d made, %d kept", a.made.Load(), len(a.idle))
		}
		for _, c := range a.idle {
			_ = c.Close()
		}
		a.idle = nil
		a.made.Store(0)
	}
}

// A dial that fails is an error of one attempt.
func TestPoolDialFails(t *testing.T) {
	a := ask(t, httptest.NewServer(http.HandlerFunc(manners)))
	dial, broken := a.dial, errors.New("no route")
	a.dial = func(context.Context, string, string) (net.Conn, error) { return nil, broken }
	if _, _, err := a.post(t, t.Context(), "/echo", "x"); !errors.Is(err, broken) {
		t.Error(err)
	}
	a.dial = dial
	if _, answer, err := a.post(t, t.Context(), "/echo", "x"); answer != "x" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
}

// A connection that rests is used again until the server may be about to close it.
func TestPoolRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &http.Server{Handler: http.HandlerFunc(manners), IdleTimeout: 2 * time.Second}
		conns := make(chan net.Conn)
		done := make(chan struct{})
		go func() { _ = server.Serve(&piped{conns, done}) }()
		var dials int
		p := newPool(&url.URL{Scheme: "http", Host: "mock"}, make(chan struct{}, maxDials), func(context.Context, string, string) (net.Conn, error) {
			dials++
			here, there := net.Pipe()
			conns <- there
			return here, nil
		})
		for i, c := range []struct {
			rest  time.Duration
			dials int
		}{{0, 1}, {1400 * time.Millisecond, 1}, {1900 * time.Millisecond, 2}, {time.Hour, 3}} {
			time.Sleep(c.rest)
			r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://mock/echo", strings.NewReader("x"))
			if _, err := p.RoundTrip(r); err != nil || dials != c.dials {
				t.Errorf("%d: %v on connection %d, want %d", i, err, dials, c.dials)
			}
		}
		p.close()
		close(done)
		_ = server.Close()
	})
}

// piped is a listener of pipes.
type piped struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *piped) Close() error   { return nil }
func (p *piped) Addr() net.Addr { return &net.UnixAddr{} }

func TestPoolTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(manners))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the client that hangs up
	server.StartTLS()
	a := ask(t, server)
	if _, _, err := a.post(t, t.Context(), "/echo", "x"); err == nil {
		t.Error("a certificate of nobody's was taken")
	}
	a.tls.RootCAs = a.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for range 2 {
		if _, answer, err := a.post(t, t.Context(), "/echo", "secret"); answer != "secret" || err != nil {
			t.Errorf("%q, %v", answer, err)
		}
	}
	if _, secure := a.idle[0].Conn.(*tls.Conn); !secure || a.made.Load() != 2 {
		t.Errorf("%T after %d dials", a.idle[0].Conn, a.made.Load())
	}
}

// Many at once, of which some hang up and some are hung up on: each has its own answer,
// and no connection is lost.
func TestPoolCrowd(t *testing.T) {
	a := ask(t, httptest.NewServer(http.HandlerFunc(manners)))
	var crowd sync.WaitGroup
	for i := range 50 {
		crowd.Go(func() {
			for j := range 40 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%5 == 0 {
					time.AfterFunc(time.Duration(j)*10*time.Microsecond, cancel)
				}
				path, body := "/echo", fmt.Sprintf("%d of %d", j, i)
				if (i+j)%7 == 0 {
					path = "/half"
				}
				if _, answer, err := a.post(t, ctx, path, body); err == nil && answer != body || err != nil && path == "/echo" && ctx.Err() == nil {
					t.Errorf("%s: %q, %v", body, answer, err)
				}
				cancel()
			}
		})
	}
	crowd.Wait()
	if a.line.Len() != 0 || len(a.idle) == 0 {
		t.Errorf("%d in line, %d idle", a.line.Len(), len(a.idle))
	}
}

// More than may dial at one time: when dials fail each attempt hears of it.
func TestPoolDialsGoOn(t *testing.T) {
	a := ask(t, httptest.NewServer(http.HandlerFunc(manners)))
	broken := errors.New("no route")
	a.dial = func(context.Context, string, string) (net.Conn, error) {
		time.Sleep(time.Millisecond) // so that all are in line
		return nil, broken
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var crowd sync.WaitGroup
	for range 3 * maxDials {
		crowd.Go(func() {
			if _, err := a.get(ctx); !errors.Is(err, broken) {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
}

// What a server says beyond its answer is not taken for the next one.
func TestPoolTooMuch(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	a := ask(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		_, _ = io.WriteString(c, ok+"me"+ok+"no")
	})))
	for range 2 {
		if _, answer, err := a.post(t, t.Context(), "/", ""); answer != "me" || err != nil || len(a.idle) != 0 {
			t.Errorf("%q, %v, %d idle", answer, err, len(a.idle))
		}
	}
}
