package strategies_test

import (
	"testing"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// TestBudgetIsAShareOfTheLastTenSeconds holds Budget against its definition,
// counted from a list of everything that happened.
func TestBudgetIsAShareOfTheLastTenSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Quarters are exact in binary, so that the twin need not round.
		ratio := float64(rapid.IntRange(0, 8).Draw(t, "ratio")) / 4
		least := float64(rapid.IntRange(0, 4).Draw(t, "min")) / 4
		b := strategies.Budget{Ratio: ratio, MinPerSecond: least}
		type entry struct {
			second int64
			amount float64
		}
		var history []entry
		now := clock.Time(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += clock.Time(rapid.Int64Range(0, int64(15*clock.Second)).Draw(t, "wait"))
			second := int64(now / clock.Second)
			if rapid.Bool().Draw(t, "call") {
				b.Deposit(now)
				history = append(history, entry{second, ratio})
				continue
			}
			balance := 10 * least
			for _, e := range history {
				if e.second > second-10 {
					balance += e.amount
				}
			}
			if got, want := b.Withdraw(now), balance >= 1; got != want {
				t.Fatalf("at %v with a balance of %g: %v", now, balance, got)
			} else if got {
				history = append(history, entry{second, -1})
			}
		}
	})
}

// When everything fails, a fifth of the calls is retried, however often each of
// them might be.
func TestBudgetBoundsAmplification(t *testing.T) {
	env := strategytest.Env()
	f := build(t, "budget", strategies.Args{"min_per_s": "0", "base": "0s"}, env.Deployments)
	d := strategytest.NewDriver(f(env), env.Deployments)
	attempts := 0
	for i := range 1000 {
		d.AdvanceTo(clock.Time(i) * clock.Second / 10)
		d.Submit(strategies.Call{EstimatedPrompt: 1, Deadline: clock.Never})
		for d.Open() > 0 {
			attempts++
			d.Reply(d.InFlight()[0], wire.Reply{Status: 429, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
		}
	}
	if attempts < 1195 || attempts > 1200 {
		t.Errorf("1000 calls that fail make %d attempts, want 1200 less what was forgotten", attempts)
	}
}
