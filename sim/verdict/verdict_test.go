package verdict

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// made describes the runs of a strategy, replication by replication.
type made struct {
	name        string
	rank        int
	failed      float64 // share of the calls
	seconds     float64 // of one call in five; all others take a tenth
	attempts    int     // of every tenth call; all others take one
	usd         float64
	elsewhere   bool
	tenantFails float64 // share of the second tenant's calls, in place of failed
	spread      float64 // of seconds between replications, as a share
	unlike      float64 // of failed, absolutely
	bound       bool
}

const calls = 400

// outcome makes the runs of n replications. What varies between them is drawn from r, and
// is the same for all strategies of one replication, as common random numbers make it.
func (m made) outcome(n int, seed uint64) metrics.Outcome {
	o := metrics.Outcome{Name: m.name, Rank: m.rank, Bound: m.bound}
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		swing, luck := 1+m.spread*(2*r.Float64()-1), m.unlike*(2*r.Float64()-1)
		run := metrics.NewRun(metrics.Setup{Deployments: 2, Tenants: 2, Instances: 1, Duration: time.Hour})
		deployment := 0
		if m.elsewhere {
			deployment = 1
		}
		for i := range calls {
			group := run.Group(i%2, 1)
			w := metrics.Work{Group: group, Tokens: 100}
			run.Arrive(clock.Second, w)
			run.Attempt(clock.Second, group, deployment, true)
			if i%10 == 0 {
				for k := 1; k < m.attempts; k++ {
					run.Attempt(clock.Second, group, deployment, false)
				}
			}
			share := m.failed + luck
			if m.tenantFails > 0 && i%2 == 1 {
				share = m.tenantFails
			}
			seconds := m.seconds * swing / 10
			if i%5 == 4 {
				seconds *= 10
			}
			if float64(i/2%100) < 100*share {
				run.Fail(60*clock.Second, group, 0)
			} else {
				run.Succeed(60*clock.Second, time.Duration(seconds*1e9), w)
			}
		}
		run.Close(60 * clock.Second)
		run.CostUSD = m.usd
		o.Runs = append(o.Runs, run)
	}
	return o
}

func judged(n int, o Options, list ...made) *metrics.Verdict {
	var outcomes []metrics.Outcome
	for _, m := range list {
		outcomes = append(outcomes, m.outcome(n, 7))
	}
	return Judge(metrics.NewSample(outcomes), o)
}

func TestJudge(t *testing.T) {
	good := made{name: "good", rank: 5, seconds: 10, attempts: 1, usd: 1, spread: 0.1}
	with := func(name string, change func(*made)) made {
		m := good
		m.name, m.rank = name, 1
		change(&m)
		return m
	}
	fails := with("fails", func(m *made) { m.failed = 0.02 })
	slow := with("slow", func(m *made) { m.seconds = 14 })
	floods := with("floods", func(m *made) { m.attempts = 4 })
	alike := with("alike", func(m *made) { m.seconds = 10.2 })
	bought := with("bought", func(m *made) { m.elsewhere, m.usd, m.seconds = true, 9, 2 })
	dead := with("dead", func(m *made) { m.failed = 1 })
	oracle := with("oracle", func(m *made) { m.bound, m.seconds = true, 1 })
	for _, c := range []struct {
		name    string
		n       int
		o       Options
		list    []made
		state   metrics.State
		chosen  string
		reasons string // metric of each that is left out
	}{
		{"by failures", 20, Options{}, []made{fails, good}, metrics.Decided, "good", "fails failed_per_1000"},
		{"by time, among those that fail alike", 20, Options{}, []made{fails, slow, good}, metrics.Decided, "good", "fails failed_per_1000, slow time_to_success_p95"},
		{"by attempts, among those that are as fast", 20, Options{}, []made{floods, good}, metrics.Decided, "good", "floods amplification"},
		{"failures count before time", 20, Options{}, []made{slow, with("fast", func(m *made) { m.failed, m.seconds = 0.05, 1 })}, metrics.Decided, "slow", "fast failed_per_1000"},
		{"failing earns nothing", 20, Options{}, []made{with("gives up", func(m *made) { m.failed, m.seconds, m.usd = 0.5, 0.5, 0.1 }), good}, metrics.Decided, "good", "gives up failed_per_1000"},
		{"a tie goes to the simplest", 20, Options{}, []made{good, alike}, metrics.Tied, "alike good", ""},
		{"alone", 20, Options{}, []made{good}, metrics.Decided, "good", ""},
		{"what is bought does not compete", 20, Options{}, []made{bought, good}, metrics.Decided, "good", ""},
		{"only what is bought", 20, Options{}, []made{bought, with("dear", func(m *made) { m.elsewhere, m.seconds = true, 20 })}, metrics.Decided, "bought", "dear time_to_success_p95"},
		{"nor does the bound", 20, Options{}, []made{oracle, good}, metrics.Decided, "good", ""},
		{"nothing is answered", 20, Options{}, []made{dead, oracle}, metrics.Nothing, "", ""},
		{"one replication leads", 1, Options{}, []made{fails, slow, good}, metrics.Leads, "good", "fails failed_per_1000, slow time_to_success_p95"},
		{"four do no more", 4, Options{}, []made{fails, good}, metrics.Leads, "good", "fails failed_per_1000"},
	} {
		v := judged(c.n, c.o, c.list...)
		var reasons []string
		for _, w := range v.Why {
			reasons = append(reasons, w.Against+" "+w.Metric)
		}
		if got := strings.Join(v.Chosen, " "); v.State != c.state || got != c.chosen || strings.Join(reasons, ", ") != c.reasons {
			t.Errorf("%s: %s, chosen %q because %q; want %s, %q, %q", c.name, v.State, got, strings.Join(reasons, ", "), c.state, c.chosen, c.reasons)
		}
	}
}

// The order is that of the rule, by values: who is better by what matters comes first, and of
// those that do not differ so much who is better at all.
func TestOrder(t *testing.T) {
	list := []made{
		{name: "floods", seconds: 10, attempts: 4},
		{name: "fails most", failed: 0.1, seconds: 1, attempts: 1},
		{name: "slow", seconds: 20, attempts: 1},
		{name: "oracle", bound: true, attempts: 1},
		{name: "fails", failed: 0.05, seconds: 30, attempts: 1},
		{name: "second", seconds: 10.5, attempts: 1, usd: 3},
		{name: "first", seconds: 10, attempts: 1, usd: 9},
	}
	var outcomes []metrics.Outcome
	for _, m := range list {
		outcomes = append(outcomes, m.outcome(3, 7))
	}
	for _, c := range []struct {
		slo  []Objective
		want string
	}{
		{nil, "first second floods slow fails fails most"},
		// Two meet it, and the cheaper of them is first; the others by how far they are from it.
		{[]Objective{{Metric: metrics.TimeToSuccessP95, AtMost: true, Value: 11}, {Metric: metrics.Amplification, AtMost: true, Value: 1.1}}, "second first floods slow fails fails most"},
	} {
		var got []string
		for _, i := range Order(metrics.NewSample(outcomes), Options{SLO: c.slo}) {
			got = append(got, list[i].name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// The margins of the rule: 1 call in 1,000, or 5 % of the failures, a fifth of time and
// of attempts. Just inside them strategies are equal, just outside the worse one goes.
func TestMargins(t *testing.T) {
	j := &judge{s: metrics.NewSample([]metrics.Outcome{made{name: "a", failed: 0.2, seconds: 1}.outcome(6, 1), made{name: "b", failed: 0.1, seconds: 1}.outcome(6, 1)})}
	if got := j.byFailures().matters(0, 1); math.Abs(got-0.005) > 1e-9 { // 5 % of 10 %
		t.Errorf("where 10 %% fail at least, %v matters, want 0.005", got)
	}
	few := &judge{s: metrics.NewSample([]metrics.Outcome{made{name: "a", seconds: 1}.outcome(6, 1), made{name: "b", failed: 0.1, seconds: 1}.outcome(6, 1)})}
	if got := few.byFailures().matters(0, 1); got != 0.001 {
		t.Errorf("where none fails, %v matters, want 0.001", got)
	}
	for _, c := range []struct {
		name    string
		seconds float64
		want    metrics.State
	}{
		{"17 % slower", 11.7, metrics.Tied}, {"23 % slower", 12.3, metrics.Decided},
	} {
		v := judged(30, Options{}, made{name: "a", seconds: 10, rank: 1}, made{name: "b", seconds: c.seconds})
		if v.State != c.want {
			t.Errorf("%s: %s, want %s", c.name, v.State, c.want)
		}
	}
}

// Where replications disagree there is no verdict, and what is still possible is said.
func TestUndecided(t *testing.T) {
	a := made{name: "a", failed: 0.05, unlike: 0.04, seconds: 10, rank: 2}.outcome(10, 1)
	b := made{name: "b", failed: 0.05, unlike: 0.04, seconds: 10, rank: 1}.outcome(10, 2)
	v := Judge(metrics.NewSample([]metrics.Outcome{a, b}), Options{})
	if v.State != metrics.Undecided || !slices.Equal(v.Chosen, []string{"b", "a"}) || len(v.Possible) == 0 || Settled(v) {
		t.Fatalf("%+v", v)
	}
	p := v.Possible[0]
	if p.Metric != "failed_per_1000" || p.Difference.Hi < 2.5 {
		t.Errorf("possible: %+v", p)
	}
}

// A closed workload is compared by answers a minute first, and not by the share that
// succeeds: who gives up at once asks again at once. Where that gets users less than a tenth
// more answers, the calls that fail decide.
func TestClosedWorkload(t *testing.T) {
	patient := made{name: "patient", seconds: 10, rank: 1}.outcome(20, 1)
	quick := made{name: "quick", failed: 0.4, seconds: 1}.outcome(20, 1)
	if v := Judge(metrics.NewSample([]metrics.Outcome{patient, quick}), Options{Closed: true}); v.State != metrics.Decided || v.Chosen[0] != "patient" || v.By[0] != "answers_per_min" {
		t.Errorf("60 %% of as many calls: %+v", v)
	}
	scale := func(by float64) {
		for i := range quick.Runs {
			r, of := quick.Runs[i], patient.Runs[i]
			r.Succeeded = int64(by * float64(of.Succeeded))
			r.Calls = r.Succeeded * 10 / 6 // 60 % succeed
		}
	}
	scale(1.8)
	if v := Judge(metrics.NewSample([]metrics.Outcome{patient, quick}), Options{Closed: true}); v.State != metrics.Decided || v.Chosen[0] != "quick" || v.By[0] != "answers_per_min" {
		t.Errorf("180 %% of the answers: %+v", v)
	}
	scale(1.06)
	if v := Judge(metrics.NewSample([]metrics.Outcome{patient, quick}), Options{Closed: true}); v.State != metrics.Decided || v.Chosen[0] != "patient" || v.Why[0].By != "patient" || v.Why[0].Metric != "failed_per_1000" {
		t.Errorf("106 %% of the answers, and 40 %% of the calls fail: %+v", v)
	}
}

// The strategies that meet an SLO compete by cost; what cannot be told from the others
// is a tie, and among ties the simplest is first.
func TestSLO(t *testing.T) {
	slo := func(metric metrics.ID, atMost bool, value float64) Objective {
		return Objective{Text: "slo", Metric: metric, AtMost: atMost, Value: value}
	}
	fast := made{name: "fast", rank: 3, seconds: 5, usd: 3, spread: 0.05}
	cheap := made{name: "cheap", rank: 2, seconds: 20, usd: 1, spread: 0.05}
	failing := made{name: "failing", rank: 1, seconds: 1, failed: 0.1, usd: 0.5}
	dear := made{name: "dear", seconds: 1, usd: 20, elsewhere: true}
	tenant := made{name: "tenant", seconds: 5, usd: 0.1, tenantFails: 0.2}
	for _, c := range []struct {
		name    string
		slo     []Objective
		state   metrics.State
		chosen  string
		meets   string // those that do
		nearest string
	}{
		{"both meet it, the cheaper is chosen", []Objective{slo(metrics.SuccessRate, false, 0.99)}, metrics.Decided, "cheap", "cheap dear fast", ""},
		{"one meets it", []Objective{slo(metrics.SuccessRate, false, 0.99), slo(metrics.TimeToSuccessP95, true, 10)}, metrics.Decided, "fast", "dear fast", ""},
		{"none meets it", []Objective{slo(metrics.TimeToSuccessP95, true, 0.5)}, metrics.Nothing, "", "", "fast"},
		{"never reached is no", []Objective{slo(metrics.TimeToSuccessP99, true, 30)}, metrics.Decided, "cheap", "cheap dear fast", ""},
		{"on the line", []Objective{slo(metrics.TimeToSuccessP95, true, 5)}, metrics.Undecided, "fast", "dear", "fast"},
		{"of a tenant", []Objective{{Text: "slo", Part: metrics.Part{By: metrics.ByTenant, Index: 1}, Metric: metrics.SuccessRate, Value: 0.99}}, metrics.Decided, "cheap", "cheap dear fast", ""},
	} {
		v := judged(20, Options{SLO: c.slo}, fast, cheap, failing, dear, tenant)
		var meets []string
		for name, a := range v.MeetsSLO {
			if a == metrics.Yes {
				meets = append(meets, name)
			}
		}
		slices.Sort(meets)
		nearest := ""
		if len(v.Misses) > 0 {
			nearest = v.Misses[0].Strategy
		}
		if v.State != c.state || strings.Join(v.Chosen, " ") != c.chosen || strings.Join(meets, " ") != c.meets || nearest != c.nearest {
			t.Errorf("%s: %s, chosen %v, met by %v, nearest %q; want %s, %q, %q, %q", c.name, v.State, v.Chosen, meets, nearest, c.state, c.chosen, c.meets, c.nearest)
		}
	}
}

func TestBaselineAndPurchase(t *testing.T) {
	today := made{name: "today", failed: 0.1, seconds: 10, usd: 1}
	better := made{name: "better", seconds: 10, usd: 1.2}
	ptu := made{name: "ptu", seconds: 5, usd: 9.2, elsewhere: true}
	v := judged(10, Options{Baseline: "today", PerDay: 24}, today, better, ptu)
	if v.Baseline == nil || len(v.Baseline.Saved) != 2 || v.Baseline.Saved[0].Strategy != "better" {
		t.Fatalf("%+v", v.Baseline)
	}
	// 400 calls an hour are 9,600 a day, of which a tenth no longer fails.
	if got := v.Baseline.Saved[0].CallsPerDay; math.Abs(got.Mean-960) > 1e-6 {
		t.Errorf("saved %+v calls a day, want 960", got)
	}
	if len(v.Buy) != 1 || v.Buy[0].What != "ptu" || math.Abs(v.Buy[0].USD.Mean-8) > 1e-9 {
		t.Fatalf("%+v", v.Buy)
	}
	for _, g := range v.Buy[0].Gains {
		if g.Metric == "time_to_success_p95" && math.Abs(g.Ratio.Mean-2) > 0.01 {
			t.Errorf("gains %+v, want half the time", g)
		}
	}
}

// matrix is a criterion whose comparisons are given.
func matrix(id metrics.ID, cells map[[2]int]stats.Interval, matters float64) criterion {
	return criterion{metric: id, worse: func(a, b int) stats.Interval { return cells[[2]int{a, b}] },
		matters: constant(matters)}
}

// Whatever the intervals: somebody is chosen, nobody is both chosen and left out, and
// whoever is best by value in the first criterion is left out by a later one alone.
func TestSomebodyIsAlwaysChosen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 6).Draw(t, "strategies")
		outcomes := make([]metrics.Outcome, k)
		var set []int
		for i := range outcomes {
			outcomes[i] = metrics.Outcome{Name: string(rune('a' + i)), Rank: rapid.IntRange(0, 3).Draw(t, "rank"), Runs: make([]*metrics.Run, fewest)}
			for r := range outcomes[i].Runs {
				outcomes[i].Runs[r] = metrics.NewRun(metrics.Setup{Tenants: 1})
				outcomes[i].Runs[r].Close(0)
			}
			set = append(set, i)
		}
		var list []criterion
		var values [3][]float64
		for c := range values {
			cells := map[[2]int]stats.Interval{}
			for range k {
				values[c] = append(values[c], rapid.Float64Range(0, 1).Draw(t, "value"))
			}
			for a := range k {
				for b := range a {
					d := values[c][a] - values[c][b]
					down, up := rapid.Float64Range(0, 0.6).Draw(t, "down"), rapid.Float64Range(0, 0.6).Draw(t, "up")
					cells[[2]int{a, b}] = stats.Interval{Value: d, Lo: d - down, Hi: d + up}
					cells[[2]int{b, a}] = stats.Interval{Value: -d, Lo: -d - up, Hi: -d + down}
				}
			}
			list = append(list, matrix([]metrics.ID{metrics.FailedPer1000, metrics.TimeToSuccessP95, metrics.Amplification}[c], cells, rapid.Float64Range(0, 0.5).Draw(t, "matters")))
		}
		j := &judge{s: metrics.NewSample(outcomes), memo: map[pair]stats.Interval{}}
		v := &metrics.Verdict{}
		j.choose(v, set, list)
		if len(v.Chosen) == 0 || len(v.Chosen)+len(v.Why) != k {
			t.Fatalf("%d of %d chosen, %d left out", len(v.Chosen), k, len(v.Why))
		}
		best := set[0]
		for _, i := range set {
			if values[0][i] < values[0][best] {
				best = i
			}
		}
		for _, w := range v.Why {
			if slices.Contains(v.Chosen, w.Against) {
				t.Fatalf("%s is chosen and left out", w.Against)
			}
			if w.Against == outcomes[best].Name && w.Metric == "failed_per_1000" {
				t.Fatalf("%s has the fewest failures and is left out for them", w.Against)
			}
		}
		if v.State == metrics.Decided != (len(v.Chosen) == 1) {
			t.Fatalf("%s with %v chosen", v.State, v.Chosen)
		}
	})
}
