package vendors

import (
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// DeepSeek admits so many at a time and no more, tells nothing and asks for no wait; a place
// is free as soon as an answer ends, or a stream's client hangs up, and then only what was
// produced is billed.
func TestDeepSeek(t *testing.T) {
	m := model(t, provider.Config{Vendor: "deepseek", Limits: []provider.Limit{{Counts: provider.Requests, Most: 2}}})
	var open [2]wire.Attempt
	var r wire.Reply
	for i := range open {
		open[i] = wire.Attempt{Call: uint64(i), Guess: 1_000_000, Prompt: 1_000_000, Output: 100, Streamed: true}
		m.Arrive(0, &open[i], &r)
	}
	a := wire.Attempt{Guess: 1}
	m.Arrive(0, &a, &r)
	if want := (wire.Reply{Status: 429, Limit: wire.Concurrency, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}); r != want {
		t.Errorf("a third of two: %+v, want %+v", r, want)
	}
	if !m.HangUp(&open[0], 40) {
		t.Error("it goes on when the client of a stream is gone")
	}
	m.Finish(0, &open[0], true)
	if !admitted(m, 0, wire.Attempt{Guess: 1}) || m.Tally.Billed[0].Output != 140 {
		t.Errorf("no place after a client hung up, or %d tokens billed, want 140", m.Tally.Billed[0].Output)
	}
}

// Together's rate: 60 a minute at first, and in each hour twice the mean of the hour before.
// 3,600 in the first hour are 60 a minute, and give 120.
func TestTogether(t *testing.T) {
	m := model(t, provider.Config{Vendor: "together", RPM: 60})
	for i := range 60 { // a minute's worth at once
		if !admitted(m, 0, wire.Attempt{}) {
			t.Fatalf("request %d of 60 refused", i+1)
		}
	}
	a, r := wire.Attempt{}, wire.Reply{}
	m.Arrive(0, &a, &r)
	want := wire.Reply{Status: 429, Limit: wire.Ramp, InBody: true, RetryAfter: time.Second,
		Requests: wire.Quota{Limit: 60, Remaining: 0, Reset: wire.Absent}, Tokens: wire.NoQuota}
	if r != want {
		t.Errorf("the 61st: %+v, want %+v", r, want)
	}
	for s := 1; s <= 3540; s++ { // one a second until a minute before the hour: 3,600 in all
		if !admitted(m, time.Duration(s)*time.Second, wire.Attempt{}) {
			t.Fatalf("refused in second %d", s)
		}
	}
	for _, k := range []struct {
		at   time.Duration
		rate int64
	}{{time.Hour - 1, 60}, {time.Hour, 120}, {3 * time.Hour, 60}} { // idle for an hour, it falls to the base
		if m.Arrive(clock.Time(k.at), &a, &r); r.Requests.Limit != k.rate {
			t.Errorf("at %v: %d a minute, want %d", k.at, r.Requests.Limit, k.rate)
		}
	}
}
