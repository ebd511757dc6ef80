package strategies

import (
	"math"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// A vendor's books: a bucket of 60,000 tokens that refills in a minute, from which each call
// takes a share of its cost of 1,000, and what other clients take besides.
func TestChargeFollowsHeaders(t *testing.T) {
	for _, k := range []struct {
		name            string
		share, others   float64 // of the cost
		atLeast, atMost float64
	}{
		{"all is reserved", 1, 0, 1, 1},
		{"four fifths are in the cache", 0.2, 0, 0.2, 0.25},
		{"next to nothing is charged", 0.001, 0, leastShare, leastShare},
		{"others take as much as the rest", 0.2, 0.8, 1, 1},
		{"others take more", 0.2, 5, 1, 1},
	} {
		var g charge
		limit := gauge{limit: 60_000, period: float64(time.Minute), end: clock.Never}
		left, held := 60_000.0, uint32(0)
		for i := range 200 {
			now := clock.Time(i) * clock.Time(100*time.Millisecond)
			taken := 1000 * (k.share + k.others)
			left -= taken
			held += 1000
			c := Call{EstimatedPrompt: 1000, Since: now, Held: held}
			if i < leastCharges && g.of(&c) != 1000 {
				t.Errorf("%s: after %d headers a call is taken to cost %v, not all of 1,000", k.name, i, g.of(&c))
			}
			g.read(&limit, &c, &wire.Reply{Status: 200, Tokens: wire.Quota{Limit: 60_000, Remaining: int64(math.Round(left)), Reset: wire.Absent}})
			left += 100 // a tenth of a second's refill
			if left < 10_000 {
				left = 60_000 // the client paused; the next sample is below 0 and counts as 0
				g.limit = 0
			}
		}
		if got := g.of(&Call{EstimatedPrompt: 1000}) / 1000; got < k.atLeast-1e-9 || got > k.atMost+1e-9 {
			t.Errorf("%s: %.3f of the cost is taken to be charged, want %v to %v", k.name, got, k.atLeast, k.atMost)
		}
	}
}

// A refusal, although what is believed to be charged was left, says that it is more.
func TestChargeOfARefusedCall(t *testing.T) {
	var g charge
	for range 50 {
		g.add(0.1)
	}
	before := g.rate()
	g.add(1)
	if after := g.rate(); after < 2*before || after > 1 {
		t.Errorf("the share is %.3f before a refusal and %.3f after it", before, after)
	}
}

// A limit that changes, a reply without a header and a window that has ended tell nothing.
func TestChargeNeedsTwoHeadersOfOneLimit(t *testing.T) {
	bucket := gauge{limit: 60_000, period: float64(time.Minute), end: clock.Never}
	window := gauge{limit: 60_000, period: float64(time.Minute), end: 1, votes: -mostVotes}
	header := func(limit, remaining int64) *wire.Reply {
		return &wire.Reply{Status: 200, Tokens: wire.Quota{Limit: limit, Remaining: remaining, Reset: wire.Absent}}
	}
	refused := header(60_000, 0)
	refused.Status = wire.StatusTooManyRequests
	for name, k := range map[string]struct {
		gauge         *gauge
		first, second *wire.Reply
	}{
		"another limit":      {&bucket, header(60_000, 59_000), header(8_000, 7_000)},
		"a refusal first":    {&bucket, refused, header(60_000, 100)},
		"no header":          {&bucket, header(60_000, 59_000), &wire.Reply{Status: 200, Requests: wire.NoQuota, Tokens: wire.NoQuota}},
		"a window has ended": {&window, header(60_000, 100), header(60_000, 59_900)},
	} {
		var g charge
		g.read(k.gauge, &Call{Held: 1000, Since: 0}, k.first)
		g.read(k.gauge, &Call{Held: 2000, Since: 2}, k.second)
		if g.samples != 0 {
			t.Errorf("%s: %d samples", name, g.samples)
		}
	}
}
