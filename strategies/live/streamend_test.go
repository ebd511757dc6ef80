package live_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/live"
)

// TestStreamEnds: a stream that has begun is never retried. Whether its call has succeeded
// depends on how it ends, as far as its last event tells, or on its reader's leaving.
func TestStreamEnds(t *testing.T) {
	const chunk, failed = "data: {\"choices\":[]}\n\n", "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"
	reset := errors.New("connection reset")
	for _, k := range []struct {
		name   string
		events string
		err    error // of the connection; nil = it ends well
		stops  int   // after so many bytes the reader closes the stream; 0 = it reads to the end
		done   bool
	}{
		{"complete", chunk + "data: [DONE]\n\n", nil, 0, true},
		{"complete, then reset", chunk + "data: [DONE]\n\n", reset, 0, true},
		{"reset before the last byte", chunk + "data: [DONE]\n", reset, 0, false},
		{"reset in the middle", chunk, reset, 0, false},
		{"ends within an event", chunk + chunk[:9], nil, 0, false},
		{"ends with an error", chunk + failed, nil, 0, false},
		{"closed at the error", chunk + failed, nil, len(chunk + failed), false},
		{"closed in the middle", chunk + chunk, nil, len(chunk) + 5, true},
		{"of another format", "data: hello\n\n", nil, 0, true},
	} {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				transport := live.New(&watcher{}, live.Options{Base: base(func(*http.Request) (*http.Response, error) {
					attempts++
					events, server := io.Pipe()
					go func() {
						_, _ = server.Write([]byte(k.events))
						_ = server.CloseWithError(k.err) // nil is io.EOF
					}()
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: events, ContentLength: -1}, nil
				})})
				var told []bool
				var reason strategies.Reason
				ended := func(_ clock.Time, done bool, why strategies.Reason) { told, reason = append(told, done), why }
				response, err := transport.RoundTrip(post(live.WithCall(t.Context(), live.Call{ID: 1, Ended: ended}), ""))
				if err != nil {
					t.Fatal(err)
				}
				if k.stops > 0 {
					_, _ = io.ReadFull(response.Body, make([]byte, k.stops))
				} else if b, err := io.ReadAll(response.Body); string(b) != k.events || err != k.err {
					t.Errorf("read %q, %v", b, err)
				}
				response.Body.Close()
				if len(told) != 1 || told[0] != k.done || !k.done && reason != strategies.BrokenStream || attempts != 1 {
					t.Errorf("ended %v for %v after %d attempts, want %v", told, reason, attempts, k.done)
				}
				if err := transport.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestStreamDeadlines: the deadline of the first token gives a call up before its answer
// begins, and counts no more afterwards; that of the call cuts the stream.
func TestStreamDeadlines(t *testing.T) {
	for _, k := range []struct {
		name                   string
		firstToken, whole      time.Duration // 0 = none
		begins, ends           time.Duration // of the answer
		want                   time.Duration // when the call ends
		handed, done           bool
		deadline, deadlineThen time.Duration // that the strategy sees, before the answer begins and at the end
	}{
		{"no deadline", 0, 0, 2 * time.Second, 5 * time.Second, 5 * time.Second, true, true, -1, -1},
		{"begins too late", time.Second, 0, 2 * time.Second, 5 * time.Second, time.Second, false, false, time.Second, time.Second},
		{"begins in time", 3 * time.Second, 0, 2 * time.Second, 5 * time.Second, 5 * time.Second, true, true, 3 * time.Second, -1},
		{"begins in time, ends too late", 3 * time.Second, 4 * time.Second, 2 * time.Second, 5 * time.Second, 4 * time.Second, true, false, 3 * time.Second, 4 * time.Second},
		{"ends too late", 0, 4 * time.Second, 2 * time.Second, 5 * time.Second, 4 * time.Second, true, false, 4 * time.Second, 4 * time.Second},
	} {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				at := func(d time.Duration) time.Time {
					if d == 0 {
						return time.Time{}
					}
					return start.Add(d)
				}
				seen := &watcher{}
				transport := live.New(seen, live.Options{Base: base(func(r *http.Request) (*http.Response, error) {
					select {
					case <-time.After(k.begins):
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
					events, server := io.Pipe()
					go func() {
						select {
						case <-time.After(k.ends - k.begins):
							_, _ = server.Write([]byte("data: [DONE]\n\n"))
							_ = server.Close()
						case <-r.Context().Done():
							_ = server.CloseWithError(r.Context().Err())
						}
					}()
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: events, ContentLength: -1}, nil
				})})
				var ended time.Duration
				done := false
				call := live.Call{ID: 1, Deadline: at(k.whole), FirstToken: at(k.firstToken), Ended: func(_ clock.Time, ok bool, _ strategies.Reason) { ended, done = time.Since(start), ok }}
				response, err := transport.RoundTrip(post(live.WithCall(t.Context(), call), ""))
				if (err == nil) != k.handed {
					t.Fatalf("handed out with %v after %v", err, time.Since(start))
				}
				if err == nil {
					_, err = io.ReadAll(response.Body)
					response.Body.Close()
				}
				if ended != k.want || done != k.done || (err == nil) != k.done || time.Since(start) != k.want {
					t.Errorf("ended after %v, %v, and read until %v with %v; want %v", ended, done, time.Since(start), err, k.want)
				}
				if want := [2]clock.Time{deadlineOf(k.deadline), deadlineOf(k.deadlineThen)}; seen.deadlines != want {
					t.Errorf("the strategy saw the deadlines %v, want %v", seen.deadlines, want)
				}
			})
		})
	}
}

func deadlineOf(d time.Duration) clock.Time {
	if d < 0 {
		return clock.Never
	}
	return clock.Time(d)
}

// watcher retries what fails, and notes the deadline of its call when it comes and ends.
type watcher struct{ deadlines [2]clock.Time }

func (w *watcher) Submit(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	w.deadlines[0] = c.Deadline
	out.Send(c, 0)
}

func (w *watcher) Reply(_ clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	w.deadlines[1] = c.Deadline
	if r.OK() {
		out.Done(c)
	} else {
		out.Send(c, 0)
	}
}

func (w *watcher) Wake(clock.Time, *strategies.Call, *strategies.Effects) {}

func (w *watcher) Cancel(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	w.deadlines[1] = c.Deadline
	out.Fail(c, strategies.Deadline)
}
