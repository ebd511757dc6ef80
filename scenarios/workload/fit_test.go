package workload

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// logOf writes the arrivals of a stream as a log.
func logOf(t *testing.T, s Stream, until time.Duration) *Log {
	t.Helper()
	var b strings.Builder
	b.WriteString("time,prompt_tokens,output_tokens\n")
	sources, err := Open([]Stream{s}, rng.New(1, 0), clock.Time(until))
	if err != nil {
		t.Fatal(err)
	}
	var a Arrival
	for sources[0].Next(&a) {
		fmt.Fprintf(&b, "%.9f,%d,%d\n", a.At.Seconds(), a.Prompt, a.Output)
	}
	return &Log{Name: "made", Data: []byte(b.String())}
}

// A log of a known workload is fitted with that workload's parameters.
func TestFit(t *testing.T) {
	prompt, err := rng.NewLognormal(900, 4000)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arrivals Arrivals
		cv       float64
		poisson  bool
	}{
		{Arrivals{Process: Poisson, Rate: 4}, 1, true},
		{Arrivals{Process: GammaRenewal, Rate: 4, CV: 2.5}, 2.5, false},
		{Arrivals{Process: GammaRenewal, Rate: 4, CV: 0.5}, 0.5, false},
		{Arrivals{Process: ConstantRate, Rate: 4}, 0, false},
	} {
		log := logOf(t, Stream{Arrivals: test.arrivals, Prompt: prompt, Output: rng.NewConstant(50)}, 2*time.Hour)
		f, err := log.Fit()
		if err != nil {
			t.Fatal(err)
		}
		near := func(what string, got, want, within float64) {
			t.Helper()
			if math.Abs(got-want) > within*math.Max(want, 1e-3) {
				t.Errorf("%v: %s is %v, want %v", test.arrivals.Process, what, got, want)
			}
		}
		// 28,800 requests: the rate is certain to about cv/√28800, a hundredth.
		near("rate", f.Rate, 4, 0.05)
		near("cv", f.CV, test.cv, 0.05)
		near("p50", float64(f.Prompt.P50), 900, 0.05)
		near("p95", float64(f.Prompt.P95), 4000, 0.05)
		if f.Poisson != test.poisson || f.Output != (Sizes{50, 50, 50}) {
			t.Errorf("%v: poisson %v, output %v", test.arrivals.Process, f.Poisson, f.Output)
		}
	}
}

// Quantiles by hand, rows without an output, and requests of one instant.
func TestFitSmall(t *testing.T) {
	rows := "time,prompt_tokens,output_tokens,max_tokens\n0,10,0,\n1,20,7,512\n2,30,9,\n4,40,8,256\n"
	f, err := (&Log{Name: "small", Data: []byte(rows)}).Fit()
	if err != nil {
		t.Fatal(err)
	}
	if want := (Sizes{20, 40, 40}); f.Prompt != want {
		t.Errorf("prompts %v, want %v", f.Prompt, want)
	}
	if want := (Sizes{8, 9, 9}); f.Output != want {
		t.Errorf("outputs %v, want %v", f.Output, want)
	}
	// Gaps of 1, 1 and 2 s: the mean is 4/3, the variance 2/9.
	if math.Abs(f.Rate-0.75) > 1e-12 || math.Abs(f.CV-math.Sqrt(2./9)/(4./3)) > 1e-12 {
		t.Errorf("rate %v, cv %v", f.Rate, f.CV)
	}
	if f.Rows != 4 || f.Declared != 2 || f.MaxDeclared != 512 {
		t.Errorf("%d rows, %d declare up to %d", f.Rows, f.Declared, f.MaxDeclared)
	}
	for _, rows := range []string{"3,10,5\n", "3,10,5\n3,10,5\n"} {
		f, err := (&Log{Name: "instant", Data: []byte("time,prompt_tokens,output_tokens\n" + rows)}).Fit()
		if err != nil || f.Rate != 0 || f.Poisson {
			t.Errorf("%q: rate %v, %v", rows, f.Rate, err)
		}
	}
	if _, err := (&Log{Name: "bad", Data: []byte("time,prompt_tokens,output_tokens\nx,1,1\n")}).Fit(); err == nil || !strings.Contains(err.Error(), "bad:2:1") {
		t.Errorf("error %v", err)
	}
}
