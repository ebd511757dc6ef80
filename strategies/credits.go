package strategies

import (
	"slices"
	"time"

	"ratesim/sim/clock"
)

// credits is LangChain's InMemoryRateLimiter in front of a client library: a
// bucket of requests, empty at first, to which nothing is added before a whole
// request has accrued. What is beyond most is lost. A waiting call looks every so
// often, and whoever looks first when there is a request takes it: nobody has a
// turn. With a bucket of one request, all that accrues between a request's
// accrual and the next look is lost, at ten a second up to half of them. The
// library's own retries take nothing.
//
// The rules are those of langchain_core/rate_limiters.py. All calls look at the
// same interval, so a look is determined by its place in the interval: calls are
// kept in the order of that, and only the looks that find a request are made.
type credits struct {
	library
	perSecond, most float64 // requests
	every           time.Duration

	left    float64
	last    clock.Time // when requests were added last, or the first call came
	started bool

	waiting []looker   // by place; of one place, by arrival
	due     clock.Time // when the next look that finds a request is; Never if nobody waits
	alarm   clock.Time // the alarm asked for last
}

// looker is a waiting call. It looks when now modulo the interval is its place.
type looker struct {
	place clock.Time
	call  *Call
}

func (s *credits) Submit(now clock.Time, c *Call, out *Effects) {
	s.looks(now, out) // those that are due came before c
	if s.take(now) {
		s.library.Submit(now, c, out)
	} else {
		c.Since, c.Phase = now, Queued
		s.waiting = slices.Insert(s.waiting, s.after(s.place(now)), looker{s.place(now), c})
	}
	s.arm(now, out)
}

// looks makes the looks that are due.
func (s *credits) looks(now clock.Time, out *Effects) {
	for s.due <= now {
		i, at := s.next(s.due)
		c := s.waiting[i].call
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.take(at)
		c.Phase = 0
		s.library.Submit(now, c, out)
		_, s.due = s.next(at)
	}
}

// arm asks to be woken for the next look that finds a request.
func (s *credits) arm(now clock.Time, out *Effects) {
	if _, s.due = s.next(now); s.due != s.alarm && s.due != clock.Never {
		s.alarm = s.due
		out.Alarm(s.due)
	}
}

func (s *credits) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		s.library.Wake(now, c, out)
		return
	}
	s.looks(now, out)
	s.arm(now, out)
}

func (s *credits) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Phase == Queued {
		i := s.after(s.place(c.Since) - 1)
		for s.waiting[i].call != c {
			i++
		}
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.arm(now, out)
	}
	s.library.Cancel(now, c, out)
}

func (s *credits) place(at clock.Time) clock.Time { return at % clock.Time(s.every) }

// after returns the index of the first waiting call with a later place.
func (s *credits) after(place clock.Time) int {
	i, _ := slices.BinarySearchFunc(s.waiting, place+1, func(l looker, p clock.Time) int { return int(l.place - p) })
	return i
}

// take is one look at the bucket.
func (s *credits) take(now clock.Time) bool {
	if !s.started {
		s.started, s.last = true, now
	}
	if n := s.accrued(now); n >= 1 {
		s.left += n
		s.last = now
	}
	s.left = min(s.left, s.most)
	if s.left < 1 {
		return false
	}
	s.left--
	return true
}

func (s *credits) accrued(now clock.Time) float64 { return now.Sub(s.last).Seconds() * s.perSecond }

// next returns the index of the call that looks first when there is a request
// to be had, not before from, and when that is.
func (s *credits) next(from clock.Time) (i int, at clock.Time) {
	if len(s.waiting) == 0 {
		return 0, clock.Never
	}
	if s.left < 1 {
		from = max(from, s.last+clock.FromSeconds(1/s.perSecond))
		for s.accrued(from) < 1 {
			from++ // rounding
		}
	}
	p := s.place(from)
	i = s.after(p - 1)
	if i == len(s.waiting) {
		return 0, from - p + clock.Time(s.every) + s.waiting[0].place
	}
	return i, from - p + s.waiting[i].place
}
