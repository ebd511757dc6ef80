package chart

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/provider/capacity"
	"ratesim/sim/metrics"
)

// herd is three strategies over two seconds in steps of 50 ms; twin does what backoff does.
func herd() *metrics.Result {
	r := &metrics.Result{Kind: "simulated", Scenario: "herd", Seed: 1, Replications: 1}
	add := func(name string, retryPeak float64, at ...int) {
		c := &metrics.Curves{Width: 0.05, AttemptsPerS: make([]float64, 40), RejectedPerS: make([]float64, 40), LostPerS: make([]float64, 40)}
		for _, i := range at { // of 100 attempts 60 are refused and 10 lost
			c.AttemptsPerS[i], c.RejectedPerS[i], c.LostPerS[i] = 2000, 1200, 200
		}
		r.Strategies = append(r.Strategies, metrics.Strategy{Group: metrics.Group{Name: name, Values: metrics.Values{
			metrics.Calls: exact(100), metrics.FailedPer1000: exact(0), metrics.RetryPeak: exact(retryPeak), metrics.Rejected: exact(60 * float64(len(at)))}}, Curves: c})
	}
	add("backoff", 100, 0, 20, 39)
	add("jitter-full", 110, 0, 1, 39)
	add("jitter-50%", 40, 0, 21, 39)
	add("twin", 100, 0, 20, 39)
	r.Load = &metrics.Load{Width: 1, Limits: []metrics.LimitLoad{
		{Limit: "rpm", Asked: []float64{6000, 0}, Allowed: []float64{0, 600}},   // 100 calls in a second; in an outage at first
		{Limit: "tpm", Asked: []float64{60000, 0}, Allowed: []float64{0, 3000}}, // 10 tokens a call: 300 calls a minute
		{Limit: "rpd", Asked: []float64{6000, 0}, Allowed: []float64{1, 1}},     // of a day, which no second has
	}}
	return r
}

func TestHerd(t *testing.T) {
	charts := Herd(herd())
	c, ok := byName[*Bars](charts, "attempts")
	if !ok {
		t.Fatal("no bars")
	}
	if want := "Without jitter 100 retries come at once; jitter-50% brings that down to 40"; c.Title != want {
		t.Errorf("%q, want %q", c.Title, want)
	}
	var panels [][]string
	for _, p := range c.Panels {
		panels = append(panels, append(p.Names, p.Notes...))
	}
	if d := cmp.Diff([][]string{{"backoff", "twin", "no call fails", "180 × 429, 30 other failures"}, {"jitter-full", "no call fails", "180 × 429, 30 other failures"},
		{"jitter-50%", "no call fails", "180 × 429, 30 other failures"}}, panels); d != "" {
		t.Error(d)
	}
	if c.Width != 0.05 || len(c.Panels[0].Values[Admitted]) != 40 {
		t.Fatalf("%d bars of %v s, want 40 of 0.05", len(c.Panels[0].Values[Admitted]), c.Width)
	}
	got := []float64{c.Panels[0].Values[Admitted][20], c.Panels[0].Values[Rejected][20], c.Panels[0].Values[Lost][20], c.Panels[0].Values[Rejected][21]}
	if d := cmp.Diff([]float64{30, 60, 10, 0}, got, cmpopts.EquateApprox(0, 1e-9)); d != "" {
		t.Error(d)
	}
	// 3,000 tokens a minute are five calls a second, a quarter of a call in 50 ms.
	if c.Limit != 0.25 || c.Label != "the limit gives 5 a second" {
		t.Errorf("%v, %q", c.Limit, c.Label)
	}
	if notes := strings.Join(c.Notes, " "); !strings.Contains(notes, "Jitter can raise the first peak (jitter-full: 110)") {
		t.Errorf("does not say why jitter-full peaks higher: %s", notes)
	}
	calm := herd()
	for i := range calm.Strategies {
		calm.Strategies[i].Values[metrics.RetryPeak] = exact(0)
	}
	if c := Herd(calm)[0].Heading(); c.Title != "Nobody retries" || strings.Contains(strings.Join(c.Notes, " "), "Jitter can") {
		t.Errorf("%q %q", c.Title, c.Notes)
	}
}

func TestBarWidth(t *testing.T) {
	for _, k := range [][3]float64{{10, 0.05, 0.05}, {100, 0.05, 0.5}, {130, 0.05, 0.5}, {600, 1, 2}, {7, 1, 1}} {
		if got := barWidth(k[0], k[1]); got != k[2] {
			t.Errorf("%v s in steps of %v: %v, want %v", k[0], k[1], got, k[2])
		}
	}
}

// The simulation says 12 failed calls where 10 of 1,000 were measured, and 9 s for 10.
func TestBench(t *testing.T) {
	values := func(failed, p95, attempts float64) metrics.Values {
		return metrics.Values{metrics.Calls: exact(100), metrics.FailedPer1000: exact(failed), metrics.TimeToSuccessP95: exact(p95), metrics.Amplification: exact(attempts)}
	}
	live := &metrics.Result{Kind: "live", Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "a", Values: values(10, 10, 2)}}, {Group: metrics.Group{Name: "b", Values: values(0, 5, 1)}}}}
	told := &metrics.Result{Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "a", Values: values(12, 9, 2.1)}}, {Group: metrics.Group{Name: "b", Values: values(0, 5, 1)}}}}
	charts := Bench(live, told)
	c := charts[0].(*Ranking)
	if want := "The simulation is off by at most 2.0 of 1,000 calls, 5.0 % of the attempts and 10.0 % of the time until 95 % are answered"; c.Title != want {
		t.Errorf("%q, want %q", c.Title, want)
	}
	a := 0
	if c.Rows[0].Name != "a" {
		a = 1
	}
	for panel, want := range [][2]float64{{10, 12}, {10, 9}, {2, 2.1}} {
		got := c.Panels[panel].Rows[a].Points
		if len(got) != 2 || got[0].Shape != Square || got[1].Shape != Dot || got[0].At != want[0] || got[1].At != want[1] {
			t.Errorf("panel %d: %+v, want a square at %v and a dot at %v", panel, got, want[0], want[1])
		}
	}
	if len(charts) < 2 || charts[1].Heading().Name != "compare" {
		t.Error("what was measured is not shown by itself")
	}
	told.Strategies[0].Values[metrics.TimeToSuccessP95] = nil
	if got := Bench(live, told)[0].Heading().Title; !strings.HasSuffix(got, "; under a one of the two never gets there") {
		t.Errorf("%q", got)
	}
}

func TestProviders(t *testing.T) {
	a, b := four(), four()
	b.Provider = "acme/model@Higher.Tier"
	b.Strategies[4].Name, b.Verdict.Chosen = "other", []string{"other"}
	a.Strategies[4].Values[metrics.FailedPer1000] = exact(3)
	charts := Providers([]*metrics.Result{a, b})
	c := charts[0].(*Ranking)
	if want := "With acme/model@Higher.Tier fewest calls fail: 0 of 1,000, with acme/model@tier 3.0"; c.Title != want {
		t.Errorf("%q, want %q", c.Title, want)
	}
	if d := cmp.Diff([]Row{{"acme/model@tier", Other, "careful"}, {"acme/model@Higher.Tier", Chosen, "other"}}, c.Rows); d != "" {
		t.Error(d)
	}
	if _, ok := byName[*Ranking](charts, "acme-model-Higher-Tier-compare"); !ok {
		t.Error("the second provider has no charts of its own")
	}
}

// sizes are 10 to 50 PTUs for a demand of which each PTU serves 100 tokens a minute.
func sizes() *capacity.Report {
	return &capacity.Report{Model: "m", Deployment: "global", Currency: "EUR", Source: "log", Requests: 1000,
		Normalised:  capacity.Levels{Mean: 2000, Max: 4000},
		BreakEven:   capacity.BreakEvens{"hourly": 2, "monthly": 0.9, "yearly": 0.7},
		Assumptions: []capacity.Assumption{{What: "input TPM per PTU", Value: 100}},
		Options: []capacity.Option{
			{Name: "payg", Commitment: "none", USDPerMonth: 1000, MeetsSLO: true, LatencyP95: new(5.0), Online: 1},
			{Name: "ptu", Commitment: "yearly", PTUs: 40, USDPerMonth: 850, MeetsSLO: true, LatencyP95: new(6.0), RejectedShare: new(0.0), Online: 1},
			{Name: "ptu+spillover", Commitment: "yearly", PTUs: 30, USDPerMonth: 800, MeetsSLO: true, LatencyP95: new(9.0), SpilledShare: 0.04, Online: 1, Spills: true},
		},
		Recommendation: capacity.Recommendation{Option: 2, Flips: []capacity.Flip{
			{What: "demand", Change: -0.3, Then: "pay-as-you-go is cheaper"}, {What: "PTU prices", Change: 0.25, Then: "pay-as-you-go is cheaper"}}},
		Curves: &capacity.Curves{StepMinutes: 1, Mean: []float64{2000, 4000}, Highest: []float64{2000, 4000}, Bin: 1000, Histogram: []float64{0.1, 0.2, 0.3, 0.4},
			PTUs: []int{0, 10, 20, 30, 40, 50, 60, 70}, Yearly: []float64{1000, 900, 806, 800, 807, 900, 1050, 1200}, Monthly: []float64{1000, 950, 940, 980, 1100, 1300, 1500, 1700}, Hourly: []float64{1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500}},
	}
}

func TestCapacity(t *testing.T) {
	charts := Capacity(sizes())
	titles := map[string]string{}
	for _, c := range charts {
		titles[c.Heading().Name] = c.Heading().Title
	}
	want := map[string]string{
		"cost":    "Any number from 20 to 40 PTUs costs within 1 % of the cheapest; above 40 each step costs more than it saves",
		"options": "30 PTUs yearly with spillover cost least; 40 PTUs yearly cost 50 EUR a month more and answer 95 % within 6.0 s, not 9.0 s",
		"turns":   "The answer turns when PTU prices rise by 25 %: pay-as-you-go is cheaper then",
		"demand":  "Demand peaks at 4000 normalised tokens a minute, 2.00 times its mean; 30 PTUs give 3000",
	}
	if d := cmp.Diff(want, titles); d != "" {
		t.Error(d)
	}
	c, _ := byName[*Curves](charts, "cost")
	if d := cmp.Diff([]Band{{20, 40, "30 PTUs: 800"}}, c.Bands); d != "" {
		t.Error(d)
	}
	// The axis ends where a year's PTUs cost as much as none.
	if c.X.Hi != 60 {
		t.Errorf("the axis ends at %v, want 60", c.X.Hi)
	}
	// 10, 20 and 30 PTUs serve the tenth, then three and six tenths of the minutes.
	if d := cmp.Diff([]float64{1, 0.9, 0.7, 0.4, 0}, c.Below.Lines[0].Y, cmpopts.EquateApprox(0, 1e-9)); d != "" {
		t.Error(d)
	}
	options, _ := byName[*Ranking](charts, "options")
	var rows []string
	for i, row := range options.Rows {
		rows = append(rows, row.Name+" "+options.Panels[0].Rows[i].Text+" "+options.Panels[1].Rows[i].Text)
	}
	if d := cmp.Diff([]string{"30 PTUs yearly with spillover 800 -20 %", "40 PTUs yearly 850 -15 %", "pay-as-you-go 1,000 –"}, rows); d != "" {
		t.Error(d)
	}
}

func TestCapacityWithoutPTUs(t *testing.T) {
	r := sizes()
	r.Curves.Yearly = []float64{1000, 1200, 1400, 1600, 1800, 2000, 2200, 2400}
	r.Curves.Monthly = r.Curves.Hourly
	r.Recommendation = capacity.Recommendation{Option: 0}
	charts := Capacity(r)
	if want := "Pay-as-you-go costs least: 1,000 EUR a month, against 1,200 for 10 PTUs, the fewest that can be bought"; charts[0].Heading().Title != want {
		t.Errorf("%q, want %q", charts[0].Heading().Title, want)
	}
	r.Recommendation.Option, r.Objectives = -1, []string{"p95<=1s"}
	if c, _ := byName[*Ranking](Capacity(r), "options"); c.Title != "No option meets p95<=1s" {
		t.Errorf("%q", c.Title)
	}
	if c := Capacity(&capacity.Report{Recommendation: capacity.Recommendation{Option: -1}}); c != nil {
		t.Errorf("of nothing: %v", c)
	}
}
