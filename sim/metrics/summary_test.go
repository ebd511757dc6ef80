package metrics

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// run returns a closed run of one success after latency and 60 s, tokens in all.
func run(cost float64, latency time.Duration, tokens int64, hash uint64) *Run {
	r := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
	r.Arrive(0, Work{Tokens: tokens})
	r.Succeed(60*clock.Second, latency, Work{Tokens: tokens})
	r.Close(60 * clock.Second)
	r.CostUSD, r.Hash, r.Most = cost, hash, 2
	return r
}

// Three replications that all have finished and one that b has not.
func fourReplications() []Outcome {
	return []Outcome{
		{Name: "a", Runs: []*Run{run(3, 4*time.Second, 50, 1), run(1e6, time.Hour, 1, 2), run(5, 6*time.Second, 30, 3), run(7, 5*time.Second, 20, 4)}},
		{Name: "b", Runs: []*Run{run(1, 2*time.Second, 100, 5), nil, run(2, 3*time.Second, 40, 6), run(6, time.Second, 80, 7)}, Bound: true},
	}
}

// Means of three replications have the quantile 4.302653 of Student's t with two
// degrees of freedom.
func TestSummariseByHand(t *testing.T) {
	r := summarise(fourReplications()...)
	if r.Schema != "ratesim/result/v2" || r.Replications != 3 {
		t.Errorf("schema %q, %d replications; want ratesim/result/v2 and 3", r.Schema, r.Replications)
	}
	sd := func(s float64) float64 { return 4.302653 * s / math.Sqrt(3) }
	near := cmpopts.EquateApprox(0, 1e-5)
	// Costs 3, 5 and 7; latencies of a 4, 6 and 5 s, of b 2, 3 and 1 s.
	for _, k := range []struct {
		name      string
		got, want *Estimate
	}{
		{"a.cost_usd", r.Strategies[0].Values[CostUSD], &Estimate{5, 5 - sd(2), 5 + sd(2)}},
		{"a.of_optimum", r.Strategies[0].Values[OfOptimum], &Estimate{0.5, 0.5, 0.5}},
		{"a.regret_s", r.Strategies[0].Values[RegretS], &Estimate{3, 3 - sd(1), 3 + sd(1)}},
		{"b.regret_s", r.Strategies[1].Values[RegretS], &Estimate{}},
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
	if want := []string{"success_rate", "time_to_success_p95", "amplification", "cost_usd"}; !slices.Equal(names, want) {
		t.Errorf("pairs by %v, want %v", names, want)
	}
}

// Shares and quantiles are those of all calls together: 1 of 2 and 6 of 6 calls are 7
// of 8, not 75 %; the median of 1 s, and of 2 to 7 s, is 4 s, and not the mean of the
// medians.
func TestPooled(t *testing.T) {
	few, many := NewRun(Setup{Tenants: 1, Instances: 1}), NewRun(Setup{Tenants: 1, Instances: 1})
	few.Arrive(0, Work{})
	few.Arrive(0, Work{})
	few.Succeed(0, time.Second, Work{})
	few.Fail(0, 0, 0)
	for i := range 6 {
		many.Arrive(0, Work{})
		many.Succeed(0, time.Duration(2+i)*time.Second, Work{})
	}
	few.Close(0)
	many.Close(0)
	v := summarise(Outcome{Name: "a", Runs: []*Run{few, many}}).Strategies[0].Values
	if got := v[SuccessRate].Mean; got != 7.0/8 {
		t.Errorf("success rate %v, want 7/8", got)
	}
	if got := v[LatencyP50].Mean; math.Abs(got-4) > 0.004 {
		t.Errorf("median latency %v, want 4 s", got)
	}
	if got := v[TimeToSuccessP50].Mean; math.Abs(got-4) > 0.004 { // of 1 to 7 s and never
		t.Errorf("median time to success %v, want 4 s", got)
	}
	if v[TimeToSuccessP95] != nil || v[TimeToSuccessP99] != nil {
		t.Error("95 % of the calls never succeed, yet there is a time")
	}
}

// A curve and the table say the same.
func TestCurveAndQuantileAgree(t *testing.T) {
	r := NewRun(Setup{Tenants: 1, Instances: 1})
	for i := range 777 {
		r.Arrive(0, Work{})
		r.Succeed(0, time.Duration(i*i)*time.Millisecond, Work{})
	}
	r.Close(0)
	s := summarise(Outcome{Runs: []*Run{r, r}}).Strategies[0]
	// Shares of 0.501 and 0.447 lie around a half, of 0.0501 and 0.0447 around 5 %, of 0.01
	// there is a point.
	for _, k := range []struct {
		id     ID
		lo, hi int
	}{{TimeToSuccessP50, 6, 7}, {TimeToSuccessP95, 26, 27}, {TimeToSuccessP99, 40, 40}} {
		lo, hi, want := s.Curves.Unanswered[k.lo], s.Curves.Unanswered[k.hi], s.Values[k.id].Mean
		if want < lo.Within || want > hi.Within {
			t.Errorf("table %v, curve %v at %v and %v at %v", want, lo.Within, lo.Share, hi.Within, hi.Share)
		}
	}
}

// What was not seen in any replication may still be; what cannot vary has no width.
func TestNothingSeenHasAWidth(t *testing.T) {
	o := Outcome{Name: "a"}
	for range 10 {
		r := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
		for range 50 {
			r.Arrive(0, Work{})
			r.Attempt(0, 0, 0, true)
			r.Succeed(0, time.Second, Work{})
		}
		r.Close(0)
		o.Runs = append(o.Runs, r)
	}
	v := summarise(Outcome{Name: "a", Runs: o.Runs}).Strategies[0].Values
	for _, id := range []ID{Failed, Rejected, FailedPer1000, FailuresDeadline} {
		if e := v[id]; e.Mean != 0 || e.Lo != 0 || e.Hi <= 0 {
			t.Errorf("%s: %v, want 0 with an upper end above it", Metrics()[id].Name, *e)
		}
	}
	if e := v[SuccessRate]; e.Mean != 1 || e.Hi != 1 || e.Lo >= 1 {
		t.Errorf("success rate %v, want 1 with a lower end below it", *e)
	}
	if e := v[Succeeded]; e.Mean != 50 || e.Hi != 50 || e.Lo >= 50 {
		t.Errorf("succeeded %v, want 50 with a lower end below it", *e)
	}
	if e := v[Calls]; *e != (Estimate{50, 50, 50}) {
		t.Errorf("calls %v, want 50 exactly", *e)
	}
}

func TestSummariseNothing(t *testing.T) {
	if r := summarise(); r.Replications != 0 || r.Strategies != nil || r.Paired == nil {
		t.Errorf("no strategy: %+v", r)
	}
	r := summarise(Outcome{Name: "a", Runs: []*Run{nil}})
	if r.Replications != 0 || len(means(&r.Strategies[0].Values)) != 0 || r.Strategies[0].Curves != nil {
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
	two := func(longer bool) []Outcome {
		a, b := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1}), NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
		for range 3 {
			a.Arrive(400*ms, Work{})
			a.Attempt(500*ms, 0, 0, true)
		}
		a.Attempt(2*clock.Second, 0, 0, true)
		a.Lose(500 * ms)
		a.Reject(clock.Second, 0, limit.ByTPM)
		a.Succeed(clock.Second, 600*time.Millisecond, Work{})
		a.Succeed(clock.Second, 600*time.Millisecond, Work{})
		a.Fail(clock.Second, 0, 0)
		a.Use(0, 0.5)
		a.Use(clock.Second, 0.25)
		b.Arrive(500*ms, Work{})
		b.Attempt(500*ms, 0, 0, true)
		b.Succeed(2*clock.Second, 1500*time.Millisecond, Work{})
		b.Use(0, 1)
		if longer {
			b.Use(700*clock.Second, 2) // to 1,200 s in steps of 2 s
		}
		a.Close(0)
		b.Close(0)
		return []Outcome{{Runs: []*Run{a, b}}}
	}
	// Of four calls two succeed within 0.6 s and one within 1.5 s; one fails.
	tail := []Tail{{1, 0.6}}
	for i := 1; math.Pow(10, -float64(i)/20) >= 0.25; i++ {
		share := math.Pow(10, -float64(i)/20)
		within := 0.6
		if share < 0.5 {
			within = 1.5
		}
		tail = append(tail, Tail{share, within})
	}
	about := cmpopts.EquateApprox(1e-3, 0) // histograms are
	got := summarise(two(false)...).Strategies[0].Curves
	want := &Curves{Unanswered: tail, Width: 1, AttemptsPerS: []float64{2, 0, 0.5}, RejectedPerS: []float64{0, 0.5, 0}, LostPerS: []float64{0.5, 0, 0},
		ArrivedPerS: []float64{2}, AnsweredPerS: []float64{0, 1, 0.5}, FailedPerS: []float64{0, 0.5}, QuotaUsed: []float64{0.75, 0.25}}
	if diff := cmp.Diff(want, got, about); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got = summarise(two(true)...).Strategies[0].Curves
	use := make([]float64, 351)
	use[0], use[350] = (0.5+0.25+1)/3, 2
	want = &Curves{Unanswered: tail, Width: 2, AttemptsPerS: []float64{1, 0.25}, RejectedPerS: []float64{0.25, 0}, LostPerS: []float64{0.25, 0},
		ArrivedPerS: []float64{1}, AnsweredPerS: []float64{0.5, 0.25}, FailedPerS: []float64{0.25}, QuotaUsed: use}
	if diff := cmp.Diff(want, got, about); diff != "" {
		t.Errorf("after 700 s (-want +got)\n%s", diff)
	}
}

// A second look at more replications draws what all of them did.
func TestCurvesOfMoreReplications(t *testing.T) {
	outcomes := []Outcome{{Name: "a"}}
	for n := 1; n <= 3; n++ {
		r := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
		for range n {
			r.Attempt(0, 0, 0, true)
		}
		r.Close(0)
		outcomes[0].Runs = append(outcomes[0].Runs, r)
		if got, want := NewSample(outcomes).curves(0).AttemptsPerS[0], float64(n+1)/2; got != want {
			t.Errorf("after %d replications: %v attempts a second, want %v", n, got, want)
		}
	}
}

// Results have every metric of the contract, and what they hold comes back from JSON.
func TestMetricsOfTheContract(t *testing.T) {
	var names []string
	var v Values
	for id, m := range Metrics() {
		names = append(names, m.Name)
		if m.About == "" {
			t.Errorf("%s has no definition", m.Name)
		}
		v[id] = &Estimate{float64(id), float64(id) - 1, float64(id) + 1}
	}
	for _, name := range strings.Fields(`calls succeeded failed censored not_sent success_rate deadline_met_rate attempts amplification
		rejected server_errors goodput_tpm quota_used wasted_prompt_tokens
		latency_p50 latency_p95 latency_p99 latency_max queue_wait_p95 peak_attempts_per_s peak_to_mean retry_peak
		drained_at recovery_s fairness_jain cost_usd of_optimum regret_s
		time_to_success_p50 time_to_success_p95 time_to_success_p99 cost_per_success_usd answers_per_min
		failures.max_retries failures.deadline failures.not_retryable failures.queue_timeout failures.oversize`) {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing", name)
		}
	}
	v[TimeToSuccessP95].Hi = math.Inf(1)
	v[LatencyMax] = nil
	in := Strategy{Group: Group{"jitter", v}, Tenants: []Group{{Name: "web"}}, Curves: &Curves{Width: 1}}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Strategy
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("(-written +read)\n%s", diff)
	}
	if !bytes.Contains(text, []byte(`"failures":{"max_retries":{"mean":`)) || !bytes.Contains(text, []byte(`"hi":null`)) || bytes.Contains(text, []byte("latency_max")) {
		t.Errorf("%s", text)
	}
}

// Counts add up as they are written, whatever they are divided by.
func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Outcome{Name: "a"}
		for range rapid.IntRange(1, 60).Draw(t, "replications") {
			r := NewRun(Setup{Tenants: 1, Instances: 1, Streams: true})
			for range rapid.IntRange(1, 50).Draw(t, "calls") {
				r.Arrive(0, Work{})
				r.Reject(0, 0, limit.Name(rapid.IntRange(0, int(limit.NumNames)-1).Draw(t, "by")))
				switch end := rapid.IntRange(0, NumReasons+2).Draw(t, "end"); end {
				case NumReasons:
					r.Succeed(0, 0, Work{})
				case NumReasons + 1: // is censored
				case NumReasons + 2:
					r.FailUnsent(0, 0)
				default:
					r.Fail(0, 0, end)
				}
			}
			r.Close(0)
			o.Runs = append(o.Runs, r)
		}
		v := summarise(o).Strategies[0].Values
		text := func(x float64) string { return strconv.FormatFloat(math.Round(x*1e6)/1e6, 'f', -1, 64) }
		for _, ids := range sums() {
			sum := 0.0
			for _, id := range ids[1:] {
				if v[id] != nil {
					sum += v[id].Mean
				}
			}
			if got, want := text(v[ids[0]].Mean), text(sum); got != want {
				t.Fatalf("%s is %s, its parts are %s", Metrics()[ids[0]].Name, got, want)
			}
		}
		true := 0.0
		for _, r := range o.Runs {
			true += float64(r.Calls) / float64(len(o.Runs))
		}
		if math.Abs(v[Calls].Mean-true) > 1e-5 {
			t.Fatalf("calls %v, want %v", v[Calls].Mean, true)
		}
	})
}
