package fit

import (
	"fmt"
	"math"

	"ratesim/scenarios/workload"
)

// An mmpp is a Poisson process whose rate changes between two values at random.
type mmpp struct {
	rate  [2]float64 // requests a second while calm, while bursting
	leave [2]float64 // how often a second each state ends
}

const (
	// leastGaps is how many gaps four parameters need.
	leastGaps = 100
	// leastTurns is how often the states must take turns in the log, on average. A state
	// that is seen once says nothing of how long it lasts, and its like would come at
	// another time in every run.
	leastTurns = 5
)

// fitMMPP finds the parameters of greatest likelihood (Rydén, "Parameter estimation for
// Markov modulated Poisson processes", Stochastic Models 10, 1994). The likelihood has
// several peaks, so the search starts from bursts of several lengths and strengths.
func (c *clocked) fitMMPP() *mmpp {
	if len(c.gaps) < leastGaps {
		return nil
	}
	pieces := piecesOf(c.gaps)
	rate, longest := 1/c.mean, c.mean*float64(len(c.gaps))/leastTurns
	at := func(pieces [][]float64) func([]float64) float64 {
		return func(x []float64) float64 {
			m := mmppOf(x)
			if !m.legal() || 1/m.leave[0]+1/m.leave[1] > longest {
				return math.Inf(-1)
			}
			sum := 0.0
			for _, p := range pieces {
				sum += m.likelihood(p, nil)
			}
			return sum
		}
	}
	short := pieces[:min(2, len(pieces))]
	type found struct {
		x []float64
		v float64
	}
	best := []found{{v: math.Inf(-1)}, {v: math.Inf(-1)}}
	for _, gaps := range []float64{10, 100, 1000, 10_000} { // in one stay
		for _, b := range []struct{ calm, burst, share float64 }{{0.5, 1.5, 0.5}, {0.5, 5, 1. / 9}, {0.02, 10, 0.1}} {
			stay := gaps * c.mean
			from := []float64{math.Log(rate * b.calm), math.Log(rate * b.burst), math.Log(1 / (stay * (1 - b.share) / b.share)), math.Log(1 / stay)}
			x, ok := greatest(at(short), from, 60)
			if !ok {
				continue
			}
			if v := at(short)(x); v > best[0].v {
				best[0], best[1] = found{x, v}, best[0]
			} else if v > best[1].v {
				best[1] = found{x, v}
			}
		}
	}
	top := found{v: math.Inf(-1)}
	for _, b := range best {
		if b.x == nil {
			continue
		}
		x, _ := greatest(at(pieces), b.x, 600)
		if v := at(pieces)(x); v > top.v {
			top = found{x, v}
		}
	}
	if top.x == nil {
		return nil
	}
	m := mmppOf(top.x)
	if m.rate[0] > m.rate[1] { // calm is the state of the lower rate
		m.rate[0], m.rate[1], m.leave[0], m.leave[1] = m.rate[1], m.rate[0], m.leave[1], m.leave[0]
	}
	return &m
}

// piecesOf returns all gaps in one piece or, of many, eight pieces evenly spread.
func piecesOf(gaps []float64) [][]float64 {
	const pieces, length = 8, 8192
	if len(gaps) <= pieces*length {
		return [][]float64{gaps}
	}
	var out [][]float64
	for i := range pieces {
		from := i * (len(gaps) - length) / (pieces - 1)
		out = append(out, gaps[from:from+length])
	}
	return out
}

// mmppOf reads the logarithms of the parameters.
func mmppOf(x []float64) mmpp {
	return mmpp{[2]float64{math.Exp(x[0]), math.Exp(x[1])}, [2]float64{math.Exp(x[2]), math.Exp(x[3])}}
}

// legal reports whether a scenario file may have the parameters.
func (m *mmpp) legal() bool {
	for i := range 2 {
		stay := 1 / m.leave[i]
		if !(m.rate[i] >= 1e-9 && m.rate[i] <= workload.MaxRate && stay >= workload.MinState.Seconds() && stay <= 300*day.Seconds()) {
			return false
		}
	}
	return true
}

// likelihood is the logarithm of the density of the gaps. With shares, each gap's share of
// shorter gaps, given those before it, is written there.
//
// With the generator Q and the rates L, a gap of x takes the row of state probabilities p
// to p exp((Q-L)x) L, whose sum is the density (Fischer and Meier-Hellstern, "The
// Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18, 1993). The
// exponential of a matrix of two rows has a closed form.
func (m *mmpp) likelihood(gaps, shares []float64) float64 {
	a, d := -(m.leave[0] + m.rate[0]), -(m.leave[1] + m.rate[1])
	mid, half := (a+d)/2, math.Sqrt((a-d)*(a-d)/4+m.leave[0]*m.leave[1])
	// At a request, a state is as likely as its requests are among all.
	p0 := m.leave[1] * m.rate[0]
	p1 := m.leave[0] * m.rate[1]
	p0, p1 = p0/(p0+p1), p1/(p0+p1)
	sum, product := 0.0, 1.0
	for i, x := range gaps {
		slow, fast := math.Exp((mid+half)*x), math.Exp((mid-half)*x)
		c, s := (slow+fast)/2, (slow-fast)/(2*half)
		v0 := p0*(c+s*(a-mid)) + p1*s*m.leave[1]
		v1 := p0*s*m.leave[0] + p1*(c+s*(d-mid))
		if shares != nil {
			shares[i] = min(max(1-v0-v1, 0), 1)
		}
		v0, v1 = v0*m.rate[0], v1*m.rate[1]
		density := v0 + v1
		if !(density > 0) {
			return math.Inf(-1)
		}
		p0, p1 = v0/density, v1/density
		// A logarithm takes as long as the rest: take it of products.
		if product *= density; product < 1e-200 || product > 1e200 {
			sum += math.Log(product)
			product = 1
		}
	}
	return sum + math.Log(product)
}

// mmpp is the candidate.
func (c *clocked) mmpp() *process {
	m := c.fitMMPP()
	if m == nil {
		return nil
	}
	shares := make([]float64, len(c.gaps))
	// Its density has a bound, so the probability of a short gap is that times its length.
	likelihood := m.likelihood(c.gaps, shares) + c.shorts*math.Log(c.least) + c.derivative + c.shortDerivative
	keys := fmt.Sprintf("rate: %s, burst_rate: %s, calm: %s, burst: %s", rateText(m.rate[0]), rateText(m.rate[1]), durationText(1/m.leave[0]), durationText(1/m.leave[1]))
	p := c.candidate("mmpp", keys, 4, likelihood, shares)
	return &p
}
