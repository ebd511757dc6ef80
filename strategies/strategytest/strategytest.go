// Package strategytest is an acceptance suite for strategies, in the spirit of
// testing/fstest: [Run] plays random histories against any implementation of
// strategies.Strategy and checks what a driver relies on.
//
// The laws:
//
//   - every call ends exactly once, and immediately when it is cancelled;
//   - after its end, the strategy has no effect on a call and does not write to its
//     memory;
//   - no time that the strategy asks for lies in the past;
//   - it sends only to deployments that exist, aborts only attempts in flight, and
//     sends no call more than 64 times;
//   - when no more calls arrive, all calls end, whether the provider then answers
//     everything or refuses everything;
//   - the same history gives the same trace. If the strategy says that it ignores
//     quotas, this holds also when the quotas in the replies differ;
//   - after a warm-up, no event allocates.
//
// [Driver] is the small driver behind it, for tests that play a history of their
// own.
package strategytest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// maxEvents bounds how long a history may take to end once nothing new
// arrives. The slowest honest strategy polls twice a second for half a minute
// for each of a few dozen calls.
const maxEvents = 100_000

// Env returns the environment in which Run makes strategies: a deployment
// with limits, a provisioned one, one of which no limits are known, a batch API, and a
// provider that admits calls in every other second and takes 100 ms for them.
func Env() strategies.Env {
	return strategies.Env{
		Key: rng.New(1, 0),
		Deployments: []strategies.Deployment{
			{Name: "main", RPM: 600, TPM: 60_000, Coordinated: true},
			{Name: "reserved", Provisioned: true},
			{Name: "spare"},
			{Name: "bulk", Batch: true, Discount: 0.5},
		},
		Peek: everyOtherSecond{},
	}
}

type everyOtherSecond struct{}

func (everyOtherSecond) Takes(*strategies.Call, int) time.Duration { return 100 * time.Millisecond }

func (everyOtherSecond) Fits(_ clock.Time, c *strategies.Call, _ int) bool {
	return c.Cost() <= 1_000_000
}

func (e everyOtherSecond) Admits(now clock.Time, c *strategies.Call, _ int) clock.Time {
	switch since := now % (2 * clock.Second); {
	case !e.Fits(now, c, 0):
		return clock.Never
	case since < clock.Second:
		return now
	default:
		return now - since + 2*clock.Second
	}
}

// Run checks the laws on strategies made by f, each for one history.
func Run(t *testing.T, f func(strategies.Env) strategies.Strategy) {
	t.Helper()
	t.Run("histories", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			h := histories().Draw(t, "history")
			violations, trace := play(f(Env()), h)
			for _, v := range violations {
				t.Error(v)
			}
			if _, again := play(f(Env()), h); again != trace {
				t.Errorf("the same history gave another trace:\n%s\nthe first time:\n%s", again, trace)
			}
			if s, ok := f(Env()).(strategies.IgnoresQuotas); ok && s.IgnoresQuotas() {
				if _, again := play(f(Env()), otherQuotas(h)); again != trace {
					t.Errorf("other quotas gave another trace:\n%s\nthan:\n%s", again, trace)
				}
			}
			if t.Failed() {
				t.Logf("trace:\n%s", trace)
			}
		})
	})
	t.Run("allocations", func(t *testing.T) {
		if n := allocations(f(Env())); n > 0 {
			t.Errorf("%v allocations for %d calls; want none", n, herd)
		}
	})
}

// history is what the application and the provider do.
type history struct {
	Reuse   bool // the memory of ended calls is used for new ones
	Hostile bool // at the end, everything is refused instead of answered
	Steps   []step
}

// step is one input. Replies and cancels pick among what is there.
type step struct {
	Wait   time.Duration // before it
	Kind   stepKind
	Pick   int
	Call   strategies.Call // Deadline is relative
	Within time.Duration   // the call's deadline; 0 = none
	Reply  wire.Reply
}

type stepKind int

const (
	submit stepKind = iota
	reply
	cancel
	answer
)

func histories() *rapid.Generator[history] {
	return rapid.Custom(func(t *rapid.T) history {
		n := rapid.IntRange(1, 100).Draw(t, "length") // left to itself, rapid draws short slices
		return history{
			Reuse:   rapid.Bool().Draw(t, "reuse"),
			Hostile: rapid.Bool().Draw(t, "hostile"),
			Steps:   rapid.SliceOfN(steps(), n, n).Draw(t, "steps"),
		}
	})
}

func steps() *rapid.Generator[step] {
	kinds := rapid.SampledFrom([]stepKind{submit, submit, submit, reply, reply, reply, reply, reply, cancel, answer, answer, answer})
	waits := rapid.SampledFrom([]time.Duration{0, 0, 1, 20 * time.Millisecond, 700 * time.Millisecond, 3 * time.Second, 61 * time.Second, 10 * time.Minute})
	sizes := rapid.SampledFrom([]uint32{0, 1, 50, 100, 4_000, 30_000, 59_999, 60_000, 1_000_000, math.MaxUint32})
	withins := rapid.SampledFrom([]time.Duration{0, 0, 0, 1, time.Second, 90 * time.Second, time.Hour})
	return rapid.Custom(func(t *rapid.T) step {
		s := step{Kind: kinds.Draw(t, "kind"), Wait: waits.Draw(t, "wait")}
		switch s.Kind {
		case submit:
			s.Call = strategies.Call{
				EstimatedPrompt: sizes.Draw(t, "prompt"),
				MaxTokens:       sizes.Draw(t, "max tokens"),
				Tenant:          rapid.Uint16Max(3).Draw(t, "tenant"),
				Priority:        rapid.Int8Range(-1, 1).Draw(t, "priority"),
			}
			s.Within = withins.Draw(t, "within")
		case reply:
			s.Pick = rapid.IntRange(0, 20).Draw(t, "attempt")
			s.Reply = replies().Draw(t, "reply")
		case cancel:
			s.Pick = rapid.IntRange(0, 20).Draw(t, "call")
		case answer:
			s.Pick = rapid.IntRange(0, 20).Draw(t, "ask")
			s.Reply = answers().Draw(t, "answer")
		}
		return s
	})
}

// replies draws what providers send, and what they should not.
func replies() *rapid.Generator[wire.Reply] {
	statuses := rapid.SampledFrom([]int{200, 200, 200, 429, 429, 429, 500, 503, wire.StatusTimeout, wire.StatusReset, wire.StatusGarbled, wire.StatusCut, 400, 408})
	limits := rapid.SampledFrom([]wire.Limit{wire.NoLimit, wire.Requests, wire.Tokens, wire.Tokens, wire.Utilisation, wire.Oversize,
		wire.Input, wire.Output, wire.Daily, wire.Billing, wire.Concurrency, wire.Ramp, wire.Capacity})
	waits := rapid.SampledFrom([]time.Duration{wire.Absent, wire.Absent, 0, time.Second, 7 * time.Second, 119 * time.Second, 86_400 * time.Second, math.MaxInt64})
	quotas := rapid.SampledFrom([]wire.Quota{
		wire.NoQuota, wire.NoQuota,
		{Limit: 60_000, Remaining: 60_000, Reset: 0},
		{Limit: 60_000, Remaining: 9_000, Reset: 51 * time.Second},
		{Limit: 60_000, Remaining: 0, Reset: time.Minute},
		{Limit: 600, Remaining: 1, Reset: wire.Absent},
		{Limit: wire.Absent, Remaining: 5_000, Reset: wire.Absent},
		{Limit: wire.Absent, Remaining: wire.Absent, Reset: 0},
		{Limit: 30_000, Remaining: wire.Absent, Reset: 10 * time.Second},
		{Limit: 0, Remaining: 0, Reset: 0},
		{Limit: 1, Remaining: 0, Reset: 86_400 * time.Second},
		{Limit: 600, Remaining: -7, Reset: -7},
		{Limit: 600, Remaining: math.MaxInt64, Reset: 0},
		{Limit: math.MaxInt64, Remaining: math.MaxInt64, Reset: math.MaxInt64},
	})
	advice := rapid.SampledFrom([]wire.Advice{wire.Unsaid, wire.Unsaid, wire.Retry, wire.DoNotRetry})
	used := rapid.SampledFrom([]uint32{0, 10, 150, 60_000, math.MaxUint32})
	return rapid.Custom(func(t *rapid.T) wire.Reply {
		r := wire.Reply{
			Status:     statuses.Draw(t, "status"),
			RetryAfter: waits.Draw(t, "retry-after"),
			Requests:   quotas.Draw(t, "requests"),
			Tokens:     quotas.Draw(t, "tokens"),

			ShouldRetry: advice.Draw(t, "should-retry"),
			InBody:      rapid.Bool().Draw(t, "in body"),
		}
		switch r.Status {
		case wire.StatusOK:
			r.Prompt, r.Output = used.Draw(t, "prompt"), used.Draw(t, "output")
		case wire.StatusTooManyRequests:
			r.Limit = limits.Draw(t, "limit")
		case wire.StatusTimeout:
			r = bare(wire.StatusTimeout)
		}
		return r
	})
}

// otherQuotas returns h with other quotas in the replies to attempts.
func otherQuotas(h history) history {
	h.Steps = slices.Clone(h.Steps)
	for i := range h.Steps {
		if r := &h.Steps[i].Reply; h.Steps[i].Kind == reply {
			switch {
			case r.Requests == wire.NoQuota && r.Tokens == wire.NoQuota:
				r.Requests = wire.Quota{Limit: 600, Remaining: 0, Reset: time.Minute}
				r.Tokens = wire.Quota{Limit: 60_000, Remaining: 0, Reset: time.Minute}
			default:
				r.Requests, r.Tokens = wire.NoQuota, wire.NoQuota
			}
		}
	}
	return h
}

// answers draws what coordinators say: a grant for now or later, shares, a
// refusal, or nothing.
func answers() *rapid.Generator[wire.Reply] {
	statuses := rapid.SampledFrom([]int{200, 200, 200, 200, 429, 503, wire.StatusTimeout})
	waits := rapid.SampledFrom([]time.Duration{0, 0, 1, 300 * time.Millisecond, 20 * time.Second})
	shares := rapid.SampledFrom([]int64{0, 1, 10, 600, 60_000})
	return rapid.Custom(func(t *rapid.T) wire.Reply {
		r := bare(statuses.Draw(t, "status"))
		switch r.Status {
		case wire.StatusOK:
			r.RetryAfter = waits.Draw(t, "wait")
			r.Requests = wire.Quota{Limit: 600, Remaining: shares.Draw(t, "requests"), Reset: 10 * time.Second}
			r.Tokens = wire.Quota{Limit: 60_000, Remaining: shares.Draw(t, "tokens"), Reset: 10 * time.Second}
		case wire.StatusTooManyRequests:
			r.RetryAfter = time.Minute
			r.Limit = rapid.SampledFrom([]wire.Limit{wire.NoLimit, wire.Oversize}).Draw(t, "limit")
		}
		return r
	})
}

// whole is what a coordinator says that nobody else asks anything.
func whole() wire.Reply {
	r := bare(wire.StatusOK)
	r.RetryAfter = 0
	r.Requests = wire.Quota{Limit: 600, Remaining: 600, Reset: 10 * time.Second}
	r.Tokens = wire.Quota{Limit: 60_000, Remaining: 60_000, Reset: 10 * time.Second}
	return r
}

// bare is a reply with no headers.
func bare(status int) wire.Reply {
	return wire.Reply{Status: status, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
}

// play drives s through h and to its end, and returns the broken laws and the
// trace.
func play(s strategies.Strategy, h history) (violations []string, trace string) {
	var text strings.Builder
	d := NewDriver(s, Env().Deployments)
	d.Trace, d.reuse = &text, h.Reuse
	for _, st := range h.Steps {
		d.AdvanceTo(d.now.Add(st.Wait))
		switch {
		case st.Kind == submit:
			if st.Within > 0 {
				st.Call.Deadline = d.now.Add(st.Within)
			}
			d.Submit(st.Call)
		case st.Kind == reply && len(d.flights) > 0:
			d.Reply(d.flights[st.Pick%len(d.flights)], st.Reply)
		case st.Kind == answer && len(d.asks) > 0:
			d.Answer(d.asks[st.Pick%len(d.asks)].Call, st.Reply)
		case st.Kind == cancel && d.open > 0:
			d.Cancel(d.nthOpen(st.Pick % d.open))
		}
	}
	if len(d.Violations) == 0 { // what broke a law before cannot be expected to end
		d.finish(h.Hostile)
	}
	for _, s := range d.slots {
		if !s.open && s.call != ended {
			d.violate("a call was written to after its end")
		}
	}
	return d.Violations, text.String()
}

// finish answers everything in flight a second later until no call is open.
func (d *Driver) finish(hostile bool) {
	status, granted := wire.StatusOK, whole()
	if hostile {
		status, granted = wire.StatusTooManyRequests, bare(wire.StatusTimeout)
	}
	for range maxEvents {
		switch {
		case d.open == 0:
			return
		case len(d.asks) > 0:
			d.Answer(d.asks[0].Call, granted)
		case len(d.flights) > 0:
			d.AdvanceTo(d.now.Add(time.Second))
			if len(d.flights) > 0 {
				d.Reply(d.flights[0], bare(status))
			}
		case !d.Step():
			d.violate("stuck: %d calls are open, nothing is in flight and no timer is set", d.open)
			return
		}
	}
	d.violate("%d calls are still open after %d events", d.open, maxEvents)
}

// nthOpen returns the n-th open call.
func (d *Driver) nthOpen(n int) *strategies.Call {
	for _, s := range d.slots {
		if s.open {
			if n == 0 {
				return &s.call
			}
			n--
		}
	}
	panic(fmt.Sprintf("the driver counts %d open calls and has fewer", d.open))
}

// herd is how many calls are open at once when allocations are counted.
const herd = 32

// allocations returns the mean number of allocations while a herd of calls
// comes, meets refusals, and ends, once s has seen many of them.
func allocations(s strategies.Strategy) float64 {
	d := NewDriver(s, Env().Deployments)
	d.reuse = true
	round := func() {
		for i := range herd {
			d.Submit(strategies.Call{EstimatedPrompt: 100, MaxTokens: 50, Tenant: uint16(i % 3)})
		}
		for n := 0; d.open > 0 && len(d.Violations) == 0; n++ {
			if len(d.asks) > 0 {
				d.Answer(d.asks[0].Call, whole())
				continue
			}
			if len(d.flights) == 0 {
				d.Step()
				continue
			}
			r := bare(wire.StatusOK)
			r.Prompt, r.Output = 100, 20
			if n%3 == 0 {
				r = bare(wire.StatusTooManyRequests)
			}
			d.Reply(d.flights[0], r)
		}
	}
	for range 100 { // until windows of a minute have been full
		round()
	}
	return testing.AllocsPerRun(20, round)
}
