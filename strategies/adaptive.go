package strategies

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"slices"
)

// adaptivePacer knows no limit and reads no header but retry-after. It bounds the
// attempts in flight, and moves the bound by additive increase, multiplicative
// decrease (Chiu and Jain 1989), as TCP moves its window and gateways for language models
// do.
//
// Until the first refusal every success adds one, which doubles the bound each round
// trip. From then on, as many successes as the bound add increase. A refusal leaves
// the share decrease of the bound. A refusal of an attempt that was sent before the last
// decrease changes nothing, because it has the same cause. A bound that is less than half
// used does not grow, because it says nothing about what there is room for; that is the
// rule of Netflix's concurrency-limits.
type adaptivePacer struct {
	workers WorkerPool
	bound   congestion
}

func newAdaptivePacer(v Values) *adaptivePacer {
	floor := v.Number("floor")
	a := &adaptivePacer{bound: congestion{increase: v.Number("increase"), decrease: v.Number("decrease"), floor: floor, bound: max(floor, slowStart), cut: -1}}
	a.workers.Most = a.bound.attempts()
	return a
}

func (a *adaptivePacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
	a.bound.learn(now, c, r, a.workers.busy+1) // c has left its worker
	a.workers.Most = a.bound.attempts()
}

func (a *adaptivePacer) Opens(now clock.Time, _ *Call) clock.Time { return now }
func (a *adaptivePacer) Fits(clock.Time, *Call) bool              { return true }
func (a *adaptivePacer) Sent(clock.Time, *Call)                   {}
func (a *adaptivePacer) Release(clock.Time, *Call)                {}
func (a *adaptivePacer) Workers() *WorkerPool                     { return &a.workers }

// congestion is a bound on the attempts in flight, moved as TCP moves its
// congestion window.
type congestion struct {
	increase float64 // attempts, from 0 on
	decrease float64 // share that is left, 0 to 1
	floor    float64 // attempts, 1 or more

	bound float64    // attempts in flight, before it is rounded down
	cut   clock.Time // when it was last lowered; -1 if never
}

// learn moves the bound by r, the answer to the attempt of c that was sent at
// c.Since, one of flying.
func (a *congestion) learn(now clock.Time, c *Call, r *wire.Reply, flying int) {
	refused := r.Retryable() && (r.Status == wire.StatusTooManyRequests || r.Limit == wire.Capacity)
	switch {
	case refused && c.Since >= a.cut:
		a.bound, a.cut = max(a.floor, a.bound*a.decrease), now
	case r.OK() && 2*float64(flying) < a.bound:
	case r.OK() && a.cut < 0:
		a.bound++
	case r.OK():
		a.bound += a.increase / float64(a.attempts())
	}
	a.bound = min(a.bound, maxBound)
}

// attempts is the bound as a whole number.
func (a *congestion) attempts() int {
	const rounding = 1e-9 // 17 seventeenths are a whole one
	return int(a.bound + rounding)
}

// maxBound keeps the bound a number that can be counted to.
const maxBound = 1e6

var adaptiveParams = []Param{
	{Name: "increase", Kind: NumberParam, Default: "1", Max: 1000,
		About: "attempts in flight that each round of successes adds; 1 as in TCP and in llm-d's batch gateway"},
	{Name: "decrease", Kind: ShareParam, Default: "50%", Max: 1,
		About: "share of the attempts in flight that remains after a 429; half as in TCP and llm-d (NVIDIA's DataDesigner keeps 75%)"},
	{Name: "floor", Kind: CountParam, Default: "1", Min: 1, Max: 1e6,
		About: "attempts in flight that are always allowed; without any, it would never try again"},
}

// AdaptiveBuilder makes the strategy that bounds the attempts in flight by AIMD.
func AdaptiveBuilder() Builder {
	return Builder{Params: slices.Concat(adaptiveParams, retryParams()), Make: pacedBy(byRefusals)}
}
