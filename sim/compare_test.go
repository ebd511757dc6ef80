package sim

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/catalog"
	"ratesim/sim/metrics"
)

// doubled asks a bucket of 60,000 tokens a minute for 50,000, and for 60,000 more from
// minute 2 to 4.
const doubled = `
name: doubled
duration: 6m
drain: 1m
workload:
  - {tenant: steady, arrivals: {process: spike, at: 0s, calls: 300, over: 6m}, prompt_tokens: 900, output_tokens: 100, deadline: 5s}
  - {tenant: extra, arrivals: {process: spike, at: 2m, calls: 120, over: 2m}, prompt_tokens: 900, output_tokens: 100, deadline: 5s}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {tpm: 60000, rpm: 10000}, charge: {reserve: actual}, latency: {ttft: 100ms, per_token: 1ms}}
  - {name: other, provider: openai/gpt-4o@tier-1, limits: {tpm: 60000, rpm: 10000}, charge: {reserve: actual}, latency: {ttft: 100ms, per_token: 1ms}}
strategies: [none, jitter, oracle, {name: elsewhere, use: ptu, primary: main, spill: other}]
`

// TestOverload: what comes from minute 2 to 4 is 220,000 tokens, and the limit gives
// 120,000 then and 60,000 that it has saved. So 40 of all 420 calls are lost, less the
// 5 that it can serve while the last ones wait.
func TestOverload(t *testing.T) {
	r, err := Compare(context.Background(), parse(t, doubled), Options{Seed: 1, Replications: 5})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Verdict.Overload); n != 1 {
		t.Fatalf("%d times of overload: %+v", n, r.Verdict.Overload)
	}
	near := func(what string, got, want, off float64) {
		if math.Abs(got-want) > off {
			t.Errorf("%s is %g, want %g give or take %g", what, got, want, off)
		}
	}
	o := &r.Verdict.Overload[0]
	if o.Limit != "tpm" {
		t.Errorf("the limit is %q", o.Limit)
	}
	near("its beginning", o.From, 120, 3)
	near("its end", o.To, 240, 3)
	near("the demand", o.Demand, 110_000, 5000)
	near("what is allowed", o.Allowed, 60_000, 1)
	near("what is missed", o.Missed, 35./420, 4./420)
	near("the share", o.Share, 1, 0)
	load := r.Load.Limits[slices.IndexFunc(r.Load.Limits, func(l metrics.LimitLoad) bool { return l.Limit == "tpm" })]
	asked := 0.0
	for _, a := range load.Asked[120:240] {
		asked += a / 120
	}
	near("what is asked for from minute 2 to 4", asked, 110_000, 2500) // five standard deviations are as much
	near("what the limit gives then", load.Allowed[180], 60_000, 1e-6)
	if r.Verdict.Fits != nil {
		t.Errorf("a tier of no catalog is enough: %+v", r.Verdict.Fits)
	}
	for i := range r.Strategies {
		s := &r.Strategies[i]
		most := 1 - 35./420
		if s.Name == "elsewhere" {
			most = 1 // two deployments are enough
		}
		want := s.Values[metrics.SuccessRate].Mean / most
		near(s.Name+"'s share of the optimum", s.Values[metrics.OfOptimum].Mean, want, 0.005)
	}
}

// TestLost: an attempt that the deployment fails, and one that takes longer than the
// client waits, are lost; one that is refused is not.
func TestLost(t *testing.T) {
	s := parse(t, `
name: lost
duration: 100s
fleet: {timeout: 2s, network: {latency: 10ms}}
workload:
  - {arrivals: {process: constant, rate: 1/s}, prompt_tokens: 10, output_tokens: 1}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 60}, window: fixed, latency: {ttft: 100ms, per_token: 1ms}}
faults:
  - {kind: outage, at: 10s, for: 10s, status: 503}
  - {kind: slow-stream, at: 30s, for: 10s, rate: 1, to: 1000}
strategies: [none]
`)
	r, err := Compare(context.Background(), s, Options{Seed: 1, Replications: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Strategies[0].Curves
	for i, lost := range c.LostPerS {
		if want := c.AttemptsPerS[i]; (i >= 10 && i < 20 || i >= 30 && i < 40) && (lost != want || want == 0) {
			t.Errorf("second %d: of %v attempts %v are lost", i, want, lost)
		} else if i > 40 && lost != 0 {
			t.Errorf("second %d: %v attempts are lost", i, lost)
		}
	}
}

// TestFit: where the demand is more than a tier gives, the smallest one of the same
// model is found at which somebody has 99 % of calls answered, or meets the SLO; the
// tier below is not enough.
func TestFit(t *testing.T) {
	for _, k := range []struct{ name, text, want string }{
		{"overload", "", "openai/gpt-4o@build"},
		{"SLO", "slo: [success_rate >= 50%, time_to_success_p50 <= 3s]", "openai/gpt-4o@build"},
		{"impossible SLO", "slo: [time_to_success_p50 <= 1ms]", ""},
	} {
		s := parse(t, `
name: fits
duration: 5m
drain: 1m
workload:
  - {arrivals: {process: poisson, rate: 120/m}, prompt_tokens: 900, output_tokens: 100, max_tokens: 100, deadline: 30s}
deployments: [{name: main, provider: openai/gpt-4o@tier-1}]
strategies: [none, jitter, paced, oracle]
`+k.text)
		r, err := Compare(context.Background(), s, Options{Seed: 1, Replications: 10, Catalog: catalog.Embedded()})
		if err != nil {
			t.Fatal(k.name, err)
		}
		if f := r.Verdict.Fits; f == nil || f.Provider != k.want {
			t.Errorf("%s: %+v is enough, want %q", k.name, f, k.want)
		}
	}
}

// A share is sized for the two instances at the beginning, or is what was said; with
// eight instances it is too much. A fleet that stays gets no warning.
func TestOversold(t *testing.T) {
	const fleet = "\nfleet: {instances: 2, churn: [{at: 1m, instances: 8}]}\n"
	list := "strategies: [queue, {name: whole, use: token-bucket, share: 100%}, {name: eighth, use: queue, share: 12.5%}, split, naive]\n"
	text := strings.Replace(doubled, "strategies: [none, jitter, oracle, {name: elsewhere, use: ptu, primary: main, spill: other}]\n", list, 1)
	want := []string{
		"queue: each of 8 instances paces to 50 % of the limit, so together they may send 4 times as much as the limit",
		"whole: each of 8 instances paces to 100 % of the limit, so together they may send 8 times as much as the limit",
	}
	if diff := cmp.Diff(want, oversold(parse(t, text+fleet))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := oversold(parse(t, strings.Replace(text, "100%", "50%", 1)+"fleet: {instances: 2}\n")); got != nil {
		t.Errorf("two instances: %q", got)
	}
}

// What is said of the setting goes into a result, and out of a saved one.
func TestSettingIsKept(t *testing.T) {
	r, err := Compare(context.Background(), parse(t, doubled), Options{Seed: 3, Replications: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var saved metrics.Result
	if err := json.Unmarshal(b, &saved); err != nil {
		t.Fatal(err)
	}
	var topics []string
	for _, s := range saved.Setting {
		topics = append(topics, s.Topic)
	}
	want := []string{"traffic", "limits", "limits", "clients", "faults", "answer time", "answer time", "strategies", "chance"}
	if diff := cmp.Diff(want, topics); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	if text := saved.Setting[len(saved.Setting)-1].Text; !strings.HasPrefix(text, "One replication with seed 3.") || saved.Setting[1].Source == "" {
		t.Errorf("chance: %q; limits: %+v", text, saved.Setting[1])
	}
}
