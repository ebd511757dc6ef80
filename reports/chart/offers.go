package chart

import (
	"cmp"
	"slices"

	"ratesim/provider/capacity"
	"ratesim/reports/words"
)

// Offered is an option of one of several offers.
type Offered struct {
	*capacity.Option
	Offer  string // vendor/model
	Chosen bool   // it is the answer
}

// Offers shows what options of several vendors cost a month, cheapest first, and what they do to
// requests. The title is the finding; facts say what was looked at.
func Offers(title, currency string, facts []string, all []Offered) *Ranking {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Offered) int { return cmp.Compare(a.USDPerMonth, b.USDPerMonth) })
	money := words.Printable(currency)
	cost := Panel{Title: money + " a month"}
	spilled, refused, within := Panel{Title: "Spilled"}, Panel{Title: "Refused"}, Panel{Title: "95 % within"}
	c := &Ranking{Head: Head{Name: "offers", Title: title, Notes: []string{"Cheapest first. Blue: the answer."}, Facts: facts}}
	var amounts []float64
	for _, o := range all {
		row := Row{Name: o.Offer + ": " + words.Printable(o.Title())}
		if o.Chosen {
			row.Role = Chosen
		}
		if len(o.Missed) > 0 {
			row.Why, c.Why = "misses: "+words.List(words.Printables(o.Missed), "and"), "Objective"
		}
		c.Rows = append(c.Rows, row)
		amounts = append(amounts, o.USDPerMonth)
		cost.Rows = append(cost.Rows, Marks{Parts: []Part{{Amount, o.USDPerMonth}}, Text: words.Money(o.USDPerMonth)})
		spilled.Rows = append(spilled.Rows, Marks{Text: share(&o.SpilledShare)})
		refused.Rows = append(refused.Rows, Marks{Text: share(o.RejectedShare)})
		time := words.Absent
		if o.LatencyP95 != nil {
			time = words.Write(*o.LatencyP95, words.Seconds)
		}
		within.Rows = append(within.Rows, Marks{Text: time})
	}
	cost.Axis = linear(money+" a month", 0, max(cut(amounts), 1)*1.02, 3, words.Quantity)
	c.Panels = []Panel{cost, spilled, refused, within}
	return c
}
