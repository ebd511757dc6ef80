package demand

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// onRequests draws a deployment with one limit on requests.
func onRequests(t *rapid.T) *provider.Config {
	cfg := &provider.Config{Name: "main", Phase: time.Duration(rapid.IntRange(-1, 9).Draw(t, "phase")) * time.Second,
		Limits: []provider.Limit{{Counts: provider.Requests, Most: int64(rapid.IntRange(1, 20).Draw(t, "most")), Per: 10 * time.Second,
			Window: provider.Window(rapid.IntRange(0, len(provider.Windows)-1).Draw(t, "window"))}}}
	if cfg.Phase < 0 {
		cfg.Phase = provider.FirstRequest
	}
	if rapid.IntRange(0, 4).Draw(t, "grows") == 0 {
		cfg.Limits[0].Growth = 0.5
		cfg.Limits[0].UsedBefore = int64(rapid.IntRange(0, 40).Draw(t, "before"))
	}
	cfg.Faults = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) provider.Fault {
		f := provider.Fault{Kind: rapid.SampledFrom([]provider.FaultKind{provider.LimitCut, provider.Outage}).Draw(t, "kind"), Status: 503,
			To: float64(rapid.IntRange(0, 4).Draw(t, "to")) / 4, At: clock.Time(rapid.IntRange(0, 400).Draw(t, "at")) * clock.Second / 10}
		f.Until = f.At + clock.Time(rapid.IntRange(1, 200).Draw(t, "for"))*clock.Second/10
		return f
	}), 0, 3).Draw(t, "faults")
	return cfg
}

// TestAllowanceIsEnough: a client that sends as many requests as are admitted, at
// once or after a pause, gets no more through from any time on than the allowance
// that began then, under any window, limit cuts and outages; and where nothing is cut
// and it sends all the time, as many. (Of a sliding counter it may get fewer, since
// requests are whole.)
func TestAllowanceIsEnough(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := onRequests(rt)
		m := provider.New(cfg, rng.New(1, 0), nil)
		d := &deployment{cfg: cfg, conditions: newConditions(provider.New(cfg, rng.New(1, 0), nil))}
		r := newRule(cfg.Rules()[0], false)
		d.rules = []*rule{r}
		d.apply()
		busy := rapid.Bool().Draw(rt, "busy")
		begins := clock.Time(rapid.IntRange(0, 300).Draw(rt, "begins")) * clock.Second / 10
		if busy {
			begins = 0
		}
		var a allowance
		sent := 0.0
		first := true
		for now := clock.Time(0); now < 60*clock.Second; now += clock.Second / 10 {
			for d.now().until <= now {
				at := d.now().until
				if a.rule != nil {
					a.to(at)
				}
				d.next()
				d.apply()
				if a.rule != nil {
					a.changed()
				}
			}
			if now == begins {
				a.begin(r, now, first)
			}
			if !busy && rapid.IntRange(0, 20).Draw(rt, "sends") > 0 {
				continue
			}
			for {
				attempt, reply := wire.Attempt{Prompt: 1, Guess: 1, Output: 1}, wire.Reply{}
				if m.Arrive(now, &attempt, &reply); !attempt.Admitted {
					break
				}
				if first = false; now >= begins {
					sent++
				}
			}
			if now < begins {
				continue
			}
			a.to(now)
			if sent > a.best*(1+1e-9)+1e-6 {
				rt.Fatalf("from %v to %v %v requests are admitted, the allowance is %v", begins, now, sent, a.best)
			}
			if exact := busy && len(cfg.Faults) == 0 && r.Growth == 0 && r.How != provider.ByCounter; exact && sent < math.Floor(a.best*(1-1e-9)+1e-6) {
				rt.Fatalf("from %v to %v only %v requests are admitted, the allowance is %v", begins, now, sent, a.best)
			}
		}
	})
}

// TestCells: a cell's cost is that of what lies in it, rounded down by less than 1
// in 128, and exact where it is small.
func TestCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cost := rapid.Int64Range(0, 1<<largest).Draw(t, "cost")
		switch got := costOf(cell(cost)); {
		case cost < 256 && got != cost, got > cost, 128*(cost-got) >= max(1, cost):
			t.Fatalf("%d counts as %d", cost, got)
		}
		if cell(cost) > cell(cost+rapid.Int64Range(0, 1000).Draw(t, "more")) {
			t.Fatal("a higher cost has a lower cell")
		}
	})
	if got := costOf(cell(math.MaxInt64)); got > 1<<largest {
		t.Errorf("the highest cost counts as %d", got)
	}
}

// TestCosts: what is added is found again, from both ends.
func TestCosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s costs
		var list []uint16
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(list) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				i := rapid.IntRange(0, len(list)-1).Draw(t, "which")
				s.remove(list[i])
				list = append(list[:i], list[i+1:]...)
			} else {
				list = append(list, cell(rapid.Int64Range(0, 1<<40).Draw(t, "cost")))
				s.add(list[len(list)-1])
			}
			total, most, least := int64(0), uint16(0), none
			for _, c := range list {
				total, most, least = total+costOf(c), max(most, c), min(least, c)
			}
			if s.n != int64(len(list)) || s.total != total || len(list) > 0 && (s.most() != most || s.least() != least) {
				t.Fatalf("of %v there are %d, together %d", list, s.n, s.total)
			}
		}
		if s.clear(); s.n != 0 || s.total != 0 || s != (costs{}) {
			t.Fatal("something is left")
		}
	})
}

// TestGrowth: what calls in flight come to besides is never less than what the best
// choice of whole calls within the room does, and exactly what fractions do where
// all have one ratio.
func TestGrowth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g growth
		n := rapid.IntRange(1, 10).Draw(t, "calls")
		base, more := make([]int, n), make([]int, n)
		for i := range n {
			base[i], more[i] = rapid.IntRange(0, 100).Draw(t, "base"), rapid.IntRange(1, 100).Draw(t, "more")
			g.add(float64(base[i]), float64(more[i]))
		}
		room := rapid.IntRange(0, 300).Draw(t, "room")
		best := 0
		for choice := range 1 << n {
			b, m := 0, 0
			for i := range n {
				if choice>>i&1 == 1 {
					b, m = b+base[i], m+more[i]
				}
			}
			if b <= room {
				best = max(best, m)
			}
		}
		if got := g.of(float64(room)); got < float64(best)-1e-9 {
			t.Fatalf("%v, %v in %d: %v, whole calls come to %d", base, more, room, got, best)
		}
	})
	var g growth
	for range 10 {
		g.add(10, 40)
	}
	if got := g.of(25); got != 100 {
		t.Errorf("in 25 calls of 10 come to %v more, want 100", got)
	}
}
