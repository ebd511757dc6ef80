package capacity

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// Conclude judges the options by the objectives and recommends the cheapest that
// meets them all. It is called once the service has been measured, or without
// it.
func (e *Evaluation) Conclude() {
	r := e.Report
	best := e.Best(r.Options)
	r.Recommendation = Recommendation{Option: best, FlipsIf: []string{}}
	if best < 0 {
		r.Recommendation.Why = "no option meets " + strings.Join(r.Objectives, " and ") + ": " + e.nearest()
		return
	}
	chosen := &r.Options[best]
	r.Recommendation.USDPerMonth = chosen.USDPerMonth
	r.Recommendation.PTUsInterval = [2]int{chosen.PTUs, chosen.PTUs}
	r.Recommendation.Why = e.why(chosen)
	for _, f := range e.flips(chosen) {
		r.Recommendation.FlipsIf = append(r.Recommendation.FlipsIf, f.If)
		if f.Change != 0 {
			r.Recommendation.Flips = append(r.Recommendation.Flips, f)
		}
	}
	dear := e.cheaper(chosen) != nil
	r.Recommendation.ByObjective = dear
	if len(e.offer.Terms) == 0 || dear && chosen.PTUs == 0 {
		return // that PTUs are cheaper is not what it turns on
	}
	if certain := e.bootstrap(chosen, !dear, e.key); certain.Days >= 2 {
		r.Recommendation.Pays = &certain.Pays
		if !dear {
			r.Recommendation.PTUsInterval = [2]int{certain.Lo, certain.Hi}
		}
	}
}

// Best judges options by the objectives and returns the index of the cheapest that meets
// them all, -1 if none does.
func (e *Evaluation) Best(options []Option) int {
	best := -1
	for i := range options {
		o := &options[i]
		o.Missed = e.Missed(o)
		o.MeetsSLO = len(o.Missed) == 0
		if o.MeetsSLO && (best < 0 || better(o, &options[best])) {
			best = i
		}
	}
	return best
}

// Missed says which objectives an option misses, and by what.
func (e *Evaluation) Missed(o *Option) []string {
	var out []string
	for _, b := range e.objectives {
		if m := b.missed(o); m != "" {
			out = append(out, m)
		}
	}
	return out
}

// better reports whether a is cheaper than b, or as cheap and spills what b would
// refuse.
func better(a, b *Option) bool {
	const same = 1e-9
	if math.Abs(a.USDPerMonth-b.USDPerMonth) > same*b.USDPerMonth {
		return a.USDPerMonth < b.USDPerMonth
	}
	return a.Spills && !b.Spills && b.PTUs > 0
}

// nearest names the option that misses fewest objectives, of those the one that
// misses them by least, of those the cheapest.
func (e *Evaluation) nearest() string {
	excess := func(o *Option) (sum float64) {
		for _, b := range e.objectives {
			sum += b.excess(o)
		}
		return sum
	}
	list := e.Report.Options
	at := 0
	for i := range list {
		a, b := &list[i], &list[at]
		if cmp.Or(cmp.Compare(len(a.Missed), len(b.Missed)), cmp.Compare(excess(a), excess(b)), cmp.Compare(a.USDPerMonth, b.USDPerMonth)) < 0 {
			at = i
		}
	}
	return fmt.Sprintf("%s comes nearest with %s", list[at].Title(), strings.Join(list[at].Missed, ", "))
}

// Units is what the units of an option are called.
func (o *Option) Units() string {
	return plural(o.PTUs+o.Outputs, cmp.Or(o.Unit, "PTU"))
}

// counted writes a number of units.
func counted(n int, unit string) string { return fmt.Sprintf("%d %s", n, plural(n, unit)) }

// plural is what so many units are called.
func plural(n int, unit string) string {
	if n == 1 {
		return unit
	}
	return unit + "s"
}

// Title names an option for people: 45 PTUs yearly with spillover, or 3+4 bundles where units of
// input and output are bought by themselves.
func (o *Option) Title() string {
	title := "pay-as-you-go"
	switch {
	case o.Schedule != nil:
		title = fmt.Sprintf("%d %s yearly and up to %d by the hour", o.Schedule.Reserved, o.Units(), o.PTUs-o.Schedule.Reserved)
	case o.Outputs > 0:
		title = fmt.Sprintf("%d+%d %s %s", o.PTUs, o.Outputs, o.Units(), o.Commitment)
		if o.Spills {
			title += " with spillover"
		}
	case o.PTUs > 0:
		title = fmt.Sprintf("%d %s %s", o.PTUs, o.Units(), o.Commitment)
		if o.Spills {
			title += " with spillover"
		}
	}
	if o.Rule != "" {
		title += ", " + o.Rule
	}
	if o.Online < 1 {
		title += fmt.Sprintf(", %.0f %% batched", 100*(1-o.Online))
	}
	return title
}

// why gives the reason in one sentence.
func (e *Evaluation) why(chosen *Option) string {
	if o := e.cheaper(chosen); o != nil {
		why := fmt.Sprintf("%s would cost less but miss the objective (%s)", o.Title(), strings.Join(o.Missed, ", "))
		if chosen.PTUs > 0 {
			why += fmt.Sprintf("; %.0f %% of these %s are used", 100*chosen.Utilisation, chosen.Units())
		}
		return why
	}
	if e.offer.Unit == "" {
		return e.offer.Vendor + " sells no capacity of this model that the catalog knows"
	}
	total := e.demand.Total()
	if len(e.offer.Terms) == 0 {
		unit := "a " + e.offer.Unit
		if e.offer.Outputs > 0 {
			unit = fmt.Sprintf("a %s of input with %.2g of output", e.offer.Unit, e.offer.Outputs)
		}
		return fmt.Sprintf("the price of a %s is not known; %s would pay below %.2f a month if all of it were used", e.offer.Unit, unit, e.offer.worth(total))
	}
	longest := e.offer.Longest()
	even := e.offer.BreakEven(longest, total)
	if chosen.PTUs > 0 {
		why := fmt.Sprintf("its %s are %.0f %% used, and they pay above %.0f %%", chosen.Units(), 100*chosen.Utilisation, 100*even*e.perPTU(chosen)/e.offer.price(longest))
		if chosen.SpilledShare > 0 {
			why += fmt.Sprintf("; %.2g %% of the tokens spill over", 100*chosen.SpilledShare)
		}
		return why
	}
	if even > 1 {
		return fmt.Sprintf("a %s costs more than the tokens it can serve: it would pay at %.0f %% utilisation", e.offer.Unit, 100*even)
	}
	smallest := e.offer.Sizes.Minimum
	used := e.overflow.Used(float64(smallest) * e.offer.PerUnit)
	return fmt.Sprintf("even the smallest deployment, %s, would be %.0f %% used, and a %s reservation pays above %.0f %%", counted(smallest, e.offer.Unit), 100*used, longest, 100*even)
}

// perPTU is what an option's PTUs cost a month, each on average.
func (e *Evaluation) perPTU(o *Option) float64 {
	if o.Schedule != nil {
		return o.USDPerMonth / (float64(o.Schedule.Reserved) + o.Schedule.Extra)
	}
	return e.fixed(o) / float64(o.PTUs)
}

// cheaper returns the cheapest option that costs less than the chosen one and
// misses an objective.
func (e *Evaluation) cheaper(chosen *Option) *Option {
	var found *Option
	for i := range e.Report.Options {
		if o := &e.Report.Options[i]; !o.MeetsSLO && o.USDPerMonth < chosen.USDPerMonth && (found == nil || o.USDPerMonth < found.USDPerMonth) {
			found = o
		}
	}
	return found
}
