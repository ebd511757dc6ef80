package strategies

import "math"

// An ewma is an exponentially weighted moving average of a value, and of its deviation
// from that, as RFC 6298 has them for round trips. Its zero value has seen nothing; the
// gains are the weights of the newest value.
type ewma struct {
	mean, deviation     float64
	gain, gainDeviation float64
}

func (e *ewma) add(x float64) {
	if e.mean == 0 {
		e.mean, e.deviation = x, x/2
		return
	}
	e.deviation += e.gainDeviation * (math.Abs(x-e.mean) - e.deviation)
	e.mean += e.gain * (x - e.mean)
}
