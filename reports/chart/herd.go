package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Herd returns the charts of a herd: attempts over time, what becomes of the calls, and
// the share not yet answered.
func Herd(r *metrics.Result) []Chart {
	f := fieldOf(r)
	if len(f.all) == 0 {
		return nil
	}
	var out []Chart
	if c := f.herdBars(); c != nil {
		out = append(out, c)
	}
	ranking := f.ranking()
	ranking.Panels = append(ranking.Panels[:3], f.retriesPanel())
	out = append(out, ranking)
	if c := f.unanswered(); c != nil {
		out = append(out, c)
	}
	return out
}

// retriesPanel is a column of the most retries that came in one window.
func (f *field) retriesPanel() Panel {
	p := Panel{Title: "Retries at once"}
	for i := range f.all {
		var m Marks
		if v, ok := words.Mean(&f.all[i].Values, metrics.RetryPeak); ok {
			m.Text = words.Write(math.Round(v), words.Quantity)
		}
		p.Rows = append(p.Rows, m)
	}
	return p
}

// mostBars is how many bars a panel has at most: about one a point.
const mostBars = 300

// herdBars shows how many attempts come in each moment, and what becomes of them.
func (f *field) herdBars() *Bars {
	end, widest := f.span()
	if end <= 0 {
		return nil
	}
	width := barWidth(end, widest)
	c := &Bars{Time: overTime(end), Width: width}
	top := 0.0
	for _, s := range words.InOrder(f.Result) {
		if p, ok := barPanel(s, width, end); ok {
			top = max(top, slices.Max(p.tops()))
			c.add(p, f.role(s))
		}
	}
	if top <= 0 {
		return nil
	}
	c.Head = f.head("attempts", f.herdTitle(),
		fmt.Sprintf("Attempts in each %s, on one logarithmic scale: grey answered, above it orange refused with 429, above that purple failed otherwise. The top of a bar is all attempts.", shortTime(width)))
	if perSecond := f.given(); perSecond > 0 {
		c.Limit = perSecond * width
		c.Label = fmt.Sprintf("the limit gives %s a second", words.Write(perSecond, words.Quantity))
		c.Notes = append(c.Notes, "Line: "+c.Label+" once its bucket is empty.")
	}
	if why := f.higherWithJitter(); why != "" {
		c.Notes = append(c.Notes, why)
	}
	c.Notes = append(c.Notes, "Strategies that do exactly the same share a panel.")
	if f.cutAt(end) {
		c.Notes = append(c.Notes, "Some go on after the right end.")
	}
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	c.Y = logarithmic("attempts in "+shortTime(width), 0.5, max(top*1.3, 2), words.Quantity)
	return c
}

// barWidth is the finest round width at which all bars fit, no finer than the steps
// that are known.
func barWidth(end, step float64) float64 {
	for _, times := range []float64{1, 2, 4, 5, 10, 20, 40, 50, 100, 200, 400, 500, 1000, 2000, 5000, 10000} {
		if end/(step*times) <= mostBars {
			return step * times
		}
	}
	return end / mostBars
}

func (f *field) role(s *metrics.Strategy) Role {
	i := slices.IndexFunc(f.all, func(e entry) bool { return e.Strategy == s })
	return f.all[i].role
}

// barPanel counts a strategy's attempts by kind in bars of a width.
func barPanel(s *metrics.Strategy, width, end float64) (BarPanel, bool) {
	c := s.Curves
	if c == nil || !(c.Width > 0) || len(c.AttemptsPerS) == 0 {
		return BarPanel{}, false
	}
	n := int(math.Ceil(end / width))
	count := func(ys []float64) []float64 { return scaled(resample(ys, c.Width, width, n), width) }
	all, rejected, lost := count(c.AttemptsPerS), count(c.RejectedPerS), count(c.LostPerS)
	p := BarPanel{Names: []string{words.Printable(s.Name)}, Values: [][]float64{make([]float64, n), rejected, lost}}
	for i := range all {
		p.Values[Admitted][i] = max(0, all[i]-rejected[i]-lost[i])
	}
	per, _ := words.Mean(&s.Values, metrics.FailedPer1000)
	note := perThousand(per) + " of 1,000 calls fail"
	switch per {
	case 0:
		note = "no call fails"
	case 1000:
		note = "every call fails"
	}
	p.Notes = []string{note, attemptCounts(s)}
	return p, true
}

// attemptCounts says which attempts fail.
func attemptCounts(s *metrics.Strategy) string {
	rejected, _ := words.Mean(&s.Values, metrics.Rejected)
	text := words.Write(math.Round(rejected), words.Quantity) + " × 429"
	if lost := sum(s.Curves.LostPerS) * s.Curves.Width; lost >= 0.5 {
		text += ", " + words.Write(math.Round(lost), words.Quantity) + " other failures"
	}
	return text
}

// tops are the heights of the bars.
func (p *BarPanel) tops() []float64 {
	out := []float64{}
	for i := range p.Values[0] {
		out = append(out, p.Values[Admitted][i]+p.Values[Rejected][i]+p.Values[Lost][i])
	}
	return append(out, 0)
}

// add adds a panel, or its name to the panel that is the same.
func (c *Bars) add(p BarPanel, role Role) {
	p.Role = role
	for i := range c.Panels {
		o := &c.Panels[i]
		if slices.EqualFunc(o.Values, p.Values, slices.Equal[[]float64]) && slices.Equal(o.Notes, p.Notes) {
			o.Names = append(o.Names, p.Names...)
			if o.Role == Other {
				o.Role = role
			}
			return
		}
	}
	c.Panels = append(c.Panels, p)
}

// given is how many calls a second the tightest limit gives once its bucket is empty; 0
// if that is not known.
func (f *field) given() float64 {
	least := 0.0
	calls := 0.0
	if len(f.all) > 0 {
		calls, _ = words.Mean(&f.all[0].Values, metrics.Calls)
	}
	for _, l := range f.loads() {
		asked := sum(l.Asked) * l.width / 60
		if l.per != "minute" || asked <= 0 || calls <= 0 {
			continue
		}
		if perSecond := slices.Max(l.Allowed) / 60 * calls / asked; perSecond > 0 && (least == 0 || perSecond < least) {
			least = perSecond
		}
	}
	return least
}

func retryPeak(s *metrics.Strategy) float64 {
	v, _ := words.Mean(&s.Values, metrics.RetryPeak)
	return v
}

// herdTitle holds the highest peak of retries without jitter, or of all, against the
// lowest with it.
func (f *field) herdTitle() string {
	none := f.Find("backoff")
	most, least := &f.all[0], (*entry)(nil)
	for i := range f.all {
		e := &f.all[i]
		if retryPeak(e.Strategy) > retryPeak(most.Strategy) {
			most = e
		}
		jitters := none == nil || strings.HasPrefix(e.Name, "jitter")
		if jitters && e.role != Bound && retryPeak(e.Strategy) > 0 && (least == nil || retryPeak(e.Strategy) < retryPeak(least.Strategy)) {
			least = e
		}
	}
	write := func(s *metrics.Strategy) string { return words.Write(math.Round(retryPeak(s)), words.Quantity) }
	switch {
	case retryPeak(most.Strategy) == 0:
		return "Nobody retries"
	case none != nil && least != nil && retryPeak(least.Strategy) < retryPeak(none):
		return fmt.Sprintf("Without jitter %s retries come at once; %s brings that down to %s", write(none), least.name(), write(least.Strategy))
	case least == nil || least == most:
		return fmt.Sprintf("%s sends up to %s retries at once", most.name(), write(most.Strategy))
	}
	return fmt.Sprintf("%s sends up to %s retries at once, %s %s", most.name(), write(most.Strategy), least.name(), write(least.Strategy))
}

// higherWithJitter says why a peak can be higher with jitter than without, where one is.
func (f *field) higherWithJitter() string {
	none := f.Find("backoff")
	if none == nil {
		return ""
	}
	var worst *entry
	for i := range f.all {
		e := &f.all[i]
		if strings.HasPrefix(e.Name, "jitter") && retryPeak(e.Strategy) > 1.02*retryPeak(none) && (worst == nil || retryPeak(e.Strategy) > retryPeak(worst.Strategy)) {
			worst = e
		}
	}
	if worst == nil {
		return ""
	}
	return fmt.Sprintf("Jitter can raise the first peak (%s: %s): it shortens some waits, so that first and second retries fall together.",
		worst.name(), words.Write(math.Round(retryPeak(worst.Strategy)), words.Quantity))
}
