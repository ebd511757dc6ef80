package demand_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/demand"
	"ratesim/sim/rng"
)

// steady returns calls of so many tokens, evenly spaced.
func steady(from, to, every, deadline time.Duration, prompt, output uint32) []workload.Arrival {
	var list []workload.Arrival
	for at := from; at < to; at += every {
		list = append(list, crowd(1, at, deadline, prompt, output)...)
	}
	return list
}

func periods(t *testing.T, duration, drain time.Duration, calls []workload.Arrival, d provider.Config) []demand.Period {
	t.Helper()
	return newFew(duration, drain, calls, d).look(t).Load.Periods()
}

// TestPeriods holds what is said of overload against what a hand works out. A
// period may begin a step late or early, and what is missed be off by a 25th of what a
// bucket holds: so much may it lack to count as full.
func TestPeriods(t *testing.T) {
	rpm := limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: time.Minute})
	cut := rpm
	cut.Faults = []provider.Fault{{Kind: provider.LimitCut, At: clock.Time(4 * time.Minute), Until: clock.Time(8 * time.Minute), To: 0.5}}
	down := rpm
	down.Faults = []provider.Fault{{Kind: provider.Outage, Status: 503, At: clock.Time(4 * time.Minute), Until: clock.Time(6 * time.Minute)}}
	daily := limited(provider.FixedWindow, provider.Limit{Counts: provider.Requests, Most: 100, Per: 24 * time.Hour})
	open := limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 3})
	open.Latency = provider.Latency{TTFT: rng.NewConstant(2), PerToken: s}
	ramp := limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: 5 * time.Minute, Growth: 0.5})
	ptu := provider.Config{Name: "main", PTU: provider.Provisioned{Units: 2, TPMPerUnit: 3000, OutputRatio: 4}, Charge: provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true}}
	minutes := func(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }
	for _, k := range []struct {
		name  string
		d     provider.Config
		calls []workload.Arrival
		want  []demand.Period // of Missed, the number of calls
	}{
		// Two a second where one goes: of 1,200 calls 60 + 630 can be sent by 10:30.
		{"all the time", rpm, steady(0, minutes(10), s/2, 30*s, 1, 1), []demand.Period{{Limit: "rpm", To: minutes(10), Demand: 120, Allowed: 60, Missed: 1200 - 690}}},
		// From 4:00 to 6:30 5 calls in 2 s; by 7:00 60 and 180 of 375 and 15 can be sent,
		// and the 15 are counted with those that can wait.
		{"for a while", rpm, join(steady(0, minutes(10), 2*s, 30*s, 1, 1), steady(minutes(4), minutes(6.5), s/2, 30*s, 1, 1)),
			[]demand.Period{{Limit: "rpm", From: minutes(4), To: minutes(6.5), Demand: 150, Allowed: 60, Missed: 375 - 240}}},
		// The same with all the time in the world.
		{"nobody minds", rpm, join(steady(0, minutes(10), 2*s, 300*s, 1, 1), steady(minutes(4), minutes(6.5), s/2, 300*s, 1, 1)), nil},
		// Who waits to the end of the run at 15:00 lets 60 and 900 of 1,200 be sent.
		{"to the end", rpm, steady(0, minutes(10), s/2, time.Hour, 1, 1), []demand.Period{{Limit: "rpm", To: minutes(10), Demand: 120, Allowed: 60, Missed: 1200 - 960}}},
		// A thousand at once, of which 60 and 20 can be sent.
		{"a herd", rpm, crowd(1000, minutes(1)+s/2, 20*s, 1, 1), []demand.Period{{Limit: "rpm", From: minutes(1), To: minutes(1) + s, Demand: 60_000, Allowed: 60, Missed: 920}}},
		// Three of 3,303 calls are not worth telling of.
		{"next to nothing", limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 600, Per: time.Minute}),
			join(crowd(603, 0, time.Millisecond, 1, 1), steady(minutes(1), minutes(10), s/5, 10*s, 1, 1)), nil},
		// Fifty at once are taken up by what the bucket saved.
		{"a burst", rpm, join(steady(0, minutes(10), 2*s, 5*s, 1, 1), crowd(50, minutes(5), 5*s, 1, 1)), nil},
		// 54 a minute against 30 for four minutes. By 8:00 30 and 120 can be sent, of the
		// 207 that came by 7:50 and are due by then.
		{"a limit cut", cut, steady(0, minutes(10), s*10/9, 10*s, 1, 1), []demand.Period{{Limit: "rpm", From: minutes(4), To: minutes(8), Demand: 54, Allowed: 30, Missed: 207 - 150}}},
		// What comes from 4:00 to 5:50 is lost, 100 calls of 54 a minute, as nothing that
		// comes then can be sent before it is due.
		{"an outage", down, steady(0, minutes(10), s*10/9, 10*s, 1, 1), []demand.Period{{Limit: "rpm", From: minutes(4), To: minutes(6), Demand: 54, Allowed: 0, Missed: 99}}},
		// One a second: a hundred of them are gone at 1:40.
		{"a day's", daily, steady(0, minutes(10), s, 30*s, 1, 1), []demand.Period{{Limit: "rpd", From: minutes(100. / 60), To: minutes(10), Demand: 60, Allowed: 100. / 1440, Missed: 500}}},
		// Two a second, where 60 a minute are free, and half more after five minutes. By
		// 10:00 300 and 450 and a full bucket of 90 can be sent, of the 1,140 due by then.
		{"growth", ramp, steady(0, minutes(10), s/2, 30*s, 1, 1), []demand.Period{{Limit: "ramp", To: minutes(10), Demand: 120, Allowed: 75, Missed: 1140 - 840}}},
		// One a second, each for 5 s: five would be open, three may. The last is sent by
		// 10:09 and ends 5 s later; three places for 614 s serve 368 of them.
		{"at a time", open, steady(0, minutes(10), s, 15*s, 1, 3), []demand.Period{{Limit: "concurrency", To: minutes(10), Demand: 5, Allowed: 3, Missed: 600 - 368}}},
		// 100 + 4 x 25 = 200 tokens come to use of each, whatever is reserved: 12,000 of
		// 6,000 a minute, of which 6,000 and 30 s more can be used.
		{"provisioned", ptu, steady(0, minutes(10), s, 30*s, 100, 25), []demand.Period{{Limit: "utilisation", To: minutes(10), Demand: 12_000, Allowed: 6000, Missed: 600 - (30 + 315)}}},
	} {
		got := periods(t, minutes(10), minutes(5), k.calls, k.d)
		if len(got) != len(k.want) {
			t.Errorf("%s: %+v, want %d periods", k.name, got, len(k.want))
			continue
		}
		for i, w := range k.want {
			p := got[i]
			missed := p.Missed * float64(len(k.calls))
			if p.Limit != w.Limit || (p.From-w.From).Abs() > 2*s || (p.To-w.To).Abs() > 2*s || p.Share != 1 ||
				math.Abs(p.Demand-w.Demand) > 0.02*w.Demand || math.Abs(p.Allowed-w.Allowed) > 0.02*w.Allowed+1e-6 || math.Abs(missed-w.Missed) > 0.04*60 {
				t.Errorf("%s: %+v, of calls %.1f, want %+v", k.name, p, missed, w)
			}
		}
	}
}

// TestPeriodsOfReplications: a rush at the same time in each replication is a
// period; rushes at other times in each are bursts, and told as such.
func TestPeriodsOfReplications(t *testing.T) {
	d := limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: time.Minute})
	merged := func(rush func(rep int) time.Duration) []demand.Period {
		var load demand.Load
		for rep := range 8 {
			at := rush(rep)
			load.Merge(newFew(20*time.Minute, time.Minute, join(steady(0, 20*time.Minute, 2*s, 10*s, 1, 1), steady(at, at+time.Minute, s/5, 10*s, 1, 1)), d).look(t).Load)
		}
		return load.Periods()
	}
	same := merged(func(int) time.Duration { return 5 * time.Minute })
	if len(same) != 1 || same[0].Share != 1 || (same[0].From-5*time.Minute).Abs() > 2*s || (same[0].To-6*time.Minute).Abs() > 2*s || math.Abs(same[0].Demand-330) > 10 {
		t.Errorf("a rush in the sixth minute of each: %+v", same)
	}
	// 330 of the 900 calls come in it, of which 60 and 70 can be sent.
	if missed := same[0].Missed * 900; math.Abs(missed-(330-130)) > 0.04*60 {
		t.Errorf("%.1f calls of each are missed, want 200", missed)
	}
	// Where they begin up to 14 s later in some, what is missed then counts, too.
	about := merged(func(rep int) time.Duration { return 5*time.Minute + time.Duration(2*rep)*s })
	if len(about) != 1 || about[0].Share != 1 || math.Abs(about[0].Missed-same[0].Missed) > 0.001 {
		t.Errorf("a rush at about the same time in each: %+v", about)
	}
	other := merged(func(rep int) time.Duration { return time.Duration(1+2*rep) * time.Minute })
	if len(other) != 1 || (other[0].From-time.Minute).Abs() > 2*s || (other[0].To-16*time.Minute).Abs() > 4*s ||
		math.Abs(other[0].Share-1./15) > 0.01 || math.Abs(other[0].Demand-330) > 10 || math.Abs(other[0].Missed-same[0].Missed) > 0.001 {
		t.Errorf("rushes at other times in each: %+v", other)
	}
}

// TestMergeKeepsTheOther: what is merged stays as it was, and of two limits that one
// is told first of which more is missed.
func TestMergeKeepsTheOther(t *testing.T) {
	d := provider.Config{Name: "main", RPM: 60, TPM: 900, Window: provider.TokenBucket, Charge: provider.Charge{Reserve: provider.ReserveActual}}
	one := newFew(10*time.Minute, time.Minute, steady(0, 10*time.Minute, s/2, 10*s, 19, 1), d).look(t).Load
	before := one.Periods()
	if len(before) != 2 || before[0].Limit != "tpm" || before[1].Limit != "rpm" || before[0].Missed <= before[1].Missed {
		t.Errorf("%+v", before)
	}
	_, asked, _ := one.Series(slices.Index(one.Limits(), "rpm"))
	var sum demand.Load
	sum.Merge(one)
	sum.Merge(one)
	if _, after, _ := one.Series(slices.Index(one.Limits(), "rpm")); !slices.Equal(asked, after) {
		t.Error("merging changes what is merged")
	}
	if diff := cmp.Diff(before, sum.Periods(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("two of the same are another (-one +both)\n%s", diff)
	}
}

// TestSeries: what is asked and given, by the minute, is there to be drawn.
func TestSeries(t *testing.T) {
	d := limited(provider.FixedWindow, provider.Limit{Counts: provider.Tokens, Most: 600, Per: time.Minute})
	d.Faults = []provider.Fault{{Kind: provider.LimitCut, At: clock.Time(5 * time.Minute), Until: clock.Never, To: 0.25}}
	load := newFew(20*time.Minute, time.Minute, steady(0, 20*time.Minute, 2*s, 10*s, 7, 3), d).look(t).Load
	width, asked, allowed := load.Series(0)
	if width != 2*s || len(asked) != 600 || len(allowed) != 600 || load.Limits()[0] != "tpm" {
		t.Fatalf("%d and %d steps of %v of %v", len(asked), len(allowed), width, load.Limits())
	}
	for i := range asked {
		want := 600.
		if i >= 150 {
			want = 150
		}
		if math.Abs(asked[i]-300) > 1e-6 || math.Abs(allowed[i]-want) > 1e-6 {
			t.Fatalf("in step %d: %v asked and %v allowed a minute, want 300 and %v", i, asked[i], allowed[i], want)
		}
	}
}

// TestThirds: a third of the prompts is of at most the first length, two of at
// most the second, and no more; users of a closed workload are followed through
// their rounds.
func TestThirds(t *testing.T) {
	uniform, err := rng.NewUniform(1, 3000)
	if err != nil {
		t.Fatal(err)
	}
	stream := func(a workload.Arrivals) workload.Stream {
		return workload.Stream{Tenant: "web", Prompt: uniform, Output: rng.NewConstant(1), Arrivals: a}
	}
	for _, a := range []workload.Arrivals{
		{Process: workload.Poisson, Rate: 100},
		{Process: workload.ClosedLoop, Users: 3, Think: rng.NewConstant(1)},
		{Process: workload.ClosedLoop, Users: 3},
	} {
		s := &scenarios.Spec{Duration: 24 * time.Hour, Workload: []workload.Stream{stream(a), stream(a)}}
		thirds, err := demand.Thirds(context.Background(), s, 1)
		// Five standard deviations of a share of 10,000 are 2.4 %.
		if err != nil || math.Abs(float64(thirds[0])-1000) > 0.024*3000 || math.Abs(float64(thirds[1])-2000) > 0.024*3000 {
			t.Errorf("%v: %d, error %v", a.Process, thirds, err)
		}
	}
	var six []workload.Arrival
	for i, prompt := range []uint32{50, 10, 40, 20, 60, 30} {
		six = append(six, crowd(1, time.Duration(i)*s, s, prompt, 1)...)
	}
	if thirds, err := demand.Thirds(context.Background(), newFew(time.Minute, 0, six).spec, 1); thirds != [2]uint32{20, 40} || err != nil {
		t.Errorf("of six prompts: %d, error %v, want 20 and 40", thirds, err)
	}
}
