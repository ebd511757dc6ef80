package reports

import (
	"strings"
	"testing"

	"ratesim/sim/metrics"
)

// row makes a strategy of 1000 calls with the intervals of ten replications.
func row(name string, success, p95, attempts, usd float64) metrics.Strategy {
	s := metrics.Strategy{
		Name: name, SuccessRate: est(success, 0.002), Succeeded: est(1000*success, 2),
		Amplification: est(attempts, 0.01), CostUSD: est(usd, 0.001),
	}
	if success > 0 {
		s.LatencyP95 = est(p95, 0.1)
	}
	return s
}

func pair(a, b, metric string, lo, hi float64) metrics.Paired {
	return metrics.Paired{A: a, B: b, Metric: metric, Mean: (lo + hi) / 2, Lo: lo, Hi: hi}
}

func TestVerdict(t *testing.T) {
	bound := row(oracle, 0.9999, 1, 1, 1)
	for _, c := range []struct {
		name       string
		reps       int
		strategies []metrics.Strategy
		paired     []metrics.Paired
		want       string
	}{
		{"win by success", 10, []metrics.Strategy{row("jitter", 0.779, 9, 2, 1), row("queue", 0.992, 12, 1, 1.2), bound},
			[]metrics.Paired{pair("jitter", "queue", "success_rate", -0.219, -0.207)},
			"Choose queue: 99.2 % of calls succeed, with a p95 latency of 12.0 s; jitter, the next best, succeeds with 77.9 % (21.3 points less, 95 % interval 20.7 to 21.9 points)."},
		{"far apart, though it may be chance", 2, []metrics.Strategy{row("a", 0.900, 4.1, 1, 1), row("b", 0.990, 4.1, 1, 1)},
			[]metrics.Paired{pair("a", "b", "success_rate", -0.290, 0.110)},
			"Choose b: 99.0 % of calls succeed, with a p95 latency of 4.1 s; a, the next best, succeeds with 90.0 % (9.0 points less, 95 % interval -11.0 to 29.0 points)."},
		{"no paired interval given", 10, []metrics.Strategy{row("queue", 0.992, 12, 1, 1.2), row("jitter", 0.779, 9, 2, 1)}, nil,
			"Choose queue: 99.2 % of calls succeed, with a p95 latency of 12.0 s; jitter, the next best, succeeds with 77.9 % (21.3 points less)."},
		{"tie on success, win by latency", 10, []metrics.Strategy{row("a", 0.991, 16.2, 1, 1), row("b", 0.990, 4.1, 1, 1), row("c", 0.5, 1, 1, 0.5)},
			[]metrics.Paired{pair("a", "b", "success_rate", -0.002, 0.004), pair("b", "a", "latency_p95", -13, -11.2)},
			"Choose b: 99.0 % of calls succeed, with a p95 latency of 4.1 s; a, the next best, shows no difference beyond noise in success but has a p95 latency of 16.2 s (12.1 s more, 95 % interval 11.2 to 13.0 s)."},
		{"certain but negligible", 10, []metrics.Strategy{row("a", 0.9906, 16.2, 1, 1), row("b", 0.990, 4.1, 1, 1)},
			[]metrics.Paired{pair("a", "b", "success_rate", 0.0003, 0.0009), pair("b", "a", "latency_p95", -13, -11.2)},
			"Choose b: 99.0 % of calls succeed, with a p95 latency of 4.1 s; a, the next best, shows no difference that matters in success but has a p95 latency of 16.2 s (12.1 s more, 95 % interval 11.2 to 13.0 s)."},
		{"win by attempts", 10, []metrics.Strategy{row("a", 0.99, 4.1, 1.4, 1), row("b", 0.99, 4.2, 1.1, 1)}, nil,
			"Choose b: 99.0 % of calls succeed, with a p95 latency of 4.2 s; a, the next best, shows no difference beyond noise in success or p95 latency but takes 1.40 attempts per call (0.30 more)."},
		{"win by cost", 10, []metrics.Strategy{row("a", 0.99, 4.1, 1.1, 1), row("b", 0.99, 4.1, 1.1, 0.95)}, nil,
			"Choose b: 99.0 % of calls succeed, with a p95 latency of 4.1 s; a, the next best, shows no difference beyond noise in success, p95 latency or attempts per call but costs 1.00 USD (0.050 more)."},
		{"tie in all", 10, []metrics.Strategy{row("a", 0.99, 4.1, 1.1, 1), row("b", 0.99, 4.1, 1.1, 1), row("c", 0.8, 4.1, 1.1, 1)}, nil,
			"Choose a or b, with no difference beyond noise between them: 99.0 % of calls succeed, with a p95 latency of 4.1 s; c, the next best, succeeds with 80.0 % (19.0 points less)."},
		{"tie of all there are", 10, []metrics.Strategy{row("a", 0.99, 4.1, 1.1, 1), row("b", 0.99, 4.1, 1.1, 1), bound}, nil,
			"Choose a or b, with no difference beyond noise between them: 99.0 % of calls succeed, with a p95 latency of 4.1 s."},
		{"provisioned", 10, []metrics.Strategy{row("none", 0.5, 1, 1, 0.5), row("queue", 0.98, 12, 1, 1), row("ptu", 0.999, 3.1, 1, 12.9)}, nil,
			"Choose ptu: 99.9 % of calls succeed, with a p95 latency of 3.1 s; queue, the next best, succeeds with 98.0 % (1.9 points less); ptu costs 12.90 USD a replication, 11.90 more than queue, the best of the cheaper ones (98.0 % of calls succeed, with a p95 latency of 12.0 s)."},
		{"one replication", 1, single(row("a", 0.991, 16.2, 1, 1), row("b", 0.9905, 4.1, 1, 1)),
			[]metrics.Paired{pair("a", "b", "latency_p95", 12.1, 12.1), pair("a", "b", "success_rate", 0.0005, 0.0005)},
			"Choose b: 99.0 % of calls succeed, with a p95 latency of 4.1 s; a, the next best, shows no difference that matters in success but has a p95 latency of 16.2 s (12.1 s more)."},
		{"all failed", 10, []metrics.Strategy{row("a", 0, 0, 7, 0), row("b", 0, 0, 1, 0), bound}, nil,
			"No strategy here gets a single call through; oracle, which no client can run, succeeds with >99.9 % of them."},
		{"all failed, no bound", 10, []metrics.Strategy{row("a", 0, 0, 7, 0)}, nil,
			"No strategy here gets a single call through."},
		{"one strategy", 10, []metrics.Strategy{row("a", 0.97, 3, 1, 1), bound}, nil,
			"Choose a: 97.0 % of calls succeed, with a p95 latency of 3.0 s."},
		{"only the bound", 10, []metrics.Strategy{bound}, nil, "Nothing to choose from: no strategy but the bound was run."},
	} {
		r := &metrics.Result{Replications: c.reps, Strategies: c.strategies, Paired: c.paired}
		if got := Verdict(r); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// single narrows every interval to its mean, as one replication does.
func single(rows ...metrics.Strategy) []metrics.Strategy {
	for i := range rows {
		for _, m := range allMetrics() {
			if e := *m.at(&rows[i]); e != nil {
				e.Lo, e.Hi = e.Mean, e.Mean
			}
		}
	}
	return rows
}

func TestOneReplicationIsSaid(t *testing.T) {
	r := &metrics.Result{Replications: 1, Strategies: single(row("a", 0.9, 2, 1, 1), row("b", 0.8, 2, 1, 1))}
	got := tableText(t, r, TableOptions{})
	if !strings.Contains(got, "One replication: no intervals") || strings.Contains(got, "±") {
		t.Errorf("one replication:\n%s", got)
	}
}
