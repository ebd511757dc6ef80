package fit

import (
	"fmt"
	"math"
	"time"

	"ratesim/scenarios/workload"
)

// A shape is how the rate of a log goes up and down.
type shape struct {
	name       string
	parameters int
	workload.RateShape
	warp   *workload.Warp
	levels []float64 // with mean 1
}

const (
	day = 24 * time.Hour
	// maxLevels bounds the windows of a shape, and leastWindow is how many requests they
	// have on average.
	maxLevels   = 400
	leastWindow = 10
)

// newShape makes a shape of the requests in each level, and of how many seconds of the log
// each level has.
func newShape(name string, step time.Duration, counts, seconds []float64) *shape {
	s := &shape{name: name, parameters: len(counts) - 1, RateShape: workload.RateShape{Step: step}}
	sum := 0.0
	for i, n := range counts {
		rate := 0.0
		if seconds[i] > 0 {
			rate = n / seconds[i]
		}
		s.Levels = append(s.Levels, rate)
		sum += rate
	}
	for i := range s.Levels {
		s.Levels[i] /= sum / float64(len(counts))
	}
	s.levels = s.Levels
	w, err := workload.NewWarp(&s.RateShape)
	if err != nil {
		return nil // nothing arrives
	}
	s.warp = w
	return s
}

// level is the level at a time, in seconds.
func (s *shape) level(t float64) float64 {
	return max(s.levels[int(t/s.Step.Seconds())%len(s.levels)], 1e-12)
}

func (s *shape) text() string {
	return fmt.Sprintf("{step: %s, levels: %s}", stepText(s.Step), listText(s.Levels))
}

// dayShape is the rate of each hour of a day, which begins with the log; nil where the log
// is shorter than a day.
func (s *Sample) dayShape() *shape {
	if s.Span() < day {
		return nil
	}
	return s.levelShape("day", time.Hour, 24)
}

// windowShape is the rate in each window of the log, with windows as long as makes the AIC
// of gamma gaps least: shorter ones would take chance for changes of the rate, and a model
// with these has the chance once more. Nil where no length gives two windows or more with
// enough requests.
func (s *Sample) windowShape() *shape {
	var best *shape
	least := math.Inf(1)
	for _, step := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
		5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day} {
		windows := int(math.Ceil(s.Span().Seconds()/step.Seconds() + 1e-9))
		if windows < 2 {
			break
		}
		if windows > maxLevels || len(s.times) < leastWindow*windows {
			continue
		}
		w := s.levelShape("rates of "+stepText(step), step, windows)
		if w == nil {
			continue
		}
		if aic := *newClocked(s, w).gamma().AIC; aic < least {
			best, least = w, aic
		}
	}
	return best
}

// levelShape counts the requests of each level.
func (s *Sample) levelShape(name string, step time.Duration, levels int) *shape {
	counts, seconds := make([]float64, levels), make([]float64, levels)
	width := step.Seconds()
	for _, t := range s.times {
		counts[int(t/width)%levels]++
	}
	end := s.times[len(s.times)-1]
	for i := 0; float64(i)*width < end; i++ {
		seconds[i%levels] += min(width, end-float64(i)*width)
	}
	// The last window may be of a moment only, and hold the last request.
	if last := int(end/width) % levels; seconds[last] < width/4 && levels > 1 && end < width*float64(levels) {
		seconds[last] = width / 4
	}
	return newShape(name, step, counts, seconds)
}
