package bench_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/bench"
	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

const stalling = `
name: stalling
duration: 10s
drain: 5s
workload:
  - tenant: web
    arrivals: {process: constant, rate: 10/s}
    prompt_tokens: {dist: constant, value: 10}
    output_tokens: {dist: constant, value: 10}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1}
strategies: [none]
`

// against runs the scenario against a handler, in fake time.
func against(t *testing.T, ctx context.Context, handler http.HandlerFunc, maxOpen int) (run *metrics.Run, late time.Duration, err error) {
	network := newPipes()
	return play(t, ctx, stalling, handler, bench.Plan{Dial: network.dial, MaxOpen: maxOpen}, network)
}

// play runs a scenario against a handler, with what else p says.
func play(t *testing.T, ctx context.Context, scenario string, handler http.HandlerFunc, p bench.Plan, network *pipes) (*metrics.Run, time.Duration, error) {
	spec, err := scenarios.Parse("stalling.yaml", []byte(scenario), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(network) }()
	defer time.Sleep(time.Minute) // for handlers that clients have left
	defer server.Close()
	p.Scenario, p.Strategy, p.URL, p.Key = spec, &spec.Strategies[0], "http://stall", "k"
	if p.Start.IsZero() {
		p.Start = time.Now()
	}
	return bench.Run(ctx, p)
}

// Calls that come at once do not dial at once: here a connection takes a second and
// an answer a millisecond, so that the first sixteen connections serve all hundred
// calls. Once all calls have ended, no more is dialled.
func TestDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		var now, most, all atomic.Int64
		dial := func(ctx context.Context, n, address string) (net.Conn, error) {
			all.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second)
			return network.dial(ctx, n, address)
		}
		burst := strings.NewReplacer("rate: 10/s", "rate: 10000/s", "duration: 10s", "duration: 10ms").Replace(stalling)
		run, _, err := play(t, t.Context(), burst, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Millisecond)
			_, _ = w.Write([]byte(`{}`))
		}, bench.Plan{Dial: dial}, network)
		time.Sleep(time.Minute) // for dials that would come
		if err != nil || run.Succeeded != 100 || most.Load() != 16 || all.Load() > 2*16 {
			t.Errorf("%v: %d of %d calls, %d dials, %d at one time", err, run.Succeeded, run.Calls, all.Load(), most.Load())
		}
	})
}

// A server that stalls for two seconds holds up nobody's call but those it has:
// all others are made when they are due, and each latency counts from then. A closed
// loop would have made the next call after the stall, and seen one slow call
// in place of twenty.
func TestOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		run, late, err := against(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
			if at := time.Since(start); at >= 4*time.Second && at < 6*time.Second {
				time.Sleep(6*time.Second - at)
			}
			_, _ = w.Write([]byte(`{}`))
		}, 0)
		if err != nil || run.Calls != 100 || run.Succeeded != 100 || late != 0 || run.NotSent != 0 {
			t.Fatalf("%v, %d of %d calls, %d not sent, %v late", err, run.Succeeded, run.Calls, run.NotSent, late)
		}
		r := &metrics.Result{}
		metrics.Summarise(r, metrics.NewSample([]metrics.Outcome{{Name: "none", Runs: []*metrics.Run{run}}}), nil)
		s := &r.Strategies[0]
		if p95, most := s.Values[metrics.LatencyP95].Mean, s.Values[metrics.LatencyMax].Mean; p95 < 1.4 || p95 > 1.6 || most < 1.9 || most > 2.01 {
			t.Errorf("20 of 100 calls waited for up to 2 s: p95 %v, max %v", p95, most)
		}
	})
}

// No more than MaxOpen calls are open; those beyond are not made, and said so.
func TestMaxOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, _, err := against(t, t.Context(), func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server does not notice that the client has gone
			<-r.Context().Done()
		}, 7)
		if err != nil || run.Calls != 100 || run.NotSent != 93 || run.Censored != 7 || run.Attempts != 7 {
			t.Errorf("%v: %d calls, %d not sent, %d censored, %d attempts", err, run.Calls, run.NotSent, run.Censored, run.Attempts)
		}
	})
}

// Who stops a run has what was finished, and the rest as censored.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5050*time.Millisecond, cancel)
		run, _, err := against(t, ctx, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			_, _ = w.Write([]byte(`{}`))
		}, 0)
		// Arrivals at 0.1 s, 0.2 s, ...: 50 by then, of which 40 have ended.
		if !errors.Is(err, context.Canceled) || run.Calls != run.Succeeded+run.Censored || run.Succeeded < 40 || run.Censored != 10 {
			t.Errorf("%v: %d calls, %d succeeded, %d censored", err, run.Calls, run.Succeeded, run.Censored)
		}
	})
}

// A run that is over before it has made its calls says which it did not make: those
// that were due.
func TestOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		network := newPipes()
		run, late, err := play(t, ctx, stalling, func(http.ResponseWriter, *http.Request) {},
			bench.Plan{Dial: network.dial, Start: time.Now().Add(-5050 * time.Millisecond)}, network)
		if !errors.Is(err, context.Canceled) || run.Calls != 51 || run.NotSent != 51 || run.Attempts != 0 || run.Censored != 0 || late != 0 {
			t.Errorf("%v: %d calls, %d not sent, %d attempts, %d censored, %v late", err, run.Calls, run.NotSent, run.Attempts, run.Censored, late)
		}
	})
}

// Calls that are late are made all the same, and how late is said.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		run, late, err := play(t, t.Context(), stalling, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
			bench.Plan{Dial: network.dial, Start: time.Now().Add(-12 * time.Second)}, network)
		if err != nil || run.Calls != 100 || run.Succeeded != 100 || run.NotSent != 0 || late != 12*time.Second {
			t.Errorf("%v: %d of %d calls, %d not sent, %v late", err, run.Succeeded, run.Calls, run.NotSent, late)
		}
	})
}

// The scenario is as it was, and its networks take up to 4 ms more, in its time.
func TestSlowed(t *testing.T) {
	spec, err := scenarios.Parse("stalling.yaml", []byte(stalling), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := spec.Fleet.Network
	list := bench.Slowed(spec, 60)
	last := list[len(list)-1].Fleet.Network
	if most := last.Latency + last.Jitter - before.Latency - before.Jitter; most != 240*time.Millisecond || spec.Fleet.Network != before {
		t.Errorf("%v more, and the scenario's network is %+v, was %+v", most, spec.Fleet.Network, before)
	}
}
