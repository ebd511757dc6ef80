package workload

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"ratesim/sim/clock"
)

// RateShape is how a rate goes up and down:
//
//	rate(t) = rate * Levels[i] / mean(Levels),   i = floor(t/Step) modulo the number of levels
//
//	level 2 |   ┌──┐            ┌──┐
//	level 3 |   │  └──┐         │  └──┐
//	level 1 |───┘     └─────────┘     └──
//	        └────────────────────────────── t
//	            Step        one period
//
// It stretches and squeezes the time of a process: arrivals of the process with a steady
// rate, at times s, arrive at t with s = Λ(t), the integral of rate(t)/rate. For a Poisson
// process this is the exact process of that rate (Çinlar, "Introduction to Stochastic
// Processes", 1975, chapter 4). Of other processes, gaps are short where the rate is high
// and have the same coefficient of variation everywhere; the stays of mmpp are counted in
// s as well.
type RateShape struct {
	Step   time.Duration // how long each level lasts, at least MinState
	Levels []float64     // at least 0, and one of them above 0; nil = the rate is steady
}

// Check says what is wrong with a shape that has levels.
func (r *RateShape) Check() error {
	if r.Step < MinState {
		return fmt.Errorf("the step of a shape must be at least %v, got %v", MinState, r.Step)
	}
	sum := 0.0
	for _, l := range r.Levels {
		if !(l >= 0) || math.IsInf(l, 0) {
			return fmt.Errorf("the levels of a shape must be finite and at least 0, got %v", l)
		}
		sum += l
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return errors.New("the levels of a shape must have a finite sum above 0: no call would ever arrive")
	}
	return nil
}

// Warp turns the times of a process with a steady rate into those of a shape, and back.
type Warp struct {
	step   float64   // seconds
	levels []float64 // with mean 1
	ends   []float64 // Λ at the end of each level, in seconds
}

// NewWarp returns the Warp of a shape that has levels.
func NewWarp(r *RateShape) (*Warp, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	w := &Warp{step: r.Step.Seconds(), levels: make([]float64, len(r.Levels)), ends: make([]float64, len(r.Levels))}
	sum := 0.0
	for _, l := range r.Levels {
		sum += l
	}
	area := 0.0
	for i, l := range r.Levels {
		w.levels[i] = l / sum * float64(len(r.Levels))
		area += w.levels[i] * w.step
		w.ends[i] = area
	}
	return w, nil
}

// period is how long all levels last; Λ grows by as much in that time.
func (w *Warp) period() float64 { return w.ends[len(w.ends)-1] }

// Operational returns Λ(t), with t in seconds.
func (w *Warp) Operational(t float64) float64 {
	n := float64(len(w.levels))
	laps := math.Floor(t / (w.step * n))
	rest := max(0, t-laps*w.step*n)
	i := min(int(rest/w.step), len(w.levels)-1)
	return laps*w.period() + w.ends[i] - w.levels[i]*(float64(i+1)*w.step-rest)
}

// real returns the t with Λ(t) = s. Where the rate is 0 for a while, it is the end of that.
func (w *Warp) real(s float64) float64 {
	laps := math.Floor(s / w.period())
	rest := max(0, s-laps*w.period())
	i := sort.Search(len(w.ends), func(i int) bool { return w.ends[i] > rest })
	if i == len(w.ends) { // rounding
		return (laps + 1) * w.step * float64(len(w.levels))
	}
	return laps*w.step*float64(len(w.levels)) + float64(i+1)*w.step - (w.ends[i]-rest)/w.levels[i]
}

// shapedTimes are the times of a process whose rate has a shape.
type shapedTimes struct {
	times
	Warp
}

func (p *shapedTimes) next() clock.Time {
	s := p.times.next()
	if s == clock.Never {
		return s
	}
	return clock.FromSeconds(p.real(s.Seconds()))
}
