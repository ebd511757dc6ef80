package limit

import (
	"fmt"
	"testing"
	"time"

	"ratesim/sim/clock"
)

// BenchmarkLimiter is one admission, asked and charged. A little more is asked
// for than the limit, so that the limiter is full and each call waits its turn.
func BenchmarkLimiter(b *testing.B) {
	for _, k := range kinds {
		for _, n := range []int64{500, 10_000, 1_000_000, 10_000_000} {
			b.Run(fmt.Sprintf("kind=%s/limit=%d", k.name, n), func(b *testing.B) {
				l, now, gap := k.make(n), clock.Time(0), width/clock.Time(n)*15/16
				admit := func() {
					now = max(now+gap, l.Earliest(now+gap, 1))
					t := l.Take(now, 1)
					if k.name == "in-flight" {
						l.Settle(now, t, -1)
					}
				}
				for range 2 * n {
					admit()
				}
				b.ReportAllocs()
				for b.Loop() {
					admit()
				}
			})
		}
	}
}

func TestNoAllocationInSteadyState(t *testing.T) {
	for _, k := range kinds {
		l, now := k.make(1000), clock.Time(0)
		step := func() {
			for range 2000 {
				now += clock.Time(50 * time.Millisecond)
				if l.Earliest(now, 1) == now {
					l.Settle(now, l.Take(now, 1), 0)
				}
			}
		}
		step()
		if n := testing.AllocsPerRun(10, step); n != 0 {
			t.Errorf("%s: %v allocations a round", k.name, n)
		}
	}
}
