package presets_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// printedBucket is the article's bucket as printed, for all that wait at it. It
// counts in tokens ÷ a minute of ns, so that nothing is rounded.
type printedBucket struct {
	capacity, perMinute int64
	patience            time.Duration
	left                int64
	refilled            clock.Time
	looks               int
	calls               []*consumer
}

// consumer is a call in the printed loop.
type consumer struct {
	cost         int64
	came         clock.Time
	until, end   clock.Time // when its patience is over, and when it is given up
	next         clock.Time // when it looks
	slept        int        // the look after which it fell asleep
	sent, failed clock.Time // -1 until it is
}

// small reports whether c never sleeps 500 ms: it needs at most what is refilled
// meanwhile. Time is what an oversize call waits for, not tokens.
func (b *printedBucket) small(c *consumer) bool { return c.cost*60 <= b.perMinute/2 }

func (b *printedBucket) oversize(c *consumer) bool { return c.cost > b.capacity }

// before is the order of looks. At one instant the code leaves it to chance.
func (b *printedBucket) before(c, d *consumer) bool {
	switch {
	case c.next != d.next:
		return c.next < d.next
	case b.small(c) != b.small(d):
		return b.small(c)
	case b.small(c) && c.cost != d.cost:
		return c.cost < d.cost
	case b.small(c):
		return false // as they came
	}
	return c.slept < d.slept
}

// run makes the looks until a time.
func (b *printedBucket) run(until clock.Time) {
	for {
		var first *consumer
		for _, c := range b.calls {
			if c.sent < 0 && c.failed < 0 && c.next < c.end && (first == nil || b.before(c, first)) {
				first = c
			}
		}
		if first == nil || first.next > until {
			return
		}
		b.look(first)
	}
}

// look is one turn of the loop.
func (b *printedBucket) look(c *consumer) {
	b.looks++
	now := c.next
	if now >= c.until {
		c.failed = now
		return
	}
	b.left = min(b.capacity*int64(time.Minute), b.left+b.perMinute*int64(now-b.refilled))
	b.refilled = now
	missing := c.cost*int64(time.Minute) - b.left
	if missing <= 0 {
		b.left -= c.cost * int64(time.Minute)
		c.sent = now
		return
	}
	c.next = now.Add(min(time.Duration((missing+b.perMinute-1)/b.perMinute), 500*time.Millisecond))
	c.slept = b.looks
}

// ends is a strategy under way, and when its calls were sent first and failed.
type ends struct {
	*strategytest.Driver
	calls        []*strategies.Call
	sent, failed []clock.Time // -1 until it is
}

func (d *ends) submit(c strategies.Call) {
	d.sent, d.failed = append(d.sent, -1), append(d.failed, -1)
	d.calls = append(d.calls, d.Submit(c))
	d.note()
}

// advance fires what is due by a time.
func (d *ends) advance(to clock.Time) {
	for d.Next() <= to && d.Step() {
		d.note()
	}
}

// note notes what happened, and answers what was sent.
func (d *ends) note() {
	for len(d.InFlight()) > 0 {
		a := d.InFlight()[0]
		d.sent[a.Call.ID-1] = d.Now()
		d.Reply(a, wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
	}
	for i, c := range d.calls {
		if over := c.ID != uint64(i+1); over && d.sent[i] < 0 && d.failed[i] < 0 {
			d.failed[i] = d.Now()
		}
	}
}

// size is small for calls whose looks are left out unless they are oversize.
func (b *printedBucket) size(c *consumer) string {
	switch {
	case b.oversize(c):
		return "oversize"
	case b.small(c):
		return "small"
	}
	return "large"
}

// TestArticleBucketAsPrinted: leaving looks out changes nothing of who finds tokens,
// nor when. Calls whose looks are left out fail when their patience is over, up to
// 500 ms before the printed code sees it; the others when it does.
func TestArticleBucketAsPrinted(t *testing.T) {
	const lookEvery = 500 * time.Millisecond
	happened := map[string]int{}
	property := func(t *rapid.T) {
		refill := rapid.SampledFrom([]int64{1, 7, 100, 1001, 33_333}).Draw(t, "refill")
		capacity := max(1, rapid.SampledFrom([]int64{2, 6, 17, 60, 1000}).Draw(t, "capacity")*refill/10)
		patience := rapid.SampledFrom([]time.Duration{20 * time.Millisecond, 1700 * time.Millisecond, 4 * time.Second, 30 * time.Second}).Draw(t, "patience")
		env := strategytest.Env()
		f := build(t, "article:bucket", strategies.Args{"capacity": fmt.Sprint(capacity), "refill": fmt.Sprint(refill), "wait_timeout": patience.String(), "estimated_tokens": "0"}, env.Deployments)
		d := ends{Driver: strategytest.NewDriver(f(env), env.Deployments)}
		b := printedBucket{capacity: capacity, perMinute: 60 * refill, patience: patience, left: capacity * int64(time.Minute)}
		gaps := rapid.SampledFrom([]time.Duration{0, 0, 1, 3 * time.Millisecond, 40 * time.Millisecond, 123_456_789, lookEvery, 7 * time.Second})
		for range rapid.IntRange(1, 80).Draw(t, "calls") {
			at := d.Now().Add(gaps.Draw(t, "gap"))
			d.advance(at)
			d.AdvanceTo(at)
			// Half of them are within what 500 ms refill, some on the border.
			cost := rapid.SampledFrom([]int64{0, refill / 50, refill / 10, refill / 10, refill / 3, refill / 2, refill/2 + 1, refill, capacity / 2, capacity, capacity + 1}).Draw(t, "cost")
			c := &consumer{cost: cost, came: at, next: at, until: at.Add(patience), end: clock.Never, sent: -1, failed: -1}
			if rapid.IntRange(0, 3).Draw(t, "given up") == 0 {
				c.end = at.Add(time.Duration(rapid.Int64Range(1, 9e9).Draw(t, "after")))
			}
			b.run(at)
			b.calls = append(b.calls, c)
			b.look(c)
			d.submit(strategies.Call{EstimatedPrompt: uint32(cost), Deadline: c.end})
		}
		d.advance(clock.Never - 1)
		b.run(clock.Never - 1)
		for i, c := range b.calls {
			size := b.size(c)
			if c.failed >= 0 && size != "large" {
				if late := c.failed.Sub(c.until); late < 0 || late >= lookEvery {
					t.Fatalf("the printed code sees %v late that the patience of call %d is over", late, i)
				}
				c.failed = c.until
			}
			if c.sent < 0 && c.failed < 0 {
				c.failed = c.end
				if size != "large" {
					c.failed = min(c.end, c.until)
				}
			}
			if d.sent[i] != c.sent || d.failed[i] != c.failed {
				t.Errorf("call %d of %d tokens was sent at %v, failed at %v; want %v and %v", i, c.cost, d.sent[i], d.failed[i], c.sent, c.failed)
			}
			switch {
			case c.failed == c.until:
				happened[size+" out of patience"]++
			case c.failed >= 0:
				happened[size+" given up"]++
			case c.sent > c.came:
				happened[size+" sent"]++
			}
		}
	}
	// Small calls seldom run out of patience: a hundred cases may have none that does.
	const all = 8 // three ends of small calls and of large, two of oversize
	for tries := 0; tries < 10 && len(happened) < all; tries++ {
		rapid.Check(t, property)
	}
	if len(happened) < all && !testing.Short() {
		t.Errorf("not all happened: %v", happened)
	}
}

// A call that comes when the alarm of an earlier one is due, but has not gone off,
// looks after that one: of 100 tokens a second b has its 50 at 500 ms, and not c.
func TestArticleBucketSubmitBeforeAlarm(t *testing.T) {
	env := strategytest.Env()
	s := build(t, "article:bucket", strategies.Args{"capacity": "1000", "refill": "100", "estimated_tokens": "0"}, env.Deployments)(env)
	var out strategies.Effects
	calls := []*strategies.Call{{ID: 1, EstimatedPrompt: 1000}, {ID: 2, EstimatedPrompt: 50}, {ID: 3, EstimatedPrompt: 50}}
	for i, at := range []clock.Time{0, 0, clock.Second / 2} {
		s.Submit(at, calls[i], &out)
	}
	sent := []*strategies.Call{}
	for i := range out.List {
		if e := &out.List[i]; e.Kind == strategies.SendKind {
			sent = append(sent, e.Call)
		}
	}
	if !slices.Equal(sent, calls[:2]) {
		t.Errorf("%d calls were sent, want the first two", len(sent))
	}
}
