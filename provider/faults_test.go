package provider

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

func TestOutage(t *testing.T) {
	m := New(&Config{RPM: 100, Latency: Latency{TTFT: rng.NewConstant(1), Refusal: 30 * time.Millisecond}, Faults: []Fault{
		{Kind: Outage, Status: 503, At: 10 * clock.Second, Until: 20 * clock.Second},
		{Kind: Outage, Status: 502, At: 15 * clock.Second, Until: 25 * clock.Second},
		{Kind: Outage, Status: 500, At: 90 * clock.Second, Until: clock.Never},
	}}, 0, nil)
	for _, k := range []struct {
		at   clock.Time
		want int
	}{
		{0, 200}, {10*clock.Second - 1, 200}, {10 * clock.Second, 503}, {15 * clock.Second, 503}, {20*clock.Second - 1, 503},
		{20 * clock.Second, 502}, {25*clock.Second - 1, 502}, {25 * clock.Second, 200}, {90 * clock.Second, 500}, {9000 * clock.Second, 500},
	} {
		var r wire.Reply
		a := wire.Attempt{Guess: 5}
		took := m.Arrive(k.at, &a, &r)
		if k.want == 200 {
			if !r.OK() || took != time.Second {
				t.Errorf("at %v: status %d after %v, want 200 after 1s", k.at, r.Status, took)
			}
			continue
		}
		want := wire.Reply{Status: k.want, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
		if k.want == 503 { // which says so, whoever sends it
			want.Limit = wire.Capacity
		}
		if diff := cmp.Diff(want, r); diff != "" || took != 30*time.Millisecond || a.Reserved != 0 {
			t.Errorf("at %v after %v, reserved %d (-want +got)\n%s", k.at, took, a.Reserved, diff)
		}
	}
	if m.Tally.Admitted != 3 {
		t.Errorf("admitted %d, want 3", m.Tally.Admitted)
	}
}

// A share of the attempts fails, within five standard deviations; which ones
// depends on call and attempt only. They are charged their prompt, and nothing
// is billed.
func TestErrorsAreKeyed(t *testing.T) {
	const n, rate = 20_000, 0.1
	cfg := &Config{TPM: 1e9, Charge: Charge{Settle: true}, Faults: []Fault{{Kind: Errors, Status: 500, Rate: rate, Until: minute}}}
	m, backwards := New(cfg, rng.New(3, 0), nil), New(cfg, rng.New(3, 0), nil)
	arrive := func(m *Model, call uint64, number uint32) int {
		a, r := wire.Attempt{Call: call, Number: number, Prompt: 7, Guess: 5, MaxTokens: 10, Output: 4}, wire.Reply{}
		m.Arrive(0, &a, &r)
		m.Finish(0, &a, false)
		return r.Status
	}
	failed, both, statuses := int64(0), 0, [n]int{}
	for call := range uint64(n) {
		statuses[call] = arrive(m, call, 0)
		if statuses[call] == 500 {
			failed++
			if arrive(m, call, 1) == 500 {
				failed++
				both++
			}
		}
	}
	if sd := math.Sqrt(n * rate * (1 - rate)); math.Abs(float64(failed-int64(both))-n*rate) > 5*sd {
		t.Errorf("%d of %d failed, want %v +- %v", failed-int64(both), n, n*rate, 5*sd)
	}
	if first := float64(failed - int64(both)); math.Abs(float64(both)-first*rate) > 5*math.Sqrt(first*rate*(1-rate)) {
		t.Errorf("%d of %v second attempts failed, want about %v", both, first, first*rate)
	}
	for call := int64(n - 1); call >= 0; call-- {
		if got := arrive(backwards, uint64(call), 0); got != statuses[call] {
			t.Fatalf("call %d: %d in one order, %d in the other", call, statuses[call], got)
		}
	}
	ok := m.Tally.Admitted - failed
	want := Tally{Admitted: ok + failed, Reserved: 15 * (ok + failed), Settled: (11-15)*ok + (7-15)*failed, Billed: Bill{{Prompt: 7 * ok, Output: 4 * ok}}}
	if m.Tally != want {
		t.Errorf("tally %+v, want %+v", m.Tally, want)
	}
	for call, status := range statuses { // at Until the fault is over
		a, r := wire.Attempt{Call: uint64(call)}, wire.Reply{}
		if m.Arrive(minute, &a, &r); status == 500 && !r.OK() {
			t.Fatalf("call %d fails after the fault", call)
		}
	}
}

// Overlapping cuts multiply; the limit comes back as each ends. 100 requests a
// minute, nothing used.
func TestLimitCut(t *testing.T) {
	m := New(&Config{RPM: 100, TPM: 3, Faults: []Fault{
		{Kind: LimitCut, To: 0.5, At: 10 * clock.Second, Until: 40 * clock.Second},
		{Kind: LimitCut, To: 0.2, At: 20 * clock.Second, Until: 30 * clock.Second},
		{Kind: LimitCut, To: 0, At: 50 * clock.Second, Until: clock.Never},
	}}, 0, nil)
	for _, k := range []struct {
		second           clock.Time
		requests, tokens int64
		limit            wire.Limit
		retryAfter       time.Duration
	}{
		// 4 tokens can never pass; what only a cut forbids is worth a retry.
		{0, 100, 3, wire.Oversize, wire.Absent}, {10, 50, 2, wire.Oversize, wire.Absent}, {20, 10, 0, wire.Oversize, wire.Absent},
		{30, 50, 2, wire.Oversize, wire.Absent}, {40, 100, 3, wire.Oversize, wire.Absent}, {50, 0, 0, wire.Oversize, wire.Absent},
		{51, 0, 0, wire.Requests, time.Minute},
	} {
		a, r := wire.Attempt{Guess: 4}, wire.Reply{}
		if k.limit != wire.Oversize {
			a.Guess = 3
		}
		m.Arrive(k.second*clock.Second, &a, &r)
		want := wire.Reply{Status: 429, Limit: k.limit, RetryAfter: k.retryAfter,
			Requests: wire.Quota{Limit: k.requests, Remaining: k.requests}, Tokens: wire.Quota{Limit: k.tokens, Remaining: k.tokens}}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("at %d s (-want +got)\n%s", k.second, diff)
		}
	}
}

// A bucket of 60 a minute, emptied at 0, cut to half from 10 s to 30 s, holds
// 10 + 20/2 + 5 = 25 at 35 s, though nobody looked in between.
func TestBucketRefillsAtTheCutRate(t *testing.T) {
	m := New(&Config{TPM: 60, Window: TokenBucket, Faults: []Fault{{Kind: LimitCut, To: 0.5, At: 10 * clock.Second, Until: 30 * clock.Second}}}, 0, nil)
	var r wire.Reply
	m.Arrive(0, &wire.Attempt{Guess: 60}, &r)
	m.Arrive(35*clock.Second, &wire.Attempt{Guess: 60}, &r)
	if r.Tokens.Remaining != 25 || r.RetryAfter != 35*time.Second {
		t.Errorf("remaining %d, retry after %v; want 25 and 35s", r.Tokens.Remaining, r.RetryAfter)
	}
}

// While it is cut to nothing a bucket will never be full; a header cannot say so.
func TestResetOfABucketCutToNothing(t *testing.T) {
	m := New(&Config{TPM: 60, Window: TokenBucket, Faults: []Fault{{Kind: LimitCut, To: 0, At: clock.Second, Until: clock.Never}}}, 0, nil)
	var r wire.Reply
	m.Arrive(0, &wire.Attempt{Guess: 60}, &r)
	m.Arrive(clock.Second, &wire.Attempt{Guess: 60}, &r)
	if r.Tokens.Reset != time.Minute || r.RetryAfter != time.Minute {
		t.Errorf("reset %v, retry after %v; want 1m of both", r.Tokens.Reset, r.RetryAfter)
	}
}

var someFaults = rapid.Custom(func(t *rapid.T) []Fault {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Fault {
		at := clock.Time(rapid.IntRange(0, 120).Draw(t, "at")) * clock.Second
		return Fault{Kind: rapid.SampledFrom([]FaultKind{LimitCut, LimitCut, Outage}).Draw(t, "kind"), Status: 503, At: at,
			Until: at + clock.Time(rapid.IntRange(1, 60).Draw(t, "for"))*clock.Second, To: rapid.SampledFrom([]float64{0, 0.25, 0.5, 0.9}).Draw(t, "to")}
	}), 0, 4).Draw(t, "faults")
})

// Looking changes nothing: a model asked a hundred times in between decides as
// one that is not.
func TestLookingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := configs.Draw(t, "config")
		cfg.Faults = someFaults.Draw(t, "faults")
		if rapid.Bool().Draw(t, "provisioned") {
			cfg.PTU = Provisioned{Units: 1, TPMPerUnit: 90, OutputRatio: 2}
		}
		quiet, watched := New(cfg, 0, nil), New(cfg, 0, nil)
		watched.Foresee()
		now := clock.Time(0)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			next := now.Add(gaps.Draw(t, "gap"))
			a, want, got := attempts.Draw(t, "attempt"), wire.Reply{}, wire.Reply{}
			for i := range clock.Time(20) {
				at := now + (next-now)*i/20
				watched.Meter(at)
				watched.Admits(at, at.Add(time.Second), &a, 2, 30)
			}
			now = next
			quiet.Arrive(now, &a, &want)
			watched.Arrive(now, &a, &got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("at %v (-quiet +watched)\n%s", now, diff)
			}
		}
	})
}

// Against adding up milliseconds: every boundary lies on one.
func TestAllowedAgainstIntegration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := New(&Config{TPM: 600, Faults: someFaults.Draw(t, "faults")}, 0, nil)
		bound := rapid.Int64Range(0, 200_000)
		from, to := bound.Draw(t, "from"), bound.Draw(t, "to")
		want := 0.0
		for ms := from; ms < to; ms++ {
			scale, at := 1.0, clock.Time(ms)*clock.Time(time.Millisecond)
			for _, f := range m.cfg.Faults {
				if f.Kind == LimitCut && f.At <= at && at < f.Until {
					scale *= f.To
				}
			}
			want += 600 * scale / 60_000
		}
		got := m.Allowed(clock.Time(from)*clock.Time(time.Millisecond), clock.Time(to)*clock.Time(time.Millisecond))
		if math.Abs(got-want) > 1e-6 {
			t.Fatalf("Allowed(%d ms, %d ms) = %v, want %v", from, to, got, want)
		}
	})
	if got := New(&Config{RPM: 5}, 0, nil).Allowed(0, minute); got != 0 {
		t.Errorf("without a token limit %v, want 0", got)
	}
}

// 100 tokens a minute, 10 of them taken at 0 by work that will have cost 70
// when it ends at 20 s.
func TestAdmitsByHand(t *testing.T) {
	cut := Fault{Kind: LimitCut, To: 0.5, At: 5 * clock.Second, Until: clock.Never}
	outage := Fault{Kind: Outage, Status: 503, At: clock.Second, Until: 8 * clock.Second}
	for _, k := range []struct {
		name            string
		faults          []Fault
		now, last, want clock.Time
		guess           uint32
		requests        int64
		tokens          int64
	}{
		{"fits beside all", nil, 2, 3, 2, 30, 0, 0},
		{"does not fit beside what will have grown", nil, 2, 3, minute, 31, 0, 0},
		{"nor beside what is on its way", nil, 2, 3, minute, 20, 1, 11},
		{"nor could it ever, so look when that has landed", nil, 2, 3, 3 + clock.Time(time.Millisecond), 20, 1, 90},
		{"no request left", nil, 2, 3, minute, 1, 4, 0},
		{"larger than the limit", nil, 2, 3, clock.Never, 101, 0, 0},
		{"the limit changes on the way", []Fault{cut}, 4 * clock.Second, 5 * clock.Second, 6 * clock.Second, 1, 0, 0},
		{"the limit changes later", []Fault{cut}, 4 * clock.Second, 5*clock.Second - 1, 4 * clock.Second, 1, 0, 0},
		{"an outage begins on the way", []Fault{outage}, 0, clock.Second, 2 * clock.Second, 1, 0, 0},
		{"an outage lasts", []Fault{outage}, 2 * clock.Second, 3 * clock.Second, 9 * clock.Second, 1, 0, 0},
	} {
		m := New(&Config{RPM: 5, TPM: 100, Charge: Charge{Reserve: ReserveEstimate, Settle: true},
			Latency: Latency{TTFT: rng.NewConstant(20)}, Faults: k.faults}, 0, nil)
		m.Foresee()
		var r wire.Reply
		m.Arrive(0, &wire.Attempt{Guess: 10, Prompt: 10, Output: 60}, &r)
		if got := m.Admits(k.now, k.last, &wire.Attempt{Guess: k.guess}, k.requests, k.tokens); got != k.want {
			t.Errorf("%s: from %v, want %v", k.name, got, k.want)
		}
	}
}

// If Admits says now, then the attempt is admitted whenever it arrives up to
// last, whenever what is on its way arrives before it and whatever settles in
// between. It never names a time that has passed, and Never only for what
// can never pass or while nothing is to change.
func TestAdmitsAgainstTrying(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := configs.Draw(t, "config")
		cfg.Faults = someFaults.Draw(t, "faults")
		if rapid.IntRange(0, 3).Draw(t, "provisioned") == 0 {
			cfg.PTU = Provisioned{Units: 1, TPMPerUnit: 200, OutputRatio: 2}
		}
		if len(cfg.Faults) > 0 && rapid.Bool().Draw(t, "for ever") {
			cfg.Faults[0].Until = clock.Never
			switch rapid.IntRange(0, 3).Draw(t, "of all") {
			case 0:
				cfg.Faults[0].Kind = Unpaid
			case 1:
				cfg.Faults[0].Kind, cfg.Faults[0].To = LimitCut, 0
			}
		}
		if cfg.PTU.Units == 0 {
			cfg.Limits = rapid.SampledFrom([][]Limit{
				nil, nil,
				{{Counts: Input, Most: 40, Per: time.Minute, Growth: 0.5}},
				{{Counts: Requests, Most: 2}},
				{{Counts: Tokens, Most: 70}},
				{{Counts: Output, Most: 50, Per: time.Minute, Window: cfg.Window}},
			}).Draw(t, "limits")
		}
		// Work lasts 0.5 s to 1.7 s: some of it is to settle while a is on its way.
		gaps := rapid.SampledFrom([]time.Duration{0, 100 * time.Millisecond, 700 * time.Millisecond, 9 * time.Second})
		before := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) visit { return visit{gaps.Draw(t, "gap"), attempts.Draw(t, "attempt")} }), 0, 12).Draw(t, "before")
		ahead := rapid.SliceOfN(attempts, 0, 3).Draw(t, "ahead")
		a := attempts.Draw(t, "attempt")
		gap, flight := gaps.Draw(t, "gap"), rapid.SampledFrom([]time.Duration{0, 30 * time.Millisecond, time.Second, 5 * time.Second}).Draw(t, "flight")

		m, now, work := replay(cfg, before)
		now = now.Add(gap)
		work = finish(work, now, func(at clock.Time, a *wire.Attempt) { m.Finish(at, a, false) })
		tokens, last := int64(0), now.Add(flight)
		for i := range ahead {
			tokens += m.Most(&ahead[i])
		}
		at := m.Admits(now, last, &a, int64(len(ahead)), tokens)
		if at < now || m.Fits(now, &a) != (at < clock.Never) {
			t.Fatalf("at %v: admits from %v on, fits: %v", now, at, m.Fits(now, &a))
		}
		if at > now || len(cfg.Limits) > 0 && cfg.Limits[0].Counts == Output { // which can still refuse
			return
		}
		for i := range ahead {
			now += clock.Time(rapid.Int64Range(0, int64(last-now)).Draw(t, "until it arrives"))
			work = finish(work, now, func(at clock.Time, a *wire.Attempt) { m.Finish(at, a, false) })
			m.Arrive(now, &ahead[i], &wire.Reply{})
		}
		now += clock.Time(rapid.Int64Range(0, int64(last-now)).Draw(t, "until a arrives"))
		finish(work, now, func(at clock.Time, a *wire.Attempt) { m.Finish(at, a, false) })
		var r wire.Reply
		if m.Arrive(now, &a, &r); !r.OK() {
			t.Fatalf("said to be admitted in [%v, %v], at %v answered %d by %v", at, last, now, r.Status, r.Limit)
		}
	})
}

type visit struct {
	gap time.Duration
	a   wire.Attempt
}

// replay returns a model with a past and the work still going on in it.
func replay(cfg *Config, visits []visit) (m *Model, now clock.Time, work []job) {
	m = New(cfg, 0, nil)
	m.Foresee()
	for _, v := range visits {
		now = now.Add(v.gap)
		work = finish(work, now, func(at clock.Time, a *wire.Attempt) { m.Finish(at, a, false) })
		var r wire.Reply
		if took := m.Arrive(now, &v.a, &r); r.OK() {
			work = append(work, job{now.Add(took), v.a})
		}
	}
	return m, now, work
}

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
		{Fault{Kind: Reset}, wire.StatusCut, time.Second, 2 * time.Second, 99},
		{Fault{Kind: MidStream, Status: 500}, 500, time.Second, 2 * time.Second, 99},
		{Fault{Kind: SlowStream, To: 3}, 200, 6 * time.Second, 6 * time.Second, 100},
		// Without a fault the answer is complete after 2 s. Its 1,000 bytes are 500 and 5 a token.
		{Fault{Kind: Hang, How: AfterHeaders}, wire.StatusCut, 10*time.Minute + 2*time.Second, 10*time.Minute + 2*time.Second, 100},
		{Fault{Kind: Hang, How: BeforeEnd}, wire.StatusCut, 10*time.Minute + 2*time.Second, 10*time.Minute + 2*time.Second, 100},
		{Fault{Kind: Reset, How: ResetsTCP, After: 750}, wire.StatusCut, 1500 * time.Millisecond, 1500 * time.Millisecond, 50},
		{Fault{Kind: Reset, After: 5000}, wire.StatusCut, 2 * time.Second, 2 * time.Second, 100},
		{Fault{Kind: Reset, How: Short}, wire.StatusCut, 2 * time.Second, 2 * time.Second, 100},
		{Fault{Kind: Garbled}, wire.StatusGarbled, 2 * time.Second, 2 * time.Second, 100},
		{Fault{Kind: Garbled, How: BadStatusLine}, wire.StatusReset, 2 * time.Second, 2 * time.Second, 100},
		{Fault{Kind: SlowStream, To: 1, BytesPerSecond: 250}, 200, 6 * time.Second, 6 * time.Second, 100},
		{Fault{Kind: SlowStream, To: 2, BytesPerSecond: 1000}, 200, 5 * time.Second, 5 * time.Second, 100},
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
		m := New(&Config{RPM: 1, TPM: 500, Headers: wire.Headers{InBody: true}, Faults: []Fault{{Kind: BadHeaders, Bug: k.bug, Rate: 1, Until: clock.Never}}}, 0, nil)
		var r wire.Reply
		m.Arrive(0, &wire.Attempt{Guess: 10}, &r)
		m.Arrive(0, &wire.Attempt{Guess: 10}, &r)
		if r.RetryAfter != k.wait || r.Requests != k.requests || r.Tokens != k.tokens {
			t.Errorf("%v: wait %v, requests %+v, tokens %+v; want %v, %+v, %+v", k.bug, r.RetryAfter, r.Requests, r.Tokens, k.wait, k.requests, k.tokens)
		}
		if r.InBody != (k.wait != wire.Absent) {
			t.Errorf("%v: a wait in the body: %v", k.bug, r.InBody)
		}
	}
	// A refusal that asks for no wait, for no wait would do, asks for a day where a wait is told.
	m := New(&Config{TPM: 500, Headers: wire.Headers{InBody: true}, Faults: []Fault{{Kind: BadHeaders, Bug: DayLong, Rate: 1, Until: clock.Never}}}, 0, nil)
	var r wire.Reply
	if m.Arrive(0, &wire.Attempt{Guess: 501}, &r); r.Limit != wire.Oversize || r.RetryAfter != 24*time.Hour || !r.InBody {
		t.Errorf("of a call too large: %+v, want a day in the body", r)
	}
	// What remains is as it was up to a minute ago.
	m = New(&Config{RPM: 100, Faults: []Fault{{Kind: BadHeaders, Bug: StaleHeaders, Rate: 1, Until: clock.Never}}}, 0, nil)
	for n, want := range []int64{99, 99, 99, 97} { // the first has left the window by then
		m.Arrive(clock.Time(n)*20*clock.Second, &wire.Attempt{}, &r)
		if r.Requests.Remaining != want {
			t.Errorf("at %v: %d remain, want %d", clock.Time(n)*20*clock.Second, r.Requests.Remaining, want)
		}
	}
}

// A bucket in debt of a limit that is cut to 0 for good never has even the nothing
// that an attempt without tokens needs.
func TestNothingFitsADebtForEver(t *testing.T) {
	cfg := &Config{TPM: 60, Window: TokenBucket, Charge: Charge{Reserve: ReserveMaxTokens, Settle: true},
		Latency: Latency{PerToken: time.Millisecond},
		Faults:  []Fault{{Kind: LimitCut, At: 10 * clock.Second, Until: clock.Never}}}
	m, now, _ := replay(cfg, []visit{{0, wire.Attempt{Prompt: 10, Guess: 10, MaxTokens: 20, Output: 90}}})
	now = now.Add(20 * time.Second)
	a := wire.Attempt{}
	if at, fits := m.Admits(now, now, &a, 0, 0), m.Fits(now, &a); at != clock.Never || fits {
		t.Errorf("admits from %v on, fits: %v", at, fits)
	}
}
