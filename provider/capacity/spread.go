package capacity

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/sim/rng"
)

// Bursts are how much minutes within an interval may differ: the coefficient of
// variation (standard deviation ÷ mean) of tokens a minute. An hourly log does
// not tell; these are of the Azure LLM inference traces 2023, each about an hour
// of one service: conversation 0.292, code completion 1.026, and the geometric
// mean between.
func Bursts() (calm, likely, bursty float64) {
	const conversation, code = 0.292, 1.026
	return conversation, math.Sqrt(conversation * code), code
}

// spread deals an interval out to its minutes: independent gamma-distributed
// shares, scaled to sum to 1, so that nothing is added or lost. A minute at an
// end of the interval that is not whole gets its part.
func (m *Meter) spread(v *interval, key rng.Key, cv float64) {
	from := v.start.Sub(m.d.Start)
	until := from + v.width
	first, last := int(from/time.Minute), int((until-1)/time.Minute)
	draws := key.Sequence(rng.Arrivals)
	gamma := distuv.Gamma{Alpha: 1 / (cv * cv), Beta: 1, Src: &draws}
	uneven := cv > 1e-6 // below that nobody sees it, and cv² may round to 0
	shares := make([]float64, last-first+1)
	sum := 0.0
	for i := range shares {
		begin := time.Duration(first+i) * time.Minute
		whole := min(until, begin+time.Minute) - max(from, begin)
		shares[i] = whole.Minutes()
		if uneven {
			shares[i] *= gamma.Rand()
		}
		sum += shares[i]
	}
	for i, s := range shares {
		m.at(first + i).add(v.used.times(s / sum))
	}
}
