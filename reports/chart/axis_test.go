package chart

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/reports/words"
)

func texts(a Axis) (out []string) {
	for _, v := range a.Ticks {
		out = append(out, a.Text(v))
	}
	return out
}

func TestTicks(t *testing.T) {
	for _, k := range []struct {
		axis Axis
		want []string
	}{
		{linear("", 0, 54, 3, words.PerThousand), []string{"0", "20", "40"}},
		{linear("", -3, 9, 4, words.Quantity), []string{"0", "5"}},
		{linear("", 0, 1, 2, words.Percent), []string{"0", "50 %", "100 %"}},
		{linear("", 5, 5, 2, words.Quantity), []string{"5", "5.5", "6"}},
		{logarithmic("", 0.5, 4000, words.Quantity), []string{"1", "10", "100", "1000"}},
		{logarithmic("", 0.001, 1, words.FinePercent), []string{"0.1 %", "0.2 %", "0.5 %", "1 %", "2 %", "5 %", "10 %", "20 %", "50 %", "100 %"}},
		{durations("", 2, 700), []string{"2 s", "5 s", "10 s", "20 s", "30 s", "1 min", "2 min", "5 min", "10 min"}},
		{durations("", 0.05, 86400), []string{"100 ms", "1 s", "10 s", "1 min", "10 min", "1 h", "1 d"}},
		{overTime(600), []string{"0", "2 min", "4 min", "6 min", "8 min", "10 min"}},
		{overTime(100), []string{"0", "20 s", "40 s", "60 s", "80 s", "100 s"}},
	} {
		if d := cmp.Diff(k.want, texts(k.axis)); d != "" {
			t.Errorf("%v to %v: %s", k.axis.Lo, k.axis.Hi, d)
		}
	}
}

func TestAt(t *testing.T) {
	line, log := linear("", 0, 200, 2, words.Quantity), logarithmic("", 1, 10000, words.Quantity)
	for _, k := range []struct {
		axis    *Axis
		v, want float64
	}{{&line, 50, 0.25}, {&line, -1, 0}, {&line, 1e9, 1}, {&line, math.NaN(), 0}, {&log, 100, 0.5}, {&log, 0, 0}, {&log, -7, 0}, {&log, math.Inf(1), 1}, {&Axis{}, 1, 0}} {
		if got := k.axis.At(k.v); math.Abs(got-k.want) > 1e-12 {
			t.Errorf("%v at %v, want %v", k.v, got, k.want)
		}
	}
}

// However close the values lie, and however odd they are, a logarithmic axis can be read.
func TestLogarithmicAxesAreLabelled(t *testing.T) {
	for _, v := range []float64{0, 1e-300, 0.0037, 0.9, 1, 55, 3e5, 1e300, math.Inf(1), math.NaN()} {
		for _, a := range []Axis{durations("", v, v), logarithmic("", v, v, words.Quantity)} {
			if !words.Finite(a.Lo, a.Hi) || a.Lo <= 0 || len(a.Ticks) < 2 {
				t.Errorf("at %v: from %v to %v with %v", v, a.Lo, a.Hi, a.Ticks)
			}
		}
	}
}

func TestCut(t *testing.T) {
	for _, k := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{7}, 7}, {[]float64{1, 2, 3, 4, 5}, 5}, {[]float64{1, 2, 3, 4, 500}, 5.2}, {[]float64{0, 0, 0, 0, 900}, 900},
		{[]float64{1, 100, 200, 300}, 300}, {[]float64{1, 500}, 500}, {[]float64{1, 1, 1, 7}, 1.3}, {[]float64{1, math.Inf(1)}, 1},
	} {
		if got := cut(k.values); math.Abs(got-k.want) > 1e-12 {
			t.Errorf("%v: %v, want %v", k.values, got, k.want)
		}
	}
}

// A few that go on far longer than the others do not press them to the left.
func TestAxisEnd(t *testing.T) {
	for _, c := range []struct {
		ends []float64
		want float64
	}{
		{nil, 0},
		{[]float64{7}, 7},
		{[]float64{0, 0, 0, 0, 0, 0, 7}, 7},
		{[]float64{60, 900}, 900},
		{[]float64{50, 60, 900, 40, 30}, 900},
		{[]float64{50, 60, 900, 40, 30, 20}, 60},
		{[]float64{50, 60, 80, 40, 30, 20}, 80},
		{[]float64{50, 60, 900, 40, 30, 20, 75, 10, 10, 10, 10}, 75},
	} {
		if got := axisEnd(c.ends); got != c.want {
			t.Errorf("%v: %v, want %v", c.ends, got, c.want)
		}
	}
}

func TestLately(t *testing.T) {
	// 60 a minute in steps of 20 s are 20 a step; a minute holds three steps, an hour all.
	rate := []float64{60, 60, 60, 60, 0, 0}
	if d := cmp.Diff([]float64{20, 40, 60, 60, 40, 20}, lately(rate, 20, 1)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]float64{20, 40, 60, 80, 80, 80}, lately(rate, 20, 60)); d != "" {
		t.Error(d)
	}
	// A step of two minutes is longer than the minute: what it shows is the minute's mean.
	if d := cmp.Diff([]float64{60, 0}, lately([]float64{60, 0}, 120, 1)); d != "" {
		t.Error(d)
	}
}

func TestResample(t *testing.T) {
	if d := cmp.Diff([]float64{2, 4.5, 0}, resample([]float64{1, 3, 9}, 1, 2, 3)); d != "" {
		t.Error(d)
	}
}
