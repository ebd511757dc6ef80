package strategies_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/sim/rng"
	"ratesim/strategies"
)

// delays returns the first n delays of the call with this ID.
func delays(b strategies.Backoff, key rng.Key, id uint64, n int) []time.Duration {
	c := strategies.Call{ID: id}
	var out []time.Duration
	for k := range n {
		c.Sent = uint16(k + 1)
		out = append(out, b.Delay(key, &c, k))
	}
	return out
}

func TestBackoffWithoutJitter(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name string
		b    strategies.Backoff
		want []time.Duration
	}{
		{"doubling", strategies.Backoff{Base: s, Max: 60 * s, Factor: 2},
			[]time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}},
		{"constant", strategies.Backoff{Base: 3 * s, Max: 3 * s, Factor: 1}, []time.Duration{3 * s, 3 * s, 3 * s}},
		{"factor 1.5", strategies.Backoff{Base: 4 * s, Max: 10 * s, Factor: 1.5}, []time.Duration{4 * s, 6 * s, 9 * s, 10 * s}},
		{"base above max", strategies.Backoff{Base: 9 * s, Max: 5 * s, Factor: 2}, []time.Duration{5 * s, 5 * s}},
		{"zero value", strategies.Backoff{}, []time.Duration{0, 0}},
	} {
		if diff := cmp.Diff(tt.want, delays(tt.b, rng.New(1, 0), 1, len(tt.want))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestJitter checks range and mean, in seconds, of the delays before retries 0
// and 1 with a base of 1s that doubles.
func TestJitter(t *testing.T) {
	type stats struct{ lo, hi, mean float64 }
	for _, tt := range []struct {
		name   string
		jitter strategies.Jitter
		want   [2]stats
	}{
		{"±25%", strategies.Jitter{Share: 0.25}, [2]stats{{0.75, 1.25, 1}, {1.5, 2.5, 2}}},
		{"±100%", strategies.Jitter{Share: 1}, [2]stats{{0, 2, 1}, {0, 4, 2}}},
		{"full", strategies.Jitter{Kind: strategies.Full}, [2]stats{{0, 1, 0.5}, {0, 2, 1}}},
		{"equal", strategies.Jitter{Kind: strategies.Equal}, [2]stats{{0.5, 1, 0.75}, {1, 2, 1.5}}},
		// U(1, 3), then U(1, 3*previous): the mean is (1 + 3*2) / 2.
		{"decorrelated", strategies.Jitter{Kind: strategies.Decorrelated}, [2]stats{{1, 3, 2}, {1, 9, 3.5}}},
	} {
		const n = 20_000
		got := [2]stats{{lo: math.Inf(1)}, {lo: math.Inf(1)}}
		b := strategies.Backoff{Base: time.Second, Max: time.Minute, Factor: 2, Jitter: tt.jitter}
		for id := range uint64(n) {
			for k, d := range delays(b, rng.New(7, 0), id, 2) {
				g, s := &got[k], d.Seconds()
				g.lo, g.hi, g.mean = min(g.lo, s), max(g.hi, s), g.mean+s/n
			}
		}
		for k, w := range tt.want {
			g, width := got[k], w.hi-w.lo
			inside := g.lo >= w.lo && g.hi <= w.hi
			reached := g.lo < w.lo+0.01*width && g.hi > w.hi-0.05*width
			if !inside || !reached || math.Abs(g.mean-w.mean) > 0.01*width {
				t.Errorf("%s, retry %d: got %+v, want %+v", tt.name, k, g, w)
			}
		}
	}
}

// TestDecorrelatedIsCapped: previous grows until the cap holds it.
func TestDecorrelatedIsCapped(t *testing.T) {
	b := strategies.Backoff{Base: time.Second, Max: 5 * time.Second, Jitter: strategies.Jitter{Kind: strategies.Decorrelated}}
	for id := range uint64(100) {
		for k, d := range delays(b, rng.New(1, 0), id, 20) {
			if d < b.Base || d > b.Max {
				t.Errorf("call %d, retry %d: %v is not within %v and %v", id, k, d, b.Base, b.Max)
			}
		}
	}
}

// TestRetryStorm repeats the published figures of github.com/v-code01/retrystorm:
// the most retries of 1,000 clients that fall into one aligned window of 20 ms
// when all fail together, over 11 seeds.
func TestRetryStorm(t *testing.T) {
	const clients, retries, seeds, window = 1000, 7, 11, 20 * time.Millisecond
	for _, tt := range []struct {
		name string
		kind strategies.JitterKind
		want float64
	}{
		{"none", strategies.PlusMinus, 1000}, // Share 0
		{"full", strategies.Full, 39},
		{"equal", strategies.Equal, 51},
		{"decorrelated", strategies.Decorrelated, 20},
	} {
		b := strategies.Backoff{Base: time.Second, Max: time.Hour, Factor: 2, Jitter: strategies.Jitter{Kind: tt.kind}}
		mean := 0.0
		for seed := range uint64(seeds) {
			counts, peak := map[time.Duration]int{}, 0
			for id := range uint64(clients) {
				at := time.Duration(0)
				for _, d := range delays(b, rng.New(seed, 0), id, retries) {
					at += d
					counts[at/window]++
					peak = max(peak, counts[at/window])
				}
			}
			mean += float64(peak) / seeds
		}
		if math.Abs(mean/tt.want-1) > 0.05 {
			t.Errorf("%s: mean peak %.1f, published %v", tt.name, mean, tt.want)
		}
	}
}
