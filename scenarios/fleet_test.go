package scenarios

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// TestDealer holds Deal against a fleet that is kept as a list: those that come
// are put at its end, those that go are taken from its beginning. Every call
// goes to one that is there.
func TestDealer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fleet{Instances: rapid.IntRange(1, 9).Draw(t, "instances"), Assign: Assign(rapid.IntRange(0, 1).Draw(t, "assign"))}
		if f.Assign == Hash {
			f.Skew = rapid.SampledFrom([]float64{0, 0.5, 3}).Draw(t, "skew")
		}
		at := clock.Time(0)
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at += clock.Time(rapid.IntRange(1, 5).Draw(t, "after"))
			f.Churn = append(f.Churn, Size{at, rapid.IntRange(1, 9).Draw(t, "size")})
		}
		var there []int
		came, changes := 0, append([]Size{{0, f.Instances}}, f.Churn...)
		d := f.Dealer(rng.New(1, 0))
		for now := clock.Time(0); now < 25; now++ {
			for len(changes) > 0 && changes[0].At <= now {
				for ; len(there) < changes[0].Instances; came++ {
					there = append(there, came)
				}
				there = there[len(there)-changes[0].Instances:]
				changes = changes[1:]
			}
			if got := f.Size(now); got != len(there) {
				t.Fatalf("at %d: size %d, want %d", now, got, len(there))
			}
			for id := range uint64(3) {
				if got := d.Deal(now, 100*uint64(now)+id); got < there[0] || got > there[len(there)-1] {
					t.Fatalf("at %d: call for instance %d, there are %v", now, got, there)
				}
			}
		}
		if f.Total() != came {
			t.Fatalf("total %d, want %d", f.Total(), came)
		}
	})
}

// Shares of the calls: equal, in turn, and by Zipf's law.
func TestDealtShares(t *testing.T) {
	const calls = 200_000
	for _, tt := range []struct {
		name  string
		fleet Fleet
		want  []float64
	}{
		{"hash", Fleet{Instances: 4}, []float64{0.25, 0.25, 0.25, 0.25}},
		{"in turn", Fleet{Instances: 4, Assign: RoundRobin}, []float64{0.25, 0.25, 0.25, 0.25}},
		{"skew 1", Fleet{Instances: 3, Skew: 1}, []float64{6. / 11, 3. / 11, 2. / 11}},
		{"skew 2, two have gone", Fleet{Instances: 4, Skew: 2, Churn: []Size{{1, 2}}}, []float64{0, 0, 0.8, 0.2}},
		{"replaced", Fleet{Instances: 2, Churn: []Size{{1, 1}, {2, 3}}}, []float64{0, 1. / 3, 1. / 3, 1. / 3}},
	} {
		d, got := tt.fleet.Dealer(rng.New(1, 0)), make([]float64, tt.fleet.Total())
		for id := range uint64(calls) {
			got[d.Deal(2, id)]++
		}
		if len(got) != len(tt.want) {
			t.Fatalf("%s: %d instances, want %d", tt.name, len(got), len(tt.want))
		}
		for i, n := range got {
			// Five standard deviations of a binomial share.
			if p := tt.want[i]; math.Abs(n/calls-p) > 5*math.Sqrt(p*(1-p)/calls) {
				t.Errorf("%s: instance %d gets %.4f of the calls, want %.4f", tt.name, i, n/calls, p)
			}
		}
	}
}
