package live_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
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

// told is a strategy that keeps what it was told of the last answer.
type told struct {
	hedge
	reply wire.Reply
}

func (s *told) Submit(_ clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 0) }

func (s *told) Reply(_ clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	s.reply = *r
	out.Done(c)
}

// A strategy learns the usage from the end of a stream, however long it was, also from that
// of Bedrock's binary one.
func TestUsageOfStreams(t *testing.T) {
	message := func(kind, payload string) string {
		return string(wire.EndEvent(append(wire.BeginEvent(nil, kind), payload...), 0))
	}
	for kind, events := range map[string][2]string{
		"text/event-stream": {"data: {\"delta\":1}\n\n", "data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n"},
		"application/vnd.amazon.eventstream": {message("contentBlockDelta", `{"delta":{"text":"word"}}`),
			message("metadata", `{"usage":{"inputTokens":3,"outputTokens":4}}`)},
	} {
		s := &told{}
		transport := live.New(s, live.Options{Base: base(func(*http.Request) (*http.Response, error) {
			body := io.NopCloser(strings.NewReader(strings.Repeat(events[0], 1000) + events[1]))
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {kind}}, Body: body, ContentLength: -1}, nil
		})})
		response, err := transport.RoundTrip(post(t.Context(), ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Error(err)
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if s.reply.Prompt != 3 || s.reply.Output != 4 {
			t.Errorf("%s: the strategy is told %+v", kind, s.reply)
		}
	}
}
