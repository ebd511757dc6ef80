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
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
)

// base answers attempts by hand.
type base func(r *http.Request) (*http.Response, error)

func (b base) RoundTrip(r *http.Request) (*http.Response, error) { return b(r) }

// answer makes a response; header is "Name: value" or empty.
func answer(status int, body, header string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	if name, value, ok := strings.Cut(header, ": "); ok {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func named(t *testing.T, name string, args strategies.Args) strategies.Strategy {
	t.Helper()
	entry, ok := catalog.Find(name)
	if !ok {
		t.Fatalf("no strategy %q", name)
	}
	env := strategies.Env{Key: rng.New(1, 0), Deployments: []strategies.Deployment{{Name: "main", RPM: 60, TPM: 60_000}}}
	factory, problems := entry.Build(args, env)
	if problems != nil {
		t.Fatal(problems)
	}
	return factory(env)
}

func post(ctx context.Context, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, "POST", "http://provider/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	return r
}

// Retries come when the strategy says, with the body again, and the answer of
// the last attempt is the caller's. Waits of backoff: 1 s, 2 s, 4 s.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var sent []time.Duration
		transport := live.New(named(t, "backoff", nil), live.Options{Base: base(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, time.Since(start))
			if b, err := io.ReadAll(r.Body); string(b) != "ping" || err != nil {
				t.Errorf("attempt %d has body %q, %v", len(sent), b, err)
			}
			if len(sent) < 4 {
				return answer(429, `{}`, ""), nil
			}
			return answer(200, `pong`, ""), nil
		})})
		response, err := transport.RoundTrip(post(t.Context(), "ping"))
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(response.Body); string(b) != "pong" || response.StatusCode != 200 {
			t.Errorf("%d %q", response.StatusCode, b)
		}
		for i, want := range []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second} {
			if sent[i] != want {
				t.Errorf("attempt %d at %v, want %v", i, sent[i], want)
			}
		}
	})
}

// What the strategy gives up comes back as the server said it last.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		transport := live.New(named(t, "naive", strategies.Args{"max_retries": "2"}), live.Options{
			Base: base(func(*http.Request) (*http.Response, error) { n++; return answer(429, "limit", ""), nil })})
		response, err := transport.RoundTrip(post(t.Context(), ""))
		if err != nil || response.StatusCode != 429 || n != 3 {
			t.Fatalf("%v, %v after %d attempts", response, err, n)
		}
		if b, _ := io.ReadAll(response.Body); string(b) != "limit" {
			t.Errorf("body %q", b)
		}
		broken := errors.New("no route")
		transport = live.New(named(t, "none", nil), live.Options{Base: base(func(*http.Request) (*http.Response, error) { return nil, broken })})
		var gone *live.Error
		if _, err = transport.RoundTrip(post(t.Context(), "")); !errors.As(err, &gone) || !errors.Is(err, broken) || gone.Status != wire.StatusReset {
			t.Errorf("%v", err)
		}
	})
}

// looping sends again whatever comes.
type looping struct{}

func (looping) Submit(_ clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 0) }
func (looping) Reply(_ clock.Time, c *strategies.Call, _ *wire.Reply, out *strategies.Effects) {
	out.Send(c, 0)
}
func (looping) Wake(clock.Time, *strategies.Call, *strategies.Effects) {}
func (looping) Cancel(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Fail(c, strategies.Deadline)
}

// A strategy that loops is stopped before the count of attempts, of 16 bits, wraps.
func TestLooping(t *testing.T) {
	n := 0
	transport := live.New(looping{}, live.Options{Base: base(func(*http.Request) (*http.Response, error) {
		if n++; n > 1<<16 {
			return nil, errors.New("not stopped")
		}
		return answer(503, "again", ""), nil
	})})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	response, err := transport.RoundTrip(post(ctx, ""))
	if err != nil || response.StatusCode != 503 || n != 1<<16-1 {
		t.Errorf("%v, %v after %d attempts, want 503 after 65535", response, err, n)
	}
}

// A wait the server asks for is kept, and a strategy that runs twice as fast
// waits half as long.
func TestRetryAfterAndSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, speed := range []float64{1, 2, 60} {
			start, n := time.Now(), 0
			transport := live.New(named(t, "retry-after", strategies.Args{"spread": "0%"}), live.Options{Speed: speed,
				Base: base(func(*http.Request) (*http.Response, error) {
					if n++; n == 1 {
						return answer(429, `{}`, "Retry-After: 30"), nil
					}
					return answer(200, `{}`, ""), nil
				})})
			if _, err := transport.RoundTrip(post(t.Context(), "")); err != nil {
				t.Fatal(err)
			}
			want := time.Duration(float64(30*time.Second) / speed)
			if got := time.Since(start); got < want || got > want+time.Microsecond {
				t.Errorf("speed %v: waited %v, want %v", speed, got, want)
			}
		}
	})
}

// A server that does not answer: each attempt ends at its timeout, and is told
// to have ended so.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hang := base(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		transport := live.New(named(t, "fixed", strategies.Args{"delay": "5s", "max_retries": "1"}), live.Options{Base: hang, Timeout: 30 * time.Second})
		var gone *live.Error
		if _, err := transport.RoundTrip(post(t.Context(), "")); !errors.As(err, &gone) || gone.Status != wire.StatusTimeout || gone.Reason != strategies.MaxRetries {
			t.Errorf("%v", err)
		}
		if got := time.Since(start); got != 65*time.Second {
			t.Errorf("two timeouts and a wait took %v", got)
		}
	})
}

// The application gives up: during an attempt, during a wait, and when a
// deadline of the call's own passes.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := base(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		refuse := base(func(*http.Request) (*http.Response, error) { return answer(429, `{}`, "Retry-After: 100"), nil })
		for name, answers := range map[string]base{"in an attempt": hang, "in a wait": refuse} {
			start := time.Now()
			transport := live.New(named(t, "retry-after", nil), live.Options{Base: answers})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(7*time.Second, cancel)
			_, err := transport.RoundTrip(post(ctx, ""))
			if got := time.Since(start); !errors.Is(err, context.Canceled) || got != 7*time.Second {
				t.Errorf("%s: %v after %v", name, err, got)
			}
		}
		start := time.Now()
		ctx := live.WithCall(t.Context(), live.Call{ID: 1, Deadline: start.Add(3 * time.Second)})
		_, err := live.New(named(t, "none", nil), live.Options{Base: hang}).RoundTrip(post(ctx, ""))
		if got := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || got != 3*time.Second {
			t.Errorf("deadline of the call: %v after %v", err, got)
		}
	})
}

// Close waits for what is open, or gives it up when it must wait no longer.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := base(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(10 * time.Second):
				return answer(200, `{}`, ""), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		for _, patience := range []time.Duration{time.Minute, 5 * time.Second} {
			transport := live.New(named(t, "none", nil), live.Options{Base: slow})
			ended := make(chan error, 1)
			go func() { _, err := transport.RoundTrip(post(t.Context(), "")); ended <- err }()
			synctest.Wait()
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			err := transport.Close(ctx)
			cancel()
			if want := min(patience, 10*time.Second); time.Since(start) != want || (err != nil) != (patience < 10*time.Second) {
				t.Errorf("patience %v: closed after %v with %v", patience, time.Since(start), err)
			}
			if got := <-ended; (got != nil) != (err != nil) {
				t.Errorf("patience %v: the call ended with %v", patience, got)
			}
			if _, err := transport.RoundTrip(post(t.Context(), "")); !errors.Is(err, live.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
			if err := transport.Close(t.Context()); err != nil {
				t.Errorf("Close again: %v", err)
			}
		}
	})
}

// hedge sends a second attempt after a second and takes the first answer.
type hedge struct{ aborts bool }

func (h *hedge) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Send(c, 0)
	out.Wake(c, now.Add(time.Second))
}

func (h *hedge) Wake(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	if h.aborts {
		out.Abort(c, 0)
	}
	out.Send(c, 1)
}

func (h *hedge) Reply(_ clock.Time, c *strategies.Call, _ *wire.Reply, out *strategies.Effects) {
	out.Done(c)
}

func (h *hedge) Cancel(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Fail(c, strategies.Deadline)
}

func TestHedge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, aborts := range []bool{false, true} {
			start := time.Now()
			hung := make(chan time.Duration, 2)
			transport := live.New(&hedge{aborts}, live.Options{
				Route: func(d int, r *http.Request) { r.Header.Set("deployment", string(rune('0'+d))) },
				Base: base(func(r *http.Request) (*http.Response, error) {
					_, number, deployment, ok := live.AttemptOf(r.Context())
					if !ok || int(number) != deployment || r.Header.Get("deployment") != string(rune('0'+deployment)) {
						t.Errorf("attempt %d to %d, %v, header %v", number, deployment, ok, r.Header)
					}
					select {
					case <-time.After(time.Duration(10-8*number) * time.Second):
						return answer(200, r.Header.Get("deployment"), ""), nil
					case <-r.Context().Done():
						hung <- time.Since(start)
						return nil, r.Context().Err()
					}
				})})
			response, err := transport.RoundTrip(post(t.Context(), ""))
			if err != nil {
				t.Fatal(err)
			}
			if b, _ := io.ReadAll(response.Body); string(b) != "1" || time.Since(start) != 3*time.Second {
				t.Errorf("answer of %s after %v", b, time.Since(start))
			}
			want := 3 * time.Second
			if aborts {
				want = time.Second
			}
			if got := <-hung; got != want {
				t.Errorf("aborts %v: hung up on the first after %v", aborts, got)
			}
		}
	})
}

// closer counts how often a body was closed.
type closer struct {
	io.Reader
	n *int
}

func (c closer) Close() error { *c.n++; return nil }

// A RoundTripper closes the request's body, whatever happens.
func TestBodyIsClosed(t *testing.T) {
	fine := base(func(*http.Request) (*http.Response, error) { return answer(200, `{}`, ""), nil })
	transport := live.New(named(t, "none", nil), live.Options{Base: fine})
	for _, when := range []string{"open", "closed"} {
		for _, again := range []bool{false, true} {
			n := 0
			r := post(t.Context(), "x")
			r.Body = closer{strings.NewReader("x"), &n}
			if !again {
				r.GetBody = nil
			}
			if _, err := transport.RoundTrip(r); (err != nil) != (when == "closed") || n == 0 {
				t.Errorf("%s, GetBody %v: %v, closed %d times", when, again, err, n)
			}
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
