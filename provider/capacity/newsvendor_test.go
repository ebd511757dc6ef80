package capacity

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"ratesim/provider/catalog"
)

// cost is Overflow.Cost as its definition has it.
func cost(x, payg []float64, capacity float64) float64 {
	sum := 0.0
	for i := range x {
		if x[i] > capacity {
			sum += payg[i] / x[i] * (x[i] - capacity)
		}
	}
	return sum / float64(len(x))
}

func demands(t *rapid.T) (x, payg []float64) {
	n := rapid.IntRange(1, 60).Draw(t, "minutes")
	for range n {
		v := float64(rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 500_000)).Draw(t, "x"))
		x = append(x, v)
		payg = append(payg, v*float64(rapid.IntRange(1, 9).Draw(t, "price"))/1e6)
	}
	return x, payg
}

// The closed form gives the size that trying all sizes gives.
func TestBestIsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, payg := demands(t)
		o := NewOverflow(x, payg)
		sizes := catalog.Sizes{Minimum: rapid.IntRange(1, 60).Draw(t, "minimum"), Step: rapid.IntRange(1, 50).Draw(t, "step")}
		perPTU := float64(rapid.IntRange(200, 60_000).Draw(t, "perPTU"))
		price := perPTU * rapid.Float64Range(0, 12e-6).Draw(t, "price")

		got := o.Best(sizes, perPTU, price)
		best, least := 0, cost(x, payg, 0)
		for units := sizes.Minimum; float64(units-sizes.Step)*perPTU <= 500_000+float64(sizes.Minimum)*perPTU; units += sizes.Step {
			if total := float64(units)*price + cost(x, payg, float64(units)*perPTU); total < least {
				best, least = units, total
			}
		}
		if total := float64(got)*price + cost(x, payg, float64(got)*perPTU); math.Abs(total-least) > 1e-9*least {
			t.Fatalf("%d PTUs cost %v a minute, %d cost %v", got, total, best, least)
		}
		if got != 0 && (got < sizes.Minimum || (got-sizes.Minimum)%sizes.Step != 0) {
			t.Fatalf("%d PTUs cannot be deployed: %+v", got, sizes)
		}
	})
}

// So do the quantile without sizes, and the sums at any capacity.
func TestOverflowIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, payg := demands(t)
		o := NewOverflow(x, payg)
		c := float64(rapid.IntRange(0, 600_000).Draw(t, "capacity"))
		if got, want := o.Cost(c), cost(x, payg, c); math.Abs(got-want) > 1e-9*(1+want) {
			t.Fatalf("cost %v, want %v", got, want)
		}
		over, total := 0.0, 0.0
		for _, v := range x {
			over, total = over+max(0, v-c), total+v
		}
		if total > 0 && math.Abs(o.Share(c)-over/total) > 1e-9 {
			t.Fatalf("share %v, want %v", o.Share(c), over/total)
		}
		u := rapid.Float64Range(0, 12e-6).Draw(t, "u")
		at := o.Quantile(u)
		least := at*u + cost(x, payg, at)
		for _, c := range append(x, 0, c) { // the cost is linear between them
			if other := c*u + cost(x, payg, c); other < least-1e-9*(1+least) {
				t.Fatalf("capacity %v costs %v, %v costs %v", at, least, c, other)
			}
		}
		within := o.Within(catalog.Sizes{Minimum: 2, Step: 3}, 1000, 0.01)
		for units := 2; units < within; units += 3 {
			if o.Share(float64(units)*1000) <= 0.01 {
				t.Fatalf("%d PTUs have no more than 1 %% over them, and %d were said to be needed", units, within)
			}
		}
		if o.Share(float64(within)*1000) > 0.01 {
			t.Fatalf("%d PTUs have more than 1 %% over them", within)
		}
	})
}

// P(x > C) = u/p: for exponential demand of mean m that is C = m ln(p/u), and
// for a constant one all or nothing. The exponential one is its quantiles at
// 100,000 even steps, so that C is exact to a step: at a probability of q a step
// of 1e-5 is m x 1e-5/q tokens.
func TestKnownOptima(t *testing.T) {
	const n, m, p = 100_000, 40_000.0, 2.5e-6
	x, payg := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = -m * math.Log(1-(float64(i)+0.5)/n)
		payg[i] = x[i] * p
	}
	o := NewOverflow(x, payg)
	for _, u := range []float64{0.01 * p, 0.2 * p, 0.5 * p, 0.8 * p, 0.95 * p} {
		want, step := m*math.Log(p/u), m/n*p/u
		if got := o.Quantile(u); math.Abs(got-want) > 1.01*step {
			t.Errorf("u/p = %v: %v, want %v", u/p, got, want)
		}
	}
	if got := o.Quantile(1.001 * p); got != 0 {
		t.Errorf("dearer than a token: %v", got)
	}
	constant, price := make([]float64, 100), make([]float64, 100)
	for i := range constant {
		constant[i], price[i] = 50_000, 50_000*p
	}
	o = NewOverflow(constant, price)
	if a, b := o.Quantile(0.99*p), o.Quantile(1.01*p); a != 50_000 || b != 0 {
		t.Errorf("constant: %v and %v, want 50000 and 0", a, b)
	}
}
