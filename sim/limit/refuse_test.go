package limit

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"ratesim/sim/clock"
)

// resend sends requests one after another, with gaps from next, until a time,
// and returns how many pass. Refused ones count if counted is set.
func resend(l limiter, until clock.Time, counted bool, next func() clock.Time) (passed int64) {
	for now := clock.Time(0); now < until; now += next() {
		switch {
		case l.Earliest(now, 1) == now:
			l.Take(now, 1)
			passed++
		case counted:
			l.Refuse(now)
		}
	}
	return passed
}

// A client that sends ten times a second what it may send once a second, for
// ten minutes, whatever the answers are.
func TestContinuousResending(t *testing.T) {
	const rate, minutes = 60, 10 // requests a minute
	for _, k := range []struct {
		kind              string
		make              func() limiter
		free, whenCounted int64 // how many pass
	}{
		// A window of a minute gives out 60 in each; counted refusals keep it full.
		{"log", func() limiter { return NewLog(rate, Window) }, minutes * rate, rate},
		// 60 in the first window. In each that follows, the one before weighs a
		// tenth of one until after the last request, and so keeps the sixtieth out.
		// Counted, the window before and the present one are together ever above
		// 60.
		{"counter", func() limiter { return NewCounter(rate, Window) }, rate + (minutes-1)*(rate-1), rate},
		{"fixed", func() limiter { return NewFixed(rate, Window, 0) }, minutes * rate, minutes * rate},
		{"10 s slices", func() limiter { return NewFixed(rate/6, 10*time.Second, 0) }, minutes * rate, minutes * rate},
		{"1 s slices", func() limiter { return NewFixed(rate/60, time.Second, 0) }, minutes * rate, minutes * rate},
		// A full bucket and what is refilled until the last request, at 599.9 s.
		// Counted, it is empty after n requests with 60 + (n-1)/10 < n+1, and then
		// each takes the tenth that was refilled since the one before.
		{"bucket", func() limiter { return NewBucket(rate, rate, Window) }, rate + minutes*rate - 1, 66},
	} {
		gap := func() clock.Time { return clock.Second / 10 }
		if got := resend(k.make(), minutes*width, false, gap); got != k.free {
			t.Errorf("%s: %d pass where refusals cost nothing, want %d", k.kind, got, k.free)
		}
		if got := resend(k.make(), minutes*width, true, gap); got != k.whenCounted {
			t.Errorf("%s: %d pass where refusals count, want %d", k.kind, got, k.whenCounted)
		}
	}
}

// Requests that come at random, r times as many as a limit allows, and refusals
// that count: what the package comment says is given out.
func TestGivenOutUnderOverload(t *testing.T) {
	const rate, minutes = 600, 2000
	for _, k := range []struct {
		kind string
		make func() limiter
		want func(r float64) float64
	}{
		{"log", func() limiter { return NewLog(rate, Window) }, func(float64) float64 { return 0 }},
		{"counter", func() limiter { return NewCounter(rate, Window) }, func(float64) float64 { return 0 }},
		{"fixed", func() limiter { return NewFixed(rate, Window, 0) }, func(float64) float64 { return 1 }},
		{"bucket", func() limiter { return NewBucket(rate, rate, Window) }, dual},
		{"in-flight", func() limiter { return NewInFlight(1 << 40) }, func(r float64) float64 { return r }},
	} {
		for _, r := range []float64{1.5, 2, 5} {
			random := rand.New(rand.NewPCG(1, 2))
			passed := resend(k.make(), minutes*width, true, func() clock.Time {
				return clock.Time(random.ExpFloat64() / (r * rate) * float64(width))
			})
			// The first minutes are given out before the limit is met.
			if got := float64(passed) / (minutes * rate); math.Abs(got-k.want(r)) > 0.005 {
				t.Errorf("%s at %v times its rate: %.3f of it are given out, want %.3f", k.kind, r, got, k.want(r))
			}
		}
	}
}

// dual returns the x below 1 with x e^-x = r e^-r. After a refusal the bucket is
// empty, and k requests in a row pass if each j-th of them comes after j units of
// time: N(j) < j for the number N(j) of a Poisson process of rate r. The ballot
// theorem gives these probabilities, their sum is the mean length of such a row,
// and r times the share of the requests that pass is x.
func dual(r float64) float64 {
	x := 0.0
	for range 200 {
		x = r * math.Exp(x-r)
	}
	return x
}

// What a refused request takes from each kind of limit, by hand: eight refusals
// of ten, then a hundred more.
func TestRefuse(t *testing.T) {
	for _, k := range kinds {
		l := k.make(10)
		full, _ := l.Left(0)
		for range 8 {
			l.Refuse(0)
		}
		want := full
		if countsRefused(k.name) {
			want = full - 8
		}
		if left, _ := l.Left(0); left != want {
			t.Errorf("%s: %d left of %d after 8 refusals, want %d", k.name, left, full, want)
		}
	}
	b := NewBucket(10, 10, Window)
	for range 100 {
		b.Refuse(0)
	}
	if got, want := b.Earliest(0, 1), 6*clock.Second; got != want {
		t.Errorf("a flood of refusals puts a bucket's next off to %v, want %v", got, want)
	}
	b.Refuse(5 * clock.Second) // takes the five sixths of one that are there
	if got, want := b.Earliest(5*clock.Second, 1), 11*clock.Second; got != want {
		t.Errorf("one more after 5 s puts it off to %v, want %v", got, want)
	}
	b.Take(11*clock.Second, 5)
	b.Refuse(11 * clock.Second)
	if got, want := b.Earliest(11*clock.Second, 1), 41*clock.Second; got != want {
		t.Errorf("an overdrawn bucket has its next at %v, want %v", got, want)
	}
}
