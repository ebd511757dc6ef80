package strategies_test

import (
	"maps"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// flood keeps a strategy supplied with calls and answers, round by round, all
// that is in flight at the round's end. It returns how many were.
func flood(t *testing.T, args strategies.Args, status ...int) []int {
	t.Helper()
	env := strategytest.Env()
	d := strategytest.NewDriver(build(t, "adaptive", args, env.Deployments)(env), env.Deployments)
	for range 500 {
		d.Submit(strategies.Call{EstimatedPrompt: 1, Deadline: clock.Never})
	}
	var sizes []int
	for _, s := range status {
		d.AdvanceTo(d.Now().Add(3 * time.Second)) // longer than the pause that a refusal brings
		round := append([]strategytest.Attempt(nil), d.InFlight()...)
		sizes = append(sizes, len(round))
		for _, a := range round {
			d.Reply(a, wire.Reply{Status: s, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
		}
	}
	if len(d.Violations) > 0 {
		t.Error(d.Violations)
	}
	return sizes
}

// The rounds of additive increase, multiplicative decrease: doubled until the
// first refusal, halved by a round of refusals however many there are, then one
// more each round.
func TestAdaptiveRounds(t *testing.T) {
	args := strategies.Args{"base": "1s", "factor": "1", "jitter": "none"}
	for _, tt := range []struct {
		args   strategies.Args
		status []int
		want   []int
	}{
		{nil, []int{200, 200, 200, 429, 200, 200, 200}, []int{4, 8, 16, 32, 16, 17, 18}},
		{strategies.Args{"decrease": "75%", "increase": "2"}, []int{200, 429, 200, 200}, []int{4, 8, 6, 7}},
		{strategies.Args{"floor": "3"}, []int{429, 429, 429, 200}, []int{4, 3, 3, 3}},
		{nil, []int{200, 500, 200}, []int{4, 8, 8}}, // a fault is no sign of a limit
	} {
		all := maps.Clone(args)
		maps.Copy(all, tt.args)
		got := flood(t, all, tt.status...)
		for i := range tt.want {
			if i >= len(got) || got[i] != tt.want[i] {
				t.Errorf("%v, answers %v: in flight %v, want %v", tt.args, tt.status, got, tt.want)
				break
			}
		}
	}
}

// A bound that is not used does not grow: after a thousand calls one by one the
// first burst is as small as at the beginning.
func TestAdaptiveDoesNotGrowUnused(t *testing.T) {
	env := strategytest.Env()
	d := strategytest.NewDriver(build(t, "adaptive", nil, env.Deployments)(env), env.Deployments)
	for range 1000 {
		d.Submit(strategies.Call{EstimatedPrompt: 1, Deadline: clock.Never})
		d.Reply(d.InFlight()[0], wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
	}
	for range 100 {
		d.Submit(strategies.Call{EstimatedPrompt: 1, Deadline: clock.Never})
	}
	if n := len(d.InFlight()); n != 4 {
		t.Errorf("%d in flight, want 4", n)
	}
}
