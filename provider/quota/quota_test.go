package quota

import (
	"cmp"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// gcra is the rule as it is written down (ITU-T I.371; redis_rate), in exact
// fractions: a theoretical arrival time, in ns, that every unit puts off by the
// time in which the limit gives one.
type gcra struct {
	unit, burst, tat *big.Rat // ns; burst is how much of it may be ahead
	size             int64    // units in burst
}

func newGCRA(perMinute int64, burst time.Duration) *gcra {
	unit := big.NewRat(int64(time.Minute), perMinute)
	size := max(1, int64(float64(perMinute)*burst.Minutes()))
	all := new(big.Rat).Mul(unit, big.NewRat(size, 1))
	return &gcra{unit, all, all, size} // it begins without its burst
}

func (g *gcra) from(now clock.Time) *big.Rat {
	t := big.NewRat(int64(now), 1)
	if t.Cmp(g.tat) < 0 {
		return g.tat
	}
	return t
}

func (g *gcra) units(n int64) *big.Rat { return new(big.Rat).Mul(g.unit, big.NewRat(n, 1)) }

// wait returns the first whole ns at which cost conforms, less now.
func (g *gcra) wait(now clock.Time, cost int64) time.Duration {
	at := new(big.Rat).Add(g.from(now), g.units(min(cost, g.size)))
	at.Sub(at, g.burst)
	whole := new(big.Int).Div(new(big.Int).Sub(new(big.Int).Add(at.Num(), at.Denom()), big.NewInt(1)), at.Denom())
	return max(0, clock.Time(whole.Int64()).Sub(now))
}

func (g *gcra) take(now clock.Time, cost int64) { g.tat = new(big.Rat).Add(g.from(now), g.units(cost)) }

// back never makes up for time that has passed unused.
func (g *gcra) back(now clock.Time, n int64) {
	g.tat = new(big.Rat).Sub(g.from(now), g.units(n))
	if t := big.NewRat(int64(now), 1); g.tat.Cmp(t) < 0 {
		g.tat = t
	}
}

// TestGrantsAreGCRA holds grants against the rule, to the ns.
func TestGrantsAreGCRA(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := time.Duration(rapid.IntRange(1, 60_000).Draw(t, "burst")) * time.Millisecond
		rpm, tpm := rapid.Int64Range(1, 900).Draw(t, "rpm"), rapid.Int64Range(1, 200_000).Draw(t, "tpm")
		c := New(&Config{RPM: rpm, TPM: tpm, Burst: burst}, rng.New(1, 0))
		requests, tokens := newGCRA(rpm, burst), newGCRA(tpm, burst)
		now := clock.Time(0)
		for range rapid.IntRange(1, 60).Draw(t, "asks") {
			now += clock.Time(rapid.SampledFrom([]int64{0, 1, 1e6, 37e7, 5e9, 120e9}).Draw(t, "after"))
			q := wire.Ask{Requests: 1, Tokens: rapid.Int64Range(0, 2*tpm).Draw(t, "tokens"),
				Within:     time.Duration(rapid.Int64Range(0, 3e11).Draw(t, "within")),
				BackTokens: rapid.Int64Range(-50, 50).Draw(t, "back")}
			r := wire.Reply{Limit: wire.Oversize, RetryAfter: 1, Prompt: 1} // of the ask before
			c.Ask(now, &q, &r)
			tokens.back(now, q.BackTokens)
			wait := requests.wait(now, 1)
			if q.Tokens > 0 {
				wait = max(wait, tokens.wait(now, q.Tokens))
			}
			switch {
			case q.Tokens > max(tpm, tokens.size):
				if r.Status != wire.StatusTooManyRequests || r.Limit != wire.Oversize {
					t.Fatalf("at %v %+v: %+v, want oversize", now, q, r)
				}
			case wait > q.Within:
				if r.Status != wire.StatusTooManyRequests || r.Limit != wire.NoLimit || r.RetryAfter != wait {
					t.Fatalf("at %v %+v: %+v, want a refusal for %v", now, q, r, wait)
				}
			default:
				if !r.OK() || r.RetryAfter != wait {
					t.Fatalf("at %v %+v: %+v, want a grant in %v", now, q, r, wait)
				}
				requests.take(now, 1)
				tokens.take(now, q.Tokens)
			}
		}
	})
}

// TestRestart: a coordinator that lost its memory, between grants for times to come, costs no
// more than its comment says: in no span of L seconds is more granted than C + r L + r W + C - B.
func TestRestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := time.Duration(rapid.IntRange(1, 60_000).Draw(t, "burst")) * time.Millisecond
		patience := time.Duration(rapid.IntRange(0, 30_000).Draw(t, "patience")) * time.Millisecond
		tpm := rapid.Int64Range(1000, 60_000).Draw(t, "tpm")
		cfg := &Config{TPM: tpm, Burst: burst}
		type grant struct {
			at     clock.Time
			tokens int64
		}
		var grants []grant
		now := clock.Time(0)
		size := max(1, int64(float64(tpm)*burst.Minutes()))
		largest := size
		for range 2 { // a coordinator, and the one after its restart
			c, began := New(cfg, rng.New(1, 0)), now
			for range rapid.IntRange(0, 60).Draw(t, "asks") {
				now += clock.Time(rapid.SampledFrom([]int64{0, 1, 1e7, 1e9, 70e9}).Draw(t, "after"))
				q := wire.Ask{Tokens: rapid.Int64Range(1, tpm/2).Draw(t, "tokens"), Within: patience}
				var r wire.Reply
				if c.Ask(now-began, &q, &r); r.OK() {
					grants, largest = append(grants, grant{now.Add(r.RetryAfter), q.Tokens}), max(largest, q.Tokens)
				}
			}
		}
		slices.SortFunc(grants, func(a, b grant) int { return cmp.Compare(a.at, b.at) })
		perSecond := float64(tpm) / 60
		most := float64(2*largest-size) + perSecond*patience.Seconds()
		for i := range grants {
			sum := int64(0)
			for _, g := range grants[i:] {
				sum += g.tokens
				if span := g.at.Sub(grants[i].at).Seconds(); float64(sum) > most+perSecond*span+1e-3 {
					t.Fatalf("%d tokens are granted within %v s from %v on, want at most %v", sum, span, grants[i].at, most+perSecond*span)
				}
			}
		}
	})
}

// TestLeasesNeverAddUpToMore: whoever asks for whatever whenever, the shares of
// all leases that have not ended are within the quota; and when all want the
// same and have asked three times, all have the same.
func TestLeasesNeverAddUpToMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(&Config{RPM: 500, TPM: 30_000, Burst: time.Minute}, rng.New(1, 0))
		type held struct {
			until            clock.Time
			requests, tokens int64
		}
		leases := map[uint32]held{}
		now := clock.Time(0)
		for range rapid.IntRange(1, 80).Draw(t, "asks") {
			now += clock.Time(rapid.Int64Range(0, 4e9).Draw(t, "after"))
			q := wire.Ask{From: rapid.Uint32Range(0, 9).Draw(t, "from"), Lease: time.Duration(rapid.IntRange(1, 20).Draw(t, "lease")) * time.Second,
				Requests: rapid.Int64Range(0, 1e12).Draw(t, "requests"), Tokens: rapid.Int64Range(-1, 1e15).Draw(t, "tokens")}
			var r wire.Reply
			c.Ask(now, &q, &r)
			if !r.OK() || r.Requests.Reset != q.Lease {
				t.Fatalf("%+v: %+v", q, r)
			}
			leases[q.From] = held{now.Add(q.Lease), r.Requests.Remaining, r.Tokens.Remaining}
			requests, tokens := int64(0), int64(0)
			for _, l := range leases {
				if l.until > now {
					requests += l.requests
					tokens += l.tokens
				}
			}
			if requests > 500 || tokens > 30_000 {
				t.Fatalf("at %v %d requests and %d tokens a minute are leased", now, requests, tokens)
			}
		}
		for round := range 3 {
			for from := range uint32(10) {
				now += clock.Time(21*time.Second) / 10
				q := wire.Ask{From: from, Requests: 7, Tokens: 900, Lease: 22 * time.Second}
				var r wire.Reply
				c.Ask(now, &q, &r)
				if round == 2 && r.Tokens.Remaining != 3000 {
					t.Fatalf("of ten alike one has %d of 30000", r.Tokens.Remaining)
				}
			}
		}
	})
}

// A lease holds nothing from its end on.
func TestLeaseEnds(t *testing.T) {
	c := New(&Config{TPM: 30_000, Burst: time.Minute}, rng.New(1, 0))
	for _, tt := range []struct {
		from  uint32
		at    clock.Time
		share int64
	}{{0, 0, 30_000}, {1, 10*clock.Second - 1, 0}, {2, 10 * clock.Second, 15_000}} {
		var r wire.Reply
		c.Ask(tt.at, &wire.Ask{From: tt.from, Tokens: 100, Lease: 10 * time.Second}, &r)
		if r.Tokens.Remaining != tt.share {
			t.Errorf("at %v instance %d has %d, want %d", tt.at, tt.from, r.Tokens.Remaining, tt.share)
		}
	}
}

// Its faults are its own: nothing is granted while it is down, or hangs.
func TestFaults(t *testing.T) {
	c := New(&Config{RPM: 15, Burst: time.Minute, Faults: []provider.Fault{
		{Kind: provider.Outage, Status: 503, At: clock.Second, Until: 2 * clock.Second},
		{Kind: provider.Hang, Rate: 1, At: 3 * clock.Second, Until: 4 * clock.Second}}}, rng.New(1, 0))
	for _, tt := range []struct {
		at     clock.Time
		status int
		took   time.Duration
	}{{clock.Second, 503, 0}, {3 * clock.Second, 504, 10 * time.Minute}, {4 * clock.Second, 200, 0}, {5 * clock.Second, 429, 0}} {
		var r wire.Reply
		if took := c.Ask(tt.at, &wire.Ask{Requests: 1}, &r); took != tt.took || r.Status != tt.status {
			t.Errorf("at %v: %d after %v, want %d after %v", tt.at, r.Status, took, tt.status, tt.took)
		}
	}
}
