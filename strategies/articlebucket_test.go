package strategies_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// sleeper is a call of article:bucket as it is written.
type sleeper struct {
	cost         int64
	next         clock.Time // when it looks
	order        int        // of falling asleep
	until        clock.Time // when its patience is over
	end          clock.Time // when it is given up
	sent, failed clock.Time // -1 until it is
}

const lookEvery = 500 * time.Millisecond

// bucketLoop is article:bucket with every look made, one call at a time.
type bucketLoop struct {
	bucket *limit.Bucket
	calls  []*sleeper
	slept  int
}

// run makes the looks until a time.
func (l *bucketLoop) run(until clock.Time) {
	for {
		var first *sleeper
		for _, s := range l.calls {
			if s.sent < 0 && s.failed < 0 && s.next < s.end &&
				(first == nil || s.next < first.next || s.next == first.next && s.order < first.order) {
				first = s
			}
		}
		if first == nil || first.next > until {
			return
		}
		if first.next >= first.until {
			first.failed = first.next
		} else {
			l.look(first, first.next)
		}
	}
}

func (l *bucketLoop) look(s *sleeper, now clock.Time) {
	if at := l.bucket.Earliest(now, s.cost); at > now {
		l.slept++
		s.next, s.order = min(at, now.Add(lookEvery)), l.slept
		return
	}
	l.bucket.Take(now, s.cost)
	s.sent = now
}

// driven is article:bucket itself, with what became of its calls.
type driven struct {
	*strategytest.Driver
	calls        []*strategies.Call
	sent, failed []clock.Time // -1 until it is
}

func (d *driven) submit(c strategies.Call) {
	d.sent, d.failed = append(d.sent, -1), append(d.failed, -1)
	d.calls = append(d.calls, d.Submit(c))
	d.note()
}

func (d *driven) step() bool {
	more := d.Step()
	d.note()
	return more
}

// note notes what happened, and answers what was sent.
func (d *driven) note() {
	for len(d.InFlight()) > 0 {
		a := d.InFlight()[0]
		d.sent[a.Call.ID-1] = d.Now()
		d.Reply(a, wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
	}
	for i, c := range d.calls {
		if ended := c.ID != uint64(i+1); ended && d.sent[i] < 0 && d.failed[i] < 0 {
			d.failed[i] = d.Now()
		}
	}
}

// TestBucketAgainstEveryLook: that nobody is woken for looks that find nothing
// changes nothing: neither who finds tokens nor when, nor when patience is over.
// Of looks at one instant, the first to have fallen asleep has the first.
func TestBucketAgainstEveryLook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		refill := rapid.SampledFrom([]int64{1, 7, 100, 1000, 33333}).Draw(t, "refill")
		capacity := max(1, rapid.SampledFrom([]int64{1, 10, 60, 1000}).Draw(t, "capacity")*refill/10)
		patience := rapid.SampledFrom([]time.Duration{20 * time.Millisecond, 1700 * time.Millisecond, 4 * time.Second, 30 * time.Second}).Draw(t, "patience")
		e, _ := strategies.Find("article:bucket")
		env := strategytest.Env()
		f, errs := e.Build(strategies.Args{"capacity": fmt.Sprint(capacity), "refill": fmt.Sprint(refill), "wait_timeout": patience.String()}, env)
		if errs != nil {
			t.Fatal(errs)
		}
		d := driven{Driver: strategytest.NewDriver(f(env), env.Deployments)}
		loop := bucketLoop{bucket: limit.NewBucket(capacity, 60*refill, time.Minute)}
		sizes := rapid.SampledFrom([]int64{1, 5, 1000}).Draw(t, "sizes")
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			at := d.Now().Add(rapid.SampledFrom([]time.Duration{0, 0, 1, 500 * time.Millisecond, 3 * time.Millisecond, 7 * time.Second, 123_456_789}).Draw(t, "gap"))
			for d.Next() <= at && d.step() {
			}
			d.AdvanceTo(at)
			cost := capacity * rapid.Int64Range(0, sizes).Draw(t, "cost") / sizes * rapid.SampledFrom([]int64{1, 1, 1, 1, 2}).Draw(t, "times")
			s := &sleeper{cost: cost, until: at.Add(patience), end: clock.Never, sent: -1, failed: -1}
			if rapid.IntRange(0, 3).Draw(t, "given up") == 0 {
				s.end = at.Add(time.Duration(rapid.Int64Range(1, 9e9).Draw(t, "after")))
			}
			loop.run(at)
			loop.calls = append(loop.calls, s)
			loop.look(s, at)
			d.submit(strategies.Call{Prompt: uint32(cost), Deadline: s.end})
		}
		for d.step() {
		}
		loop.run(clock.Never)
		for i, s := range loop.calls {
			if s.sent < 0 && s.failed < 0 {
				s.failed = s.end
			}
			if d.sent[i] != s.sent || d.failed[i] != s.failed {
				t.Errorf("call %d of %d tokens was sent at %v, failed at %v; want %v and %v", i, s.cost, d.sent[i], d.failed[i], s.sent, s.failed)
			}
		}
		if len(d.Violations) > 0 {
			t.Error(d.Violations)
		}
	})
}
