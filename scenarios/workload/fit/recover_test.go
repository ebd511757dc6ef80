package fit

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

var update = flag.Bool("update", false, "write the table of docs/fit.md")

// must returns a distribution whose parameters are in range.
func must(d rng.Dist, err error) rng.Dist {
	if err != nil {
		panic(err)
	}
	return d
}

// madeOf reads a log that a stream makes.
func madeOf(t testing.TB, s workload.Stream, until time.Duration, seed uint64) *Sample {
	t.Helper()
	sources, err := workload.Open([]workload.Stream{s}, rng.New(seed, 0), clock.Time(until))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("time,prompt_tokens,output_tokens\n")
	var a workload.Arrival
	for sources[0].Next(&a) {
		fmt.Fprintf(&text, "%.9f,%d,%d\n", a.At.Seconds(), a.Prompt, a.Output)
	}
	sample, err := Read(&workload.Log{Name: "made", Data: []byte(text.String())})
	if err != nil {
		t.Fatal(err)
	}
	return sample
}

// A parameter is a number that the fit is to find.
type parameter struct {
	key   string // as the candidate's text has it
	at    int    // which of several with that key
	true  float64
	error float64 // standard error of the estimate of greatest likelihood
}

// A known is a process or a distribution with parameters that are known.
type known struct {
	of         string // what it is
	name       string // of the candidate
	chosen     bool   // the fit must choose it
	parameters []parameter
}

// valueOf reads a parameter from a candidate's text, in seconds, requests a second or tokens.
func valueOf(t testing.TB, text string, p parameter) float64 {
	t.Helper()
	found := regexp.MustCompile(`\b`+p.key+`: ([0-9.]+)(/s|/m|/h|ms|s)?`).FindAllStringSubmatch(text, -1)
	if len(found) <= p.at {
		t.Fatalf("%s has no %s", text, p.key)
	}
	v, err := strconv.ParseFloat(found[p.at][1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v * map[string]float64{"": 1, "s": 1, "ms": 1e-3, "/s": 1, "/m": 1. / 60, "/h": 1. / 3600}[found[p.at][2]]
}

// trigamma is the derivative of the digamma function: a Hurwitz zeta function.
func trigamma(x float64) float64 { return mathext.Zeta(2, x) }

// gammaErrors are the standard errors of the mean and of the coefficient of variation:
// those of a gamma's mean and shape are orthogonal.
func gammaErrors(mean, cv, n float64) (ofMean, ofCV float64) {
	k := 1 / (cv * cv)
	return mean * cv / math.Sqrt(n), math.Pow(k, -1.5) / 2 * math.Sqrt(k/(n*(k*trigamma(k)-1)))
}

// weibullErrors are those of a Weibull whose mean is the sample's and whose shape has the
// greatest likelihood given that. The score of the shape is uncorrelated with the sample
// mean at a mean that is held fixed, so the variance of the shape is
// (I_kk + I_km² Var x) ÷ (n I_kk²), with the information of the shape and the mean.
func weibullErrors(mean, cv, n float64) (ofMean, ofCV float64) {
	cvOf := func(k float64) float64 {
		g1, _ := math.Lgamma(1 + 1/k)
		g2, _ := math.Lgamma(1 + 2/k)
		return math.Sqrt(math.Expm1(g2 - 2*g1))
	}
	lo, hi := 0.1, 50.0
	for range 100 {
		if mid := (lo + hi) / 2; cvOf(mid) > cv {
			lo = mid
		} else {
			hi = mid
		}
	}
	k := lo
	const euler = 0.57721566490153286
	scale := mean / math.Gamma(1+1/k)
	// Of shape and scale (Johnson, Kotz and Balakrishnan, volume 1, 1994, chapter 21).
	ikk, ikl, ill := (math.Pi*math.Pi/6+(1-euler)*(1-euler))/(k*k), -(1-euler)/scale, k*k/(scale*scale)
	// The scale as a function of shape and mean.
	dk := scale * mathext.Digamma(1+1/k) / (k * k)
	dm := scale / mean
	jkk := ikk + 2*ikl*dk + ill*dk*dk
	jkm := (ikl + ill*dk) * dm
	variance := (jkk + jkm*jkm*mean*mean*cv*cv) / (n * jkk * jkk)
	slope := (cvOf(k*1.0001) - cvOf(k*0.9999)) / (k * 0.0002)
	return mean * cv / math.Sqrt(n), math.Abs(slope) * math.Sqrt(variance)
}

// curvature returns the standard errors of parameters from the second derivatives of the
// log-likelihood at their true values: the observed information.
func curvature(t testing.TB, likelihood func([]float64) float64, at []float64) []float64 {
	t.Helper()
	hessian := mat.NewSymDense(len(at), nil)
	fd.Hessian(hessian, likelihood, at, &fd.Settings{Step: 2e-3})
	hessian.ScaleSym(-1, hessian)
	var inverse mat.Dense
	if err := inverse.Inverse(hessian); err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(at))
	for i := range out {
		out[i] = math.Sqrt(inverse.At(i, i))
	}
	return out
}

// lognormalErrors are those of the quantiles, by the delta method: ln p50 = mu and
// ln p95 = mu + z95 sigma.
func lognormalErrors(p50, sigma, n float64) (of50, of95 float64) {
	p95 := p50 * math.Exp(z95*sigma)
	return p50 * sigma / math.Sqrt(n), p95 * sigma * math.Sqrt(1/n+z95*z95/(2*n))
}

// arrivalCases are processes with the errors of their parameters for a log so long.
func arrivalCases(t testing.TB, until time.Duration) []struct {
	arrivals workload.Arrivals
	known
} {
	n := 4 * until.Seconds()
	g1, g2 := gammaErrors(0.25, 2.5, n)
	h1, h2 := gammaErrors(0.25, 0.5, n)
	w1, w2 := weibullErrors(0.25, 2, n)
	rateError := func(ofMean float64) float64 { return 16 * ofMean } // rate = 1 ÷ mean
	type one = struct {
		arrivals workload.Arrivals
		known
	}
	cases := []one{
		{workload.Arrivals{Process: workload.Poisson, Rate: 4}, known{"poisson", "poisson", true, []parameter{{"rate", 0, 4, 4 / math.Sqrt(n)}}}},
		{workload.Arrivals{Process: workload.GammaRenewal, Rate: 4, CV: 2.5}, known{"gamma, in clumps", "gamma", true, []parameter{{"rate", 0, 4, rateError(g1)}, {"cv", 0, 2.5, g2}}}},
		{workload.Arrivals{Process: workload.GammaRenewal, Rate: 4, CV: 0.5}, known{"gamma, regular", "gamma", true, []parameter{{"rate", 0, 4, rateError(h1)}, {"cv", 0, 0.5, h2}}}},
		{workload.Arrivals{Process: workload.Weibull, Rate: 4, CV: 2}, known{"weibull", "weibull", true, []parameter{{"rate", 0, 4, rateError(w1)}, {"cv", 0, 2, w2}}}},
	}
	m := workload.Arrivals{Process: workload.MMPP, Rate: 2, BurstRate: 14, Calm: 25 * time.Second, Burst: 5 * time.Second}
	log := madeOf(t, workload.Stream{Arrivals: m, Prompt: rng.NewConstant(1), Output: rng.NewConstant(1)}, until, 11)
	_, _, between := log.Values()
	at := []float64{math.Log(2), math.Log(14), math.Log(1. / 25), math.Log(1. / 5)}
	e := curvature(t, func(x []float64) float64 { m := mmppOf(x); return m.likelihood(between, nil) }, at)
	return append(cases, one{m, known{"mmpp", "mmpp", true, []parameter{{"rate", 0, 2, 2 * e[0]}, {"burst_rate", 0, 14, 14 * e[1]}, {"calm", 0, 25, 25 * e[2]}, {"burst", 0, 5, 5 * e[3]}}}})
}

// lengthCases are distributions with the errors of their parameters for n requests.
func lengthCases(t testing.TB, n float64) []struct {
	dist rng.Dist
	known
} {
	type one = struct {
		dist rng.Dist
		known
	}
	sigma := math.Log(4000./900) / z95
	l1, l2 := lognormalErrors(900, sigma, n)
	g1, g2 := gammaErrors(300, 0.7, n)
	cases := []one{
		{must(rng.NewLognormal(900, 4000)), known{"lognormal", "lognormal", true, []parameter{{"p50", 0, 900, l1}, {"p95", 0, 4000, l2}}}},
		{must(rng.NewGamma(300, 0.7)), known{"gamma", "gamma", true, []parameter{{"mean", 0, 300, g1}, {"cv", 0, 0.7, g2}}}},
	}
	// The score of a zipf's exponent is ln k less its mean.
	norm, first, second := 0.0, 0.0, 0.0
	for k := 1; k <= 5000; k++ {
		l := math.Log(float64(k))
		p := math.Exp(-1.1 * l)
		norm, first, second = norm+p, first+p*l, second+p*l*l
	}
	cases = append(cases, one{must(rng.NewZipf(1.1, 5000)), known{"zipf", "zipf", true, []parameter{{"s", 0, 1.1, 1 / math.Sqrt(n*(second/norm-first*first/norm/norm))}}}})
	// Of a lognormal between bounds: the information of draws on an even lattice.
	cut := must(rng.NewTruncated(must(rng.NewLognormal(900, 4000)), 200, 2000))
	lattice := latticeOf(cut, 4000)
	e := curvature(t, func(x []float64) float64 {
		d := distuv.LogNormal{Mu: x[0], Sigma: math.Exp(x[1])}
		sum, mass := 0.0, math.Log(d.CDF(2000)-d.CDF(200))
		for _, v := range lattice {
			sum += d.LogProb(v) - mass
		}
		return sum * n / float64(len(lattice))
	}, []float64{math.Log(900), math.Log(sigma)})
	cases = append(cases, one{cut, known{"truncated lognormal", "truncated lognormal", true, []parameter{{"p50", 0, 900, 900 * e[0]}}}})
	mixed := must(rng.NewMixture([]rng.Part{{Weight: 0.3, Of: must(rng.NewLognormal(100, 180))}, {Weight: 0.7, Of: must(rng.NewLognormal(1500, 3000))}}))
	lattice = latticeOf(mixed, 20_000)
	s1, s2 := math.Log(1.8)/z95, math.Log(2)/z95
	e = curvature(t, func(x []float64) float64 {
		a, b := distuv.LogNormal{Mu: x[1], Sigma: s1}, distuv.LogNormal{Mu: x[2], Sigma: s2}
		sum := 0.0
		for _, v := range lattice {
			sum += math.Log(x[0]*a.Prob(v) + (1-x[0])*b.Prob(v))
		}
		return sum * n / float64(len(lattice))
	}, []float64{0.3, math.Log(100), math.Log(1500)})
	return append(cases, one{mixed, known{"mixture", "mixture of 2 lognormals", true,
		[]parameter{{"weight", 0, 0.3, e[0]}, {"p50", 0, 100, 100 * e[1]}, {"p50", 1, 1500, 1500 * e[2]}}}})
}

// latticeOf is an even sample of a distribution.
func latticeOf(d rng.Dist, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = d.Quantile((float64(i) + 0.5) / float64(n))
	}
	return out
}

// check holds the candidate against what is known, and returns rows for the table.
func (k *known) check(t *testing.T, p *Part) (rows string) {
	t.Helper()
	if k.chosen && p.Chosen != k.name {
		t.Errorf("%s: %s is chosen", k.of, p.Chosen)
	}
	for i := range p.Candidates {
		if p.Candidates[i].Name != k.name {
			continue
		}
		for _, par := range k.parameters {
			got := valueOf(t, p.Candidates[i].Text, par)
			z := (got - par.true) / par.error
			// Four digits are written, which may be half of the last one off.
			if math.Abs(got-par.true) > 3.5*par.error+5e-4*par.true {
				t.Errorf("%s: %s is %v, want %v ± %.3g (%.1f standard errors off)", k.of, par.key, got, par.true, par.error, z)
			}
			rows += fmt.Sprintf("| %s | %s | %.4g | %.4g | %.2g | %+.1f |\n", k.of, par.key, par.true, got, par.error, z)
		}
	}
	return rows
}

// A log of a known workload is fitted with that workload, and its parameters are found
// within the standard errors of theory. The table is part of the documentation.
func TestRecovers(t *testing.T) {
	rows := "| made of | parameter | true | fitted | standard error | off by |\n|---|---|---|---|---|---|\n"
	until := 90 * time.Minute
	for _, c := range arrivalCases(t, until) {
		seed := uint64(11)
		log := madeOf(t, workload.Stream{Arrivals: c.arrivals, Prompt: rng.NewConstant(100), Output: rng.NewConstant(50)}, until, seed)
		m := log.Fit(Choice{})
		rows += c.check(t, &m.Arrivals)
		if m.Prompt.Text != "100" || m.Output.Text != "50" {
			t.Errorf("tokens %s and %s", m.Prompt.Text, m.Output.Text)
		}
	}
	const n = 20_000
	for i, c := range lengthCases(t, n) {
		log := madeOf(t, workload.Stream{Arrivals: workload.Arrivals{Process: workload.ConstantRate, Rate: 1000}, Prompt: c.dist, Output: rng.NewConstant(1)}, n*time.Millisecond, uint64(20+i))
		m := log.Fit(Choice{})
		rows += c.check(t, &m.Prompt)
		if m.Arrivals.Chosen != "constant" {
			t.Errorf("%s: arrivals %s", c.of, m.Arrivals.Chosen)
		}
	}
	inDocs(t, rows)
}

// inDocs holds the table of docs/fit.md against rows, or writes it.
func inDocs(t *testing.T, rows string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "docs", "fit.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- parameters that are found: go test ./scenarios/workload/fit -run Recovers -update -->\n", "<!-- end of parameters -->\n"
	before, rest, ok := strings.Cut(string(page), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+rows+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != rows {
		t.Errorf("%s: run this test with -update; the table is\n%s", path, rows)
	}
}

// Over many logs, errors scatter as much as theory says: not more, which would make the
// fit worse than it need be, and not less, which would make the test above too easy.
func TestErrorsScatterAsTheorySays(t *testing.T) {
	if testing.Short() {
		t.Skip("fits 60 logs")
	}
	const logs, n = 60, 2000
	type tally struct{ sum, squares float64 }
	all := map[string]*tally{}
	note := func(name string, got, want, e float64) {
		if all[name] == nil {
			all[name] = &tally{}
		}
		z := (got - want) / e
		all[name].sum += z
		all[name].squares += z * z
	}
	sigma := math.Log(4000./900) / z95
	l1, l2 := lognormalErrors(900, sigma, n)
	g1, g2 := gammaErrors(300, 0.7, n)
	_, w2 := weibullErrors(1, 2, n)
	_, c2 := gammaErrors(1, 2, n)
	for i := range uint64(logs) {
		s := workload.Stream{Arrivals: workload.Arrivals{Process: workload.Weibull, Rate: 1, CV: 2}, Prompt: must(rng.NewLognormal(900, 4000)), Output: must(rng.NewGamma(300, 0.7))}
		log := madeOf(t, s, n*time.Second, 100+i)
		prompt, output, gap := log.prompt.lognormal().text, log.output.gamma().text, newClocked(log, nil)
		note("p50", valueOf(t, prompt, parameter{key: "p50"}), 900, l1)
		note("p95", valueOf(t, prompt, parameter{key: "p95"}), 4000, l2)
		note("mean", valueOf(t, output, parameter{key: "mean"}), 300, g1)
		note("cv", valueOf(t, output, parameter{key: "cv"}), 0.7, g2)
		note("weibull", valueOf(t, gap.weibull().Text, parameter{key: "cv"}), 2, w2)
		s.Arrivals.Process = workload.GammaRenewal
		note("gamma", valueOf(t, newClocked(madeOf(t, s, n*time.Second, 100+i), nil).gamma().Text, parameter{key: "cv"}), 2, c2)
	}
	for name, x := range all {
		mean, sd := x.sum/logs, math.Sqrt(x.squares/logs)
		// The mean of 60 is known to 0.13, the root of the mean square to 0.09.
		if math.Abs(mean) > 0.45 || math.Abs(sd-1) > 0.3 {
			t.Errorf("%s: errors have a mean of %.2f and a root mean square of %.2f standard errors", name, mean, sd)
		}
	}
}
