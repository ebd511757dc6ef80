package capacity

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/catalog"
	"ratesim/sim/rng"
)

// steady is a demand of the same minute for so long.
func steady(minutes int, t Tokens) *Demand {
	d := &Demand{Start: noon, Dated: true, Granularity: time.Minute}
	for range minutes {
		d.Minutes = append(d.Minutes, t)
	}
	return d
}

func evaluate(d *Demand, o *Offer) *Evaluation { return Evaluate(d, o, Settings{Key: rng.New(1, 0)}) }

// The worked example of Microsoft's sizing page: 1,000 requests a minute of 200
// tokens in and 20 out are 105.9 PTUs, deployed 110; with half of the input
// cached 76.5, deployed 80. Regional deployments of gpt-5.2 come in fifties.
func TestVendorExample(t *testing.T) {
	for _, k := range []struct {
		cached           float64
		normalised       float64
		global, regional int
	}{{0, 360_000, 110, 150}, {100_000, 260_000, 80, 100}} {
		o := offer(t, "gpt-5.2", catalog.Global, Prices{})
		d := steady(3000, Tokens{1000, 200_000, k.cached, 20_000})
		r := Evaluate(d, o, Settings{Others: []*Offer{offer(t, "gpt-5.2", "regional", Prices{})}}).Report
		at := func(n int) Sized { return Sized{n, n, n, n, n} }
		want := []DeploymentSizes{{"global", 15, 5, at(k.global)}, {"regional", 50, 50, at(k.regional)}}
		if diff := cmp.Diff(want, r.Sizes); diff != "" {
			t.Error(diff)
		}
		if r.PTUsAt != want[0].PTUsAt || r.Normalised.P95 != k.normalised || r.Normalised.Mean != k.normalised {
			t.Errorf("%+v, %+v", r.PTUsAt, r.Normalised)
		}
	}
}

// days is a demand with a peak around noon every working day.
func days(n int, peak float64) *Demand {
	d := &Demand{Start: noon.Add(-12 * time.Hour), Dated: true, Granularity: time.Minute}
	draws := rng.New(7, 0).Sequence(rng.Prompt)
	for i := range n * dayMinutes {
		at := d.Start.Add(time.Duration(i) * time.Minute)
		level := 0.15 + 0.85*math.Exp(-math.Pow(float64(at.Hour()*60+at.Minute()-780)/200, 2))
		if weekday(at) > 4 {
			level *= 0.3
		}
		prompt := math.Round(peak * level * (0.7 + 0.6*draws.Float64()))
		d.Minutes = append(d.Minutes, Tokens{math.Round(prompt / 1000), prompt, math.Round(prompt / 2), math.Round(prompt / 10)})
	}
	return d
}

// What options cost, added up minute by minute.
func TestOptionCosts(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	o.Batch = 0.4
	d := days(14, 400_000)
	e := Evaluate(d, o, Settings{Batch: 0.25})
	payg := 0.0
	for _, m := range d.Minutes {
		payg += o.PayAsYouGo(m)
	}
	perMonth := 43_800 / float64(len(d.Minutes))
	seen := map[string]bool{}
	for _, p := range e.Report.Options {
		seen[p.Name] = true
		want := payg * perMonth
		if p.Online < 1 {
			want = 0.25*0.6*payg*perMonth + 0.75*payg*perMonth
		}
		if p.PTUs > 0 {
			capacity := float64(p.PTUs) * 2500
			want = map[string]float64{"hourly": 730, "monthly": 260, "yearly": 221}[p.Commitment] * float64(p.PTUs)
			if p.Online < 1 {
				want += 0.25 * 0.6 * payg * perMonth
			}
			for _, m := range d.Minutes {
				x := p.Online * (m.Prompt - m.Cached + 4*m.Output)
				if x > capacity && p.Spills {
					want += p.Online * o.PayAsYouGo(m) * (1 - capacity/x) * perMonth
				}
			}
		}
		if p.Schedule != nil {
			want = float64(p.Schedule.Reserved) * 221
			for _, n := range p.Schedule.Hours {
				want += float64(n-p.Schedule.Reserved) * 730 / float64(len(p.Schedule.Hours))
			}
		}
		if math.Abs(p.USDPerMonth-want) > 1e-6*want || math.Abs(p.USDPerYear-12*want) > 1e-5*want {
			t.Errorf("%s %s, %d PTUs: %v a month, want %v", p.Name, p.Commitment, p.PTUs, p.USDPerMonth, want)
		}
		if p.Online < 1 && p.PTUs > 0 { // what remains is three quarters of the demand
			smaller := &Demand{Start: d.Start, Dated: true}
			for _, m := range d.Minutes {
				smaller.Minutes = append(smaller.Minutes, m.times(0.75))
			}
			f := evaluate(smaller, o)
			if want := f.best(f.overflow, Yearly, 1); p.PTUs != want {
				t.Errorf("%d PTUs beside batches, %d are the cheapest", p.PTUs, want)
			}
		}
		if p.Schedule != nil && len(p.Schedule.Hours) != 24*7 {
			t.Errorf("%d hours in two weeks", len(p.Schedule.Hours))
		}
		if p.Name == "ptu" && *p.RejectedShare > 0.001 {
			t.Errorf("%s %s: %v over the capacity", p.Name, p.Commitment, *p.RejectedShare)
		}
	}
	for _, name := range []string{"payg", "ptu", "ptu+spillover", "ptu-schedule", "payg+batch", "ptu+spillover+batch"} {
		if !seen[name] {
			t.Errorf("no option %s", name)
		}
	}
}

// The reservation of a schedule is the cheapest of all that there are.
func TestScheduleIsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &Offer{PerUnit: 1000, Sizes: catalog.Sizes{Minimum: rapid.IntRange(1, 20).Draw(t, "minimum"), Step: rapid.IntRange(1, 9).Draw(t, "step")}}
		o.Terms = []Price{{Commitment: Hourly, Month: rapid.Float64Range(1, 1000).Draw(t, "hourly")}, {Commitment: Yearly, Month: rapid.Float64Range(1, 1000).Draw(t, "yearly")}}
		d := &Demand{Start: noon, Dated: true}
		var x []float64
		for range 2 * 24 {
			level := float64(rapid.IntRange(0, 100_000).Draw(t, "level"))
			for range 60 {
				d.Minutes = append(d.Minutes, Tokens{Prompt: level})
				x = append(x, level)
			}
		}
		s, ok := NewSchedule(d, x, o, 0)
		if !ok || len(s.Hours) != 24 {
			t.Fatalf("%v, %d hours", ok, len(s.Hours))
		}
		needs := make([]int, 24)
		for i := range x {
			h := (12 + i/60) % 24
			needs[h] = max(needs[h], o.Sizes.AtLeast(x[i]/1000))
		}
		price := func(reserved int) float64 {
			sum := float64(reserved) * o.price(Yearly)
			for _, n := range needs {
				sum += float64(max(0, n-reserved)) * o.price(Hourly) / 24
			}
			return sum
		}
		got := price(s.Reserved)
		for reserved := o.Sizes.Minimum; reserved <= 140; reserved += o.Sizes.Step {
			if p := price(reserved); p < got-1e-9*got {
				t.Fatalf("%d reserved cost %v, %d cost %v", s.Reserved, got, reserved, p)
			}
		}
		if have := float64(s.Reserved)*o.price(Yearly) + s.Extra*o.price(Hourly); math.Abs(have-got) > 1e-9*got {
			t.Fatalf("said to cost %v, costs %v", have, got)
		}
	})
}

// Hours, weekdays and the curves of the pictures, of a Monday whose noon is
// busy.
func TestProfile(t *testing.T) {
	d := steady(dayMinutes, Tokens{Prompt: 1000})
	d.Start = noon.Add(-12 * time.Hour)
	for i := 12 * 60; i < 13*60; i++ {
		d.Minutes[i].Prompt = 5000 + 100*float64(i%60)
	}
	r := evaluate(d, offer(t, "gpt-4o", catalog.Global, Prices{})).Report
	if len(r.ByHour) != 24 || r.ByHour[12].Name != "12" || r.ByHour[12].Mean != 7950 || r.ByHour[12].P95 != 5000+100*0.95*59 || r.ByHour[11].Mean != 1000 {
		t.Errorf("%+v", r.ByHour)
	}
	if len(r.ByWeekday) != 1 || r.ByWeekday[0].Name != "Mon" || r.ByWeekday[0].Minutes != dayMinutes {
		t.Errorf("%+v", r.ByWeekday)
	}
	c := r.Curves
	sum := 0.0
	for _, share := range c.Histogram {
		sum += share
	}
	if math.Abs(sum-1) > 1e-9 || c.Bin != 200 || math.Abs(c.Histogram[5]-23.0/24) > 1e-9 {
		t.Errorf("sum %v, bin %v: %v", sum, c.Bin, c.Histogram)
	}
	if c.StepMinutes != 2 || len(c.Mean) != 720 || c.Mean[361] != 5250 || c.Highest[361] != 5300 {
		t.Errorf("steps of %d minutes: %v, %v", c.StepMinutes, c.Mean[361], c.Highest[361])
	}
}

func TestWarnings(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	d := steady(100, Tokens{Prompt: 5})
	d.Empty, d.Gap = 30, Gap{noon.Add(time.Minute), 20}
	for _, want := range []string{"less than a day", "30 of 100 minutes have no row; they were taken as minutes without demand", "20 min from 2026-11-02 12:01 UTC"} {
		if got := strings.Join(evaluate(d, o).Report.Warnings, "\n"); !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if got := evaluate(days(14, 1000), o).Report.Warnings; len(got) != 1 {
		t.Errorf("%q", got)
	}
	if got := evaluate(days(3, 1000), o).Report.Warnings; !strings.Contains(got[0], "3.0 days, less than a week: ") || !strings.Contains(got[0], "rests on 3 days") {
		t.Errorf("%q", got)
	}
	for width, want := range map[time.Duration]string{time.Hour: "hour", 24 * time.Hour: "day", 15 * time.Minute: "15m", 10 * time.Minute: "10m", 2 * time.Hour: "2h", 90 * time.Minute: "1h30m"} {
		d.Granularity = width
		r := evaluate(d, o).Report
		if got := strings.Join(r.Warnings, "\n"); !strings.Contains(got, "rows by the "+want+" do not tell") || r.Granularity != want {
			t.Errorf("%v is %s:\n%s", width, r.Granularity, got)
		}
	}
}
