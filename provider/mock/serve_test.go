package mock_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider/catalog"
	"ratesim/provider/mock"
)

// A server that is told to stop answers what it has begun, and takes no more.
func TestDrain(t *testing.T) {
	config, err := catalog.Embedded().Find(all[0])
	if err != nil {
		t.Fatal(err)
	}
	config.Latency.PerToken = 100 * time.Millisecond
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: config}}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mock.Serve(ctx, 30*time.Second, mock.Endpoint{Listener: listener, Handler: s}) }()
	r, _ := http.NewRequest("POST", "http://"+listener.Addr().String()+"/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-4o","stream":true,"max_tokens":5,`+hello+`}`))
	r.Header.Set("Authorization", "Bearer sk-test")
	w, err := http.DefaultClient.Do(r) // returns at the first event
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	stop()
	if b, err := io.ReadAll(w.Body); err != nil || !strings.HasSuffix(string(b), "data: [DONE]\n\n") {
		t.Errorf("%v after\n%s", err, b)
	}
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("ended with %v", err)
	}
	if _, err := http.DefaultClient.Do(r.Clone(t.Context())); err == nil {
		t.Error("it still answers")
	}
}

// What is open when the time to drain is over is cut off, and the error says so.
func TestCut(t *testing.T) {
	client, server := net.Pipe()
	l := &one{make(chan net.Conn, 1), make(chan struct{})}
	l.c <- server
	begun := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mock.Serve(ctx, time.Millisecond, mock.Endpoint{Listener: l, Handler: handler}) }()
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-begun
	stop()
	if err := <-ended; !errors.Is(err, mock.ErrCut) {
		t.Errorf("ended with %v, want %v", err, mock.ErrCut)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still there")
	}
}

// Clients that do not get done with their headers, or do not read what they asked
// for, are cut off.
func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the server's patience to end")
	}
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mock.Serve(ctx, 30*time.Second, mock.Endpoint{Listener: listener, Handler: http.NotFoundHandler()})
	}()
	defer func() { stop(); <-ended }()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

// one is a listener with one connection, in memory.
type one struct {
	c      chan net.Conn
	closed chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case c := <-l.c:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *one) Close() error   { close(l.closed); return nil }
func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

// A client that does not read has half a minute at least and a minute at most for
// each piece, however many there are.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		l := &one{make(chan net.Conn, 1), make(chan struct{})}
		l.c <- server
		type end struct {
			after time.Duration
			err   error
		}
		ended := make(chan end, 1)
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var last time.Time
			var err error
			for err == nil {
				last = time.Now()
				if _, err = w.Write(make([]byte, 8192)); err == nil {
					err = http.NewResponseController(w).Flush()
				}
			}
			ended <- end{time.Since(last), err}
		})
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = mock.Serve(ctx, 30*time.Second, mock.Endpoint{Listener: l, Handler: handler})
		}()
		if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 8192)
		for range 30 { // five minutes of reading slowly
			time.Sleep(10 * time.Second)
			if _, err := client.Read(b); err != nil {
				t.Fatal(err)
			}
		}
		if e := <-ended; !errors.Is(e.err, os.ErrDeadlineExceeded) || e.after < 30*time.Second || e.after > time.Minute {
			t.Errorf("%v after %v", e.err, e.after)
		}
		client.Close()
		stop()
		<-served
	})
}
