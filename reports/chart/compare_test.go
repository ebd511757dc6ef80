package chart

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/sim/metrics"
)

func TestCompareReadsOff(t *testing.T) {
	titles := map[string]string{}
	var order []string
	for _, c := range Compare(four()) {
		order = append(order, c.Heading().Name)
		titles[c.Heading().Name] = c.Heading().Title
	}
	want := []string{"compare", "unanswered", "over-time", "cost-failed", "cost-time", "differences", "answers", "waiting", "attempts", "limits"}
	if d := cmp.Diff(want, order); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{
		"compare": "careful fails no call; the next, halfway, fails 2.0",
		// sqrt(10 × 40) = 20 s, at which careful's tail is at 1 %. That of halfway is at 10 % after
		// 30 s; between 1 s, 100 % and 30 s, 10 %, it is at 0.1^(ln 20 / ln 30) = 13.2 %.
		"unanswered": "After 20 s careful has answered all but 1.0 % of the calls, halfway all but 13.2 %",
		// 600 a minute for a minute are 600, one and a half times what the limit gives.
		"over-time":   "hasty is refused 480 times, careful 80 times; the traffic asks for up to 150 % of the limit",
		"cost-failed": "careful costs 1.1 times as much as hasty: 0 of 1,000 calls fail in place of 100",
		"cost-time":   "bought costs 5 times as much as careful: 95 % are answered within 4.0 s in place of 10.0 s",
		"differences": "Beyond chance, 2 of 2 strategies fail more calls than careful, and 1 answers 95 % later",
		// In a second 10 arrive and 5 are answered: after a minute 300 wait.
		"waiting": "Calls that wait: up to 300 under careful",
	} {
		if titles[name] != want {
			t.Errorf("%s: %q, want %q", name, titles[name], want)
		}
	}
}

func TestRankingRows(t *testing.T) {
	c, ok := byName[*Ranking](Compare(four()), "compare")
	if !ok {
		t.Fatal("no ranking")
	}
	want := []Row{
		{"careful", Chosen, "chosen"},
		{"halfway", Other, "2.0 (1.5–2.5) more of 1,000 calls fail"},
		{"hasty", Cheaper, "costs less, but 100 (90.0–110) more of 1,000 calls fail"},
		{"bought", Other, "is bought: 8.00 USD more a run than careful"},
		{"oracle", Bound, "the bound: no client can know what it knows"},
	}
	if d := cmp.Diff(want, c.Rows); d != "" {
		t.Error(d)
	}
	var texts [][]string
	for i := range c.Rows {
		var row []string
		for _, p := range c.Panels {
			row = append(row, p.Rows[i].Text)
		}
		texts = append(texts, row)
	}
	if d := cmp.Diff([][]string{
		{"0", "10.0 s", "1.10", "2.00"}, {"2.0", "40.0 s", "1.20", "2.00"}, {"100", "never", "1.50", "1.80"}, {"0", "4.0 s", "1.00", "10.00"}, {"0", "8.0 s", "1.00", "1.00"},
	}, texts); d != "" {
		t.Error(d)
	}
	// Of hasty's 1.5 attempts 0.48 are refused and, one a second for 30 s, 0.03 lost.
	if d := cmp.Diff([]Part{{Admitted, 0.99}, {Rejected, 0.48}, {Lost, 0.03}}, c.Panels[2].Rows[2].Parts, cmpopts.EquateApprox(0, 1e-9)); d != "" {
		t.Error(d)
	}
	var shapes []Shape
	for _, p := range c.Panels[1].Rows[2].Points {
		shapes = append(shapes, p.Shape)
		if p.Never != (p.Shape != Tick) {
			t.Errorf("hasty answers half of the calls, not 95 %%: %+v", p)
		}
	}
	if d := cmp.Diff([]Shape{Tick, Ring, Dot}, shapes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"by-hand", "acme/model@tier", "1000 calls", "10 replications", "seed 7"}, c.Facts); d != "" {
		t.Error(d)
	}
}

// Lines that are the same are one; one that fails calls goes level to the right edge.
func TestUnansweredLines(t *testing.T) {
	c, ok := byName[*Curves](Compare(four()), "unanswered")
	if !ok {
		t.Fatal("no curves")
	}
	var got []Line
	for _, l := range c.Lines {
		got = append(got, Line{Names: l.Names, Role: l.Role, Label: l.Label, Dashed: l.Dashed})
	}
	want := []Line{
		{Names: []string{"careful", "bought"}, Role: Chosen},
		{Names: []string{"halfway"}, Label: "0.2 %"},
		{Names: []string{"hasty"}, Role: Cheaper, Label: "10.0 %"},
		{Names: []string{"oracle"}, Role: Bound, Dashed: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	hasty := c.Lines[2]
	if d := cmp.Diff([]float64{1, 5, 5, c.X.Hi}, hasty.X); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]float64{1, 0.1, 0.1, 0.1}, hasty.Y); d != "" {
		t.Error(d)
	}
}

func TestStrips(t *testing.T) {
	c, ok := byName[*Strips](Compare(four()), "over-time")
	if !ok {
		t.Fatal("no strips")
	}
	hasty := c.Rows[2]
	want := Strip{Name: "hasty", Role: Cheaper, Rejected: []float64{1, 4, 11, 0}, Lost: []float64{0, 1, 0, 0}, GivenUp: []float64{0, 0, 0, 100.0 / 30}, Text: "480 × 429, 100 failed"}
	if d := cmp.Diff(want, hasty); d != "" {
		t.Error(d)
	}
	if c.Time.Hi != 120 || c.Width != 30 {
		t.Errorf("%v s in steps of %v, want 120 in steps of 30", c.Time.Hi, c.Width)
	}
	// Half a minute of 600 a minute are 300, a whole one 600.
	if d := cmp.Diff([]float64{300, 600}, c.Load[0].Y); d != "" {
		t.Error(d)
	}
}

// What is paired the other way round is turned round.
func TestDifferences(t *testing.T) {
	c, ok := byName[*Ranking](Compare(four()), "differences")
	if !ok {
		t.Fatal("no differences")
	}
	if c.Rows[0].Name != "halfway" || len(c.Rows) != 2 {
		t.Fatalf("%+v", c.Rows)
	}
	fails, later := c.Panels[0].Rows[0].Points[0], c.Panels[1].Rows[0].Points[0]
	if d := cmp.Diff([]float64{2, 1.5, 2.5, 30, 27, 33}, []float64{fails.At, fails.Lo, fails.Hi, later.At, later.Lo, later.Hi}, cmpopts.EquateApprox(0, 1e-9)); d != "" {
		t.Error(d)
	}
	if got := c.Panels[1].Rows[1].Text; got != "never" {
		t.Errorf("hasty answers 95 %% never, not %q", got)
	}
}

func TestCosts(t *testing.T) {
	c, ok := byName[*Scatter](Compare(four()), "cost-failed")
	if !ok {
		t.Fatal("no costs")
	}
	var names []string
	for _, p := range c.Frontier {
		names = append(names, p.Name)
	}
	if d := cmp.Diff([]string{"hasty", "careful"}, names); d != "" { // halfway and bought cost as much or more, and do no better
		t.Error(d)
	}
	r := four()
	for i := range r.Strategies {
		r.Strategies[i].Values[metrics.CostPerSuccessUSD] = exact(0.002 + 0.00001*float64(i))
	}
	charts := Compare(r)
	if _, found := byName[*Scatter](charts, "cost-failed"); found {
		t.Error("costs that hardly differ are drawn")
	}
	if notes := charts[0].Heading().Notes; notes[len(notes)-1] != "Costs hardly differ: 2.01 to 2.04 USD per 1,000 answers." {
		t.Errorf("%q", notes)
	}
}

func TestTenants(t *testing.T) {
	r := four()
	for i := range r.Strategies {
		for k, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			failed := exact(0)
			if r.Strategies[i].Name == "hasty" {
				failed = exact(float64(10 * k))
			} else if k == 1 {
				failed = exact(0.02) // too little to tell tenants apart
			}
			r.Strategies[i].Tenants = append(r.Strategies[i].Tenants, metrics.Group{Name: name, Values: metrics.Values{metrics.FailedPer1000: failed}})
		}
	}
	c, ok := byName[*Ranking](Compare(r), "tenants")
	if !ok {
		t.Fatal("no tenants")
	}
	if want := "careful treats all tenants alike; under hasty 60.0 of 1,000 calls of the tenant g fail, 0 of a"; c.Title != want {
		t.Errorf("%q, want %q", c.Title, want)
	}
	var titles []string
	for _, p := range c.Panels {
		titles = append(titles, p.Title)
	}
	if d := cmp.Diff([]string{"c", "d", "e", "f", "g"}, titles); d != "" {
		t.Error(d)
	}
}

// What is not known is not claimed, and nothing is chosen where nothing succeeds.
func TestEmptyStates(t *testing.T) {
	if c := Compare(&metrics.Result{}); c != nil {
		t.Errorf("of no strategies: %v", c)
	}
	bare := &metrics.Result{Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "x"}}}}
	if c := Compare(bare); len(c) != 1 || c[0].Heading().Title != "Nothing is known of x" {
		t.Errorf("of one without metrics: %v", c)
	}
	one := four()
	one.Strategies = one.Strategies[4:]
	one.Replications = 1
	one.Verdict = &metrics.Verdict{State: metrics.Leads, Chosen: []string{"careful"}}
	c := Compare(one)[0].(*Ranking)
	if want := "careful fails no call and answers 95 % within 10.0 s"; c.Title != want || c.Rows[0].Why != "leads" {
		t.Errorf("%q, want %q; %q", c.Title, want, c.Rows[0].Why)
	}
	if slices.Contains(c.Notes, "Pale: 95 % intervals.") {
		t.Error("one replication has no intervals")
	}
	none := four()
	for i := range none.Strategies {
		v := &none.Strategies[i].Values
		v[metrics.FailedPer1000] = exact(1000)
		v[metrics.TimeToSuccessP50], v[metrics.TimeToSuccessP95], v[metrics.TimeToSuccessP99] = nil, nil, nil
		none.Strategies[i].Curves.Unanswered = nil
	}
	none.Verdict = &metrics.Verdict{State: metrics.Nothing}
	charts := Compare(none)
	c = charts[0].(*Ranking)
	if c.Title != "No strategy gets a single call answered" {
		t.Errorf("%q", c.Title)
	}
	for _, row := range c.Rows {
		if row.Role == Chosen {
			t.Errorf("%s is chosen", row.Name)
		}
	}
}

// Names cannot steer a terminal or hide in other letters' order.
func TestHostileNames(t *testing.T) {
	r := four()
	r.Scenario = "a\x1b[31m"
	r.Strategies[4].Name, r.Verdict.Chosen = "x\u202ey\n", []string{"x\u202ey\n"}
	c := Compare(r)[0].(*Ranking)
	if c.Rows[0].Name != "x\ufffdy " || c.Facts[0] != "a\ufffd[31m" {
		t.Errorf("%q, %q", c.Rows[0].Name, c.Facts[0])
	}
}

func TestSoonestIsBeyondChance(t *testing.T) {
	r := four()
	r.Strategies[3].Values[metrics.FailedPer1000] = exact(0.4)
	c := Compare(r)[0].Heading()
	if want := "careful and halfway fail fewer than 1 of 1,000 calls; careful answers 95 % soonest, within 10.0 s"; c.Title != want {
		t.Errorf("%q, want %q", c.Title, want)
	}
	r.Paired[2].Hi = 1
	if c = Compare(r)[0].Heading(); c.Title != "careful and halfway fail fewer than 1 of 1,000 calls; the next, hasty, fails 100" {
		t.Errorf("by chance: %q", c.Title)
	}
}

// Ten arrive in each of two seconds, of which five are answered and five fail later.
func TestWaiting(t *testing.T) {
	c := &metrics.Curves{Width: 2, ArrivedPerS: []float64{10}, AnsweredPerS: []float64{0, 5}, FailedPerS: []float64{0, 0, 5}}
	if d := cmp.Diff([]float64{20, 10, 0}, waiting(c)); d != "" {
		t.Error(d)
	}
}

func TestOpenAfter(t *testing.T) {
	s := &four().Strategies[1]                  // hasty: 10 % fail
	s.Values[metrics.FailedPer1000] = exact(95) // the next point of the tail would be lower
	for at, want := range map[float64]float64{0.5: 1, 1: 1, math.Sqrt(5): math.Sqrt(0.1), 4.9999999999999: 0.1, 5: 0.095, 100: 0.095} {
		if got := openAfter(s, at); math.Abs(got-want) > 1e-12 {
			t.Errorf("after %v s: %v, want %v", at, got, want)
		}
	}
}
