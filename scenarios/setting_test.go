package scenarios

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/sim/metrics"
)

// varied has what the library's scenarios leave out.
const varied = `
name: varied
duration: 90s
fleet: {instances: 1, churn: [{at: 30s, instances: 3}], assign: round-robin, timeout: 2m}
workload:
  - {tenant: a, arrivals: {process: closed, users: 20}, prompt_tokens: 1500, output_tokens: 10, cached: 25%, estimate: chars}
  - {tenant: b, arrivals: {process: spike, at: 10s, calls: 1500}, prompt_tokens: 100, output_tokens: 10, deadline: 2500ms}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: none, tpm: 45000, concurrency: 8}, charge: {reserve: actual, settle: false, rejected: false}, latency: {ttft: 1s}}
faults:
  - {kind: outage, at: 10s, for: 20s, status: 503}
  - {kind: hang, rate: 0.5%}
strategies: [none, {name: patient, use: jitter, max_retries: 12, base: 2s}]
`

// TestSetting: what is simulated, with the figures of the scenario file and of the
// catalog's pages.
func TestSetting(t *testing.T) {
	const getAPIPulse = "getapipulse.com, 2026, secondary"
	together := metrics.Setting{Topic: "chance", Text: "20 replications with seed 7. In each of them all strategies meet the same arrivals, sizes, answer times and faults, so they are compared pair by pair."}
	for name, want := range map[string][]metrics.Setting{
		"launch-day": {
			{Topic: "traffic", Text: "Calls arrive for 10 min. web: the 2,863 calls of the log azure-conv-2023, 20 % of them; they declare 1,024 max_tokens. web: 450 calls from 3 min to 6 min; they have the sizes of azure-conv-2023; they declare 1,024 max_tokens."},
			{Topic: "limits", Text: "main is openai/gpt-4o-mini@tier-1: 500 requests a minute, 200,000 tokens a minute, and 10,000 requests a day, counted over the last 60 s. A call reserves the larger of its prompt and max_tokens; the reservation is corrected when the call ends. A refused request counts as a request. The way of counting of this deployment is the scenario's own, not the catalog's.",
				Source: "developers.openai.com/api/docs/models/gpt-4o-mini.md, 2026-09-24, official"},
			{Topic: "limits", Text: "reserved is azure/gpt-4o-mini@ptu-15: 15 PTUs of 37,000 tokens a minute each, paid by the hour. An output token counts as 4 of the prompt.",
				Source: "MicrosoftDocs/azure-ai-docs articles/foundry/openai/includes/how-to-provisioned-throughput-sizing.md, 2026-09-23, official"},
			{Topic: "clients", Text: "12 instances; chance decides which of them gets a call. The network takes 20 ms ± 5 ms each way. An attempt is given up after 30 s. A call is given up 90 s after it arrived. Clients misjudge the tokens of a prompt by 10 %."},
			{Topic: "faults", Text: "At main and reserved 1 % of the attempts fail with status 500."},
			{Topic: "answer time", Text: "main: the first token comes after 220 ms (median; 95 % at most 350), each output token takes 10 ms more, a refusal takes 30 ms.", Source: getAPIPulse},
			{Topic: "answer time", Text: "reserved: the first token comes after 220 ms (median; 95 % at most 350), each output token takes 10 ms more, a refusal takes 30 ms. All of this takes 2 times as long when the limit is used up.", Source: getAPIPulse},
			{Topic: "strategies", Text: "All have the parameters of the catalog (ratesim list strategies)."},
			together,
		},
		"many-instances": {
			{Topic: "traffic", Text: "Calls arrive for 12 min. web: calls arrive at random, 4 a second, and 14 a second in bursts, which last 30 s on average and come after 60 s on average; they have prompts of 600 tokens (median; 95 % at most 2,000) and outputs of 130 tokens (median; 95 % at most 450); they declare 512 max_tokens."},
			{Topic: "limits", Text: "main is openai/gpt-4o@tier-2: 5,000 requests a minute and 450,000 tokens a minute, refilled continuously, with room for one minute. A call reserves the larger of its prompt and max_tokens; the reservation is corrected when the call ends. A refused request counts as a request.",
				Source: "developers.openai.com/api/docs/models/gpt-4o.md, 2026-09-24, official"},
			{Topic: "clients", Text: "One instance, 4 from 2 min, 16 from 4 min, 64 from 6 min, 8 from 9 min; chance decides which of them gets a call, some of them many more than others. A coordinator, redis, hands out the limits to those that ask it. The network takes 20 ms ± 5 ms each way. An attempt is given up after 30 s. A call is given up 90 s after it arrived. Clients know the tokens of each prompt."},
			{Topic: "faults", Text: "At redis every attempt fails with status 503 from 7 min to 8 min."},
			{Topic: "answer time", Text: "main: the first token comes after 350 ms (median; 95 % at most 560), each output token takes 12.5 ms more, a refusal takes 30 ms.", Source: getAPIPulse},
			{Topic: "strategies", Text: "All have the parameters of the catalog (ratesim list strategies)."},
			together,
		},
		"varied": {
			{Topic: "traffic", Text: "Calls arrive for 90 s. a: 20 users, each of whom waits for an answer before the next call; they have prompts of 1,500 tokens and outputs of 10 tokens; 25 % of each prompt is cached. b: 1,500 calls at 10 s, all at once; they have prompts of 100 tokens and outputs of 10 tokens."},
			{Topic: "limits", Text: "main is openai/gpt-4o@tier-1: 45,000 tokens a minute and 8 requests at a time, refilled continuously, with room for one minute. A call reserves what it will use. A refused request does not count. The limits and charges of this deployment are the scenario's own, not the catalog's.",
				Source: "developers.openai.com/api/docs/models/gpt-4o.md, 2026-09-24, official"},
			{Topic: "clients", Text: "One instance, 3 from 30 s; they get calls in turn. An attempt is given up after 2 min. a: calls have no deadline. b: a call is given up 2,500 ms after it arrived. a: clients take four characters for a token. b: clients know the tokens of each prompt."},
			{Topic: "faults", Text: "Every attempt fails with status 503 from 10 s to 30 s. 0.5 % of the attempts get no answer."},
			{Topic: "answer time", Text: "main: the first token comes after 1,000 ms, each output token takes 12.5 ms more, a refusal takes 30 ms.", Source: getAPIPulse},
			{Topic: "strategies", Text: "patient is jitter with base 2s and max_retries 12. The others have the parameters of the catalog (ratesim list strategies)."},
			together,
		},
	} {
		load := func() (*Spec, error) { return Load(name, nil, Options{}) }
		if name == "varied" {
			load = func() (*Spec, error) { return Parse("varied.yaml", []byte(varied), Options{}) }
		}
		s, err := load()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.SettingOf(7, 20)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
