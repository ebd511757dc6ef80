package strategies

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// TestDurations holds the quantile of the latest hundred against the definition: the
// smallest duration that a share p of them does not exceed, known when one at least is
// beyond.
func TestDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s durations
		var all []time.Duration
		for _, x := range rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 300).Draw(t, "durations") {
			s.add(time.Duration(x))
			all = append(all, time.Duration(x))
			latest := slices.Sorted(slices.Values(all[max(0, len(all)-remembered):]))
			for _, percent := range []int{50, 90, 95, 99} {
				rank := (len(latest)*percent + 99) / 100 // rounded up
				got, known := s.quantile(float64(percent) / 100)
				if known != (rank < len(latest)) || known && got != latest[rank-1] {
					t.Fatalf("%d%% of %v: %v, %v", percent, latest, got, known)
				}
			}
		}
	})
}

// TestHedgeShare: of any number of calls at most the share is hedged, and after a quiet
// time at most ten at once.
func TestHedgeShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.SampledFrom([]float64{0.001, 0.05, 0.34, 1}).Draw(t, "share")
		h := Hedging{Share: share}
		calls, sent, together := 0, 0, 0
		for _, hedge := range rapid.SliceOfN(rapid.Bool(), 1, 500).Draw(t, "hedge or call") {
			if !hedge {
				h.earn()
				calls++
				together = 0
				continue
			}
			if h.allows(0) {
				h.credit--
				sent++
				together++
			}
			if float64(sent) > share*float64(calls)+1e-6 || together > mostHedges {
				t.Fatalf("%d of %d calls hedged, %d at once", sent, calls, together)
			}
		}
	})
}

// TestHedgeAfterRefusal: a refusal keeps calls from being hedged for exactly a minute.
func TestHedgeAfterRefusal(t *testing.T) {
	h := Hedging{Share: 1, credit: 1}
	if !h.allows(0) {
		t.Error("not allowed although nothing was refused")
	}
	h.learn(5*clock.Second, &Call{}, &wire.Reply{Status: wire.StatusTooManyRequests})
	for at, want := range map[clock.Time]bool{5 * clock.Second: false, 65*clock.Second - 1: false, 65 * clock.Second: true, math.MaxInt64: true} {
		if got := h.allows(at); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}
