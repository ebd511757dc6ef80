package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
)

// broken are all the ways in which a connection goes wrong, and what a client of
// strategies/live has of it that tries each call twice: the status of its error; OK is an
// answer, as it came, and NotSent stands for the end of its patience in the middle of one.
var broken = []struct {
	fault         provider.Fault
	whole, stream int
	tries, begun  int64 // attempts of a call whose answer is not a stream, and is one
}{
	{provider.Fault{Kind: provider.Hang}, wire.StatusTimeout, wire.StatusTimeout, 2, 2},
	{provider.Fault{Kind: provider.Hang, How: provider.AfterHeaders}, wire.StatusTimeout, live.NotSent, 2, 1},
	{provider.Fault{Kind: provider.Hang, How: provider.MidBody}, wire.StatusTimeout, live.NotSent, 2, 1},
	{provider.Fault{Kind: provider.Hang, How: provider.BeforeEnd}, wire.StatusTimeout, live.NotSent, 2, 1},
	{provider.Fault{Kind: provider.Reset}, wire.StatusCut, wire.StatusCut, 2, 1},
	{provider.Fault{Kind: provider.Reset, After: 100}, wire.StatusCut, wire.StatusCut, 2, 1},
	{provider.Fault{Kind: provider.Reset, How: provider.ResetsTCP}, wire.StatusCut, wire.StatusCut, 2, 1},
	{provider.Fault{Kind: provider.Reset, How: provider.HalfCloses}, wire.StatusCut, wire.StatusCut, 2, 1},
	{provider.Fault{Kind: provider.Reset, How: provider.Short}, wire.StatusCut, wire.StatusCut, 2, 1},
	{provider.Fault{Kind: provider.Garbled}, wire.StatusOK, wire.StatusOK, 2, 1},
	{provider.Fault{Kind: provider.Garbled, How: provider.Long}, wire.StatusOK, wire.StatusOK, 2, 1},
	{provider.Fault{Kind: provider.Garbled, How: provider.BadStatusLine}, wire.StatusReset, wire.StatusReset, 2, 2},
	{provider.Fault{Kind: provider.SlowStream, To: 1, BytesPerSecond: 10_000}, wire.StatusOK, wire.StatusOK, 1, 1},
}

// Over real sockets, every call ends once and within its deadline whatever happens to the
// connection, an error in a body reaches the application, and nothing stays behind.
func TestBrokenConnections(t *testing.T) {
	for _, b := range broken {
		for _, stream := range []bool{false, true} {
			name := fmt.Sprintf("%v stream %v", b.fault.Kind, stream)
			if ways := b.fault.Kind.Ways(); ways != nil {
				name = ways[b.fault.How] + " " + name
			}
			t.Run(name, func(t *testing.T) {
				b.fault.Rate, b.fault.Until = 1, clock.Never
				want, attempts := b.whole, b.tries
				if stream {
					want, attempts = b.stream, b.begun
				}
				before := runtime.NumGoroutine()
				got, made := breakOne(t, b.fault, stream)
				if got != want || made != attempts {
					t.Errorf("ended with %d after %d attempts, want %d after %d", got, made, want, attempts)
				}
				for i := 0; runtime.NumGoroutine() > before; i++ {
					if i == 200 {
						t.Fatalf("%d goroutines stay", runtime.NumGoroutine()-before)
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
}

// breakOne makes a call with a strategy against a mock with a fault. It returns what the
// application had of it, and how many attempts were made.
func breakOne(t *testing.T, fault provider.Fault, stream bool) (status int, attempts int64) {
	const deadline = 400 * time.Millisecond
	s, err := mock.New(mock.Config{Seed: 3, Deployments: []mock.Deployment{{Config: provider.Config{
		Vendor: "openai", Model: "gpt-4o", RPM: 1000, Faults: []provider.Fault{fault}}}}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- mock.Serve(ctx, 5*time.Second, mock.Endpoint{Listener: listener, Handler: s}) }()

	entry, _ := catalog.Find("fixed")
	env := strategies.Env{Key: rng.New(1, 0), Deployments: []strategies.Deployment{{Name: "main"}}}
	factory, wrong := entry.Build(strategies.Args{"max_retries": "1", "delay": "1ms"}, env)
	if wrong != nil {
		t.Fatal(wrong)
	}
	base := &http.Transport{}
	transport := live.New(factory(env), live.Options{Base: base, Timeout: deadline / 4})

	var ended atomic.Int64
	call, cancel := context.WithTimeout(live.WithCall(t.Context(), live.Call{Ended: func(clock.Time, bool, strategies.Reason) { ended.Add(1) }}), deadline)
	defer cancel()
	begin := time.Now()
	status = outcome(t, call, transport, "http://"+listener.Addr().String(), stream)
	if took := time.Since(begin); took > deadline+time.Second {
		t.Errorf("the call took %v, its deadline was %v", took, deadline)
	}
	if err := transport.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := ended.Load(); n != 1 {
		t.Errorf("the call ended %d times", n)
	}
	attempts = s.State().Accounts[0].Deployments[0].Attempts
	base.CloseIdleConnections()
	stop()
	if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	return status, attempts
}

// outcome makes a request and reads the answer to its end.
func outcome(t *testing.T, ctx context.Context, transport http.RoundTripper, url string, stream bool) int {
	body := fmt.Sprintf(`{"model":"gpt-4o","stream":%v,"messages":[{"role":"user","content":"hello"}]}`, stream)
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk-test")
	response, err := transport.RoundTrip(r)
	if e, ok := errors.AsType[*live.Error](err); ok {
		return e.Status
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	switch _, err := io.ReadAll(response.Body); {
	case errors.Is(err, context.DeadlineExceeded):
		return live.NotSent
	case err != nil: // of the connection
		return wire.StatusCut
	}
	return response.StatusCode
}
