package limit

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// A twin keeps the whole history and works everything out from it.
type twin struct {
	limit   int64
	charges []charge
	used    func(t *twin, now clock.Time) int64
}

type charge struct {
	at     clock.Time
	cost   int64
	ticket Ticket
}

func slidingUsed(w *twin, now clock.Time) int64 {
	sum := int64(0)
	for _, c := range w.charges {
		if now < c.at+clock.Time(Window) {
			sum += c.cost
		}
	}
	return sum
}

// earliest tries every instant at which a window can let something go.
func (w *twin) earliest(now clock.Time, cost int64) clock.Time {
	if cost > w.limit {
		return clock.Never
	}
	best := clock.Never
	try := func(t clock.Time) {
		if t >= now && t < best && w.used(w, t)+cost <= w.limit {
			best = t
		}
	}
	try(now)
	for _, c := range w.charges {
		try(c.at + clock.Time(Window))
	}
	return best
}

// A window of thousands of charges skips whole blocks of them.
func TestLongLogAgainstBruteForce(t *testing.T) {
	const size = 200_000
	fast, slow := NewLog(size, Window), &twin{limit: size, used: slidingUsed}
	r := rand.New(rand.NewPCG(1, 2))
	now := clock.Time(0)
	for i := range 8_000 {
		now += clock.Time(r.Int64N(20_000_000))
		cost := 1 + r.Int64N(200)
		if fast.Earliest(now, cost) == now {
			slow.charges = append(slow.charges, charge{now, cost, fast.Take(now, cost)})
		}
		if r.IntN(4) == 0 {
			c := &slow.charges[len(slow.charges)-1-r.IntN(min(500, len(slow.charges)))]
			delta := r.Int64N(100) - min(c.cost, 50)
			fast.Settle(now, c.ticket, delta)
			c.cost += delta
		}
		if i%100 != 0 {
			continue
		}
		for len(slow.charges) > 0 && slow.charges[0].at+clock.Time(Window) <= now {
			slow.charges = slow.charges[1:]
		}
		cost = 1 + r.Int64N(size)
		if got, want := fast.Earliest(now, cost), slow.earliest(now, cost); got != want {
			t.Fatalf("at %v with %d charges: Earliest(%d) = %v, want %v", now, fast.n, cost, got, want)
		}
	}
	if fast.n < 10*block {
		t.Errorf("%d charges in the window, too few to skip blocks", fast.n)
	}
}

// Refused requests may flood a log; it must still decide as if it kept all.
func TestLogRefuseAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 8).Draw(t, "limit")
		fast, slow := NewLog(size, Window), &twin{limit: size, used: slidingUsed}
		now := clock.Time(0)
		for range 100 {
			now += clock.Time(rapid.SampledFrom([]time.Duration{0, 1, time.Second, 20 * time.Second, 60 * time.Second}).Draw(t, "gap"))
			got, want := fast.Earliest(now, 1), slow.earliest(now, 1)
			if got != want {
				t.Fatalf("at %v Earliest = %v, want %v", now, got, want)
			}
			if got == now {
				fast.Take(now, 1)
			} else {
				fast.Refuse(now)
			}
			slow.charges = append(slow.charges, charge{at: now, cost: 1})
			if int64(fast.n) > size {
				t.Fatalf("%d charges kept for a limit of %d", fast.n, size)
			}
		}
	})
}

// A bucket of capacity B refilled at r tokens a second admits calls of cost c
// that keep coming from 0 at times max(0, (n+1)*c - B)/r (n = 0, 1, ...).
func TestBucketClosedForm(t *testing.T) {
	for _, k := range []struct{ capacity, perMinute, cost int64 }{
		{500, 500, 1}, {200_000, 200_000, 1924}, {10, 600, 10}, {7, 3, 2}, {180_000_000, 180_000_000, 999_999},
	} {
		b := NewBucket(k.capacity, k.perMinute, Window)
		now := clock.Time(0)
		for n := range int64(500) {
			now = b.Earliest(now, k.cost)
			b.Take(now, k.cost)
			over := big.NewInt(max(0, (n+1)*k.cost-k.capacity))
			over.Mul(over, big.NewInt(int64(Window))).Add(over, big.NewInt(k.perMinute-1))
			if want := clock.Time(over.Div(over, big.NewInt(k.perMinute)).Int64()); now != want {
				t.Fatalf("%+v: admission %d at %d ns, want %d", k, n, now, want)
			}
		}
	}
}

// Calls that come at exactly the refill rate are all admitted on arrival.
func TestBucketSustainsItsRate(t *testing.T) {
	b := NewBucket(1, 600, Window)
	for n := range clock.Time(10_000) {
		now := n * clock.Time(100*time.Millisecond)
		if got := b.Earliest(now, 1); got != now {
			t.Fatalf("call %d at %v has to wait until %v", n, now, got)
		}
		b.Take(now, 1)
	}
}

// A sliding window of N admits simultaneous calls in groups of N, one group a
// window: admission n at floor(n/N) * 60 s.
func TestLogClosedForm(t *testing.T) {
	const size = 30
	l := NewLog(size, Window)
	now := clock.Time(0)
	for n := range clock.Time(1000) {
		now = l.Earliest(now, 1)
		l.Take(now, 1)
		if want := n / size * clock.Time(Window); now != want {
			t.Fatalf("admission %d at %v, want %v", n, now, want)
		}
	}
}

// What real OpenAI and Groq replies say: a refused call waits (used + requested -
// limit) / (limit / period), and the reset is the time to full.
func TestBucketAgainstRecordedWaits(t *testing.T) {
	const day = 24 * time.Hour
	for _, k := range []struct {
		limit           int64
		per             time.Duration
		used, requested int64
		want            time.Duration // until requested fits; to full if that is 0
	}{
		{30000, Window, 22999, 12528, 11054 * time.Millisecond},
		{30000, Window, 26713, 7669, 8764 * time.Millisecond},
		{30000, Window, 24102, 7758, 3720 * time.Millisecond},
		{6000, Window, 5994, 1829, 18230 * time.Millisecond},
		{500, Window, 500, 1, 120 * time.Millisecond},
		{10_000, day, 10_000, 1, 8640 * time.Millisecond},
		{5000, Window, 5000 - 4999, 0, 12 * time.Millisecond},
		{200_000, Window, 200_000 - 199_978, 0, 6 * time.Millisecond},
		{2_000_000, Window, 2_000_000 - 1_994_528, 0, 164 * time.Millisecond},
		{14_400, day, 30, 0, 3 * time.Minute},
	} {
		b := NewBucket(k.limit, k.limit, k.per)
		b.Take(0, k.used)
		at := b.Earliest(0, k.requested)
		if k.requested == 0 {
			_, at = b.Left(0)
		}
		if got := time.Duration(at).Truncate(time.Millisecond); got != k.want {
			t.Errorf("%+v: %v", k, got)
		}
	}
}

// A debt of many times the largest limit is kept exactly.
func TestBucketKeepsLargeDebts(t *testing.T) {
	for _, n := range []int64{99_999_989, 100_000_000_000} {
		b := NewBucket(n, n, Window)
		b.Take(0, 5*n)
		if got, want := b.Earliest(clock.Second, n), clock.Time(5*Window); got != want {
			t.Errorf("limit %d, 5 times as much taken: all there at %v, want %v", n, got, want)
		}
	}
}

func TestBucketGivesBackUpToCapacity(t *testing.T) {
	b := NewBucket(100, 60, Window)
	b.Take(0, 80)
	b.Settle(clock.Second, 0, -200)
	if left, full := b.Left(clock.Second); left != 100 || full != clock.Second {
		t.Errorf("left %d, full at %v; want 100 at once", left, full)
	}
	b.Settle(clock.Second, 0, 150) // a correction may overdraw
	if left, _ := b.Left(clock.Second); left != 0 {
		t.Errorf("left %d, want 0", left)
	}
	if got, want := b.Earliest(clock.Second, 10), 61*clock.Second; got != want {
		t.Errorf("10 tokens at %v, want %v: 60 missing at 1/s", got, want)
	}
}

// The published rule of provisioned deployments: refuse while the level is at
// 100 % or above, before adding the call itself; drain at the capacity.
func TestUtilisation(t *testing.T) {
	u := NewUtilisation(6000) // 100 tokens a second
	u.Take(0, 5999)
	if got := u.Earliest(0, 0); got != 0 {
		t.Errorf("just below 100 %%: admitted at %v, want at once", got)
	}
	if got := u.Earliest(0, 1); got == 0 || got > clock.Time(20*time.Millisecond) {
		t.Errorf("just below 100 %%, 1 token ahead: admitted at %v, want within two tokens' time", got)
	}
	u.Take(0, 601) // 110 %
	if got, want := u.Earliest(0, 0), 6*clock.Second; got <= want || got > want+clock.Time(time.Millisecond) {
		t.Errorf("at 110 %%: admitted at %v, want just after %v", got, want)
	}
	u.Settle(clock.Second, 0, -1000)
	if got := u.Earliest(clock.Second, 0); got != clock.Second {
		t.Errorf("after 1000 were given back: admitted at %v, want at once", got)
	}
}

// A bucket that holds less than a period's worth keeps its shape when resized.
func TestBucketResize(t *testing.T) {
	b := NewBucket(10, 60, Window)
	for _, k := range []struct{ limit, left int64 }{{30, 5}, {6, 1}, {1, 1}, {0, 0}, {60, 10}} {
		b.Resize(0, k.limit)
		if left, _ := b.Left(0); left != k.left {
			t.Errorf("10 at 60 a minute, made %d a minute, holds %d, want %d", k.limit, left, k.left)
		}
	}
	b.Take(0, 10)
	b.Resize(0, 0)
	if _, full := b.Left(clock.Second); full != clock.Never || b.Earliest(clock.Second, 0) != clock.Never {
		t.Errorf("a bucket cut to nothing is full again at %v, want never", full)
	}
}
