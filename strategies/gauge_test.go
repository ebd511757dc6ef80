package strategies

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// TestGaugeFollowsABucket: an instance alone that sends when its gauge says so, to a server
// with a token bucket that tells the truth, rounded as on the wire, is never refused, and
// sends nothing later than the bucket would have allowed, but for what slack and rounding
// take.
func TestGaugeFollowsABucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := float64(rapid.IntRange(100, 100_000).Draw(t, "limit"))
		rate := limit / float64(time.Minute)
		left := limit
		now, asOf := clock.Time(0), clock.Time(0)
		refill := func(at clock.Time) {
			left, asOf = min(limit, left+rate*float64(at-asOf)), at
		}
		type flight struct {
			back, sent clock.Time
			q          wire.Quota
			total      float64
		}
		var flights []flight
		var g gauge
		total := 0.0
		for i := range rapid.IntRange(1, 60).Draw(t, "calls") {
			cost := math.Floor(limit * rapid.Float64Range(0, 0.5).Draw(t, "cost"))
			if g.limit > 0 { // before the first header nobody knows
				at := g.ready(now, cost)
				early := at - clock.Time(slack) - clock.Time(2/rate) - 1
				if refill(max(asOf, now)); at > now && left+rate*float64(early-now) >= cost && early > now {
					t.Fatalf("waits for %v until %v, though there are %v at %v", cost, at, left, now)
				}
				now = max(now, at)
			}
			if refill(now); left < cost && g.limit > 0 {
				t.Fatalf("sends %v when %v are left", cost, left)
			}
			left -= cost
			total += cost
			g.spend(now, cost)
			missing := limit - left
			takes := rapid.IntRange(0, 20).Draw(t, "takes")
			if i == 0 {
				takes = 0 // what is sent before the first header comes back, the gauge has no books of
			}
			flights = append(flights, flight{now.Add(time.Duration(takes) * time.Second), now,
				wire.Quota{Limit: int64(limit), Remaining: int64(max(0, left)), Reset: time.Duration(missing / rate).Round(time.Millisecond)}, total})
			now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "gap")) * time.Second)
			newest := clock.Time(-1)
			for i := 0; i < len(flights); i++ {
				f := flights[i]
				if f.back > now {
					continue
				}
				if f.sent >= newest && f.sent >= g.told {
					newest = f.sent
					g.read(now, f.sent, f.q, total-f.total)
				}
				flights = append(flights[:i], flights[i+1:]...)
				i--
			}
		}
	})
}

// TestGaugeKinds: how a limit comes back, as its headers tell. There are 60 requests a minute.
// One is left at the last header, and is spent; the test asks when two more are there.
func TestGaugeKinds(t *testing.T) {
	header := func(remaining int64, reset time.Duration) wire.Quota {
		return wire.Quota{Limit: 60, Remaining: remaining, Reset: reset}
	}
	type told struct {
		at time.Duration
		q  wire.Quota
	}
	for name, c := range map[string]struct {
		headers []told
		refused time.Duration // the wait that a refusal at the last header tells; 0 = there was none
		want    time.Duration // when two are there
	}{
		// The end of a fixed window stays at 50 s.
		"fixed window": {[]told{{0, header(30, 50*time.Second)}, {10 * time.Second, header(1, 40*time.Second)}}, 0, 50 * time.Second},
		// Windows of ten seconds: a new one, with an end of its own, says nothing of a bucket.
		"short windows": {[]told{{0, header(20, 10*time.Second)}, {14 * time.Second, header(20, 10*time.Second)},
			{28 * time.Second, header(20, 10*time.Second)}, {29 * time.Second, header(1, 9*time.Second)}}, 0, 38 * time.Second},
		// What is further away than a minute is no end of a window of a minute. One comes
		// back a second.
		"sliding counter": {[]told{{0, header(30, 100*time.Second)}, {10 * time.Second, header(1, 90*time.Second)}}, 0, 12 * time.Second},
		// The reply to a refused attempt asks for 3 s, so the limit is not whole only at 50 s.
		"refusal tells sooner": {[]told{{0, header(30, 50*time.Second)}, {10 * time.Second, header(1, 40*time.Second)}}, 3 * time.Second, 12 * time.Second},
	} {
		var g gauge
		var now clock.Time
		for _, h := range c.headers {
			now = clock.Time(h.at)
			g.read(now, now, h.q, 0)
		}
		g.comesBackIn(c.refused, c.headers[len(c.headers)-1].q)
		g.spend(now, 1)
		if got := time.Duration(g.ready(now, 2)); got < c.want || got > c.want+2*slack {
			t.Errorf("%s: ready at %v, want %v", name, got, c.want)
		}
	}
}
