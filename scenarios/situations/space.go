package situations

import (
	"math"
	"time"

	"ratesim/sim/rng"
)

// LastDesign is the last seed whose situations strategies may be designed on.
const LastDesign = 999

// Range names the range that a seed is of: design or judging.
func Range(seed uint64) string {
	if seed <= LastDesign {
		return "design"
	}
	return "judging"
}

// property names what is drawn. Values are part of what a seed means: append only.
type property uint64

const (
	vendorProperty property = iota
	rowProperty
	windowProperty
	whichWindow
	phaseProperty
	furtherProperty
	furtherSize
	loadProperty
	callsProperty
	durationProperty
	headProperty
	instancesProperty
	assignProperty
	processProperty
	burstProperty
	spikeShare
	thinkProperty
	workProperty
	declaresProperty
	estimateProperty
	errorProperty
	dueProperty
	deadlineProperty
	timeoutProperty
	faultProperty
	faultRate
	faultSize
	tenantsProperty
	floodProperty
	floodShare
	slowerProperty
	seedProperty
)

// draws are the draws of one situation.
type draws struct{ key rng.Key }

func (d draws) share(p property, i int) float64 {
	return d.key.Float64(rng.Situation, uint64(p), uint64(i))
}

// within draws from lo to hi, even on a logarithmic scale.
func (d draws) within(p property, lo, hi float64) float64 {
	return lo * math.Pow(hi/lo, d.share(p, 0))
}

// lasts draws a time, even on a logarithmic scale, in whole seconds.
func (d draws) lasts(p property, lo, hi time.Duration) time.Duration {
	return time.Duration(d.within(p, float64(lo), float64(hi))).Round(time.Second)
}

// chance reports true in a share of the situations.
func (d draws) chance(p property, share float64) bool { return d.share(p, 0) < share }

// pick draws one of list, all equally likely.
func pick[T any](d draws, p property, i int, list ...T) T {
	return list[int(d.share(p, i)*float64(len(list)))]
}

// work is a kind of work. Tokens are medians and 95th percentiles.
type work struct {
	name   string
	prompt string // as a scenario file writes it
	output string
	likely float64 // 95th percentile of the output
	most   int     // tokens of output at most
	cached string  // share of the prompt; empty = none
}

func works() []work {
	return []work{
		{"chat", "{dist: lognormal, p50: 600, p95: 3000, max: 12000}", "{dist: lognormal, p50: 150, p95: 500, max: 1000}", 500, 1000, ""},
		{"retrieval", "{dist: lognormal, p50: 4000, p95: 9000, max: 16000}", "{dist: lognormal, p50: 250, p95: 600, max: 1000}", 600, 1000, ""},
		// A context that grows with each step of a session is, over many sessions, as
		// often short as long.
		{"agents", "{dist: uniform, min: 2000, max: 30000}", "{dist: lognormal, p50: 200, p95: 900, max: 2000}", 900, 2000, "80%"},
		{"classification", "{dist: lognormal, p50: 300, p95: 900, max: 4000}", "{dist: uniform, min: 1, max: 10}", 10, 10, ""},
		{"long answers", "{dist: lognormal, p50: 400, p95: 1500, max: 6000}", "{dist: lognormal, p50: 1500, p95: 5000, max: 8000}", 5000, 8000, ""},
		{"embeddings", "{dist: lognormal, p50: 500, p95: 2000, max: 8000}", "1", 1, 1, ""},
	}
}
