package strategies_test

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/strategytest"
)

// TestBreakerBoundsAttempts: while nothing is answered, whatever comes and
// however often, a breaker lets through the failures in a row that open it, what
// was in flight by then, and one probe in every OpenFor.
func TestBreakerBoundsAttempts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(1, 6).Draw(t, "failures")
		openFor := time.Duration(rapid.IntRange(1, 60).Draw(t, "openFor")) * time.Second
		env := strategytest.Env()
		e, _ := catalog.Find("breaker")
		factory, errs := e.Build(strategies.Args{"failures": strconv.Itoa(failures), "open_for": openFor.String()}, env)
		if errs != nil {
			t.Fatal(errs)
		}
		d := strategytest.NewDriver(factory(env), env.Deployments)
		attempts, inFlight, opened := 0, 0, clock.Time(-1)
		for range 400 {
			d.AdvanceTo(d.Now() + clock.Time(rapid.IntRange(0, 2_000).Draw(t, "gap"))*clock.Time(time.Millisecond))
			if rapid.Bool().Draw(t, "submit") {
				d.Submit(strategies.Call{EstimatedPrompt: 10})
			}
			if flights := d.InFlight(); len(flights) > 0 && rapid.Bool().Draw(t, "fail") {
				status := rapid.SampledFrom([]int{429, 500, 503, wire.StatusTimeout}).Draw(t, "status")
				d.Reply(flights[0], wire.Reply{Status: status, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
				if attempts++; attempts == failures {
					opened, inFlight = d.Now(), len(d.InFlight())
				}
			}
		}
		if opened < 0 {
			return
		}
		probes := int(d.Now().Sub(opened)/openFor) + 1
		if most := failures + inFlight + probes; attempts > most {
			t.Fatalf("%d attempts failed in %v; want at most %d and %d in flight and %d probes", attempts, d.Now().Sub(opened), failures, inFlight, probes)
		}
	})
}
