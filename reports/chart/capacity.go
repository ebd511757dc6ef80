package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ratesim/provider/capacity"
	"ratesim/reports/words"
)

// Capacity returns the charts of a question of how many units of capacity to buy: what sizes cost,
// what the options cost, what turns the answer, and the demand over time.
func Capacity(r *capacity.Report) []Chart {
	s := sizing{Report: r}
	if i := r.Recommendation.Option; i >= 0 && i < len(r.Options) {
		s.chosen = &r.Options[i]
	}
	var out []Chart
	if c := s.cost(); c != nil {
		out = append(out, c)
	}
	if c := s.options(); c != nil {
		out = append(out, c)
	}
	if c := s.flips(); c != nil {
		out = append(out, c)
	}
	if c := s.demand(); c != nil {
		out = append(out, c)
	}
	return out
}

// sizing is a report with what charts ask of it.
type sizing struct {
	*capacity.Report
	chosen *capacity.Option // nil: none meets the objectives
}

func (s *sizing) head(name, title string, notes ...string) Head {
	out := []string{words.Printable(s.Model), words.Printable(s.Deployment), words.Printable(s.Source),
		plural(words.Write(float64(s.Requests), words.Quantity), "request")}
	return Head{Name: name, Title: title, Notes: notes, Facts: out}
}

// units is what the units are called that are sold.
func (s *sizing) units() string { return cmp.Or(words.Printable(s.Unit), "PTU") + "s" }

// perUnit is what a unit gives, in normalised tokens a minute; 0 if the report does not
// tell.
func (s *sizing) perUnit() float64 {
	if s.PerUnit > 0 {
		return s.PerUnit
	}
	for _, a := range s.Assumptions {
		if a.What == "input TPM per PTU" {
			return a.Value
		}
	}
	return 0
}

// A price is what sizes cost under one commitment.
type price struct {
	commitment string
	label      string
	usd        []float64
}

func (s *sizing) prices() []price {
	c := s.Curves
	if c == nil || len(c.PTUs) < 2 {
		return nil
	}
	var out []price
	labels := [...]string{"by the hour", "for a week", "for a month", "for three months", "reserved for a year"}
	for i := len(labels) - 1; i >= 0; i-- { // the cheapest first
		p := price{capacity.Commitments[i], labels[i], *c.By(capacity.Commitment(i))}
		if len(p.usd) == 0 {
			continue
		}
		if len(p.usd) != len(c.PTUs) || !words.Finite(p.usd...) {
			return nil
		}
		out = append(out, p)
	}
	return out
}

// shown is the commitment whose best size is marked: the recommended one, else the
// cheapest.
func (s *sizing) shown(prices []price) int {
	if s.chosen != nil {
		if i := slices.IndexFunc(prices, func(p price) bool { return p.commitment == s.chosen.Commitment }); i >= 0 {
			return i
		}
	}
	best := 0
	for i := range prices {
		if slices.Min(prices[i].usd) < slices.Min(prices[best].usd) {
			best = i
		}
	}
	return best
}

// cost shows what each number of units costs with spillover above the share of minutes
// that need more.
func (s *sizing) cost() *Curves {
	prices := s.prices()
	if prices == nil {
		return nil
	}
	marked := s.shown(prices)
	usd, sizes := prices[marked].usd, s.Curves.PTUs
	best := slices.Index(usd, slices.Min(usd))
	payg := usd[0]
	last := min(len(sizes)-1, max(best, 1)+1)
	for last < len(sizes)-1 && usd[last] < payg*1.02 {
		last++
	}
	money := words.Printable(s.Currency)
	c := &Curves{X: linear(s.units(), 0, float64(sizes[last]), 8, words.Quantity)}
	top := max(payg*1.12, usd[last])
	low := max(0, usd[best]-0.4*(top-usd[best]))
	c.Y = linear(money+" a month, the rest spilling over", low, top, 8, words.Quantity)
	for i, p := range prices {
		l := Line{Names: []string{p.label}}
		if i == marked && best > 0 {
			l.Role = Chosen
		}
		for k := range last + 1 {
			l.X, l.Y = append(l.X, float64(sizes[k])), append(l.Y, p.usd[k])
		}
		c.Lines = append(c.Lines, l)
	}
	c.Lines = append(c.Lines, Line{Names: []string{"pay-as-you-go: " + words.Money(payg)}, Role: Limit, Dashed: true, X: []float64{0, c.X.Hi}, Y: []float64{payg, payg}})
	c.Head = s.head("cost", "", "Cost of a month by the number of "+s.units()+", what exceeds them spilling over to pay-as-you-go. The scale does not begin at 0.")
	if low == 0 {
		c.Notes[0] = strings.TrimSuffix(c.Notes[0], " The scale does not begin at 0.")
	}
	if best == 0 {
		c.Title = fmt.Sprintf("Pay-as-you-go costs least: %s %s a month, against %s for %d %s, the fewest that can be bought", words.Money(payg), money, words.Money(usd[1]), sizes[1], s.units())
	} else {
		c.Title = s.nearTitle(c, usd, best)
	}
	c.Below = s.needed(c, prices[marked].commitment)
	if c.Below != nil {
		c.Notes = append(c.Notes, "Below: the share of minutes that need more than so many "+s.units()+".")
	}
	return c
}

// nearTitle says which sizes cost within 1 % of the cheapest, and marks them.
func (s *sizing) nearTitle(c *Curves, usd []float64, best int) string {
	const near = 1.01
	sizes := s.Curves.PTUs
	from, to := best, best
	for from > 1 && usd[from-1] <= usd[best]*near {
		from--
	}
	for to < len(usd)-1 && usd[to+1] <= usd[best]*near {
		to++
	}
	money := words.Money(usd[best])
	c.Bands = []Band{{float64(sizes[from]), float64(sizes[to]), fmt.Sprintf("%d %s: %s", sizes[best], s.units(), money)}}
	c.Notes = append(c.Notes, "Pale: within 1 % of the cheapest.")
	if from == to {
		return fmt.Sprintf("%d %s cost least, %s %s a month; every other number costs over 1 %% more", sizes[best], s.units(), money, words.Printable(s.Currency))
	}
	return fmt.Sprintf("Any number from %d to %d %s costs within 1 %% of the cheapest; above %d each step costs more than it saves", sizes[from], sizes[to], s.units(), sizes[to])
}

// needed shows in which share of the minutes more than so many units are needed.
func (s *sizing) needed(c *Curves, commitment string) *Curves {
	per, bins := s.perUnit(), s.Curves.Histogram
	if per <= 0 || s.Curves.Bin <= 0 || !words.Finite(bins...) {
		return nil
	}
	l := Line{Names: []string{"minutes that need more"}, Role: Load, X: []float64{0}, Y: []float64{1}}
	left := 1.0
	for i, share := range bins {
		left = max(0, left-share)
		l.X, l.Y = append(l.X, float64(i+1)*s.Curves.Bin/per), append(l.Y, left)
	}
	below := &Curves{X: c.X, Y: linear("share of the minutes", 0, 1, 2, words.Percent), Lines: []Line{l}, Bands: c.Bands}
	even := s.BreakEven[commitment]
	if even > 0 && even < 1 && len(c.Bands) > 0 {
		below.Lines = append(below.Lines, Line{Names: []string{"a " + strings.TrimSuffix(s.units(), "s") + " pays above " + words.Write(even, words.Percent)}, Role: Limit, Dashed: true, X: []float64{0, c.X.Hi}, Y: []float64{even, even}})
	}
	return below
}

// options shows what all options cost a month, cheapest first.
func (s *sizing) options() *Ranking {
	if len(s.Options) == 0 {
		return nil
	}
	order := make([]*capacity.Option, len(s.Options))
	for i := range s.Options {
		order[i] = &s.Options[i]
	}
	slices.SortStableFunc(order, func(a, b *capacity.Option) int { return cmp.Compare(a.USDPerMonth, b.USDPerMonth) })
	payg := s.Options[0].USDPerMonth
	money := words.Printable(s.Currency)
	cost := Panel{Title: money + " a month"}
	against, spilled, refused, within := Panel{Title: "Against pay-as-you-go"}, Panel{Title: "Spilled"}, Panel{Title: "Refused"}, Panel{Title: "95 % within"}
	c := &Ranking{Head: s.head("options", s.optionsTitle(order), "Cheapest first. Blue: recommended.")}
	var all []float64
	for _, o := range order {
		row := Row{Name: words.Printable(o.Title())}
		if o == s.chosen {
			row.Role = Chosen
		}
		if len(o.Missed) > 0 {
			row.Why = "misses: " + words.List(words.Printables(o.Missed), "and")
			c.Why = "Objective"
		}
		c.Rows = append(c.Rows, row)
		all = append(all, o.USDPerMonth)
		cost.Rows = append(cost.Rows, Marks{Parts: []Part{{Amount, o.USDPerMonth}}, Text: words.Money(o.USDPerMonth)})
		change := words.Absent
		if payg > 0 && o.Name != "payg" {
			change = fmt.Sprintf("%+.0f %%", 100*(o.USDPerMonth/payg-1))
		}
		against.Rows = append(against.Rows, Marks{Text: change})
		spilled.Rows = append(spilled.Rows, Marks{Text: share(&o.SpilledShare)})
		refused.Rows = append(refused.Rows, Marks{Text: share(o.RejectedShare)})
		time := words.Absent
		if o.LatencyP95 != nil {
			time = words.Write(*o.LatencyP95, words.Seconds)
		}
		within.Rows = append(within.Rows, Marks{Text: time})
	}
	cost.Axis = linear(money+" a month", 0, max(cut(all), 1)*1.02, 3, words.Quantity)
	c.Panels = []Panel{cost, against, spilled, refused, within}
	return c
}

func share(v *float64) string {
	switch {
	case v == nil:
		return words.Absent
	case *v == 0:
		return "0"
	}
	return words.Write(*v, words.FinePercent)
}

// optionsTitle holds what is recommended against the cheapest option that is faster or,
// where there is none, against pay-as-you-go.
func (s *sizing) optionsTitle(order []*capacity.Option) string {
	money := words.Printable(s.Currency)
	if s.chosen == nil {
		return "No option meets " + words.List(words.Printables(s.Objectives), "and")
	}
	cost := s.chosen.USDPerMonth
	name := words.Printable(s.chosen.Title())
	if s.chosen.LatencyP95 != nil {
		for _, o := range order {
			if o.MeetsSLO && o.LatencyP95 != nil && *o.LatencyP95 < *s.chosen.LatencyP95*(1-sameCost) {
				return fmt.Sprintf("%s cost least; %s cost %s %s a month more and answer 95 %% within %s, not %s", name, words.Printable(o.Title()), words.Money(o.USDPerMonth-cost), money,
					words.Write(*o.LatencyP95, words.Seconds), words.Write(*s.chosen.LatencyP95, words.Seconds))
			}
		}
	}
	if payg := s.Options[0].USDPerMonth; s.chosen.PTUs > 0 && payg > 0 {
		return fmt.Sprintf("%s cost %s %s a month, %.0f %% less than pay-as-you-go", name, words.Money(cost), money, 100*(1-cost/payg))
	}
	for _, o := range order {
		if o != s.chosen && o.PTUs > 0 && cost > 0 {
			return fmt.Sprintf("%s costs %s %s a month; %s would cost %s times as much", name, words.Money(cost), money, words.Printable(o.Title()), words.Plain(math.Round(10*o.USDPerMonth/cost)/10))
		}
	}
	return fmt.Sprintf("%s costs %s %s a month", name, words.Money(cost), money)
}

// flips shows how far each thing may change before another option is cheaper.
func (s *sizing) flips() *Ranking {
	flips := s.Recommendation.Flips
	if len(flips) == 0 {
		return nil
	}
	first := flips[0]
	p := Panel{Title: "Change that turns the answer"}
	c := &Ranking{Why: "Then"}
	lo, hi := 0.0, 0.0
	for _, f := range flips {
		if math.Abs(f.Change) < math.Abs(first.Change) {
			first = f
		}
		lo, hi = min(lo, f.Change), max(hi, min(f.Change, 1))
		c.Rows = append(c.Rows, Row{Name: turn(f), Why: words.Printable(f.Then)})
		p.Rows = append(p.Rows, Marks{Parts: []Part{{Amount, f.Change}}, Text: change(f.Change)})
	}
	pad := max(hi-lo, 0.1) * 0.04
	p.Axis = linear("change", lo-pad, hi+pad, 5, words.Percent)
	by := words.Plain(math.Round(100*math.Abs(first.Change))) + " %"
	c.Head = s.head("turns", fmt.Sprintf("The answer turns when %s by %s: %s then", turn(first), by, words.Printable(first.Then)),
		"How far each may change, the others as they are, before another choice is cheaper.")
	c.Panels = []Panel{p}
	return c
}

// turn says which way something changes: "demand falls".
func turn(f capacity.Flip) string {
	verb := "rise"
	if f.Change < 0 {
		verb = "fall"
	}
	if f.What == "demand" {
		verb += "s"
	}
	return words.Printable(f.What) + " " + verb
}

// change writes a change with its sign: "−22 %", or "10.8-fold" where it is large.
func change(v float64) string {
	if v > 2 {
		return words.Write(1+v, words.Quantity) + "-fold"
	}
	return fmt.Sprintf("%+.0f %%", 100*v)
}

// demand shows the demand over time against the PTUs that are recommended.
func (s *sizing) demand() *Curves {
	c := s.Curves
	if c == nil || len(c.Mean) == 0 || len(c.Highest) != len(c.Mean) || !words.Finite(c.Mean...) || !words.Finite(c.Highest...) || c.StepMinutes <= 0 {
		return nil
	}
	step := 60 * float64(c.StepMinutes)
	end := step * float64(len(c.Mean))
	out := &Curves{X: overTime(end)}
	high := Line{Names: []string{"highest minute"}, Steps: true}
	mean := Line{Names: []string{"mean"}, Role: Load, Steps: true}
	for i := range c.Mean {
		x := float64(i) * step
		high.X, high.Y = append(high.X, x), append(high.Y, c.Highest[i])
		mean.X, mean.Y = append(mean.X, x), append(mean.Y, c.Mean[i])
	}
	out.Lines = []Line{mean}
	note := "Normalised tokens in each minute."
	if c.StepMinutes == 1 {
		out.Lines[0].Names[0] = "each minute"
	}
	if c.StepMinutes > 1 {
		out.Lines = []Line{high, mean}
		note = fmt.Sprintf("Normalised tokens a minute, mean (grey area) and highest of every %d minutes.", c.StepMinutes)
	}
	top := s.Normalised.Max
	title := fmt.Sprintf("Demand peaks at %s normalised tokens a minute, %s times its mean", words.Write(s.Normalised.Max, words.Quantity), words.Write(s.Normalised.Max/max(s.Normalised.Mean, 1), words.Multiple))
	if s.chosen != nil && s.chosen.PTUs > 0 && s.perUnit() > 0 {
		gives := float64(s.chosen.PTUs) * s.perUnit()
		top = max(top, gives)
		out.Lines = append(out.Lines, Line{Names: []string{s.units()}, Role: Limit, X: []float64{0, end}, Y: []float64{gives, gives}, Label: strconv.Itoa(s.chosen.PTUs)})
		title += fmt.Sprintf("; %d %s give %s", s.chosen.PTUs, s.units(), words.Write(gives, words.Quantity))
	}
	out.Y = linear("normalised tokens a minute", 0, max(top, 1)*1.08, 4, words.Quantity)
	out.Head = s.head("demand", title, note)
	if s.Start != "" {
		out.Facts = append(out.Facts, "from "+words.Printable(s.Start))
	}
	return out
}
