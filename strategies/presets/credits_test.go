package presets_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/strategytest"
)

// looker is a call that looks every so often, in the loop of the library.
type looker struct {
	next, until clock.Time // when it looks next; when it is given up, clock.Never if it is not
	sent        clock.Time // -1 until it is
}

// polling is LangChain's limiter as it is written: every look is made.
func polling(perSecond, most float64, every time.Duration, calls []looker) {
	left, last, started := 0.0, clock.Time(0), false
	for {
		first := -1
		for i, c := range calls {
			if c.sent < 0 && c.next < c.until && (first < 0 || c.next < calls[first].next) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		c := &calls[first]
		now := c.next
		if !started {
			last, started = now, true
		}
		if n := now.Sub(last).Seconds() * perSecond; n >= 1 {
			left += n
			last = now
		}
		left = min(left, most)
		if left >= 1 {
			left--
			c.sent = now
		} else {
			c.next = now.Add(every)
		}
	}
}

// TestCreditsAgainstPolling: leaving out the looks that find nothing changes
// nothing. Of looks at one moment, the first to come has the first.
func TestCreditsAgainstPolling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := rapid.SampledFrom([]time.Duration{100 * time.Millisecond, 70 * time.Millisecond, 333_333_333}).Draw(t, "every")
		perSecond := rapid.SampledFrom([]float64{1, 2.5, 9.9, 10, 13, 40, 0.3}).Draw(t, "per second")
		most := rapid.SampledFrom([]float64{1, 1.5, 3, 10}).Draw(t, "most")
		e, _ := catalog.Find("sdk:langchain-limiter@1")
		env := strategytest.Env()
		f, errs := e.Build(strategies.Args{"requests_per_second": fmt.Sprint(perSecond), "max_bucket_size": fmt.Sprint(most), "check_every": every.String()}, env)
		if errs != nil {
			t.Fatal(errs)
		}
		d := strategytest.NewDriver(f(env), env.Deployments)
		want := make([]looker, rapid.IntRange(1, 40).Draw(t, "calls"))
		got := make([]clock.Time, len(want))
		for i := range got {
			got[i] = -1
		}
		sent := func() {
			for _, a := range d.InFlight() {
				if i := a.Call.ID - 1; got[i] < 0 {
					got[i] = d.Now()
				}
			}
		}
		for i := range want {
			at := d.Now().Add(rapid.SampledFrom([]time.Duration{0, 0, 1, every, every / 2, time.Second, 1_234_567_891}).Draw(t, "gap"))
			for d.Next() <= at && d.Step() {
				sent()
			}
			d.AdvanceTo(at)
			want[i] = looker{next: d.Now(), until: clock.Never, sent: -1}
			if rapid.IntRange(0, 3).Draw(t, "given up") == 0 {
				want[i].until = d.Now().Add(time.Duration(rapid.Int64Range(1, math.MaxInt32).Draw(t, "after")))
			}
			d.Submit(strategies.Call{EstimatedPrompt: 1, Deadline: want[i].until})
			sent()
		}
		for d.Step() {
			sent()
		}
		polling(perSecond, most, every, want)
		for i, w := range want {
			if got[i] != w.sent {
				t.Errorf("call %d was sent at %v, want %v", i, got[i], w.sent)
			}
		}
	})
}

// TestCreditsOfHerd: twenty calls at one instant, and one more for each that leaves:
// of ten requests a second, call i has the one that accrues at (i+1)/10 s.
func TestCreditsOfHerd(t *testing.T) {
	env := strategytest.Env()
	d := strategytest.NewDriver(build(t, "sdk:langchain-limiter@1", strategies.Args{"requests_per_second": "10"}, env.Deployments)(env), env.Deployments)
	const herd, more = 20, 100
	for range herd {
		d.Submit(strategies.Call{Deadline: clock.Never})
	}
	for i := range more {
		at := clock.Time(i+1) * clock.Second / 10
		for d.Next() <= at && d.Step() {
		}
		d.AdvanceTo(at)
		d.Submit(strategies.Call{Deadline: clock.Never})
		if a := d.InFlight(); len(a) != i+1 || a[i].Call.ID != uint64(i+1) {
			t.Fatalf("at %v: %d sent, the last is call %d; want call %d", at, len(a), a[len(a)-1].Call.ID, i+1)
		}
	}
}
