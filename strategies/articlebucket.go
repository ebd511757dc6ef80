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
type articleBucket struct {
	library
	polling
	bucket *limit.Bucket
}

func (s *articleBucket) Submit(now clock.Time, c *Call, out *Effects) {
	c.Since = now
	s.looks(now, out) // those that are due came before c
	s.look(now, c, out)
	s.arm(out)
}

// look lets c take its tokens if there are enough.
func (s *articleBucket) look(now clock.Time, c *Call, out *Effects) {
	if at := s.bucket.Earliest(now, c.Cost()); at > now {
		s.sleep(now, c, at)
		return
	}
	s.bucket.Take(now, c.Cost())
	s.library.Submit(now, c, out)
}

// looks lets every call look that is due.
func (s *articleBucket) looks(now clock.Time, out *Effects) {
	for c := s.due(now, out); c != nil; c = s.due(now, out) {
		s.look(now, c, out)
	}
}

func (s *articleBucket) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		s.library.Wake(now, c, out)
		return
	}
	s.looks(now, out)
	s.arm(out)
}

func (s *articleBucket) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Phase == Queued {
		s.waiting.Remove(c)
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
			library: sdk(env),
			polling: newPolling(v.duration("wait_timeout")),
			bucket:  limit.NewBucket(capacity, perMinute, time.Minute),
		}
	}, nil
}
