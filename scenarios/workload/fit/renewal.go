package fit

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/scenarios/workload"
)

// A process is a candidate of how requests arrive.
type process struct {
	Candidate
	shape string // what its rate follows; "" = nothing
}

// A clocked log has the gaps of a log in the clock of a shape, or in seconds.
//
// Gaps of at most least are known no better than that, for the log's clock has steps. They
// count with the probability of being at most least, as data that are censored on the left
// do, and others with their density. A gamma or a Weibull with heavy bursts has a tenth of
// its gaps below a millionth of the mean, where the density has no bound.
type clocked struct {
	gaps      []float64
	mean      float64
	least     float64
	short     []bool  // of gaps: at most least by the log's own clock
	shorts    float64 // how many
	sum, logs float64 // of the other gaps, and of their logarithms
	// derivative is the sum of the logarithms of the clock's speed at each request after
	// such a gap, and shortDerivative that after short gaps.
	derivative, shortDerivative float64
	shape                       *shape // nil = the clock is that of the log
}

// shortShare is the share of the mean gap below which gaps are taken for short, however
// fine the clock is.
const shortShare = 1e-6

// leastGap is the longest of short gaps: ten steps of the log's clock.
func (s *Sample) leastGap() float64 {
	mean := 1 / s.Rate()
	tick := time.Nanosecond
	if s.Step == 0 {
		for tick < time.Second && !slices.ContainsFunc(s.Kept, func(r workload.Row) bool { return r.At.Sub(s.Kept[0].At)%(10*tick) != 0 }) {
			tick *= 10
		}
	}
	return max(shortShare*mean, min(10*tick.Seconds(), mean/10))
}

func newClocked(s *Sample, shape *shape) *clocked {
	c := &clocked{shape: shape, least: s.leastGap(), gaps: gaps(s.times)}
	c.short = make([]bool, len(c.gaps))
	before := 0.0
	if shape != nil {
		before = shape.warp.Operational(s.times[0])
	}
	for i, g := range c.gaps {
		c.short[i] = g <= c.least
		if shape == nil {
			c.add(i, g, 0)
			continue
		}
		at := shape.warp.Operational(s.times[i+1])
		c.add(i, at-before, math.Log(shape.level(s.times[i+1])))
		before = at
	}
	c.mean = stat.Mean(c.gaps, nil)
	return c
}

// add takes down a gap in the clock of the shape, and the logarithm of the clock's speed.
func (c *clocked) add(i int, gap, speed float64) {
	c.gaps[i] = gap
	if c.short[i] {
		c.shorts++
		c.shortDerivative += speed
		return
	}
	c.gaps[i] = max(gap, c.least*1e-3) // where the rate is all but 0
	c.derivative += speed
	c.sum += c.gaps[i]
	c.logs += math.Log(c.gaps[i])
}

// candidate scores a process of so many parameters of its own, with the likelihood of the
// gaps and the share of gaps that are at most each of them by the model.
func (c *clocked) candidate(name, keys string, parameters int, likelihood float64, shares []float64) process {
	p := process{}
	text := fmt.Sprintf("{process: %s, %s", name, keys)
	if c.shape != nil {
		p.shape = c.shape.name
		parameters += c.shape.parameters
		name += " × " + c.shape.name
		text += ", shape: " + c.shape.text()
	}
	p.Candidate = newCandidate(name, text+"}", parameters, likelihood, uniformDistance(shares), float64(len(c.gaps)))
	return p
}

// uniformDistance is the Kolmogorov-Smirnov distance of numbers from those that are evenly
// distributed from 0 to 1.
func uniformDistance(shares []float64) float64 {
	sorted := slices.Sorted(slices.Values(shares))
	n, worst := float64(len(sorted)), 0.0
	for i, u := range sorted {
		worst = max(worst, u-float64(i)/n, float64(i+1)/n-u)
	}
	return worst
}

// shares are cdf of the gaps. Those of short gaps, of which only the number is known, are
// spread evenly.
func (c *clocked) shares(cdf func(float64) float64) []float64 {
	out := make([]float64, len(c.gaps))
	below, k := cdf(c.least), 0.0
	for i, g := range c.gaps {
		if c.short[i] {
			k++
			out[i] = below * (k - 0.5) / c.shorts
			continue
		}
		out[i] = cdf(g)
	}
	return out
}

// likelihood adds up the likelihood of gaps that are independent: of the others that of
// their densities, and of the short ones the probability below, which near 0 grows with the
// power of the gap.
func (c *clocked) likelihood(others, below, power float64) float64 {
	sum := others + c.derivative
	if c.shorts > 0 {
		sum += c.shorts*math.Log(max(below, 1e-300)) + power*c.shortDerivative
	}
	return sum
}

// poisson has the mean rate.
func (c *clocked) poisson() process {
	n := float64(len(c.gaps)) - c.shorts
	d := distuv.Exponential{Rate: 1 / c.mean}
	return c.candidate("poisson", "rate: "+rateText(1/c.mean), 1, c.likelihood(-n*math.Log(c.mean)-c.sum/c.mean, d.CDF(c.least), 1), c.shares(d.CDF))
}

// gamma has the mean rate and, of the shape, the greatest likelihood.
func (c *clocked) gamma() process {
	n := float64(len(c.gaps)) - c.shorts
	likelihood := func(k float64) float64 {
		lg, _ := math.Lgamma(k)
		return c.likelihood(n*(k*math.Log(k/c.mean)-lg)+(k-1)*c.logs-k/c.mean*c.sum, mathext.GammaIncReg(k, k*c.least/c.mean), k)
	}
	from := gammaShape(math.Log(c.mean) - c.logs/max(n, 1))
	x, ok := greatest(func(x []float64) float64 {
		if k := math.Exp(x[0]); k == clampShape(k) {
			return likelihood(k)
		}
		return math.Inf(-1)
	}, []float64{math.Log(clampShape(from))}, 100)
	k := clampShape(from)
	if ok {
		k = math.Exp(x[0])
	}
	return c.candidate("gamma", varied(c.mean, 1/math.Sqrt(k)), 2, likelihood(k), c.shares(distuv.Gamma{Alpha: k, Beta: k / c.mean}.CDF))
}

// clampShape keeps the coefficient of variation within what a scenario file may have.
func clampShape(k float64) float64 {
	return min(max(k, 1/(workload.MaxCV*workload.MaxCV)), 1/(workload.MinCV*workload.MinCV))
}

func varied(mean, cv float64) string {
	return fmt.Sprintf("rate: %s, cv: %s", rateText(1/mean), number(min(max(cv, workload.MinCV), workload.MaxCV)))
}

// weibull has the mean rate and, of the shape, the greatest likelihood given that rate. The
// scale of greatest likelihood would give another rate where the gaps are not Weibull, and
// the rate counts more than the gaps.
func (c *clocked) weibull() process {
	var others []float64
	for i, g := range c.gaps {
		if !c.short[i] {
			others = append(others, g)
		}
	}
	likelihood := func(gaps []float64, k float64) float64 {
		d := distuv.Weibull{K: k, Lambda: weibullScale(c.mean, k)}
		sum := 0.0
		for _, g := range gaps {
			sum += d.LogProb(g)
		}
		return c.likelihood(sum*float64(len(others))/float64(max(len(gaps), 1)), d.CDF(c.least), k)
	}
	sample := thinned(others, mostSearched)
	x, ok := greatest(func(x []float64) float64 {
		if x[0] < math.Log(0.09) || x[0] > math.Log(120) { // cv 1000 to 0.01
			return math.Inf(-1)
		}
		return likelihood(sample, math.Exp(x[0]))
	}, []float64{0}, 80)
	if !ok {
		x = []float64{0}
	}
	k := math.Exp(x[0])
	g1, _ := math.Lgamma(1 + 1/k)
	g2, _ := math.Lgamma(1 + 2/k)
	return c.candidate("weibull", varied(c.mean, math.Sqrt(math.Expm1(g2-2*g1))), 2, likelihood(others, k), c.shares(distuv.Weibull{K: k, Lambda: weibullScale(c.mean, k)}.CDF))
}

func weibullScale(mean, k float64) float64 {
	g, _ := math.Lgamma(1 + 1/k)
	return mean * math.Exp(-g)
}

// mostSearched bounds the gaps that a search for the greatest likelihood looks at.
const mostSearched = 1 << 17

// thinned returns an even sample.
func thinned(gaps []float64, most int) []float64 {
	step := (len(gaps) + most - 1) / most
	if step <= 1 {
		return gaps
	}
	var out []float64
	for i := 0; i < len(gaps); i += step {
		out = append(out, gaps[i])
	}
	return out
}
