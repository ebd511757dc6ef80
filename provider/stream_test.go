package provider

import (
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// An attempt that declares no max_tokens is charged, in the end, for the 100 tokens that it
// gets. Its reader hangs up after 40 of them. A vendor that stops then charges 40, one that
// goes on charges 100. In both cases nothing is left to be charged afterwards, which is what
// Admits counts on.
func TestHangUp(t *testing.T) {
	for _, stops := range []bool{false, true} {
		m := New(&Config{Model: "m", TPM: 1000, Charge: Charge{Settle: true, StopsStreams: stops},
			Latency: Latency{TTFT: rng.NewConstant(1), PerToken: 10 * time.Millisecond}}, 0, nil)
		m.Foresee()
		var r wire.Reply
		a := wire.Attempt{Guess: 5, Prompt: 5, Output: 100, Streamed: true}
		m.Arrive(0, &a, &r)
		if !r.OK() || m.growth <= 0 {
			t.Fatalf("status %d; %d tokens may be charged beyond what is reserved, want some", r.Status, m.growth)
		}
		want := int64(100)
		if stops {
			want = 40
		}
		if got := m.HangUp(&a, 40); got != stops {
			t.Errorf("stops %v, want %v", got, stops)
		}
		m.Finish(2*clock.Second, &a, stops)
		if m.growth != 0 || m.Tally.Billed[0].Output != want || int64(a.Output) != want {
			t.Errorf("stops %v: %d tokens are still to be charged, want 0; billed %d tokens of output, want %d", stops, m.growth, m.Tally.Billed[0].Output, want)
		}
	}
}
