package sim

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/strategies"
)

// These tests hold what paced promises whatever its constants are: docs/paced.md has the
// table of what was measured. Where a promise is not kept, the case says why, and fails
// when it is kept after all: whoever mends that takes the reason out.

// A watch counts what a fleet is told in the two parts of a run, before and after a time.
type watch struct {
	from  clock.Time
	early told
	late  told
}

type told struct {
	answered, refused int64
}

type watched struct {
	strategies.Strategy
	w *watch
}

func (s watched) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	part := &s.w.early
	if now >= s.w.from {
		part = &s.w.late
	}
	switch {
	case r.OK():
		part.answered++
	case r.Status == wire.StatusTooManyRequests:
		part.refused++
	}
	s.Strategy.Reply(now, c, r, out)
}

// watching runs one replication of the scenario's strategy number k.
func watching(t testing.TB, s *scenarios.Spec, k, replication int, from time.Duration) (*watch, *metrics.Run) {
	t.Helper()
	w := &watch{from: clock.Time(from)}
	strategy := s.Strategies[k]
	factory := strategy.Factory
	strategy.Factory = func(env strategies.Env) strategies.Strategy { return watched{factory(env), w} }
	r, err := Run(context.Background(), Plan{Scenario: s, Strategy: &strategy, Seed: 1, Replication: replication})
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

// A limited deployment lets so many calls of 500 and 100 tokens through in a minute.
type limited struct {
	name, provider string
	calls          float64
}

// The limits that replies tell of, but for those that count refused requests.
var (
	openAITokens = limited{"openai tokens", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 600_000}", 1000}
	openAISmall  = limited{"openai tokens, small", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 60_000}", 100}
	anthropic    = limited{"anthropic input", "anthropic/claude-sonnet-4.5@start, limits: {rpm: none, itpm: 500_000, otpm: none}", 1000}
	azureTokens  = limited{"azure tokens", "azure/gpt-4o@dz-tier-1, limits: {rpm: none, tpm: 600_000}", 1000}
	azureSlices  = limited{"azure requests", "azure/gpt-4o@dz-tier-1, limits: {rpm: 1002, tpm: none}", 1002}
	// Bedrock counts an output token of this model as five.
	bedrock      = limited{"bedrock", "bedrock/claude-sonnet-4.5@1m, limits: {tpm: 1_000_000, tpd: none}", 1000}
	bedrockSmall = limited{"bedrock, small", "bedrock/claude-sonnet-4.5@200k, limits: {tpm: 60_000, tpd: none}", 60}
	gemini       = limited{"gemini", "gemini/gemini-3-pro-preview@tier-1, limits: {rpm: 1000, rpd: none}", 1000}
)

// counted is a limit on requests that counts those that it refuses.
func counted(rpm int) limited {
	return limited{fmt.Sprintf("openai, %d requests", rpm), fmt.Sprintf("openai/gpt-4o@tier-1, limits: {rpm: %d, tpm: none}", rpm), float64(rpm)}
}

// scenario asks d for load times what its limit lets through. The lines of more come first.
func (d limited) scenario(t testing.TB, load float64, of, more string, names string) *scenarios.Spec {
	t.Helper()
	return parse(t, fmt.Sprintf(`
name: limited
%s
workload:
  - {arrivals: {process: poisson, rate: %v/m}, prompt_tokens: 500, output_tokens: 100, max_tokens: 100%s}
deployments:
  - {name: main, provider: %s}
strategies: [%s]
`, more, load*d.calls, of, d.provider, names))
}

// TestPacedAlone: one instance follows the server's own books. It is never refused, and its
// calls take no longer than those of header-aware and of a client that is told the limit and
// paces by a bucket of that size. One per cent more is allowed for the 50 ms that it waits
// beyond what headers say and for a round trip a call.
//
// Where it is refused all the same, at most one attempt is for four that are admitted: there
// is one refusal or more for ten that are admitted, and one in flight for eight of them.
func TestPacedAlone(t *testing.T) {
	const jittered = "openai requests, over a network with jitter"
	const (
		settled = "a header does not tell what attempts in flight will be charged beyond their reservation: OpenAI reserves the larger of prompt and max_tokens, and charges the sum"
		rounded = "what remains is rounded to 1,000 tokens, and a call is smaller"
		jitter  = "an attempt that is overtaken on its way is not in the header of the one that overtook it"
		slices  = "the end of a window is told in whole seconds, rounded down, and a full fixed window looks like an empty bucket"
	)
	for _, k := range []struct {
		name, provider      string
		prompt, output, max int
		calls               float64 // a minute
		refused, slower     string  // why the promise is not kept
	}{
		{"openai requests", "openai/gpt-4o@tier-1, limits: {rpm: 500, tpm: 30_000_000}", 500, 100, 100, 500, "", ""},
		{jittered, "openai/gpt-4o@tier-1, limits: {rpm: 500, tpm: 30_000_000}", 500, 100, 100, 500, jitter, ""},
		{"openai tokens, if the sum is reserved", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 60_000}, charge: {reserve: max_tokens}", 500, 100, 100, 100, "", ""},
		{"openai tokens, of which a fifth is given back", "openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 600_000}, charge: {reserve: max_tokens}", 500, 100, 250, 1000, "", ""},
		{"openai tokens", openAISmall.provider, 500, 100, 100, 100, settled, ""},
		{"openai tokens, large", openAITokens.provider, 500, 100, 100, 1000, settled, ""},
		{"anthropic requests", "anthropic/claude-sonnet-4.5@start, limits: {rpm: 100, itpm: none, otpm: none}", 500, 100, 100, 100, "", ""},
		{"anthropic input", anthropic.provider, 500, 100, 100, 1000, "", ""},
		{"anthropic input, large prompts", "anthropic/claude-sonnet-4.5@start, limits: {rpm: none, itpm: 500_000, otpm: none}", 5000, 100, 100, 100, "", ""},
		{"anthropic input, small", "anthropic/claude-sonnet-4.5@start, limits: {rpm: none, itpm: 50_000, otpm: none}", 500, 100, 100, 100, rounded, ""},
		{"groq tokens", "groq/sample@100k, limits: {rpm: none}", 500, 100, 100, 100_000 / 600., "", ""},
		{"azure tokens", azureTokens.provider, 500, 100, 100, 1000, slices, slices},
		{"azure requests", azureSlices.provider, 500, 100, 100, 1002, slices, ""},
	} {
		network := "0s"
		if k.name == jittered {
			network = "5ms"
		}
		s := parse(t, fmt.Sprintf(`
name: alone
duration: 20m
drain: 4h
fleet: {network: {latency: 20ms, jitter: %s}}
workload:
  - {arrivals: {process: poisson, rate: %v/m}, prompt_tokens: %d, output_tokens: %d, max_tokens: %d}
deployments:
  - {name: main, provider: %s}
strategies: [paced, header-aware, {name: bucket, use: compose, pace: token-bucket, order: fair, tpm: %d}]
`, network, 1.5*k.calls, k.prompt, k.output, k.max, k.provider, int(k.calls*float64(k.prompt+k.output))))
		mine, r := watching(t, s, 0, 0, time.Minute)
		if r.Succeeded < r.Calls {
			t.Errorf("%s: %d of %d calls succeed", k.name, r.Succeeded, r.Calls)
		}
		if kept := mine.early.refused+mine.late.refused == 0; kept != (k.refused == "") || mine.late.refused > mine.late.answered/4 {
			t.Errorf("%s: %d attempts are refused in the first minute, and %d of %d later; known is %q", k.name, mine.early.refused, mine.late.refused, r.Attempts, k.refused)
		}
		least := math.Inf(1)
		for i := range s.Strategies[1:] {
			if _, other := watching(t, s, i+1, 0, 0); other.Succeeded == other.Calls { // or the calls that it lost are missing
				least = min(least, other.MeanLatency())
			}
		}
		t.Logf("%-45s %4d of %5d refused; mean time to success %.1f s; the least is %.1f s", k.name, r.Rejected, r.Attempts, r.MeanLatency(), least)
		if kept := r.MeanLatency() <= 1.01*least; kept != (k.slower == "") || r.MeanLatency() > 1.1*least {
			t.Errorf("%s: calls take %.1f s on average, with another strategy %.1f s; known is %q", k.name, r.MeanLatency(), least, k.slower)
		}
	}
}

// TestPacedStart: three minutes' worth of calls come at once, and nothing is known. The
// window is 1 + 32/8 attempts at first, and one more for every eight that are admitted. A
// limit that admits C calls is used up before any refusal has come back, so at most the
// window of that time is refused, 5 + C/8 attempts. Then the pause doubles from half a second,
// less a quarter by chance: the gate opens at most five times more in ten seconds.
func TestPacedStart(t *testing.T) {
	for _, d := range []limited{openAITokens, openAISmall, counted(100), counted(1000), anthropic, azureTokens, bedrock, bedrockSmall, gemini} {
		w, _ := watching(t, herd(t, d), 0, 0, 10*time.Second)
		t.Logf("%s: %d refused, %d answered early", d.name, w.early.refused, w.early.answered)
		if most := 5 + int64(d.calls/8) + 5; w.early.refused > most {
			t.Errorf("%s: %d attempts are refused in the first ten seconds, at most %d may be", d.name, w.early.refused, most)
		}
	}
}

// herd is three minutes' worth of calls at once.
func herd(t testing.TB, d limited) *scenarios.Spec {
	t.Helper()
	return parse(t, fmt.Sprintf(`
name: herd
duration: 1m
drain: 0s
workload:
  - {arrivals: {process: spike, at: 0s, calls: %d, over: 0s}, prompt_tokens: 500, output_tokens: 100, max_tokens: 100}
deployments:
  - {name: main, provider: %s}
strategies: [paced]
`, int(3*d.calls), d.provider))
}
