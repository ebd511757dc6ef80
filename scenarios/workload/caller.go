package workload

import (
	"cmp"
	"math"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// sequenceBits is the width of a call's number within its stream; the
// stream's position is in the bits above.
const sequenceBits = 48

// caller makes the calls of one stream: everything about an Arrival but when.
type caller struct {
	stream *Stream
	key    rng.Key
	base   uint64 // the stream's part of a call ID
	tenant uint16
	// tenants are those of Stream.Tenants, the stream's first.
	tenants []uint16
}

// call fills a with the call numbered n of the stream, its sizes drawn.
func (c *caller) call(a *Arrival, n uint64, at clock.Time) {
	id := c.base | n
	s := c.stream
	var prompt, output float64
	if len(s.Lengths) > 0 {
		row := s.Lengths[int(c.key.Float64(rng.Lengths, id, 0)*float64(len(s.Lengths)))]
		prompt, output = float64(row.Prompt), float64(row.Output)
	} else {
		prompt = s.Prompt.Draw(c.key, rng.Prompt, id, 0)
		if s.RankCorrelation == 0 {
			output = s.Output.Draw(c.key, rng.Output, id, 0)
		} else {
			output = s.Output.Quantile(c.together(id))
		}
	}
	c.sized(a, n, at, tokens(prompt), tokens(output))
}

// together returns the share of outputs below that of the call id, given that of its
// prompt: a Gaussian copula. Normal variables whose correlation is 2 sin(π ρ/6) have rank
// correlation ρ (Pearson 1907; Kruskal, "Ordinal measures of association", JASA 53, 1958).
func (c *caller) together(id uint64) float64 {
	r := 2 * math.Sin(math.Pi*c.stream.RankCorrelation/6)
	x, y := normal(c.key.Float64(rng.Prompt, id, 0)), normal(c.key.Float64(rng.Output, id, 0))
	z := r*x + math.Sqrt(max(0, 1-r*r))*y
	return min(math.Erfc(-z/math.Sqrt2)/2, 1-0x1p-53)
}

// normal returns the quantile of the normal distribution; that of 0 is taken for that of
// half the smallest draw.
func normal(u float64) float64 { return math.Sqrt2 * math.Erfinv(2*max(u, 0x1p-54)-1) }

// sized fills a with the call numbered n of the stream, of a given size >= 1.
func (c *caller) sized(a *Arrival, n uint64, at clock.Time, prompt, output uint32) {
	id := c.base | n
	s := c.stream
	a.ID, a.At, a.Deadline = id, at, clock.Never
	a.Prompt, a.Output, a.MaxTokens = prompt, output, s.MaxTokens
	a.Tenant, a.Priority, a.Prefix = c.tenant, s.Priority, 0
	a.Streamed = s.Streaming.streamed(c.key, id)
	if s.Deadline > 0 {
		a.Deadline = at.Add(s.Deadline)
	}
	if s.MaxTokens > 0 {
		a.Output = min(output, s.MaxTokens)
	}
	a.Estimate = c.believed(s.Estimate, id, prompt)
	a.Guess = c.believed(s.Guess, id, prompt)
}

// charsSigma is the standard deviation of ln(characters/4 ÷ tokens) between
// English texts. Measured with the o200k_base vocabulary on 182 Markdown and
// plain-text documents, 6,000 characters of each: sigma 0.11 to 0.12, median
// 1.02, taken as 1. Source code and JSON scatter more (0.18 to 0.26) and come
// out up to 20 % low; model them with WithError.
const charsSigma = 0.12

// believed returns what e makes of a prompt. A client and a provider that both
// count characters count the same ones, so a call has one draw for both.
func (c *caller) believed(e Estimate, id uint64, prompt uint32) uint32 {
	sigma := e.Error
	switch e.Belief {
	case Fixed:
		return max(e.Fixed, 1)
	case Chars:
		sigma = math.Hypot(charsSigma, e.Error)
	case Exact:
		return prompt
	}
	z := math.Sqrt2 * math.Erfinv(2*c.key.Float64(rng.Estimate, id, 0)-1)
	return tokens(float64(prompt) * cmp.Or(e.Bias, 1) * math.Exp(sigma*z))
}

// tokens rounds x to a count of tokens, at least 1: no vendor accepts an empty
// prompt, and a success produces at least its end-of-text token.
func tokens(x float64) uint32 {
	switch {
	case !(x >= 1):
		return 1
	case x >= math.MaxUint32:
		return math.MaxUint32
	}
	return uint32(math.Round(x))
}
