package page

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"ratesim/reports/words"
	"testing"

	"ratesim/reports"
	"ratesim/reports/chart"
	"ratesim/sim/metrics"
)

// load reads a saved result.
func load(t testing.TB, path string) *metrics.Result {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r metrics.Result
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// documentOf is the document of a comparison.
func documentOf(r *metrics.Result) *reports.Document {
	d := reports.Compare(r, "tenant")
	d.Charts = chart.Compare(r)
	return d
}

// forty is a result of 40 strategies over an hour in the 600 steps that a result has at
// most. All meet the same arrivals; what becomes of the attempts differs in every step,
// and in half of the hour the limit refuses some.
func forty() *metrics.Result {
	random := rand.New(rand.NewPCG(1, 2))
	r := &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "forty", Seed: 1, Replications: 10, Verdict: &metrics.Verdict{State: metrics.Nothing}}
	noise := func(top, share float64) []float64 {
		out := make([]float64, 600)
		for i := range out {
			if float64(i) < 600*share {
				out[i] = words.Round6(math.Round(top*random.Float64()*60) / 60) // counts of 10 replications in 6 s
			}
		}
		return out
	}
	arrived := noise(8, 1)
	for i := range 40 {
		s := metrics.Strategy{Group: metrics.Group{Name: fmt.Sprintf("strategy-%d", i)}}
		for id := range metrics.Metrics() {
			v := words.Round6(random.Float64() * 100)
			s.Values[id] = &metrics.Estimate{Mean: v, Lo: v * 0.9, Hi: v * 1.1}
		}
		for _, tenant := range []string{"web", "nightly"} {
			s.Tenants = append(s.Tenants, metrics.Group{Name: tenant, Values: s.Values})
		}
		s.Curves = &metrics.Curves{Width: 6, AttemptsPerS: noise(50, 1), RejectedPerS: noise(30, 0.5), LostPerS: noise(5, 0.05), ArrivedPerS: arrived, AnsweredPerS: noise(8, 1), FailedPerS: noise(2, 0.2), QuotaUsed: noise(2, 1)}
		for k := range 70 {
			s.Curves.Unanswered = append(s.Curves.Unanswered, metrics.Tail{Share: words.Round6(math.Pow(10, -float64(k)/20)), Within: words.Round6(float64(k+1) * (1 + random.Float64()/10))})
		}
		r.Strategies = append(r.Strategies, s)
		for k := range i {
			for _, m := range []string{"failed_per_1000", "time_to_success_p95", "amplification"} {
				v := words.Round6(random.Float64())
				r.Paired = append(r.Paired, metrics.Paired{A: s.Name, B: fmt.Sprintf("strategy-%d", k), Metric: m, Mean: v, Lo: v - 1, Hi: v + 1})
			}
		}
	}
	return r
}

// small is a document by hand that has one of everything.
func small() *reports.Document {
	head := func(name, title string) chart.Head {
		return chart.Head{Name: name, Title: title, Notes: []string{"This is how to read it."}}
	}
	time := chart.Axis{Label: "time", Hi: 10, Scale: words.Seconds, Ticks: []float64{0, 5, 10}}
	count := chart.Axis{Label: "attempts", Hi: 20, Scale: words.Quantity, Ticks: []float64{0, 10, 20}}
	dots := chart.Axis{Hi: 10, Ticks: []float64{0, 5}}
	log := chart.Axis{Label: "seconds", Log: true, Lo: 1, Hi: 100, Scale: words.Seconds, Ticks: []float64{1, 10, 100}, Never: true}
	share := chart.Axis{Label: "share", Log: true, Lo: 0.001, Hi: 1, Scale: words.Percent, Ticks: []float64{0.01, 0.1, 1}}
	column := func(num string, v float64) reports.Cell {
		return reports.Cell{Num: num, Unit: " s", Ends: "(1–3)", Sort: v}
	}
	return &reports.Document{
		Kind: reports.KindComparison, Name: "small", About: "two clients and a bound",
		Title: "Choose paced: 95 % succeed within 2.0 s.", Lead: []string{"jitter costs less; jitter-full is another name."},
		Facts: []string{"small", "simulated", "seed 1"}, Assumed: []string{"Calls wait 10 s."}, Warnings: []string{"A warning."},
		Setting: []metrics.Setting{{Topic: "limits", Text: "500 requests a minute", Source: "a page, 2026"}, {Topic: "limits", Text: "no token limit"}},
		Checks:  []reports.Checklist{{Items: []reports.Check{{Met: true, State: "MET", Text: "paced.failed < 1"}, {Failed: true, Chance: true, State: "MISSED", Text: "jitter.failed < 1", Value: "2"}}}},
		Lists:   []reports.List{{Title: "What would change it", Items: []string{"Demand."}}},
		Tables: []reports.Table{{Of: "strategy", Columns: []reports.Column{{Head: "95 %", Sub: "within"}, {Head: "over time", Spark: true}}, Rows: []reports.Row{
			{Name: "paced", Role: chart.Chosen, Cells: []reports.Cell{column("2.0", 2), {Num: "▁▂"}}},
			{Name: "web", Group: true, Cells: []reports.Cell{column("2.1", 2.1), {Num: "▁▂"}}},
			{Name: "jitter", Role: chart.Cheaper, Cells: []reports.Cell{{Num: "never", Sort: math.Inf(1)}, {Num: "▁▂"}}},
			{Name: "oracle", Role: chart.Bound, Cells: []reports.Cell{{Num: words.Absent, Sort: math.NaN()}, {Num: "▁▂"}}},
		}}},
		Legend: []string{"In brackets: 95 % interval."},
		Charts: []chart.Chart{
			&chart.Ranking{Head: head("ranking", "paced answers soonest"), Why: "Why not?",
				Rows: []chart.Row{{Name: "paced", Role: chart.Chosen, Why: "chosen"}, {Name: "jitter", Role: chart.Cheaper, Why: "fails more"}, {Name: "oracle", Role: chart.Bound}},
				Panels: []chart.Panel{
					{Title: "Calls that fail", Axis: dots, Rows: []chart.Marks{
						{Points: []chart.Point{{At: 2, Lo: 1, Hi: 3, Stem: true, Text: "2 fail"}}, Text: "2"},
						{Points: []chart.Point{{At: 12, Lo: 8, Hi: math.Inf(1), Stem: true}}, Text: "12"}, {Text: "–"}}},
					{Title: "Time", Axis: log, Rows: []chart.Marks{
						{Points: []chart.Point{{Shape: chart.Tick, At: 1, Lo: 1, Hi: 1}, {At: 2, Lo: 1.5, Hi: math.Inf(1)}, {Shape: chart.Ring, Never: true}}, Text: "2.0 s"},
						{Points: []chart.Point{{Never: true}}, Text: "never"}, {Points: []chart.Point{{At: math.NaN()}}}}},
					{Title: "Attempts", Axis: dots, Rows: []chart.Marks{{Parts: []chart.Part{{Kind: chart.Admitted, Value: 1}, {Kind: chart.Rejected, Value: 2}}, Text: "3.00"}, {}, {}}},
					{Title: "Note", Rows: []chart.Marks{{Text: "a"}, {Text: "b"}, {Text: "c"}}},
				}},
			&chart.Curves{Head: head("curves", "paced is done first"), X: log, Y: share, Bands: []chart.Band{{From: 5, To: 20, Label: "outage"}}, Lines: []chart.Line{
				{Names: []string{"paced"}, Role: chart.Chosen, X: []float64{1, 2, 4}, Y: []float64{1, 0.1, 0.0001}},
				{Names: []string{"jitter", "fixed"}, X: []float64{1, 10, 100}, Y: []float64{1, 0.5, 0.05}, Steps: true, Label: "5.0 %"},
				{Names: []string{"oracle"}, Role: chart.Bound, Dashed: true, X: []float64{1, math.NaN(), 3, 100}, Y: []float64{1, 0.5, 0.5, 0.5}}}},
			&chart.Strips{Head: head("strips", "jitter is refused"), Time: time, Width: 1, Edges: []float64{0.1, 1, 3, 10, 30}, LoadY: count,
				Load: []chart.Line{{Role: chart.Load, X: []float64{0, 5, 10}, Y: []float64{0, 15, 5}}, {Role: chart.Limit, X: []float64{0, 10}, Y: []float64{10, 10}, Label: "10 a minute"}},
				Rows: []chart.Strip{{Name: "paced", Role: chart.Chosen, Text: "0 429s"}, {Name: "jitter", Rejected: []float64{0, 0.5, 0.5, 40, 4, 0, 0, 0, 0, 0}, Lost: []float64{0, 0, 0, 0, 5}, GivenUp: []float64{0, 0, 0, 2, 0, 0.05}, Text: "45 429s"}}},
			&chart.TimeSeries{Head: head("waiting", "Calls that wait: up to 12 under jitter"), Time: time, Y: count, Width: 1, Series: []chart.Series{
				{Name: "paced", Role: chart.Chosen, Values: []float64{0, 1, 2, 3, 2, 1, 0, 0, 0, 0}}, {Name: "jitter", Values: []float64{0, 4, 8, 12, 12, 12, math.NaN(), 3, 0, 0}}}},
			&chart.Scatter{Head: head("cost", "paced costs more"), X: dots, Y: log, Points: []chart.Spot{{Name: "paced", Role: chart.Chosen, X: 8, Y: 2}, {Name: "jitter", X: 2, Never: true}, {Name: "oracle", Role: chart.Bound, X: 5, Y: 5}}, Frontier: []chart.Spot{{X: 2, Never: true}, {X: 8, Y: 2}}},
			&chart.Bars{Head: head("herd", "jitter spreads the herd"), Time: time, Width: 1, Y: chart.Axis{Log: true, Lo: 0.5, Hi: 100, Ticks: []float64{1, 10, 100}}, Limit: 10, Label: "the limit", Panels: []chart.BarPanel{
				{Names: []string{"jitter", "fixed"}, Notes: []string{"3 fail", "a peak of 60"}, Values: [][]float64{{10, 0, 5}, {50, 0, 2}, {0, 0, 1}}}, {Names: []string{"paced"}, Role: chart.Chosen, Values: [][]float64{{1, 2, 3}}}}},
		},
		Command: "ratesim compare small", Hash: "abc", Version: "v1", Data: map[string]any{"schema": "test", "values": []float64{1, 2}}, Records: [][]string{{"strategy", "failed"}, {"a, b", "1"}},
	}
}
