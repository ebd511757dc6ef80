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

func fixedUsed(w *twin, now clock.Time) int64 {
	sum := int64(0)
	for _, c := range w.charges {
		if c.at/clock.Time(Window) == now/clock.Time(Window) {
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
	try((now/clock.Time(Window) + 1) * clock.Time(Window))
	for _, c := range w.charges {
		try(c.at + clock.Time(Window))
	}
	return best
}

// limiter is what Log and Fixed share.
type limiter interface {
	Earliest(now clock.Time, cost int64) clock.Time
	Take(now clock.Time, cost int64) Ticket
	Settle(now clock.Time, t Ticket, delta int64)
	Resize(now clock.Time, limit int64)
}

func TestWindowsAgainstBruteForce(t *testing.T) {
	for _, k := range []struct {
		name string
		make func(limit int64) limiter
		used func(*twin, clock.Time) int64
	}{
		{"log", func(n int64) limiter { return NewLog(n, Window) }, slidingUsed},
		{"fixed", func(n int64) limiter { return NewFixed(n, Window, 0) }, fixedUsed},
	} {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := rapid.Int64Range(1, 100).Draw(t, "limit")
				fast, slow := k.make(size), &twin{limit: size, used: k.used}
				now := clock.Time(0)
				for range rapid.IntRange(1, 120).Draw(t, "steps") {
					now += clock.Time(rapid.SampledFrom([]time.Duration{0, 1, time.Second, 7 * time.Second, 59 * time.Second, 60 * time.Second, 61 * time.Second}).Draw(t, "gap"))
					cost := rapid.Int64Range(1, size+1).Draw(t, "cost")
					got, want := fast.Earliest(now, cost), slow.earliest(now, cost)
					if got != want {
						t.Fatalf("at %v Earliest(%d) = %v, want %v", now, cost, got, want)
					}
					switch rapid.IntRange(0, 9).Draw(t, "act") {
					case 0: // correct an earlier charge
						if len(slow.charges) > 0 {
							c := &slow.charges[rapid.IntRange(0, len(slow.charges)-1).Draw(t, "charge")]
							// Fixed counts a correction in the present window only.
							delta := rapid.Int64Range(-c.cost, size).Draw(t, "delta")
							fast.Settle(now, c.ticket, delta)
							c.cost += delta
						}
					case 1:
						size = rapid.Int64Range(1, 100).Draw(t, "resize")
						fast.Resize(now, size)
						slow.limit = size
					default:
						if got == now {
							slow.charges = append(slow.charges, charge{now, cost, fast.Take(now, cost)})
						}
					}
				}
			})
		})
	}
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

// The 429s of real OpenAI replies say how long to wait: (used + requested -
// limit) / (limit / minute), for a bucket with this much used.
func TestBucketAgainstRecordedWaits(t *testing.T) {
	for _, k := range []struct {
		limit, used, requested int64
		want                   time.Duration
	}{
		{30000, 22999, 12528, 11054 * time.Millisecond},
		{30000, 26713, 7669, 8764 * time.Millisecond},
		{30000, 24102, 7758, 3720 * time.Millisecond},
		{6000, 5994, 1829, 18230 * time.Millisecond},
	} {
		b := NewBucket(k.limit, k.limit, Window)
		b.Take(0, k.used)
		if got := time.Duration(b.Earliest(0, k.requested)); got != k.want {
			t.Errorf("%+v: wait %v", k, got)
		}
	}
	b := NewBucket(200_000, 200_000, Window) // reset = time to full
	b.Take(0, 200_000-199_978)
	if _, full := b.Left(0); time.Duration(full).Truncate(time.Millisecond) != 6*time.Millisecond {
		t.Errorf("reset %v, want 6ms", full)
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

func TestNoAllocationInSteadyState(t *testing.T) {
	l, now := NewLog(1000, Window), clock.Time(0)
	step := func() {
		for range 2000 {
			now += clock.Time(50 * time.Millisecond)
			if l.Earliest(now, 1) == now {
				l.Settle(now, l.Take(now, 1), 0)
			}
		}
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}
