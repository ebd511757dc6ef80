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
		want := []scenarios.Expectation{{Text: strings.Trim(tt.line, "'"), Strategy: tt.strategy, Metric: tt.metric, Op: tt.op, Value: tt.value}}
		if diff := cmp.Diff(want, spec.Expect); diff != "" {
			t.Errorf("%s: %s", tt.line, diff)
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

func TestMet(t *testing.T) {
	for op, want := range map[string][3]bool{ // of 1, 2 and 3, held against 2
		">=": {false, true, true}, "<=": {true, true, false}, ">": {false, false, true}, "<": {true, false, false}, "==": {false, true, false},
	} {
		e := scenarios.Expectation{Op: op, Value: 2}
		if got := [3]bool{e.Met(1), e.Met(2), e.Met(3)}; got != want {
			t.Errorf("%s: %v, want %v", op, got, want)
		}
		if e.Met(math.NaN()) {
			t.Errorf("%s: met by NaN", op)
		}
	}
}
