package fit

import (
	"fmt"
	"math"
	"slices"

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
type clocked struct {
	gaps       []float64
	mean       float64
	meanLog    float64 // of the gaps
	derivative float64 // sum of the logarithms of the clock's speed at each request but the first
	shape      *shape  // nil = the clock is that of the log
}

// floor is the least gap, as a share of the mean. A gap of 0 has no logarithm.
const floor = 1e-6

func newClocked(times []float64, s *shape) *clocked {
	c := &clocked{shape: s}
	if s != nil {
		at := make([]float64, len(times))
		for i, t := range times {
			at[i] = s.warp.Operational(t)
			if i > 0 {
				c.derivative += math.Log(s.level(t))
			}
		}
		times = at
	}
	c.gaps = gaps(times)
	c.mean = stat.Mean(c.gaps, nil)
	for i, g := range c.gaps {
		c.gaps[i] = max(g, floor*c.mean)
		c.meanLog += math.Log(c.gaps[i])
	}
	c.mean, c.meanLog = stat.Mean(c.gaps, nil), c.meanLog/float64(len(c.gaps))
	return c
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
	p.Candidate = newCandidate(name, text+"}", parameters, likelihood+c.derivative, uniformDistance(shares), float64(len(c.gaps)))
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

func (c *clocked) shares(cdf func(float64) float64) []float64 {
	out := make([]float64, len(c.gaps))
	for i, g := range c.gaps {
		out[i] = cdf(g)
	}
	return out
}

// poisson has the mean rate.
func (c *clocked) poisson() process {
	n := float64(len(c.gaps))
	return c.candidate("poisson", "rate: "+rateText(1/c.mean), 1, -n*(math.Log(c.mean)+1), c.shares(distuv.Exponential{Rate: 1 / c.mean}.CDF))
}

// gamma has the mean rate and, of the shape, the greatest likelihood.
func (c *clocked) gamma() process {
	k := clampShape(gammaShape(math.Log(c.mean) - c.meanLog))
	lg, _ := math.Lgamma(k)
	n := float64(len(c.gaps))
	likelihood := n * (k*math.Log(k/c.mean) - lg + (k-1)*c.meanLog - k)
	return c.candidate("gamma", varied(c.mean, 1/math.Sqrt(k)), 2, likelihood, c.shares(distuv.Gamma{Alpha: k, Beta: k / c.mean}.CDF))
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
	sample := thinned(c.gaps, mostSearched)
	at := func(x []float64) float64 {
		if x[0] < math.Log(0.09) || x[0] > math.Log(120) { // cv 1000 to 0.01
			return math.Inf(-1)
		}
		return weibullLikelihood(sample, c.mean, math.Exp(x[0]))
	}
	x, ok := greatest(at, []float64{0}, 80)
	if !ok {
		x = []float64{0}
	}
	k := math.Exp(x[0])
	d := distuv.Weibull{K: k, Lambda: weibullScale(c.mean, k)}
	g1, _ := math.Lgamma(1 + 1/k)
	g2, _ := math.Lgamma(1 + 2/k)
	return c.candidate("weibull", varied(c.mean, math.Sqrt(math.Expm1(g2-2*g1))), 2, weibullLikelihood(c.gaps, c.mean, k), c.shares(d.CDF))
}

func weibullScale(mean, k float64) float64 {
	g, _ := math.Lgamma(1 + 1/k)
	return mean * math.Exp(-g)
}

func weibullLikelihood(gaps []float64, mean, k float64) float64 {
	d := distuv.Weibull{K: k, Lambda: weibullScale(mean, k)}
	sum := 0.0
	for _, g := range gaps {
		sum += d.LogProb(g)
	}
	return sum
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
