package strategies_test

import (
	"math"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

func TestRetry(t *testing.T) {
	const s = time.Second
	const now = 100 * clock.Second
	policy := strategies.Retry{
		Key:        rng.New(1, 0),
		Backoff:    strategies.Backoff{Base: s, Max: time.Minute, Factor: 2},
		MaxRetries: 3,
		MaxWait:    120 * s,
	}
	reply := func(status int, after time.Duration) wire.Reply {
		return wire.Reply{Status: status, RetryAfter: after, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	}
	oversize := reply(429, wire.Absent)
	oversize.Limit = wire.Oversize
	for _, tt := range []struct {
		name     string
		reply    wire.Reply
		k        int
		deadline clock.Time
		at       clock.Time
		why      strategies.Reason
		ok       bool
	}{
		{"no header", reply(429, wire.Absent), 0, clock.Never, now.Add(s), 0, true},
		{"third retry", reply(429, wire.Absent), 2, clock.Never, now.Add(4 * s), 0, true},
		{"out of retries", reply(429, wire.Absent), 3, clock.Never, now.Add(8 * s), strategies.MaxRetries, false},
		{"server error", reply(503, wire.Absent), 0, clock.Never, now.Add(s), 0, true},
		{"timeout", reply(wire.StatusTimeout, wire.Absent), 0, clock.Never, now.Add(s), 0, true},
		{"bad request", reply(400, wire.Absent), 0, clock.Never, now, strategies.NotRetryable, false},
		{"oversize", oversize, 0, clock.Never, now, strategies.Oversize, false},
		{"header", reply(429, 17*s), 2, clock.Never, now.Add(17 * s), 0, true},
		{"header on 503", reply(503, 17*s), 0, clock.Never, now.Add(17 * s), 0, true},
		{"header of 0", reply(429, 0), 1, clock.Never, now.Add(2 * s), 0, true},
		{"longest header", reply(429, 120*s), 0, clock.Never, now.Add(120 * s), 0, true},
		{"too long", reply(429, 121*s), 0, clock.Never, now, strategies.NotRetryable, false},
		{"a day", reply(429, 86_400*s), 0, clock.Never, now, strategies.NotRetryable, false},
		{"longest there is", reply(429, math.MaxInt64), 0, clock.Never, now, strategies.NotRetryable, false},
		{"just in time", reply(429, wire.Absent), 0, now.Add(s) + 1, now.Add(s), 0, true},
		{"just too late", reply(429, wire.Absent), 0, now.Add(s), now.Add(s), strategies.Deadline, false},
	} {
		c := strategies.Call{ID: 1, Sent: uint16(tt.k + 1), Deadline: tt.deadline}
		at, why, ok := policy.Next(now, &c, &tt.reply, tt.k)
		if at != tt.at || ok != tt.ok || !ok && why != tt.why {
			t.Errorf("%s: got %v, %v, %v; want %v, %v, %v", tt.name, at, why, ok, tt.at, tt.why, tt.ok)
		}
	}

	policy.MaxWait = 0
	c, r := strategies.Call{ID: 1, Sent: 1, Deadline: clock.Never}, reply(429, 17*s)
	if at, _, _ := policy.Next(now, &c, &r, 0); at != now.Add(s) {
		t.Errorf("with MaxWait 0 a Retry-After of 17s led to a retry at %v, want the backoff's %v", at, now.Add(s))
	}

	policy.FaultBase = s / 4
	for status, want := range map[int]time.Duration{429: 4 * s, 500: s, wire.StatusTimeout: s, wire.StatusReset: s, wire.StatusGarbled: s, wire.StatusCut: s} {
		r := reply(status, wire.Absent)
		if at, _, _ := policy.Next(now, &c, &r, 2); at != now.Add(want) {
			t.Errorf("after a %d, with faults from a quarter of a second on, the third retry is at %v, want %v", status, at, now.Add(want))
		}
	}
}

// TestSpread: what the server asks is lengthened by up to the share, never
// shortened.
func TestSpread(t *testing.T) {
	policy := strategies.Retry{Key: rng.New(1, 0), MaxRetries: 1, MaxWait: time.Minute, Spread: 0.5}
	r := wire.Reply{Status: 429, RetryAfter: 10 * time.Second}
	lo, hi := math.Inf(1), 0.0
	for id := range uint64(10_000) {
		c := strategies.Call{ID: id, Sent: 1, Deadline: clock.Never}
		at, _, _ := policy.Next(0, &c, &r, 0)
		lo, hi = min(lo, at.Seconds()), max(hi, at.Seconds())
	}
	if lo < 10 || lo > 10.01 || hi > 15 || hi < 14.99 {
		t.Errorf("waits between %vs and %vs, want 10s to 15s", lo, hi)
	}
}
