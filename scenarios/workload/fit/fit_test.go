package fit

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"ratesim/scenarios/workload"
	"ratesim/sim/rng"
)

// published reads a file of the published traces; the test is skipped where they are not.
func published(t *testing.T, file, columns string) *Sample {
	t.Helper()
	log := &workload.Log{Name: filepath.Join("..", "..", "..", "..", "shared", "data", file)}
	if _, err := os.Stat(log.Name); err != nil {
		t.Skipf("the whole traces are not part of the repository: %v", err)
	}
	if columns != "" {
		var err error
		if log.Columns, err = workload.ParseColumns(columns); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Read(log)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// continuous is the distance from a distribution of real numbers, as others compute it.
func (t *tally) continuous(cdf func(float64) float64) float64 {
	worst, below := 0.0, 0.0
	for i, v := range t.values {
		worst = max(worst, math.Abs(below/t.n-cdf(v)))
		below += t.times[i]
		worst = max(worst, math.Abs(below/t.n-cdf(v)))
	}
	return worst
}

// TestPublishedFits holds fits of whole traces against figures that other programs computed,
// to each digit that is given there. The one that differs is the scale of the second file's
// gaps: they have 0.217, computed from the rounded shape, and it is 0.21649.
func TestPublishedFits(t *testing.T) {
	for _, tt := range []struct{ file, columns, want string }{
		{"AzureLLMInferenceTrace_code.csv", "", "6.999, 1.360 (0.107) · 2.788, 0.847 (0.133) · 0.00578, 67.4 · -0.021"},
		{"AzureLLMInferenceTrace_conv.csv", "", "6.633, 0.985 (0.159) · 5.019, 0.859 (0.182) · 0.835, 0.216 · 0.073"},
		{"lmsys_arena_vtc_rpm.csv", "time=req_time_s,tenant=client", "3.772, 1.639 (0.051) · 4.943, 1.381 (0.128) · 0.82, 0.488 · 0.264"},
	} {
		s := published(t, tt.file, tt.columns)
		length := func(a *tally) string {
			mu, sigma := a.logMoments()
			return fmt.Sprintf("%.3f, %.3f (%.3f)", mu, sigma, a.continuous(distuv.LogNormal{Mu: mu, Sigma: sigma}.CDF))
		}
		cv := s.CV()
		got := fmt.Sprintf("%s · %s · %.3g, %.3g · %.3f", length(&s.prompt), length(&s.output), 1/(cv*cv), cv*cv/s.Rate(), s.Spearman())
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.file, got, tt.want)
		}
	}
}

// The likelihood of two rates that take turns, by exponentials of matrices.
func TestMMPPLikelihood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) float64 { return math.Exp(rapid.Float64Range(-3, 3).Draw(t, name)) }
		m := mmpp{[2]float64{draw("calm"), draw("burst")}, [2]float64{draw("leave calm"), draw("leave burst")}}
		gaps := rapid.SliceOfN(rapid.Float64Range(1e-6, 5), 1, 20).Draw(t, "gaps")
		q := mat.NewDense(2, 2, []float64{-m.leave[0] - m.rate[0], m.leave[0], m.leave[1], -m.leave[1] - m.rate[1]})
		a, b := m.leave[1]*m.rate[0], m.leave[0]*m.rate[1]
		p := mat.NewVecDense(2, []float64{a / (a + b), b / (a + b)})
		want := 0.0
		shares := make([]float64, len(gaps))
		got := m.likelihood(gaps, shares)
		for i, x := range gaps {
			var scaled, e mat.Dense
			scaled.Scale(x, q)
			e.Exp(&scaled)
			var v mat.VecDense
			v.MulVec(e.T(), p)
			if left := v.AtVec(0) + v.AtVec(1); math.Abs(shares[i]-(1-left)) > 1e-9 {
				t.Fatalf("share %v, want %v", shares[i], 1-left)
			}
			density := v.AtVec(0)*m.rate[0] + v.AtVec(1)*m.rate[1]
			want += math.Log(density)
			p = mat.NewVecDense(2, []float64{v.AtVec(0) * m.rate[0] / density, v.AtVec(1) * m.rate[1] / density})
		}
		if math.Abs(got-want) > 1e-8*(1+math.Abs(want)) {
			t.Fatalf("likelihood %v, want %v", got, want)
		}
	})
}

// With equal rates it is a Poisson process, whatever the states do.
func TestMMPPOfOneRate(t *testing.T) {
	m := mmpp{[2]float64{3, 3}, [2]float64{0.1, 2}}
	gaps := []float64{0.1, 0.5, 0.01, 2}
	if got, want := m.likelihood(gaps, nil), 4*math.Log(3)-3*2.61; math.Abs(got-want) > 1e-9 {
		t.Errorf("likelihood %v, want %v", got, want)
	}
}

// Parameters in closed form have a greater likelihood than their neighbours.
func TestGreatestLikelihood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(1, 5000), 5, 60).Draw(t, "values")
		values[0], values[1] = 1, 5000
		a := newTally(values)
		mean := stat.Mean(values, nil)
		k := gammaShape(math.Log(mean) - stat.Mean(a.logs(), a.times))
		mu, sigma := a.logMoments()
		of := func(logProb func(float64) float64) (sum float64) {
			for _, v := range values {
				sum += logProb(v)
			}
			return sum
		}
		best := of(distuv.Gamma{Alpha: k, Beta: k / mean}.LogProb)
		normal := of(distuv.LogNormal{Mu: mu, Sigma: sigma}.LogProb)
		for _, by := range []float64{0.98, 1.02} {
			if v := of(distuv.Gamma{Alpha: k * by, Beta: k * by / mean}.LogProb); v > best+1e-6 {
				t.Fatalf("gamma: shape %v has likelihood %v, and %v times that %v", k, best, by, v)
			}
			for _, d := range []distuv.LogNormal{{Mu: mu * by, Sigma: sigma}, {Mu: mu, Sigma: sigma * by}} {
				if v := of(d.LogProb); v > normal+1e-6 {
					t.Fatalf("lognormal: %v has likelihood %v, and %v %v", []float64{mu, sigma}, normal, d, v)
				}
			}
		}
	})
}

// The mean of the parts is the mean of all, parts rise, and each is of as many values.
func TestSlices(t *testing.T) {
	a := newTally([]float64{1, 1, 1, 2, 4, 6, 9, 9})
	if got := fmt.Sprint(a.slices(4)); got != "[1 1.5 5 9]" {
		t.Errorf("slices %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(1, 100), 1, 80).Draw(t, "values")
		for i, v := range values {
			values[i] = math.Round(v)
		}
		a := newTally(values)
		parts := a.slices(rapid.IntRange(1, len(values)).Draw(t, "parts"))
		if got, want := stat.Mean(parts, nil), stat.Mean(values, nil); math.Abs(got-want) > 1e-6*want {
			t.Fatalf("mean %v, want %v", got, want)
		}
		for i := 1; i < len(parts); i++ {
			if parts[i] < parts[i-1]-1e-9 {
				t.Fatalf("parts %v", parts)
			}
		}
	})
}

// The distances by hand.
func TestDistances(t *testing.T) {
	a := newTally([]float64{1, 2, 2, 4})
	// Shares up to 1, 2 and 4 are 1/4, 3/4 and 1; of a uniform from 0 to 5 up to 1.5, 2.5
	// and 4.5 they are 0.3, 0.5 and 0.9.
	if got := a.distance(distuv.Uniform{Min: 0, Max: 5}.CDF); math.Abs(got-0.25) > 1e-12 {
		t.Errorf("distance %v, want 0.25", got)
	}
	if got := uniformDistance([]float64{0.9, 0.1, 0.4}); math.Abs(got-(2./3-0.4)) > 1e-12 {
		t.Errorf("distance %v, want %v", got, 2./3-0.4)
	}
}

// The candidate of least BIC is chosen among those that are near.
func TestChoose(t *testing.T) {
	of := func(bic, ks float64) Candidate { return Candidate{BIC: &bic, KS: ks} }
	list := []Candidate{of(10, 0.01), of(5, 0.2), of(8, 0.04), {KS: 0.001}}
	if i := choose(list, 0.05); i != 2 {
		t.Errorf("chose %d, want 2", i)
	}
	if i := choose(list[1:2], 0.05); i != -1 {
		t.Errorf("chose %d of none that is near", i)
	}
	aboveLeast(list)
	if *list[0].Above != 5 || *list[1].Above != 0 || list[3].Above != nil {
		t.Errorf("above the least: %v, %v, %v", *list[0].Above, *list[1].Above, list[3].Above)
	}
	// ln 100 × 3 parameters less 2 × -50.
	if c := newCandidate("x", "", 3, -50, 0, 100); math.Abs(*c.BIC-(3*math.Log(100)+100)) > 1e-9 || *c.AIC != 106 {
		t.Errorf("BIC %v, AIC %v", *c.BIC, *c.AIC)
	}
	if farKS(1e6) != 0.05 || math.Abs(farKS(100)-0.136) > 1e-9 {
		t.Errorf("bounds %v and %v", farKS(1e6), farKS(100))
	}
}

// A log of two days has the rate of each hour of the day. The process is found under it,
// and a cosine is told from other shapes.
func TestDayShapes(t *testing.T) {
	levels := make([]float64, 24)
	for i := range levels {
		levels[i] = []float64{1, 6, 2, 9}[i%4]
	}
	a := workload.Arrivals{Process: workload.GammaRenewal, Rate: 0.15, CV: 2, Shape: workload.RateShape{Step: time.Hour, Levels: levels}}
	tokens := workload.Stream{Prompt: rng.NewConstant(1), Output: rng.NewConstant(1)}
	tokens.Arrivals = a
	s := madeOf(t, tokens, 3*day, 7)
	m := s.Fit(Choice{})
	if m.Arrivals.Chosen != "gamma × day" || m.Period != day {
		t.Fatalf("chose %s, period %v", m.Arrivals.Chosen, m.Period)
	}
	_, ofCV := gammaErrors(1/0.15, 2, float64(len(s.Kept)))
	if got := valueOf(t, m.Arrivals.Text, parameter{key: "cv"}); math.Abs(got-2) > 4*ofCV {
		t.Errorf("cv %v, want 2 ± %v", got, ofCV)
	}
	got := s.dayShape()
	for i, level := range levels {
		want := level / 4.5
		// Counts of a renewal process scatter by cv² times those of a Poisson process.
		if e := want * 2 / math.Sqrt(0.15*want*3600*3); math.Abs(got.Levels[i]-want) > 4.5*e {
			t.Errorf("hour %d has level %v, want %v ± %v", i, got.Levels[i], want, e)
		}
	}
	tokens.Arrivals = workload.Arrivals{Process: workload.Diurnal, Rate: 0.1, Swing: 0.8, Period: day, PeakAt: 14 * time.Hour}
	s = madeOf(t, tokens, 3*day, 8)
	m = s.Fit(Choice{})
	if m.Arrivals.Chosen != "diurnal" {
		t.Fatalf("chose %s of a cosine", m.Arrivals.Chosen)
	}
	// Of N arrivals with rate(t) in proportion to 1 + s cos(w(t-p)), the information of s is
	// N times the mean of cos² ÷ (1 + s cos), and of the phase N s² that of sin² ÷ (1 + s cos).
	n := float64(len(s.Kept))
	ofSwing, ofPeak := 0.0, 0.0
	for i := range 10_000 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 10_000)
		ofSwing += cos * cos / (1 + 0.8*cos) / 10_000
		ofPeak += 0.64 * sin * sin / (1 + 0.8*cos) / 10_000
	}
	if got, e := valueOf(t, m.Arrivals.Text, parameter{key: "swing"}), 1/math.Sqrt(n*ofSwing); math.Abs(got-0.8) > 3.5*e {
		t.Errorf("swing %v, want 0.8 ± %v", got, e)
	}
	if got, e := valueOf(t, m.Arrivals.Text, parameter{key: "peak_at"}), day.Seconds()/(2*math.Pi*math.Sqrt(n*ofPeak)); math.Abs(got-14*3600) > 3.5*e {
		t.Errorf("peak at %v, want %v ± %v", got, 14*3600, e)
	}
}

// Windows are as long as the rate is steady, and the rate of each is the number of its
// requests. Where the rate is always the same they are long.
func TestWindowShape(t *testing.T) {
	steady := workload.Stream{Arrivals: workload.Arrivals{Process: workload.Poisson, Rate: 4}, Prompt: rng.NewConstant(1), Output: rng.NewConstant(1)}
	if w := madeOf(t, steady, 20*time.Minute, 1).windowShape(); w == nil || w.Step < 2*time.Minute {
		t.Errorf("windows %+v of a steady rate", w)
	}
	draws := rng.New(1, 0).Sequence(rng.Arrivals)
	levels := make([]float64, 40)
	for i := range levels {
		levels[i] = 0.2 + draws.Float64()
	}
	uneven := steady
	uneven.Arrivals.Shape = workload.RateShape{Step: 30 * time.Second, Levels: levels}
	s := madeOf(t, uneven, 20*time.Minute, 1)
	w := s.windowShape()
	if w == nil || w.Step != 30*time.Second || len(w.Levels) != 40 {
		t.Fatalf("windows %+v", w)
	}
	counts := make([]float64, 40)
	for _, at := range s.times {
		counts[int(at/30)]++
	}
	for i := range 39 { // the last is cut short
		if got, want := w.Levels[i]/w.Levels[0], counts[i]/counts[0]; math.Abs(got-want) > 1e-9 {
			t.Fatalf("window %d has %v times the level of the first, want %v", i, got, want)
		}
	}
	m := s.Fit(Choice{OwnRates: true, OwnLengths: true})
	if m.Arrivals.Chosen != "poisson × rates of 30s" || m.Period != 20*time.Minute {
		t.Errorf("chose %s, period %v", m.Arrivals.Chosen, m.Period)
	}
}

// A clock of whole seconds hides how requests come; they are spread, and independent
// requests are seen to be so.
func TestCoarseClock(t *testing.T) {
	fine := madeOf(t, workload.Stream{Arrivals: workload.Arrivals{Process: workload.Poisson, Rate: 4}, Prompt: rng.NewConstant(10), Output: rng.NewConstant(5)}, time.Hour, 3)
	var text strings.Builder
	text.WriteString("time,prompt_tokens,output_tokens\n")
	for _, r := range fine.Kept {
		fmt.Fprintf(&text, "%.0f,10,5\n", math.Floor(r.At.Seconds()))
	}
	s, err := Read(&workload.Log{Name: "coarse", Data: []byte(text.String())})
	if err != nil {
		t.Fatal(err)
	}
	if s.Step != time.Second || fine.Step != 0 {
		t.Errorf("steps %v and %v", s.Step, fine.Step)
	}
	if m := s.Fit(Choice{}); m.Arrivals.Chosen != "poisson" {
		t.Errorf("chose %s", m.Arrivals.Chosen)
	}
	if got := s.CV(); math.Abs(got-1) > 0.03 {
		t.Errorf("cv %v", got)
	}
}

// Logs that leave nothing to choose.
func TestLittleToFit(t *testing.T) {
	for _, tt := range []struct{ rows, arrivals, prompt string }{
		{"5,10,3\n", "{process: spike, at: 0s, calls: 1}", "10"},
		{"5,10,3\n5,10,3\n", "{process: spike, at: 0s, calls: 2}", "10"},
		{"0,10,3\n1,10,0\n2,10,4\n", "{process: poisson, rate: 1/s}", "10"},
	} {
		s, err := Read(&workload.Log{Name: "small", Data: []byte("time,prompt_tokens,output_tokens\n" + tt.rows)})
		if err != nil {
			t.Fatal(err)
		}
		if m := s.Fit(Choice{}); m.Arrivals.Text != tt.arrivals || m.Prompt.Text != tt.prompt || m.Period != 0 {
			t.Errorf("%q: %s, %s", tt.rows, m.Arrivals.Text, m.Prompt.Text)
		}
	}
	if _, err := Read(&workload.Log{Name: "bad", Data: []byte("time,prompt_tokens,output_tokens\nx,1,1\n")}); err == nil || !strings.Contains(err.Error(), "bad:2:1") {
		t.Errorf("error %v", err)
	}
}

// Ranks that go together are part of the model, and those that do not are not.
func TestRanksTogether(t *testing.T) {
	for _, want := range []float64{0, 0.05, 0.4, -0.3} {
		s := madeOf(t, workload.Stream{Arrivals: workload.Arrivals{Process: workload.ConstantRate, Rate: 10}, Prompt: must(rng.NewLognormal(900, 4000)), Output: must(rng.NewLognormal(100, 400)),
			RankCorrelation: want}, 1000*time.Second, 5)
		got := s.Fit(Choice{}).RankCorrelation
		switch {
		case math.Abs(want) < notable && got != 0:
			t.Errorf("correlation %v of ranks with %v", got, want)
		case math.Abs(want) >= notable && math.Abs(got-want) > 0.04: // 10,000 pairs: a standard error of 0.01
			t.Errorf("correlation %v, want %v", got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1234.56: "1235", 0.000123456: "0.0001235", 99999: "100000", 2.5: "2.5"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{4.5: "4.5/s", 0.1: "6/m", 0.001: "3.6/h"} {
		if got := rateText(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
	lines := wrapped("values: ["+strings.Repeat("1234, ", 60)+"5]", 4)
	for i, l := range lines {
		if len(l) > 114 || i > 0 && !strings.HasPrefix(l, "  1234") {
			t.Errorf("line %q", l)
		}
	}
	if got := strings.Join(strings.Fields(strings.Join(lines, " ")), " "); got != "values: ["+strings.Repeat("1234, ", 60)+"5]" {
		t.Errorf("lines %q", got)
	}
}
