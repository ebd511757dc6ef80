package strategies

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// TestWheelAgainstSlice: who looks next is the earliest, and of one instant the
// first to have fallen asleep.
func TestWheelAgainstSlice(t *testing.T) {
	type nap struct {
		number uint32
		at     clock.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		var w wheel
		var naps []nap // in the order of falling asleep
		most := 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			first := -1
			for i, n := range naps {
				if first < 0 || n.at < naps[first].at {
					first = i
				}
			}
			number, at := w.first()
			if first < 0 && (number != 0 || at != clock.Never) || first >= 0 && (nap{number, at}) != naps[first] {
				t.Fatalf("%d looks first, at %v; want that of %v, %d of them", number, at, naps, first)
			}
			switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
			case what < 2: // one falls asleep
				sleep := rapid.SampledFrom([]clock.Time{0, 2, 3 << slotBits, clock.Time(pollEvery) / 2, clock.Time(pollEvery)}).Draw(t, "sleep")
				at := w.now + max(0, sleep-clock.Time(rapid.Int64Range(0, 2).Draw(t, "less")))
				number := w.enter(sleeper{})
				w.sleep(number, at)
				naps = append(naps, nap{number, at})
				most = max(most, len(naps))
			case len(naps) == 0:
				w.now += clock.Time(pollEvery)
			case what == 2: // one is woken out of turn
				i := rapid.IntRange(0, len(naps)-1).Draw(t, "which")
				w.wake(naps[i].number)
				w.leave(naps[i].number)
				naps = slices.Delete(naps, i, i+1)
			default:
				w.now = at
				w.wake(number)
				w.leave(number)
				naps = slices.Delete(naps, first, first+1)
			}
		}
		if len(w.sleepers) > most {
			t.Errorf("room for %d, and no more than %d slept at a time", len(w.sleepers), most)
		}
	})
}
