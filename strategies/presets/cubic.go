package presets

import (
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// cubic is botocore in adaptive mode: its retries of standard mode, and a
// limiter of the rate at which attempts, first ones and retries, are sent. The
// limiter is off until the first refusal. Then each refusal lowers the rate and
// each other reply raises it, along the curve of TCP CUBIC (RFC 8312). It counts
// requests; tokens it does not know.
//
// Which of the threads that wait goes first is the operating system's affair;
// here the first to come does.
//
// The rules and constants are those of botocore/retries/adaptive.py,
// throttling.py and bucket.py (1.43).
type cubic struct {
	sdk     library
	waiting strategies.Queue
	alarm   clock.Time // the alarm asked for last

	enabled  bool
	measured meanRate
	top      float64    // the rate, per second, before it was lowered last: w_max
	lowered  clock.Time // when
	climb    float64    // seconds after which it is at top again: K

	rate, left float64 // of the bucket, per second, and what it holds
	filled     clock.Time
}

const (
	cubicScale = 0.4
	cubicBeta  = 0.7 // what a refusal leaves of the rate
	mostAhead  = 2   // the rate is at most this many times the measured one
	leastRate  = 0.5 // per second
	firstRate  = 1
)

func (s *cubic) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	c.Since = now
	s.send(now, c, out)
}

func (s *cubic) send(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if !s.enabled {
		out.Send(c, 0)
		return
	}
	s.waiting.Push(c)
	if s.waiting.Leads(c) {
		s.release(now, out)
	}
}

func (s *cubic) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	s.adjust(now, r.Status == wire.StatusTooManyRequests)
	wait, why, again := s.sdk.next(now, c, r)
	switch {
	case r.OK():
		out.Done(c)
	case again:
		out.Wake(c, now.Add(wait))
	default:
		out.Fail(c, why)
	}
	s.release(now, out)
}

func (s *cubic) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c != nil {
		s.send(now, c, out)
		return
	}
	s.release(now, out)
}

func (s *cubic) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c.Phase == strategies.Queued {
		s.waiting.Remove(c)
	}
	out.Fail(c, strategies.Deadline)
	s.release(now, out)
}

// release sends what the bucket has room for and asks to be woken for the next.
func (s *cubic) release(now clock.Time, out *strategies.Effects) {
	for c := s.waiting.Peek(); c != nil; c = s.waiting.Peek() {
		s.fill(now)
		if s.left < 1 {
			at := now + 1 + clock.FromSeconds((1-s.left)/s.rate)
			if at != s.alarm {
				s.alarm = at
				out.Alarm(at)
			}
			return
		}
		s.left--
		s.waiting.Pop()
		out.Send(c, 0)
	}
}

// adjust sets the rate after a reply.
func (s *cubic) adjust(now clock.Time, refused bool) {
	measured := s.measured.count(now)
	var rate float64
	if refused {
		s.top = measured
		if s.enabled {
			s.top = min(measured, s.rate)
		}
		s.enabled, s.lowered = true, now
		s.climb = math.Cbrt(s.top * (1 - cubicBeta) / cubicScale)
		rate = cubicBeta * s.top
	} else {
		d := now.Sub(s.lowered).Seconds() - s.climb
		rate = cubicScale*d*d*d + s.top
	}
	s.fill(now)
	s.rate = max(leastRate, min(rate, mostAhead*measured))
	s.left = min(s.left, max(1, s.rate))
}

func (s *cubic) fill(now clock.Time) {
	if now == s.filled {
		return
	}
	s.left = min(max(1, s.rate), s.left+s.rate*now.Sub(s.filled).Seconds())
	s.filled = now
}

// meanRate measures the rate of replies: that of each half second which has one
// counts for 0.8 and what was measured before for 0.2.
type meanRate struct {
	rate  float64 // per second
	n     float64 // replies since the half second at which rate was taken
	slice clock.Time
}

func (m *meanRate) count(now clock.Time) float64 {
	const width, newest = clock.Time(time.Second / 2), 0.8
	m.n++
	if slice := now - now%width; slice > m.slice {
		m.rate = newest*m.n/(slice-m.slice).Seconds() + (1-newest)*m.rate
		m.n, m.slice = 0, slice
	}
	return m.rate
}

// IgnoresQuotas implements [strategies.IgnoresQuotas].
func (s *cubic) IgnoresQuotas() bool { return true }

func buildCubic(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
	sdk := around("sdk:botocore@1.43", v)
	return func(env strategies.Env) strategies.Strategy { return &cubic{sdk: sdk(env), rate: firstRate} }, nil
}
