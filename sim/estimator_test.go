package sim

import (
	"strings"
	"testing"
)

// The deployment can serve most of the calls, if nothing of its limit is left unused.
const misjudged = `
name: misjudged
duration: 20m
fleet: {instances: 2}
workload:
  - tenant: web
    arrivals: {process: poisson, rate: 1/s}
    prompt_tokens: {dist: lognormal, p50: 900, p95: 4000, max: 14_000}
    output_tokens: {dist: lognormal, p50: 130, p95: 450, max: 1000}
    max_tokens: 1024
    deadline: 60s
    estimate: ESTIMATE
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 500, tpm: 80000}, charge: {reserve: estimate, settle: true}}
strategies: [STRATEGY]
`

// With the estimator exact or chars a strategy is told what the scenario's estimate exact or chars
// tells it, to the last event.
func TestEstimatorCounts(t *testing.T) {
	for _, how := range []string{"exact", "chars"} {
		told := parse(t, strings.NewReplacer("ESTIMATE", how, "STRATEGY", "{use: queue, name: q}").Replace(misjudged))
		counted := parse(t, strings.NewReplacer("ESTIMATE", "{error: 0.5, bias: 0.5}", "STRATEGY", "{use: queue, name: q, estimator: "+how+"}").Replace(misjudged))
		given := parse(t, strings.NewReplacer("ESTIMATE", "{error: 0.5, bias: 0.5}", "STRATEGY", "{use: queue, name: q}").Replace(misjudged))
		a, b, c := play(t, told, 0), play(t, counted, 0), play(t, given, 0)
		if a.Hash != b.Hash || a.Hash == c.Hash {
			t.Errorf("%s: counted by the scenario %v, by the strategy %v, as given %v", how, a.Hash, b.Hash, c.Hash)
		}
	}
}

// A client that reserves max_tokens for every answer leaves most of that unused until the answer has
// come. One that learns how long answers are, and by how much its estimates of prompts are wrong,
// serves more calls in time and is refused as seldom.
func TestLearnedServesMore(t *testing.T) {
	run := func(strategy string) (refused, succeeded int64) {
		for rep := range 5 {
			r := play(t, parse(t, strings.NewReplacer("ESTIMATE", "{error: 0.2, bias: 0.5}", "STRATEGY", strategy).Replace(misjudged)), rep)
			refused, succeeded = refused+r.Rejected, succeeded+r.Succeeded
		}
		return refused, succeeded
	}
	refused, succeeded := run("{use: queue, name: q, workers: 100}")
	refusedLess, succeededMore := run("{use: queue, name: q, workers: 100, estimator: learned}")
	t.Logf("as given: %d refused, %d succeeded; learned: %d and %d", refused, succeeded, refusedLess, succeededMore)
	if refusedLess > refused+10 || succeededMore < succeeded*103/100 {
		t.Errorf("as given: %d refused, %d succeeded; learned: %d and %d", refused, succeeded, refusedLess, succeededMore)
	}
}
