package reports

import (
	"math"
	"strings"
	"testing"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// row makes a strategy of which so many of 1,000 calls fail, and 95 % succeed within so
// many seconds; 0 is never.
func row(name string, failed, p95 float64) metrics.Strategy {
	v := metrics.Values{
		metrics.Calls: est(1000, 0), metrics.Succeeded: est(1000-failed, 2),
		metrics.FailedPer1000: {Mean: failed, Lo: failed * 0.9, Hi: failed*1.1 + 1.2},
	}
	if p95 > 0 {
		v[metrics.TimeToSuccessP95] = est(p95, 0.1)
	} else if failed < 500 {
		v[metrics.TimeToSuccessP50] = est(1.5, 0.1)
	}
	return metrics.Strategy{Group: metrics.Group{Name: name, Values: v}}
}

func TestVerdict(t *testing.T) {
	rows := []metrics.Strategy{row("jitter", 0, 7.7), row("paced", 2.3, 9.6), row("none", 221, 0), row("ptu", 0, 5.7)}
	byFailures := []string{"failed_per_1000", "time_to_success_p95", "amplification"}
	for _, c := range []struct {
		name    string
		reps    int
		verdict metrics.Verdict
		want    string
	}{
		{"decided by failures", 40, metrics.Verdict{State: metrics.Decided, Chosen: []string{"jitter"}, By: byFailures, Why: []metrics.Reason{
			{Metric: "failed_per_1000", Against: "none", By: "jitter", Difference: est(221, 10)},
			{Metric: "failed_per_1000", Against: "paced", By: "jitter", Difference: est(2.3, 0.5)}}},
			"Choose jitter: no call fails (at most 1.2 of 1,000) and 95 % succeed within 7.7 s. The next best, paced, fails 2.3 (1.8–2.8) more of 1,000 calls than jitter."},
		{"decided by time, which is nearer than failures", 40, metrics.Verdict{State: metrics.Decided, Chosen: []string{"paced"}, By: byFailures, Why: []metrics.Reason{
			{Metric: "time_to_success_p95", Against: "jitter", By: "paced", Ratio: est(1.4, 0.2)},
			{Metric: "failed_per_1000", Against: "none", By: "paced", Difference: est(219, 0.1)}}},
			"Choose paced: 2.3 of 1,000 calls fail and 95 % succeed within 9.6 s. The next best, jitter, takes 1.40 times (1.20–1.60) as long as paced until 95 % of the calls succeed."},
		{"decided by attempts", 40, metrics.Verdict{State: metrics.Decided, Chosen: []string{"paced"}, By: byFailures, Why: []metrics.Reason{
			{Metric: "amplification", Against: "jitter", By: "paced", Ratio: est(1.15, 0.05)}}},
			"Choose paced: 2.3 of 1,000 calls fail and 95 % succeed within 9.6 s. The next best, jitter, sends 1.15 times (1.10–1.20) as many attempts as paced."},
		{"tied", 80, metrics.Verdict{State: metrics.Tied, Chosen: []string{"jitter", "paced", "ptu"}, Ties: []string{"paced", "ptu"}},
			"Choose jitter, the simplest of jitter, paced and ptu, between which no difference matters: no call fails (at most 1.2 of 1,000) and 95 % succeed within 7.7 s."},
		{"undecided", 200, metrics.Verdict{State: metrics.Undecided, Chosen: []string{"jitter", "paced"}, Possible: []metrics.Reason{
			{Metric: "failed_per_1000", Against: "paced", By: "jitter", Difference: est(1, 1.5)},
			{Metric: "time_to_success_p95", Against: "paced", By: "jitter", Ratio: &metrics.Estimate{Mean: 1.2, Lo: 0.9, Hi: math.Inf(1)}},
			{Metric: "amplification", Against: "jitter", By: "paced", Ratio: est(1.1, 0.2)}}},
			"Undecided after 200 replications between jitter and paced. jitter is the simplest: no call fails (at most 1.2 of 1,000) and 95 % succeed within 7.7 s. Still possible: paced fails up to 2.5 more of 1,000 calls than jitter; jitter sends up to 1.30 times as many attempts as paced."},
		{"one replication", 1, metrics.Verdict{State: metrics.Leads, Chosen: []string{"jitter"}},
			"One replication is too few for a verdict. jitter leads, which may be chance: no call fails and 95 % succeed within 7.7 s."},
		{"three replications", 3, metrics.Verdict{State: metrics.Leads, Chosen: []string{"none"}},
			"3 replications are too few for a verdict. none leads, which may be chance: 221 of 1,000 calls fail and half succeed within 1.5 s."},
		{"nothing alive", 10, metrics.Verdict{State: metrics.Nothing}, "Nothing to choose: no strategy gets a single call answered."},
		{"SLO met", 20, metrics.Verdict{State: metrics.Decided, Chosen: []string{"jitter"}, By: []string{"cost_per_success_usd"}, SLO: []string{"success_rate>=99%", "time_to_success_p95<=8s"},
			Why: []metrics.Reason{{Metric: "cost_per_success_usd", Against: "paced", By: "jitter", Ratio: est(1.2, 0.1)}}},
			"Choose jitter: it meets success_rate>=99% and time_to_success_p95<=8s for certain, and its answers cost least; no call fails (at most 1.2 of 1,000) and 95 % succeed within 7.7 s. The next best, paced, pays 1.20 times (1.10–1.30) as much for an answer as jitter."},
		{"SLO missed", 20, metrics.Verdict{State: metrics.Nothing, SLO: []string{"time_to_success_p95<=5s"}, Misses: []metrics.Miss{{Strategy: "jitter", SLO: "time_to_success_p95<=5s", Value: est(7.7, 0.5)}}},
			"No strategy meets time_to_success_p95<=5s. jitter comes nearest: time_to_success_p95 is 7.7 s (7.2 s–8.2 s), which misses time_to_success_p95<=5s."},
		{"SLO never reached", 20, metrics.Verdict{State: metrics.Nothing, SLO: []string{"time_to_success_p95<=5s"}, Misses: []metrics.Miss{{Strategy: "none", SLO: "time_to_success_p95<=5s"}}},
			"No strategy meets time_to_success_p95<=5s. none comes nearest: it never reaches time_to_success_p95<=5s."},
		{"SLO of a tenant", 20, metrics.Verdict{State: metrics.Nothing, SLO: []string{"quiet.success_rate >= 99%"}, Misses: []metrics.Miss{{Strategy: "none", SLO: "quiet.success_rate >= 99%", Value: est(0.9, 0.01)}}},
			"No strategy meets quiet.success_rate >= 99%. none comes nearest: quiet.success_rate is 90.0 % (89.0 %–91.0 %), which misses quiet.success_rate >= 99%."},
		{"SLO undecided", 200, metrics.Verdict{State: metrics.Undecided, Chosen: []string{"jitter"}, SLO: []string{"success_rate>=99.9%"}},
			"Undecided after 200 replications: jitter may or may not meet success_rate>=99.9%."},
	} {
		r := &metrics.Result{Replications: c.reps, Strategies: rows, Verdict: &c.verdict}
		if got := words.Verdict(r); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), c.want)
		}
	}
	if got := words.Verdict(&metrics.Result{Strategies: rows}); len(got) != 1 || !strings.Contains(got[0], "older version") {
		t.Errorf("without a verdict: %v", got)
	}
}

// What follows the choice: what no client can fix, what would, what buying gives, what
// changes against today.
func TestBesideTheChoice(t *testing.T) {
	v := &metrics.Verdict{State: metrics.Tied, Chosen: []string{"jitter"},
		Overload: []metrics.Overload{{Limit: "tpm", From: 240, To: 390, Demand: 391_000, Allowed: 200_000, Missed: 0.084, Share: 1},
			{Limit: "rpd", From: 0, To: 7265, Demand: 8, Allowed: 7, Missed: 0.01, Share: 0.24},
			{Limit: "concurrency", From: 10, To: 20, Demand: 8, Allowed: 7, Missed: 0.003, Share: 1}, {Missed: 0.002}, {Missed: 0.001}},
		Fits:     &metrics.Fit{Provider: "openai/gpt-4o@tier-2", Strategy: "jitter", SuccessRate: est(0.999, 0.0005), Asks: "50 USD spent and 7 days", Derived: "as tier-1"},
		Buy:      []metrics.Purchase{{What: "ptu", USD: est(2.2, 0.1)}, {What: "ptu", USD: est(-0.5, 0.1)}},
		Baseline: &metrics.Baseline{Name: "none", Saved: []metrics.Saving{{Strategy: "paced", CallsPerDay: est(1, 1)}, {Strategy: "jitter", CallsPerDay: est(5600, 1400)}}}}
	r := &metrics.Result{Replications: 10, Strategies: []metrics.Strategy{row("jitter", 0, 7.7), row("ptu", 0, 5.7)}, Verdict: v}
	want := []string{
		"Choose jitter: no call fails (at most 1.2 of 1,000) and 95 % succeed within 7.7 s.",
		"From 4:00 to 6:30 the calls ask for 391k tokens a minute, and the limit tpm gives 200k: whatever the client does, about 8.4 % of all tokens cannot be served in time.",
		"In bursts, which fill 24.0 % of the time from 0:00 to 2:01:05, the calls ask for 8 requests a minute, and the limit rpd gives 7: whatever the client does, about 1.0 % of all requests cannot be served in time.",
		"From 0:10 to 0:20 the calls ask for 8 requests at a time, and the limit concurrency gives 7: whatever the client does, about 0.3 % of all requests cannot be served in time.",
		"There are 2 more such times; the JSON has them all.",
		"openai/gpt-4o@tier-2 would be enough: with jitter, 99.9 % of the calls succeed there. To get that tier: 50 USD spent and 7 days. Nobody has read its limits; they are derived: as tier-1.",
		"ptu sends to another deployment too: against jitter it costs 2.20 USD more a run; with it no call fails (at most 1.2 of 1,000) and 95 % succeed within 5.7 s.",
		"ptu sends to another deployment too: against jitter it costs 0.50 USD less a run; with it no call fails (at most 1.2 of 1,000) and 95 % succeed within 5.7 s.",
		"Compared with none, which runs today, 5600 fewer calls a day (4200–7000) fail.",
	}
	if got := words.Verdict(r); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCells(t *testing.T) {
	failed, time := compareColumns()[0], compareColumns()[2]
	for _, c := range []struct {
		column metricColumn
		e      *metrics.Estimate
		want   string
	}{
		{failed, &metrics.Estimate{Mean: 0, Lo: 0, Hi: 2.24}, "0 (<2.2)"},
		{failed, &metrics.Estimate{Mean: 0.03, Lo: 0.001, Hi: 2.2}, "<0.1 (0.0–2.2)"},
		{failed, &metrics.Estimate{Mean: 51.56, Lo: 41.93, Hi: 62.6}, "51.6 (41.9–62.6)"},
		{failed, &metrics.Estimate{Mean: 221.6, Lo: 99.96, Hi: 1000}, "222 (100–1000)"},
		{failed, &metrics.Estimate{}, "0"},
		{failed, nil, words.Absent},
		{time, &metrics.Estimate{Mean: 7.61, Lo: 6.22, Hi: 11.5}, "7.6 s (6.2–11.5)"},
		{time, &metrics.Estimate{Mean: 7.61, Lo: 0.62, Hi: 130}, "7.6 s (620 ms–130)"},
		{time, &metrics.Estimate{Mean: 7.61, Lo: 6.2, Hi: math.Inf(1)}, "7.6 s (6.2–∞)"},
		{time, nil, words.Never},
	} {
		v := metrics.Values{metrics.Calls: est(10, 0)}
		v[c.column.of] = c.e
		if got := c.column.cell(&v).String(); got != c.want {
			t.Errorf("%v: %q, want %q", c.e, got, c.want)
		}
	}
	if got := time.cell(&metrics.Values{}).String(); got != words.Absent {
		t.Errorf("without calls %q, want %q", got, words.Absent)
	}
}

func TestOneReplicationIsSaid(t *testing.T) {
	single := row("a", 20, 2)
	for id, e := range single.Values {
		if e != nil {
			single.Values[id] = est(e.Mean, 0)
		}
	}
	r := &metrics.Result{Replications: 1, Strategies: []metrics.Strategy{single}, Verdict: &metrics.Verdict{State: metrics.Leads, Chosen: []string{"a"}}}
	got := written(t, Compare(r, ""), Text{})
	if !strings.Contains(got, "One replication: no intervals") || strings.Contains(got, "(20") || strings.Contains(got, "a*") {
		t.Errorf("one replication:\n%s", got)
	}
}
