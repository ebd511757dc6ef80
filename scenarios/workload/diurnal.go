package workload

import (
	"fmt"
	"math"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// diurnalTimes is the process "diurnal", a Poisson process whose rate follows
// the hours of the day:
//
//	rate(t) = mean * (1 + swing*cos(2π(t-peak_at)/period))
//
//	mean*(1+swing) |   ╭─╮           ╭─╮
//	mean           | ╱     ╲       ╱     ╲
//	mean*(1-swing) |         ╰───╯         ╰──
//	               └───────────────────────────── t
//	                  peak_at        + period
//
//	Λ(t) = mean * (t + swing*period/(2π) * (sin(2π(t-peak_at)/period) + sin(2π*peak_at/period)))
//
// It is sampled by thinning: candidates arrive at the peak rate and each is
// kept with probability rate(t)/peak, which is exact and keeps at least half
// of them (Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes
// by thinning", Naval Research Logistics 26, 1979).
type diurnalTimes struct {
	peak   float64 // calls/s
	swing  float64
	period float64 // seconds
	peakAt float64 // seconds
	draws  rng.Sequence
	t      float64 // seconds
}

func newDiurnal(a *Arrivals, draws rng.Sequence) (times, error) {
	if !(a.Swing >= 0 && a.Swing <= 1) {
		return nil, fmt.Errorf("swing must be 0 to 1, got %v", a.Swing)
	}
	if a.Period <= 0 {
		return nil, fmt.Errorf("period must be above 0, got %v", a.Period)
	}
	return &diurnalTimes{
		peak: a.Rate * (1 + a.Swing), swing: a.Swing,
		period: a.Period.Seconds(), peakAt: a.PeakAt.Seconds(), draws: draws,
	}, checkRate("rate", a.Rate)
}

func (p *diurnalTimes) next() clock.Time {
	for {
		p.t += p.draws.Exp() / p.peak
		phase := 2 * math.Pi * (p.t - p.peakAt) / p.period
		if p.draws.Float64()*(1+p.swing) < 1+p.swing*math.Cos(phase) {
			return clock.FromSeconds(p.t)
		}
	}
}
