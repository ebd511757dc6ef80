package metrics

import (
	"cmp"
	"slices"
)

// jain is Jain's fairness index, (sum x)^2 / (n sum x^2) (Jain, Chiu and Hawe,
// DEC-TR-301, 1984): 1 when all get the same and 1/n when one gets all. NaN of fewer
// than two, and where nobody gets anything.
func jain(xs []float64) float64 {
	var sum, squares float64
	for _, x := range xs {
		sum, squares = sum+x, squares+x*x
	}
	return unless(len(xs) < 2 || squares == 0, sum*sum/(float64(len(xs))*squares))
}

// instanceFairness is Jain's index of goodput over demand.
func instanceFairness(all []Served) float64 {
	var xs []float64
	for _, s := range all {
		if s.Demand > 0 {
			xs = append(xs, float64(s.Good)/float64(s.Demand))
		}
	}
	return jain(xs)
}

// tenantFairness is Jain's index over tenants of goodput divided by what max-min
// fairness would give the tenant of the tokens that the limits allowed, each at most
// 1. A tenant that asks for more than its share and is held to it is treated
// fairly; one that asks for less and does not get it is not. Without a limit on
// tokens the fair share is the demand.
func (r *Run) tenantFairness() float64 {
	var demands, goods, weights []float64
	for i := range r.Tenants {
		if t := &r.Tenants[i]; t.Demand > 0 {
			demands, goods = append(demands, float64(t.Demand)), append(goods, float64(t.Good))
			weights = append(weights, r.setup.weight(i))
		}
	}
	shares := demands
	if r.Allowed > 0 {
		shares = fairShares(demands, weights, r.Allowed)
	}
	xs := make([]float64, len(shares))
	for i, share := range shares {
		xs[i] = min(1, goods[i]/share)
	}
	return jain(xs)
}

// fairShares divides capacity between demands by weighted max-min fairness:
// nobody gets more than the demand, and what some leave is divided between the
// others by weight ("water filling"; Bertsekas and Gallager, Data Networks, 6.5.2).
func fairShares(demands, weights []float64, capacity float64) []float64 {
	order := make([]int, len(demands))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(demands[a]*weights[b], demands[b]*weights[a])
	})
	left, weight := capacity, 0.0
	for _, w := range weights {
		weight += w
	}
	shares := make([]float64, len(demands))
	for _, i := range order { // those that ask for least beside their weight first
		shares[i] = min(demands[i], left*weights[i]/weight)
		left -= shares[i]
		weight -= weights[i]
	}
	return shares
}
