package sim

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// account is what an attempt should cost, worked out from the charging rules
// alone: at admission, and in the end.
type account struct{ reserved, final int64 }

func charge(d *provider.Config, a wire.Attempt, ok bool) account {
	weight := func(tokens uint32) int64 { return int64(tokens) }
	if d.PTU.Units > 0 {
		weight = func(tokens uint32) int64 { return int64(math.Round(float64(tokens) * d.PTU.OutputRatio)) }
	}
	produced := a.Output
	if !ok {
		produced = 0
	}
	var c account
	switch {
	case d.Charge.Reserve == provider.ReserveMaxTokens:
		c.reserved = int64(a.Guess) + weight(a.MaxTokens)
	case d.Charge.Reserve == provider.ReserveEstimate:
		c.reserved = int64(a.Guess)
	case d.Charge.Reserve == provider.ReserveLarger:
		c.reserved = max(int64(a.Guess), weight(a.MaxTokens))
	default:
		c.reserved = int64(a.Prompt) + weight(a.Output)
	}
	if c.final = c.reserved; d.Charge.Settle || d.PTU.Units > 0 {
		c.final = int64(a.Prompt) + weight(produced)
	}
	return c
}

// TestTokensCharged: at every moment a deployment has charged what it reserved
// for the attempts it is working on and what those it has finished came to;
// refused ones cost nothing.
func TestTokensCharged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := someScenario(t).Deployments[0]
		d.TPM = max(1000, d.TPM)
		d.Faults = []provider.Fault{{Kind: provider.Errors, Status: 500, Rate: 0.3, Until: clock.Never}}
		m := provider.New(&d, rng.New(1, 0), nil)
		type job struct {
			attempt wire.Attempt
			account
			done clock.Time
		}
		var working []job
		var now clock.Time
		var admitted, charged, billed int64
		finish := func(until clock.Time) {
			for i := 0; i < len(working); i++ {
				if j := &working[i]; j.done <= until {
					m.Finish(until, &j.attempt, j.attempt.Call%2 == 0)
					charged += j.final - j.reserved
					working[i] = working[len(working)-1]
					working = working[:len(working)-1]
					i--
				}
			}
		}
		tokens := rapid.Uint32Range(1, 800)
		for call := range rapid.IntRange(1, 60).Draw(t, "attempts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "gap")) * time.Millisecond)
			finish(now)
			a := wire.Attempt{Call: uint64(call), Prompt: tokens.Draw(t, "prompt"), Guess: tokens.Draw(t, "guess"),
				Output: tokens.Draw(t, "output"), MaxTokens: tokens.Draw(t, "max_tokens")}
			asked := a
			var r wire.Reply
			took := m.Arrive(now, &a, &r)
			if r.Status != wire.StatusTooManyRequests {
				j := job{a, charge(&d, asked, r.OK()), now.Add(took)}
				working = append(working, j)
				admitted++
				charged += j.reserved
				if r.OK() {
					billed += int64(asked.Prompt) + int64(asked.Output)
				}
			}
			if m.Tally.Charged() != charged {
				t.Fatalf("at %v: charged %d, want %d", now, m.Tally.Charged(), charged)
			}
		}
		finish(clock.Never - 1)
		if got := m.Tally; got.Charged() != charged || got.Admitted != admitted || got.Billed[0].Prompt+got.Billed[0].Output != billed {
			t.Errorf("%+v, charged %d; want %d admitted, %d billed, %d charged", got, got.Charged(), admitted, billed, charged)
		}
	})
}
