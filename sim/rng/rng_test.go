package rng

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// chiSquare fails the test when counts are too far from equal: beyond the
// quantile that one fair generator in a million passes.
func chiSquare(t *testing.T, what string, counts []int) {
	t.Helper()
	total := 0
	for _, n := range counts {
		total += n
	}
	want := float64(total) / float64(len(counts))
	x := 0.0
	for _, n := range counts {
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	dist := distuv.ChiSquared{K: float64(len(counts) - 1)}
	if lo, hi := dist.Quantile(1e-6), dist.Quantile(1-1e-6); x < lo || x > hi {
		t.Errorf("%s: chi-square = %.1f, want within [%.1f, %.1f]", what, x, lo, hi)
	}
}

// TestDrawsAreUniform walks each part of a name alone, as a run does.
func TestDrawsAreUniform(t *testing.T) {
	const draws, cells = 100_000, 200
	key := New(1, 0)
	sequence := key.Sequence(Arrivals)
	walks := map[string]func(i uint64) float64{
		"first id":    func(i uint64) float64 { return key.Float64(Prompt, i, 0) },
		"second id":   func(i uint64) float64 { return key.Float64(Prompt, 0, i) },
		"spaced ids":  func(i uint64) float64 { return key.Float64(Prompt, i<<48, i<<24) },
		"sub keys":    func(i uint64) float64 { return key.Sub(Stream, i).Float64(Prompt, 0, 0) },
		"seed":        func(i uint64) float64 { return New(i, 0).Float64(Prompt, 0, 0) },
		"replication": func(i uint64) float64 { return New(1, int(i)).Float64(Prompt, 0, 0) },
		"sequence":    func(uint64) float64 { return sequence.Float64() },
	}
	for name, draw := range walks {
		counts := make([]int, cells)
		for i := range uint64(draws) {
			counts[int(draw(i)*cells)]++
		}
		chiSquare(t, name, counts)
	}
}

// TestDrawsAreIndependent counts pairs of draws whose names differ in one
// part in the cells of a square.
func TestDrawsAreIndependent(t *testing.T) {
	const draws, side = 100_000, 15
	key := New(2, 3)
	pairs := map[string]func(i uint64) (float64, float64){
		"purposes":    func(i uint64) (float64, float64) { return key.Float64(Prompt, i, 0), key.Float64(Output, i, 0) },
		"ids":         func(i uint64) (float64, float64) { return key.Float64(Jitter, i, 0), key.Float64(Jitter, i+1, 0) },
		"attempts":    func(i uint64) (float64, float64) { return key.Float64(Jitter, i, 0), key.Float64(Jitter, i, 1) },
		"swapped ids": func(i uint64) (float64, float64) { return key.Float64(Jitter, i, 7), key.Float64(Jitter, 7, i) },
		"replications": func(i uint64) (float64, float64) {
			return New(i, 0).Float64(Jitter, 0, 0), New(i, 1).Float64(Jitter, 0, 0)
		},
		"streams": func(i uint64) (float64, float64) {
			return key.Sub(Stream, 0).Float64(Prompt, i, 0), key.Sub(Stream, 1).Float64(Prompt, i, 0)
		},
	}
	for name, draw := range pairs {
		counts := make([]int, side*side)
		for i := range uint64(draws) {
			x, y := draw(i)
			counts[int(x*side)*side+int(y*side)]++
		}
		chiSquare(t, name, counts)
	}
}

func TestDrawsDependOnTheirNameAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, a, b := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		k := New(seed, 4)
		if x, y := k.Uint64(Think, a, b), New(seed, 4).Uint64(Think, a, b); x != y {
			t.Errorf("the draw named (Think, %d, %d) is %d and %d", a, b, x, y)
		}
		if u := k.Float64(Think, a, b); !(u >= 0 && u < 1) {
			t.Errorf("Float64 = %v, want 0 <= u < 1", u)
		}
	})
}

// TestExp holds the mean and the tail of Exp against exp(-x), within four
// standard errors.
func TestExp(t *testing.T) {
	const n = 200_000
	s := New(3, 0).Sequence(Arrivals)
	sum, above := 0.0, 0.0
	for range n {
		x := s.Exp()
		sum += x
		if x > 3 {
			above++
		}
	}
	if got, se := sum/n, 1/math.Sqrt(n); math.Abs(got-1) > 4*se {
		t.Errorf("mean = %v, want 1 +- %v", got, 4*se)
	}
	p := math.Exp(-3)
	if got, se := above/n, math.Sqrt(p*(1-p)/n); math.Abs(got-p) > 4*se {
		t.Errorf("P(x > 3) = %v, want %v +- %v", got, p, 4*se)
	}
}
