package provider

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// order is a deployment of units whose throughput is counted over windows of the clock.
func order(units int, perSecond int64, ratio float64, window time.Duration) *Config {
	return &Config{Name: "order", PTU: Provisioned{Units: units, TPMPerUnit: 60 * perSecond, OutputRatio: ratio, Window: window},
		Charge: Charge{Reserve: ReserveActual, CacheDiscount: 0.9}}
}

// The three examples of the vendor's page, for gemini-2.5-flash with 2,690 tokens a second of
// each GSU: what may be used in a window of 120 s of 1 GSU, 30 s of 25, and 5 s of 250.
func TestUnitWindowsOfExamples(t *testing.T) {
	for _, k := range []struct {
		units int
		width time.Duration
		most  int64
	}{{1, 120 * time.Second, 322_800}, {25, 30 * time.Second, 2_017_500}, {250, 5 * time.Second, 3_362_500}} {
		rules := order(k.units, 2690, 9, k.width).Rules()
		if len(rules) != 1 || rules[0].Window != k.most || rules[0].Width != k.width || rules[0].Refuser != limit.ByUtilisation {
			t.Errorf("%d units: %+v, want %d tokens in %v", k.units, rules, k.most, k.width)
		}
	}
}

// Of requests of c tokens that come evenly, n in a window of which w tokens are given, min(n,
// floor(w / c)) are admitted in each: 1,000 tokens in and 40 out count 1,000 + 5 x 40 = 1,200,
// with half of the input cached 550 + 200 = 750.
func TestUnitWindowsInClosedForm(t *testing.T) {
	for _, k := range []struct {
		cached uint32
		units  int
		window time.Duration
		gap    time.Duration
		want   int // in each window
	}{
		{0, 1, 120 * time.Second, time.Second, 67},           // 81,000 / 1,200 = 67.5 of 120
		{500, 1, 120 * time.Second, time.Second, 108},        // 81,000 / 750
		{0, 4, 30 * time.Second, 100 * time.Millisecond, 67}, // the same tokens in a quarter of the time, of 300
		{0, 4, 30 * time.Second, time.Second, 30},            // all fit
		{0, 50, 5 * time.Second, 10 * time.Millisecond, 140}, // 168,750 / 1,200 of 500
	} {
		m := New(order(k.units, 675, 5, k.window), rng.New(1, 0), nil)
		const windows = 7
		var admitted [windows]int
		for at := clock.Time(0); at < clock.Time(windows*k.window); at = at.Add(k.gap) {
			a := wire.Attempt{Prompt: 1000, Guess: 1000, Cached: k.cached, Output: 40}
			var r wire.Reply
			m.Arrive(at, &a, &r)
			if r.Status == 200 {
				admitted[at.Sub(0)/k.window]++
			} else if r.Status != 429 || r.Limit != wire.Utilisation {
				t.Fatalf("%+v", r)
			}
		}
		for i, n := range admitted {
			if n != k.want {
				t.Errorf("%d units in %v, window %d: %d admitted, want %d", k.units, k.window, i, n, k.want)
			}
		}
	}
}

// The twin keeps every charge and adds up those of the window at hand. An attempt reserves the
// most that it may produce; when it is over, the difference counts in the window that was
// charged, if that is still the one at hand.
func TestUnitWindowsAreBruteForce(t *testing.T) {
	type charged struct {
		at   clock.Time
		cost int64
	}
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.IntRange(1, 60).Draw(t, "units")
		width := time.Duration(rapid.IntRange(1, 120).Draw(t, "width")) * time.Second
		cfg := order(units, 50, 4, width)
		cfg.Charge = Charge{Reserve: ReserveMaxTokens, Settle: true}
		m := New(cfg, rng.New(1, 0), nil)
		most := int64(units) * 50 * int64(width/time.Second)
		var charges []charged
		used := func(now clock.Time) (sum int64) {
			for _, c := range charges {
				if int64(c.at)/int64(width) == int64(now)/int64(width) {
					sum += c.cost
				}
			}
			return sum
		}
		now := clock.Time(0)
		type open struct {
			a  wire.Attempt
			of int
		}
		var running []open
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "gap")) * time.Millisecond)
			if len(running) > 0 && rapid.Bool().Draw(t, "ends") {
				o := running[0]
				running = running[1:]
				m.Finish(now, &o.a, false)
				charges[o.of].cost += int64(o.a.Prompt) + 4*int64(o.a.Output) - (int64(o.a.Guess) + 4*int64(o.a.MaxTokens))
				continue
			}
			prompt, most64 := uint32(rapid.IntRange(1, 4000).Draw(t, "prompt")), uint32(rapid.IntRange(1, 1000).Draw(t, "max_tokens"))
			a := wire.Attempt{Prompt: prompt, Guess: prompt, MaxTokens: most64, Output: uint32(rapid.IntRange(1, int(most64)).Draw(t, "output"))}
			var r wire.Reply
			cost := int64(prompt) + 4*int64(most64)
			fits := used(now)+cost <= most
			m.Arrive(now, &a, &r)
			if (r.Status == 200) != fits {
				t.Fatalf("at %v %d of %d used, %d asked for: status %d", now, used(now), most, cost, r.Status)
			}
			if fits {
				charges = append(charges, charged{now, cost})
				running = append(running, open{a, len(charges) - 1})
			}
		}
	})
}
