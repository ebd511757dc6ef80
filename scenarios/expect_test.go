package scenarios_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

const before = `name: x
duration: 1m
workload:
  - arrivals: {process: poisson, rate: 1/s}
    prompt_tokens: 100
    output_tokens: 50
deployments:
  - name: main
    provider: openai/gpt-4o@tier-1
strategies:
  - none
  - {name: none.v2, use: none}
  - oracle
expect:
  - `

func TestExpectations(t *testing.T) {
	for _, tt := range []struct {
		line             string
		strategy, metric string
		op               string
		value            float64
	}{
		{"none.success_rate >= 0.99", "none", "success_rate", ">=", 0.99},
		{"none.success_rate>=99%", "none", "success_rate", ">=", 0.99},
		{"none.latency_p95 <= 1m30s", "none", "latency_p95", "<=", 90},
		{"none.latency_p95 < 45", "none", "latency_p95", "<", 45},
		{"none.regret_s > -2s", "none", "regret_s", ">", -2},
		{"none.failures.deadline == 0", "none", "failures.deadline", "==", 0},
		{"none.v2.calls > 1e3", "none.v2", "calls", ">", 1000},
		{"'none.cost_usd < 0.5'", "none", "cost_usd", "<", 0.5},
	} {
		spec, err := scenarios.Parse("x", []byte(before+tt.line+"\n"), scenarios.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		want := []scenarios.Expectation{{Text: strings.Trim(tt.line, "'"), Left: scenarios.Term{Strategy: tt.strategy, Metric: tt.metric}, Op: tt.op, Value: tt.value}}
		if diff := cmp.Diff(want, spec.Expect); diff != "" {
			t.Errorf("%s: %s", tt.line, diff)
		}
	}
}

// A strategy is called in expect as in the file, or as results call it; a name of
// its own is never taken for a library of the catalog.
func TestExpectationsOfLibraries(t *testing.T) {
	const own = "{name: sdk:tenacity, use: none}"
	for _, tt := range []struct{ strategies, named, want string }{
		{"sdk:tenacity", "sdk:tenacity", "sdk:tenacity@9"},
		{"sdk:tenacity", "sdk:tenacity@9", "sdk:tenacity@9"},
		{"{use: sdk:tenacity}", "sdk:tenacity@9", "sdk:tenacity@9"},
		{"{name: sdk:tenacity, use: sdk:tenacity}", "sdk:tenacity", "sdk:tenacity@9"},
		{"{name: sdk:tenacity, layers: 'botocore, botocore'}", "sdk:tenacity", "sdk:tenacity"},
		{own, "sdk:tenacity", "sdk:tenacity"},
		{own + ", sdk:tenacity", "sdk:tenacity", "sdk:tenacity"},
		{"sdk:tenacity@9, " + own, "sdk:tenacity", "sdk:tenacity"},
		{"sdk:tenacity, " + own, "sdk:tenacity@9", "sdk:tenacity@9"},
	} {
		head, _, _ := strings.Cut(before, "strategies:")
		text := head + "strategies: [" + tt.strategies + "]\nexpect:\n  - "
		spec, err := scenarios.Parse("x", []byte(text+tt.named+".calls > 0\n"), scenarios.Options{})
		if err != nil || len(spec.Expect) != 1 || spec.Expect[0].Left.Strategy != tt.want {
			t.Errorf("%s of [%s]: %v; want %s", tt.named, tt.strategies, err, tt.want)
		}
	}
	text := strings.Replace(before, "  - none\n", "  - "+own+"\n", 1)
	for want, use := range map[string]string{"sdk:tenacity": "none", "sdk:tenacity@9": "sdk:tenacity@9"} {
		spec, err := scenarios.Parse("x", []byte(text+"oracle.calls > 0\n"), scenarios.Options{Strategies: []string{want}})
		if err != nil || len(spec.Strategies) != 1 || spec.Strategies[0].Use != use {
			t.Errorf("--strategies %s: %v; want %s", want, err, use)
		}
	}
}

// Every metric of a result can be expected something of, in its own unit, and
// nothing else can.
func TestEveryMetricCanBeExpected(t *testing.T) {
	var allowed []string
	for _, m := range metrics.Metrics() {
		allowed = append(allowed, m.Name)
		spec, err := scenarios.Parse("x", []byte(before+"none."+m.Name+" >= 1\n"), scenarios.Options{})
		if err != nil || spec.Expect[0].Value != 1 {
			t.Errorf("%s: %v", m.Name, err)
		}
		for suffix, unit := range map[string]metrics.Unit{"%": metrics.Share, "m": metrics.Seconds} {
			_, err := scenarios.Parse("x", []byte(before+"none."+m.Name+" >= 1"+suffix+"\n"), scenarios.Options{})
			if (err == nil) != (m.Unit == unit) {
				t.Errorf("%s >= 1%s: %v", m.Name, suffix, err)
			}
		}
	}
	_, err := scenarios.Parse("x", []byte(before+"none.nonsense >= 1\n"), scenarios.Options{})
	if want := "allowed: " + strings.Join(allowed, ", "); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v; want %s", err, want)
	}
}

// A second strategy's metric may stand for the value.
func TestExpectationsOfTwo(t *testing.T) {
	none := func(metric string) scenarios.Term { return scenarios.Term{Strategy: "none", Metric: metric} }
	for _, tt := range []struct {
		line string
		want scenarios.Expectation
	}{
		{"none.calls >= none.attempts", scenarios.Expectation{Left: none("calls"), Op: ">=", Factor: 1, Right: none("attempts")}},
		{"none.calls<2*none.attempts", scenarios.Expectation{Left: none("calls"), Op: "<", Factor: 2, Right: none("attempts")}},
		{"none.calls >= 50% * none.v2.failures.deadline", scenarios.Expectation{Left: none("calls"), Op: ">=", Factor: 0.5,
			Right: scenarios.Term{Strategy: "none.v2", Metric: "failures.deadline"}}},
		{"none.latency_p95 <= oracle.latency_p95 + 1m30s", scenarios.Expectation{Left: none("latency_p95"), Op: "<=", Factor: 1,
			Right: scenarios.Term{Strategy: "oracle", Metric: "latency_p95"}, Value: 90}},
		{"none.success_rate > 0.9 * none.v2.success_rate-5%", scenarios.Expectation{Left: none("success_rate"), Op: ">", Factor: 0.9,
			Right: scenarios.Term{Strategy: "none.v2", Metric: "success_rate"}, Value: -0.05}},
	} {
		spec, err := scenarios.Parse("x", []byte(before+tt.line+"\n"), scenarios.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		tt.want.Text = tt.line
		if diff := cmp.Diff([]scenarios.Expectation{tt.want}, spec.Expect); diff != "" {
			t.Errorf("%s: %s", tt.line, diff)
		}
	}
	spec, err := scenarios.Parse("x", []byte(before+"none.calls >= none.v2.calls\n"), scenarios.Options{Strategies: []string{"none"}})
	if err != nil || len(spec.Expect) != 0 || len(spec.Warnings) != 1 {
		t.Errorf("without the second strategy: %v, %+v", err, spec)
	}
}

func TestMet(t *testing.T) {
	for op, want := range map[string][3]bool{ // of 1, 2 and 3, held against 2
		">=": {false, true, true}, "<=": {true, true, false}, ">": {false, false, true}, "<": {true, false, false}, "==": {false, true, false},
	} {
		e := scenarios.Expectation{Op: op}
		if got := [3]bool{e.Met(1, 2), e.Met(2, 2), e.Met(3, 2)}; got != want {
			t.Errorf("%s: %v, want %v", op, got, want)
		}
		if e.Met(math.NaN(), 2) || e.Met(2, math.NaN()) {
			t.Errorf("%s: met by NaN", op)
		}
	}
}
