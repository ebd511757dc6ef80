package provider

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// What limits of 2 requests and 100 tokens a minute say to attempts of 30 and
// 20 tokens, by hand.
func TestRefusalByHand(t *testing.T) {
	small, large := wire.Attempt{Guess: 20, MaxTokens: 10}, wire.Attempt{Guess: 80, MaxTokens: 21}
	for _, k := range []struct {
		window     Window
		at         []time.Duration // of small ones
		retryAfter time.Duration
		requests   wire.Quota
		tokens     wire.Quota
	}{
		{SlidingLog, []time.Duration{time.Second, 2 * time.Second, 20*time.Second + 1}, 41 * time.Second,
			wire.Quota{Limit: 2, Remaining: 0, Reset: 41*time.Second + 999*time.Millisecond}, wire.Quota{Limit: 100, Remaining: 40, Reset: 41*time.Second + 999*time.Millisecond}},
		{FixedWindow, []time.Duration{time.Second, 2 * time.Second, 20*time.Second + 1}, 40 * time.Second,
			wire.Quota{Limit: 2, Remaining: 0, Reset: 39*time.Second + 999*time.Millisecond}, wire.Quota{Limit: 100, Remaining: 40, Reset: 39*time.Second + 999*time.Millisecond}},
		// One request every 30 s; 60 tokens less 10/6 for each second.
		{TokenBucket, []time.Duration{0, 0, 20 * time.Second}, 10 * time.Second,
			wire.Quota{Limit: 2, Remaining: 0, Reset: 40 * time.Second}, wire.Quota{Limit: 100, Remaining: 73, Reset: 16 * time.Second}},
		// ceil(2/6) = 1 request in ten seconds.
		{SubMinute, []time.Duration{time.Second, 12 * time.Second, 15500 * time.Millisecond}, 5 * time.Second,
			wire.Quota{Limit: 2, Remaining: 0, Reset: 4500 * time.Millisecond}, wire.Quota{Limit: 100, Remaining: 40, Reset: 44500 * time.Millisecond}},
	} {
		t.Run(k.window.String(), func(t *testing.T) {
			m := New(&Config{RPM: 2, TPM: 100, Window: k.window, Latency: Latency{Refusal: time.Millisecond}}, 0, nil)
			var got wire.Reply
			for _, at := range k.at {
				a := small
				m.Arrive(clock.Time(at), &a, &got)
			}
			want := wire.Reply{Status: 429, Limit: wire.Requests, RetryAfter: k.retryAfter, Requests: k.requests, Tokens: k.tokens}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("third attempt (-want +got)\n%s", diff)
			}
			m.Arrive(clock.Time(k.at[2]), &large, &got)
			want.Limit, want.RetryAfter = wire.Oversize, wire.Absent
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("101 tokens (-want +got)\n%s", diff)
			}
			if want := (Tally{Admitted: 2, Reserved: 60}); m.Tally != want {
				t.Errorf("tally %+v, want %+v", m.Tally, want)
			}
		})
	}
}

// The published rule of provisioned deployments against a leaky bucket in
// rational numbers: refuse while the level is at 100 % or above, before the
// attempt itself is added; add prompt estimate + ratio * max_tokens; settle to
// prompt + ratio * output both ways; drain at the capacity; no quota headers.
func TestProvisionedAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units, perUnit := rapid.IntRange(1, 3).Draw(t, "units"), rapid.Int64Range(10, 50).Draw(t, "tpm per unit")
		ratio := rapid.IntRange(1, 4).Draw(t, "ratio")
		m := New(&Config{PTU: Provisioned{Units: units, TPMPerUnit: perUnit, OutputRatio: float64(ratio)},
			Latency: Latency{TTFT: rng.NewConstant(1), PerToken: 300 * time.Millisecond}}, 0, nil)
		capacity := big.NewRat(int64(units)*perUnit, 1)
		drain := new(big.Rat).Quo(capacity, big.NewRat(int64(time.Minute), 1)) // tokens per ns
		level, levelAt := new(big.Rat), clock.Time(0)
		add := func(now clock.Time, tokens int64) { // after draining to now
			level.Sub(level, new(big.Rat).Mul(drain, big.NewRat(int64(now-levelAt), 1)))
			levelAt = now
			if level.Sign() < 0 {
				level.SetInt64(0)
			}
			if level.Add(level, big.NewRat(tokens, 1)); level.Sign() < 0 {
				level.SetInt64(0)
			}
		}
		cost := func(prompt, output uint32) int64 { return int64(prompt) + int64(ratio)*int64(output) }
		var work []job
		now, tally := clock.Time(0), Tally{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(gaps.Draw(t, "gap"))
			work = finish(work, now, func(at clock.Time, a *wire.Attempt) {
				delta := cost(a.Prompt, a.Output) - cost(a.Guess, a.MaxTokens)
				add(at, delta)
				tally.Settled += delta
				m.Finish(at, a, false)
			})
			add(now, 0)
			a, r := attempts.Draw(t, "attempt"), wire.Reply{}
			took := m.Arrive(now, &a, &r)
			want := wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota, Prompt: a.Prompt, Output: a.Output}
			if over := new(big.Rat).Sub(level, capacity); over.Sign() >= 0 {
				// The wait ends in the first whole ms with the level below 100 %.
				ms := new(big.Rat).Quo(over, drain)
				ms.Quo(ms, big.NewRat(int64(time.Millisecond), 1))
				whole := new(big.Int).Quo(ms.Num(), ms.Denom()).Int64() + 1
				want = wire.Reply{Status: 429, Limit: wire.Utilisation, RetryAfter: time.Duration(whole) * time.Millisecond, Requests: wire.NoQuota, Tokens: wire.NoQuota}
			} else {
				add(now, cost(a.Guess, a.MaxTokens))
				tally.Reserved += cost(a.Guess, a.MaxTokens)
				tally.Admitted++
				tally.Billed[0].Prompt += int64(a.Prompt)
				tally.Billed[0].Output += int64(a.Output)
				work = append(work, job{now.Add(took), a})
			}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Fatalf("at %v, level %s of %s (-want +got)\n%s", now, level.FloatString(3), capacity, diff)
			}
		}
		if m.Tally != tally {
			t.Fatalf("tally %+v, want %+v", m.Tally, tally)
		}
	})
}

// The time to first token is drawn for the attempt, not in turn, and rounds
// to nanoseconds.
func TestLatencyIsKeyed(t *testing.T) {
	ttft, err := rng.NewUniform(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &Config{Latency: Latency{TTFT: ttft, PerToken: time.Millisecond}}
	key := rng.New(7, 0)
	m, other, r := New(cfg, key, nil), New(cfg, key, nil), wire.Reply{}
	other.Arrive(0, &wire.Attempt{Call: 9}, &r) // other has served before
	seen := map[time.Duration]bool{}
	for call := range uint64(100) {
		a := wire.Attempt{Call: call, Number: 1, Output: 40}
		took := m.Arrive(0, &a, &r)
		want := time.Duration(math.Round((1+key.Float64(rng.FirstToken, call, 1))*1e9)) + 40*time.Millisecond
		if took != want || other.Arrive(clock.Second, &a, &r) != want {
			t.Fatalf("call %d took %v, want %v", call, took, want)
		}
		seen[took] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d different latencies among 100 calls", len(seen))
	}
}

func TestValidate(t *testing.T) {
	for _, k := range []struct {
		name string
		cfg  Config
		want string // part of the error; empty for none
	}{
		{"no limits", Config{}, ""},
		{"largest limits", Config{RPM: 1e11, TPM: 1e11}, ""},
		{"RPM below 0", Config{RPM: -1}, "limits must"},
		{"RPM too large", Config{RPM: 1e11 + 1}, "limits must"},
		{"TPM below 0", Config{TPM: -1}, "limits must"},
		{"TPM too large", Config{TPM: 1e11 + 1}, "limits must"},
		{"provisioned", Config{PTU: Provisioned{Units: 100, TPMPerUnit: 2500, OutputRatio: 4}}, ""},
		{"capacity too large", Config{PTU: Provisioned{Units: 2, TPMPerUnit: 1e11}}, "limits must"},
		{"capacity beyond int64", Config{PTU: Provisioned{Units: 1 << 40, TPMPerUnit: 1 << 40}}, "limits must"},
		{"units below 0", Config{PTU: Provisioned{Units: -1, TPMPerUnit: 2500}}, "provisioned"},
		{"units of nothing", Config{PTU: Provisioned{Units: 1}}, "provisioned"},
		{"units below nothing", Config{PTU: Provisioned{Units: 1, TPMPerUnit: -1}}, "provisioned"},
		{"window", Config{Window: Window(len(Windows))}, "unknown window"},
		{"reservation", Config{Charge: Charge{Reserve: Reserve(len(Reserves))}}, "unknown window or reservation"},
	} {
		k.cfg.Name = "main"
		err := k.cfg.Validate()
		if k.want == "" && err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
		if k.want != "" && (err == nil || !strings.Contains(err.Error(), k.want) || !strings.Contains(err.Error(), "main")) {
			t.Errorf("%s: error %v, want one about %q of main", k.name, err, k.want)
		}
	}
}
