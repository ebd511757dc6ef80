package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func near(t interface {
	Helper()
	Errorf(string, ...any)
}, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func even(hits ...float64) Counts {
	c := Counts{Hits: hits}
	for range hits {
		c.Of = append(c.Of, 1)
	}
	return c
}

// The 95 % intervals of Clopper and Pearson, from printed tables (Altman et al.,
// Statistics with Confidence; Fleiss, Statistical Methods for Rates and
// Proportions).
func TestClopperPearson(t *testing.T) {
	for _, k := range []struct{ x, n, lo, hi float64 }{
		{0, 10, 0, 0.3085}, {1, 10, 0.0025, 0.4450}, {5, 10, 0.1871, 0.8129}, {10, 10, 0.6915, 1},
		{0, 100, 0, 0.0362}, {1, 100, 0.0003, 0.0545}, {3, 20, 0.0321, 0.3789},
	} {
		lo, hi := clopperPearson(k.x/k.n, k.n, 0.05)
		near(t, "lower end", lo, k.lo, 6e-5)
		near(t, "upper end", hi, k.hi, 6e-5)
	}
}

// Means of 1 to n have the two-sided 95 % points of Student's t, from the printed
// tables, since the kurtosis of even steps, 1.8, asks for no fewer degrees of
// freedom.
func TestMeanIsStudents(t *testing.T) {
	for _, k := range []struct {
		n int
		t float64
	}{{2, 12.706}, {3, 4.303}, {5, 2.776}, {10, 2.262}, {30, 2.045}} {
		var xs []float64
		for i := range k.n {
			xs = append(xs, float64(i+1))
		}
		n := float64(k.n) // 1 to n: mean (n+1)/2, variance n(n+1)/12
		half := k.t * math.Sqrt(n*(n+1)/12) / math.Sqrt(n)
		got := Ratio(even(xs...), NewLevel(0.05))
		near(t, "mean", got.Value, (n+1)/2, 1e-12)
		near(t, "lower end", got.Lo, (n+1)/2-half, 2e-4*half)
		near(t, "upper end", got.Hi, (n+1)/2+half, 2e-4*half)
	}
	if got := Ratio(even(7), NewLevel(0.05)); got.Value != 7 || !math.IsNaN(got.Lo) || !math.IsNaN(got.Hi) {
		t.Errorf("one replication: %v", got)
	}
	if got := Ratio(even(7, 7, 7), NewLevel(0.05)); got != (Interval{7, 7, 7}) {
		t.Errorf("what does not vary: %v", got)
	}
	if got := Ratio(Counts{[]float64{0, 0}, []float64{0, 0}}, NewLevel(0.05)); !math.IsNaN(got.Value) {
		t.Errorf("nothing: %v", got)
	}
}

// Three replications by hand: 1 of 10, 4 of 20 and 7 of 30 are 12 of 60, a share of
// 0.2, where the mean of the shares would be 0.1778. The residuals are -1, 0 and 1, so
// the variance is 3/2 * 2/60^2; there are two degrees of freedom, whose t is 4.303.
func TestPooledByHand(t *testing.T) {
	got := Ratio(Counts{[]float64{1, 4, 7}, []float64{10, 20, 30}}, NewLevel(0.05))
	half := 4.30265 * math.Sqrt(1.5*2.0/3600)
	near(t, "share", got.Value, 0.2, 1e-12)
	near(t, "lower end", got.Lo, 0.2-half, 1e-5)
	near(t, "upper end", got.Hi, 0.2+half, 1e-5)
	// Residuals -1, -2 and 3: 3/2 * 14/60^2, against 0.16/60 of independent cases.
	c := Counts{[]float64{1, 2, 9}, []float64{10, 20, 30}}
	near(t, "design effect", TypicalEffect([]Counts{c, even(0, 0), even(1, 1)}), 1.5*14.0/3600*60/0.16, 1e-12)
}

// Skewed residuals move the far end half-way to that of the transformed t, and mirroring
// the values mirrors the interval.
func TestSkewMovesTheFarEnd(t *testing.T) {
	values := []float64{0, 0, 0, 1, 0, 0, 9, 0, 0, 0, 1, 0}
	got := Ratio(even(values...), NewLevel(0.05))
	s := spreadOf(even(values...).residuals(got.Value), 12)
	half := NewLevel(0.05).student(s.freedom) * math.Sqrt(s.variance)
	near(t, "near end", got.Lo, got.Value-half, 1e-12)
	near(t, "far end", got.Hi, (got.Value+half+hall(got.Value, s, NewLevel(0.05)))/2, 1e-12)
	if got.Hi <= got.Value+half {
		t.Errorf("%v is not wider than the t interval", got)
	}
	mirrored := make([]float64, len(values))
	for i, v := range values {
		mirrored[i] = -v
	}
	back := Ratio(even(mirrored...), NewLevel(0.05))
	near(t, "mirrored", back.Lo, -got.Hi, 1e-12)
	near(t, "mirrored", back.Hi, -got.Lo, 1e-12)
}

// Of three design effects the middle one is typical, of two their mean.
func TestTypicalEffect(t *testing.T) {
	alike := Counts{[]float64{1, 1, 1, 1}, []float64{4, 4, 4, 4}} // 0: all the same
	bunched := Counts{[]float64{4, 0, 0, 0}, []float64{4, 4, 4, 4}}
	// Residuals 3, -1, -1, -1 of p = 1/4: 4/3 * 12/256 * 16/(3/16) = 16/3.
	near(t, "two", TypicalEffect([]Counts{alike, bunched}), 8.0/3, 1e-12)
	near(t, "three", TypicalEffect([]Counts{alike, bunched, bunched}), 16.0/3, 1e-12)
	near(t, "none", TypicalEffect([]Counts{even(0, 0)}), 1, 0)
	near(t, "none that comes in bunches", TypicalEffect([]Counts{alike}), 1, 0)
}

// Many residuals far out are worth fewer degrees of freedom: of 20 replications two
// have all the failures, so the kurtosis is p(1-p)/(p(1-p))^2 - 3 + ... of a Bernoulli
// variable with p = 0.1: (1-3pq)/(pq) = 8.111, and 2n/(k-1) = 5.625.
func TestFreedomFromKurtosis(t *testing.T) {
	hits := make([]float64, 20)
	hits[3], hits[11] = 1, 1
	c := even(hits...)
	s := spreadOf(c.residuals(c.Value()), 20)
	near(t, "degrees of freedom", s.freedom, 5.625, 1e-9)
	near(t, "skewness", s.skew, (1-2*0.1)/math.Sqrt(0.1*0.9), 1e-9)
}

// Hall's transformation, taken forward: the statistic of the upper end, put through
// g(T) = T + s/sqrt(n) (T^2/3 + 1/6) + s^2/n T^3/27, is the lower tail of t.
func TestHallInvertsItsTransformation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(5, 200).Draw(t, "n")
		skew := rapid.Float64Range(0.05, 4).Draw(t, "skew")
		s := spread{n: n, variance: 1e-4, skew: skew}
		hi := hall(0.1, s, NewLevel(0.05))
		x := (0.1 - hi) / 0.01
		root := skew / math.Sqrt(float64(n))
		g := x + root*(x*x/3+1.0/6) + root*root*x*x*x/27
		want := -NewLevel(0.05).student(float64(n - 1))
		if math.Abs(g-want) > 1e-6 {
			t.Fatalf("g(%v) = %v, want %v", x, g, want)
		}
	})
}

// A share of independent cases has about the interval that the cases alone give.
func TestIndependentCasesAreNotWidened(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := Counts{make([]float64, 400), make([]float64, 400)}
	for i := range c.Of {
		c.Of[i] = 25
		for range 25 {
			if r.Float64() < 0.3 {
				c.Hits[i]++
			}
		}
	}
	got := Share(c, 1, NewLevel(0.05))
	lo, hi := clopperPearson(got.Value, 10000, 0.05)
	near(t, "width against that of 10,000 cases", (got.Hi-got.Lo)/(hi-lo), 1, 0.1)
}

// Shares of nothing and of all have a width, for what was not seen may come; the
// rule of three says about 3/n.
func TestShareWithoutHits(t *testing.T) {
	c := Counts{make([]float64, 20), make([]float64, 20)}
	for i := range c.Of {
		c.Of[i] = 500
	}
	none := Share(c, 1, NewLevel(0.05))
	near(t, "none", none.Value, 0, 0)
	near(t, "lower end", none.Lo, 0, 0)
	near(t, "upper end: -ln(0.025)/10000, widened by (t/z)^2", none.Hi, 3.689/10000*math.Pow(2.093/1.960, 2), 2e-6)
	if wide := Share(c, 4, NewLevel(0.05)); math.Abs(wide.Hi/none.Hi-4) > 0.01 {
		t.Errorf("failures that come in fours: upper end %v, want four times %v", wide.Hi, none.Hi)
	}
	copy(c.Hits, c.Of)
	all := Share(c, 1, NewLevel(0.05))
	near(t, "mirrored", all.Lo, 1-none.Hi, 1e-12)
	near(t, "mirrored", all.Hi, 1, 0)
}

// What does not vary has no width once ten replications have shown it.
func TestShareThatDoesNotVary(t *testing.T) {
	c := Counts{make([]float64, 12), make([]float64, 12)}
	for i := range c.Of {
		c.Hits[i], c.Of[i] = 3, 12
	}
	if got := Share(c, 5, NewLevel(0.05)); got != (Interval{0.25, 0.25, 0.25}) {
		t.Errorf("%v", got)
	}
}

// Mirroring a share mirrors its interval, skewed or not.
func TestShareIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(5, 40).Draw(t, "n")
		var a, b Counts
		for range n {
			of := rapid.IntRange(1, 50).Draw(t, "of")
			hits := rapid.IntRange(0, of).Draw(t, "hits")
			if rapid.Bool().Draw(t, "none") {
				hits = 0
			}
			a.Of, b.Of = append(a.Of, float64(of)), append(b.Of, float64(of))
			a.Hits, b.Hits = append(a.Hits, float64(hits)), append(b.Hits, float64(of-hits))
		}
		x, y := Share(a, 1, NewLevel(0.05)), Share(b, 1, NewLevel(0.05))
		if math.Abs(x.Lo-(1-y.Hi)) > 1e-6 || math.Abs(x.Hi-(1-y.Lo)) > 1e-6 {
			t.Fatalf("%v mirrored is %v", x, y)
		}
		if x.Lo < 0 || x.Hi > 1 || x.Lo > x.Value+1e-12 || x.Hi < x.Value-1e-12 {
			t.Fatalf("%v", x)
		}
	})
}
