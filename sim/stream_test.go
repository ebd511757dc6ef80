package sim

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/scenarios"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/strategies"
)

// streamed is one call at 0 s, whose first token comes after 1 s and the last of 100 at 2 s.
// A token of the prompt costs 0.15, one of the output 0.60 USD a million.
const streamed = `
name: streamed
duration: 1m
fleet: {timeout: 30s}
workload:
  - {tenant: web, arrivals: {process: spike, at: 0s, calls: 1}, prompt_tokens: 100, output_tokens: 100, max_tokens: 500, stream: true}
deployments:
  - name: main
    provider: openai/gpt-4o-mini@tier-1
    limits: {rpm: none, tpm: 6000}
    window: sliding-log
    latency: {ttft: 1s, per_token: 10ms, refusal: 0s}
    charge: {reserve: max_tokens, settle: true}
strategies: [none]
`

// TestStream: a streamed answer has to begin within the timeout, belongs to its reader from
// then on, and stops being produced when nobody reads it where the vendor does so.
func TestStream(t *testing.T) {
	const ms = clock.Time(time.Millisecond)
	const network, leaves = "fleet.network={latency: 100ms}", "workload.web.leave={share: 100%, after: 300ms}"
	const free = -1
	good := strategies.NumReasons
	for _, k := range []struct {
		name    string
		set     []string
		end     clock.Time
		why     strategies.Reason // good = it succeeds
		good    int64             // tokens that the reader had
		charged float64           // at the end of duration
		output  float64           // tokens billed, beside those of the prompt; free = nothing is
	}{
		{"read to its end", nil, 2000 * ms, good, 200, 200, 100},
		{"begins within the timeout", []string{"fleet.timeout=1s"}, 2000 * ms, good, 200, 200, 100},
		{"begins a nanosecond too late", []string{"fleet.timeout=1s", "deployments.main.latency.ttft=1.000000001s"}, 1000 * ms, strategies.MaxRetries, 0, 100, 0},
		{"given up before its first token", []string{"workload.web.first_token=900ms"}, 900 * ms, strategies.Deadline, 0, 100, 0},
		{"begun before it is given up", []string{"workload.web.first_token=1001ms"}, 2000 * ms, good, 200, 200, 100},
		{"given up in the middle", []string{"workload.web.deadline=1500ms"}, 1500 * ms, strategies.Deadline, 0, 150, 50},
		{"and before that has time to begin", []string{"workload.web.deadline=1500ms", "workload.web.first_token=1100ms"}, 1500 * ms, strategies.Deadline, 0, 150, 50},
		{"given up, and produced all the same", []string{"workload.web.deadline=1500ms", "deployments.main.charge.stops_streams=false"}, 1500 * ms, strategies.Deadline, 0, 200, 100},
		{"its reader leaves", []string{leaves}, 1300 * ms, good, 130, 130, 30},
		{"and it is produced all the same", []string{leaves, "deployments.main.charge.stops_streams=false"}, 1300 * ms, good, 130, 200, 100},
		{"over before its reader would leave", []string{"workload.web.leave={share: 100%, after: 5s}"}, 2000 * ms, good, 200, 200, 100},
		// The first token leaves the server at 1.1 s and comes at 1.2 s; that the reader left at
		// 1.5 s is known there at 1.6 s.
		{"its reader leaves, far away", []string{network, leaves}, 1500 * ms, good, 130, 150, 50},
		{"given up in the middle, far away", []string{network, "workload.web.deadline=1500ms"}, 1500 * ms, strategies.Deadline, 0, 150, 50},
		// It left at 0 s and arrives at 100 ms; that its client gave up is known at 150 ms.
		{"given up on its way", []string{network, "workload.web.deadline=50ms"}, 50 * ms, strategies.Deadline, 0, 100, 0},
		{"hangs before anything came", []string{"faults=[{kind: hang, rate: 1}]"}, 30_000 * ms, strategies.MaxRetries, 0, 100, free},
		{"hangs in the middle", []string{"faults=[{kind: hang, how: mid-body, rate: 1}]", "workload.web.deadline=40s"}, 40_000 * ms, strategies.Deadline, 0, 200, free},
		{"no HTTP at all", []string{"faults=[{kind: garbled, how: status-line, rate: 1}]"}, 1000 * ms, strategies.MaxRetries, 0, 200, free},
		{"random bytes", []string{"faults=[{kind: garbled, rate: 1}]"}, 2000 * ms, strategies.BrokenStream, 0, 200, free},
		{"complete, whatever was announced", []string{"faults=[{kind: reset, how: short, rate: 1}]"}, 2000 * ms, good, 200, 200, 100},
		{"closed after 60 tokens", []string{"faults=[{kind: reset, after: 800, rate: 1}]"}, 1600 * ms, strategies.BrokenStream, 0, 160, free},
		{"an error before the first token", []string{"faults=[{kind: errors, status: 500, rate: 1}]"}, 1000 * ms, strategies.MaxRetries, 0, 100, free},
		{"three times as slow", []string{"faults=[{kind: slow-stream, to: 3, rate: 1}]", "fleet.timeout=3s"}, 6000 * ms, good, 200, 200, 100},
	} {
		t.Run(k.name, func(t *testing.T) {
			s, err := scenarios.Parse("test.yaml", []byte(streamed), scenarios.Options{Set: k.set})
			if err != nil {
				t.Fatal(err)
			}
			r := play(t, s, 0)
			succeeded, failed := int64(0), [strategies.NumReasons]int64{}
			if succeeded = 1; k.why != good {
				succeeded, failed[k.why] = 0, 1
			}
			if r.LastEnd != k.end || r.Succeeded != succeeded || r.Failed != failed || r.Good != k.good || r.Charged != k.charged {
				t.Errorf("ended at %v with %d answers, failures %v, %d tokens read and %v charged; want %v, %d, %v, %d and %v",
					r.LastEnd, r.Succeeded, r.Failed, r.Good, r.Charged, k.end, succeeded, failed, k.good, k.charged)
			}
			usd := 0.0
			if k.output != free {
				usd = 100*0.15/1e6 + k.output*0.60/1e6
			}
			if math.Abs(r.CostUSD-usd) > 1e-12 {
				t.Errorf("costs %v USD, want %v", r.CostUSD, usd)
			}
		})
	}
}

// TestStreamTimes: of 100 calls a second apart every fourth has a first token after 3 s, and
// all have their tokens at even gaps of 10 ms. A tenth of the answers breaks off.
func TestStreamTimes(t *testing.T) {
	s, err := scenarios.Parse("test.yaml", []byte(streamed), scenarios.Options{Set: []string{
		"duration=1000s", "workload.web.arrivals={process: constant, rate: 1/s}", "deployments.main.limits={rpm: none, tpm: none}",
		"deployments.main.latency.ttft={dist: empirical, values: [1s, 1s, 1s, 3s]}", "faults=[{kind: mid-stream, rate: 0.1}]"}})
	if err != nil {
		t.Fatal(err)
	}
	run := play(t, s, 0)
	sample := metrics.NewSample([]metrics.Outcome{{Name: "none", Runs: []*metrics.Run{run}}})
	for name, want := range map[string]float64{"ttft_p50": 1, "ttft_p95": math.Inf(1), "tpot_p50": 0.01, "latency_p50": 2, "latency_p99": 4} {
		id, ok := metrics.Find(name)
		if got := sample.Value(0, metrics.Part{}, id); !ok || math.Abs(got-want) > 0.001*want && got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	broken := run.Failed[strategies.BrokenStream] + run.Failed[strategies.MaxRetries] // a break before the first token has a status
	if run.Streamed != 1000 || broken < 70 || broken > 130 || run.Succeeded != 1000-broken {
		t.Errorf("%d streamed, %d broken, %d succeeded of 1000", run.Streamed, broken, run.Succeeded)
	}
}

// TestStreamLaws: whatever is streamed, given up and left, the books balance and the
// bound on what can succeed holds.
func TestStreamLaws(t *testing.T) {
	faults := []string{"mid-stream", "reset", "reset, how: short", "hang", "hang, how: mid-body", "garbled", "garbled, how: status-line", "slow-stream, to: 4", "errors, status: 529"}
	rapid.Check(t, func(t *rapid.T) {
		set := []string{"workload.web.arrivals={process: poisson, rate: 2/s}", "drain=2m",
			"workload.web.stream=" + rapid.SampledFrom([]string{"true", "false", "50%"}).Draw(t, "stream"),
			"deployments.main.provider=" + rapid.SampledFrom([]string{"openai/gpt-4o-mini@tier-1", "groq/sample@100k", "anthropic/claude-sonnet-4.5@start"}).Draw(t, "provider"),
			"deployments.main.latency.ttft={dist: lognormal, p50: 1s, p95: 4s}",
			"fleet={instances: 2, timeout: " + rapid.SampledFrom([]string{"2s", "30s"}).Draw(t, "timeout") + ", network: {latency: 50ms, jitter: 40ms}}",
			"faults=[{kind: " + rapid.SampledFrom(faults).Draw(t, "fault") + ", rate: " + rapid.SampledFrom([]string{"0.02", "0.5"}).Draw(t, "rate") + "}]"}
		if set[2] != "workload.web.stream=false" {
			if rapid.Bool().Draw(t, "leaves") {
				set = append(set, "workload.web.leave={share: 50%, after: {dist: uniform, min: 0s, max: 2s}}")
			}
			if rapid.Bool().Draw(t, "first token") {
				set = append(set, "workload.web.first_token=3s")
			}
		}
		if rapid.Bool().Draw(t, "deadline") {
			set = append(set, "workload.web.deadline=10s")
		}
		set = append(set, "strategies=["+rapid.SampledFrom([]string{"none", "jitter", "{use: compose, hedge: 90%}", "queue", "paced", "oracle"}).Draw(t, "strategy")+"]")
		s, err := scenarios.Parse("test.yaml", []byte(streamed), scenarios.Options{Set: set})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Compare(t.Context(), s, Options{Replications: 1, Seed: rapid.Uint64Max(99).Draw(t, "seed")})
		if err != nil {
			t.Fatal(err)
		}
		if of := r.Strategies[0].Values[metrics.OfOptimum]; of != nil && of.Mean > 1 {
			t.Fatalf("%v of the optimum", of.Mean)
		}
	})
}
