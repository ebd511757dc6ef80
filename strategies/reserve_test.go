package strategies

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// A tally is compared with the sum over all that was added since the start of the
// quarter of a minute before the last three.
func TestTally(t *testing.T) {
	const quarter = clock.Time(15 * time.Second)
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			at clock.Time
			n  float64
		}
		var all []entry
		var tally tally
		now := clock.Time(0)
		for range rapid.IntRange(1, 60).Draw(t, "adds") {
			now += clock.Time(rapid.OneOf(rapid.Int64Range(0, int64(20*time.Second)), rapid.Int64Range(0, int64(time.Hour))).Draw(t, "after"))
			n := float64(rapid.IntRange(-100, 1000).Draw(t, "n"))
			tally.add(now, n)
			all = append(all, entry{now, n})
			want := 0.0
			for _, e := range all {
				if e.at/quarter > now/quarter-4 {
					want += e.n
				}
			}
			if got := tally.lately(); got != want {
				t.Fatalf("at %v: %v, want %v", now, got, want)
			}
		}
	})
}
