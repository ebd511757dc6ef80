package provider

import (
	"math"

	"ratesim/provider/wire"
)

// weights are the factors of a deployment's accounting, worked out once.
type weights struct {
	cached         float64 // what a cached prompt token counts in a settlement
	reservedCached float64 // and in a reservation
	written        float64 // what a prompt token that is put into the cache counts beyond 1
	output         float64 // what an output token counts in a settlement
	reservedOutput float64 // and in a reservation
}

func (c *Config) weights() weights {
	w := weights{cached: 1 - c.Charge.CacheDiscount, reservedCached: 1 - c.Charge.CacheDiscount, output: 1, reservedOutput: 1}
	if c.Charge.ReserveCached {
		w.reservedCached = 1
	}
	if c.Charge.CacheWrite > 0 {
		w.written = c.Charge.CacheWrite - 1
	}
	if c.Charge.Burndown > 0 {
		w.output = c.Charge.Burndown
	}
	if c.PTU.Units > 0 {
		w.output, w.reservedOutput = c.PTU.OutputRatio, c.PTU.OutputRatio
	}
	return w
}

func weighted(tokens uint32, weight float64) int64 {
	if weight == 1 {
		return int64(tokens)
	}
	return int64(math.Round(float64(tokens) * weight))
}

// prompt returns what a prompt of tokens counts, of which cached are cached.
func prompt(tokens, cached uint32, weight float64) int64 {
	if cached == 0 {
		return int64(tokens)
	}
	return discounted(tokens, min(cached, tokens), weight)
}

func discounted(tokens, cached uint32, weight float64) int64 {
	return int64(tokens-cached) + weighted(cached, weight)
}

// writes returns what the tokens that a puts into the cache count beyond other ones.
func (m *Model) writes(a *wire.Attempt) int64 {
	if m.weights.written == 0 {
		return 0
	}
	return int64(math.Round(float64(m.written(a)) * m.weights.written))
}

// reserved returns what a is charged at admission, in memory that the next
// call writes over.
func (m *Model) reserved(a *wire.Attempt) *Costs {
	w, charge := &m.weights, &m.cfg.Charge
	input := prompt(a.Guess, a.Cached, w.reservedCached) + m.writes(a)
	bound := a.MaxTokens
	if bound == 0 {
		bound = charge.Undeclared
	}
	tokens := weighted(bound, w.reservedOutput)
	switch charge.Reserve {
	case ReserveMaxTokens:
		tokens += input
	case ReserveEstimate:
		tokens = input
	case ReserveActual:
		tokens = prompt(a.Prompt, a.Cached, w.cached) + m.writes(a) + weighted(a.Output, w.output)
	case ReserveLarger:
		tokens = max(input, tokens)
	}
	own := &m.own // of which Requests and Output stay as they are
	own[Tokens], own[Input] = tokens, input
	return own
}

// actual returns what a turns out to have cost, in memory that the next call
// writes over.
func (m *Model) actual(a *wire.Attempt) *Costs {
	own := &m.spent // of which Requests stays as it is
	own[Tokens], own[Input], own[Output] = 0, 0, 0
	if !a.Failed || !m.cfg.Charge.FailedFree {
		own[Input], own[Output] = prompt(a.Prompt, a.Cached, m.weights.cached)+m.writes(a), int64(a.Output)
		own[Tokens] = own[Input] + weighted(a.Output, m.weights.output)
	}
	return own
}

// Reservation returns what an attempt is charged at admission against the
// limit on tokens that binds first.
func (m *Model) Reservation(a *wire.Attempt) int64 { return m.reserved(a)[m.counts] }

// Costs is what an attempt costs in each Unit.
type Costs [numUnits]int64

// Charges returns what an attempt that is admitted is charged then, and what that
// comes to when it is over. Output is not reserved.
func (m *Model) Charges(a *wire.Attempt) (admitted, over Costs) {
	admitted, over = *m.reserved(a), *m.actual(a)
	if !m.trues(a) {
		over[Tokens], over[Input] = admitted[Tokens], admitted[Input]
	}
	return admitted, over
}

// Settles returns what an attempt that Arrive has admitted is charged, as Tally counts it:
// at its admission, and in all when its work is over.
func (m *Model) Settles(a *wire.Attempt) (admitted, over int64) {
	switch {
	case m.main < 0:
		return 0, 0
	case !m.trues(a):
		return a.Reserved, a.Reserved
	}
	return a.Reserved, m.actual(a)[m.counts]
}

// Most returns the most tokens an attempt that is admitted will be charged at
// any time, by any limit: its reservation, or what it is settled to if that is
// more.
func (m *Model) Most(a *wire.Attempt) int64 {
	c := m.actual(a)
	r := m.reserved(a)
	most := r[m.counts]
	if m.mixed { // a limit on input may count more than main
		most = max(most, r[Input], c[Input])
	}
	if m.settles() {
		most = max(most, c[m.counts])
	}
	if m.produces {
		most = max(most, c[Output])
	}
	return most
}

// growthOf returns how much an admitted attempt may still be charged beyond
// its reservation.
func (m *Model) growthOf(a *wire.Attempt) int64 {
	growth := int64(0)
	if m.main >= 0 && m.settles() {
		growth = max(0, m.actual(a)[m.counts]-a.Reserved)
	}
	if m.mixed && m.settles() {
		growth = max(growth, m.actual(a)[Input]-m.reserved(a)[Input])
	}
	if m.produces {
		growth = max(growth, int64(a.Output))
	}
	return growth
}

func (m *Model) settles() bool { return m.cfg.Charge.Settle || m.cfg.PTU.Units > 0 }

// trues reports whether the charge of a is corrected to what a came to.
func (m *Model) trues(a *wire.Attempt) bool {
	return m.settles() || a.Failed && m.cfg.Charge.FailedFree
}
