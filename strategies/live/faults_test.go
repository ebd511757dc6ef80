package live_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
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

// coordinator answers asks by hand.
type coordinator func(ctx context.Context, q wire.Ask) (wire.Reply, error)

func (c coordinator) Ask(ctx context.Context, q wire.Ask) (wire.Reply, error) { return c(ctx, q) }

var fine = base(func(*http.Request) (*http.Response, error) { return answer(200, `{}`, ""), nil })

// coordinated returns a strategy that asks a coordinator.
func coordinated(t *testing.T, name string, args strategies.Args) strategies.Strategy {
	t.Helper()
	entry, _ := catalog.Find(name)
	env := strategies.Env{Key: rng.New(1, 0), Deployments: []strategies.Deployment{{Name: "main", RPM: 60, TPM: 60_000, Coordinated: true}}}
	factory, problems := entry.Build(args, env)
	if problems != nil {
		t.Fatal(problems)
	}
	return factory(env)
}

// Close waits for a call whose ask is under way and will be refused, as for one that is
// granted, and the process lives on.
func TestCloseDuringAsk(t *testing.T) {
	for name, r := range map[string]wire.Reply{"refused": {Status: 429, RetryAfter: time.Hour}, "granted": {Status: 200}} {
		synctest.Test(t, func(t *testing.T) {
			transport := live.New(coordinated(t, "shared", nil), live.Options{Base: fine, Coordinator: coordinator(func(context.Context, wire.Ask) (wire.Reply, error) {
				time.Sleep(500 * time.Millisecond)
				return r, nil
			})})
			ended := make(chan error, 1)
			go func() { _, err := transport.RoundTrip(post(t.Context(), "")); ended <- err }()
			synctest.Wait()
			start := time.Now()
			if err := transport.Close(t.Context()); err != nil || time.Since(start) != 500*time.Millisecond {
				t.Errorf("%s: closed with %v after %v", name, err, time.Since(start))
			}
			if err := <-ended; (err != nil) != (name == "refused") {
				t.Errorf("%s: the call ended with %v", name, err)
			}
		})
	}
}

// lastAsk ends a call and asks a last question, in this order.
type lastAsk struct{ looping }

func (lastAsk) Reply(_ clock.Time, c *strategies.Call, _ *wire.Reply, out *strategies.Effects) {
	if c != nil {
		out.Done(c)
		out.Ask(nil, wire.Ask{BackTokens: 1})
	}
}

// What a strategy gives back after its last call arrives before Close returns.
func TestCloseWaitsForLastAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Bool
		transport := live.New(lastAsk{}, live.Options{
			Base: base(func(*http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return answer(200, `{}`, ""), nil
			}),
			Coordinator: coordinator(func(context.Context, wire.Ask) (wire.Reply, error) {
				time.Sleep(100 * time.Millisecond)
				asked.Store(true)
				return wire.Reply{Status: 200}, nil
			})})
		go func() { _, _ = transport.RoundTrip(post(t.Context(), "")) }()
		synctest.Wait()
		if err := transport.Close(t.Context()); err != nil || !asked.Load() {
			t.Errorf("closed with %v, the last ask is over: %v", err, asked.Load())
		}
	})
}

// A Base that panics ends the call with the panic. The strategy takes the attempt out of
// its books: queue has one worker here, and ten more calls pass through it.
func TestBasePanics(t *testing.T) {
	for name, make := range map[string]func() strategies.Strategy{
		"queue": func() strategies.Strategy { return named(t, "queue", strategies.Args{"workers": "1"}) },
		"hedge": func() strategies.Strategy { return &hedge{} },
	} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int64
			transport := live.New(make(), live.Options{Base: base(func(r *http.Request) (*http.Response, error) {
				if n.Add(1)%2 == 1 || name == "hedge" {
					if _, number, _, _ := live.AttemptOf(r.Context()); name == "hedge" && number == 0 {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					panic(io.ErrUnexpectedEOF)
				}
				return answer(200, `{}`, ""), nil
			})})
			for i := range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				_, err := transport.RoundTrip(post(ctx, ""))
				cancel()
				var p *live.PanicError
				if want := i%2 == 0 || name == "hedge"; errors.As(err, &p) != want || want && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%s: call %d: %v", name, i, err)
				}
			}
			if err := transport.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// fragile panics when it is told of one kind of thing.
type fragile struct{ in string }

func (f fragile) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	f.at("Submit")
	out.Send(c, 0)
	out.Alarm(now.Add(time.Second))
	out.Wake(c, now.Add(2*time.Second))
	out.Ask(nil, wire.Ask{})
}

func (f fragile) Reply(_ clock.Time, c *strategies.Call, _ *wire.Reply, out *strategies.Effects) {
	if c == nil {
		f.at("Reply to an ask")
		return
	}
	f.at("Reply")
	out.Done(c)
}

func (f fragile) Wake(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c == nil {
		f.at("Alarm")
		return
	}
	f.at("Wake")
}

func (f fragile) Cancel(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
	f.at("Cancel")
	out.Fail(c, strategies.Deadline)
}

func (f fragile) at(here string) {
	if f.in == here {
		panic("a defect in " + here)
	}
}

// A strategy that panics ends its calls and takes no more; nothing hangs, and the process
// lives on.
func TestStrategyPanics(t *testing.T) {
	for _, in := range []string{"Submit", "Reply", "Reply to an ask", "Wake", "Alarm", "Cancel"} {
		synctest.Test(t, func(t *testing.T) {
			transport := live.New(fragile{in}, live.Options{Log: slog.New(slog.DiscardHandler),
				Coordinator: coordinator(func(context.Context, wire.Ask) (wire.Reply, error) { return wire.Reply{Status: 200}, nil }),
				Base: base(func(r *http.Request) (*http.Response, error) {
					select {
					case <-r.Context().Done():
						return nil, r.Context().Err()
					case <-time.After(10 * time.Second):
						return answer(200, `{}`, ""), nil
					}
				})})
			ended := make(chan error, 2)
			for i := range 2 {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if in == "Cancel" && i == 1 {
					ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
				}
				go func() {
					defer cancel()
					_, err := transport.RoundTrip(post(ctx, ""))
					ended <- err
				}()
			}
			for range 2 {
				var p *live.PanicError
				if err := <-ended; !errors.As(err, &p) || p.Value != "a defect in "+in {
					t.Errorf("%s: the call ended with %v", in, err)
				}
			}
			if _, err := transport.RoundTrip(post(t.Context(), "")); !errors.As(err, new(*live.PanicError)) {
				t.Errorf("%s: a later call ended with %v", in, err)
			}
			if err := transport.Close(t.Context()); err != nil {
				t.Errorf("%s: %v", in, err)
			}
		})
	}
}

// endless is a body that never ends.
type endless struct{ read *int64 }

func (e endless) Read(p []byte) (int, error) { *e.read += int64(len(p)); return len(p), nil }

// An answer is read up to a bound, whatever it says of its length, and in whatever form it
// is sent; its call is not tried again.
func TestAnswerTooLarge(t *testing.T) {
	const most = 1 << 20
	for _, length := range []int64{-1, 0, 100, most + 1} {
		var read int64
		attempts := 0
		transport := live.New(named(t, "backoff", nil), live.Options{MaxAnswer: most, Base: base(func(*http.Request) (*http.Response, error) {
			attempts++
			r := answer(200, "", "")
			r.Body, r.ContentLength = io.NopCloser(endless{&read}), length
			return r, nil
		})})
		if _, err := transport.RoundTrip(post(t.Context(), "")); !errors.Is(err, live.ErrTooLarge) || attempts != 1 || read > 2*most {
			t.Errorf("length %d: %v after %d attempts that read %d bytes", length, err, attempts, read)
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 64 {
			_, _ = z.Write(make([]byte, most))
		}
		_ = z.Close()
	}))
	defer server.Close()
	r := post(t.Context(), "")
	r.URL.Host = server.Listener.Addr().String()
	if _, err := live.New(named(t, "none", nil), live.Options{MaxAnswer: most}).RoundTrip(r); !errors.Is(err, live.ErrTooLarge) {
		t.Errorf("gzip: %v", err)
	}
	whole := strings.Repeat("x", most)
	for _, length := range []int64{-1, 100, most} {
		exact := live.New(named(t, "none", nil), live.Options{MaxAnswer: most, Base: base(func(*http.Request) (*http.Response, error) {
			r := answer(200, whole, "")
			r.ContentLength = length
			return r, nil
		})})
		response, err := exact.RoundTrip(post(t.Context(), ""))
		if err != nil {
			t.Fatalf("length %d: %v", length, err)
		}
		if b, _ := io.ReadAll(response.Body); !bytes.Equal(b, []byte(whole)) {
			t.Errorf("length %d: %d bytes came, want %d", length, len(b), most)
		}
	}
}

// A body that is too large to be kept is sent once and whole, with whatever comes of it; one
// that is kept is sent again.
func TestLargeBodyIsSentOnce(t *testing.T) {
	const kept = 32 << 20
	for size, want := range map[int64]int{kept: 2, kept + 1: 1} {
		attempts, came := 0, int64(0)
		transport := live.New(named(t, "backoff", nil), live.Options{Speed: 1000, Base: base(func(r *http.Request) (*http.Response, error) {
			attempts++
			came, _ = io.Copy(io.Discard, r.Body)
			if attempts == 2 {
				return answer(200, "{}", ""), nil
			}
			return answer(429, "{}", ""), nil
		})})
		r := post(t.Context(), "")
		r.Body, r.GetBody, r.ContentLength = io.NopCloser(io.LimitReader(endless{new(int64)}, size)), nil, size
		response, err := transport.RoundTrip(r)
		if err != nil || attempts != want || came != size || (response.StatusCode == 200) != (want == 2) {
			t.Errorf("%d bytes: %d attempts, of which the last had %d bytes; %v", size, attempts, came, err)
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A call whose body stalls ends with its context or its deadline, although the body does
// not hear its Close, and whether or not it is one that GetBody returns.
func TestBodyStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		stalls := readerFunc(func([]byte) (int, error) { <-over; return 0, io.EOF })
		transport := live.New(named(t, "none", nil), live.Options{Base: fine})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		for name, ctx := range map[string]context.Context{
			"context":  ctx,
			"deadline": live.WithCall(t.Context(), live.Call{Deadline: time.Now().Add(3 * time.Second)}),
		} {
			for _, again := range []bool{false, true} {
				r := post(ctx, "")
				r.Body, r.GetBody = io.NopCloser(stalls), nil
				if again {
					r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(stalls), nil }
				}
				if _, err := transport.RoundTrip(r); again && name == "deadline" {
					continue // Call tells what the prompt costs, so its body is not read
				} else if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s, GetBody %v: %v", name, again, err)
				}
			}
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A GetBody that panics ends its call, and the body of an attempt is closed although Route
// panicked before Base had it.
func TestBodyPanics(t *testing.T) {
	closed := 0
	transport := live.New(named(t, "none", nil), live.Options{Base: fine, Route: func(int, *http.Request) { panic("a defect in Route") }})
	for _, panics := range []bool{false, true} {
		r := post(t.Context(), "")
		r.GetBody = func() (io.ReadCloser, error) {
			if panics {
				panic("a defect in GetBody")
			}
			return closer{strings.NewReader("ping"), &closed}, nil
		}
		if _, err := transport.RoundTrip(r); !errors.As(err, new(*live.PanicError)) {
			t.Errorf("%v", err)
		}
	}
	if closed != 2 { // one for the estimate, one for the attempt
		t.Errorf("%d bodies were closed, want 2", closed)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type wrongType struct{}

func (wrongType) Error() string       { return "WRONGTYPE" }
func (wrongType) Misconfigured() bool { return true }

// Every ask that fails is counted and told, and the log has a line when it begins and when
// it is over. Of 20 calls at once, all are sent in an outage and none where the coordinator
// is not set up.
func TestAskFails(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		sent int
		want live.AskStats
	}{
		{"unreachable", errors.New("no route to host"), 20, live.AskStats{Asks: 20, Unreachable: 20, Sent: 20}},
		{"misconfigured", wrongType{}, 0, live.AskStats{Asks: 20, Misconfigured: 20, Failed: 20}},
		{"without a coordinator", nil, 0, live.AskStats{Asks: 20, Misconfigured: 20, Failed: 20}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var lines bytes.Buffer
			var told, sent atomic.Int64
			down := true
			o := live.Options{Log: slog.New(slog.NewTextHandler(&lines, nil)), AskFailed: func(err error) {
				if told.Add(1); c.err != nil && !errors.Is(err, c.err) {
					t.Errorf("told of %v", err)
				}
			}, Base: base(func(*http.Request) (*http.Response, error) { sent.Add(1); return answer(200, `{}`, ""), nil })}
			if c.err != nil {
				o.Coordinator = coordinator(func(context.Context, wire.Ask) (wire.Reply, error) {
					time.Sleep(10 * time.Millisecond) // all have asked by then
					if down {
						return wire.Reply{}, c.err
					}
					return wire.Reply{Status: 200}, nil
				})
			}
			transport := live.New(coordinated(t, "shared", nil), o)
			for range 20 {
				go func() { _, _ = transport.RoundTrip(post(t.Context(), "")) }()
			}
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			if got := transport.AskStats(); got != c.want || int(told.Load()) != 20 || int(sent.Load()) != c.sent {
				t.Errorf("%s: %+v, told %d times, %d sent; want %+v and %d sent", c.name, got, told.Load(), sent.Load(), c.want, c.sent)
			}
			if n := strings.Count(lines.String(), "\n"); n != 1 || !strings.Contains(lines.String(), "level=WARN") {
				t.Errorf("%s: the log has %d lines:\n%s", c.name, n, &lines)
			}
			down = false
			time.Sleep(2 * time.Second)
			_, _ = transport.RoundTrip(post(t.Context(), ""))
			synctest.Wait()
			if got := strings.Contains(lines.String(), "answers again"); got != (c.err != nil) {
				t.Errorf("%s: the log is\n%s", c.name, &lines)
			}
		})
	}
}

// A coordinator whose client library hears no context costs a call the patience and no
// more, and a bounded number of goroutines.
func TestCoordinatorHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := make(chan struct{})
		transport := live.New(coordinated(t, "shared", nil), live.Options{Base: fine, Patience: time.Second, Log: slog.New(slog.DiscardHandler),
			Coordinator: coordinator(func(context.Context, wire.Ask) (wire.Reply, error) {
				<-back
				return wire.Reply{Status: 200}, nil
			})})
		before := runtime.NumGoroutine()
		for i := range 500 {
			start := time.Now()
			if _, err := transport.RoundTrip(post(t.Context(), "")); err != nil || time.Since(start) > time.Second {
				t.Fatalf("call %d: %v after %v", i, err, time.Since(start))
			}
			time.Sleep(2 * time.Second) // shared asks again
		}
		if n := runtime.NumGoroutine() - before; n > 100 {
			t.Errorf("%d goroutines more", n)
		}
		if got := transport.AskStats(); got.Asks != 500 || got.TimedOut != 64 || got.Unreachable != 436 || got.Sent != 500 {
			t.Errorf("%+v", got)
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Error(err)
		}
		close(back)
	})
}
