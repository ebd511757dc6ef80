package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Differences of means are those of the differences: 4, 5 and 6 more, so 5 with half
// the quantile 4.303 of t over the root of three.
func TestDifferenceIsPaired(t *testing.T) {
	a, b := even(14, 105, 1006), even(10, 100, 1000)
	got := RatioDifference(a, b, 1, NewLevel(0.05))
	near(t, "difference", got.Value, 5, 1e-9)
	near(t, "half the interval", (got.Hi-got.Lo)/2, 4.302653/math.Sqrt(3), 1e-5)
	twice := RatioDifference(a, b, 2, NewLevel(0.05))
	near(t, "14 - 20, 105 - 200, 1006 - 2000", twice.Value, (-6-95-994)/3.0, 1e-9)
	if got := RatioDifference(a, a, 1, NewLevel(0.05)); got != (Interval{}) {
		t.Errorf("against itself: %v", got)
	}
}

// The discordance interval by hand: of ten replications of 100 calls one differs, by
// 4 calls. 4 of 1,000 more and 0 of 1,000 fewer, each with the interval of its own,
// are squared and added.
func TestFewDiscordantReplications(t *testing.T) {
	a := Counts{make([]float64, 10), make([]float64, 10)}
	b := Counts{make([]float64, 10), make([]float64, 10)}
	for r := range a.Of {
		a.Of[r], b.Of[r] = 100, 100
		a.Hits[r], b.Hits[r] = 5, 5
	}
	a.Hits[4] = 9
	got := ShareDifference(a, b, 1, NewLevel(0.05))
	near(t, "difference", got.Value, 0.004, 1e-12)
	more := Share(Counts{[]float64{0, 0, 0, 0, 4, 0, 0, 0, 0, 0}, a.Of}, 1, NewLevel(0.05))
	none := Share(Counts{make([]float64, 10), a.Of}, 1, NewLevel(0.05))
	lo := 0.004 - math.Sqrt(math.Pow(0.004-more.Lo, 2)+none.Hi*none.Hi)
	hi := 0.004 + math.Sqrt(math.Pow(more.Hi-0.004, 2)+0)
	plain := RatioDifference(a, b, 1, NewLevel(0.05))
	near(t, "lower end", got.Lo, min(lo, plain.Lo), 1e-12)
	near(t, "upper end", got.Hi, max(hi, plain.Hi), 1e-12)
	if !(got.Hi > plain.Hi) || !(got.Lo < 0) {
		t.Errorf("%v is not wider than %v", got, plain)
	}
	if same := ShareDifference(a, a, 1, NewLevel(0.05)); !(same.Lo < 0 && same.Hi > 0) {
		t.Errorf("equal so far: %v, want an interval with a width", same)
	}
}

// ln(a/b) by the delta method against many small steps: multiplying all of a by e
// adds 1 and moves no end.
func TestLogRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b Counts
		for range rapid.IntRange(3, 20).Draw(t, "n") {
			a.Hits = append(a.Hits, rapid.Float64Range(50, 90).Draw(t, "a"))
			b.Hits = append(b.Hits, rapid.Float64Range(50, 90).Draw(t, "b"))
			a.Of, b.Of = append(a.Of, rapid.Float64Range(40, 60).Draw(t, "of")), append(b.Of, rapid.Float64Range(40, 60).Draw(t, "of"))
		}
		x := LogRatio(a, b, NewLevel(0.05))
		scaled := Counts{make([]float64, len(a.Hits)), a.Of}
		for i, v := range a.Hits {
			scaled.Hits[i] = math.E * v
		}
		y := LogRatio(scaled, b, NewLevel(0.05))
		if math.Abs(y.Value-x.Value-1) > 1e-9 || math.Abs((y.Hi-y.Lo)-(x.Hi-x.Lo)) > 1e-9 {
			t.Fatalf("%v, times e %v", x, y)
		}
		back := LogRatio(b, a, NewLevel(0.05))
		if math.Abs(x.Value+back.Value) > 1e-9 || math.Abs(x.Lo+back.Hi) > 1e-9 {
			t.Fatalf("%v, the other way round %v", x, back)
		}
		// By the jackknife, whose variance agrees to first order.
		without := make([]float64, len(a.Hits))
		ha, oa := a.Sums()
		hb, ob := b.Sums()
		for r := range without {
			without[r] = math.Log((ha - a.Hits[r]) / (oa - a.Of[r]) / ((hb - b.Hits[r]) / (ob - b.Of[r])))
		}
		jack := around(x.Value, jackknifed(without), NewLevel(0.05))
		if w, v := x.Hi-x.Lo, jack.Hi-jack.Lo; w < 0.5*v || w > 2*v {
			t.Fatalf("width %v, by the jackknife %v", w, v)
		}
	})
	if got := LogRatio(even(0, 0), even(1, 2), NewLevel(0.05)); !math.IsNaN(got.Lo) {
		t.Errorf("of nothing: %v", got)
	}
}

// Square and add, uncorrelated and in step: differences of what moves together are
// narrower.
func TestMinus(t *testing.T) {
	a, b := Interval{5, 2, 9}, Interval{1, 0, 4}
	got := minus(a, b, 0)
	near(t, "difference", got.Value, 4, 0)
	near(t, "lower end", got.Lo, 4-math.Sqrt(9+9), 1e-12)
	near(t, "upper end", got.Hi, 4+math.Sqrt(16+1), 1e-12)
	near(t, "in step", minus(Interval{5, 2, 8}, Interval{1, -2, 4}, 1).Lo, 4, 1e-12)
	if got := minus(Interval{5, 2, math.Inf(1)}, b, 0.5); !math.IsInf(got.Hi, 1) || math.IsInf(got.Lo, 0) {
		t.Errorf("without an upper end: %v", got)
	}
	if x, y := Apart(a, b, 2), minus(a, Interval{2, 0, 8}, 0); x != y {
		t.Errorf("apart %v, want %v", x, y)
	}
	near(t, "correlation", correlation([]float64{1, -2, 1}, []float64{-2, 4, -2}), -1, 1e-12)
	near(t, "correlation with what does not vary", correlation([]float64{1, -1}, []float64{0, 0}), 0, 0)
}

// Two strategies of which one takes twice as long in every replication: the ratio is
// certain, however much both vary.
func TestQuantilesThatMoveTogether(t *testing.T) {
	var p, q plain
	for r := range 20 {
		var x, y []float64
		for i := range 200 {
			v := float64(100 + 10*r + i)
			x, y = append(x, v), append(y, 2*v)
		}
		p, q = append(p, x), append(q, y)
	}
	a, b := NewQuantile(q.times(), 0.95, 1, NewLevel(0.05)), NewQuantile(p.times(), 0.95, 1, NewLevel(0.05))
	got := LogQuantileRatio(a, b)
	near(t, "ratio", math.Exp(got.Value), 2, 0.01)
	if own := math.Log(b.Hi / b.Lo); got.Hi-got.Lo > 0.1*own {
		t.Errorf("paired width %v, own %v", got.Hi-got.Lo, own)
	}
	d := QuantileDifference(a, b, 2)
	near(t, "twice as long", d.Value, 0, 2)
	if !(d.Lo <= 0 && d.Hi >= 0) {
		t.Errorf("difference to twice the other: %v", d)
	}
}

// A quantile that is never reached is worse without end, and how much worse at least
// follows from what is known of it.
func TestRatioToNever(t *testing.T) {
	var p, q plain
	for range 12 {
		p = append(p, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 9})
		q = append(q, []float64{1, 2, 3, 4, 5, 6, 7, 8, math.Inf(1), math.Inf(1)})
	}
	never, nine := NewQuantile(q.times(), 0.95, 1, NewLevel(0.05)), NewQuantile(p.times(), 0.95, 1, NewLevel(0.05))
	got := LogQuantileRatio(never, nine)
	if !math.IsInf(got.Value, 1) || !math.IsInf(got.Hi, 1) || math.IsNaN(got.Lo) {
		t.Errorf("never against 9: %v", got)
	}
	back := LogQuantileRatio(nine, never)
	if !math.IsInf(back.Value, -1) || math.IsNaN(back.Hi) {
		t.Errorf("9 against never: %v", back)
	}
	if got := LogQuantileRatio(never, never); !math.IsNaN(got.Value) {
		t.Errorf("never against never: %v", got)
	}
	if got := QuantileDifference(never, nine, 1); !math.IsNaN(got.Value) {
		t.Errorf("never minus 9: %v", got)
	}
}
