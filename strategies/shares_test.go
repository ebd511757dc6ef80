package strategies

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// TestSharesBound: in every span of time, a tenant is let through at most its
// share of the limit in that time and a burst, and one call more. A tenant that
// asks for less waits for nothing, whatever the others do.
func TestSharesBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const tpm = 6000.0
		weights := Weights{rapid.Float64Range(0.1, 10).Draw(t, "weight"), 1}
		burst := time.Duration(rapid.IntRange(1, 120).Draw(t, "burst")) * time.Second
		s := newShares(weights, 2, tpm, burst)
		rate := tpm / 60.0 * weights[0] / (weights[0] + 1) // tokens a second of tenant 0
		type passage struct {
			at   clock.Time
			cost float64
		}
		var passed []passage
		now, modest, out, largest := clock.Time(0), clock.Time(0), Effects{}, 0.0
		for i := range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "gap")) * time.Millisecond)
			c := Call{ID: uint64(i), Deadline: clock.Never, EstimatedPrompt: rapid.Uint32Range(1, 500).Draw(t, "prompt")}
			out.List = out.List[:0]
			at := now
			if s.hold(now, &c, &out) {
				at = out.List[0].At
			}
			passed = append(passed, passage{at, float64(c.Cost())})
			largest = max(largest, float64(c.Cost()))

			if quiet := (Call{Tenant: 1, Deadline: clock.Never, EstimatedPrompt: 10}); now >= modest {
				modest = now + clock.FromSeconds(10*60/tpm*(weights[0]+1)) // when its share has paid for it
				if s.hold(now, &quiet, &out) {
					t.Fatal("a tenant that keeps to its share is held")
				}
			}
		}
		for i := range passed {
			sum := 0.0
			for _, p := range passed[i:] {
				sum += p.cost
				most := rate*(p.at.Sub(passed[i].at)+burst).Seconds() + largest + 1
				if sum > most {
					t.Fatalf("%v tokens from %v to %v; want at most %v", sum, passed[i].at, p.at, most)
				}
			}
		}
	})
}

// What a call used less than it was let through with its tenant has for others.
func TestSharesSettle(t *testing.T) {
	s := newShares(nil, 1, 60, time.Second) // a token a second
	out := Effects{}
	c := Call{EstimatedPrompt: 10, MaxTokens: 90, Deadline: clock.Never}
	next := Call{EstimatedPrompt: 1, Deadline: clock.Never}
	if s.hold(0, &c, &out) {
		t.Fatal("the first call is held")
	}
	s.settle(&c, 30)
	if !s.hold(0, &next, &out) || out.List[0].At != 29*clock.Second {
		t.Errorf("%+v; want the next call held until 30 tokens are due but for a second of burst", out.List)
	}
	s.release(&next)
	if s.due[0] != 30*clock.Second {
		t.Errorf("due at %v after the call was given back, want 30s", s.due[0])
	}
}
