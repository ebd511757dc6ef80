package fit

import (
	"fmt"
	"math"
	"time"
)

// processes are the candidates with the rate of a shape; nil = with a steady rate.
func (s *Sample) processes(shape *shape) []process {
	c := newClocked(s, shape)
	out := []process{c.poisson(), c.gamma(), c.weibull()}
	if m := c.mmpp(); m != nil {
		out = append(out, *m)
	}
	return out
}

// plainProcesses are the candidates whose numbers do not grow with the log.
func (s *Sample) plainProcesses() []process {
	if s.plain == nil {
		s.plain = s.processes(nil)
		if d := s.dayShape(); d != nil {
			s.plain = append(s.plain, s.processes(d)...)
			s.plain = append(s.plain, s.diurnal())
		}
	}
	return s.plain
}

// windowProcesses are those with a rate for each window of the log.
func (s *Sample) windowProcesses() []process {
	if s.window == nil {
		if w := s.windowShape(); w != nil {
			s.window, s.windows = s.processes(w), w.Step*time.Duration(len(w.Levels))
		}
	}
	return s.window
}

// cosine is a Poisson process whose rate follows a cosine with a period of a day.
type cosine struct{ rate, swing, peak float64 } // per second, share, seconds

// area is the integral of the rate up to t.
func (c *cosine) area(t float64) float64 {
	w := 2 * math.Pi / day.Seconds()
	return c.rate * (t + c.swing/w*(math.Sin(w*(t-c.peak))+math.Sin(w*c.peak)))
}

func (c *cosine) at(t float64) float64 {
	return c.rate * (1 + c.swing*math.Cos(2*math.Pi/day.Seconds()*(t-c.peak)))
}

// diurnal is the process "diurnal" of greatest likelihood. The search counts requests in
// windows of ten minutes, in which such a rate is steady.
func (s *Sample) diurnal() process {
	const width = 600.0
	end := s.times[len(s.times)-1]
	counts := make([]float64, int(end/width)+1)
	for _, t := range s.times {
		counts[int(t/width)]++
	}
	of := func(x []float64) cosine {
		c := cosine{rate: 1, swing: 1 / (1 + math.Exp(-x[0])), peak: x[1] * day.Seconds()}
		c.rate = float64(len(s.times)) / c.area(end)
		return c
	}
	x, _ := greatest(func(x []float64) float64 {
		c := of(x)
		sum := 0.0
		for i, n := range counts {
			sum += n * math.Log(max(c.at((float64(i)+0.5)*width), 1e-12))
		}
		return sum
	}, []float64{0, busiestHour(counts, width)}, 300)
	c := of(x)
	shares, likelihood, least := make([]float64, len(s.times)-1), 0.0, s.leastGap()
	for i := range shares {
		if s.times[i+1]-s.times[i] <= least {
			likelihood += math.Log(least) // as of mmpp
		}
		step := c.area(s.times[i+1]) - c.area(s.times[i])
		shares[i] = -math.Expm1(-step)
		likelihood += math.Log(max(c.at(s.times[i+1]), 1e-12)) - step
	}
	peak := math.Mod(math.Mod(c.peak, day.Seconds())+day.Seconds(), day.Seconds())
	text := fmt.Sprintf("{process: diurnal, rate: %s, swing: %s, period: 24h, peak_at: %s}", rateText(c.rate), number(min(c.swing, 1)), durationText(math.Round(peak)))
	return process{newCandidate("diurnal", text, 3, likelihood, uniformDistance(shares), float64(len(shares))), "cosine"}
}

// busiestHour is when the rate is highest, as a share of the day.
func busiestHour(counts []float64, width float64) float64 {
	sine, cos := 0.0, 0.0
	for i, n := range counts {
		phase := 2 * math.Pi * (float64(i) + 0.5) * width / day.Seconds()
		sine += n * math.Sin(phase)
		cos += n * math.Cos(phase)
	}
	return math.Atan2(sine, cos) / (2 * math.Pi)
}
