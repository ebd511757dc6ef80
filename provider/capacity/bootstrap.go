package capacity

import (
	"math"
	"slices"

	"ratesim/sim/rng"
)

// resamples is how many times the days are drawn anew: the ends of a 95 %
// interval then rest on 25 each.
const resamples = 1000

// mostSizes bounds how many sizes a resample looks at; beyond it every second,
// third and so on.
const mostSizes = 400

const dayMinutes = 24 * 60

// Certainty is how far a recommendation depends on which days were logged.
type Certainty struct {
	Lo, Hi int // 95 % interval of the cheapest number of PTUs with spillover, 0 for none
	// Pays is the share of resamples in which PTUs are cheaper than none.
	Pays float64
	Days int // whole days that were drawn from; below 2 there is no interval
}

// bootstrap draws days with replacement, in blocks of consecutive ones, and
// decides anew: the circular block bootstrap of Politis and Romano (1992). From
// two weeks on, a block is a week, so that each resample has its weekends. The
// choice is between none and all sizes with spillover of the same commitment if
// cost alone decides, else between none and the chosen size.
func (e *Evaluation) bootstrap(chosen *Option, byCost bool, key rng.Key) Certainty {
	days := len(e.x) / dayMinutes
	if days < 2 {
		return Certainty{Days: days}
	}
	block := 1
	if days >= 14 {
		block = 7
	}
	unit := e.offer.price(e.offer.Longest()) // of pay-as-you-go, what would have been bought instead
	sizes, spills := e.candidates(), true
	if chosen.PTUs > 0 {
		unit = e.fixed(chosen) / float64(chosen.PTUs)
		if spills = chosen.Spills; !spills || !byCost {
			sizes = []int{0, chosen.PTUs}
		}
	}
	costs := make([][]float64, days) // of each day's overflow, by size
	for d := range costs {
		from, to := d*dayMinutes, (d+1)*dayMinutes
		o := NewOverflow(e.x[from:to], e.cost[from:to])
		costs[d] = make([]float64, len(sizes))
		for i, units := range sizes {
			if costs[d][i] = float64(units) * unit / minutesPerMonth; units == 0 || spills {
				costs[d][i] += chosen.Online * o.Cost(float64(units)*e.offer.PerUnit/chosen.Online)
			}
		}
	}
	draws := key.Sequence(rng.Arrivals)
	best := make([]int, resamples)
	total := make([]float64, len(sizes))
	pays := 0
	for r := range best {
		clear(total)
		for drawn := 0; drawn < days; drawn += block {
			first := int(draws.Float64() * float64(days))
			for d := range min(block, days-drawn) {
				for i, v := range costs[(first+d)%days] {
					total[i] += v
				}
			}
		}
		least := 0
		for i, v := range total {
			if v < total[least]*(1-1e-12) {
				least = i
			}
		}
		best[r] = sizes[least]
		if least > 0 {
			pays++
		}
	}
	slices.Sort(best)
	return Certainty{Lo: best[resamples*25/1000], Hi: best[resamples*975/1000-1], Pays: float64(pays) / resamples, Days: days}
}

// candidates are none, and the sizes up to the busiest minute.
func (e *Evaluation) candidates() []int {
	s := e.offer.Sizes
	most := s.AtLeast(slices.Max(e.x) / e.offer.PerUnit)
	every := int(math.Ceil(float64(most-s.Minimum) / float64(s.Step) / mostSizes))
	out := []int{0}
	for units := s.Minimum; units <= most; units += s.Step * max(1, every) {
		out = append(out, units)
	}
	return out
}
