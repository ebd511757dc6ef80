package limit

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// Who has used less never waits longer: some charges are left out of a history.
// For windows from the first request that is not so (the next test); a ramp is
// looked at within one period.
func TestLessUsedNeverWaitsLonger(t *testing.T) {
	for _, k := range kinds {
		if k.name == "fixed-first" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := rapid.Int64Range(1, 50).Draw(t, "limit")
				more, less := k.make(size), k.make(size)
				now := clock.Time(0)
				for range rapid.IntRange(1, 60).Draw(t, "charges") {
					gap := clock.Time(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "gap"))
					if strings.HasPrefix(k.name, "ramp") {
						gap /= 10
					}
					now += gap
					cost := rapid.Int64Range(1, size).Draw(t, "cost")
					if more.Earliest(now, cost) == now {
						more.Take(now, cost)
						if rapid.Bool().Draw(t, "keep") {
							less.Take(now, cost)
						}
					}
					ask := rapid.Int64Range(1, size).Draw(t, "ask")
					a, b := more.Earliest(now, ask), less.Earliest(now, ask)
					if strings.HasPrefix(k.name, "ramp") { // what is earned for the next period is another matter
						a, b = min(a, period), min(b, period)
					}
					if b > a {
						t.Fatalf("at %v: %d at %v, but at %v with less used", now, ask, a, b)
					}
				}
			})
		})
	}
}

// The two exceptions that the package comment names.
func TestLessUsedMayWaitLonger(t *testing.T) {
	f := NewFixed(2, Window, FirstRequest)
	f.Take(50*clock.Second, 1)
	if got := f.Earliest(61*clock.Second, 2); got != 110*clock.Second {
		t.Errorf("a window that starts at 50 s lets 2 pass at %v, want 1m50s", got)
	}
	f = NewFixed(2, Window, FirstRequest)
	f.Take(0, 1)
	f.Take(50*clock.Second, 1)
	if got := f.Earliest(61*clock.Second, 2); got != 61*clock.Second {
		t.Errorf("a window that starts at 0 lets 2 pass at %v, want at once", got)
	}
	idle, busy := NewRamp(100, 0.5, time.Minute, 0), NewRamp(100, 0.5, time.Minute, 0)
	busy.Take(0, 100)
	const later = 60 * clock.Second
	if a, b := idle.Earliest(later, 120), busy.Earliest(later, 120); a != clock.Never || b != later {
		t.Errorf("120 at %v after an idle period, at %v after a busy one; want never and at once", a, b)
	}
}

// A limit of one in a window is the same as a sliding log and as a bucket, with
// refused requests counted or not.
func TestLogAgreesWithBucketOfOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		per := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "per"))
		log, bucket, counted := NewLog(1, per), NewBucket(1, 1, per), rapid.Bool().Draw(t, "counted")
		now := clock.Time(0)
		for range 100 {
			now += clock.Time(rapid.Int64Range(0, 2*int64(per)).Draw(t, "gap"))
			a, b := log.Earliest(now, 1), bucket.Earliest(now, 1)
			if a != b {
				t.Fatalf("at %v: log %v, bucket %v", now, a, b)
			}
			if a == now {
				log.Take(now, 1)
				bucket.Take(now, 1)
			} else if counted {
				log.Refuse(now)
				bucket.Refuse(now)
			}
		}
	})
}

// At a steady rate up to the limit a sliding log and a bucket of one admit
// every call; above it neither admits more than the limit in each window.
func TestLogAgreesWithBucketAtSteadyRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 300).Draw(t, "limit")
		steady := (width + clock.Time(size) - 1) / clock.Time(size)
		gap := clock.Time(rapid.Int64Range(int64(steady)/20+1, 2*int64(steady)).Draw(t, "gap"))
		log, bucket := NewLog(size, Window), NewBucket(1, size, Window)
		byLog, byBucket, calls := int64(0), int64(0), int64(0)
		for now := clock.Time(0); now < 5*width; now += gap {
			calls++
			if log.Earliest(now, 1) == now {
				log.Take(now, 1)
				byLog++
			}
			if bucket.Earliest(now, 1) == now {
				bucket.Take(now, 1)
				byBucket++
			}
		}
		if gap >= steady && (byLog != calls || byBucket != calls) {
			t.Fatalf("of %d calls %v apart the log admitted %d, the bucket %d", calls, gap, byLog, byBucket)
		}
		if most := 5 * size; byLog > most || byBucket > most {
			t.Fatalf("the log admitted %d, the bucket %d, want at most %d", byLog, byBucket, most)
		}
	})
}

// However much is asked for, a ramp grows by its share a period and no faster,
// and falls back to its floor when idle.
func TestRampGrowsByItsShare(t *testing.T) {
	const floor = 1_000_000
	r := NewRamp(floor, 0.5, 15*time.Minute, 0)
	now, allowed := clock.Time(0), float64(floor)
	for i := range 6 {
		r.turn(now)
		if rate := float64(r.bucket.rate); rate > allowed || rate < 0.99*allowed {
			t.Errorf("period %d: %v a minute allowed, want just below %v", i, rate, allowed)
		}
		for end := clock.Time(i+1) * 15 * width; now < end; now = max(r.Earliest(now, 1000), now+1) {
			r.Take(now, 1000)
		}
		allowed *= 1.5
	}
	if got := r.Earliest(now+31*width, floor+1); got != clock.Never {
		t.Errorf("after an idle period %d passes at %v, want never", floor+1, got)
	}
}

// A load that goes on as it was before the run passes a ramp from the start,
// and one that is half as much larger does too; a ramp that starts cold holds
// both to its floor for a whole period.
func TestRampKnowsWhatWasUsedBefore(t *testing.T) {
	const floor, before, growth = 1_000_000, 2_300_000, 0.5
	for _, k := range []struct {
		rate, before int64 // tokens a minute
		passed       int64 // of the first 15 minutes, in tokens
	}{
		{before, before, 15 * before},
		{before * 3 / 2, before, 15 * before * 3 / 2},
		{2 * before, before, (15 + 1) * before * 3 / 2}, // what the bucket held at first and what was refilled
		{before, 0, (15 + 1) * floor},
	} {
		r := NewRamp(floor, growth, 15*time.Minute, k.before)
		const cost = 1000
		passed, gap := int64(0), width*cost/clock.Time(k.rate)
		for now := clock.Time(0); now < 15*width-gap; now += gap {
			if r.Earliest(now, cost) == now {
				r.Take(now, cost)
				passed += cost
			}
		}
		if got := float64(passed) / float64(k.passed); got < 0.999 || got > 1 {
			t.Errorf("%d a minute after %d a minute: %d tokens pass, want %d", k.rate, k.before, passed, k.passed)
		}
	}
}

func TestFixedFollowsTheWallClock(t *testing.T) {
	const midnight = 5 * 3600 * clock.Second // the run begins at 19:00
	f := NewFixed(20, 24*time.Hour, Phase(midnight))
	f.Take(clock.Second, 20)
	if got := f.Earliest(2*clock.Second, 1); got != midnight {
		t.Errorf("a spent day starts again at %v, want %v", got, midnight)
	}
	f.Take(midnight, 20)
	if got, want := f.Earliest(midnight, 1), midnight.Add(24*time.Hour); got != want {
		t.Errorf("the next day starts at %v, want %v", got, want)
	}
}

func TestInFlightHasNoTimeOfItsOwn(t *testing.T) {
	f := NewInFlight(2)
	f.Take(0, 2)
	if left, full := f.Left(clock.Second); left != 0 || full != clock.Never {
		t.Errorf("left %d, full at %v; want 0, never", left, full)
	}
	f.Settle(clock.Second, 0, -2)
	if left, full := f.Left(clock.Second); left != 2 || full != clock.Second {
		t.Errorf("left %d, full at %v; want 2, at once", left, full)
	}
}
