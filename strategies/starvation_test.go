package strategies_test

import (
	"fmt"
	"maps"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// arrival is a call that comes at a time and costs so many tokens.
type arrival struct {
	at   clock.Time
	cost uint32
}

// firstWaits returns how long each call waits to be sent. All are answered at once.
func firstWaits(f strategies.Factory, arrivals []arrival) []time.Duration {
	env := strategytest.Env()
	d := strategytest.NewDriver(f(env), env.Deployments)
	wait := make([]time.Duration, len(arrivals))
	answer := func() {
		for a := d.InFlight(); len(a) > 0; a = d.InFlight() {
			wait[a[0].Call.ID-1] = d.Now().Sub(a[0].Call.Arrived)
			d.Reply(a[0], wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
		}
	}
	for _, a := range arrivals {
		for d.Next() <= a.at && d.Step() {
			answer()
		}
		d.AdvanceTo(a.at)
		d.Submit(strategies.Call{EstimatedPrompt: a.cost})
		answer()
	}
	for d.Open() > 0 && d.Step() {
		answer()
	}
	return wait
}

// TestStarvation: half a second apart, small calls take all that is refilled, 1000
// tokens a second. With the article's bucket a call of 8000 then waits until
// they stop, however long that is, and 8 s more, for nothing is left for it;
// in a line it waits 8 s for its 8000.
func TestStarvation(t *testing.T) {
	for _, small := range []time.Duration{time.Minute, 5 * time.Minute, 20 * time.Minute} {
		arrivals := []arrival{{0, 10_000}, {0, 8_000}}
		for at := clock.Time(time.Second / 2); at.Sub(0) <= small; at = at.Add(time.Second / 2) {
			arrivals = append(arrivals, arrival{at, 500})
		}
		args := strategies.Args{"capacity": "10000", "refill": "1000", "wait_timeout": "24h"}
		for name, want := range map[string]time.Duration{"article:bucket": small + 8*time.Second, "token-bucket": 8 * time.Second} {
			own := maps.Clone(args)
			if name == "article:bucket" {
				own["estimated_tokens"] = "0"
			}
			wait := firstWaits(build(t, name, own, strategytest.Env().Deployments), arrivals)
			if wait[1] != want {
				t.Errorf("%s: with small calls for %v the large one waits %v, want %v", name, small, wait[1], want)
			}
		}
	}
}

// TestLineBound: in a line, as long as no attempt fails, a call waits at most for
// the tokens of those that wait before it and its own, at the rate of the
// refill, whatever comes after it; and exactly that long when the bucket is
// empty.
func TestLineBound(t *testing.T) {
	const capacity, refill = 10_000, 1000
	f := build(t, "token-bucket", strategies.Args{"capacity": fmt.Sprint(capacity), "refill": fmt.Sprint(refill), "wait_timeout": "24h"}, strategytest.Env().Deployments)
	longest := 0.0
	rapid.Check(t, func(t *rapid.T) {
		arrivals := []arrival{{0, capacity}, {0, 1000}} // the second finds the bucket empty
		at := clock.Time(0)
		for range rapid.IntRange(0, 60).Draw(t, "calls") {
			at = at.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "gap")) * time.Millisecond)
			arrivals = append(arrivals, arrival{at, rapid.SampledFrom([]uint32{1, 100, 1000, 5000, capacity}).Draw(t, "cost")})
		}
		wait := firstWaits(f, arrivals)
		for i, a := range arrivals {
			ahead := 0.0
			for k, b := range arrivals[:i] {
				if b.at.Add(wait[k]) > a.at {
					ahead += float64(b.cost)
				}
			}
			bound := (ahead + float64(a.cost)) / refill
			if got := wait[i].Seconds(); got > bound+1e-6 {
				t.Errorf("call %d waits %g s, more than %g s for the %g tokens before it and its own %d", i, got, bound, ahead, a.cost)
			} else if bound > 0 {
				longest = max(longest, got/bound)
			}
		}
	})
	if math.Abs(longest-1) > 1e-3 {
		t.Errorf("the longest wait is %g of the bound; it should be reached", longest)
	}
}
