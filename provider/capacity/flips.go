package capacity

import (
	"fmt"
	"math"
	"strings"
)

// mostGrowth bounds what growth is looked at: the smallest deployment
// against one token a minute.
const mostGrowth = 1e6

// flips says what would change a recommendation, others staying as they are.
func (e *Evaluation) flips(chosen *Option) (out []Flip) {
	const cheaper = "pay-as-you-go is cheaper"
	if o := e.cheaper(chosen); o != nil {
		out = append(out, Flip{If: fmt.Sprintf("%s will do: %s for %.0f a month", strings.Join(o.Missed, ", "), o.Title(), o.USDPerMonth)})
	}
	if chosen.PTUs == 0 {
		return append(out, e.flipsToUnits()...)
	}
	without := e.payAsYouGo(chosen.Online)
	saved := without.USDPerMonth - (chosen.USDPerMonth - e.fixed(chosen)) // what the PTUs save by the token
	if saved <= 0 {
		return out
	}
	if g := e.shrinks(chosen); g > 0 && g < 1 {
		out = append(out, Flip{"demand", g - 1, cheaper, fmt.Sprintf("demand falls by %.0f %% and the %ss stay: pay-as-you-go is cheaper below that", 100*(1-g), e.offer.Unit)})
	}
	if k := e.fixed(chosen) / saved; k < 1 {
		out = append(out, Flip{"pay-as-you-go prices", k - 1, cheaper, fmt.Sprintf("pay-as-you-go prices fall by %.0f %%", 100*(1-k))})
		out = append(out, Flip{e.offer.Unit + " prices", 1/k - 1, cheaper, fmt.Sprintf("%ss cost %.0f %% more", e.offer.Unit, 100*(1/k-1))})
	}
	if c, _ := chosen.commitment(); chosen.Spills && chosen.PTUs == e.best(e.overflow, c, chosen.Online) {
		if grown := e.best(e.overflow, c, 1.5*chosen.Online); grown != chosen.PTUs {
			out = append(out, Flip{"demand", 0.5, counted(grown, e.offer.Unit) + " are the cheapest", fmt.Sprintf("demand grows by 50 %%: %s are the cheapest then", counted(grown, e.offer.Unit))})
		}
	}
	return out
}

// forHowLong says how long a commitment is.
var forHowLong = [...]string{"by the hour", "for a week", "for a month", "for three months", "for a year"}

// fixed is what an option pays a month whatever is used.
func (e *Evaluation) fixed(o *Option) float64 {
	if o.Schedule != nil {
		return o.USDPerMonth
	}
	if c, ok := o.commitment(); ok {
		return e.offer.cost(o.PTUs, c)
	}
	return 0
}

// shrinks returns the share of the demand at which the option, its PTUs staying,
// costs what pay-as-you-go does. What it costs less falls with the demand, so
// that there is one.
func (e *Evaluation) shrinks(o *Option) float64 {
	fixed := e.fixed(o)
	capacity := float64(o.PTUs) * e.offer.PerUnit
	dearer := func(g float64) bool {
		spilled := 0.0
		if o.Spills {
			spilled = g * e.overflow.Cost(capacity/g) * minutesPerMonth
		}
		return fixed+spilled > g*e.payg
	}
	if dearer(1) || o.Online < 1 {
		return 1
	}
	return bisect(1e-6, 1, dearer)
}

// flipsToUnits says when units would begin to pay.
func (e *Evaluation) flipsToUnits() []Flip {
	if len(e.offer.Terms) == 0 {
		return nil
	}
	longest := e.offer.Longest()
	yearly, term := e.offer.price(longest), forHowLong[longest]
	minimum := e.offer.Sizes.Minimum
	pays := func(g float64) bool { // with a demand of g times this
		return e.overflow.Best(e.offer.Sizes, e.offer.PerUnit/g, yearly/minutesPerMonth/g) > 0
	}
	then := counted(minimum, e.offer.Unit) + " " + term + map[bool]string{true: " pays", false: " pay"}[minimum == 1]
	var out []Flip
	switch {
	case pays(1): // it is not the price that speaks against them
	case pays(mostGrowth):
		g := bisect(1, mostGrowth, func(g float64) bool { return !pays(g) })
		out = append(out, Flip{"demand", g - 1, then, fmt.Sprintf("demand grows %.1f-fold: a %s reservation of %s with spillover pays from there on", g, longest, counted(minimum, e.offer.Unit))})
	default:
		out = append(out, Flip{If: "no growth alone: at these prices a " + e.offer.Unit + " never pays for a demand of this shape"})
	}
	// The first PTUs are used most, so that the smallest size pays first.
	saved := e.payg - e.overflow.Cost(float64(minimum)*e.offer.PerUnit)*minutesPerMonth
	if price := saved / float64(minimum); price < yearly {
		out = append(out, Flip{e.offer.Unit + " prices", price/yearly - 1, then, fmt.Sprintf("a %s costs less than %.2f a month (%.0f %% off the %s reservation)", e.offer.Unit, price, 100*(1-price/yearly), longest)})
	}
	return out
}

// bisect returns where above becomes false between lo, where it holds, and hi,
// to a thousandth.
func bisect(lo, hi float64, above func(float64) bool) float64 {
	for range 60 {
		mid := math.Sqrt(lo * hi)
		if above(mid) {
			lo = mid
		} else {
			hi = mid
		}
		if hi/lo < 1.0005 {
			break
		}
	}
	return hi
}
