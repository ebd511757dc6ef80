package presets

import (
	"iter"
	"math"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/strategies"
)

// articleBucket is the strategy article:bucket: each call waits until a token bucket
// holds its cost, and then a client library makes it.
//
// A waiting call sleeps until there should be enough tokens, but for 500 ms at most, and
// looks again. The first call that looks when there is enough takes it, so large calls
// can starve. A call that needs more than the bucket can hold is not refused: it looks again
// and again until its patience is over. The retries of the library take no tokens, and
// nothing is given back or corrected by what a call used. All calls are estimated alike,
// as in the printed code, unless the estimate is 0: then a call costs what it asks for. (In
// the printed code each call also declares half of the estimate as its output. Here the
// scenario says what calls declare.)
//
// Only some looks are simulated one by one: those of calls whose cost takes more than
// 500 ms to refill. All other calls sleep until there should be enough. That time comes sooner
// for a smaller call, and later for all calls each time that one takes tokens. So the
// smallest call is the next one that finds enough, as soon as there is enough for it. The
// other looks find nothing and are left out. At one instant the smallest call goes
// first, and among equals the first to come.
//
// The printed code notices that a call's patience is over when the call looks, which is up
// to 500 ms late. Here a call whose looks are left out fails in time.
type articleBucket struct {
	sdk      library
	bucket   *limit.Bucket
	estimate int64 // tokens taken for every call; 0 = those it asks for
	refills  int64 // tokens in strategies.PollEvery
	patience time.Duration
	polls    strategies.Polling // calls that need more than refills
	came     arrivals           // all other calls, also those that need more than the bucket can hold
	small    strategies.Queue   // of came, those that need less than large; by cost
	large    int64
	starving int // waiting calls of came that are not in small

	opens, expires clock.Time // no small call finds enough, or is out of patience, before
}

func (s *articleBucket) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	c.Since = now
	if s.polls.Alarm() <= now {
		s.looks(now, out) // those that are due came before c
	}
	s.polls.Arm(s.look(now, c, out), out)
}

func (s *articleBucket) cost(c *strategies.Call) int64 {
	if s.estimate > 0 {
		return s.estimate
	}
	return c.Cost()
}

// look lets c take its tokens if there are enough, else it returns when there is
// something to do for c again.
func (s *articleBucket) look(now clock.Time, c *strategies.Call, out *strategies.Effects) clock.Time {
	at := s.bucket.Earliest(now, s.cost(c))
	switch {
	case at <= now:
		s.take(now, c, out)
		return clock.Never
	case s.polled(c):
		return s.polls.Sleep(now, c, at)
	}
	s.came.push(c)
	c.Phase = strategies.Queued
	if cost := s.cost(c); cost < s.large {
		s.small.PushAs(c, cost)
	} else {
		s.starving++
	}
	s.opens = min(s.opens, at)
	s.expires = min(s.expires, now.Add(s.patience))
	return min(s.opens, s.expires)
}

func (s *articleBucket) take(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.bucket.Take(now, s.cost(c))
	s.sdk.Submit(now, c, out)
}

// polled reports whether the looks of c are simulated one by one.
func (s *articleBucket) polled(c *strategies.Call) bool {
	return s.cost(c) > s.refills && s.bucket.Fits(s.cost(c))
}

// looks makes the looks that are due and returns when the next is, or may be.
func (s *articleBucket) looks(now clock.Time, out *strategies.Effects) clock.Time {
	for s.expires <= now {
		s.expire(now, out)
	}
	for {
		if s.opens <= now {
			s.open(now, out)
		} else if c := s.polls.Due(now, out); c != nil {
			s.look(now, c, out)
		} else {
			return min(s.opens, s.expires, s.polls.Next())
		}
	}
}

// open lets the smallest call take its tokens if there are enough.
func (s *articleBucket) open(now clock.Time, out *strategies.Effects) {
	if s.small.Len() == 0 {
		s.widen()
	}
	c := s.small.Peek()
	if c == nil {
		s.opens = clock.Never
		return
	}
	if s.opens = s.bucket.Earliest(now, s.cost(c)); s.opens <= now {
		s.small.Pop()
		s.take(now, c, out)
	}
}

// widen moves the smallest of the starving calls to small, with those that need little
// more. As long as calls starve, large only grows. So starving calls stay out of the heap, and
// do not slow down the calls that are served.
func (s *articleBucket) widen() {
	if s.starving == 0 {
		s.large = 0
		return
	}
	least := int64(math.MaxInt64)
	for c := range s.came.waiting() {
		least = min(least, s.cost(c))
	}
	s.large = least + least/32 + 1
	for c := range s.came.waiting() {
		if s.cost(c) < s.large {
			s.small.PushAs(c, s.cost(c))
			s.starving--
		}
	}
}

// forget takes out c, which waits in came and is about to be ended.
func (s *articleBucket) forget(c *strategies.Call) {
	if s.cost(c) < s.large {
		s.small.Remove(c)
		return
	}
	c.Phase = 0
	s.starving--
}

// expire fails the first of came to come if it is out of patience.
func (s *articleBucket) expire(now clock.Time, out *strategies.Effects) {
	c := s.came.first()
	if c == nil {
		s.expires = clock.Never
		return
	}
	if s.expires = c.Since.Add(s.patience); s.expires <= now {
		s.forget(c)
		out.Fail(c, strategies.QueueTimeout)
	}
}

// Reply leaves the call to the client library.
func (s *articleBucket) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	s.sdk.Reply(now, c, r, out)
}

func (s *articleBucket) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c != nil {
		s.sdk.Wake(now, c, out)
		return
	}
	s.polls.Rang()
	s.polls.Arm(s.looks(now, out), out)
}

func (s *articleBucket) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	switch {
	case c.Phase != strategies.Queued:
	case s.polled(c):
		s.polls.Remove(c)
	default:
		s.forget(c)
	}
	s.sdk.Cancel(now, c, out)
}

// IgnoresQuotas implements [strategies.IgnoresQuotas].
func (s *articleBucket) IgnoresQuotas() bool { return true }

// arrivals holds calls in the order in which they came. One that waits no more is passed
// over: its Phase shows that, or its ID if the driver has reused its memory.
type arrivals struct {
	list []arrival
	gone int // of list, those before this one wait no more
}

type arrival struct {
	call *strategies.Call
	id   uint64
}

func (a arrival) ended() bool { return a.call.ID != a.id || a.call.Phase != strategies.Queued }

func (a *arrivals) push(c *strategies.Call) {
	if len(a.list) == cap(a.list) {
		a.list, a.gone = slices.DeleteFunc(a.list, arrival.ended), 0
		if 2*len(a.list) >= cap(a.list) {
			a.list = slices.Grow(a.list, len(a.list)+1)
		}
	}
	a.list = append(a.list, arrival{c, c.ID})
}

// first returns the first that still waits; nil if none does.
func (a *arrivals) first() *strategies.Call {
	for ; a.gone < len(a.list); a.gone++ {
		if e := a.list[a.gone]; !e.ended() {
			return e.call
		}
	}
	a.list, a.gone = a.list[:0], 0
	return nil
}

// waiting yields those that still wait.
func (a *arrivals) waiting() iter.Seq[*strategies.Call] {
	return func(yield func(*strategies.Call) bool) {
		for _, e := range a.list[a.gone:] {
			if !e.ended() && !yield(e.call) {
				return
			}
		}
	}
}

var articleBucketParams = []strategies.Param{
	{Name: "capacity", Kind: strategies.CountParam, Default: "100000", Min: 1, Max: strategies.MaxLimit,
		About: "most tokens that the bucket holds; the article's value"},
	{Name: "refill", Kind: strategies.NumberParam, Default: "33333", Min: 1, Max: strategies.MaxLimit / 60,
		About: "tokens per second; the article's value, for two million a minute"},
	{Name: "estimated_tokens", Kind: strategies.CountParam, Default: "1000", Max: strategies.MaxLimit,
		About: "tokens taken for every call, whatever its size; the article's value. 0 takes the call's own prompt and declared output"},
	{Name: "wait_timeout", Kind: strategies.DurationParam, Default: "30s", Min: 0.001, Max: strategies.Day,
		About: "longest wait for tokens; the article's value"},
}

func buildArticleBucket(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
	sdk := around(articleSDK, v)
	capacity, perMinute := int64(v.Count("capacity")), int64(math.Round(60*v.Number("refill")))
	return func(env strategies.Env) strategies.Strategy {
		return &articleBucket{
			sdk:      sdk(env),
			estimate: int64(v.Count("estimated_tokens")),
			bucket:   limit.NewBucket(capacity, perMinute, time.Minute),
			refills:  perMinute / int64(time.Minute/strategies.PollEvery),
			patience: v.Duration("wait_timeout"),
			polls:    strategies.NewPolling(v.Duration("wait_timeout")),
			small:    strategies.Queue{Order: strategies.Priority},
			opens:    clock.Never,
			expires:  clock.Never,
		}
	}, nil
}
