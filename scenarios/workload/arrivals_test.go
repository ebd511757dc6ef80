package workload

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// TestRenewalGaps holds gaps against the distribution function of gonum
// (Kolmogorov-Smirnov, at a level that one sound sequence in 10,000 misses)
// and their mean against 1/rate within four standard errors.
func TestRenewalGaps(t *testing.T) {
	const n, rate = 50_000, 0.25
	weibull := func(k float64) (cv float64, cdf func(float64) float64) {
		d := distuv.Weibull{K: k, Lambda: 1}
		d.Lambda = 1 / (rate * d.Mean())
		return d.StdDev() / d.Mean(), d.CDF
	}
	regular, regularCDF := weibull(4)
	clumped, clumpedCDF := weibull(0.4)
	tests := []struct {
		arrivals Arrivals
		cdf      func(float64) float64
	}{
		{Arrivals{Process: Poisson, CV: 1}, distuv.Exponential{Rate: rate}.CDF},
		{Arrivals{Process: GammaRenewal, CV: 1}, distuv.Exponential{Rate: rate}.CDF},
		{Arrivals{Process: GammaRenewal, CV: 0.2}, distuv.Gamma{Alpha: 25, Beta: 25 * rate}.CDF},
		{Arrivals{Process: GammaRenewal, CV: 2}, distuv.Gamma{Alpha: 0.25, Beta: 0.25 * rate}.CDF},
		{Arrivals{Process: GammaRenewal, CV: 5}, distuv.Gamma{Alpha: 0.04, Beta: 0.04 * rate}.CDF},
		{Arrivals{Process: Weibull, CV: 1}, distuv.Exponential{Rate: rate}.CDF},
		{Arrivals{Process: Weibull, CV: regular}, regularCDF},
		{Arrivals{Process: Weibull, CV: clumped}, clumpedCDF},
	}
	for _, tt := range tests {
		tt.arrivals.Rate = rate
		arrivals := take(t, open(t, Stream{Arrivals: tt.arrivals}, clock.Never), n)
		mean := arrivals[n-1].At.Seconds() / n
		if se := tt.arrivals.CV / rate / math.Sqrt(n); math.Abs(mean-1/rate) > 4*se {
			t.Errorf("%s, cv %.3g: mean gap %v, want %v +- %v", tt.arrivals.Process, tt.arrivals.CV, mean, 1/rate, 4*se)
		}
		gaps := make([]time.Duration, n)
		before := clock.Time(0)
		for i, a := range arrivals {
			gaps[i] = a.At.Sub(before)
			before = a.At
		}
		slices.Sort(gaps)
		worst := 0.0
		for i, gap := range gaps {
			if i+1 < n && gaps[i+1] == gap {
				continue // the share of gaps up to here is that at the last of equals
			}
			// A time is rounded to a nanosecond, a gap is between two of them.
			below, above := tt.cdf(gap.Seconds()-1e-9), tt.cdf(gap.Seconds()+1e-9)
			share := float64(i+1) / n
			worst = max(worst, below-share, share-above)
		}
		if limit := 2.23 / math.Sqrt(n); worst > limit {
			t.Errorf("%s, cv %.3g: the distribution of gaps is off by %.4f, more than %.4f", tt.arrivals.Process, tt.arrivals.CV, worst, limit)
		}
	}
}

// TestWeibullShape solves for known shapes, over the whole range of cv.
func TestWeibullShape(t *testing.T) {
	for _, k := range []float64{0.095, 0.2, 0.5, 1, 2, 10, 100} {
		d := distuv.Weibull{K: k, Lambda: 1}
		cv := d.StdDev() / d.Mean()
		if got := weibullShape(cv); math.Abs(got/k-1) > 1e-6 {
			t.Errorf("weibullShape(%v) = %v, want %v", cv, got, k)
		}
	}
	for _, cv := range []float64{MinCV, MaxCV} {
		d := distuv.Weibull{K: weibullShape(cv), Lambda: 1}
		if got := d.StdDev() / d.Mean(); math.Abs(got/cv-1) > 1e-4 {
			t.Errorf("weibullShape(%v) gives cv %v", cv, got)
		}
	}
}

// TestNonHomogeneousCounts counts the arrivals of many replications in slices
// of time and holds them against the integral of the rate, within four
// standard deviations of a Poisson count.
func TestNonHomogeneousCounts(t *testing.T) {
	const reps, slices, seconds = 200, 20, 100.0
	ramp := func(from, to, over float64) func(float64) float64 { // its integral, as two areas
		return func(x float64) float64 {
			inside := min(x, over)
			rise := from + (to-from)*inside/over
			return inside*(from+rise)/2 + (x-inside)*to
		}
	}
	tests := []struct {
		name     string
		arrivals Arrivals
		integral func(float64) float64
	}{
		{"up, over the run", Arrivals{Process: Ramp, From: 0, To: 8}, ramp(0, 8, 100)},
		{"up, then on", Arrivals{Process: Ramp, From: 1, To: 6, Over: 40 * time.Second}, ramp(1, 6, 40)},
		{"down, then none", Arrivals{Process: Ramp, From: 6, To: 0, Over: 70 * time.Second}, ramp(6, 0, 70)},
		{"flat", Arrivals{Process: Ramp, From: 3, To: 3, Over: 30 * time.Second}, ramp(3, 3, 30)},
		{"diurnal", Arrivals{Process: Diurnal, Rate: 4, Swing: 0.9, Period: 60 * time.Second, PeakAt: 10 * time.Second}, func(x float64) float64 {
			w := 2 * math.Pi / 60
			return 4*x + 4*0.9/w*(math.Sin(w*(x-10))-math.Sin(-w*10))
		}},
		{"poisson", Arrivals{Process: Poisson, Rate: 4}, func(x float64) float64 { return 4 * x }},
	}
	for _, tt := range tests {
		var counts [slices]float64
		for rep := range reps {
			s := openAt(t, rng.New(5, rep), Stream{Arrivals: tt.arrivals}, clock.FromSeconds(seconds))
			for _, x := range at(take(t, s, math.MaxInt)) {
				counts[int(x/seconds*slices)]++
			}
		}
		for i, got := range counts {
			lo, hi := seconds/slices*float64(i), seconds/slices*float64(i+1)
			want := reps * (tt.integral(hi) - tt.integral(lo))
			if math.Abs(got-want) > 4*math.Sqrt(want) {
				t.Errorf("%s: %v arrivals in [%v s, %v s), want %.0f +- %.0f", tt.name, got, lo, hi, want, 4*math.Sqrt(want))
			}
		}
	}
}

// TestMMPPCounts holds mean and variance of the count against the closed
// forms, for a process whose variance is 7.25 times that of Poisson.
func TestMMPPCounts(t *testing.T) {
	const reps, seconds = 1000, 400.0
	a := Arrivals{Process: MMPP, Rate: 2, BurstRate: 12, Calm: 3 * time.Second, Burst: time.Second}
	const r1, r2 = 1 / 3.0, 1 / 1.0 // rates of leaving
	mean := (2*r2 + 12*r1) / (r1 + r2) * seconds
	// The run starts calm, not in the long-run mix: it misses what the state
	// has yet to forget.
	mean -= (12 - 2) * r1 / (r1 + r2) / (r1 + r2)
	// Fischer and Meier-Hellstern, for long intervals.
	dispersion := 1 + 2*(12-2)*(12-2)*r1*r2/((r1+r2)*(r1+r2)*(2*r2+12*r1))
	sum, squares := 0.0, 0.0
	for rep := range reps {
		n := float64(len(take(t, openAt(t, rng.New(6, rep), Stream{Arrivals: a}, clock.FromSeconds(seconds)), math.MaxInt)))
		sum += n
		squares += n * n
	}
	got := sum / reps
	if se := math.Sqrt(dispersion * mean / reps); math.Abs(got-mean) > 4*se {
		t.Errorf("mean count %v, want %v +- %v", got, mean, 4*se)
	}
	variance := squares/reps - got*got
	if se := math.Sqrt(2.0 / reps); math.Abs(variance/(dispersion*mean)-1) > 4*se {
		t.Errorf("variance over mean %v, want %v +- %.0f %%", variance/mean, dispersion, 400*se)
	}
}

// TestMMPPStartsCalm makes the calm silent: the first call comes after a stay
// in it and one gap.
func TestMMPPStartsCalm(t *testing.T) {
	const reps = 2000
	a := Arrivals{Process: MMPP, BurstRate: 1000, Calm: 10 * time.Second, Burst: time.Hour}
	sum := 0.0
	for rep := range reps {
		sum += take(t, openAt(t, rng.New(7, rep), Stream{Arrivals: a}, clock.Never), 1)[0].At.Seconds()
	}
	if mean, se := sum/reps, 10/math.Sqrt(reps); math.Abs(mean-10.001) > 4*se {
		t.Errorf("first call after %v s on average, want 10.001 +- %v", mean, 4*se)
	}
	a = Arrivals{Process: MMPP, Rate: 1e-9, Calm: time.Millisecond, Burst: time.Millisecond}
	if got := take(t, open(t, Stream{Arrivals: a}, clock.Second), 1); len(got) != 0 {
		t.Errorf("a call at %v that is due in 30 years", got[0].At)
	}
}

func TestExactTimes(t *testing.T) {
	second := time.Second
	tests := []struct {
		name     string
		arrivals Arrivals
		until    clock.Time
		want     []float64
	}{
		{"constant", Arrivals{Process: ConstantRate, Rate: 4}, clock.Second, []float64{0, 0.25, 0.5, 0.75}},
		{"constant, thirds", Arrivals{Process: ConstantRate, Rate: 3}, clock.Second, []float64{0, 0.333333333, 0.666666667}},
		{"spike at once", Arrivals{Process: Spike, At: 2 * second, Calls: 3}, clock.Never, []float64{2, 2, 2}},
		{"spike over a second", Arrivals{Process: Spike, At: 2 * second, Calls: 4, Over: second}, clock.Never, []float64{2, 2.25, 2.5, 2.75}},
		{"spike cut by the end", Arrivals{Process: Spike, At: 2 * second, Calls: 4, Over: second}, clock.FromSeconds(2.5), []float64{2, 2.25}},
		{"spike of uneven steps", Arrivals{Process: Spike, Calls: 3, Over: 2}, clock.Never, []float64{0, 0, 1e-9}},
		{"spike past the end of time", Arrivals{Process: Spike, At: math.MaxInt64, Calls: 3, Over: second}, clock.Never, nil},
		{"closed without think time", Arrivals{Process: ClosedLoop, Users: 2}, clock.Second, []float64{0, 0}},
		{"nothing in no time", Arrivals{Process: ConstantRate, Rate: 1}, 0, nil},
		{"ramp to none is over", Arrivals{Process: Ramp, From: 1e-9, Over: second}, clock.Never, nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, at(take(t, open(t, Stream{Arrivals: tt.arrivals}, tt.until), 1000))); diff != "" {
			t.Errorf("%s: arrivals in seconds (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLongSpikeDoesNotOverflow(t *testing.T) {
	a := Arrivals{Process: Spike, Calls: MaxCalls, Over: math.MaxInt64}
	p, err := newSpike(&a)
	if err != nil {
		t.Fatal(err)
	}
	p.(*spikeTimes).i = MaxCalls - 1
	want := clock.Time(float64(math.MaxInt64) * (MaxCalls - 1) / MaxCalls)
	if got := p.next(); math.Abs(float64(got-want)) > 1024 { // a float64 of this size is good to 1024
		t.Errorf("the last call arrives at %d, want %d", got, want)
	}
}
