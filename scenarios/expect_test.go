package scenarios_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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
	known := map[string]metrics.Unit{}
	for _, m := range metrics.Metrics() {
		known[m.Name] = m.Unit
	}
	for name, measured := range known {
		spec, err := scenarios.Parse("x", []byte(before+"none."+name+" >= 1\n"), scenarios.Options{})
		if err != nil || spec.Expect[0].Value != 1 || spec.Expect[0].Left != (scenarios.Term{Strategy: "none", Metric: name}) {
			t.Errorf("%s: %v", name, err)
		}
		for suffix, unit := range map[string]metrics.Unit{"%": metrics.Share, "m": metrics.Seconds} {
			_, err := scenarios.Parse("x", []byte(before+"none."+name+" >= 1"+suffix+"\n"), scenarios.Options{})
			if (err == nil) != (measured == unit) {
				t.Errorf("%s >= 1%s: %v", name, suffix, err)
			}
		}
	}
	allowed := map[string]bool{}
	for _, unknown := range []string{"nonsense", "failures.nonsense", "rejected_by.nonsense"} {
		_, err := scenarios.Parse("x", []byte(before+"none."+unknown+" >= 1\n"), scenarios.Options{})
		if err == nil {
			t.Errorf("%s is accepted", unknown)
			continue
		}
		_, list, _ := strings.Cut(err.Error(), "allowed: ")
		for name := range strings.SplitSeq(list, ", ") {
			allowed[name] = true
		}
	}
	delete(allowed, "failures.…") // each is listed to who wrote one like it
	delete(allowed, "rejected_by.…")
	for name := range known {
		if !allowed[name] {
			t.Errorf("%s is not said to be allowed", name)
		}
		delete(allowed, name)
	}
	if len(allowed) > 0 {
		t.Errorf("said to be allowed: %v", allowed)
	}
}

const tenants = `name: x
duration: 1m
workload:
  - {tenant: quiet, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}
  - {tenant: night.job-2, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}
  - {tenant: large, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1}
strategies: [none, {name: none.quiet, use: none}, sdk:tenacity]
`

// A metric may be that of one tenant, or of a third of the calls by prompt length. A
// name that is a tenant's and a part's is the tenant's; one that is a strategy's as a
// whole is the strategy's.
func TestExpectationsOfParts(t *testing.T) {
	type term = scenarios.Term
	for _, tt := range []struct {
		line        string
		left, right term
		value       float64
	}{
		{"none.night.job-2.success_rate >= 99%", term{"none", "night.job-2", "", "success_rate"}, term{}, 0.99},
		{"none.quiet.success_rate >= 99%", term{"none.quiet", "", "", "success_rate"}, term{}, 0.99},
		{"none.quiet.quiet.latency_p95 <= 9s", term{"none.quiet", "quiet", "", "latency_p95"}, term{}, 9},
		{"none.small.time_to_success_p95 <= 9s", term{"none", "", "small", "time_to_success_p95"}, term{}, 9},
		{"none.medium.failures.deadline < 3", term{"none", "", "medium", "failures.deadline"}, term{}, 3},
		{"none.large.calls < 3", term{"none", "large", "", "calls"}, term{}, 3},
		{"sdk:tenacity.small.rejected_by.shared-pool < 3", term{"sdk:tenacity@9", "", "small", "rejected_by.shared-pool"}, term{}, 3},
		{"none.small.calls >= none.night.job-2.calls-5", term{"none", "", "small", "calls"}, term{"none", "night.job-2", "", "calls"}, -5},
		{"none.rejected_by.shared-pool >= none.quiet.rejected_by.shared-pool - 2", term{"none", "", "", "rejected_by.shared-pool"}, term{"none.quiet", "", "", "rejected_by.shared-pool"}, -2},
	} {
		spec, err := scenarios.Parse("x", []byte(tenants+"expect: ['"+tt.line+"']\n"), scenarios.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		e := spec.Expect[0]
		if diff := cmp.Diff([]any{tt.left, tt.right, tt.value, ""}, []any{e.Left, e.Right, e.Value, e.Chosen}); diff != "" {
			t.Errorf("%s: %s", tt.line, diff)
		}
	}
}

// A tenant is found whatever its name: as a property, over names of letters, dots and
// dashes, of metrics and of parts, of tenants of which one may begin as another does.
func TestEveryTenantCanBeExpected(t *testing.T) {
	words := []string{"a", "b-2", "calls", "failures", "deadline", "small", "latency_p95", "rejected_by", "shared-pool"}
	all := metrics.Metrics()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 3).Draw(t, "words"), ".")
		})
		text := "name: x\nduration: 1m\nworkload:\n"
		tenants := rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(t, "tenants")
		for _, tenant := range tenants {
			text += "  - {tenant: " + tenant + ", arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}\n"
		}
		tenant := rapid.SampledFrom(tenants).Draw(t, "tenant")
		metric := rapid.SampledFrom([]string{"calls", "success_rate", "latency_p95", "failures.deadline", "rejected_by.shared-pool"}).Draw(t, "metric")
		written := tenant + "." + metric
		// What can be read in two ways is another metric, or another tenant's.
		is := func(s string) bool {
			return slices.ContainsFunc(all, func(m metrics.Metric) bool { return m.Name == s })
		}
		if is(written) {
			t.Skip("a metric of all calls")
		}
		for _, other := range append(slices.Clone(tenants), "small", "medium", "large") {
			if rest, ok := strings.CutPrefix(written, other+"."); ok && len(other) > len(tenant) && is(rest) {
				t.Skip("another's")
			}
		}
		text += "deployments: [{name: main, provider: openai/gpt-4o@tier-1}]\nstrategies: [none]\nslo: ['" + written + " >= 0']\nexpect: ['none." + written + " >= 0']\n"
		spec, err := scenarios.Parse("x", []byte(text), scenarios.Options{})
		if err != nil {
			t.Fatalf("%s of %q: %v", written, tenants, err)
		}
		if got := spec.Expect[0].Left; got != (scenarios.Term{Strategy: "none", Tenant: tenant, Metric: metric}) {
			t.Errorf("%s of %q is read as %+v", written, tenants, got)
		}
		if got := spec.SLO[0]; got.Tenant != tenant || got.Metric != metric {
			t.Errorf("%s of %q is read as %+v", written, tenants, got)
		}
	})
}

// The verdict may be expected to choose a strategy, by its name in the file or in
// results.
func TestExpectationsOfTheVerdict(t *testing.T) {
	for line, want := range map[string]scenarios.Expectation{
		"verdict.chosen == none":           {Chosen: "none", Op: "=="},
		"verdict.chosen!=none.quiet":       {Chosen: "none.quiet", Op: "!="},
		"verdict.chosen == sdk:tenacity":   {Chosen: "sdk:tenacity@9", Op: "=="},
		"verdict.chosen == sdk:tenacity@9": {Chosen: "sdk:tenacity@9", Op: "=="},
	} {
		spec, err := scenarios.Parse("x", []byte(tenants+"expect: ['"+line+"']\n"), scenarios.Options{})
		want.Text = line
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if diff := cmp.Diff([]scenarios.Expectation{want}, spec.Expect); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
	spec, err := scenarios.Parse("x", []byte(tenants+"expect: [verdict.chosen == none]\n"), scenarios.Options{Strategies: []string{"none.quiet"}})
	if want := []string{"expect[0] is not checked: strategy none is not selected"}; err != nil || len(spec.Expect) != 0 || !cmp.Equal(spec.Warnings, want) {
		t.Errorf("of one that does not run: %v, %+v", err, spec)
	}
}

// What is good enough is a metric of all calls or of a tenant's, in its unit.
func TestObjectives(t *testing.T) {
	for line, want := range map[string]scenarios.Objective{
		"time_to_success_p95<=10s":               {Metric: "time_to_success_p95", Op: "<=", Value: 10},
		"success_rate >= 99.9%":                  {Metric: "success_rate", Op: ">=", Value: 0.999},
		"night.job-2.failed_per_1000 < 5":        {Tenant: "night.job-2", Metric: "failed_per_1000", Op: "<", Value: 5},
		"large.answers_per_min > 120":            {Tenant: "large", Metric: "answers_per_min", Op: ">", Value: 120},
		"rejected_by.shared-pool <= 0":           {Metric: "rejected_by.shared-pool", Op: "<=", Value: 0},
		"night.job-2.rejected_by.shared-pool<=1": {Tenant: "night.job-2", Metric: "rejected_by.shared-pool", Op: "<=", Value: 1},
		"cost_per_success_usd <= 0.002":          {Metric: "cost_per_success_usd", Op: "<=", Value: 0.002},
		"regret_s <= -1":                         {Metric: "regret_s", Op: "<=", Value: -1}, // nobody meets it, which the verdict finds
	} {
		spec, err := scenarios.Parse("x", []byte(tenants+"slo: ['"+line+"']\n"), scenarios.Options{})
		want.Text = line
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if diff := cmp.Diff([]scenarios.Objective{want}, spec.SLO); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
		if met := map[string][3]bool{"<=": {true, true, false}, ">=": {false, true, true}, "<": {true, false, false}, ">": {false, false, true}}[want.Op]; met !=
			[3]bool{want.Met(want.Value - 1), want.Met(want.Value), want.Met(want.Value + 1)} || want.Met(math.NaN()) {
			t.Errorf("%s is met by the wrong values", line)
		}
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
