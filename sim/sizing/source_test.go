package sizing

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/capacity"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Arrivals add up to what each minute used, in time order, whatever their
// shapes.
func TestMinutesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var used []capacity.Tokens
		for range rapid.IntRange(1, 20).Draw(t, "minutes") {
			n := float64(rapid.IntRange(0, 50).Draw(t, "requests"))
			used = append(used, capacity.Tokens{Requests: n, Prompt: n * float64(rapid.IntRange(100, 5000).Draw(t, "prompt")), Output: n * float64(rapid.IntRange(50, 500).Draw(t, "output"))})
		}
		online := rapid.SampledFrom([]float64{1, 0.5, 0.3}).Draw(t, "online")
		s := &minutes{used: used, online: online, shapes: []shape{{0.5, 1.5}, {1.5, 0.5}}, draws: rng.New(1, 0).Sequence(rng.Arrivals), until: clock.Never}
		var a workload.Arrival
		var last clock.Time
		got := make([]capacity.Tokens, len(used))
		for s.Next(&a) {
			if a.At < last {
				t.Fatalf("%v after %v", a.At, last)
			}
			last = a.At
			m := &got[int(a.At/clock.Time(time.Minute))]
			m.Requests++
			m.Prompt += float64(a.Prompt)
			m.Output += float64(a.Output)
		}
		// Less than a request, and what rounding leaves, moves on to the next.
		wantSum, gotSum := capacity.Tokens{}, capacity.Tokens{}
		for i := range used {
			wantSum.Requests += used[i].Requests * online
			wantSum.Prompt += used[i].Prompt * online
			wantSum.Output += used[i].Output * online
			gotSum.Requests += got[i].Requests
			gotSum.Prompt += got[i].Prompt
			gotSum.Output += got[i].Output
			if math.Abs(gotSum.Requests-wantSum.Requests) >= 1 {
				t.Fatalf("minute %d: %v requests so far, want %v", i, gotSum.Requests, wantSum.Requests)
			}
			if online == 1 && (math.Abs(gotSum.Prompt-wantSum.Prompt) > 51 || math.Abs(gotSum.Output-wantSum.Output) > 51) {
				t.Fatalf("minute %d: %+v so far, want %+v", i, gotSum, wantSum)
			}
		}
		if s.Next(&a) {
			t.Fatal("a call after the last")
		}
	})
}

// Requests differ as the shapes do: some have three times the prompt of others,
// and a third of the output.
func TestShapes(t *testing.T) {
	s := &minutes{used: []capacity.Tokens{{Requests: 100, Prompt: 200_000, Output: 20_000}}, online: 1,
		shapes: shapes([]capacity.Tokens{{Prompt: 100, Output: 30}, {Prompt: 300, Output: 10}}), draws: rng.New(1, 0).Sequence(rng.Arrivals), until: clock.Never}
	var a workload.Arrival
	var small, large []workload.Arrival
	for s.Next(&a) {
		if a.Prompt < 2000 {
			small = append(small, a)
		} else {
			large = append(large, a)
		}
	}
	if len(small)+len(large) != 100 || len(small) < 30 || len(large) < 30 {
		t.Fatalf("%d and %d requests", len(small), len(large))
	}
	p, o := float64(large[0].Prompt)/float64(small[0].Prompt), float64(small[0].Output)/float64(large[0].Output)
	if math.Abs(p-3) > 0.01 || math.Abs(o-3) > 0.05 {
		t.Errorf("prompts %v to 1, outputs 1 to %v", p, o)
	}
}
