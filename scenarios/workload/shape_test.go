package workload

import (
	"math"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// times returns when the calls of a process arrive, in seconds.
func timesOf(t testing.TB, a Arrivals, until time.Duration) (out []float64) {
	t.Helper()
	sources, err := Open([]Stream{{Arrivals: a, Prompt: rng.NewConstant(1), Output: rng.NewConstant(1)}}, rng.New(3, 0), clock.Time(until))
	if err != nil {
		t.Fatal(err)
	}
	var call Arrival
	for sources[0].Next(&call) {
		out = append(out, call.At.Seconds())
	}
	return out
}

// Each level has its share of the calls, within four standard deviations, and a level of 0
// has none. The rate of the process is the mean over the levels.
func TestShapeLevels(t *testing.T) {
	shape := RateShape{time.Minute, []float64{1, 0, 5, 2}}
	for _, tt := range []struct {
		arrivals Arrivals
		cv       float64 // of the gaps, counted in the time of the shape
		scatter  float64 // variance ÷ mean of the counts of a level; of a renewal process cv²
	}{
		{Arrivals{Process: ConstantRate, Rate: 4}, 0, 0.01},
		{Arrivals{Process: Poisson, Rate: 4}, 1, 1},
		{Arrivals{Process: GammaRenewal, Rate: 4, CV: 2}, 2, 4},
		{Arrivals{Process: Weibull, Rate: 4, CV: 2}, 2, 4},
		// Two rates that take turns scatter by 1 + 2(r1-r2)²p1p2/(s²·mean), s = 1/calm + 1/burst.
		{Arrivals{Process: MMPP, Rate: 2, BurstRate: 6, Calm: time.Second, Burst: time.Second}, math.NaN(), 3},
	} {
		tt.arrivals.Shape = shape
		const laps = 500
		times := timesOf(t, tt.arrivals, laps*4*time.Minute)
		w, err := NewWarp(&shape)
		if err != nil {
			t.Fatal(err)
		}
		var counts [4]float64
		var gaps []float64
		for i, at := range times {
			counts[int(at/60)%4]++
			if i > 0 {
				gaps = append(gaps, w.Operational(at)-w.Operational(times[i-1]))
			}
		}
		for i, level := range shape.Levels {
			want := laps * 60 * 4 * level / 2
			if d := math.Abs(counts[i] - want); d > 4*math.Sqrt(tt.scatter*want)+laps {
				t.Errorf("%v: %v calls at level %v, want %v", tt.arrivals.Process, counts[i], level, want)
			}
		}
		mean, sd := stat.MeanStdDev(gaps, nil)
		if !math.IsNaN(tt.cv) && math.Abs(sd/mean-tt.cv) > 0.03+0.03*tt.cv {
			t.Errorf("%v: the gaps have a cv of %v, want %v", tt.arrivals.Process, sd/mean, tt.cv)
		}
	}
}

// A shape without ups and downs changes nothing.
func TestShapeFlat(t *testing.T) {
	a := Arrivals{Process: GammaRenewal, Rate: 4, CV: 2}
	want := timesOf(t, a, time.Hour)
	a.Shape = RateShape{time.Second, []float64{7}}
	got := timesOf(t, a, time.Hour)
	if len(got) != len(want) {
		t.Fatalf("%d calls, want %d", len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Fatalf("call %d at %v, want %v", i, got[i], want[i])
		}
	}
}

// The two directions are inverse to each other, wherever the rate is not 0.
func TestWarpInverts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := RateShape{time.Duration(rapid.Int64Range(int64(MinState), int64(24*time.Hour)).Draw(t, "step")), rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 30).Draw(t, "levels")}
		r.Levels[0] += 1e-3
		w, err := NewWarp(&r)
		if err != nil {
			t.Fatal(err)
		}
		whole := r.Step.Seconds() * float64(len(r.Levels))
		if p := w.period(); math.Abs(p-whole) > 1e-9*whole {
			t.Fatalf("all levels have an area of %v, want %v", p, whole)
		}
		s := rapid.Float64Range(0, 5).Draw(t, "periods") * whole
		if back := w.Operational(w.real(s)); math.Abs(back-s) > 1e-6*(s+whole) {
			t.Fatalf("%v comes back as %v", s, back)
		}
	})
}

func TestShapeRefused(t *testing.T) {
	for want, r := range map[string]RateShape{
		"at least 1ms":     {Levels: []float64{1}},
		"sum above 0":      {time.Second, []float64{0, 0}},
		"at least 0, got":  {time.Second, []float64{1, -1}},
		"at least 0, got ": {time.Second, []float64{1, math.NaN()}},
	} {
		_, err := Open([]Stream{{Arrivals: Arrivals{Process: Poisson, Rate: 1, Shape: r}}}, rng.New(1, 0), clock.Second)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", r, err, want)
		}
	}
}

// Prompt and output have the rank correlation that is asked for, and each the distribution
// that it has without.
func TestRankCorrelation(t *testing.T) {
	prompt, err := rng.NewLognormal(900, 4000)
	if err != nil {
		t.Fatal(err)
	}
	output, err := rng.NewGamma(100, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{-1, -0.6, 0, 0.26, 0.8, 1} {
		s := Stream{Arrivals: Arrivals{Process: ConstantRate, Rate: 1000}, Prompt: prompt, Output: output, RankCorrelation: want}
		sources, err := Open([]Stream{s}, rng.New(5, 0), clock.Time(20*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		var x, y []float64
		var a Arrival
		for sources[0].Next(&a) {
			x, y = append(x, prompt.CDF(float64(a.Prompt))), append(y, output.CDF(float64(a.Output)))
		}
		// Of 20,000 pairs it is known to about 1/√20000; the shares are ranks, as far as
		// whole tokens allow.
		if got := stat.Correlation(x, y, nil); math.Abs(got-want) > 0.03 {
			t.Errorf("rank correlation %v, want %v", got, want)
		}
		for _, shares := range [][]float64{x, y} {
			if mean, sd := stat.MeanStdDev(shares, nil); math.Abs(mean-0.5) > 0.01 || math.Abs(sd-math.Sqrt(1./12)) > 0.01 {
				t.Errorf("correlation %v: shares with mean %v and standard deviation %v", want, mean, sd)
			}
		}
	}
}
