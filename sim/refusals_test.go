package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/sim/limit"
)

// ten is ten calls, each of which is sent once: 100 tokens go in, at most 50 come
// out. A deployment is charged 100 tokens for each.
const ten = `
name: ten
duration: 1m
workload:
  - {arrivals: %s, prompt_tokens: %s, output_tokens: %s, max_tokens: %[3]s}
deployments:
%[4]s
%[5]s
strategies: [none]
`

// For every kind of limit a scenario in which it alone refuses: results count the
// refusals by its name, whatever the vendor tells its client, and all of them.
func TestRefusalsByName(t *testing.T) {
	openAI := func(limits string) string {
		for _, other := range []string{"rpm", "tpm", "rpd", "tpd"} {
			if !strings.HasPrefix(limits, other) {
				limits += ", " + other + ": none"
			}
		}
		return "  - {name: main, provider: openai/gpt-4o@tier-5, window: fixed, limits: {" + limits + "}, latency: {ttft: 0s, per_token: 1ms}}"
	}
	for _, k := range []struct {
		by         limit.Name
		deployment string
		refused    int64  // of ten
		arrivals   string // a spike at 0 unless stated
		prompt     string // 100 unless stated
		faults     string
	}{
		{by: limit.ByRPM, deployment: openAI("rpm: 4"), refused: 6},
		{by: limit.ByTPM, deployment: openAI("tpm: 400"), refused: 6},
		{by: limit.ByRPH, deployment: openAI("rph: 4"), refused: 6},
		{by: limit.ByTPH, deployment: openAI("tph: 400"), refused: 6},
		{by: limit.ByRPD, deployment: openAI("rpd: 4"), refused: 6},
		{by: limit.ByTPD, deployment: openAI("tpd: 400"), refused: 6},
		{by: limit.ByITPM, deployment: openAI("itpm: 400"), refused: 6},
		// One call a second, each over in 50 ms: 0, 50 and 100 tokens are out when the
		// first three come, and 150 for all others.
		{by: limit.ByOTPM, deployment: openAI("otpm: 100"), refused: 7, arrivals: "{process: spike, at: 0s, calls: 10, over: 10s}"},
		{by: limit.ByConcurrency, deployment: openAI("concurrency: 4"), refused: 6},
		{by: limit.ByQueuedTokens, deployment: openAI("queued_tokens: 400"), refused: 6},
		// 15 PTUs of 2,500 tokens: below them are 0, 10,200, 20,400 and 30,600, an output
		// token being four.
		{by: limit.ByUtilisation, deployment: "  - {name: main, provider: azure/gpt-4o@ptu-15}", refused: 6, prompt: "10_000"},
		{by: limit.ByRamp, deployment: openAI("ramp: {above: 400}"), refused: 6},
		{by: limit.BySharedPool, deployment: strings.Replace(openAI("rpm: 4"), "window:", "pool: flagship, window:", 1), refused: 6},
		{by: limit.BySharedPool, deployment: strings.Replace(openAI("tpd: 400"), "window:", "pool: flagship, project: {rpm: 5}, window:", 1), refused: 6},
		{by: limit.ByRPM, deployment: strings.Replace(openAI("rpm: 100"), "window:", "pool: flagship, project: {rpm: 4}, window:", 1), refused: 6},
		// The seed draws four prompts of 5,000.
		{by: limit.ByOversize, deployment: openAI("tpm: 4000"), refused: 4, prompt: "{dist: empirical, values: [100, 5000]}"},
		{by: limit.ByBilling, deployment: openAI("rpm: 4"), refused: 10, faults: "faults: [{kind: billing, at: 0s}]"},
		// Mistral says of no limit which it was, and Groq answers 413.
		{by: limit.ByRPM, deployment: "  - {name: main, provider: mistral/sample@headers, limits: {rpm: 4}}", refused: 6},
		{by: limit.ByOversize, deployment: "  - {name: main, provider: groq/sample@6k, limits: {tpm: 4000}}", refused: 4, prompt: "{dist: empirical, values: [100, 5000]}"},
	} {
		t.Run(fmt.Sprintf("%v %s", k.by, k.deployment), func(t *testing.T) {
			if k.arrivals == "" {
				k.arrivals = "{process: spike, at: 0s, calls: 10, over: 0s}"
			}
			if k.prompt == "" {
				k.prompt = "100"
			}
			refusedBy(t, parse(t, fmt.Sprintf(ten, k.arrivals, k.prompt, "50", k.deployment, k.faults)), k.by, k.refused)
		})
	}
	// A limit of which scenario files know nothing: input tokens an hour.
	s := parse(t, fmt.Sprintf(ten, "{process: spike, at: 0s, calls: 10, over: 0s}", "100", "50", openAI("rpm: 100"), ""))
	s.Deployments[0].Limits = append(s.Deployments[0].Limits, provider.Limit{Counts: provider.Input, Most: 400, Per: time.Hour})
	refusedBy(t, s, limit.Unnamed, 6)
}

// refusedBy checks that only by refuses, and how many of ten.
func refusedBy(t *testing.T, s *scenarios.Spec, by limit.Name, refused int64) {
	t.Helper()
	r := play(t, s, 0)
	sum := int64(0)
	for n := range limit.NumNames {
		sum += r.RejectedBy[n]
		if n != by && r.RejectedBy[n] > 0 {
			t.Errorf("%d refused by %v", r.RejectedBy[n], n)
		}
	}
	if r.Attempts != 10 || r.RejectedBy[by] != refused || r.Succeeded != 10-refused || r.Rejected != sum {
		t.Errorf("of %d attempts %d succeed, %d are refused, %d by %v, %d by all names; want %d refused",
			r.Attempts, r.Succeeded, r.Rejected, r.RejectedBy[by], by, sum, refused)
	}
}

// Every refusal in the scenarios of the library has a name.
func TestNoRefusalIsUnnamed(t *testing.T) {
	for _, name := range scenarios.Library() {
		s, err := scenarios.Load(name, nil, scenarios.Options{Strategies: []string{"none"}})
		if err != nil {
			t.Fatal(err)
		}
		if r := play(t, s, 0); r.RejectedBy[limit.Unnamed] > 0 {
			t.Errorf("%s: %d of %d refusals are unnamed", name, r.RejectedBy[limit.Unnamed], r.Rejected)
		}
	}
}
