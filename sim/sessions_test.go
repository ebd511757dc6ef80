package sim

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ratesim/provider"
	"ratesim/sim/metrics"
)

const agents = `
name: agents
duration: 5m
fleet: {instances: 3, network: {latency: 20ms, jitter: 5ms}, timeout: 2m}
workload:
  - tenant: agents
    arrivals:
      process: sessions
      start: {process: poisson, rate: 6/m}
      turns: {dist: lognormal, p50: 8, p95: 20, max: 40}
      think: {dist: lognormal, p50: 3s, p95: 20s}
      system_tokens: 3000
      added_tokens: {dist: lognormal, p50: 400, p95: 3000}
      max_context: 60000
      compact_to: 8000
      fan_out: {share: 20%%, agents: 3, turns: 2, prompt_tokens: 800, output_tokens: 300}
    prompt_tokens: 600
    output_tokens: {dist: lognormal, p50: 200, p95: 900}
    max_tokens: 2000
    deadline: 90s
deployments:
  - {name: main, provider: %s, limits: {%s}}
faults: [{kind: errors, status: 500, rate: 2%%}]
strategies: [none, retry-after, paced, oracle]
`

// TestSessionsKeepTheBooks runs agents against limits that refuse many of their calls. The
// engine itself checks that calls = succeeded + failed + censored.
func TestSessionsKeepTheBooks(t *testing.T) {
	for _, d := range [][2]string{{"anthropic/claude-sonnet-4.5@start", "itpm: 30000, rpm: 100"}, {"openai/gpt-4o@tier-1", "tpm: 120000"}, {"azure/gpt-5.5@ptu-15", ""}} {
		text := strings.Replace(fmt.Sprintf(agents, d[0], d[1]), ", limits: {}", "", 1)
		s := parse(t, text)
		var oracle *metrics.Run
		for i := len(s.Strategies) - 1; i >= 0; i-- {
			st := &s.Strategies[i]
			r, again := run(t, Plan{Scenario: s, Strategy: st, Seed: 3}), run(t, Plan{Scenario: s, Strategy: st, Seed: 3})
			if r.Hash != again.Hash || r.CostUSD != again.CostUSD || r.LostTurns != again.LostTurns {
				t.Errorf("%s on %s: a second run is another", st.Name, d[0])
			}
			if oracle == nil {
				oracle = r
			}
			failed := r.Calls - r.Succeeded - r.Censored
			if r.Sessions != oracle.Sessions || r.Sessions < 20 {
				t.Errorf("%s on %s: %d sessions, and %d of oracle", st.Name, d[0], r.Sessions, oracle.Sessions)
			}
			if (failed > 0) != (r.LostSessions > 0) || r.LostSessions > failed || r.LostSessions > r.Sessions || r.LostTurns > 0 && r.LostSessions == 0 {
				t.Errorf("%s on %s: %d calls failed, %d sessions stopped, %d turns lost", st.Name, d[0], failed, r.LostSessions, r.LostTurns)
			}
			if r.BilledCached <= 0 || r.BilledCached >= r.BilledPrompt {
				t.Errorf("%s on %s: %d of %d prompt tokens were cached", st.Name, d[0], r.BilledCached, r.BilledPrompt)
			}
			t.Logf("%s on %s: %d sessions, %d calls, %d failed, %d lost turns, %.0f %% cached, %.2f USD", st.Name, d[0], r.Sessions, r.Calls, failed, r.LostTurns, 100*float64(r.BilledCached)/float64(r.BilledPrompt), r.CostUSD)
		}
		if oracle.Rejected > 0 {
			t.Errorf("oracle is refused %d times on %s", oracle.Rejected, d[0])
		}
	}
}

func run(t *testing.T, p Plan) *metrics.Run {
	t.Helper()
	r, err := Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOneTurnRunsAsPlainCalls: sessions of one turn and the plain process have the same
// history, to the last bit, with every strategy.
func TestOneTurnRunsAsPlainCalls(t *testing.T) {
	const text = `
name: plain
duration: 2m
fleet: {instances: 3, network: {latency: 20ms, jitter: 5ms}}
workload:
  - arrivals: %s
    prompt_tokens: {dist: lognormal, p50: 900, p95: 4000, max: 14000}
    output_tokens: {dist: lognormal, p50: 130, p95: 450, max: 1000}
    max_tokens: 1024
    deadline: 60s
deployments: [{name: main, provider: openai/gpt-4o-mini@tier-1, limits: {tpm: 100000}}]
faults: [{kind: errors, status: 500, rate: 5%%}]
strategies: [none, naive, jitter, queue, header-aware, paced, oracle]
`
	const start = "{process: gamma, rate: 3/s, cv: 2}"
	plain := parse(t, fmt.Sprintf(text, start))
	single := parse(t, fmt.Sprintf(text, "{process: sessions, start: "+start+", turns: 1, added_tokens: 1}"))
	for i := range plain.Strategies {
		want, got := run(t, Plan{Scenario: plain, Strategy: &plain.Strategies[i], Seed: 7}), run(t, Plan{Scenario: single, Strategy: &single.Strategies[i], Seed: 7})
		if want.Hash != got.Hash || want.Calls != got.Calls || math.Abs(want.CostUSD-got.CostUSD) > 1e-12*want.CostUSD || want.Charged != got.Charged {
			t.Errorf("%s: %d calls with hash %x and %v USD, plainly %d, %x and %v", plain.Strategies[i].Name, got.Calls, got.Hash, got.CostUSD, want.Calls, want.Hash, want.CostUSD)
		}
		if got.Sessions != want.Calls || got.LostTurns != 0 || got.BilledCached != 0 {
			t.Errorf("%s: %d sessions, %d lost turns, %d cached tokens", plain.Strategies[i].Name, got.Sessions, got.LostTurns, got.BilledCached)
		}
	}
}

// TestLostTurnsStopSessions: when nothing is served, each session has one call, and all of
// its other turns are lost.
func TestLostTurnsStopSessions(t *testing.T) {
	s := parse(t, strings.Replace(fmt.Sprintf(agents, "openai/gpt-4o@tier-1", "tpm: 1000000"), "faults: [", "faults: [{kind: outage, at: 0s, for: 1h, status: 503}, ", 1))
	r := run(t, Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 3})
	if r.Calls != r.Sessions || r.LostSessions != r.Sessions || r.LostTurns < 7*r.Sessions || r.Succeeded > 0 {
		t.Errorf("%d calls of %d sessions, of which %d stopped; %d turns lost", r.Calls, r.Sessions, r.LostSessions, r.LostTurns)
	}
}

// TestCacheSavesMoneyAndLimits runs the same agents with and without a cache. The bill is
// that of the tokens, by the price list: USD 3, 0.30, 3.75 and 15 per million.
func TestCacheSavesMoneyAndLimits(t *testing.T) {
	const deployment = "anthropic/claude-sonnet-4.5@start"
	with := parse(t, fmt.Sprintf(agents, deployment, "itpm: 100000000, rpm: 10000"))
	without := parse(t, strings.Replace(fmt.Sprintf(agents, deployment, "itpm: 100000000, rpm: 10000"), "limits: {", "cache: {ttl: 0}, limits: {", 1))
	if with.Deployments[0].Price != (provider.Price{Input: 3, Cached: 0.3, Written: 3.75, Output: 15}) || without.Deployments[0].Cache.TTL != 0 {
		t.Fatalf("%+v; %+v", with.Deployments[0].Price, without.Deployments[0].Cache)
	}
	cached := run(t, Plan{Scenario: with, Strategy: &with.Strategies[1], Seed: 3})
	plain := run(t, Plan{Scenario: without, Strategy: &without.Strategies[1], Seed: 3})
	if plain.Hash != cached.Hash {
		t.Error("the cache changes what happens, although no limit binds")
	}
	if plain.BilledPrompt != cached.BilledPrompt || plain.BilledCached != 0 || 2*cached.BilledCached < cached.BilledPrompt {
		t.Errorf("%d of %d prompt tokens are cached; without a cache %d of %d", cached.BilledCached, cached.BilledPrompt, plain.BilledCached, plain.BilledPrompt)
	}
	if cached.Charged >= plain.Charged/2 || cached.CostUSD >= plain.CostUSD {
		t.Errorf("%v tokens charged and %v USD, without a cache %v and %v", cached.Charged, cached.CostUSD, plain.Charged, plain.CostUSD)
	}
}

// TestOracleKnowsTheCache gives agents contexts of up to 60,000 tokens under a limit of
// 20,000 input tokens a minute. Each turn adds about 5,000, and all else is read from the
// cache, so every call fits once it is its turn.
func TestOracleKnowsTheCache(t *testing.T) {
	s := parse(t, `
name: long
duration: 10m
drain: 2h
fleet: {network: {latency: 20ms, jitter: 5ms}}
workload:
  - arrivals: {process: sessions, start: {process: spike, at: 0s, calls: 2, over: 5m}, turns: 12, think: 5s, added_tokens: 4700, system_tokens: 3000}
    prompt_tokens: 2000
    output_tokens: 300
deployments: [{name: main, provider: anthropic/claude-sonnet-4.5@start, cache: {ttl: 1h}, limits: {itpm: 20000}}]
strategies: [oracle, retry-after]
`)
	oracle := run(t, Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1})
	if oracle.Calls != 24 || oracle.Succeeded != 24 || oracle.Rejected != 0 || oracle.LostTurns != 0 {
		t.Errorf("oracle: %d of 24 calls succeed, %d refused", oracle.Succeeded, oracle.Rejected)
	}
	if r := run(t, Plan{Scenario: s, Strategy: &s.Strategies[1], Seed: 1}); r.LostSessions > 0 || r.Rejected == 0 {
		t.Errorf("retry-after: %d refused, %d sessions lost", r.Rejected, r.LostSessions)
	}
}
