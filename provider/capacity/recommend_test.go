package capacity

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ratesim/provider/catalog"
	"ratesim/sim/rng"
)

func conclude(e *Evaluation) *Recommendation {
	for i := range e.Report.Options {
		o := &e.Report.Options[i]
		if o.RejectedShare == nil {
			o.RejectedShare = new(float64)
		}
	}
	e.Conclude()
	return &e.Report.Recommendation
}

// A steady demand that fills its PTUs is worth a year's reservation; the same
// bought by the hour is not; one that needs a tenth of the smallest deployment
// stays where it is.
func TestRecommendations(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	full := steady(5*dayMinutes, Tokens{50, 50_000, 0, 0}) // 20 PTUs
	e := evaluate(full, o)
	r := conclude(e)
	if p := e.Report.Options[r.Option]; p.PTUs != 20 || p.Commitment != "yearly" || r.PTUsInterval != [2]int{20, 20} || *r.Pays != 1 {
		t.Errorf("%+v, %+v", p, r)
	}
	e = evaluate(steady(5*dayMinutes, Tokens{5, 3750, 0, 0}), o)
	r = conclude(e)
	if r.Option != 0 || r.PTUsInterval != [2]int{0, 0} || !strings.Contains(r.Why, "15 PTUs, would be 10 % used, and a yearly reservation pays above 81 %") {
		t.Errorf("%+v", r)
	}
	// 221 x 15 a month is worth 15 x 273.75 x u: they pay from u = 0.807 on, 8.07 times this.
	if !strings.HasPrefix(r.FlipsIf[0], "demand grows 8.1-fold: a yearly reservation of 15 PTUs") {
		t.Errorf("%q", r.FlipsIf)
	}
	// A thousandth of that demand pays from a thousand times the growth on.
	e = evaluate(steady(5*dayMinutes, Tokens{1, 3.75, 0, 0}), o)
	if r = conclude(e); !strings.HasPrefix(r.FlipsIf[0], "demand grows 807") {
		t.Errorf("%q", r.FlipsIf)
	}
	dear := Prices{Units: []UnitPrice{{Yearly, 9000, 0, "year"}, {Monthly, 9000, 0, "month"}, {Hourly, 9, 0, "hour"}}}
	e = evaluate(full, offer(t, "gpt-4o", catalog.Global, dear))
	if r = conclude(e); r.Option != 0 || !strings.Contains(r.Why, "a PTU costs more than the tokens it can serve") || !strings.HasPrefix(r.FlipsIf[0], "no growth") {
		t.Errorf("%+v", r)
	}
}

// Below the share of the demand that is named, pay-as-you-go is cheaper, and
// above it is not.
func TestFlips(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	d := days(28, 400_000)
	e := evaluate(d, o)
	r := conclude(e)
	chosen := &e.Report.Options[r.Option]
	if chosen.Name != "ptu+spillover" || chosen.Commitment != "yearly" {
		t.Fatalf("%+v", chosen)
	}
	g := e.shrinks(chosen)
	if g <= 0 || g >= 1 {
		t.Fatalf("share %v", g)
	}
	for _, k := range []struct {
		times float64
		payg  bool
	}{{g * 0.99, true}, {g * 1.01, false}} {
		fewer := &Demand{Start: d.Start, Dated: true}
		for _, m := range d.Minutes {
			fewer.Minutes = append(fewer.Minutes, m.times(k.times))
		}
		f := evaluate(fewer, o)
		kept := f.ptu("", chosen.PTUs, Yearly, 1, true)
		if (f.payg < kept.USDPerMonth) != k.payg {
			t.Errorf("%v of the demand: pay-as-you-go %v, PTUs %v", k.times, f.payg, kept.USDPerMonth)
		}
	}
	// At prices of so much less, and of PTUs of so much more, both cost the same.
	saved := e.payg - chosen.USDPerMonth + e.fixed(chosen)
	k := e.fixed(chosen) / saved
	cheap := evaluate(d, offer(t, "gpt-4o", catalog.Global, Prices{Input: new(2.5 * k), Cached: new(1.25 * k), Output: new(10 * k)}))
	if kept := cheap.ptu("", chosen.PTUs, Yearly, 1, true); math.Abs(kept.USDPerMonth-cheap.payg) > 1e-6*cheap.payg {
		t.Errorf("at the price: pay-as-you-go %v, PTUs %v", cheap.payg, kept.USDPerMonth)
	}
	dear := evaluate(d, offer(t, "gpt-4o", catalog.Global, Prices{Units: []UnitPrice{{Yearly, 2652 / k, 0, "year"}}}))
	if kept := dear.ptu("", chosen.PTUs, Yearly, 1, true); math.Abs(kept.USDPerMonth-dear.payg) > 1e-6*dear.payg {
		t.Errorf("at the PTU price: pay-as-you-go %v, PTUs %v", dear.payg, kept.USDPerMonth)
	}
}

// With half of the demand batched, PTUs are held against batching it without
// them, and only half of what grows is theirs.
func TestFlipsOfPart(t *testing.T) {
	e := evaluate(days(28, 1_600_000), offer(t, "gpt-4o", catalog.Global, Prices{}))
	chosen := e.ptu("ptu+spillover", e.best(e.overflow, Yearly, 0.5), Yearly, 0.5, true)
	flips := e.flips(&chosen)
	dearer := flips[len(flips)-2]
	if want := fmt.Sprintf("PTUs cost %.0f %% more", 100*dearer.Change); dearer.What != "PTU prices" || dearer.If != want {
		t.Fatalf("%+v, want %q", dearer, want)
	}
	dear := evaluate(days(28, 1_600_000), offer(t, "gpt-4o", catalog.Global, Prices{Units: []UnitPrice{{Yearly, 2652 * (1 + dearer.Change), 0, "year"}}}))
	with, without := dear.ptu("", chosen.PTUs, Yearly, 0.5, true), dear.payAsYouGo(0.5)
	if math.Abs(with.USDPerMonth-without.USDPerMonth) > 1e-6*without.USDPerMonth {
		t.Errorf("PTUs %v dearer: %v, without PTUs %v", dearer.Change, with.USDPerMonth, without.USDPerMonth)
	}
	grown := evaluate(days(28, 1_600_000*1.5), e.offer)
	if want := fmt.Sprintf("demand grows by 50 %%: %d PTUs are the cheapest then", grown.best(grown.overflow, Yearly, 0.5)); flips[len(flips)-1].If != want {
		t.Errorf("%+v, want %q", flips, want)
	}
}

// certainty is that of the cheapest yearly reservation with spillover.
func certainty(e *Evaluation) Certainty {
	return e.bootstrap(&Option{PTUs: 15, Commitment: "yearly", Spills: true, Online: 1}, true, rng.New(1, 0))
}

// The interval is that of the days: none when all are alike, wide when they are
// not, the same for the same seed, and around what the whole log says.
func TestBootstrap(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	d := days(28, 400_000)
	e := evaluate(d, o)
	a, b := certainty(e), certainty(e)
	best := e.best(e.overflow, Yearly, 1)
	if a != b || a.Lo > best || a.Hi < best || a.Days != 28 || a.Pays != 1 {
		t.Errorf("%+v and %+v, best %d", a, b, best)
	}
	uneven := steady(0, Tokens{})
	for day := range 10 {
		uneven.Minutes = append(uneven.Minutes, steady(dayMinutes, Tokens{Prompt: 50_000 * float64(1+day%2)}).Minutes...)
	}
	e = evaluate(uneven, o)
	// Half of the days need 40 PTUs. They pay if more than 80.7 % of the days
	// are such: 9 or 10 of 10, which happens in 11 of 1024 draws.
	if c := certainty(e); c.Lo != 20 || c.Hi != 20 {
		t.Errorf("%+v", c)
	}
	high := steady(0, Tokens{})
	for day := range 13 {
		high.Minutes = append(high.Minutes, steady(dayMinutes, Tokens{Prompt: 50_000 * float64(min(2, 1+day))}).Minutes...)
	}
	// 12 of 13: 40 pay from 80.7 %, 11 days, on; 3 or more low ones are drawn in 8 %.
	if c := certainty(evaluate(high, o)); c.Lo != 20 || c.Hi != 40 {
		t.Errorf("%+v", c)
	}
	// For a tenth less they pay from 72.6 %, 10 days, on: 4 or more low ones are
	// drawn in 1.4 %, which is less than the tail left out.
	if c := certainty(evaluate(high, offer(t, "gpt-4o", catalog.Global, Prices{Discount: 0.1}))); c.Lo != 40 || c.Hi != 40 {
		t.Errorf("%+v", c)
	}
	// Weeks that are alike leave nothing to chance, though their days differ.
	weeks := steady(0, Tokens{})
	for day := range 28 {
		weeks.Minutes = append(weeks.Minutes, steady(dayMinutes, Tokens{Prompt: 50_000 * float64(1+day%7)}).Minutes...)
	}
	e = evaluate(weeks, o)
	want := e.best(e.overflow, Yearly, 1)
	if c := certainty(e); c.Lo != want || c.Hi != want {
		t.Errorf("%+v, want %d", c, want)
	}
	if c := certainty(evaluate(days(1, 400_000), o)); c != (Certainty{Days: 1}) {
		t.Errorf("one day: %+v", c)
	}
}

// Half of a demand, the other half batched, is as sure as a demand of half the
// size; and what a size costs above pay-as-you-go is no reason to doubt it.
func TestBootstrapOfPart(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	d := days(28, 400_000)
	half := &Demand{Start: d.Start, Dated: true}
	for _, m := range d.Minutes {
		half.Minutes = append(half.Minutes, m.times(0.5))
	}
	got := evaluate(d, o).bootstrap(&Option{PTUs: 15, Commitment: "yearly", Spills: true, Online: 0.5}, true, rng.New(1, 0))
	if want := certainty(evaluate(half, o)); got.Lo != want.Lo || got.Hi != want.Hi || got.Pays != want.Pays || got.Hi == 0 {
		t.Errorf("%+v, want %+v", got, want)
	}
	e := evaluate(d, o)
	for _, k := range []struct {
		units int
		pays  float64
	}{{15, 1}, {400, 0}} {
		if c := e.bootstrap(&Option{PTUs: k.units, Commitment: "yearly", Online: 1}, false, rng.New(1, 0)); c.Pays != k.pays {
			t.Errorf("%d PTUs without spillover: %+v", k.units, c)
		}
	}
}

func TestObjectives(t *testing.T) {
	for _, k := range []struct {
		text string
		want Objective
		bad  string
	}{
		{"p95<=8s", Objective{"p95", 8}, ""},
		{"p50 <= 350ms", Objective{"p50", 0.35}, ""},
		{"rejected<=0.1%", Objective{"rejected", 0.001}, ""},
		{"spilled<=0.2", Objective{"spilled", 0.2}, ""},
		{"p95<8s", Objective{}, "want METRIC<=VALUE"},
		{"p96<=8s", Objective{}, "metrics: p50, p95, p99, rejected, spilled"},
		{"p95<=8", Objective{}, "want a time above 0"},
		{"rejected<=2", Objective{}, "want a share"},
		{"rejected<=NaN", Objective{}, "want a share"},
		{"", Objective{}, "want METRIC<=VALUE"},
	} {
		got, err := ParseObjective(k.text)
		if k.bad != "" {
			if err == nil || !strings.Contains(err.Error(), k.bad) {
				t.Errorf("%q: %v", k.text, err)
			}
			continue
		}
		if err != nil || got != k.want {
			t.Errorf("%q: %+v, %v", k.text, got, err)
		}
		if again, err := ParseObjective(got.String()); err != nil || again != got {
			t.Errorf("%q reads as %+v, %v", got, again, err)
		}
	}
}

// An objective is met by what is just as good.
func TestJustMet(t *testing.T) {
	p := &Option{RejectedShare: new(0.001), LatencyP95: new(8.0), LatencyP50: new(2.0), LatencyP99: new(9.5), SpilledShare: 0.25}
	for _, k := range []struct {
		o    Objective
		want string
	}{
		{Objective{"rejected", 0.001}, ""}, {Objective{"p95", 8}, ""}, {Objective{"spilled", 0.25}, ""}, {Objective{"p50", 2}, ""}, {Objective{"p99", 9.5}, ""},
		{Objective{"rejected", 0.0009}, "rejected 0.1 %"}, {Objective{"p95", 7.9}, "p95 8 s"}, {Objective{"spilled", 0.2}, "spilled 25 %"},
		{Objective{"p50", 1.9}, "p50 2 s"}, {Objective{"p99", 9}, "p99 9.5 s"},
	} {
		if got := k.o.missed(p); got != k.want {
			t.Errorf("%v: %q, want %q", k.o, got, k.want)
		}
	}
}

// A size that is cheapest but misses the objective is not recommended.
func TestMissedObjective(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	e := Evaluate(days(7, 400_000), o, Settings{Objectives: []Objective{{"p95", 5}, {"rejected", 0.001}}, Key: rng.New(1, 0)})
	for i := range e.Report.Options {
		p := &e.Report.Options[i]
		p.RejectedShare, p.LatencyP95 = new(0.0), new(9.0)
		if p.Name == "ptu" {
			p.LatencyP95 = new(4.0)
		}
	}
	e.Conclude()
	r := &e.Report.Recommendation
	chosen := &e.Report.Options[max(r.Option, 0)]
	cheapest := 0
	for i, p := range e.Report.Options {
		if p.USDPerMonth < e.Report.Options[cheapest].USDPerMonth {
			cheapest = i
		}
	}
	missed := &e.Report.Options[cheapest]
	// The interval is of the size that is recommended, not of one that is not.
	if chosen.Name != "ptu" || chosen.Commitment != "yearly" || r.PTUsInterval != [2]int{chosen.PTUs, chosen.PTUs} || !r.ByObjective {
		t.Errorf("%+v", r)
	}
	if pays := chosen.USDPerMonth < e.payg; (*r.Pays > 0.5) != pays {
		t.Errorf("PTUs cost less in %v of resamples; in the log: %v", *r.Pays, pays)
	}
	if want := missed.Title() + " would cost less but miss the objective (p95 9 s); "; !strings.HasPrefix(r.Why, want) {
		t.Errorf("%q, want %q", r.Why, want)
	}
	if want := "p95 9 s will do: " + missed.Title() + " for "; !strings.HasPrefix(r.FlipsIf[0], want) {
		t.Errorf("%q, want %q", r.FlipsIf, want)
	}
	for i := range e.Report.Options { // the price does not speak against PTUs, and nobody says that it does
		p := &e.Report.Options[i]
		p.LatencyP95 = new(map[bool]float64{true: 4, false: 9}[p.PTUs == 0])
	}
	e.Conclude()
	if r.Option != 0 || r.Pays != nil || r.PTUsInterval != [2]int{} || len(r.FlipsIf) != 1 || !strings.Contains(r.Why, "with spillover would cost less but miss the objective (p95 9 s)") {
		t.Errorf("%+v", r)
	}
	for i := range e.Report.Options { // all miss; the fastest comes nearest, though it is not the cheapest
		e.Report.Options[i].LatencyP95 = new(9.0 - float64(i)/10)
	}
	e.Conclude()
	last := &e.Report.Options[len(e.Report.Options)-1]
	if r.Option != -1 || !strings.Contains(r.Why, ": "+last.Title()+" comes nearest with p95 ") {
		t.Errorf("%+v, want %s", r, last.Title())
	}
	for i := range e.Report.Options {
		e.Report.Options[i].LatencyP95 = nil // not measured is not met
	}
	e.Conclude()
	if r := e.Report.Recommendation; r.Option != -1 || !strings.Contains(r.Why, "no option meets p95<=5s and rejected<=0.1%") {
		t.Errorf("%+v", r)
	}
}

// A schedule pays above the utilisation at which all that it buys costs what the
// tokens served cost elsewhere, hourly PTUs among it.
func TestScheduledBreakEven(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	d := days(14, 400_000)
	e := evaluate(d, o)
	conclude(e)
	for i := range e.Report.Options {
		e.Report.Options[i].MeetsSLO = true
	}
	p := &e.Report.Options[slices.IndexFunc(e.Report.Options, func(p Option) bool { return p.Schedule != nil })]
	bought := 0.0 // pay-as-you-go price of all that could be served, a month
	total := d.Total()
	for i := range d.Minutes {
		bought += float64(p.Schedule.At(d, i)) * o.PerUnit * 43_800 / float64(len(d.Minutes))
	}
	bought *= o.PayAsYouGo(total) / o.Weights.Normalise(total)
	if want := fmt.Sprintf("and they pay above %.0f %%", 100*p.USDPerMonth/bought); !strings.Contains(e.why(p), want) {
		t.Errorf("%q, want %q", e.why(p), want)
	}
}
