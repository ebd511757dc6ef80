package capacity

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"ratesim/provider/catalog"
)

// Overflow is what a demand costs and how much of it is refused at every
// capacity, the part of each minute above it being paid by the token.
//
// With n minutes of x normalised tokens, of which the token costs p on average
// in its minute, a capacity C spills
//
//	(1/n) sum over x > C of p (x - C)
//
// dollars a minute, which is convex and piecewise linear in C. A capacity that
// costs u a minute for each token of it is best where the slope of the whole is
// 0:
//
//	(1/n) sum over x > C of p = u,   that is   P(x > C) = u / p
//
// for a constant p: the newsvendor's quantile (Arrow, Harris and Marschak,
// "Optimal inventory policy", 1951).
type Overflow struct {
	x     []float64 // from the highest
	cost  []float64 // [k]: of the k highest minutes, without any capacity
	price []float64 // [k]: their sum of p
	over  []float64 // [k]: their sum of x
}

// NewOverflow returns the overflow of minutes of x normalised tokens that cost
// so much pay-as-you-go.
func NewOverflow(x, cost []float64) *Overflow {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	o := &Overflow{x: make([]float64, len(x)), cost: make([]float64, len(x)+1), price: make([]float64, len(x)+1), over: make([]float64, len(x)+1)}
	for k, i := range order {
		o.x[k] = x[i]
		o.cost[k+1] = o.cost[k] + cost[i]
		o.over[k+1] = o.over[k] + x[i]
		o.price[k+1] = o.price[k]
		if x[i] > 0 {
			o.price[k+1] += cost[i] / x[i]
		}
	}
	return o
}

// above returns how many minutes exceed a capacity.
func (o *Overflow) above(capacity float64) int {
	return sort.Search(len(o.x), func(k int) bool { return o.x[k] <= capacity })
}

// Cost returns what is spilled above a capacity costs, a minute on average.
func (o *Overflow) Cost(capacity float64) float64 {
	k := o.above(capacity)
	return max(0, o.cost[k]-capacity*o.price[k]) / float64(max(len(o.x), 1))
}

// Share returns which share of the normalised tokens is above a capacity.
func (o *Overflow) Share(capacity float64) float64 {
	k := o.above(capacity)
	if total := o.over[len(o.x)]; total > 0 {
		return max(0, o.over[k]-capacity*float64(k)) / total
	}
	return 0
}

// Used returns which share of a capacity is used on average.
func (o *Overflow) Used(capacity float64) float64 {
	if capacity <= 0 || len(o.x) == 0 {
		return 0
	}
	return o.over[len(o.x)] * (1 - o.Share(capacity)) / float64(len(o.x)) / capacity
}

// Quantile returns the best capacity when each normalised token a minute of it
// costs u a minute: the smallest at which what one more would save is not above
// u.
func (o *Overflow) Quantile(u float64) float64 {
	n := float64(len(o.x))
	k := sort.Search(len(o.x), func(k int) bool { return o.price[k+1] > u*n })
	if k == len(o.x) {
		return 0 // not even the first token pays
	}
	return o.x[k]
}

// Best returns the number of PTUs of which the total cost is lowest, 0 for
// none, when one gives so many tokens a minute and costs so much a minute. The
// cost is convex in the size, so it is one of the two that can be deployed
// around the quantile, or none.
func (o *Overflow) Best(sizes catalog.Sizes, perPTU, price float64) int {
	exact := o.Quantile(price/perPTU) / perPTU
	above := sizes.AtLeast(exact)
	best, least := 0, o.Cost(0)
	for _, units := range []int{max(sizes.Minimum, above-sizes.Step), above} {
		if total := float64(units)*price + o.Cost(float64(units)*perPTU); total < least*(1-1e-12) {
			best, least = units, total
		}
	}
	return best
}

// Within returns the smallest number of PTUs of which at most a share of the
// tokens is above the capacity.
func (o *Overflow) Within(sizes catalog.Sizes, perPTU, share float64) int {
	if len(o.x) == 0 {
		return sizes.Minimum
	}
	most := int(math.Ceil(o.x[0]/perPTU/float64(sizes.Step))) + 1
	k := sort.Search(most, func(k int) bool {
		return o.Share(float64(sizes.Minimum+k*sizes.Step)*perPTU) <= share
	})
	return sizes.Minimum + k*sizes.Step
}
