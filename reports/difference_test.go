package reports

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"ratesim/sim/metrics"
)

// before and after are results whose differences are worked out by hand. The interval of
// B - A reaches down by the root of (B's lower arm)² + (A's upper arm)², and up by the
// root of (B's upper arm)² + (A's lower arm)² (MOVER):
//
//	jitter fails   A 10 (8 to 13)      B 4 (3 to 6)      -6: down √(1+9) = 3.16, up √(4+4) = 2.83: -9.16 to -3.17
//	jitter's p95   A 10 s (9 to 11)    B 10.5 s (9 to 12) 0.5: down √(2.25+1) = 1.80, up √(2.25+1): -1.30 to 2.30
//	jitter sends   A 1.5 (1.4 to 1.6)  B 2.5 (2.1 to 2.9) 1: down √(0.16+0.01) = 0.412, up the same: 0.588 to 1.412
//	jitter pays    A 0.001 (no width)  B 0.0005          -0.0005 without width
//	queue          fails 60 (55 to 65) in A, when 95 % never succeed, and 2 (1 to 4) in B: -58: down √(1+25) = 5.10, up √(4+25) = 5.39
func before() *Saved {
	return &Saved{Name: "before.json", Result: &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "small", Provider: "openai/x@tier-1", Seed: 1, Replications: 10, Hash: "a", Version: "v1",
		Strategies: []metrics.Strategy{
			changing("oracle", 0, 0, 0, 5), changing("gone", 1, 1, 1, 5), changing("jitter", 10, 8, 13, 10, 9, 11, 1.5, 1.4, 1.6, 0.001), changing("queue", 60, 55, 65)},
		Verdict: &metrics.Verdict{State: metrics.Decided, Chosen: []string{"jitter"}}, Setting: []metrics.Setting{{Topic: "limits", Text: "500 requests a minute"}, {Topic: "traffic", Text: "8 calls a second"}}}}
}

func after() *Saved {
	return &Saved{Name: "after.json", Result: &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "small", Provider: "openai/x@tier-2", Seed: 1, Replications: 10, Hash: "b", Version: "v1",
		Strategies: []metrics.Strategy{
			changing("jitter", 4, 3, 6, 10.5, 9, 12, 2.5, 2.1, 2.9, 0.0005), changing("queue", 2, 1, 4, 8, 7, 9), changing("new", 1, 1, 1, 5), changing("oracle", 0, 0, 0, 5)},
		Verdict: &metrics.Verdict{State: metrics.Tied, Chosen: []string{"queue", "jitter"}}, Setting: []metrics.Setting{{Topic: "limits", Text: "5000 requests a minute"}, {Topic: "traffic", Text: "8 calls a second"}}}}
}

// changing is a strategy with these estimates: failed per 1,000, p95 and attempts per call,
// each with its interval, and the cost of an answer.
func changing(name string, v ...float64) metrics.Strategy {
	s := metrics.Strategy{Group: metrics.Group{Name: name, Values: metrics.Values{metrics.Calls: est(1000, 5)}}}
	for _, id := range []metrics.ID{metrics.FailedPer1000, metrics.TimeToSuccessP95, metrics.Amplification} {
		if len(v) >= 3 {
			s.Values[id], v = &metrics.Estimate{Mean: v[0], Lo: v[1], Hi: v[2]}, v[3:]
		}
	}
	if len(v) == 1 {
		s.Values[metrics.CostPerSuccessUSD] = est(v[0], 0)
	}
	return s
}

func between(t testing.TB, a, b *Saved) *Document {
	t.Helper()
	d, err := Difference(a, b, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDifferenceByHand(t *testing.T) {
	d := between(t, before(), after())
	if want := "The verdict changes: A chooses jitter, and B chooses queue."; d.Title != want {
		t.Errorf("title %q, want %q", d.Title, want)
	}
	want := []string{
		"They differ in the provider (A: openai/x@tier-1, B: openai/x@tier-2) and the limits (A: 500 requests a minute, B: 5000 requests a minute).",
		"A alone has gone.", "B alone has new.",
		"Between A and B jitter fails 6.0 fewer of 1,000 calls (3.2 to 9.2), sends 1.00 more attempts per call (0.59 to 1.41) and pays 0.50 USD less for 1,000 answers.",
		"Between A and B queue fails 58.0 fewer of 1,000 calls (52.6 to 63.1) and gets 95.0 % of its calls answered within 8.0 s in B, and never in A.",
		"Of oracle every difference may be chance.",
	}
	if !slices.Equal(d.Lead, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(d.Lead, "\n"), strings.Join(want, "\n"))
	}
	got := written(t, d, Text{})
	for _, want := range []string{"-6.0 (-9.2 to -3.2)", "+500 ms (-1.3 s to +2.3 s) ~", "+1.00 (+0.59 to +1.41)", "Both results met the same calls"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	var c Changes
	if err := json.Unmarshal([]byte(written(t, d, JSON{})), &c); err != nil {
		t.Fatal(err)
	}
	if k := c.Strategies[1].Metrics; c.Strategies[1].Name != "queue" || k[2].Metric != "time_to_success_p95" || k[2].Difference != nil || k[2].Certain {
		t.Errorf("a time that one of them never reaches: %+v", k)
	}
	if k := c.Strategies[0].Metrics[1].Difference; k == nil || math.Abs(k.Lo+9.16228) > 1e-5 || math.Abs(k.Hi+3.17157) > 1e-5 {
		t.Errorf("failed calls of jitter: %+v", k)
	}
}

// Without intervals nothing is certain, however large.
func TestDifferenceOfOneReplication(t *testing.T) {
	a, b := before(), after()
	b.Result.Replications = 1
	d := between(t, a, b)
	if text := written(t, d, Text{}); !strings.Contains(text, "Every difference between them may be chance.") || !strings.Contains(text, "no intervals") || strings.Contains(text, "Both results met the same calls") || strings.Contains(text, " to ") {
		t.Error(text)
	}
}

func TestDifferenceOfKinds(t *testing.T) {
	same := before()
	for _, c := range []struct {
		name string
		a, b *Saved
		want string
	}{
		{"the same run", before(), same, "A and B are the same: so is every event of every run."},
		{"two answers of ptu", &Saved{Name: "a", Capacity: aPTU()}, &Saved{Name: "b", Capacity: aPTU()}, "The advice is the same: 20 PTUs yearly with spillover for 5,220 USD a month."},
		{"claims", &Saved{Claims: someClaims()}, &Saved{Claims: &metrics.Claims{Claims: someClaims().Claims[:2]}}, "2 claims end otherwise in B than in A, or in one of them alone."},
	} {
		if d := between(t, c.a, c.b); d.Title != c.want {
			t.Errorf("%s: %q, want %q", c.name, d.Title, c.want)
		}
	}
	live := before()
	live.Result.Kind = "live"
	if d := between(t, before(), live); d.Kind != KindBench || d.Facts[1] != "live" {
		t.Errorf("a simulated and a live result: kind %s, facts %q", d.Kind, d.Facts)
	}
	if _, err := Difference(before(), &Saved{Capacity: aPTU()}, ""); err == nil || !strings.Contains(err.Error(), "both of ratesim ptu") {
		t.Errorf("different kinds: %v", err)
	}
}
