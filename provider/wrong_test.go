package provider

import (
	"math"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// What goes wrong after admission: how it looks to the client, how long it
// takes, what it is settled for.
func TestAdmittedAttemptsThatFail(t *testing.T) {
	for _, k := range []struct {
		fault  Fault
		status int
		least  time.Duration
		most   time.Duration
		output uint32 // at most charged
	}{
		{Fault{Kind: Errors, Status: 529}, 529, time.Second, time.Second, 0},
		{Fault{Kind: Hang}, 504, 10 * time.Minute, 10 * time.Minute, 0},
		{Fault{Kind: Reset}, wire.StatusReset, time.Second, 2 * time.Second, 99},
		{Fault{Kind: MidStream, Status: 500}, 500, time.Second, 2 * time.Second, 99},
		{Fault{Kind: SlowStream, To: 3}, 200, 6 * time.Second, 6 * time.Second, 100},
	} {
		k.fault.Rate, k.fault.Until = 1, clock.Never
		m := New(&Config{TPM: 1000, Charge: Charge{Settle: true},
			Latency: Latency{TTFT: rng.NewConstant(1), PerToken: 10 * time.Millisecond}, Faults: []Fault{k.fault}}, rng.New(1, 0), nil)
		a := wire.Attempt{Prompt: 20, Guess: 20, MaxTokens: 200, Output: 100}
		var r wire.Reply
		took := m.Arrive(0, &a, &r)
		if r.Status != k.status || took < k.least || took > k.most || !a.Admitted {
			t.Errorf("%v: status %d after %v, admitted %v; want %d after %v to %v", k.fault.Kind, r.Status, took, a.Admitted, k.status, k.least, k.most)
		}
		if r.OK() != (r.Output == 100) || !r.Retryable() && !r.OK() {
			t.Errorf("%v: usage %d, retryable %v", k.fault.Kind, r.Output, r.Retryable())
		}
		m.Finish(clock.Time(took), &a, false)
		if charged := m.Tally.Charged(); charged < 20 || charged > 20+int64(k.output) {
			t.Errorf("%v: charged %d, want 20 to %d", k.fault.Kind, charged, 20+k.output)
		}
	}
}

// The share of attempts that meet an outage that recurs is MTTR / (MTBF +
// MTTR), and outages last MTTR on average.
func TestOutagesRecur(t *testing.T) {
	const up, down = 50 * time.Minute, 10 * time.Minute
	m := New(&Config{RPM: 1e9, Faults: []Fault{{Kind: Outage, Status: 503, MTBF: up, MTTR: down, Until: clock.Never}}}, rng.New(7, 0), nil)
	var r wire.Reply
	hit, outages, was := 0, 0, false
	const minutes = 2_000_000
	for n := range minutes {
		m.Arrive(clock.Time(n)*minute, &wire.Attempt{Call: uint64(n)}, &r)
		is := r.Status == 503
		if is {
			hit++
			if !was {
				outages++
			}
		}
		was = is
	}
	if share := float64(hit) / minutes; math.Abs(share-1.0/6) > 0.005 {
		t.Errorf("%.4f of the time down, want %.4f", share, 1.0/6)
	}
	// Looking once a minute misses outages shorter than that: seen are those
	// that last to the next look, whose rate the exponential gives.
	want := minutes / 60.0 * (1 - math.Exp(-0.1)) / 0.1 // per 60 minutes one outage, seen with probability (1-e^-d)/d, d = 1/10
	if math.Abs(float64(outages)-want) > 0.03*want {
		t.Errorf("%d outages seen, want about %.0f", outages, want)
	}
}

func TestBadHeaders(t *testing.T) {
	good := wire.Quota{Limit: 1, Remaining: 0, Reset: time.Minute}
	for _, k := range []struct {
		bug      Bug
		wait     time.Duration
		requests wire.Quota
		tokens   wire.Quota
	}{
		{DayLong, 86400 * time.Second, good, wire.Quota{Limit: 500, Remaining: 490, Reset: time.Minute}},
		{Negative, wire.Absent, good, wire.Quota{Limit: wire.Absent, Remaining: wire.Absent}},
		{SecondsInMs, 60 * time.Millisecond, good, wire.Quota{Limit: 500, Remaining: 490, Reset: time.Minute}},
		{NoHeaders, wire.Absent, wire.NoQuota, wire.NoQuota},
		{StaleHeaders, time.Minute, good, wire.Quota{Limit: 500, Remaining: 490, Reset: time.Minute}},
	} {
		m := New(&Config{RPM: 1, TPM: 500, Faults: []Fault{{Kind: BadHeaders, Bug: k.bug, Rate: 1, Until: clock.Never}}}, 0, nil)
		var r wire.Reply
		m.Arrive(0, &wire.Attempt{Guess: 10}, &r)
		m.Arrive(0, &wire.Attempt{Guess: 10}, &r)
		if r.RetryAfter != k.wait || r.Requests != k.requests || r.Tokens != k.tokens {
			t.Errorf("%v: wait %v, requests %+v, tokens %+v; want %v, %+v, %+v", k.bug, r.RetryAfter, r.Requests, r.Tokens, k.wait, k.requests, k.tokens)
		}
	}
	// What remains is as it was up to a minute ago.
	m := New(&Config{RPM: 100, Faults: []Fault{{Kind: BadHeaders, Bug: StaleHeaders, Rate: 1, Until: clock.Never}}}, 0, nil)
	var r wire.Reply
	for n, want := range []int64{99, 99, 99, 97} { // the first has left the window by then
		m.Arrive(clock.Time(n)*20*clock.Second, &wire.Attempt{}, &r)
		if r.Requests.Remaining != want {
			t.Errorf("at %v: %d remain, want %d", clock.Time(n)*20*clock.Second, r.Requests.Remaining, want)
		}
	}
}
