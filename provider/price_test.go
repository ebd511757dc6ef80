package provider

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// prices draws prices with at most three decimals, as vendors have them.
func prices() *rapid.Generator[Price] {
	usd := func(least int) *rapid.Generator[float64] {
		return rapid.Map(rapid.IntRange(least, 100_000), func(n int) float64 { return float64(n) / 1000 })
	}
	return rapid.Custom(func(t *rapid.T) Price {
		p := Price{Input: usd(1).Draw(t, "input"), Output: usd(0).Draw(t, "output"), Cached: usd(0).Draw(t, "cached"), Written: usd(0).Draw(t, "written"),
			Discount: rapid.SampledFrom([]float64{0, 0.25, 0.5, 1}).Draw(t, "discount"), CachedInFull: rapid.Bool().Draw(t, "in full")}
		if rapid.Bool().Draw(t, "long") {
			p.Long = LongPrices{From: rapid.Uint32Range(1, 300_000).Draw(t, "from"), Input: p.Input + usd(0).Draw(t, "more"), Output: p.Output + usd(0).Draw(t, "more"),
				Cached: p.Cached, Written: p.Written}
		}
		if rapid.Bool().Draw(t, "peak") {
			p.Peak = PeakHours{Factor: float64(rapid.IntRange(1, 8).Draw(t, "factor")) / 2, Hours: rapid.Uint32Range(0, 1<<24-1).Draw(t, "hours"),
				Weekdays: rapid.Bool().Draw(t, "weekdays"), Begins: time.Duration(rapid.Int64Range(0, int64(week)-1).Draw(t, "begins"))}
		}
		return p
	})
}

func usages() *rapid.Generator[Usage] {
	return rapid.Custom(func(t *rapid.T) Usage {
		n := func(most int64, what string) int64 { return rapid.Int64Range(0, most).Draw(t, what) }
		u := Usage{Prompt: n(1_000_000, "prompt"), Output: n(100_000, "output")}
		u.Cached = n(u.Prompt, "cached")
		u.Written = n(u.Prompt-u.Cached, "written")
		return u
	})
}

var instants = rapid.Map(rapid.Int64Range(0, int64(30*24*time.Hour)), func(ns int64) clock.Time { return clock.Time(ns) })

// exactly is what a number with few decimals is.
func exactly(v float64) *big.Rat {
	r, _ := new(big.Rat).SetString(new(big.Float).SetFloat64(v).Text('g', 15))
	return r
}

// byToken charges one token after the other by the rules as their documentation has them, in
// rational numbers and by the calendar.
func byToken(p *Price, now clock.Time, u Usage) *big.Rat {
	at := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC).Add(p.Peak.Begins).Add(now.Sub(0)) // from a Monday on
	input, cached, written, output := p.Input, p.Cached, p.Written, p.Output
	if p.Long.From > 0 && u.Prompt >= int64(p.Long.From) {
		input, cached, written, output = p.Long.Input, p.Long.Cached, p.Long.Written, p.Long.Output
	}
	if cached == 0 {
		cached = input
	}
	if written == 0 {
		written = input
	}
	weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
	peak := p.Peak.Factor > 0 && p.Peak.Hours>>at.Hour()&1 == 1 && !(p.Peak.Weekdays && weekend)
	sum := new(big.Rat)
	charge := func(tokens int64, usd float64, discounted bool) {
		each := new(big.Rat).Quo(exactly(usd), big.NewRat(1_000_000, 1))
		if peak {
			each.Mul(each, exactly(p.Peak.Factor))
		}
		if discounted {
			each.Mul(each, new(big.Rat).Sub(big.NewRat(1, 1), exactly(p.Discount)))
		}
		sum.Add(sum, each.Mul(each, big.NewRat(tokens, 1)))
	}
	charge(u.Prompt-u.Cached-u.Written, input, true)
	charge(u.Cached, cached, !p.CachedInFull)
	charge(u.Written, written, true)
	charge(u.Output, output, true)
	return sum
}

// The cost of a call against rational numbers.
func TestCostAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, u, now := prices().Draw(t, "price"), usages().Draw(t, "usage"), instants.Draw(t, "now")
		got, _ := p.Cost(now, u)
		want, _ := byToken(&p, now, u).Float64()
		if math.Abs(got-want) > 1e-12*(1+want) {
			t.Fatalf("%+v at %v costs %g, want %g", u, now, got, want)
		}
	})
}

// More tokens never cost less where longer prompts are not cheaper; each token is charged
// once; and a bill costs what its calls cost one by one.
func TestCostProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, u, now := prices().Draw(t, "price"), usages().Draw(t, "usage"), instants.Draw(t, "now")
		cost, band := p.Cost(now, u)
		for _, more := range []Usage{{Prompt: 1000}, {Output: 1}, {Prompt: 7, Cached: 7}, {Prompt: 7, Written: 7}} {
			v := u
			if v.Add(more); true {
				if dearer, _ := p.Cost(now, v); dearer < cost*(1-1e-12) {
					t.Fatalf("%+v costs %g, and %+v costs %g", u, cost, v, dearer)
				}
			}
		}
		n := int64(0)
		for _, kind := range u.ByKind() {
			if n += kind; kind < 0 {
				t.Fatalf("%+v has %d tokens of a kind", u, kind)
			}
		}
		if n != u.Prompt+u.Output {
			t.Fatalf("%d tokens of %+v are charged", n, u)
		}
		same := p
		same.Cached, same.Written, same.Long, same.Peak, same.CachedInFull = 0, 0, LongPrices{}, PeakHours{}, false
		if one, _ := same.Cost(now, u); math.Abs(one-float64(u.Prompt)*same.Input/1e6*(1-p.Discount)-float64(u.Output)*same.Output/1e6*(1-p.Discount)) > 1e-9 {
			t.Fatalf("with one price for all of the prompt, %+v costs %g", u, one)
		}
		var bill Bill
		sum := 0.0
		for _, v := range []Usage{u, usages().Draw(t, "another")} {
			usd, b := p.Cost(now, v)
			bill[b].Add(v)
			sum += usd
		}
		if got := p.Total(&bill); math.Abs(got-sum) > 1e-9*(1+sum) {
			t.Fatalf("a bill costs %g, its calls %g (band %v)", got, sum, band)
		}
	})
}

// DeepSeek charges twice as much from 01 to 04 and from 06 to 10 UTC on weekdays.
func TestPeakHours(t *testing.T) {
	peak := PeakHours{Factor: 2, Hours: 0b0011_1100_1110, Weekdays: true, Begins: 4 * 24 * time.Hour} // a Friday
	p := Price{Input: 1, Peak: peak}
	for _, tt := range []struct {
		after time.Duration
		band  Band
	}{
		{0, 0}, {time.Hour - 1, 0}, {time.Hour, PeakHour}, {4*time.Hour - 1, PeakHour}, {4 * time.Hour, 0}, {6 * time.Hour, PeakHour}, {9*time.Hour + 59*time.Minute, PeakHour},
		{10 * time.Hour, 0}, {25 * time.Hour, 0}, {49 * time.Hour, 0}, {73 * time.Hour, PeakHour}, {(7*24 + 2) * time.Hour, PeakHour},
	} {
		if got := p.Band(clock.Time(tt.after), 1); got != tt.band {
			t.Errorf("%v after Friday: band %q, want %q", tt.after, got, tt.band)
		}
	}
}

// A model bills each call at the prices that its prompt and its arrival have, also where the
// prompt turns out longer, or the client hangs up.
func TestModelBillsByBand(t *testing.T) {
	cfg := Config{Name: "m", Charge: Charge{StopsStreams: true}, Latency: Latency{TTFT: rng.NewConstant(1), PerToken: time.Second},
		Price: Price{Input: 1, Output: 2, Long: LongPrices{From: 100, Input: 3, Output: 4}, Peak: PeakHours{Factor: 2, Hours: 1 << 1}}}
	m := New(&cfg, 1, nil)
	call := func(at clock.Time, prompt, output uint32) (*wire.Attempt, *wire.Reply) {
		a, r := &wire.Attempt{Prompt: prompt, Guess: prompt, Output: output, Streamed: true}, &wire.Reply{}
		if m.Arrive(at, a, r); !r.OK() {
			t.Fatalf("%+v", r)
		}
		return a, r
	}
	var want Bill
	check := func(what string, b Band, u Usage) {
		t.Helper()
		if want[b].Add(u); m.Tally.Billed != want {
			t.Fatalf("%s: %+v, want %+v", what, m.Tally.Billed, want)
		}
	}
	const hour = clock.Time(time.Hour)
	call(0, 99, 10)
	check("a short prompt", 0, Usage{Prompt: 99, Output: 10})
	call(hour-1, 100, 10)
	check("a long prompt", LongPrompt, Usage{Prompt: 100, Output: 10})
	call(hour, 99, 10)
	check("in a peak hour", PeakHour, Usage{Prompt: 99, Output: 10})
	a, _ := call(hour+1, 200, 10)
	check("both", LongPrompt|PeakHour, Usage{Prompt: 200, Output: 10})
	m.HangUp(a, 3)
	check("hung up", LongPrompt|PeakHour, Usage{Output: -7})
	a, r := call(hour+2, 60, 10)
	check("before it is counted", PeakHour, Usage{Prompt: 60, Output: 10})
	m.Recount(a, r, 150, nil)
	want[PeakHour].Add(Usage{Prompt: -60, Output: -10})
	check("counted again", LongPrompt|PeakHour, Usage{Prompt: 150, Output: 10})
	m.HangUp(a, 4)
	check("and hung up", LongPrompt|PeakHour, Usage{Output: -6})
	usd := (99*1 + 10*2 + 100*3 + 10*4 + 2*(99*1+10*2) + 2*(350*3+7*4)) / 1e6
	if got := cfg.Price.Total(&m.Tally.Billed); math.Abs(got-usd) > 1e-15 {
		t.Errorf("costs %g, want %g", got, usd)
	}
	if all := m.Tally.Billed.Total(); all.Prompt != 99+100+99+350 || all.Output != 10+10+10+3+4 {
		t.Errorf("in all %+v", all)
	}
	if n := testing.AllocsPerRun(100, func() { m.Arrive(2*hour, a, r) }); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
}
