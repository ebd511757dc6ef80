package bench_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/bench"
	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/vendors"
	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/metrics"
	"ratesim/strategies/catalog"
)

// crowded is a workload that its deployment cannot take: refusals by requests
// and tokens, retries, deadlines, failures and timeouts all occur. The network
// jitters, so that no two events share an instant.
const crowded = `
name: crowded
duration: 40s
drain: 30m
fleet: {instances: 3, network: {latency: 20ms, jitter: 5ms}, timeout: 8s}
workload:
  - tenant: web
    arrivals: {process: poisson, rate: 4/s}
    prompt_tokens: {dist: lognormal, p50: 400, p95: 1500, max: 4000}
    output_tokens: {dist: lognormal, p50: 100, p95: 400, max: 600}
    max_tokens: 600
    deadline: 50s
  - tenant: nightly
    arrivals: {process: spike, at: 10s, calls: 40, over: 1s}
    prompt_tokens: {dist: constant, value: 300}
    output_tokens: {dist: constant, value: 200}
    max_tokens: 300
    estimate: {error: 0.2}
deployments:
%s
coordinator: {name: redis, latency: {dist: lognormal, p50: 2ms, p95: 20ms}, timeout: 500ms, burst: 10s}
faults:
  - {kind: outage, deployment: redis, at: 8s, for: 2s}
  - {kind: hang, deployment: redis, at: 12s, for: 3s, rate: 0.3}
  - {kind: errors, status: 500, rate: 0.03}
  - {kind: outage, at: 25s, for: 4s, status: 503}
strategies: [%s]
`

const latency = ", latency: {ttft: {dist: lognormal, p50: 350ms, p95: 2s}, per_token: 12ms, refusal: 30ms}"

// dialects has a deployment of every vendor, with limits it really has the kinds
// of, small enough to be met; and of tokens, which a coordinator can hand out.
type dialect struct{ name, deployments string }

var dialects = []dialect{
	{"openai", "  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 120, tpm: 60000}" + latency + "}"},
	{"azure", "  - {name: main, provider: azure/gpt-4o@dz-tier-1, limits: {rpm: 90, tpm: 60000}" + latency + "}"},
	{"anthropic", "  - {name: main, provider: anthropic/claude-sonnet-4.5@start, limits: {rpm: 90, itpm: 60000, otpm: 9000}" + latency + "}"},
	{"gemini", "  - {name: main, provider: gemini/gemini-2.5-flash@free, limits: {rpm: 90, rpd: 150, itpm: 60000}" + latency + "}"},
	{"bedrock", "  - {name: main, provider: bedrock/claude-sonnet-4.5@200k, limits: {rpm: 90, tpm: 60000}" + latency + "}"},
	{"groq", "  - {name: main, provider: groq/sample@headers, limits: {rpm: 90, tpm: 60000}" + latency + "}"},
	{"mistral", "  - {name: main, provider: mistral/sample@headers, limits: {rpm: 90, tpm: 60000}" + latency + "}"},
	{"cerebras", "  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 90, tpm: 60000}" + latency + "}"},
	{"xai", "  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 90, tpm: 60000}" + latency + "}"},
	{"deepseek", "  - {name: main, provider: deepseek/deepseek-v4-pro@default, limits: {concurrency: 4, tpm: 60000}" + latency + "}"},
	{"together", "  - {name: main, provider: together/gpt-oss-120b@dynamic, limits: {tpm: 60000}" + latency + "}"},
}

// faulty is what else goes wrong: each with the vendor whose bug it is known of,
// or all of whose clients meet it.
var faulty = []struct{ name, vendor, fault string }{
	{"hang", "openai", "{kind: hang, rate: 0.05}"},
	{"reset", "openai", "{kind: reset, rate: 0.1}"},
	{"mid-stream", "openai", "{kind: mid-stream, rate: 0.1}"},
	{"slow", "openai", "{kind: slow-stream, rate: 0.2, to: 3}"},
	{"drip", "openai", "{kind: slow-stream, rate: 0.2, bytes_per_s: 400}"},
	{"no-body", "openai", "{kind: hang, rate: 0.05, how: after-headers}"},
	{"half-body", "anthropic", "{kind: hang, rate: 0.05, how: mid-body}"},
	{"no-end", "azure", "{kind: hang, rate: 0.05, how: before-end}"},
	{"after", "gemini", "{kind: reset, rate: 0.1, after: 800}"},
	{"tcp-reset", "openai", "{kind: reset, rate: 0.1, how: tcp-reset}"},
	{"half-close", "openai", "{kind: reset, rate: 0.1, how: half-close}"},
	{"short", "bedrock", "{kind: reset, rate: 0.1, how: short}"},
	{"garbled", "openai", "{kind: garbled, rate: 0.1}"},
	{"garbled", "anthropic", "{kind: garbled, rate: 0.1}"},
	{"long", "openai", "{kind: garbled, rate: 0.1, how: long}"},
	{"status-line", "openai", "{kind: garbled, rate: 0.1, how: status-line}"},
	{"limit-cut", "openai", "{kind: limit-cut, at: 15s, for: 10s, to: 0.3}"},
	{"limit-cut", "anthropic", "{kind: limit-cut, at: 15s, for: 10s, to: 0.3}"},
	{"billing", "openai", "{kind: billing, at: 30s, for: 3s}"},
	{"billing", "anthropic", "{kind: billing, at: 30s, for: 3s}"},
	{"overload", "anthropic", "{kind: outage, at: 5s, for: 3s, status: 529}"},
	{"day-long", "openai", "{kind: bad-headers, rate: 0.2, bug: retry-after-86400}"},
	{"negative", "azure", "{kind: bad-headers, rate: 0.2, bug: negative}"},
	{"seconds-in-ms", "azure", "{kind: bad-headers, rate: 0.2, bug: seconds-in-ms}"},
	{"no-headers", "openai", "{kind: bad-headers, rate: 0.2, bug: missing}"},
	{"stale", "openai", "{kind: bad-headers, rate: 0.2, bug: stale}"},
	{"stale", "anthropic", "{kind: bad-headers, rate: 0.2, bug: stale}"},
}

// inShort reports whether -short runs a strategy beyond one vendor and workload:
// one strategy obeys what replies say, the other learns from it, and that is
// what differs.
func inShort(strategy string) bool { return strategy == "retry-after" || strategy == "paced" }

// TestParityOfFaults is TestParity with more that goes wrong.
func TestParityOfFaults(t *testing.T) {
	for i, f := range faulty {
		if testing.Short() && i%5 != 0 {
			continue // one fault of each vendor is left
		}
		for _, name := range []string{"retry-after", "header-aware"} {
			t.Run(f.vendor+"/"+f.name+"/"+name, func(t *testing.T) {
				i := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == f.vendor })
				scenario := fmt.Sprintf(crowded, dialects[i].deployments, name)
				compare(t, strings.Replace(scenario, "faults:\n", "faults:\n  - "+f.fault+"\n", 1))
			})
		}
	}
}

// A client without a timeout of its own waits until the connection of an answer that hangs
// breaks.
func TestParityOfHangs(t *testing.T) {
	for _, how := range []string{"before-status", "after-headers", "mid-body", "before-end"} {
		t.Run(how, func(t *testing.T) {
			scenario := strings.Replace(fmt.Sprintf(crowded, dialects[0].deployments, "retry-after"), "timeout: 8s", "timeout: 20m", 1)
			compare(t, strings.Replace(scenario, "faults:\n", "faults:\n  - {kind: hang, rate: 0.05, how: "+how+"}\n", 1))
		})
	}
}

// TestParity runs scenarios in fake time over real HTTP, and in the simulator,
// and compares what every strategy did with every call: each attempt with its
// instant, each reply with what it said, and the end. There is no tolerance.
func TestParity(t *testing.T) {
	for _, d := range dialects {
		for _, name := range catalog.Names() {
			entry, _ := catalog.Find(name)
			if entry.Omniscient || name == "ptu" || name == "route" || name == "batch" {
				continue // those that need a second deployment have a test of their own
			}
			if testing.Short() && d.name != "openai" && !inShort(name) {
				continue
			}
			t.Run(d.name+"/"+name, func(t *testing.T) {
				if name == "paper:wb" && !strings.Contains(d.deployments, "rpm:") {
					name = "{use: paper:wb, limit: 90}" // it reads its limit from the deployment's requests per minute otherwise
				}
				compare(t, fmt.Sprintf(crowded, d.deployments, name))
			})
		}
	}
}

// Requests that can never pass: most vendors refuse them as any other, and
// clients retry them in vain.
func TestParityOfOversize(t *testing.T) {
	for _, d := range dialects[:7] {
		t.Run(d.name, func(t *testing.T) {
			small := strings.NewReplacer("tpm: 60000", "tpm: 1000", "itpm: 60000, otpm: 9000", "itpm: 1000, otpm: 9000").Replace(d.deployments)
			compare(t, fmt.Sprintf(crowded, small, "retry-after"))
		})
	}
}

// A provisioned deployment that is full answers in its own way, and the strategy
// goes to another. It has no limit for a coordinator to hand out.
func TestParityOfPTU(t *testing.T) {
	var alone strings.Builder
	for line := range strings.Lines(crowded) {
		if !strings.Contains(line, "redis") {
			alone.WriteString(line)
		}
	}
	compare(t, fmt.Sprintf(alone.String(), "  - {name: reserved, provider: azure/gpt-4o@ptu-15"+latency+"}\n"+
		"  - {name: spill, provider: azure/gpt-4o@dz-tier-1, limits: {rpm: 90, tpm: 60000}"+latency+"}", "ptu"))
}

// Parts composed, and calls that go on to another deployment.
func TestParityOfCompositions(t *testing.T) {
	two := "  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 60, tpm: 40000}" + latency + "}\n" +
		"  - {name: mini, provider: openai/gpt-4o-mini@tier-1, limits: {rpm: 90, tpm: 60000}" + latency + "}"
	for _, s := range []string{
		"route",
		"{use: compose, name: windows, pace: windows, route: [main, mini], order: fair, weights: {web: 3}, workers: 10, breaker: 3, open_for: 2s}",
		"{use: compose, name: headers, pace: header-aware, route: [mini, main], order: priority, budget: 20%, burst: 30s}",
		"{use: compose, name: bucket, retry: jitter, pace: token-bucket, route: [main, mini], when: [429, 503], wait_timeout: 20s}",
		"{use: compose, name: adaptive, retry: fixed, pace: adaptive, route: [main, mini]}",
	} {
		t.Run(s, func(t *testing.T) { compare(t, fmt.Sprintf(crowded, two, s)) })
	}
}

// A coordinator that is down is waited for.
func TestParityOfClosed(t *testing.T) {
	compare(t, fmt.Sprintf(crowded, dialects[0].deployments, "{use: shared, name: closed, on_outage: closed, wait_timeout: 20s}"))
}

// Instances that come and go, under uneven load.
func TestParityOfChurn(t *testing.T) {
	for _, name := range []string{"jitter", "queue", "split", "aimd", "shared", "lease"} {
		t.Run(name, func(t *testing.T) {
			compare(t, strings.Replace(fmt.Sprintf(crowded, dialects[0].deployments, name), "{instances: 3,",
				"{instances: 2, skew: 1, churn: [{at: 10s, instances: 5}, {at: 20s, instances: 1}],", 1))
		})
	}
}

// The scenario that the README shows, as it is.
func TestParityOfLaunchDay(t *testing.T) {
	for _, name := range catalog.Names() {
		if entry, _ := catalog.Find(name); entry.Omniscient || name == "batch" || testing.Short() && !inShort(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			spec, err := scenarios.Load("launch-day", nil, scenarios.Options{Strategies: []string{name}, Set: []string{"coordinator.latency={dist: lognormal, p50: 2ms, p95: 4ms}"}})
			if err != nil {
				t.Fatal(err)
			}
			agree(t, spec)
		})
	}
}

// What can wait goes to a batch API, whose queue overflows, and takes hours; no
// timeout gives up on it.
func TestParityOfBatch(t *testing.T) {
	compare(t, strings.Replace(fmt.Sprintf(crowded, "  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 90, tpm: 60000}"+latency+"}\n"+
		"  - {name: bulk, provider: openai/gpt-4o@tier-1, batch: true, limits: {queued_tokens: 9000}}", "batch"), "drain: 30m", "drain: 24h", 1))
}

// conversing is a workload of agents. Their turns wait for answers and for sub-agents, and
// what their prompts cost depends on what the deployment's cache holds at that instant.
const conversing = `
name: conversing
duration: 3m
drain: 30m
fleet: {instances: 3, network: {latency: 20ms, jitter: 5ms}, timeout: 20s}
workload:
  - tenant: agents
    arrivals:
      process: sessions
      start: {process: poisson, rate: 12/m}
      turns: {dist: lognormal, p50: 6, p95: 15}
      think: {dist: lognormal, p50: 2s, p95: 40s}
      system_tokens: 1500
      added_tokens: {dist: lognormal, p50: 300, p95: 2000}
      max_context: 9000
      compact_to: 2500
      fan_out: {share: 0.3, agents: 3, turns: 2, prompt_tokens: 700, output_tokens: 150}
    prompt_tokens: {dist: lognormal, p50: 400, p95: 1500}
    output_tokens: {dist: lognormal, p50: 100, p95: 400, max: 600}
    max_tokens: 600
    deadline: 50s
  - tenant: plain
    arrivals: {process: poisson, rate: 0.5/s}
    cached: 40%%
    prompt_tokens: {dist: constant, value: 300}
    output_tokens: {dist: constant, value: 200}
    max_tokens: 300
deployments:
%s
faults: [{kind: errors, status: 500, rate: 0.05}]
strategies: [%s]
`

// Agents whose calls come when others have ended, and the cache of each vendor: it is told
// in the usage of answers, and changes what limits charge. Time to live and length are such
// that prefixes expire and are refreshed within the run.
func TestParityOfSessions(t *testing.T) {
	for _, d := range dialects[:6] {
		for _, name := range []string{"none", "retry-after", "queue", "paced"} {
			if testing.Short() && name != "retry-after" {
				continue
			}
			t.Run(d.name+"/"+name, func(t *testing.T) {
				compare(t, fmt.Sprintf(conversing, strings.Replace(d.deployments, "limits:", "cache: {ttl: 20s, min_tokens: 1024}, limits:", 1), name))
			})
		}
	}
}

func compare(t *testing.T, scenario string) {
	spec, err := scenarios.Parse("parity.yaml", []byte(scenario), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	agree(t, spec)
}

func agree(t *testing.T, spec *scenarios.Spec) {
	if vendor, _, _ := strings.Cut(strings.TrimPrefix(t.Name(), "TestParity/"), "/"); spec.Deployments[0].Vendor != vendor && vendor != "ptu" && strings.HasPrefix(t.Name(), "TestParity/") {
		spec.Deployments[0].Vendor = vendor // without a row in the catalog
		vendors.Apply(&spec.Deployments[0])
	}
	simulated, expected := simulate(t, spec)
	var measured *metrics.Run
	real := &history{calls: map[uint64][]string{}, end: clock.Time(spec.Duration + spec.Drain)}
	synctest.Test(t, func(t *testing.T) { measured = overHTTP(t, spec, real) })
	got, want := totals(measured), totals(expected)
	if spec.Leaves() && slices.ContainsFunc(spec.Deployments[0].Faults, func(f provider.Fault) bool { return f.Kind == provider.SlowStream }) {
		got.tokens, want.tokens = 0, 0 // a client takes the answer that its reader left for one at the usual speed
	}
	if got != want {
		t.Errorf("measured %+v\nsimulated %+v", got, want)
	}
	refusals(t, measured, expected, spec.Deployments[0].Vendor)
	differ := 0
	for _, id := range slices.Sorted(maps.Keys(simulated.calls)) {
		got, want := real.calls[id], simulated.calls[id]
		if slices.Equal(got, want) {
			continue
		}
		if differ++; differ <= 3 {
			k := 0
			for k < min(len(got), len(want)) && got[k] == want[k] {
				k++
			}
			t.Errorf("call %d, after %d lines the same\n  simulated: %s\n  over HTTP: %s", id, k,
				append(want, "nothing")[k], append(got, "nothing")[k])
		}
	}
	if differ > 0 || len(real.calls) != len(simulated.calls) {
		t.Errorf("%d of %d calls differ; %d were made over HTTP", differ, len(simulated.calls), len(real.calls))
	}
}

// refusals checks that the client counts what the deployments refused, by the
// names that the vendor tells it. It does not see the answer to an attempt whose
// call met its deadline before.
func refusals(t *testing.T, measured, simulated *metrics.Run, vendor string) {
	want := simulated.RejectedBy
	tells := func(as limit.Name, names ...limit.Name) {
		for _, n := range names {
			want[as] += want[n]
			want[n] = 0
		}
	}
	tells(limit.ByTPM, limit.ByQueuedTokens)
	switch vendor {
	case "together": // calls all of it a rate
		tells(limit.ByRamp, limit.ByTPM, limit.ByOversize)
	case "azure", "bedrock", "cerebras", "xai", "deepseek": // what is too large exceeds a limit like all else
		tells(limit.ByTPM, limit.ByOversize)
	case "anthropic", "gemini":
		tells(limit.ByITPM, limit.ByOversize)
	case "mistral": // says of requests only that none is left
		tells(limit.Unnamed, limit.ByTPM, limit.ByOversize)
	}
	const deadline = 1 // of the reasons of failure
	unseen := simulated.Rejected - measured.Rejected
	for n := range limit.NumNames {
		if missing := want[n] - measured.RejectedBy[n]; missing < 0 || missing > unseen {
			t.Errorf("measured %d refused by %v, simulated %d", measured.RejectedBy[n], n, want[n])
		}
	}
	if unseen < 0 || unseen > measured.Failed[deadline] {
		t.Errorf("measured %d refused, simulated %d; %d calls met their deadline", measured.Rejected, simulated.Rejected, measured.Failed[deadline])
	}
}

// total is what a run adds up to.
type total struct {
	calls, succeeded, censored, attempts, retries, tokens int64
	sessions, lostSessions, lostTurns                     int64
}

func totals(r *metrics.Run) total {
	return total{r.Calls, r.Succeeded, r.Censored, r.Attempts, r.Retries, r.Good, r.Sessions, r.LostSessions, r.LostTurns}
}

func simulate(t *testing.T, spec *scenarios.Spec) (*history, *metrics.Run) {
	h := &history{calls: map[uint64][]string{}}
	s := spec.Strategies[0]
	s.Factory = h.record(s.Factory)
	run, err := sim.Run(t.Context(), sim.Plan{Scenario: spec, Strategy: &s, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return h, run
}

func overHTTP(t *testing.T, spec *scenarios.Spec, h *history) *metrics.Run {
	network := newPipes()
	c := mock.Config{TrustBench: true}
	for i := range spec.Deployments {
		c.Deployments = append(c.Deployments, mock.Deployment{Name: spec.Deployments[i].Name, Config: spec.Deployments[i]})
	}
	handler, err := mock.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(network) }()
	defer server.Close()
	s := spec.Strategies[0]
	s.Factory = h.record(s.Factory)
	plan := bench.Plan{Scenario: spec, Strategy: &s, Seed: 1,
		URL: "http://mock", Key: "sk-parity", Start: time.Now().Add(300 * time.Millisecond), Dial: network.dial}
	if strings.HasPrefix(t.Name(), "TestParity/") { // the client that services have; all others are played with bench's own
		base := &http.Transport{DialContext: network.dial, MaxIdleConnsPerHost: bench.DefaultMaxOpen, DisableCompression: true}
		defer base.CloseIdleConnections()
		plan.Base = base
	}
	run, _, err := bench.Run(context.Background(), plan)
	if err != nil {
		t.Fatal(err)
	}
	return run
}
