package tune

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// parse reads a scenario.
func parse(t testing.TB, text string) *scenarios.Spec {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settings tries values of one parameter of the scenario's only strategy.
func settings(t testing.TB, s *scenarios.Spec, axes ...string) []scenarios.Strategy {
	t.Helper()
	var list []Axis
	for _, text := range axes {
		a, err := ParseAxis(text, &s.Strategies[0])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	found, refused, err := Settings(s, &s.Strategies[0], list, 24, 1)
	if err != nil || refused != "" {
		t.Fatal(refused, err)
	}
	return found
}

func search(t testing.TB, p Problem, o Options) *metrics.Tuning {
	t.Helper()
	found, err := Run(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func on(s *scenarios.Spec, settings []scenarios.Strategy) Problem {
	return Problem{Choose: []*scenarios.Spec{s}, Judge: []*scenarios.Spec{s}, Strategy: s.Strategies[0].Name, Settings: settings}
}

// bucket is a client that is asked for two calls a second before a limit of rpm calls a
// minute, of which refusals use one too. It sends at most rate calls a second.
func bucket(t testing.TB, rpm int, rate float64) *scenarios.Spec {
	return parse(t, fmt.Sprintf(`
name: bucket
duration: 5m
drain: 1m
workload:
  - {arrivals: {process: poisson, rate: 2/s}, prompt_tokens: 100, output_tokens: 10, max_tokens: 10, deadline: 30s}
deployments:
  - {name: main, provider: openai/gpt-4o-mini@tier-1, limits: {rpm: %d}, window: sliding-log, charge: {rejected: true}, latency: {ttft: 100ms, per_token: 0s}}
strategies:
  - {name: bucket, use: "sdk:langchain-limiter@1", requests_per_second: %v, max_retries: 0, check_every: 10ms}
`, rpm, rate))
}

const rates = "requests_per_second=0.25,0.5,0.8,1,1.1,1.5,2"

// Up to the limit, a client that sends r calls a second from the first second to the deadline
// of the last call has r·(300+30) s of 2·300 answered. Above the limit its refusals fill the
// window, and what it gets is less. So the best rate is that of the limit.
func TestBucket(t *testing.T) {
	s := bucket(t, 60, 0.5)
	found := search(t, on(s, settings(t, s, rates)), Options{Seed: 3, Runs: 200})
	if found.State != metrics.Better || found.Best != "requests_per_second=1" || found.Line != `{name: bucket, use: "sdk:langchain-limiter@1", max_retries: 0, requests_per_second: 1, check_every: 10ms}` {
		t.Errorf("%s: %s, %s", found.State, found.Best, found.Line)
	}
	for name, rate := range map[string]float64{Default: 0.5, found.Best: 1} {
		want := 1000 - 1000*rate*330/600
		if got := found.Held.Find(name).Values[metrics.FailedPer1000].Mean; math.Abs(got-want) > 20 {
			t.Errorf("%s: %.0f of 1,000 fail, by the formula %.0f", name, got, want)
		}
	}
	if s := found.Settings[slices.IndexFunc(found.Settings, func(s metrics.TunedSetting) bool { return s.Name == "requests_per_second=0.5" })]; s.Like != Default {
		t.Errorf("the default's own value is like %q", s.Like)
	}
	if found.Runs > 200 {
		t.Errorf("%d runs of 200", found.Runs)
	}
}

// What is best before a limit of 60 a minute is the worst choice before one of 30: the
// default must win, and the report must say that the choice does not hold.
func TestChoiceDoesNotHold(t *testing.T) {
	choose, judge := bucket(t, 60, 0.5), bucket(t, 30, 0.5)
	p := on(judge, settings(t, judge, rates))
	p.Choose = []*scenarios.Spec{choose}
	found := search(t, p, Options{Seed: 1, Runs: 160})
	if found.State != metrics.Worse || found.Best != "requests_per_second=1" || !strings.Contains(found.Line, "requests_per_second: 0.5") {
		t.Errorf("%s: %s, %s", found.State, found.Best, found.Line)
	}
	if v := found.Claim; v.State != metrics.Decided || v.Chosen[0] != found.Best {
		t.Errorf("where it was chosen: %+v", v)
	}
}

// The default is at the limit, so that nothing can be better, whatever chance says.
func TestDefaultIsBest(t *testing.T) {
	s := bucket(t, 60, 1)
	found := search(t, on(s, settings(t, s, "requests_per_second=0.25,0.5,0.8,1.1,1.5,2")), Options{Seed: 1, Runs: 200})
	if found.State != metrics.Worse || !strings.Contains(found.Line, "requests_per_second: 1,") {
		t.Errorf("%s: %s, %s", found.State, found.Best, found.Line)
	}
}

// herd is 300 clients that call at once before a limit that lets one through at a time.
const herd = `
name: herd
duration: 1s
drain: 10m
fleet: {instances: 300}
workload:
  - {arrivals: {process: spike, at: 0s, calls: 300, over: 10ms}, prompt_tokens: 100, output_tokens: 10, max_tokens: 10}
deployments:
  - {name: main, provider: openai/gpt-4o-mini@tier-1, limits: {rpm: 600}, window: per-second, latency: {ttft: 100ms, per_token: 0s, refusal: 10ms}}
strategies: [jitter]
`

// The retries of a herd with ±w of jitter fall into 2w times the delay, and a limit that lets
// a fixed number through each time serves the more of them, the longer that is: the widest
// jitter is best, and none is worst.
func TestHerd(t *testing.T) {
	s := parse(t, herd)
	found := search(t, on(s, settings(t, s, "jitter=75%,10%,none,100%,25%,50%")), Options{Seed: 1, Runs: 84})
	if found.State != metrics.Better || found.Best != "jitter=100%" {
		t.Errorf("%s: %s", found.State, found.Best)
	}
	before := math.Inf(1)
	for _, w := range []string{"none", "10%", "25%", "50%", "75%", "100%"} {
		k := found.Settings[slices.IndexFunc(found.Settings, func(s metrics.TunedSetting) bool { return s.Name == "jitter="+w })]
		if k.Like == Default {
			k = found.Settings[0] // ±25 %
		}
		if k.FailedPer1000.Mean >= before {
			t.Errorf("with jitter %s %.0f of 1,000 fail, with less %.0f", w, k.FailedPer1000.Mean, before)
		}
		before = k.FailedPer1000.Mean
	}
}

// crowd is some clients that call at once before a limit of 600 calls a minute that refills
// every second.
func crowd(t *testing.T, calls int, strategy string) *scenarios.Spec {
	return parse(t, fmt.Sprintf(`
name: crowd
duration: 1s
drain: 10m
workload:
  - {arrivals: {process: spike, at: 0s, calls: %d, over: 10ms}, prompt_tokens: 100, output_tokens: 10, max_tokens: 10}
deployments:
  - {name: main, provider: openai/gpt-4o-mini@tier-1, limits: {rpm: 600}, window: per-second, latency: {ttft: 100ms, per_token: 0s, refusal: 10ms}}
strategies: [%s]
`, calls, strategy))
}

// noise returns settings that differ in nothing but the draws of the strategy's jitter.
func noise(s *scenarios.Spec, n int) []scenarios.Strategy {
	list := []scenarios.Strategy{s.Strategies[0]}
	list[0].Name = Default
	for i := range n {
		k := s.Strategies[0]
		k.Name = fmt.Sprintf("draws=%d", i)
		k.Factory = func(env strategies.Env) strategies.Strategy {
			env.Key = env.Key.Sub(rng.Situation, uint64(i))
			return s.Strategies[0].Factory(env)
		}
		list = append(list, k)
	}
	return list
}

// states counts what tunings on noise alone come to, over seeds.
func states(t *testing.T, s *scenarios.Spec, seeds, settings, runs int) map[metrics.TuningState]int {
	count := map[metrics.TuningState]int{}
	for seed := range seeds {
		count[search(t, on(s, noise(s, settings)), Options{Seed: uint64(seed), Runs: runs}).State]++
	}
	return count
}

// On noise alone the default is as good, in at least 95 % of the seeds.
func TestNoise(t *testing.T) {
	s := crowd(t, 100, "{use: jitter, jitter: full, max_retries: 4}") // half of the calls fail
	const seeds = 40
	count := states(t, s, seeds, 3, 120)
	t.Log(count)
	if good := count[metrics.AsGood]; good < seeds*95/100 {
		t.Errorf("%v: the default is as good in %d of %d seeds", count, good, seeds)
	}
}

// Where few calls fail, chance makes differences that would matter: the best of six
// settings looks better than the default where it was chosen. It may be called better in 5 % of the
// seeds at most.
func TestNoiseOfFailures(t *testing.T) {
	s := crowd(t, 30, "{use: jitter, jitter: full, max_retries: 6}")
	const seeds = 40
	count := states(t, s, seeds, 6, 70)
	t.Log(count)
	if wrong := count[metrics.Better] + count[metrics.Worse]; wrong > seeds*5/100 {
		t.Errorf("%v: noise is taken for a difference in %d of %d seeds", count, wrong, seeds)
	}
}

// A parameter that nothing depends on has no effect: no call is retried so often.
func TestNoEffect(t *testing.T) {
	s := bucket(t, 60, 1)
	found := search(t, on(s, settings(t, s, "max_retries=1,2,3")), Options{Seed: 1, Runs: 200})
	if found.State != metrics.NoEffect || found.Best != "" || found.Held != nil || found.Settings[2].Like != Default {
		t.Errorf("%+v", found)
	}
}

// With objectives the setting that meets them is better, though it sends more.
func TestObjective(t *testing.T) {
	s := bucket(t, 60, 0.5)
	s.SLO = []scenarios.Objective{{Text: "success_rate >= 50%", Metric: "success_rate", Op: ">=", Value: 0.5}}
	found := search(t, on(s, settings(t, s, rates)), Options{Seed: 1, Runs: 160})
	if found.State != metrics.Better || found.Best != "requests_per_second=1" || found.Held.Verdict.MeetsSLO[Default] != metrics.No {
		t.Errorf("%s: %s, %+v", found.State, found.Best, found.Held.Verdict)
	}
	s.SLO[0].Value = 0.9 // above the limit
	found = search(t, on(s, settings(t, s, rates)), Options{Seed: 1, Runs: 160})
	if found.State != metrics.NoneGood || found.Best != "requests_per_second=1" {
		t.Errorf("%s: %s", found.State, found.Best)
	}
}

// The numbers that are judged by are those of a comparison with the same seed, which draws
// and judges by code of its own.
func TestComparison(t *testing.T) {
	s := bucket(t, 60, 0.5)
	found := search(t, on(s, settings(t, s, rates)), Options{Seed: 7, Runs: 160})
	best := slices.IndexFunc(found.Settings, func(s metrics.TunedSetting) bool { return s.Name == found.Best })
	other, faults := s.With(&s.Strategies[0], found.Best, found.Settings[best].Args)
	if faults != nil {
		t.Fatal(faults)
	}
	both := *s
	both.Strategies = []scenarios.Strategy{s.Strategies[0], other}
	r, err := sim.Compare(t.Context(), &both, sim.Options{Seed: 7, Replications: found.Held.Replications})
	if err != nil {
		t.Fatal(err)
	}
	for a, b := range map[string]string{Default: s.Strategies[0].Name, found.Best: found.Best} {
		for id := range metrics.NumMetrics {
			x, y := found.Held.Find(a).Values[id], r.Find(b).Values[id]
			if id == metrics.OfOptimum {
				continue // which takes a survey of the calls
			}
			if (x == nil) != (y == nil) || x != nil && (x.Mean != y.Mean && !math.IsNaN(x.Mean)) {
				t.Errorf("%s of %s: %v, in a comparison %v", metrics.Metrics()[id].Name, a, x, y)
			}
		}
	}
	if x, y := found.Held.Verdict.Why[0], r.Verdict.Why[0]; *x.Difference != *y.Difference {
		t.Errorf("difference %+v, in a comparison %+v", x.Difference, y.Difference)
	}
}

// The result does not depend on the number of cores.
func TestCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var first []byte
	s := crowd(t, 60, "jitter")
	for _, cores := range []int{1, 4} {
		runtime.GOMAXPROCS(cores)
		b, err := json.Marshal(search(t, on(s, settings(t, s, "jitter=none,10%,50%", "base=500ms,2s,4s")), Options{Seed: 1, Runs: 400}).Settings)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Errorf("%d cores:\n%s\none:\n%s", cores, b, first)
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := bucket(t, 60, 0.5)
	found, err := Run(ctx, on(s, settings(t, s, rates)), Options{Runs: 300, Progress: func(done, of int) {
		if done == 100 {
			cancel()
		}
	}})
	if found != nil || err != context.Canceled {
		t.Errorf("%+v, %v", found, err)
	}
}

// Half of the runs choose and half judge; each round makes as many.
func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		settings, runs int
		want           string
	}{
		// 500 runs in three rounds of 166: 25·6; 13·12 more; 7·23 more; then 500 ÷ 7.
		{25, 1000, "25 settings run in 6 replications each, the best 7 of them in 41 after 3 rounds; they are judged on 71 others or more"},
		{7, 210, "7 settings run in 15 replications each; they are judged on 15 others or more"},
		{2, 20, "2 settings run in 5 replications each; they are judged on 5 others or more"},
	} {
		p, err := NewPlan(tt.settings, tt.runs)
		if err != nil || p.String() != tt.want {
			t.Errorf("%d settings, %d runs: %s, %v", tt.settings, tt.runs, p, err)
		}
	}
	if _, err := NewPlan(25, 749); err == nil || err.Error() != "25 settings need at least 750 runs, got 749" {
		t.Error(err)
	}
	if _, err := NewPlan(25, 750); err != nil {
		t.Error(err)
	}
	if _, err := NewPlan(1, 100); err == nil {
		t.Error("took one setting")
	}
}

// Each period of a part counts as often, in an order that the seed names.
func TestPart(t *testing.T) {
	for _, n := range []int{1, 3, 7} {
		seen := map[int]int{}
		s := &searching{Options: Options{Seed: 5}}
		for r := range 3 * n {
			seen[s.part(r, n)]++
		}
		if len(seen) != n || seen[0] != 3 || seen[n-1] != 3 {
			t.Errorf("%d: %v", n, seen)
		}
	}
}
