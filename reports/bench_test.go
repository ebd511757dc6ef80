package reports_test

import (
	"strings"
	"testing"

	"ratesim/reports"
	"ratesim/sim/metrics"
)

// Each metric just inside its bound and just outside: a point of success, 3 % of
// counts, 5 % of latencies, small differences excepted.
func TestAccountBounds(t *testing.T) {
	result := func(success, attempts, rejected, p50, p95 float64) *metrics.Result {
		e := func(v float64) *metrics.Estimate { return &metrics.Estimate{Mean: v, Lo: v, Hi: v} }
		return &metrics.Result{Scenario: "s", Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "jitter", Values: metrics.Values{
			metrics.SuccessRate: e(success), metrics.Attempts: e(attempts), metrics.Rejected: e(rejected), metrics.LatencyP50: e(p50), metrics.LatencyP95: e(p95)}}}}}
	}
	live := result(0.9, 1000, 10, 0.05, 10)
	for _, c := range []struct {
		simulated *metrics.Result
		row, sum  string
	}{
		{live, "| jitter | 90.0 % | 90.0 % | +0.0 | 1000 | 1000 | +0.0 % | 10 | 10 | +0.0 % | 50 ms | 50 ms | +0.0 % | 10.0 s | 10.0 s | +0.0 % |", "5 of 5"},
		{result(0.909, 1029, 12, 0.059, 10.4), "90.9 % | +0.9 | 1000 | 1029 | +2.9 % | 10 | 12 | +20.0 % | 50 ms | 59 ms | +18.0 % | 10.0 s | 10.4 s | +4.0 % |", "5 of 5"},
		{result(0.889, 969, 13, 0.061, 9.4), "-1.1 ! | 1000 | 969 | -3.1 % ! | 10 | 13 | +30.0 % ! | 50 ms | 61 ms | +22.0 % ! | 10.0 s | 9.4 s | -6.0 % ! |", "0 of 5"},
		{&metrics.Result{Scenario: "s", Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "jitter"}}}}, "| – ! | – | – | – ! | – | – | – ! | – | – | – ! | – | – | – ! |", "0 of 5"},
	} {
		var b strings.Builder
		if err := (reports.Markdown{}).Report(&b, reports.Bench(live, c.simulated, nil, "")); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), c.row) || !strings.Contains(b.String(), c.sum+" figures of the simulation agree") {
			t.Errorf("want %q and %q in\n%s", c.row, c.sum, b.String())
		}
	}
}

// What is off, but not by more than simulations of nearly the same are among
// themselves, is marked as that.
func TestAccountNoise(t *testing.T) {
	result := func(rejected float64) *metrics.Result {
		return &metrics.Result{Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "jitter", Values: metrics.Values{metrics.Rejected: {Mean: rejected}}}}}}
	}
	for _, c := range []struct {
		slowed []float64
		want   string
	}{
		{nil, "-10.0 % !"}, {[]float64{95}, "-10.0 % !"}, {[]float64{95, 100}, "-10.0 % ~"}, {[]float64{120}, "-10.0 % ~"}, {[]float64{70}, "-10.0 % !"},
	} {
		var slowed []*metrics.Result
		for _, v := range c.slowed {
			slowed = append(slowed, result(v))
		}
		var b strings.Builder
		if err := (reports.Markdown{}).Report(&b, reports.Bench(result(100), result(90), slowed, "")); err != nil || !strings.Contains(b.String(), c.want) {
			t.Errorf("%v: %v, no %s in\n%s", c.slowed, err, c.want, &b)
		}
	}
}
