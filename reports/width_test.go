package reports

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"ratesim/provider/capacity"
	"ratesim/sim/metrics"
)

// accounts are a live and a simulated result of which two figures are off, one
// within noise.
func accounts() (live, simulated, slowed *metrics.Result) {
	result := func(rejected, p95 float64) *metrics.Result {
		e := func(v float64) *metrics.Estimate { return &metrics.Estimate{Mean: v, Lo: v, Hi: v} }
		row := func(name string, success, attempts, rejected float64, latencies ...float64) metrics.Strategy {
			s := metrics.Strategy{Group: metrics.Group{Name: name, Values: metrics.Values{
				metrics.SuccessRate: e(success), metrics.Attempts: e(attempts), metrics.Rejected: e(rejected)}}}
			if len(latencies) > 0 {
				s.Values[metrics.LatencyP50], s.Values[metrics.LatencyP95] = e(latencies[0]), e(latencies[1])
			}
			return s
		}
		return &metrics.Result{Scenario: "launch-day", Strategies: []metrics.Strategy{
			row("jitter", 0.9987, 1219, rejected, 2.5, p95),
			row("sdk:openai-python@3.3", 0.953, 1140, 173, 0.05, 5.6),
			row("none", 0, 985, 985),
		}}
	}
	return result(224, 8.8), result(200, 9.5), result(230, 9.5)
}

func breakEvens() []capacity.ModelBreakEven {
	mix := func(v float64) capacity.BreakEvens {
		return capacity.BreakEvens{Hourly: 2 * v, Monthly: v, Yearly: v / 2}
	}
	return []capacity.ModelBreakEven{
		{Model: "gpt-4o", Mixes: []capacity.BreakEvens{mix(1.4), mix(1.2), mix(0.9)}},
		{Model: "gpt-4.1-mini", Uncached: true, Mixes: []capacity.BreakEvens{mix(1), mix(1), mix(1)}},
		{Model: "gpt-5.6-luna"},
	}
}

func accountTable(o TableOptions) func(io.Writer, struct{}) error {
	return func(w io.Writer, _ struct{}) error {
		live, simulated, slowed := accounts()
		return AccountTable(w, live, simulated, []*metrics.Result{slowed}, o)
	}
}

func breakEvenTable(o TableOptions) func(io.Writer, struct{}) error {
	return func(w io.Writer, _ struct{}) error { return BreakEvenTable(w, breakEvens(), o) }
}

func TestWidthGolden(t *testing.T) {
	golden(t, "account.txt", struct{}{}, accountTable(TableOptions{}))
	golden(t, "account-100-color.txt", struct{}{}, accountTable(TableOptions{Width: 100, Color: true}))
	golden(t, "account-60.txt", struct{}{}, accountTable(TableOptions{Width: 60}))
	golden(t, "account.md", struct{}{}, func(w io.Writer, _ struct{}) error {
		live, simulated, slowed := accounts()
		return AccountMarkdown(w, live, simulated, []*metrics.Result{slowed})
	})
	golden(t, "break-even-100.txt", struct{}{}, breakEvenTable(TableOptions{Width: 100}))
	golden(t, "break-even-60.txt", struct{}{}, breakEvenTable(TableOptions{Width: 60}))
}

// No line passes the width asked for.
func TestSheetWidth(t *testing.T) {
	for name, table := range map[string]func(TableOptions) func(io.Writer, struct{}) error{"account": accountTable, "break-even": breakEvenTable} {
		for width := 40; width <= 160; width++ {
			var b strings.Builder
			if err := table(TableOptions{Width: width})(&b, struct{}{}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s, width %d: line of %d: %q", name, width, n, line)
				}
			}
		}
	}
}
