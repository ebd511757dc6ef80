package capacity

import (
	"fmt"
	"math"
	"strings"
)

// Conclude judges the options by the objectives and recommends the cheapest that
// meets them all. It is called once the service has been measured, or without
// it.
func (e *Evaluation) Conclude() {
	r := e.Report
	best := -1
	for i := range r.Options {
		o := &r.Options[i]
		o.Missed = e.Missed(o)
		o.MeetsSLO = len(o.Missed) == 0
		if o.MeetsSLO && (best < 0 || better(o, &r.Options[best])) {
			best = i
		}
	}
	r.Recommendation = Recommendation{Option: best, FlipsIf: []string{}}
	if best < 0 {
		r.Recommendation.Why = "no option meets " + strings.Join(r.Objectives, " and ") + ": " + e.nearest()
		return
	}
	chosen := &r.Options[best]
	c := Yearly
	for k := range Commitment(len(Commitments)) {
		if k.String() == chosen.Commitment {
			c = k
		}
	}
	certain := e.bootstrap(c, e.key)
	r.Recommendation.USDPerMonth = chosen.USDPerMonth
	r.Recommendation.PTUsInterval = [2]int{certain.Lo, certain.Hi}
	if certain.Days < 2 {
		r.Recommendation.PTUsInterval = [2]int{chosen.PTUs, chosen.PTUs}
	} else {
		r.Recommendation.Pays = &certain.Pays
	}
	r.Recommendation.Why = e.why(chosen)
	if f := e.flips(chosen); f != nil {
		r.Recommendation.FlipsIf = f
	}
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

// nearest names the option that refuses least.
func (e *Evaluation) nearest() string {
	least, at := math.Inf(1), 0
	for i := range e.Report.Options {
		o := &e.Report.Options[i]
		if v := float64(len(o.Missed)); v < least || v == least && o.USDPerMonth < e.Report.Options[at].USDPerMonth {
			least, at = v, i
		}
	}
	o := &e.Report.Options[at]
	return fmt.Sprintf("%s comes nearest with %s", o.Title(), strings.Join(o.Missed, ", "))
}

// Title names an option for people: 45 PTUs, yearly, with spillover.
func (o *Option) Title() string {
	title := "pay-as-you-go"
	switch {
	case o.Schedule != nil:
		title = fmt.Sprintf("%d PTUs yearly and up to %d by the hour", o.Schedule.Reserved, o.PTUs-o.Schedule.Reserved)
	case o.PTUs > 0:
		title = fmt.Sprintf("%d PTUs %s", o.PTUs, o.Commitment)
		if o.Spills {
			title += " with spillover"
		}
	}
	if o.Online < 1 {
		title += fmt.Sprintf(", %.0f %% batched", 100*(1-o.Online))
	}
	return title
}

// why gives the reason in one sentence.
func (e *Evaluation) why(chosen *Option) string {
	r := e.Report
	even := r.BreakEven.Yearly
	if chosen.Commitment != "none" {
		if chosen.Commitment == "hourly" {
			even = r.BreakEven.Hourly
		} else if chosen.Commitment == "monthly" {
			even = r.BreakEven.Monthly
		}
		why := fmt.Sprintf("its PTUs are %.0f %% used, and they pay above %.0f %%", 100*chosen.Utilisation, 100*even)
		if chosen.SpilledShare > 0 {
			why += fmt.Sprintf("; %.2g %% of the tokens spill over", 100*chosen.SpilledShare)
		}
		if payg := &r.Options[0]; !payg.MeetsSLO && payg.USDPerMonth < chosen.USDPerMonth {
			why = fmt.Sprintf("pay-as-you-go is cheaper but misses the objective (%s)", strings.Join(payg.Missed, ", "))
		}
		return why
	}
	smallest := float64(e.offer.Sizes.Minimum)
	used := e.overflow.Used(smallest * e.offer.TPMPerPTU)
	if even > 1 {
		return fmt.Sprintf("a PTU costs more than the tokens it can serve: it would pay at %.0f %% utilisation", 100*even)
	}
	if cheaper := e.cheaper(chosen); cheaper != nil {
		return fmt.Sprintf("%s is cheaper but misses the objective (%s)", cheaper.Title(), strings.Join(cheaper.Missed, ", "))
	}
	return fmt.Sprintf("even the smallest deployment, %d PTUs, would be %.0f %% used, and a yearly reservation pays above %.0f %%", e.offer.Sizes.Minimum, 100*used, 100*even)
}

// cheaper returns the cheapest option that costs less than the chosen one.
func (e *Evaluation) cheaper(chosen *Option) *Option {
	var found *Option
	for i := range e.Report.Options {
		if o := &e.Report.Options[i]; o.USDPerMonth < chosen.USDPerMonth && (found == nil || o.USDPerMonth < found.USDPerMonth) {
			found = o
		}
	}
	return found
}
