package provider

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// Each limit refuses what is beyond it, by name, and a refusal charges no
// other limit.
func TestEveryLimitRefusesByName(t *testing.T) {
	per := func(u Unit, most int64, per time.Duration) []Limit {
		return []Limit{{Counts: u, Most: most, Per: per, Window: TokenBucket}}
	}
	for _, k := range []struct {
		want wire.Limit
		cfg  Config
		wait time.Duration // as the bucket refills: missing / rate, up to the second
	}{
		{wire.Requests, Config{RPM: 2, Window: TokenBucket}, 30 * time.Second},
		{wire.Requests, Config{Limits: per(Requests, 2, time.Hour)}, 30 * time.Minute},
		{wire.Tokens, Config{TPM: 250, Window: TokenBucket}, 12 * time.Second},
		{wire.Tokens, Config{Limits: per(Tokens, 250, time.Hour)}, 12 * time.Minute},
		{wire.Input, Config{Limits: per(Input, 100, time.Minute)}, 30 * time.Second},
		{wire.Daily, Config{Limits: per(Requests, 2, 24*time.Hour)}, 12 * time.Hour},
		{wire.Daily, Config{Limits: per(Tokens, 200, 24*time.Hour)}, 12 * time.Hour},
		{wire.Concurrency, Config{Limits: []Limit{{Counts: Requests, Most: 2}}}, time.Second},
		{wire.Concurrency, Config{Limits: []Limit{{Counts: Tokens, Most: 299}}}, time.Second},
		{wire.Utilisation, Config{PTU: Provisioned{Units: 1, TPMPerUnit: 199, OutputRatio: 1}}, 302 * time.Millisecond},
		{wire.Billing, Config{Faults: []Fault{{Kind: Unpaid, At: 1, Until: clock.Never}}}, wire.Absent},
		{wire.Oversize, Config{TPM: 99}, wire.Absent},
	} {
		m := New(&k.cfg, 0, nil)
		var r wire.Reply
		for n := range 3 {
			a := wire.Attempt{Call: uint64(n), Prompt: 50, Guess: 50, MaxTokens: 50, Output: 50}
			m.Arrive(clock.Time(n)/2, &a, &r) // the third comes at 1 ns
		}
		if r.Status != 429 || r.Limit != k.want || r.RetryAfter != k.wait {
			t.Errorf("%s: status %d by %v, retry after %v; want %v", k.want, r.Status, r.Limit, r.RetryAfter, k.wait)
		}
		if want := k.want != wire.Billing && k.want != wire.Oversize; r.Retryable() != want {
			t.Errorf("%s: retryable %v", k.want, r.Retryable())
		}
	}
}

func TestRefusalChargesNoOtherLimit(t *testing.T) {
	m := New(&Config{RPM: 1, TPM: 1000, Window: TokenBucket, Limits: []Limit{{Counts: Requests, Most: 100, Per: 24 * time.Hour, Window: SlidingLog}}}, 0, nil)
	var r wire.Reply
	for range 5 {
		m.Arrive(0, &wire.Attempt{Guess: 10}, &r)
	}
	if r.Status != 429 || r.Tokens.Remaining != 990 {
		t.Errorf("status %d, %d tokens remain; want 429 and 990", r.Status, r.Tokens.Remaining)
	}
	if left, _ := m.slots[2].limiter.Left(0); left != 99 {
		t.Errorf("%d of the day's requests left, want 99", left)
	}
}

// Deployments of one pool draw on one limit; the limit of a project lies
// within it.
func TestPoolsAreShared(t *testing.T) {
	pooled := Config{RPM: 3, Pool: "flagship", Latency: Latency{Refusal: 1}}
	project := pooled
	project.Limits = []Limit{{Counts: Requests, Most: 1, Per: time.Minute}}
	var pools Pools
	a, b, apart := New(&pooled, 0, &pools), New(&project, 0, &pools), New(&pooled, 0, &Pools{})
	status := func(m *Model) int {
		var r wire.Reply
		m.Arrive(0, &wire.Attempt{}, &r)
		return r.Status
	}
	for i, k := range []struct {
		m    *Model
		want int
	}{{b, 200}, {b, 429}, {a, 200}, {a, 200}, {a, 429}, {b, 429}, {apart, 200}} {
		if got := status(k.m); got != k.want {
			t.Errorf("attempt %d: status %d, want %d", i, got, k.want)
		}
	}
}

// meter is a limiter that admits all and adds up what is charged.
type meter struct {
	*limit.InFlight
	sum int64
}

func (m *meter) Take(_ clock.Time, n int64) limit.Ticket { m.sum += n; return 0 }

// Output is charged while it is produced: never more than a token in
// PerToken for each attempt open, and in the end exactly what was produced.
func TestOutputIsChargedAsProduced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := &Config{Limits: []Limit{{Counts: Output, Most: 1e9, Per: time.Minute, Window: TokenBucket}},
			Latency: Latency{TTFT: rng.NewConstant(rapid.SampledFrom([]float64{0, 0.3, 2}).Draw(t, "ttft")), PerToken: 7 * time.Millisecond}}
		m, sum := New(cfg, 0, nil), &meter{InFlight: limit.NewInFlight(1e12)}
		m.slots[0].limiter = sum
		var work []job
		now, produced, most := clock.Time(0), int64(0), int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			gap := gaps.Draw(t, "gap")
			most += int64(len(work)) * (int64(gap/cfg.Latency.PerToken) + 1)
			now = now.Add(gap)
			work = finish(work, now, func(at clock.Time, a *wire.Attempt) { m.Finish(at, a, false); produced += int64(a.Output) })
			if len(work) == 0 && sum.sum-m.spare > produced {
				t.Fatalf("at %v: %d charged for %d tokens", now, sum.sum, produced)
			}
			a := attempts.Draw(t, "attempt")
			var r wire.Reply
			work = append(work, job{now.Add(m.Arrive(now, &a, &r)), a})
		}
		finish(work, clock.Never, func(at clock.Time, a *wire.Attempt) { m.Finish(at, a, false); produced += int64(a.Output) })
		if sum.sum-m.spare != produced {
			t.Fatalf("%d charged, %d to be set off, %d produced", sum.sum, m.spare, produced)
		}
	})
	// A bucket of 60 a minute keeps up with an answer of a token a second, also
	// when nobody looks at it meanwhile.
	slow := New(&Config{Limits: []Limit{{Counts: Output, Most: 60, Per: time.Minute, Window: TokenBucket}},
		Latency: Latency{PerToken: time.Second}}, 0, nil)
	var reply wire.Reply
	slow.Arrive(0, &wire.Attempt{Output: 300}, &reply)
	if slow.Arrive(200*clock.Second, &wire.Attempt{Call: 1}, &reply); !reply.OK() {
		t.Errorf("after 200 s: status %d by %v, want 200", reply.Status, reply.Limit)
	}
	// Halfway through a long answer half of it is charged.
	m := New(&Config{Limits: []Limit{{Counts: Output, Most: 1e9, Per: time.Minute, Window: FixedWindow}},
		Latency: Latency{PerToken: 10 * time.Millisecond}}, 0, nil)
	var r wire.Reply
	m.Arrive(0, &wire.Attempt{Output: 1000}, &r)
	m.advance(5 * clock.Second)
	if left, _ := m.slots[0].limiter.Left(5 * clock.Second); left != 1e9-500 {
		t.Errorf("%d charged after 5 of 10 s, want 500", 1e9-left)
	}
}

// Under load everything takes longer: 1 + Load x share^2 times, and no token
// longer than Floor.
func TestLatencyUnderLoad(t *testing.T) {
	for _, k := range []struct {
		floor time.Duration
		used  uint32
		want  time.Duration
	}{
		{0, 0, 2000 * time.Millisecond},
		{0, 500, 2500 * time.Millisecond},
		{0, 1000, 4000 * time.Millisecond},
		{12 * time.Millisecond, 1000, 2000*time.Millisecond + 1200*time.Millisecond},
	} {
		m := New(&Config{TPM: 1000, Charge: Charge{Reserve: ReserveEstimate},
			Latency: Latency{TTFT: rng.NewConstant(1), PerToken: 10 * time.Millisecond, Load: 1, Floor: k.floor}}, 0, nil)
		var r wire.Reply
		if got := m.Arrive(0, &wire.Attempt{Guess: k.used, Output: 100}, &r); got != k.want {
			t.Errorf("%d of 1000 used, floor %v: took %v, want %v", k.used, k.floor, got, k.want)
		}
	}
}

// What is bounded at a time is free again when the work is done, in full,
// whatever it was settled to.
func TestConcurrencyIsGivenBack(t *testing.T) {
	for _, l := range []Limit{{Counts: Requests, Most: 1}, {Counts: Tokens, Most: 100}} {
		m := New(&Config{Charge: Charge{Settle: true}, Limits: []Limit{l}}, 0, nil)
		first, next := wire.Attempt{Guess: 60, Prompt: 10}, wire.Attempt{Guess: 60, Prompt: 10}
		var r wire.Reply
		for i, want := range []int{200, 429, 200} {
			if i == 2 {
				m.Finish(0, &first, false)
			}
			a := &next
			if i == 0 {
				a = &first
			}
			if m.Arrive(0, a, &r); r.Status != want {
				t.Errorf("at most %d %v at a time, attempt %d: status %d, want %d", l.Most, l.Counts, i, r.Status, want)
			}
		}
	}
}

// Where failed attempts are free, all that was reserved is given back, whether or
// not others are trued up.
func TestFailedAttemptsCanBeFree(t *testing.T) {
	for _, k := range []struct {
		settle, free bool
		want         int64 // of 50 estimated, 40 in truth, and at most 500 of output
	}{{true, false, 40}, {true, true, 0}, {false, false, 550}, {false, true, 0}} {
		m := New(&Config{TPM: 1000, Window: TokenBucket, Charge: Charge{Settle: k.settle, FailedFree: k.free},
			Faults: []Fault{{Kind: Errors, Status: 500, Rate: 1, Until: clock.Never}}}, 0, nil)
		a := wire.Attempt{Guess: 50, Prompt: 40, MaxTokens: 500}
		var r wire.Reply
		m.Arrive(0, &a, &r)
		m.Finish(0, &a, false)
		left, _ := m.slots[m.main].limiter.Left(0)
		if got := m.Tally.Charged(); got != k.want || left != 1000-k.want {
			t.Errorf("settle %v, free %v: charged %d, %d left of 1000; want %d charged", k.settle, k.free, got, left, k.want)
		}
	}
}

// What is left and how fast it is used are told of the limit per minute, not
// of one per hour beside it, in whatever order they stand.
func TestTheMinuteIsTold(t *testing.T) {
	m := New(&Config{Limits: []Limit{{Counts: Tokens, Most: 6000, Per: time.Hour}, {Counts: Requests, Most: 600, Per: time.Hour},
		{Counts: Input, Most: 150, Per: time.Minute}}}, 0, nil)
	var r wire.Reply
	m.Arrive(0, &wire.Attempt{Guess: 50, MaxTokens: 100}, &r)
	if r.Tokens.Limit != 150 || r.Tokens.Remaining != 100 || r.Requests.Limit != 600 {
		t.Errorf("told %+v and %+v, want 100 of 150 input tokens, and of 600 requests", r.Tokens, r.Requests)
	}
	if charged, perMinute := m.Meter(0); charged != 50 || perMinute != 150 {
		t.Errorf("%d charged of %d a minute, want 50 of 150", charged, perMinute)
	}
	if got := m.Allowed(0, 2*minute); got != 300 {
		t.Errorf("%v allowed in two minutes, want 300", got)
	}
	hourly := New(&Config{Limits: []Limit{{Counts: Tokens, Most: 6000, Per: time.Hour}}}, 0, nil)
	if _, perMinute := hourly.Meter(0); perMinute != 0 || hourly.Allowed(0, minute) != 0 {
		t.Errorf("a limit per hour is told as %d a minute", perMinute)
	}
}

// Prompt tokens from the cache cost what the vendor asks for them, and as much
// as others where it names no price.
func TestCachedTokensHaveTheirPrice(t *testing.T) {
	m := New(&Config{}, 0, nil)
	var r wire.Reply
	m.Arrive(0, &wire.Attempt{Prompt: 1000, Cached: 400, Output: 100}, &r)
	for _, k := range []struct {
		price Price
		want  float64 // micro-dollars
	}{
		{Price{Input: 2, Cached: 0.5, Output: 10}, 600*2 + 400*0.5 + 100*10},
		{Price{Input: 2, Output: 10}, 1000*2 + 100*10},
	} {
		if got := 1e6 * k.price.Total(&m.Tally.Billed); math.Abs(got-k.want) > 1e-6 {
			t.Errorf("%+v: %v micro-dollars, want %v", k.price, got, k.want)
		}
	}
}
