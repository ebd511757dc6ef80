package demand

import (
	"time"

	"ratesim/sim/clock"
)

// bins is how many steps there are at most.
const bins = 600

// steps are series over the time in which calls arrive, in steps of equal width:
// a second, or as many doublings of it as it takes.
type steps struct {
	width clock.Time
	n     int

	asked, allowed [bins]float64 // work that came, and that the limit gave
	// Of the time in which the work that came was too much: how long that was, in
	// ns, what came and was given in it, and what could not be served in time.
	over, overAsked, overAllowed, missed [bins]float64
}

func newSteps(duration time.Duration) *steps {
	s := &steps{width: clock.Second}
	for clock.Time(duration) > bins*s.width {
		s.width *= 2
	}
	s.n = int((clock.Time(duration) + s.width - 1) / s.width)
	return s
}

func (s *steps) demand(at clock.Time, work float64) {
	s.asked[min(s.n-1, int(at/s.width))] += work
}

// give takes down that the limit gave rate a ns from one time to another.
func (s *steps) give(from, to clock.Time, rate float64) { s.spread(&s.allowed, from, to, rate) }

// spread adds rate a ns to a series from one time to another.
func (s *steps) spread(series *[bins]float64, from, to clock.Time, rate float64) {
	for i := int(from / s.width); i < s.n && from < to; i++ {
		next := min(to, clock.Time(i+1)*s.width)
		series[i] += rate * float64(next-from)
		from = next
	}
}

// miss takes down a stretch in which work came that could not be served in time, at
// the end of which the limit gives rate a ns. One shorter than a step lasts a step.
func (s *steps) miss(r *rise, work, rate float64) {
	if work <= 0 {
		return
	}
	from, to := r.first.at, r.last.at
	given := r.last.given - r.first.given
	if to-from < s.width {
		given += rate * float64(s.width-(to-from))
		from -= from % s.width
		to = from + s.width
	}
	each := 1 / float64(to-from)
	s.spread(&s.over, from, to, 1)
	s.spread(&s.overAsked, from, to, (r.last.work-r.first.work)*each)
	s.spread(&s.overAllowed, from, to, given*each)
	s.spread(&s.missed, from, to, work*each)
}

// merge adds the series of another replication.
func (s *steps) merge(o *steps) {
	add := func(a, b *[bins]float64) {
		for i := range a {
			a[i] += b[i]
		}
	}
	add(&s.asked, &o.asked)
	add(&s.allowed, &o.allowed)
	add(&s.over, &o.over)
	add(&s.overAsked, &o.overAsked)
	add(&s.overAllowed, &o.overAllowed)
	add(&s.missed, &o.missed)
}
