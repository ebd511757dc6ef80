package chart

import (
	"fmt"
	"math"
	"slices"

	"ratesim/reports/words"
	"ratesim/scenarios/workload/profile"
)

// Workload returns the charts of a usage log: which limits it exceeds, tier by tier, what it
// asks for over time, how large requests are, and the day.
func Workload(p *profile.Profile) []Chart {
	l := usageLog{p}
	var out []Chart
	if c := l.ladder(); c != nil {
		out = append(out, c)
	}
	if c := l.overTime(); c != nil {
		out = append(out, c)
	}
	if c := l.lengths(); c != nil {
		out = append(out, c)
	}
	if c := l.day(); c != nil {
		out = append(out, c)
	}
	return out
}

// usageLog is a profile with what charts ask of it.
type usageLog struct{ *profile.Profile }

func (l usageLog) head(name, title string, notes ...string) Head {
	return Head{Name: name, Title: title, Notes: notes, Facts: []string{words.Printable(l.Source), plural(words.Write(float64(l.Requests), words.Quantity), "request")}}
}

// fits are the smallest tiers, of each model one, whose limits are never exceeded.
func (l usageLog) fits() (refs []string) {
	for _, s := range l.Steps() {
		if s.Fits >= 0 {
			refs = append(refs, words.Printable(s.Tiers[s.Fits].Ref))
		}
	}
	return refs
}

// ladder shows the peak of each limit against what it allows, tier by tier.
func (l usageLog) ladder() *Ranking {
	var limits []string
	lo, hi := math.Inf(1), 1.0
	for _, t := range l.Ladder {
		for _, u := range t.Limits {
			if !slices.Contains(limits, u.Limit) {
				limits = append(limits, u.Limit)
			}
			if u.Ratio > 0 {
				lo, hi = min(lo, u.Ratio), max(hi, u.Ratio)
			}
		}
	}
	if len(limits) == 0 || math.IsInf(lo, 1) {
		return nil
	}
	axis := logarithmic("of what is allowed", min(lo, 0.1)*0.8, max(hi, 10)*1.3, words.Percent)
	axis.Ticks = slices.DeleteFunc(axis.Ticks, func(v float64) bool { return math.Abs(math.Log10(v)-math.Round(math.Log10(v))) > 1e-9 }) // 100 % is one
	fits := l.fits()
	c := &Ranking{Why: "Exceeds"}
	for _, t := range l.Ladder {
		row := Row{Name: words.Printable(t.Ref), Why: "nothing"}
		if slices.Contains(fits, row.Name) {
			row.Role = Chosen
		}
		if len(t.Breaks) > 0 {
			row.Why = words.List(words.Printables(t.Breaks), "and")
		}
		c.Rows = append(c.Rows, row)
	}
	for _, name := range limits {
		panel := Panel{Title: words.Printable(name) + ": peak, of what is allowed", Axis: axis}
		for _, t := range l.Ladder {
			m := Marks{Text: words.Absent}
			if i := slices.IndexFunc(t.Limits, func(u profile.Use) bool { return u.Limit == name }); i >= 0 {
				u := t.Limits[i]
				text := words.Write(u.Ratio, words.Percent)
				m = Marks{Points: []Point{{At: u.Ratio, Lo: u.Ratio, Hi: u.Ratio, Stem: true, Text: text}}, Text: text}
			}
			panel.Rows = append(panel.Rows, m)
		}
		c.Panels = append(c.Panels, panel)
	}
	title := "No tier is large enough for the peaks of this log"
	if len(fits) > 0 {
		title = "The peaks of this log fit within the limits of " + words.List(fits, "and of")
	}
	c.Head = l.head("ladder", title, "The most that the log asks of each limit in any window of its length, divided by what the limit allows. Above 100 % it is exceeded. Blue: the smallest tier that is never exceeded.")
	return c
}

// overTime shows the tokens of each minute, and requests where there are no tokens, against
// the limits of the tiers.
func (l usageLog) overTime() *Curves {
	s := l.Series
	if s == nil || len(s.RPM) < 2 {
		return nil
	}
	values, what, limit, rate := s.TPM, "tokens", "tpm", l.TPM
	if rate == nil {
		values, what, limit, rate = s.RPM, "requests", "rpm", l.RPM
	}
	if rate == nil || rate.Max <= 0 {
		return nil
	}
	line := Line{Names: []string{what + " a minute"}, Role: Load, Steps: true}
	for i, v := range values {
		line.X, line.Y = append(line.X, float64(i)*s.Step), append(line.Y, v)
	}
	end := float64(len(values)) * s.Step
	line.X, line.Y = append(line.X, end), append(line.Y, values[len(values)-1])
	c := &Curves{X: overTime(end)}
	top := rate.Max
	// The limits that say most are those around the peak: the largest below it and the
	// smallest above.
	below, above := -1, -1
	allowed := make([]float64, len(l.Ladder))
	for i, t := range l.Ladder {
		k := slices.IndexFunc(t.Limits, func(u profile.Use) bool { return u.Limit == limit })
		if k < 0 {
			continue
		}
		allowed[i] = t.Limits[k].Allowed
		if allowed[i] < rate.Max && (below < 0 || allowed[i] > allowed[below]) {
			below = i
		}
		if allowed[i] >= rate.Max && (above < 0 || allowed[i] < allowed[above]) {
			above = i
		}
	}
	for _, i := range []int{below, above} {
		if i < 0 || allowed[i] > 3*rate.Max {
			continue
		}
		top = max(top, allowed[i])
		c.Lines = append(c.Lines, Line{Names: []string{words.Printable(l.Ladder[i].Ref)}, Role: Limit, Dashed: true, X: []float64{0, end}, Y: []float64{allowed[i], allowed[i]},
			Label: words.Write(allowed[i], words.Quantity)})
	}
	c.Lines = append(c.Lines, line)
	c.Y = linear(what+" a minute", 0, top*1.08, 6, words.Quantity)
	note := "Each step is a minute."
	if s.Step != 60 {
		note = "Each step is the busiest minute of " + words.Write(s.Step, duration) + "."
	}
	if l.Bucket > 0 {
		note = "Each step is a bucket of the log, as a rate per minute: what it hides within cannot be seen."
	}
	title := fmt.Sprintf("The busiest minute has %s %s, %.1f times the mean", words.Write(rate.Max, words.Quantity), what, rate.Max/rate.Mean)
	c.Head = l.head("over-time", title, note)
	return c
}

// lengths shows how tokens are distributed over requests.
func (l usageLog) lengths() *Curves {
	c := &Curves{}
	lo, hi := math.Inf(1), 0.0
	for _, k := range []struct {
		name string
		s    *profile.Sizes
		role Role
	}{{"prompt", l.PromptSizes, Chosen}, {"output", l.OutputSizes, Other}} {
		if k.s == nil || len(k.s.Quantiles) < 2 || k.s.Max < 1 {
			continue
		}
		line := Line{Names: []string{k.name}, Role: k.role}
		last := len(k.s.Quantiles) - 1
		for i, v := range k.s.Quantiles {
			v = max(v, 1) // 0 has no place on a logarithmic axis
			line.X, line.Y = append(line.X, v), append(line.Y, float64(i)/float64(last))
			lo, hi = min(lo, v), max(hi, v)
		}
		c.Lines = append(c.Lines, line)
	}
	if len(c.Lines) == 0 {
		return nil
	}
	c.X = logarithmic("tokens", lo*0.9, hi*1.1, words.Quantity)
	c.Y = linear("share of the requests with at most so many", 0, 1, 5, words.Percent)
	s := l.PromptSizes
	title := fmt.Sprintf("Half of the prompts have at most %s tokens, and one in a hundred has more than %s", words.Write(s.P50, words.Quantity), words.Write(s.P99, words.Quantity))
	c.Head = l.head("lengths", title, "For each number of tokens, the share of the requests that have at most so many.")
	return c
}

// day shows the requests of each hour of the day.
func (l usageLog) day() *Curves {
	if len(l.Hours) < 6 {
		return nil
	}
	line := Line{Names: []string{"requests a minute"}, Role: Load, Steps: true}
	busiest := l.Hours[0]
	for i, h := range l.Hours {
		if i > 0 && h.Hour > l.Hours[i-1].Hour+1 { // hours that the log does not have
			line.X, line.Y = append(line.X, float64(l.Hours[i-1].Hour+1)), append(line.Y, 0)
		}
		line.X, line.Y = append(line.X, float64(h.Hour)), append(line.Y, h.RPM)
		if h.RPM > busiest.RPM {
			busiest = h
		}
	}
	last := l.Hours[len(l.Hours)-1]
	line.X, line.Y = append(line.X, float64(last.Hour+1)), append(line.Y, last.RPM)
	c := &Curves{X: linear("hour of the day", 0, 24, 8, func(float64) words.Scale { return words.Scale{Div: 1} }), Lines: []Line{line}}
	if busiest.RPM <= 0 {
		return nil
	}
	c.Y = linear("requests a minute", 0, busiest.RPM*1.08, 6, words.Quantity)
	c.Head = l.head("day", fmt.Sprintf("The busiest hour of the day begins at %d:00, with %s requests a minute on average", busiest.Hour, words.Write(busiest.RPM, words.Quantity)),
		"The mean of all minutes of the log in each hour of the day.")
	return c
}
