package workload

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

var constantRate = Arrivals{Process: ConstantRate, Rate: 1}

func TestSizes(t *testing.T) {
	size := func(v float64) rng.Dist { return rng.NewConstant(v) }
	tests := []struct {
		name           string
		stream         Stream
		prompt, output uint32
	}{
		{"as drawn", Stream{Prompt: size(900), Output: size(130)}, 900, 130},
		{"rounded", Stream{Prompt: size(899.5), Output: size(130.4)}, 900, 130},
		{"at least one", Stream{Prompt: size(0), Output: size(0.2)}, 1, 1},
		{"at most a uint32", Stream{Prompt: size(1e20), Output: size(1e300)}, math.MaxUint32, math.MaxUint32},
		{"output cut to max_tokens", Stream{Prompt: size(900), Output: size(130), MaxTokens: 100}, 900, 100},
		{"output below max_tokens", Stream{Prompt: size(900), Output: size(130), MaxTokens: 200}, 900, 130},
		{"recorded lengths", Stream{Prompt: size(900), Lengths: []Length{{7, 0}}}, 7, 1},
	}
	for _, tt := range tests {
		tt.stream.Arrivals = constantRate
		a := take(t, open(t, tt.stream, clock.Never), 1)[0]
		if a.Prompt != tt.prompt || a.Output != tt.output || a.MaxTokens != tt.stream.MaxTokens {
			t.Errorf("%s: prompt %d, output %d, max_tokens %d, want %d, %d, %d", tt.name, a.Prompt, a.Output, a.MaxTokens, tt.prompt, tt.output, tt.stream.MaxTokens)
		}
		if a.Deadline != clock.Never {
			t.Errorf("%s: deadline %v, want never", tt.name, a.Deadline)
		}
	}
}

// TestLengthsAreDrawnTogether looks for rows that were never recorded.
func TestLengthsAreDrawnTogether(t *testing.T) {
	rows := []Length{{10, 1000}, {20, 2000}, {30, 3000}, {40, 4000}}
	counts := map[Length]int{}
	const n = 10_000
	for _, a := range take(t, open(t, Stream{Arrivals: constantRate, Lengths: rows}, clock.Never), n) {
		counts[Length{a.Prompt, a.Output}]++
	}
	if len(counts) != len(rows) {
		t.Fatalf("drew %v", counts)
	}
	for _, row := range rows {
		if sd := math.Sqrt(n * 0.25 * 0.75); math.Abs(float64(counts[row])-n/4) > 4*sd {
			t.Errorf("row %v came %d times of %d, want %d +- %.0f", row, counts[row], n, n/4, 4*sd)
		}
	}
}

func TestSpecifiedBeliefs(t *testing.T) {
	tests := []struct {
		estimate Estimate
		want     uint32
	}{
		{Estimate{}, 900},
		{Estimate{Belief: Fixed, Fixed: 1000}, 1000},
		{Estimate{Belief: Fixed}, 1},
		{Estimate{Belief: WithError}, 900},
		{Estimate{Belief: WithError, Bias: 0.5}, 450},
	}
	for _, tt := range tests {
		s := Stream{Arrivals: constantRate, Prompt: rng.NewConstant(900), Estimate: tt.estimate}
		if a := take(t, open(t, s, clock.Never), 1)[0]; a.Estimate != tt.want || a.Guess != 900 {
			t.Errorf("%+v: estimate %d, guess %d, want %d and 900", tt.estimate, a.Estimate, a.Guess, tt.want)
		}
	}
}

// TestErrorOfBeliefs holds the mean and the standard deviation of
// ln(estimate/prompt) against the logarithm of the bias and sigma, within four standard errors.
func TestErrorOfBeliefs(t *testing.T) {
	const n = 20_000
	for _, tt := range []struct {
		estimate      Estimate
		median, sigma float64
	}{
		{Estimate{Belief: Chars}, 1, 0.12},
		{Estimate{Belief: WithError, Error: 0.5}, 1, 0.5},
		{Estimate{Belief: WithError, Error: 0.5, Bias: 0.7}, 0.7, 0.5},
		{CharsFor("gpt-4o"), 1, 0.12},
		{CharsFor("nobody"), 1, 0.12},
		{CharsFor("claude-sonnet-4.5"), 1 / 1.2, math.Sqrt(0.12*0.12 + 0.1*0.1)},
		{CharsFor("claude-opus-5.5"), 1 / 1.5, math.Sqrt(0.12*0.12 + 0.1*0.1)},
	} {
		s := Stream{Arrivals: constantRate, Prompt: rng.NewConstant(1e6), Estimate: tt.estimate, Guess: tt.estimate}
		sum, squares := 0.0, 0.0
		for _, a := range take(t, open(t, s, clock.Never), n) {
			x := math.Log(float64(a.Estimate) / 1e6)
			sum += x
			squares += x * x
			if a.Guess != a.Estimate {
				t.Fatalf("client and provider count the same characters as %d and %d", a.Estimate, a.Guess)
			}
		}
		mean := sum / n
		if se := tt.sigma / math.Sqrt(n); math.Abs(mean-math.Log(tt.median)) > 4*se {
			t.Errorf("%+v: mean %v, want %v +- %v", tt.estimate, mean, math.Log(tt.median), 4*se)
		}
		sd := math.Sqrt(squares/n - mean*mean)
		if se := tt.sigma / math.Sqrt(2*n); math.Abs(sd-tt.sigma) > 4*se {
			t.Errorf("%+v: standard deviation %v, want %v +- %v", tt.estimate, sd, tt.sigma, 4*se)
		}
	}
}

// TestSizesDoNotDependOnTimes changes the arrivals and looks at the sizes.
func TestSizesDoNotDependOnTimes(t *testing.T) {
	uniform, err := rng.NewUniform(1, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	sizes := func(a Arrivals) (all [][2]uint32) {
		for _, a := range take(t, open(t, Stream{Arrivals: a, Prompt: uniform, Output: uniform}, clock.Never), 100) {
			all = append(all, [2]uint32{a.Prompt, a.Output})
		}
		return all
	}
	want := sizes(Arrivals{Process: Poisson, Rate: 1})
	if diff := cmp.Diff(want, sizes(Arrivals{Process: GammaRenewal, Rate: 9, CV: 3})); diff != "" {
		t.Errorf("sizes under poisson and under gamma (-want +got):\n%s", diff)
	}
	if want[0][0] == want[0][1] {
		t.Error("prompt and output share a draw")
	}
}
