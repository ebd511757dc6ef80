package provider

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// What a limit's name stands for once it is enforced: slices of a minute for
// requests, and whole minutes for tokens.
func TestRulesByHand(t *testing.T) {
	c := Config{RPM: 100, TPM: 1000, Window: SubMinute, Phase: 42 * time.Second, Limits: []Limit{
		{Counts: Requests, Most: 5},
		{Counts: Input, Most: 70, Per: 15 * time.Minute, Growth: 0.5},
		{Counts: Requests, Most: 90, Per: time.Minute, Window: PerSecond},
		{Counts: Input, Most: 80, Per: time.Minute, Window: PerSecond},
		{Counts: Tokens, Most: 60, Per: 24 * time.Hour, Window: SlidingLog},
		{Counts: Output, Most: 50, Per: time.Minute, Window: SlidingCounter},
	}}
	type rule struct {
		Name   wire.Limit
		How    How
		Window int64
		Width  time.Duration
		Phase  limit.Phase
	}
	want := []rule{
		{wire.Requests, ByWindow, 17, 10 * time.Second, limit.Phase(8 * time.Second)}, // 42 s are 2 s into a slice
		{wire.Tokens, ByWindow, 1000, time.Minute, limit.Phase(18 * time.Second)},
		{wire.Concurrency, ByHolding, 5, 0, 0},
		{wire.Ramp, ByRamp, 70, 15 * time.Minute, 0},
		{wire.Requests, ByWindow, 2, time.Second, 0},
		{wire.Input, ByBucket, 80, time.Minute, 0},
		{wire.Daily, ByLog, 60, 24 * time.Hour, 0},
		{wire.Output, ByCounter, 50, time.Minute, 0},
	}
	var got []rule
	for _, r := range c.Rules() {
		got = append(got, rule{r.Name, r.How, r.Window, r.Width, r.Phase})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c = Config{PTU: Provisioned{Units: 3, TPMPerUnit: 100}}
	if r := c.Rules(); len(r) != 1 || r[0].How != ByUtilisation || r[0].Window != 300 || r[0].Width != time.Minute || r[0].Name != wire.Utilisation {
		t.Errorf("of a provisioned deployment: %+v", r)
	}
}

// Charges tells what the tally shows once an attempt was admitted, and once it is over.
func TestChargesAgainstTheTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Config{TPM: 1e9, Window: TokenBucket, Charge: Charge{
			Reserve:       Reserve(rapid.IntRange(0, len(Reserves)-1).Draw(t, "reserve")),
			Undeclared:    uint32(rapid.IntRange(0, 100).Draw(t, "undeclared")),
			Settle:        rapid.Bool().Draw(t, "settle"),
			Burndown:      float64(rapid.IntRange(0, 3).Draw(t, "burndown")),
			CacheDiscount: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "discount"),
			ReserveCached: rapid.Bool().Draw(t, "reserve_cached"),
			FailedFree:    rapid.Bool().Draw(t, "failed_free"),
		}}
		if rapid.Bool().Draw(t, "ptu") {
			c.PTU = Provisioned{Units: 1, TPMPerUnit: 1e9, OutputRatio: 4}
		}
		m := New(c, 0, nil)
		tokens := rapid.Uint32Range(0, 1000)
		a := wire.Attempt{Prompt: 1 + tokens.Draw(t, "prompt"), Guess: tokens.Draw(t, "guess"), MaxTokens: tokens.Draw(t, "max_tokens"), Output: tokens.Draw(t, "output")}
		a.Cached = min(a.Prompt, tokens.Draw(t, "cached"))
		if rapid.Bool().Draw(t, "fails") {
			c.Faults = []Fault{{Kind: Errors, Status: 500, Rate: 1, Until: clock.Never}}
			m = New(c, 0, nil)
			a.Failed, a.Output = true, 0
		}
		admitted, over := m.Charges(&a)
		var r wire.Reply
		m.Arrive(0, &a, &r)
		first := m.Tally.Charged()
		m.Finish(clock.Second, &a, false)
		if admitted[Requests] != 1 || over[Requests] != 1 || admitted[Tokens] != first || over[Tokens] != m.Tally.Charged() {
			t.Fatalf("charged %d, in the end %d; told %v and %v", first, m.Tally.Charged(), admitted, over)
		}
		if admitted[Output] != 0 || over[Output] != int64(a.Output) && !a.Failed {
			t.Fatalf("output of %d: %d and %d", a.Output, admitted[Output], over[Output])
		}
	})
}

// Takes bounds how long attempts take: none less than the least, and as many as it
// says at most so long, within five standard deviations of a share of 10,000.
func TestTakes(t *testing.T) {
	ttft, err := rng.NewLognormal(0.4, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := New(&Config{Latency: Latency{TTFT: ttft, PerToken: 20 * time.Millisecond, Floor: 15 * time.Millisecond}}, rng.New(1, 0), nil)
	within, n := 0, 10_000
	for call := range n {
		a := wire.Attempt{Call: uint64(call), Prompt: 1, Output: uint32(call % 100)}
		var r wire.Reply
		took := m.Arrive(0, &a, &r)
		if least := m.Takes(&a, 0, 0); took < least || least < time.Duration(a.Output)*15*time.Millisecond {
			t.Fatalf("%d tokens take %v, the least is %v", a.Output, took, least)
		}
		if took <= m.Takes(&a, 0.9, 0) {
			within++
		}
	}
	if share := float64(within) / float64(n); share < 0.885 || share > 0.915 {
		t.Errorf("%.3f take at most as long as told of 0.9", share)
	}
	// In full use everything takes 1 + Load times as long.
	busy := New(&Config{Latency: Latency{TTFT: rng.NewConstant(1), PerToken: 10 * time.Millisecond, Load: 2}}, 0, nil)
	if got := busy.Takes(&wire.Attempt{Output: 100}, 0.5, 1); got != 6*time.Second {
		t.Errorf("in full use an attempt takes %v, want 6s", got)
	}
}

// Conditions tells when limits are cut and the deployment is down.
func TestConditions(t *testing.T) {
	cfg := &Config{RPM: 100, Faults: []Fault{
		{Kind: LimitCut, To: 0.5, At: 10 * clock.Second, Until: 30 * clock.Second},
		{Kind: Outage, Status: 503, At: 20 * clock.Second, Until: 40 * clock.Second},
		{Kind: Unpaid, At: 50 * clock.Second, Until: clock.Never},
	}}
	type conditions struct {
		up    bool
		scale float64
		until clock.Time
	}
	for at, want := range map[clock.Time]conditions{0: {true, 1, 10}, 10: {true, 0.5, 20}, 20: {false, 0.5, 30}, 30: {false, 1, 40}, 40: {true, 1, 50}, 50: {false, 1, 0}} {
		up, scale, until := New(cfg, 0, nil).Conditions(at * clock.Second)
		if want.until *= clock.Second; want.until == 0 {
			want.until = clock.Never
		}
		if got := (conditions{up, scale, until}); got != want {
			t.Errorf("at %v: %+v, want %+v", at*clock.Second, got, want)
		}
	}
}
