package page

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

func TestPlaces(t *testing.T) {
	linear := chart.Axis{Lo: -10, Hi: 10}
	log := chart.Axis{Lo: 0.001, Hi: 1, Log: true}
	cut := chart.Axis{Hi: 100, Never: true}
	for _, c := range []struct {
		axis  *chart.Axis
		value float64
		want  float64
	}{
		{&linear, -10, 0}, {&linear, 0, 0.5}, {&linear, 10, 1}, {&linear, 99, 1}, {&linear, math.Inf(-1), 0},
		{&log, 0.001, 0}, {&log, 0.01, 1. / 3}, {&log, 1, 1}, {&log, 0, 0}, {&log, -1, 0},
		{&cut, 50, 0.455}, {&cut, 100, 0.91}, // the last 9 % are what is never reached
	} {
		if got, ok := at(c.axis, c.value); !ok || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v on %v to %v is at %v (%v), not %v", c.value, c.axis.Lo, c.axis.Hi, got, ok, c.want)
		}
	}
	for _, a := range []chart.Axis{{}, {Lo: 1, Hi: 1}, {Lo: 2, Hi: 1}, {Hi: math.NaN()}, {Hi: math.Inf(1)}, {Lo: 0, Hi: 1, Log: true}} {
		if f, ok := at(&a, 1); ok {
			t.Errorf("an axis from %v to %v has a place for 1: %v", a.Lo, a.Hi, f)
		}
	}
	if _, ok := at(&linear, math.NaN()); ok {
		t.Error("NaN has a place")
	}
}

// The script writes a value as the axis does.
func TestScalesAreThoseOfTheAxis(t *testing.T) {
	for name, of := range map[string]func(float64) words.Scale{"seconds": words.Seconds, "dollars": words.Dollars, "multiple": words.Multiple, "percent": words.Percent, "per 1,000": words.PerThousand} {
		list := scales(of, 1e7)
		rapid.Check(t, func(t *rapid.T) {
			v := math.Exp(rapid.Float64Range(math.Log(1e-5), math.Log(1e7)).Draw(t, "v"))
			i := slices.IndexFunc(list, func(s [4]any) bool { return v <= s[0].(float64) })
			want := of(v)
			if got := (words.Scale{Div: list[i][1].(float64), Decimals: list[i][2].(int), Unit: list[i][3].(string)}); got != want {
				near := of(v*(1+1e-5)) == got || of(v*(1-1e-5)) == got // where a scale ends, six digits decide
				if !near {
					t.Errorf("%s: %v is written with %v, not %v", name, v, got, want)
				}
			}
		})
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct{ places, want []float64 }{
		{nil, nil},
		{[]float64{50}, []float64{50}},
		{[]float64{50, 50, 50}, []float64{50, 60, 70}},
		{[]float64{100, 100}, []float64{90, 100}}, // pushed up from the end
		{[]float64{30, 0}, []float64{30, 0}},      // in the order of the input
	} {
		if got := spread(c.places, 10, 100); !slices.Equal(got, c.want) {
			t.Errorf("%v becomes %v, not %v", c.places, got, c.want)
		}
	}
}

func TestTicksDoNotTouch(t *testing.T) {
	a := chart.Axis{Hi: 10, Scale: words.Seconds, Ticks: []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}
	var all, narrow int
	for _, k := range ticksOf(&a, 200, 80) {
		all++
		if !k.Wide {
			narrow++
		}
	}
	// A label such as "5 s" takes 20 pixels with its margin: no more than ten fit on 200,
	// and four on 80.
	if all < 3 || all > 10 || narrow < 2 || narrow > 4 {
		t.Errorf("%d ticks on 200 pixels, %d on 80", all, narrow)
	}
	if text := tickText(words.Seconds, 5); text != "5 s" {
		t.Errorf("a tick is %q", text)
	}
}
