package live_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/strategies/live"
)

// streamed returns a base whose first attempt of a call fails after a while, and whose
// second one is a stream that lasts longer than that.
func streamed(fails time.Duration, events io.ReadCloser) base {
	return func(r *http.Request) (*http.Response, error) {
		if _, number, _, _ := live.AttemptOf(r.Context()); number == 0 {
			select {
			case <-time.After(fails):
				return nil, errors.New("no route")
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: events, ContentLength: -1}, nil
	}
}

// A stream that begins while an earlier attempt is in flight is the application's at once,
// and the earlier attempt is hung up on: it neither delays the stream nor takes its place.
func TestStreamOfSecondAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		events, server := io.Pipe()
		transport := live.New(&hedge{}, live.Options{Base: streamed(time.Minute, events)})
		time.AfterFunc(2*time.Minute, func() {
			_, _ = server.Write([]byte("data: [DONE]\n\n"))
			_ = server.Close()
		})
		response, err := transport.RoundTrip(post(t.Context(), ""))
		if err != nil || time.Since(start) != time.Second {
			t.Fatalf("%v after %v, want a stream after the second that hedge waits", err, time.Since(start))
		}
		if b, err := io.ReadAll(response.Body); string(b) != "data: [DONE]\n\n" || err != nil {
			t.Errorf("the stream is %q, %v", b, err)
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// An application may close a stream while another goroutine reads it, as it may close any
// body of net/http. The race detector watches.
func TestStreamClosedDuringRead(t *testing.T) {
	events, server := io.Pipe()
	transport := live.New(&hedge{}, live.Options{Base: streamed(time.Minute, events), Speed: 1000})
	response, err := transport.RoundTrip(post(t.Context(), ""))
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		_, _ = io.ReadAll(response.Body)
		close(read)
	}()
	if _, err := server.Write([]byte("data: 1\n\n")); err != nil {
		t.Error(err)
	}
	_ = response.Body.Close()
	<-read
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := transport.Close(ctx); err != nil {
		t.Error(err)
	}
}
