package presets

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// credits is LangChain's InMemoryRateLimiter in front of a client library: a bucket of
// requests, empty at first, to which nothing is added before a whole request has
// accrued. What the bucket has no room for is lost. A waiting call looks at a fixed
// interval. The first call that looks when there is a request takes it, whoever came
// first. A bucket of one request loses what accrues between the time when it is full and
// the next look: at ten requests a second, up to half of them. The retries of the
// library take nothing.
//
// The rules are those of langchain_core/rate_limiters.py. All calls look at the
// same interval, so a look is determined by its place in the interval, and only
// the looks that find a request are made.
type credits struct {
	sdk             library
	perSecond, most float64    // requests
	accrues         clock.Time // the time in which a whole request does

	left    float64
	last    clock.Time // when requests were added last, or the first call came
	started bool

	waiting places
	first   spot       // who makes the next look that finds a request
	due     clock.Time // and when; Never if nobody waits
	alarm   clock.Time // the alarm asked for last
}

func (s *credits) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.looks(now, out) // those that are due came before c
	if s.take(now) {
		s.sdk.Submit(now, c, out)
	} else {
		c.Since, c.Phase = now, strategies.Queued
		s.waiting.add(now, c)
	}
	s.foresee(now)
	s.arm(out)
}

// looks makes the looks that are due.
func (s *credits) looks(now clock.Time, out *strategies.Effects) {
	for s.due <= now {
		c, at := s.waiting.at(s.first).call, s.due
		s.waiting.remove(s.first)
		s.take(at)
		c.Phase = 0
		s.sdk.Submit(now, c, out)
		s.foresee(at)
	}
}

// arm asks to be woken for the next look that finds a request.
func (s *credits) arm(out *strategies.Effects) {
	if s.due != s.alarm && s.due != clock.Never {
		s.alarm = s.due
		out.Alarm(s.due)
	}
}

func (s *credits) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c != nil {
		s.sdk.Wake(now, c, out)
		return
	}
	s.looks(now, out)
	s.arm(out)
}

// Reply leaves the call to the client library.
func (s *credits) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	s.sdk.Reply(now, c, r, out)
}

func (s *credits) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c.Phase == strategies.Queued {
		s.waiting.remove(s.waiting.find(c.Since, c))
		s.foresee(now)
		s.arm(out)
	}
	s.sdk.Cancel(now, c, out)
}

// take is one look at the bucket.
func (s *credits) take(now clock.Time) bool {
	if !s.started {
		s.started, s.last = true, now
	}
	if n := accrued(now.Sub(s.last), s.perSecond); n >= 1 {
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

func accrued(d time.Duration, perSecond float64) float64 { return d.Seconds() * perSecond }

// accrual returns the time in which a whole request accrues.
func accrual(perSecond float64) clock.Time {
	t := clock.FromSeconds(1 / perSecond)
	for accrued(t.Sub(0), perSecond) < 1 {
		t++ // rounding
	}
	return t
}

// foresee works out which call looks first, not before from, when there is a
// request to be had.
func (s *credits) foresee(from clock.Time) {
	if s.left < 1 {
		from = max(from, s.last+s.accrues)
	}
	s.first, s.due = s.waiting.next(from)
}

// IgnoresQuotas implements [strategies.IgnoresQuotas].
func (s *credits) IgnoresQuotas() bool { return true }

var creditParams = []strategies.Param{
	{Name: "requests_per_second", Kind: strategies.NumberParam, Default: "1", Min: 0.001, Max: 1e6,
		About: "requests that accrue each second; the library's default"},
	{Name: "check_every", Kind: strategies.DurationParam, Default: "100ms", Min: 0.001, Max: strategies.Day,
		About: "how often a waiting call looks; the library's default"},
	{Name: "max_bucket_size", Kind: strategies.NumberParam, Default: "1", Min: 1, Max: strategies.MaxLimit,
		About: "most requests that accrue; the library's default"},
}

func buildCredits(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
	sdk := around("sdk:openai-python@3.3", v)
	return func(env strategies.Env) strategies.Strategy {
		return &credits{
			sdk:       sdk(env),
			perSecond: v.Number("requests_per_second"),
			most:      v.Number("max_bucket_size"),
			waiting:   newPlaces(clock.Time(v.Duration("check_every"))),
			accrues:   accrual(v.Number("requests_per_second")),
			due:       clock.Never,
		}
	}, nil
}
