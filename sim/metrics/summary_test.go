package metrics

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// The two-sided 95 % points of Student's t, from the printed tables.
func TestStudentInterval(t *testing.T) {
	for _, k := range []struct {
		n int
		t float64
	}{{2, 12.706}, {3, 4.303}, {5, 2.776}, {10, 2.262}, {30, 2.045}} {
		xs := make([]float64, k.n) // 1..n: mean (n+1)/2, variance n(n+1)/12
		for i := range xs {
			xs[i] = float64(i + 1)
		}
		n := float64(k.n)
		half := k.t * math.Sqrt(n*(n+1)/12) / math.Sqrt(n)
		want := &Estimate{(n + 1) / 2, (n+1)/2 - half, (n+1)/2 + half}
		if diff := cmp.Diff(want, estimate(xs), cmpopts.EquateApprox(0, 2e-4*half)); diff != "" {
			t.Errorf("n = %d (-want +got)\n%s", k.n, diff)
		}
	}
	if diff := cmp.Diff(&Estimate{7, 7, 7}, estimate([]float64{7})); diff != "" {
		t.Errorf("one value (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(&Estimate{7, 7, 7}, estimate([]float64{math.NaN(), 7, math.NaN()})); diff != "" {
		t.Errorf("one value that applies (-want +got)\n%s", diff)
	}
	if got := estimate([]float64{math.NaN()}); got != nil {
		t.Errorf("no value that applies: %v, want nil", got)
	}
}

// run returns a run of one success after latency and 60 s, tokens in all.
func run(cost float64, latency time.Duration, tokens int64, hash uint64) *Run {
	r := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
	r.Arrive(0, Work{Tenant: 0, Tokens: tokens, Due: false})
	r.Succeed(60*clock.Second, latency, Work{Tenant: 0, Tokens: tokens, Due: false})
	r.CostUSD, r.Hash = cost, hash
	return r
}

// Three replications that all have finished and one that b has not.
func fourReplications() []Outcome {
	return []Outcome{
		{Name: "a", Runs: []*Run{run(3, 4*time.Second, 50, 1), run(1e6, time.Hour, 1, 2), run(5, 6*time.Second, 30, 3), run(7, 5*time.Second, 20, 4)}},
		{Name: "b", Runs: []*Run{run(1, 2*time.Second, 100, 5), nil, run(2, 3*time.Second, 40, 6), run(6, time.Second, 80, 7)}, Bound: true},
	}
}

func TestSummariseByHand(t *testing.T) {
	r := summarise(fourReplications()...)
	if r.Schema != "ratesim/result/v1" || r.Replications != 3 {
		t.Errorf("schema %q, %d replications; want ratesim/result/v1 and 3", r.Schema, r.Replications)
	}
	const t3 = 4.302653 // two degrees of freedom
	sd := func(s float64) float64 { return t3 * s / math.Sqrt(3) }
	near := cmpopts.EquateApprox(0, 1e-5)
	// Shares 0.5, 0.75 and 0.25 of the optimum; 2, 3 and 4 s more than it.
	for _, k := range []struct {
		name      string
		got, want *Estimate
	}{
		{"a.cost_usd", r.Strategies[0].CostUSD, &Estimate{5, 5 - sd(2), 5 + sd(2)}},
		{"a.of_optimum", r.Strategies[0].OfOptimum, &Estimate{0.5, 0, 0.5 + sd(0.25)}},
		{"a.regret_s", r.Strategies[0].RegretS, &Estimate{3, 3 - sd(1), 3 + sd(1)}},
		{"b.of_optimum", r.Strategies[1].OfOptimum, &Estimate{1, 1, 1}},
		{"b.regret_s", r.Strategies[1].RegretS, &Estimate{}},
	} {
		if diff := cmp.Diff(k.want, k.got, near); diff != "" {
			t.Errorf("%s (-want +got)\n%s", k.name, diff)
		}
	}
	var names []string
	for _, p := range r.Paired {
		names = append(names, p.Metric)
		if p.A != "a" || p.B != "b" {
			t.Errorf("pair %s - %s", p.A, p.B)
		}
		if p.Metric == "cost_usd" { // differences 2, 3 and 1
			if diff := cmp.Diff(Paired{"a", "b", "cost_usd", 2, 2 - sd(1), 2 + sd(1)}, p, near); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		}
	}
	if want := []string{"success_rate", "goodput_tpm", "latency_p95", "amplification", "cost_usd"}; !slices.Equal(names, want) {
		t.Errorf("pairs by %v, want %v", names, want)
	}
}

func TestSummariseNothing(t *testing.T) {
	if r := summarise(); r.Replications != 0 || r.Strategies != nil || r.Paired == nil {
		t.Errorf("no strategy: %+v", r)
	}
	r := summarise(Outcome{Name: "a", Runs: []*Run{nil}})
	if r.Replications != 0 || len(means(&r.Strategies[0])) != 0 || r.Strategies[0].Curves != nil {
		t.Errorf("no finished replication: %+v", r.Strategies[0])
	}
}

// The hash tells runs, replications and strategies apart and leaves out what
// was not finished.
func TestHash(t *testing.T) {
	base := summarise(fourReplications()...).Hash
	if got := summarise(fourReplications()...).Hash; got != base || len(got) != 16 {
		t.Errorf("hash %q, then %q", base, got)
	}
	for name, change := range map[string]func(o []Outcome){
		"another run":                    func(o []Outcome) { o[0].Runs[0].Hash++ },
		"replications the other way":     func(o []Outcome) { slices.Reverse(o[0].Runs); slices.Reverse(o[1].Runs) },
		"strategies the other way":       func(o []Outcome) { slices.Reverse(o) },
		"one strategy's runs exchanged":  func(o []Outcome) { o[0].Runs[0], o[0].Runs[2] = o[0].Runs[2], o[0].Runs[0] },
		"a run moved to the other's row": func(o []Outcome) { o[0].Runs[3], o[1].Runs[0] = o[1].Runs[0], o[0].Runs[3] },
	} {
		o := fourReplications()
		change(o)
		if summarise(o...).Hash == base {
			t.Errorf("%s: the same hash", name)
		}
	}
	o := fourReplications()
	o[0].Runs[1].Hash++
	if summarise(o...).Hash != base {
		t.Error("a replication that does not count changes the hash")
	}
}

// Means over two replications: per second while a step is 1 s, and still per
// second when the longer run has made steps of 2 s.
func TestCurves(t *testing.T) {
	a, b := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1}), NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
	for range 3 {
		a.Attempt(500*ms, 0, true)
	}
	a.Attempt(2*clock.Second, 0, true)
	a.Reject(clock.Second, limit.ByTPM)
	a.Use(0, 0.5)
	a.Use(clock.Second, 0.25)
	b.Attempt(500*ms, 0, true)
	b.Use(0, 1)
	got := summarise(Outcome{Runs: []*Run{a, b}}).Strategies[0].Curves
	want := &Curves{Width: 1, AttemptsPerS: []float64{2, 0, 0.5}, RejectedPerS: []float64{0, 0.5, 0}, QuotaUsed: []float64{0.75, 0.25}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	b.Use(700*clock.Second, 2) // to 1,200 s in steps of 2 s
	got = summarise(Outcome{Runs: []*Run{a, b}}).Strategies[0].Curves
	use := make([]float64, 351)
	use[0], use[350] = (0.5+0.25+1)/3, 2
	want = &Curves{Width: 2, AttemptsPerS: []float64{1, 0.25}, RejectedPerS: []float64{0.25, 0}, QuotaUsed: use}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 0)); diff != "" {
		t.Errorf("after 700 s (-want +got)\n%s", diff)
	}
}

// Every metric that a Strategy can carry is in Metrics, under its JSON name,
// in the same order and with its own field; and so is the whole contract.
func TestMetricsCoverTheSchema(t *testing.T) {
	var fields []string
	var s Strategy
	at := map[string]any{}
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			switch f := v.Field(i); f.Interface().(type) {
			case *Estimate:
				fields = append(fields, prefix+name)
				at[prefix+name] = f.Addr().Interface()
			case Failures:
				walk(prefix+name+".", f)
			}
		}
	}
	walk("", reflect.ValueOf(&s).Elem())
	var names []string
	for _, m := range Metrics() {
		names = append(names, m.Name)
		if at[m.Name] != any(m.Field(&s)) {
			t.Errorf("%s is kept in another metric's field", m.Name)
		}
	}
	if diff := cmp.Diff(fields, names); diff != "" {
		t.Errorf("(-Strategy +Metrics)\n%s", diff)
	}
	for _, name := range strings.Fields(`calls succeeded failed censored success_rate deadline_met_rate attempts amplification
		rejected rejected_requests rejected_tokens server_errors goodput_tpm quota_used wasted_prompt_tokens
		latency_p50 latency_p95 latency_p99 latency_max queue_wait_p95 peak_attempts_per_s peak_to_mean retry_peak
		drained_at recovery_s fairness_jain cost_usd of_optimum regret_s
		failures.max_retries failures.deadline failures.not_retryable failures.queue_timeout failures.oversize`) {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing", name)
		}
	}
}
