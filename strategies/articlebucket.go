package strategies

import (
	"math"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// articleBucket is the strategy article:bucket: each call waits until a token
// bucket holds its cost, and then a client library makes it. Waiting calls sleep
// until there should be enough, but 500 ms at most, and look again; whoever looks
// when there is enough takes it, so that large calls can starve. One that needs
// more than the bucket ever holds looks until its patience is over. The library's
// own retries take nothing, and nothing is given back or trued up. All calls are
// estimated alike, as in the printed code, unless the estimate is 0: then a call costs
// what it asks for. The printed code also has every call declare half of the estimate as
// its output; here the scenario says what calls declare.
//
// Looks are made one by one only where a call needs more than 500 ms refill.
// Others always sleep until there should be enough: sooner for a smaller call, and
// later for all once somebody takes. So the smallest is the next to find enough, as
// soon as there is; every other look finds nothing and is left out. At one instant
// the smallest goes first, and of equals the first to come.
//
// The printed code sees that a call's patience is over when the call looks, up to
// 500 ms late. A call whose looks are left out fails in time.
type articleBucket struct {
	library
	bucket   *limit.Bucket
	estimate int64 // tokens taken for every call; 0 = those it asks for
	refills  int64 // tokens in pollEvery
	polling        // calls that need more than refills
	came     ring  // the others, and those that need more than the bucket ever holds
	small    Queue // of came, those that need less than large; by cost
	large    int64
	starving int // waiting calls of came that are not in small

	opens, expires clock.Time // no small call finds enough, or is out of patience, before
}

func (s *articleBucket) Submit(now clock.Time, c *Call, out *Effects) {
	c.Since = now
	if s.alarm <= now {
		s.looks(now, out) // those that are due came before c
	}
	s.arm(s.look(now, c, out), out)
}

func (s *articleBucket) cost(c *Call) int64 {
	if s.estimate > 0 {
		return s.estimate
	}
	return c.Cost()
}

// look lets c take its tokens if there are enough, else it returns when there is
// something to do for c again.
func (s *articleBucket) look(now clock.Time, c *Call, out *Effects) clock.Time {
	at := s.bucket.Earliest(now, s.cost(c))
	switch {
	case at <= now:
		s.take(now, c, out)
		return clock.Never
	case s.polled(c):
		return s.sleep(now, c, at)
	}
	s.came.push(entry{c, c.ID})
	c.Phase = Queued
	if cost := s.cost(c); cost < s.large {
		s.small.pushAs(c, cost)
	} else {
		s.starving++
	}
	s.opens = min(s.opens, at)
	s.expires = min(s.expires, now.Add(s.patience))
	return min(s.opens, s.expires)
}

func (s *articleBucket) take(now clock.Time, c *Call, out *Effects) {
	s.bucket.Take(now, s.cost(c))
	s.library.Submit(now, c, out)
}

// polled reports whether c has looks that are made though they find nothing.
func (s *articleBucket) polled(c *Call) bool {
	return s.cost(c) > s.refills && s.bucket.Fits(s.cost(c))
}

// looks makes the looks that are due and returns when the next is, or may be.
func (s *articleBucket) looks(now clock.Time, out *Effects) clock.Time {
	for s.expires <= now {
		s.expire(now, out)
	}
	for {
		if s.opens <= now {
			s.open(now, out)
		} else if c := s.due(now, out); c != nil {
			s.look(now, c, out)
		} else {
			return min(s.opens, s.expires, s.waiting.next())
		}
	}
}

// open lets the smallest call take its tokens if there are enough.
func (s *articleBucket) open(now clock.Time, out *Effects) {
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

// widen moves the smallest of the starving calls to small, and those that need
// little more. As long as calls starve, large only grows: they stay out of the heap
// and out of the way of those that are served.
func (s *articleBucket) widen() {
	if s.starving == 0 {
		s.large = 0
		return
	}
	least := int64(math.MaxInt64)
	for i := range s.came.n {
		if e := s.came.at(i); !e.ended() {
			least = min(least, s.cost(e.call))
		}
	}
	s.large = least + least/32 + 1
	for i := range s.came.n {
		if e := s.came.at(i); !e.ended() && s.cost(e.call) < s.large {
			s.small.pushAs(e.call, s.cost(e.call))
			s.starving--
		}
	}
}

// forget takes out c, which waits in came and is about to be ended.
func (s *articleBucket) forget(c *Call) {
	if s.cost(c) < s.large {
		s.small.Remove(c)
		return
	}
	c.Phase = 0
	s.starving--
}

// expire fails the first of came to come if it is out of patience.
func (s *articleBucket) expire(now clock.Time, out *Effects) {
	s.came.dropEnded()
	if s.came.n == 0 {
		s.expires = clock.Never
		return
	}
	c := s.came.at(0).call
	if s.expires = c.Since.Add(s.patience); s.expires <= now {
		s.forget(c)
		out.Fail(c, QueueTimeout)
	}
}

func (s *articleBucket) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		s.library.Wake(now, c, out)
		return
	}
	s.alarm = clock.Never
	s.arm(s.looks(now, out), out)
}

func (s *articleBucket) Cancel(now clock.Time, c *Call, out *Effects) {
	switch {
	case c.Phase != Queued:
	case s.polled(c):
		s.waiting.Remove(c)
	default:
		s.forget(c)
	}
	s.library.Cancel(now, c, out)
}

var articleBucketParams = []Param{
	{Name: "capacity", Kind: CountParam, Default: "100000", Min: 1, Max: maxLimit,
		About: "most tokens that the bucket holds; the article's value"},
	{Name: "refill", Kind: NumberParam, Default: "33333", Min: 1, Max: maxLimit / 60,
		About: "tokens per second; the article's value, for two million a minute"},
	{Name: "estimated_tokens", Kind: CountParam, Default: "1000", Max: maxLimit,
		About: "tokens taken for every call, whatever its size; the article's value. 0 takes the call's own prompt and declared output"},
	{Name: "wait_timeout", Kind: DurationParam, Default: "30s", Min: 0.001, Max: day,
		About: "longest wait for tokens; the article's value"},
}

func buildArticleBucket(v values, _ Env) (Factory, []ParamError) {
	sdk := around(articleSDK, v)
	capacity, perMinute := int64(v.count("capacity")), int64(math.Round(60*v["refill"].number))
	return func(env Env) Strategy {
		return &articleBucket{
			library:  sdk(env),
			estimate: int64(v.count("estimated_tokens")),
			bucket:   limit.NewBucket(capacity, perMinute, time.Minute),
			refills:  perMinute / int64(time.Minute/pollEvery),
			polling:  newPolling(v.duration("wait_timeout")),
			small:    Queue{Order: Priority},
			opens:    clock.Never,
			expires:  clock.Never,
		}
	}, nil
}
