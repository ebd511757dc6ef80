package metrics

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

const ms = clock.Time(time.Millisecond)

// means returns the value of every metric that applies.
func means(v *Values) map[string]float64 {
	out := map[string]float64{}
	for id, m := range Metrics() {
		if e := v[id]; e != nil {
			out[m.Name] = e.Mean
		}
	}
	return out
}

func summarise(outcomes ...Outcome) *Result {
	var r Result
	Summarise(&r, NewSample(outcomes), []string{"a", "b", "c"})
	return &r
}

// One run by hand: five calls of two tenants, of which the second's fail.
func TestEveryMetricByHand(t *testing.T) {
	r := NewRun(Setup{Deployments: 2, Tenants: 3, Instances: 1, Duration: 6 * time.Second, RetryWindow: 100 * time.Millisecond, Thirds: [2]uint32{10, 20}})
	a, b := Work{Group: r.Group(0, 10), Tokens: 100, Due: true}, Work{Group: r.Group(1, 11), Tokens: 200}
	large := Work{Group: r.Group(1, 21), Tokens: 50, Due: true}
	r.Arrive(1000*ms, a)
	r.Wait(500 * time.Millisecond)
	r.Attempt(1500*ms, a.Group, 0, true)
	r.Reject(1500*ms, a.Group, limit.ByTPM)
	r.Waste(60)
	r.Arrive(2000*ms, b)
	r.Attempt(2000*ms, b.Group, 0, true)
	r.Reject(2000*ms, b.Group, limit.ByRPM)
	r.Waste(40)
	r.Attempt(2200*ms, a.Group, 0, false)
	r.Attempt(2250*ms, b.Group, 0, false)
	r.Attempt(2260*ms, b.Group, 1, false) // at another deployment: another peak
	r.Reject(2260*ms, b.Group, limit.Unnamed)
	r.Succeed(3000*ms, 2*time.Second, a)
	r.Fail(4000*ms, b.Group, 1)
	r.Arrive(5000*ms, large)
	r.Attempt(5000*ms, large.Group, 0, true)
	r.ServerError()
	r.Fail(6000*ms, large.Group, 0)
	r.Arrive(6000*ms, Work{Group: b.Group, Tokens: 10})
	r.Arrive(6000*ms, Work{Group: b.Group, Tokens: 10})
	r.FailUnsent(6000*ms, b.Group)
	r.Close(7000 * ms)
	r.CostUSD, r.Charged, r.Allowed, r.Most = 0.5, 250, 1000, 2

	want := map[string]float64{
		"calls": 5, "succeeded": 1, "failed": 3, "not_sent": 1, "censored": 1, "success_rate": 0.2, "deadline_met_rate": 0.5, "failed_per_1000": 800,
		"answers_per_min":      12, // 1 in the 5 s from the first arrival to the end of the duration
		"cost_per_success_usd": 0.5, "of_optimum": 0.5,
		"attempts": 6, "amplification": 1.2, "rejected": 3, "rejected_requests": 1, "rejected_tokens": 1, "server_errors": 1,
		"rejected_by.rpm": 1, "rejected_by.tpm": 1, "rejected_by.unnamed": 1,
		"goodput_tpm": 1000, "quota_used": 0.25, "wasted_prompt_tokens": 100, // 100 tokens in 6 s
		"latency_p50": 2, "latency_p95": 2, // four of five calls never succeed: no time_to_success
		"latency_p99": 2, "latency_max": 2, "latency_mean": 2, "queue_wait_p95": 0.5,
		"peak_attempts_per_s": 3, "peak_to_mean": 3 / (5. / 5), "retry_peak": 2, "drained_at": 7,
		"fairness_jain": 0.5, "fairness_instances": 1, "cost_usd": 0.5,
		"failures.max_retries": 1, "failures.deadline": 1, "failures.not_retryable": 0, "failures.queue_timeout": 0, "failures.oversize": 0,
	}
	delete(want, "fairness_instances") // of one instance
	s := summarise(Outcome{Name: "x", Runs: []*Run{r}}).Strategies[0]
	if diff := cmp.Diff(want, means(&s.Values), cmpopts.EquateApprox(1e-3, 0)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	some := func(groups []Group, i int) [4]float64 {
		v := groups[i].Values
		return [4]float64{v[Calls].Mean, v[Succeeded].Mean, v[Attempts].Mean, v[Rejected].Mean}
	}
	if len(s.Tenants) != 3 || s.Tenants[0].Name != "a" || some(s.Tenants, 0) != [4]float64{1, 1, 2, 1} || some(s.Tenants, 1) != [4]float64{4, 0, 4, 2} {
		t.Errorf("tenants %v", s.Tenants)
	}
	if len(s.Sizes) != 3 || s.Sizes[2].Name != "large" || some(s.Sizes, 0) != [4]float64{1, 1, 2, 1} || some(s.Sizes, 1) != [4]float64{3, 0, 3, 2} || some(s.Sizes, 2) != [4]float64{1, 0, 1, 0} {
		t.Errorf("sizes %v", s.Sizes)
	}
	if !r.Elsewhere {
		t.Error("an attempt at the second deployment was not noted")
	}
}

// Refusals are counted by the limit that refused, and add up. Those by requests
// and by tokens in a time are summed.
func TestRejectedBy(t *testing.T) {
	r := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
	for by := range limit.NumNames { // 1 unnamed, 2 by rpm, 3 by tpm and so on
		for range by + 1 {
			r.Reject(clock.Second, 0, by)
		}
	}
	r.Close(clock.Second)
	sum := int64(0)
	for by := range limit.NumNames {
		if got, want := r.RejectedBy[by], int64(by)+1; got != want {
			t.Errorf("%d by %v, want %d", got, by, want)
		}
		sum += r.RejectedBy[by]
	}
	const all, requests, tokens = 16 * 17 / 2, 2 + 4 + 6, 3 + 5 + 7 + 8 + 9 + 15
	got := means(&summarise(Outcome{Runs: []*Run{r}}).Strategies[0].Values)
	if sum != all || got["rejected"] != all || got["rejected_requests"] != requests || got["rejected_tokens"] != tokens {
		t.Errorf("%d in all, %v rejected, %v by requests, %v by tokens; want %d, %d and %d", sum,
			got["rejected"], got["rejected_requests"], got["rejected_tokens"], all, requests, tokens)
	}
}

// What did not happen is absent, not 0.
func TestAbsentMetrics(t *testing.T) {
	r := NewRun(Setup{Deployments: 1, Tenants: 1, Instances: 1})
	r.Close(0)
	s := summarise(Outcome{Runs: []*Run{r}}).Strategies[0]
	got := means(&s.Values)
	for _, name := range []string{"success_rate", "deadline_met_rate", "amplification", "goodput_tpm", "quota_used",
		"latency_p50", "latency_p95", "latency_p99", "latency_max", "latency_mean", "queue_wait_p95", "peak_to_mean", "drained_at",
		"recovery_s", "fairness_jain", "of_optimum", "regret_s", "time_to_success_p50", "failed_per_1000", "cost_per_success_usd", "answers_per_min"} {
		if v, ok := got[name]; ok {
			t.Errorf("%s of an empty run is %v, want it absent", name, v)
		}
	}
}

// A quantile may lie anywhere between the two sorted values around its rank,
// give or take the 0.1 % of the histogram and the rounding to 1 us.
func TestQuantilesAgainstSorting(t *testing.T) {
	latencies := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(math.Pow(10, rapid.Float64Range(0, 14.5).Draw(t, "log10 ns"))) // to 3.7 days
	}), 1, 300)
	rapid.Check(t, func(t *rapid.T) {
		ds := latencies.Draw(t, "latencies")
		r, sum := NewRun(Setup{Tenants: 1, Instances: 1}), 0.0
		for _, d := range ds {
			r.Wait(d)
			r.Succeed(0, d, Work{Tokens: 1})
			sum += d.Seconds()
		}
		r.Close(0)
		s := summarise(Outcome{Runs: []*Run{r}}).Strategies[0]
		slices.Sort(ds)
		n := len(ds)
		check := func(name string, q, got float64) {
			t.Helper()
			rank := q * float64(n)
			lo, hi := ds[max(0, int(math.Floor(rank))-1)].Seconds(), ds[min(n-1, int(math.Ceil(rank)))].Seconds()
			if got < lo*(1-1e-3)-1e-6 || got > hi*(1+1e-3)+1e-6 {
				t.Fatalf("%s of %d = %v, want within %v..%v", name, n, got, lo, hi)
			}
		}
		check("p50", 0.5, s.Values[LatencyP50].Mean)
		check("p95", 0.95, s.Values[LatencyP95].Mean)
		check("p99", 0.99, s.Values[LatencyP99].Mean)
		check("wait p95", 0.95, s.Values[QueueWaitP95].Mean)
		for _, p := range s.Curves.Unanswered {
			check("tail", 1-p.Share, p.Within)
		}
		if got := s.Values[LatencyMax].Mean; got != ds[n-1].Seconds() {
			t.Fatalf("max %v, want %v", got, ds[n-1].Seconds())
		}
		if got, want := s.Values[LatencyMean].Mean, sum/float64(n); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("mean %v, want %v", got, want)
		}
	})
}

// 1, 2, ... 1000 ms.
func TestQuantilesOfAnEvenSpread(t *testing.T) {
	r := NewRun(Setup{Tenants: 1, Instances: 1})
	for i := range 1000 {
		r.Succeed(0, time.Duration(1000-i)*time.Millisecond, Work{Tokens: 1})
	}
	r.Close(0)
	s := summarise(Outcome{Runs: []*Run{r}}).Strategies[0]
	got := []float64{s.Values[LatencyP50].Mean, s.Values[LatencyP95].Mean, s.Values[LatencyP99].Mean, s.Values[LatencyMax].Mean, s.Values[LatencyMean].Mean}
	if diff := cmp.Diff([]float64{0.5, 0.95, 0.99, 1, 0.5005}, got, cmpopts.EquateApprox(1e-3, 0)); diff != "" {
		t.Errorf("p50, p95, p99, max, mean (-want +got)\n%s", diff)
	}
}

func TestLatencyBeyondTheHistogram(t *testing.T) {
	r := NewRun(Setup{Tenants: 1, Instances: 1})
	r.Succeed(0, 90*24*time.Hour, Work{Tokens: 1})
	r.Close(0)
	s := summarise(Outcome{Runs: []*Run{r}}).Strategies[0]
	if got, want := s.Values[LatencyP50].Mean, (30 * 24 * time.Hour).Seconds(); math.Abs(got/want-1) > 1e-3 {
		t.Errorf("p50 %v s, want 30 days", got)
	}
	if got, want := s.Values[LatencyMax].Mean, (90 * 24 * time.Hour).Seconds(); got != want {
		t.Errorf("max %v s, want 90 days", got)
	}
}

// The norm is the mean goodput from the first arrival to the first fault; it
// has recovered at the first whole second from the end of the last fault at
// which the ten seconds before it reach 95 % of that.
func TestRecoveryAgainstBruteForce(t *testing.T) {
	type success struct {
		at     clock.Time
		tokens int64
	}
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(name string, lo, hi int) clock.Time {
			return clock.Time(rapid.IntRange(lo, hi).Draw(t, name)) * clock.Second
		}
		since := seconds("first arrival", 0, 3)
		from := since + seconds("norm", 1, 30)
		until := from + seconds("fault", 1, 30)
		r := NewRun(Setup{Tenants: 1, Instances: 1, FaultFrom: from, FaultUntil: until})
		r.Arrive(since, Work{Tokens: 1})
		// One token, then even numbers: 2 * sum * seconds is never exactly
		// 19 * before, a tie that floating point could not decide.
		all := []success{{since, 1}}
		for range rapid.IntRange(0, 60).Draw(t, "successes") {
			last := all[len(all)-1].at
			gap := rapid.SampledFrom([]clock.Time{0, 1, 400 * ms, clock.Second, 2500 * ms, 17 * clock.Second}).Draw(t, "gap")
			all = append(all, success{last + gap, 2 * rapid.Int64Range(0, 50).Draw(t, "tokens")})
		}
		for _, s := range all {
			r.Succeed(s.at, 0, Work{Tokens: s.tokens})
		}
		between := func(a, b clock.Time) (sum float64) {
			for _, s := range all {
				if a <= s.at && s.at < b {
					sum += float64(s.tokens)
				}
			}
			return sum
		}
		end := all[len(all)-1].at
		want, recovered := end.Sub(until).Seconds(), false
		for at := until; at <= end && !recovered; at += clock.Second {
			if between(at-10*clock.Second, at)/10 >= 0.95*between(0, from)/from.Sub(since).Seconds() {
				want, recovered = at.Sub(until).Seconds(), true
			}
		}
		got := r.recoverySeconds()
		if end <= until {
			if !math.IsNaN(got) || !r.Recovered() {
				t.Fatalf("recovery %v of a run that ends in its fault", got)
			}
		} else if got != want || r.Recovered() != recovered {
			t.Fatalf("recovery %v (%v), want %v (%v)", got, r.Recovered(), want, recovered)
		}
	})
}

func TestJain(t *testing.T) {
	for _, k := range []struct {
		name string
		xs   []float64
		want float64
	}{
		{"all alike", []float64{0.5, 0.5, 0.5}, 1},
		{"one has all", []float64{1, 0, 0, 0}, 0.25},
		{"shares 1, 1/2 and 1/4", []float64{1, 0.5, 0.25}, 1.75 * 1.75 / (3 * 1.3125)},
		{"one tenant", []float64{0.5}, math.NaN()},
		{"nobody has anything", []float64{0, 0}, math.NaN()},
	} {
		if diff := cmp.Diff(k.want, jain(k.xs), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", k.name, diff)
		}
	}
}

// Worked examples of weighted max-min fairness: who asks for less than a fair share
// gets it, and the rest is divided by weight.
func TestFairShares(t *testing.T) {
	for _, k := range []struct {
		name             string
		demands, weights []float64
		capacity         float64
		want             []float64
	}{
		{"room for all", []float64{3, 4}, []float64{1, 1}, 10, []float64{3, 4}},
		{"demands 2, 2.6, 4 and 5 of 10", []float64{2, 2.6, 4, 5}, []float64{1, 1, 1, 1}, 10, []float64{2, 2.6, 2.7, 2.7}},
		{"weights 2.5, 4, 0.5 and 1 of 16", []float64{4, 2, 10, 4}, []float64{2.5, 4, 0.5, 1}, 16, []float64{4, 2, 6, 4}},
		{"the quiet one first", []float64{100, 1}, []float64{1, 1}, 10, []float64{9, 1}},
	} {
		if diff := cmp.Diff(k.want, fairShares(k.demands, k.weights, k.capacity), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", k.name, diff)
		}
	}
}

// Two tenants before a limit of 100 tokens: the quiet one asks for 20, the noisy one
// for 400. Whoever gives the quiet one its 20 and the noisy one the other 80 is fair,
// whoever divides by demand is not.
func TestFairnessIsOfTheFairShare(t *testing.T) {
	index := func(quiet, noisy int64) float64 {
		r := NewRun(Setup{Deployments: 1, Tenants: 2, Instances: 1})
		r.Arrive(0, Work{Group: r.Group(0, 1), Tokens: 20})
		r.Arrive(0, Work{Group: r.Group(1, 1), Tokens: 400})
		r.groups[r.Group(0, 1)].Good, r.groups[r.Group(1, 1)].Good = quiet, noisy
		r.Close(0)
		r.Allowed = 100
		return r.tenantFairness()
	}
	if got := index(20, 80); got != 1 {
		t.Errorf("protected: %v, want 1", got)
	}
	// 5 of 20 and 95 of 80, which counts as all: 1.25^2 / (2 * 1.0625).
	if got, want := index(5, 95), 1.25*1.25/(2*1.0625); math.Abs(got-want) > 1e-12 {
		t.Errorf("starved: %v, want %v", got, want)
	}
}

// A Run takes no more memory however many events it records and however
// long they last.
func TestRecordingAllocatesNothing(t *testing.T) {
	r, now := NewRun(Setup{Deployments: 2, Tenants: 2, Instances: 1, FaultFrom: 100, FaultUntil: 200 * clock.Second}), clock.Time(0)
	step := func() {
		for i := range 2000 {
			now += 700 * ms
			group := r.Group(i%2, uint32(i))
			r.Arrive(now, Work{Group: group, Tokens: 10, Due: true})
			r.Wait(time.Duration(i) * time.Second)
			r.Attempt(now, group, i%2, i%3 == 0)
			r.Reject(now, group, limit.ByTPM)
			r.ServerError()
			r.Waste(5)
			r.Succeed(now, time.Duration(i)*time.Second, Work{Group: group, Tokens: 10, Due: true})
			r.Fail(now, group, 3)
			r.Use(now, 0.5)
		}
	}
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}
