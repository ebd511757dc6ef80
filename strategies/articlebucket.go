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
// own retries take nothing, and nothing is given back or trued up. What a call
// costs and the output it declares are the scenario's; the printed code estimates
// 1000 tokens for every call and declares half of them.
//
// Most looks find nothing, and are made when something happens anyway. For
// nothing comes back to the bucket but its refill, so no look finds enough before
// there is enough for the smallest call, and none is the last before a call's
// patience is over.
type articleBucket struct {
	library
	bucket   *limit.Bucket
	patience time.Duration

	sleeping wheel      // Call.Held is a call's number in it
	costs    Queue      // the same calls by cost
	came     ring       // the same in the order in which they came, by the end of their patience
	alarm    clock.Time // the alarm asked for last
}

func (s *articleBucket) Submit(now clock.Time, c *Call, out *Effects) {
	s.looks(now, out) // those that are due came before c
	if at := s.bucket.Earliest(now, c.Cost()); at > now {
		until := now.Add(s.patience)
		c.Since, c.Held = now, s.sleeping.enter(sleeper{until: until, cost: c.Cost(), call: c})
		s.costs.add(c, c.Cost(), neverLeft)
		s.came.push(waiting{class: int64(until), entry: entry{c, c.ID}})
		s.sleeping.sleep(c.Held, min(at, now.Add(pollEvery)))
	} else {
		s.bucket.Take(now, c.Cost())
		s.library.Submit(now, c, out)
	}
	s.arm(now, out)
}

// looks makes the looks that are due.
func (s *articleBucket) looks(now clock.Time, out *Effects) {
	for {
		number, at := s.sleeping.first()
		if at > now {
			break
		}
		s.sleeping.wake(number)
		s.sleeping.now = at
		w := s.sleeping.at(number)
		if at >= w.until {
			out.Fail(s.leave(w.call), QueueTimeout)
		} else if enough := s.bucket.Earliest(at, w.cost); enough > at {
			s.sleeping.sleep(number, min(enough, at.Add(pollEvery)))
		} else {
			s.bucket.Take(at, w.cost)
			s.library.Submit(now, s.leave(w.call), out)
		}
	}
	s.sleeping.now = now
}

// leave takes c, which is awake, out of those that wait.
func (s *articleBucket) leave(c *Call) *Call {
	s.sleeping.leave(c.Held)
	s.costs.Remove(c)
	c.Held = 0
	return c
}

// arm asks to be woken when the next look may have a consequence.
func (s *articleBucket) arm(now clock.Time, out *Effects) {
	smallest := s.costs.head()
	if smallest == nil {
		return
	}
	at := s.bucket.Earliest(now, smallest.class)
	s.came.dropEnded()
	for i := range s.came.n {
		e := s.came.at(i)
		until := clock.Time(e.class)
		if until >= at {
			break
		}
		if e.ended() {
			continue
		}
		look := s.sleeping.at(e.call.Held).at
		if look < until { // the one after it is not before at, or pollEvery later
			look = max(until, look.Add(pollEvery))
		}
		at = min(at, look)
	}
	if at != s.alarm {
		s.alarm = at
		out.Alarm(at)
	}
}

func (s *articleBucket) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		s.library.Wake(now, c, out)
		return
	}
	s.looks(now, out)
	s.arm(now, out)
}

func (s *articleBucket) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Phase == Queued {
		s.sleeping.wake(c.Held)
		s.leave(c)
	}
	s.library.Cancel(now, c, out)
}

var articleBucketParams = []Param{
	{Name: "capacity", Kind: CountParam, Default: "100000", Min: 1, Max: maxLimit,
		About: "most tokens the bucket holds; the article's"},
	{Name: "refill", Kind: NumberParam, Default: "33333", Min: 1, Max: maxLimit / 60,
		About: "tokens per second; the article's, for two million a minute"},
	{Name: "wait_timeout", Kind: DurationParam, Default: "30s", Min: 0.001, Max: day,
		About: "longest wait for tokens; the article's"},
}

func buildArticleBucket(v values, _ Env) (Factory, []ParamError) {
	sdk := around(articleSDK, v)
	capacity, perMinute := int64(v.count("capacity")), int64(math.Round(60*v["refill"].number))
	return func(env Env) Strategy {
		return &articleBucket{
			library:  sdk(env),
			patience: v.duration("wait_timeout"),
			bucket:   limit.NewBucket(capacity, perMinute, time.Minute),
			costs:    Queue{Order: Priority},
		}
	}, nil
}
