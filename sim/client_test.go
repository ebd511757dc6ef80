package sim

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// one is a call of 100 prompt and 1 output token at 0 s, with a reservation of
// 600 of 6,000 tokens a minute, for which the server takes 45 s.
const one = `
name: one
duration: 1m
workload:
  - {tenant: web, arrivals: {process: spike, at: 0s, calls: 1}, prompt_tokens: 100, output_tokens: 1, max_tokens: 500}
deployments:
  - name: main
    provider: openai/gpt-4o-mini@tier-1
    limits: {rpm: none, tpm: 6000}
    window: sliding-log
    latency: {ttft: 45s, per_token: 0s, refusal: 0s}
    charge: {reserve: max_tokens, settle: true}
strategies: [none]
`

// TestTimeout: the client gives up after exactly 30 s; the server does not, and
// settles what it charged when it is done.
func TestTimeout(t *testing.T) {
	const limit = clock.Time(30 * time.Second)
	for _, k := range []struct {
		name      string
		set       []string
		end       clock.Time
		succeeded int64
		failed    strategies.Reason
		wasted    int64
		charged   float64 // at the end of duration
	}{
		{"answered at the last moment", []string{"deployments.main.latency.ttft=30s"}, limit, 1, 0, 0, 101},
		{"a nanosecond too late", []string{"deployments.main.latency={ttft: 30s, per_token: 1ns}"}, limit, 0, strategies.MaxRetries, 100, 101},
		{"the server finishes later", nil, limit, 0, strategies.MaxRetries, 100, 101},
		{"the server has not finished", []string{"duration=40s"}, limit, 0, strategies.MaxRetries, 100, 600},
		{"nothing is settled", []string{"deployments.main.charge.settle=false"}, limit, 0, strategies.MaxRetries, 100, 600},
		{"a timeout of its own", []string{"fleet.timeout=7s"}, clock.Time(7 * time.Second), 0, strategies.MaxRetries, 100, 101},
		{"a deadline before", []string{"workload.web.deadline=10s"}, clock.Time(10 * time.Second), 0, strategies.Deadline, 100, 101},
	} {
		t.Run(k.name, func(t *testing.T) {
			s, err := scenarios.Parse("test.yaml", []byte(one), scenarios.Options{Set: k.set})
			if err != nil {
				t.Fatal(err)
			}
			r := play(t, s, 0)
			if r.LastEnd != k.end || r.Succeeded != k.succeeded || r.Failed[k.failed] != 1-k.succeeded {
				t.Errorf("ended at %v, %d succeeded, %v failed; want %v, %d and one %v",
					r.LastEnd, r.Succeeded, r.Failed, k.end, k.succeeded, k.failed)
			}
			if allowed := 6000 * s.Duration.Minutes(); r.Charged != k.charged || r.Allowed != allowed {
				t.Errorf("charged %v tokens of %v, want %v of %v", r.Charged, r.Allowed, k.charged, allowed)
			}
			if r.WastedPrompt != k.wasted {
				t.Errorf("wasted %d prompt tokens, want %d", r.WastedPrompt, k.wasted)
			}
		})
	}
}

// stub is a strategy that sends every call once and fails it when anything
// happens to it, but for the methods that a test replaces.
type stub struct {
	submit, wake, cancel func(now clock.Time, c *strategies.Call, out *strategies.Effects)
	reply                func(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects)
}

func (s *stub) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if s.submit == nil {
		out.Send(c, 0)
		return
	}
	s.submit(now, c, out)
}

func (s *stub) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	if s.reply == nil {
		out.Fail(c, strategies.MaxRetries)
		return
	}
	s.reply(now, c, r, out)
}

func (s *stub) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if s.wake == nil {
		out.Fail(c, strategies.MaxRetries)
		return
	}
	s.wake(now, c, out)
}

func (s *stub) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if s.cancel == nil {
		out.Fail(c, strategies.Deadline)
		return
	}
	s.cancel(now, c, out)
}

// use makes the scenario one of a strategy written for the test.
func (s *stub) use(spec *scenarios.Spec) *scenarios.Spec {
	spec.Strategies = []scenarios.Strategy{{Name: "stub", Factory: func(strategies.Env) strategies.Strategy { return s }}}
	return spec
}

// TestAbort: there is no reply to an attempt that was hung up on, also when the
// call goes on; the server's work on it was for nothing.
func TestAbort(t *testing.T) {
	var replies []uint16
	s := (&stub{
		submit: func(now clock.Time, c *strategies.Call, out *strategies.Effects) {
			for range 3 {
				out.Send(c, 0)
			}
			out.Wake(c, clock.Second)
		},
		wake: func(now clock.Time, c *strategies.Call, out *strategies.Effects) {
			out.Abort(c, 1)
			out.Abort(c, 1) // hanging up twice, or on what never was, changes nothing
			out.Abort(c, 9)
		},
		reply: func(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
			if replies = append(replies, r.Attempt); len(replies) == 2 {
				out.Done(c)
			}
		},
	}).use(parse(t, one))
	s.Fleet.Timeout = time.Minute
	r := play(t, s, 0)
	if len(replies) != 2 || replies[0] != 0 || replies[1] != 2 {
		t.Errorf("replies to attempts %d, want to 0 and 2", replies)
	}
	if r.Succeeded != 1 || r.Attempts != 3 || r.WastedPrompt != 100 {
		t.Errorf("%d succeeded, %d attempts, %d wasted", r.Succeeded, r.Attempts, r.WastedPrompt)
	}
}

// TestBrokenStrategy: a strategy that breaks its contract ends the run with an
// error that says which strategy, when and what.
func TestBrokenStrategy(t *testing.T) {
	var ended *strategies.Call
	for name, k := range map[string]struct {
		broken stub
		set    []string
		want   []string
	}{
		"ends a call twice": {
			broken: stub{reply: func(_ clock.Time, c *strategies.Call, _ *wire.Reply, out *strategies.Effects) {
				out.Done(c)
				out.Fail(c, strategies.MaxRetries)
			}},
			want: []string{"at 30s", "has ended"},
		},
		"acts later on a call that has ended": {
			broken: stub{
				submit: func(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
					ended = c
					out.Done(c)
					out.Alarm(clock.Time(5 * time.Second))
				},
				wake: func(_ clock.Time, _ *strategies.Call, out *strategies.Effects) { out.Send(ended, 0) },
			},
			want: []string{"at 5s", "has ended"},
		},
		"does not end a cancelled call": {
			broken: stub{cancel: func(_ clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 0) }},
			set:    []string{"workload.web.deadline=3s"},
			want:   []string{"at 3s", "did not end"},
		},
		"sends to a deployment that is not there": {
			broken: stub{submit: func(_ clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 1) }},
			want:   []string{"at 0s", "deployment 1"},
		},
		"sends without end": {
			broken: stub{reply: func(_ clock.Time, c *strategies.Call, _ *wire.Reply, out *strategies.Effects) { out.Send(c, 0) }},
			set:    []string{"faults=[{kind: outage, at: 0s}]"},
			want:   []string{"at 0s", "attempt 65535"},
		},
		"sends without end at one moment": {
			broken: stub{submit: func(_ clock.Time, c *strategies.Call, out *strategies.Effects) {
				for range 1 << 16 {
					out.Send(c, 0)
				}
			}},
			want: []string{"at 0s", "attempt 65535"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := scenarios.Parse("test.yaml", []byte(one), scenarios.Options{Set: k.set})
			if err != nil {
				t.Fatal(err)
			}
			k.broken.use(s)
			r, err := Compare(context.Background(), s, Options{Replications: 1})
			if err == nil || r != nil {
				t.Fatalf("result %v, error %v", r, err)
			}
			for _, want := range append(k.want, "strategy stub") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestStoppedTime: a strategy that wakes itself at the same instant for ever
// ends the run as well, rather than hang it.
func TestStoppedTime(t *testing.T) {
	s := parse(t, one, "none")
	again := func(now clock.Time, c *strategies.Call, out *strategies.Effects) { out.Wake(c, now) }
	(&stub{submit: again, wake: again}).use(s)
	_, err := Run(context.Background(), Plan{Scenario: s, Strategy: &s.Strategies[0]})
	if err == nil || !strings.Contains(err.Error(), "at 0s no time passes, with more than 8388608 events at one instant: the strategy asks") {
		t.Errorf("error %v", err)
	}
}

// TestManyAtOnce: nine million calls at one instant are a workload, and no fault of the
// strategy.
func TestManyAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds and a gigabyte")
	}
	s := parse(t, strings.Replace(one, "calls: 1}", "calls: 9000000}", 1), "none")
	run, err := Run(context.Background(), Plan{Scenario: s, Strategy: &s.Strategies[0]})
	if err != nil || run.Calls != 9_000_000 {
		t.Errorf("%v, %v", run, err)
	}
}

// TestInterrupted: a comparison that is cancelled gives what every strategy has
// finished, and the context's error.
func TestInterrupted(t *testing.T) {
	s := parse(t, one, "none", "backoff")
	for _, after := range []int{0, 9} { // runs
		ctx, cancel := context.WithCancel(context.Background())
		if after == 0 {
			cancel()
		}
		r, err := Compare(ctx, s, Options{Replications: 1000, Progress: func(p Progress) {
			if p.Done == after {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d runs: error %v", after, err)
		}
		if after == 0 {
			if r != nil {
				t.Errorf("a result of %d replications, though none was run", r.Replications)
			}
			continue
		}
		if r == nil || r.Replications == 0 || r.Replications > 20 || !strings.Contains(r.Warnings[0], "interrupted") {
			t.Errorf("after %d runs: result %+v", after, r)
		}
	}
}

// TestInterruptedRun: a run whose clock stands still is stopped all the same.
func TestInterruptedRun(t *testing.T) {
	again := func(now clock.Time, c *strategies.Call, out *strategies.Effects) { out.Wake(c, now) }
	s := (&stub{submit: again, wake: again}).use(parse(t, one))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, Plan{Scenario: s, Strategy: &s.Strategies[0]}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// What oracle reckons an attempt will cost does not depend on how the one ended that
// had its memory before.
func TestAttemptStartsAnew(t *testing.T) {
	e := engine{begins: make([]beginning, 1)}
	a := wire.Attempt{Failed: true}
	e.attempt(&call{}, &a)
	if a.Failed {
		t.Error("the attempt has failed before it was sent")
	}
}
