package metrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

type amount struct {
	at clock.Time
	v  int64
}

var amounts = rapid.Custom(func(t *rapid.T) []amount {
	at := clock.Time(0)
	longest := rapid.SampledFrom([]int64{2, 100, 2000}).Draw(t, "longest gap")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) amount {
		at += clock.Time(rapid.Int64Range(0, longest*int64(clock.Second)).Draw(t, "gap"))
		return amount{at, rapid.Int64Range(-5, 100).Draw(t, "v")}
	}), 0, 60).Draw(t, "amounts")
})

func seriesOf(as []amount) *Series {
	s := newSeries(Resolution{}.orDefault())
	for _, a := range as {
		s.Add(a.at, a.v)
	}
	return &s
}

// stepsOf adds up all amounts in steps as wide as they must be: the least power
// of two seconds of which 600 hold them all.
func stepsOf(as []amount) (steps []float64, width clock.Time) {
	width, last := clock.Second, clock.Time(0)
	for _, a := range as {
		last = max(last, a.at)
	}
	for last >= 600*width {
		width *= 2
	}
	if len(as) == 0 {
		return []float64{}, width
	}
	steps = make([]float64, last/width+1)
	for _, a := range as {
		steps[a.at/width] += float64(a.v)
	}
	return steps, width
}

func checkSeries(t *rapid.T, what string, s *Series, as []amount) {
	t.Helper()
	steps, width := stepsOf(as)
	if diff := cmp.Diff(steps, s.steps(1)); diff != "" || s.width != width {
		t.Fatalf("%s: width %v, want %v (-want +got)\n%s", what, s.width, width, diff)
	}
}

func TestSeriesAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		as := amounts.Draw(t, "as")
		checkSeries(t, "series", seriesOf(as), as)
	})
}

// Series merge in any order and grouping to what all amounts add up to.
func TestSeriesMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := amounts.Draw(t, "a"), amounts.Draw(t, "b"), amounts.Draw(t, "c")
		all := append(append(append([]amount{}, a...), b...), c...)
		left := seriesOf(a)
		left.Merge(seriesOf(b))
		left.Merge(seriesOf(c))
		checkSeries(t, "(a+b)+c", left, all)
		right, tail := seriesOf(a), seriesOf(b)
		tail.Merge(seriesOf(c))
		right.Merge(tail)
		checkSeries(t, "a+(b+c)", right, all)
		back := seriesOf(c)
		back.Merge(seriesOf(b))
		back.Merge(seriesOf(a))
		checkSeries(t, "c+b+a", back, all)
	})
}

func TestPeakAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := peak{width: rapid.SampledFrom([]clock.Time{1, 20 * ms, clock.Second}).Draw(t, "width")}
		windows, now := map[clock.Time]int64{}, clock.Time(0)
		for range rapid.IntRange(0, 80).Draw(t, "n") {
			now += rapid.SampledFrom([]clock.Time{0, 0, 1, 5 * ms, 20*ms - 1, 300 * ms, clock.Second, 3 * clock.Second}).Draw(t, "gap")
			windows[now/p.width]++
			p.add(now)
		}
		want := int64(0)
		for _, n := range windows {
			want = max(want, n)
		}
		if p.most != want {
			t.Fatalf("peak %d, want %d", p.most, want)
		}
	})
}
