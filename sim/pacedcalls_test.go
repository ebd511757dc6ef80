package sim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// probes returns how many attempts it takes to wait so long: the first asks after a minute, and
// the next ones after a fifth of the time since a call was answered last, but not less than a minute.
func probes(wait time.Duration) int64 {
	n := int64(0)
	for asked := time.Duration(0); asked < wait; n++ {
		asked += max(time.Minute, asked/5)
	}
	return n
}

// TestPacedLongLimits: when the requests of an hour or a day are used up, one instance spends
// few attempts on learning that they are back: 19 for an hour and 37 for a day. The limit is
// used up in the first window and in the second. The calls that were left over, about 1,090
// and 670, are then sent as ever, with one refusal for ten to twenty that are admitted.
func TestPacedLongLimits(t *testing.T) {
	const hour, day = 19 + 1090/15/2, 37 + 670/15/2
	if probes(time.Hour) != 19 || probes(24*time.Hour) != 37 {
		t.Fatalf("%d and %d attempts", probes(time.Hour), probes(24*time.Hour))
	}
	const hours = "duration: 55m\ndrain: 3h"
	const days = "duration: 20h\ndrain: 40h"
	for _, k := range []struct {
		name, provider, length string
		rate                   float64 // calls a minute
		strategy               string
		most                   int64
		missed                 string
	}{
		{"openai, an hour", "openai/gpt-4o@tier-1, window: fixed, limits: {rpm: none, tpm: 1_000_000, rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"openai, an hour that slides", "openai/gpt-4o@tier-1, window: sliding-log, limits: {rpm: none, tpm: 1_000_000, rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"openai, an hour that refills", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 1_000_000, rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"azure, an hour", "azure/gpt-4o@dz-tier-1, window: fixed, limits: {rpm: none, tpm: 1_000_000, rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"anthropic, an hour", "anthropic/claude-sonnet-4.5@start, window: fixed, limits: {rpm: none, itpm: none, otpm: none, rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"groq, an hour", "groq/sample@100k, window: fixed, limits: {rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"gemini, an hour", "gemini/gemini-3-pro-preview@tier-1, limits: {rpm: none, rpd: none, rph: 600}", hours, 30, "paced", 2 * hour, ""},
		{"openai, a day", "openai/gpt-4o@tier-1, window: fixed, limits: {rpm: none, tpm: 1_000_000, rpd: 600}", days, 1, "paced", 2 * day, ""},
		{"anthropic, a day", "anthropic/claude-sonnet-4.5@start, window: fixed, limits: {rpm: none, itpm: none, otpm: none, rpd: 600}", days, 1, "paced", 2 * day, ""},
		{"groq, a day", "groq/sample@100k, window: fixed, limits: {rpd: 600}", days, 1, "paced", 2 * day, ""},
		{"gemini, a day", "gemini/gemini-3-pro-preview@tier-1, limits: {rpm: none, rpd: 600}", days, 1, "paced", 2 * day, ""},
		{"openai, 6,000 a day that refill", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 1_000_000, rpd: 6000}", days, 10, "paced", day, ""},
		{"openai, 600 a day that refill", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 1_000_000, rpd: 600}", days, 1, "paced", day, ""},
		{"bedrock, an hour", "bedrock/claude-sonnet-4.5@5m, window: fixed, limits: {rph: 600, tpd: none}", hours, 30, "paced", 2 * hour,
			"nothing tells how long the wait is, and it is probed every 8 s"},
	} {
		s := parse(t, fmt.Sprintf(`
name: long
%s
workload:
  - {arrivals: {process: poisson, rate: %v/m}, prompt_tokens: 500, output_tokens: 100, max_tokens: 100}
deployments:
  - {name: main, provider: %s}
strategies: [%s]
`, k.length, k.rate, k.provider, k.strategy))
		r := play(t, s, 0)
		t.Logf("%-35s %5d refused, at most %d; %d of %d calls succeed", k.name, r.Rejected, k.most, r.Succeeded, r.Calls)
		if kept := r.Rejected <= k.most && r.Succeeded == r.Calls; kept != (k.missed == "") {
			t.Errorf("%s: %d attempts are refused, at most %d may be; %d of %d calls succeed; known is %q", k.name, r.Rejected, k.most, r.Succeeded, r.Calls, k.missed)
		}
	}
}

// TestPacedMaxWait: if a reply asks for more than max_wait, its call fails after one attempt.
// Calls that wait because a header says that nothing is left are not sent at all.
func TestPacedMaxWait(t *testing.T) {
	s := parse(t, `
name: a-day
duration: 20h
drain: 1h
workload:
  - {arrivals: {process: poisson, rate: 1/m}, prompt_tokens: 500, output_tokens: 100, max_tokens: 100}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, window: fixed, limits: {rpm: none, tpm: 1_000_000, rpd: 600}}
strategies: [{name: paced, use: paced, max_wait: 1h}]
`)
	if r := play(t, s, 0); r.Succeeded != 600 || r.Attempts > r.Calls {
		t.Errorf("%d calls succeed, want 600; %d attempts, at most %d may be", r.Succeeded, r.Attempts, r.Calls)
	}
}

// TestPacedBelowCapacity: where there is room for all calls, none fails, and none is refused
// but by a counter that begins anew every ten seconds.
func TestPacedBelowCapacity(t *testing.T) {
	for _, d := range []limited{openAITokens, counted(1000), anthropic, azureTokens, azureSlices, bedrock, gemini} {
		for _, n := range []int{1, 64} {
			for _, deadline := range []string{"20s", "60s"} {
				s := d.scenario(t, 0.8, ", deadline: "+deadline, fmt.Sprintf("duration: 10m\ndrain: 2m\nfleet: {instances: %d}", n), "paced")
				r := play(t, s, 0)
				if r.Succeeded != r.Calls || r.Rejected > 0 && d != azureSlices {
					t.Errorf("%s, %d instances, a deadline of %s: %d of %d calls succeed, %d attempts are refused", d.name, n, deadline, r.Succeeded, r.Calls, r.Rejected)
				}
			}
		}
	}
}

// TestPacedSheds: when more calls have a deadline than the limit lets through, some must fail,
// but what the limit lets through must not be wasted on calls that come too late. As many
// calls succeed as with jitter, but for 2 %: jitter does not queue, so its calls have all
// their time when they are sent.
func TestPacedSheds(t *testing.T) {
	if testing.Short() {
		t.Skip("a second of simulation")
	}
	const late = "up to a tenth of the attempts may be late, and at three times the limit they are"
	for _, k := range []struct {
		limited
		load      float64
		instances int
		missed    string
	}{
		{openAITokens, 1.3, 1, ""}, {openAITokens, 1.3, 8, ""}, {openAITokens, 3, 1, late}, {openAITokens, 3, 8, late},
		{anthropic, 1.3, 1, ""}, {bedrock, 1.3, 1, ""}, {bedrock, 1.3, 8, ""}, {counted(1000), 1.3, 1, ""}, {counted(1000), 1.3, 8, ""},
		{azureTokens, 1.3, 1, ""}, {azureSlices, 1.3, 8, ""}, {gemini, 1.3, 1, ""}, {gemini, 1.3, 8, ""},
	} {
		s := k.scenario(t, k.load, ", deadline: 60s", fmt.Sprintf("duration: 10m\ndrain: 2m\nfleet: {instances: %d}", k.instances), "paced, jitter")
		_, mine := watching(t, s, 0, 0, 0)
		_, jitter := watching(t, s, 1, 0, 0)
		t.Logf("%-20s %.1f times the limit, N = %d: %5d of %5d calls succeed, with jitter %5d", k.name, k.load, k.instances, mine.Succeeded, mine.Calls, jitter.Succeeded)
		if kept := float64(mine.Succeeded) >= 0.98*float64(jitter.Succeeded); kept != (k.missed == "") {
			t.Errorf("%s, %.1f times the limit, %d instances: %d of %d calls succeed, with jitter %d; known is %q", k.name, k.load, k.instances, mine.Succeeded, mine.Calls, jitter.Succeeded, k.missed)
		}
	}
}

// TestPacedAllSucceed: after an overload that ends, every call without a deadline has succeeded.
func TestPacedAllSucceed(t *testing.T) {
	for _, d := range []limited{openAITokens, counted(1000), anthropic, azureTokens, azureSlices, bedrock, gemini} {
		for _, n := range []int{1, 8, 64} {
			s := d.scenario(t, 1.5, "", fmt.Sprintf("duration: 10m\ndrain: 2h\nfleet: {instances: %d}", n), "paced")
			if r := play(t, s, 0); r.Succeeded != r.Calls {
				t.Errorf("%s, %d instances: %d of %d calls succeed, %d still wait", d.name, n, r.Succeeded, r.Calls, r.Censored)
			}
		}
	}
}

// ordered checks that no call waits longer than the order of the queue allows.
type ordered struct {
	strategies.Strategy
	perNs   float64                  // tokens that the limit gives
	waiting int64                    // tokens of the calls that have not ended
	ahead   map[uint64]int64         // of those when a call came
	over    map[uint32]time.Duration // by size of prompt, how much longer a call took than the queue explains
}

func (o *ordered) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	o.ahead[c.ID] = o.waiting
	o.waiting += c.Cost()
	o.Strategy.Submit(now, c, out)
}

func (o *ordered) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	if r.OK() {
		o.waiting -= c.Cost()
		const stretch = 200 // how many times its own tokens may overtake a call
		tokens := o.ahead[c.ID] + stretch*c.Cost()
		over := now.Sub(c.Arrived) - time.Duration(float64(tokens)/o.perNs)
		if was, seen := o.over[c.EstimatedPrompt]; !seen || over > was {
			o.over[c.EstimatedPrompt] = over
		}
	}
	o.Strategy.Reply(now, c, r, out)
}

// TestPacedOrder: small calls alone are more than the limit, for three hours, and large ones
// among them still get their turn: at most the tokens that waited when one came, and then
// 200 times its own tokens, go before it. A minute more is allowed for the time that an
// answer takes and for a limit of which not quite all is used.
func TestPacedOrder(t *testing.T) {
	s := parse(t, `
name: order
duration: 3h
drain: 4h
workload:
  - {arrivals: {process: poisson, rate: 480/m}, prompt_tokens: 100, output_tokens: 50, max_tokens: 50}
  - {arrivals: {process: poisson, rate: 1/m}, prompt_tokens: 4000, output_tokens: 50, max_tokens: 50}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 60_000}, charge: {reserve: max_tokens}}
strategies: [paced]
`)
	o := &ordered{perNs: 60_000 / float64(time.Minute), ahead: map[uint64]int64{}, over: map[uint32]time.Duration{}}
	strategy := s.Strategies[0]
	factory := strategy.Factory
	strategy.Factory = func(env strategies.Env) strategies.Strategy { o.Strategy = factory(env); return o }
	r, err := Run(context.Background(), Plan{Scenario: s, Strategy: &strategy, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Succeeded != r.Calls || len(o.over) != 2 {
		t.Errorf("%d of %d calls succeed, of %d sizes", r.Succeeded, r.Calls, len(o.over))
	}
	for size, over := range o.over {
		t.Logf("prompts of %d: at most %v beyond the bound", size, over)
		if over > time.Minute {
			t.Errorf("a call with a prompt of %d tokens takes %v longer than the queue explains", size, over)
		}
	}
}
