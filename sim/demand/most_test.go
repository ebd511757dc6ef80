package demand_test

import (
	"context"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/demand"
	"ratesim/sim/rng"
)

const s = time.Second

// crowd returns n calls of so many tokens at a time, with a deadline that much later.
func crowd(n int, at, deadline time.Duration, prompt, output uint32) []workload.Arrival {
	var list []workload.Arrival
	for range n {
		list = append(list, workload.Arrival{At: clock.Time(at), Deadline: clock.Time(at + deadline), Prompt: prompt, Guess: prompt, Estimate: prompt, Output: output})
	}
	return list
}

func join(lists ...[]workload.Arrival) []workload.Arrival {
	var all []workload.Arrival
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// limited is a deployment with one limit, which answers at once.
func limited(window provider.Window, l provider.Limit) provider.Config {
	l.Window = window
	return provider.Config{Name: "main", Window: window, Limits: []provider.Limit{l}, Charge: provider.Charge{Reserve: provider.ReserveActual}}
}

// perMinute are a limit of 60 requests a minute and one of 600 tokens.
func perMinute() (rpm, tpm provider.Limit) {
	return provider.Limit{Counts: provider.Requests, Most: 60, Per: time.Minute}, provider.Limit{Counts: provider.Tokens, Most: 600, Per: time.Minute}
}

// byHand is a deployment, what is asked of it, and how much of that a hand finds to
// succeed at most.
type byHand struct {
	name string
	d    provider.Config
	all  []workload.Arrival
	want int64
}

func (k *byHand) check(t *testing.T) {
	t.Helper()
	v := newFew(10*time.Minute, 5*time.Minute, k.all, k.d).look(t)
	if v.Calls != int64(len(k.all)) || v.MostFirst != k.want || v.MostAll != k.want {
		t.Errorf("%s: at most %d of %d succeed on the first deployment and %d in all, want %d", k.name, v.MostFirst, v.Calls, v.MostAll, k.want)
	}
}

func with(d provider.Config, change func(*provider.Config)) provider.Config { change(&d); return d }

func slow(d *provider.Config) { d.Latency = provider.Latency{TTFT: rng.NewConstant(2), PerToken: s} }

// TestMost holds the bound against what a hand works out for each kind of limit.
func TestMost(t *testing.T) {
	rpm, tpm := perMinute()
	for _, k := range []byHand{
		// A full bucket and half a minute of its refill.
		{"bucket", limited(provider.TokenBucket, rpm), crowd(200, 10*s, 30*s, 1, 1), 60 + 30},
		{"log", limited(provider.SlidingLog, rpm), crowd(200, 10*s, 30*s, 1, 1), 60},
		// What is admitted at 10 s does not count any more at 70 s.
		{"log, a minute later", limited(provider.SlidingLog, rpm), crowd(200, 10*s, 60*s, 1, 1), 120},
		{"fixed, in one minute", limited(provider.FixedWindow, rpm), crowd(200, 10*s, 30*s, 1, 1), 60},
		{"fixed, around the minute", limited(provider.FixedWindow, rpm), crowd(200, 45*s, 30*s, 1, 1), 120},
		// A run that begins 30 s into the minute.
		{"fixed, with a phase", with(limited(provider.FixedWindow, rpm), func(d *provider.Config) { d.Phase = 30 * s }), crowd(200, 10*s, 30*s, 1, 1), 120},
		{"fixed, from the first request", with(limited(provider.FixedWindow, rpm), func(d *provider.Config) { d.Phase = provider.FirstRequest }),
			crowd(200, 45*s, 30*s, 1, 1), 60},
		// All at 0, one at 90 s, 59 before the window of that one ends at 150 s, and 60 then.
		{"fixed, from a later request", with(limited(provider.FixedWindow, rpm), func(d *provider.Config) { d.Phase = provider.FirstRequest }),
			join(crowd(60, 0, s, 1, 1), crowd(1, 90*s, s, 1, 1), crowd(200, 149*s, 2*s, 1, 1)), 60 + 1 + 119},
		// Slices of 10 s with 10 each: those of 10 to 20 s, 20 to 30 s, 30 to 40 s, and 40 s.
		{"sub-minute", limited(provider.SubMinute, rpm), crowd(200, 15*s, 25*s, 1, 1), 40},
		{"per second", limited(provider.PerSecond, rpm), crowd(200, 10*s, 5*s, 1, 1), 6},
		// Half of the window before still counts in the middle of the next.
		{"counter", limited(provider.SlidingCounter, rpm), crowd(200, 30*s, 60*s, 1, 1), 60 + 30},
		{"a day", limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 100, Per: 24 * time.Hour}), crowd(200, 10*s, 60*s, 1, 1), 100},
		// 600 tokens and a minute of refill: 10 calls of 20 tokens and 10 of 100; with
		// the dear ones alone it would be 12.
		{"the cheap first", limited(provider.TokenBucket, tpm), join(crowd(30, 0, 60*s, 90, 10), crowd(10, 0, 60*s, 15, 5)), 10 + 10},
		// Those of 20 s fit alone; of those of 60 s one in a second, less what they took.
		{"two deadlines", limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: time.Minute}),
			join(crowd(70, 0, 20*s, 1, 1), crowd(100, 0, 60*s, 1, 1)), 120},
		// Three at a time, each for 2 s + 3 s: by 20 s the first end at 5, 10, 15, 20 s;
		// the bound grants each of the three its 5 s after the last admission at 15 s.
		{"at a time", with(limited(provider.SlidingLog, provider.Limit{Counts: provider.Requests, Most: 3}), slow), crowd(100, 0, 20*s, 1, 3), 12},
		// The last call need not fit: 5 x 120 = 600 fill it up, another goes beyond once
		// the first second has paid for 10 tokens, and 20 s pay for 200.
		{"provisioned", provider.Config{Name: "main", PTU: provider.Provisioned{Units: 1, TPMPerUnit: 600, OutputRatio: 2}, Charge: provider.Charge{Reserve: provider.ReserveActual}},
			crowd(100, 0, 20*s, 100, 10), (600+200)/120 + 1},
	} {
		k.check(t)
	}
}

// TestMostInTrouble does the same for calls that cannot succeed, for faults, and for
// charges that change.
func TestMostInTrouble(t *testing.T) {
	rpm, tpm := perMinute()
	growth := provider.Limit{Counts: provider.Requests, Most: 60, Per: 15 * time.Minute, Growth: 0.5}
	down := func(kind provider.FaultKind, at, until time.Duration, to float64) func(*provider.Config) {
		return func(d *provider.Config) {
			d.Faults = append(d.Faults, provider.Fault{Kind: kind, Status: 503, Rate: 1, To: to, At: clock.Time(at), Until: clock.Time(until)})
		}
	}
	for _, k := range []byHand{
		{"too large", limited(provider.TokenBucket, tpm), join(crowd(5, 0, 60*s, 600, 1), crowd(3, 0, 60*s, 10, 1)), 3},
		// 2 s + 5 s are more than 6 s.
		{"too slow", with(limited(provider.TokenBucket, rpm), slow), join(crowd(5, 0, 6*s, 1, 5), crowd(3, 0, 6*s, 1, 4)), 3},
		{"a timeout", with(limited(provider.TokenBucket, rpm), slow), join(crowd(5, 0, 60*s, 1, 29), crowd(3, 0, 60*s, 1, 28)), 3},
		// The first token comes after 1 s at the earliest, and load makes that longer only.
		{"at its fastest", with(limited(provider.TokenBucket, rpm), func(d *provider.Config) {
			d.Latency = provider.Latency{TTFT: uniform(t, 1, 9), PerToken: s, Load: 2}
		}), join(crowd(5, 0, 3*s-1, 1, 2), crowd(3, 0, 3*s, 1, 2)), 3},
		{"an outage", with(limited(provider.TokenBucket, rpm), down(provider.Outage, 5*s, 50*s, 0)), join(crowd(5, 10*s, 30*s, 1, 1), crowd(3, 10*s, 40*s, 1, 1)), 3},
		{"all fail", with(limited(provider.TokenBucket, rpm), down(provider.Errors, 5*s, 50*s, 0)), join(crowd(5, 10*s, 30*s, 1, 1), crowd(3, 10*s, 40*s, 1, 1)), 3},
		// In an outage of two minutes a bucket gains one: 60 before it and 60 after.
		{"a long outage", with(limited(provider.TokenBucket, rpm), down(provider.Outage, 10*s, 130*s, 0)), crowd(500, 10*s-1, 120*s+1, 1, 1), 120},
		// Half of the refill from 10 to 40 s, and the whole after it.
		{"a limit cut", with(limited(provider.TokenBucket, rpm), down(provider.LimitCut, 10*s, 40*s, 0.5)), crowd(500, 0, 60*s, 1, 1), 60 + 10 + 15 + 20},
		// 100 a minute before the run earn 150.
		{"growth after use", limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: 15 * time.Minute, Growth: 0.5, UsedBefore: 100}),
			crowd(300, 10*s, 30*s, 1, 1), 150 + 75},
		{"a limit cut of growth", with(limited(provider.TokenBucket, growth), down(provider.LimitCut, 0, 60*s, 0.5)), crowd(200, 10*s, 30*s, 1, 1), 60 + 30},
		{"cut below the call", with(limited(provider.TokenBucket, tpm), down(provider.LimitCut, 10*s, 40*s, 0.5)), join(crowd(5, 10*s, 20*s, 300, 1), crowd(1, 10*s, 30*s, 300, 1)), 1},
		{"without limits", provider.Config{Name: "main"}, crowd(200, 0, s, 1, 1), 200},
		// 50 tokens are reserved and 10 used: the bucket takes 12 at once, and as each
		// ends after 3 s there is room for more; in the end it is what is used that counts.
		{"refunds", provider.Config{Name: "main", TPM: 600, Window: provider.TokenBucket, Charge: provider.Charge{Reserve: provider.ReserveEstimate, Settle: true},
			Latency: provider.Latency{TTFT: rng.NewConstant(3)}}, guessed(crowd(300, 0, 33*s, 5, 5), 50), (600 + 300) / 10},
		// In a log what ends within the minute counts with 10 from then on.
		{"refunds, log", provider.Config{Name: "main", TPM: 600, Window: provider.SlidingLog, Charge: provider.Charge{Reserve: provider.ReserveEstimate, Settle: true},
			Latency: provider.Latency{TTFT: rng.NewConstant(3)}}, guessed(crowd(300, 0, 33*s, 5, 5), 50), 600 / 10},
		// 10 are reserved and 50 used: 60 go at once, and one a second until the first
		// of them ends after 3 s and is charged the rest; then the debt is of 2,400 more.
		{"what comes later", provider.Config{Name: "main", TPM: 600, Window: provider.TokenBucket, Charge: provider.Charge{Reserve: provider.ReserveEstimate, Settle: true},
			Latency: provider.Latency{TTFT: rng.NewConstant(3)}}, guessed(crowd(300, 0, 10*s, 45, 5), 10), 60 + 3},
	} {
		k.check(t)
	}
}

func uniform(t *testing.T, from, to float64) rng.Dist {
	d, err := rng.NewUniform(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// guessed makes the provider estimate every prompt at so many tokens.
func guessed(calls []workload.Arrival, tokens uint32) []workload.Arrival {
	for i := range calls {
		calls[i].Guess = tokens
	}
	return calls
}

// TestMostOfTwo: two deployments serve what both serve, one by requests and the
// other by tokens; limits of a pool count once.
func TestMostOfTwo(t *testing.T) {
	first := limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: time.Minute})
	second := limited(provider.TokenBucket, provider.Limit{Counts: provider.Tokens, Most: 600, Per: time.Minute})
	second.Name = "other"
	calls := crowd(500, 0, 30*s, 8, 2)
	v := newFew(time.Minute, time.Minute, calls, first, second).look(t)
	if v.MostFirst != 60+30 || v.MostAll != 60+30+(600+300)/10 {
		t.Errorf("at most %d and %d succeed, want 90 and 180", v.MostFirst, v.MostAll)
	}
}

// TestPools: what deployments share counts once, whichever of them is up, and
// whatever their limit cuts do to each other.
func TestPools(t *testing.T) {
	shared := provider.Config{Name: "main", RPM: 60, Window: provider.TokenBucket, Pool: "pool"}
	other := shared
	other.Name = "other"
	calls := crowd(500, 0, 30*s, 8, 2)
	pool := func(first, second []provider.Fault) *few {
		a, b := shared, other
		a.Faults, b.Faults = first, second
		return newFew(time.Minute, time.Minute, calls, a, b)
	}
	if v := pool(nil, nil).look(t); v.MostFirst != 90 || v.MostAll != 90 {
		t.Errorf("at most %d and %d succeed, want 90 and 90", v.MostFirst, v.MostAll)
	}
	// The first is down until 20 s.
	if v := pool([]provider.Fault{{Kind: provider.Outage, Status: 503, Until: clock.Time(20 * s)}}, nil).look(t); v.MostFirst != 60+10+20 || v.MostAll != 90 {
		t.Errorf("with the first down at most %d and %d succeed, want 90 and 90", v.MostFirst, v.MostAll)
	}
	if v := pool([]provider.Fault{{Kind: provider.Outage, Status: 503, Until: clock.Never}}, nil).look(t); v.MostFirst != 0 || v.MostAll != 90 {
		t.Errorf("with the first down for ever at most %d and %d succeed, want 0 and 90", v.MostFirst, v.MostAll)
	}
	// Both cut the limit to half, the second until 1 s, which undoes the first's cut, too.
	cut := provider.Fault{Kind: provider.LimitCut, To: 0.5, Until: clock.Never}
	brief := cut
	brief.Until = clock.Time(s)
	f := pool([]provider.Fault{cut}, []provider.Fault{brief})
	c := f.client()
	for i := range calls {
		if !c.wait(i, i%2, true) || !c.send(i, i%2) {
			break
		}
	}
	if v := f.look(t); c.n < 80 || v.MostAll < int64(c.n) || v.MostFirst < 80 {
		t.Errorf("%d calls succeed, the bounds are %d and %d", c.n, v.MostFirst, v.MostAll)
	}
}

// TestNetwork: the shortest way there and back is part of a call's time.
func TestNetwork(t *testing.T) {
	d := limited(provider.TokenBucket, provider.Limit{Counts: provider.Requests, Most: 60, Per: time.Minute})
	d.Latency.TTFT = rng.NewConstant(2)
	f := newFew(time.Minute, time.Minute, join(crowd(5, 0, 3*s-1, 1, 1), crowd(3, 0, 3*s, 1, 1), crowd(100, 0, 13*s, 1, 1)), d)
	f.spec.Fleet.Network = scenarios.Network{Latency: s, Jitter: s / 2}
	// What is admitted 0.5 s after it was sent, at 10.5 s, is answered at 12.5 s and read at 13 s.
	if v := f.look(t); v.MostFirst != 60+10 {
		t.Errorf("at most %d calls succeed, want 70", v.MostFirst)
	}
}

// TestNothingIsLostByRefunds: a call that is charged 60 for 30 s and comes to 2 in
// the end leaves the bucket with 58 more at once than it would have had without it.
// So two calls are admitted within a moment that come to 87 together, of a bucket of
// 60, and the bound must allow them.
func TestNothingIsLostByRefunds(t *testing.T) {
	d := provider.Config{Name: "main", TPM: 60, Window: provider.TokenBucket, Charge: provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true},
		Latency: provider.Latency{TTFT: rng.NewConstant(1), PerToken: 29 * s}}
	junk := crowd(1, 0, 100*s, 1, 1)
	junk[0].MaxTokens = 59
	x, y := crowd(1, 30*s-1, 30*s, 28, 1), crowd(1, 30*s, 30*s, 57, 1)
	x[0].MaxTokens, y[0].MaxTokens = 1, 1
	f := newFew(time.Minute, 5*time.Minute, join(junk, x, y), d)
	c := f.client()
	for call, at := range []clock.Time{0, clock.Time(30*s - 1), clock.Time(30 * s)} {
		if c.to(at, true); !c.send(call, 0) {
			t.Fatalf("call %d is not admitted at %v", call, at)
		}
	}
	if v := f.look(t); c.n != 3 || v.MostFirst < 3 {
		t.Errorf("%d calls succeed, the bound is %d", c.n, v.MostFirst)
	}
}

// TestOpenWorkloadsOnly: of a workload whose calls wait for each other there is no
// bound, and nothing is said of its demand.
func TestOpenWorkloadsOnly(t *testing.T) {
	s := &scenarios.Spec{Duration: time.Minute, Deployments: []provider.Config{{Name: "main", RPM: 1}}, Workload: []workload.Stream{
		{Arrivals: workload.Arrivals{Process: workload.ConstantRate, Rate: 1}},
		{Arrivals: workload.Arrivals{Process: workload.ClosedLoop, Users: 3}}}}
	v, err := demand.Look(context.Background(), s, 1, 0)
	if err != nil || v.MostFirst != demand.None || v.MostAll != demand.None || len(v.Load.Periods()) > 0 {
		t.Errorf("%+v, error %v", v, err)
	}
}

// TestBeyondTheBrim: what a deployment admits just before an outage may come to more
// than a bucket holds, and time pays all of it off before the end.
func TestBeyondTheBrim(t *testing.T) {
	outage := []provider.Fault{{Kind: provider.Outage, Status: 503, At: clock.Time(10 * s), Until: clock.Time(310 * s)}}
	ptu := provider.Config{Name: "main", PTU: provider.Provisioned{Units: 1, TPMPerUnit: 600, OutputRatio: 1}, Charge: provider.Charge{Reserve: provider.ReserveActual}, Faults: outage}
	payg := provider.Config{Name: "main", TPM: 600, Window: provider.TokenBucket, Charge: provider.Charge{Reserve: provider.ReserveEstimate, Settle: true},
		Latency: provider.Latency{TTFT: rng.NewConstant(3)}, Faults: outage}
	for _, k := range []struct {
		name  string
		d     provider.Config
		calls []workload.Arrival
	}{
		{"provisioned", ptu, crowd(4, 10*s-1, 301*s, 490, 10)},
		{"growth", payg, guessed(crowd(120, 10*s-1, 400*s, 45, 5), 10)},
	} {
		f := newFew(time.Minute, 10*time.Minute, k.calls, k.d)
		c := f.client()
		for i := range k.calls { // half of them before the outage, and half after it
			if i == len(k.calls)/2 {
				c.to(clock.Time(310*s), true)
			}
			if c.to(max(c.now, f.calls[i].At), true); !c.send(i, 0) {
				t.Fatalf("%s: call %d is not admitted at %v", k.name, i, c.now)
			}
		}
		if v := f.look(t); c.n != len(k.calls) || v.MostFirst < int64(c.n) {
			t.Errorf("%s: %d calls succeed, the bound is %d", k.name, c.n, v.MostFirst)
		}
	}
}

// TestABank: for five minutes a client sends one call over and over, which is charged
// 100 for half a minute and comes to 2 in the end, or to 1 if it fails. So it keeps the
// bucket empty, and what time pays off comes back when its attempts end: then it
// sends, within half a minute, several times what a bucket ever holds. Those calls are
// charged 1 at their admission, and come to 10 in the end.
func TestABank(t *testing.T) {
	for _, fails := range []bool{false, true} {
		d := provider.Config{Name: "main", TPM: 600, Window: provider.TokenBucket, Charge: provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true},
			Latency: provider.Latency{TTFT: rng.NewConstant(29.9)}}
		junk := crowd(1, 0, 1000*s, 1, 1)
		junk[0].MaxTokens = 99
		if fails {
			junk[0].Output = 99
			d.Faults = []provider.Fault{{Kind: provider.Errors, Status: 500, Rate: 0.999, Until: clock.Time(300 * s)}}
		}
		late := guessed(crowd(4000, 300*s, 60*s, 5, 5), 1)
		f := newFew(10*time.Minute, 10*time.Minute, join(junk, late), d)
		c := f.client()
		for c.now < clock.Time(300*s) {
			if !c.wait(0, 0, true) || !c.send(0, 0) {
				t.Fatal("the call is not admitted")
			}
		}
		for i := 1; c.now < clock.Time(330*s) && i < len(f.calls); i++ {
			if !c.wait(i, 0, true) || !c.send(i, 0) {
				break
			}
		}
		v := f.look(t)
		if c.n < 2500 || v.MostFirst < int64(c.n) {
			t.Errorf("fails %v: %d calls succeed, the bound is %d", fails, c.n, v.MostFirst)
		}
	}
}

// TestOutputIsNotReserved: any number of calls is admitted as long as nothing was
// produced: at once, and in each window that begins empty.
func TestOutputIsNotReserved(t *testing.T) {
	d := provider.Config{Name: "main", RPM: 6000, Window: provider.TokenBucket, Latency: provider.Latency{TTFT: rng.NewConstant(1), PerToken: s},
		Limits: []provider.Limit{{Counts: provider.Output, Most: 60, Per: time.Minute, Window: provider.TokenBucket}}}
	if v := newFew(time.Minute, time.Minute, crowd(100, 0, 20*s, 1, 10), d).look(t); v.MostFirst != 100 {
		t.Errorf("of a hundred calls at once at most %d succeed", v.MostFirst)
	}
	// Ten requests are admitted in ten seconds; the ten tokens that each of them produces
	// use up the minute many times over, but it begins anew.
	d.RPM, d.Window, d.Limits[0].Window, d.Limits[0].Most = 60, provider.SubMinute, provider.FixedWindow, 5
	var calls []workload.Arrival
	for m := range 10 {
		calls = append(calls, crowd(10, time.Duration(m)*time.Minute, 20*s, 1, 10)...)
	}
	f := newFew(10*time.Minute, time.Minute, calls, d)
	c := f.client()
	for i := range calls {
		if c.to(calls[i].At, true); !c.send(i, 0) {
			t.Fatalf("call %d is not admitted", i)
		}
	}
	if v := f.look(t); c.n != 100 || v.MostFirst != 100 {
		t.Errorf("%d calls succeed, the bound is %d", c.n, v.MostFirst)
	}
}

// TestOverloadThatRises: first a few more large calls come than can be served, then
// three times as many small ones. What large ones leave out does not make room for
// small ones that come later. Served are 60 and 600 tokens and what is left of the
// first ten minutes' last, and as many of the second; a bucket may have been full when
// those began.
func TestOverloadThatRises(t *testing.T) {
	d := limited(provider.TokenBucket, provider.Limit{Counts: provider.Tokens, Most: 60, Per: time.Minute})
	calls := join(steady(0, 10*time.Minute, 8*s, 10*s, 9, 1), steady(10*time.Minute, 20*time.Minute, s/6, 10*s, 1, 1))
	v := newFew(20*time.Minute, time.Minute, calls, d).look(t)
	if large, small := int64(60+600+10)/10, int64(60+600+10)/2; v.MostFirst > large+small+60/2 || v.MostFirst < large+small-60/2-8 {
		t.Errorf("at most %d of %d succeed, want about %d and %d", v.MostFirst, v.Calls, large, small)
	}
}
