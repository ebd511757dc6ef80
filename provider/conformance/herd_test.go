package conformance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// herdOf is the index of retries at these delays, each of its own client.
func herdOf(clients int, delay func(r *rand.Rand) float64) (index float64, level Level) {
	r := rand.New(rand.NewPCG(3, 4))
	w := play(each(clients, func(i int) []attempt {
		list := tries(byName(i), busy, 0, 0.05, 0.05+delay(r))
		list[0].id.Key, list[1].id.Key = fmt.Sprint(i), fmt.Sprint(i)
		return list
	}))
	keys := w.Report(Policy{}).Keys
	f := keys[len(keys)-1].Findings[0]
	return 10 * f.Share, f.Level
}

func TestLockstep(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int
		delay  func(*rand.Rand) float64
		lo, hi float64 // of the index
		want   Level
	}{
		{"all at once", 200, func(*rand.Rand) float64 { return 2 }, 10, 10, Fail},
		{"within 50 ms", 200, func(r *rand.Rand) float64 { return 2 + 0.05*r.Float64() }, 4.9, 10, Fail},
		{"uniformly in ten seconds", 2000, func(r *rand.Rand) float64 { return 10 * r.Float64() }, 0.95, 1.05, Pass},
		{"uniformly in one second", 500, func(r *rand.Rand) float64 { return 1.95 + r.Float64() }, 0.95, 1.05, Pass},
		{"in 0.4 seconds", 500, func(r *rand.Rand) float64 { return 0.95 + 0.4*r.Float64() }, 2.4, 2.6, Warn}, // 2.5
		{"growing load", 3000, func(r *rand.Rand) float64 { return 20 * math.Sqrt(r.Float64()) }, 0.9, 1.1, Pass},
		{"91 pairs are too few", 14, func(*rand.Rand) float64 { return 2 }, 10, 10, Untested},
		{"105 pairs", 15, func(*rand.Rand) float64 { return 2 }, 10, 10, Fail},
	} {
		index, level := herdOf(tt.n, tt.delay)
		if index < tt.lo || index > tt.hi || level != tt.want {
			t.Errorf("%s: %v, index %.3f, want %v, %v to %v", tt.name, level, index, tt.want, tt.lo, tt.hi)
		}
	}
}

// Retries that know nothing of each other are hardly ever held against their clients.
func TestChance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const runs = 4000
	bad := 0
	for range runs {
		var h herd
		for i, n := 0, 15+r.IntN(60); i < n; i++ { // 105 pairs and more
			h.add(noon.Add(time.Duration(r.Float64()*float64(time.Second))), false)
		}
		if rules()[lockstep].level(h.pairs, nil) > Pass {
			bad++
		}
	}
	if bad > runs/250 {
		t.Errorf("%d of %d runs are found by chance", bad, runs)
	}
}

// The index, added up as retries come, is Morisita's formula over the counts.
func TestHerdIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenths := rapid.SliceOf(rapid.IntRange(0, 40)).Draw(t, "tenths of a second")
		slices.Sort(tenths)
		var h herd
		windows, blocks := map[int]int64{}, map[int]int64{}
		for _, n := range tenths {
			h.add(at(float64(n)/10), false)
			windows[n]++
			blocks[n/10]++
		}
		var together, pairs int64
		for _, n := range windows {
			together += n * (n - 1) / 2
		}
		for _, n := range blocks {
			pairs += n * (n - 1) / 2
		}
		if h.pairs.bad != together || h.pairs.of != pairs {
			t.Errorf("%+v, want %d of %d", h.pairs, together, pairs)
		}
	})
}
