package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// strips shows when attempts are refused and when calls are given up, below what is
// asked of the limit.
func (f *field) strips() *Strips {
	end, width := f.span()
	if end <= 0 {
		return nil
	}
	c := &Strips{Head: f.head("over-time", f.stripsTitle(),
		"Each strip is a strategy: orange, the darker the more attempts are refused with 429 a second; purple where other failures of attempts are more; black where calls are given up. At the right: 429s and failed calls of a run."),
		Width: width, Edges: []float64{0.1, 1, 3, 10, 30}}
	if f.cutAt(end) {
		c.Notes = append(c.Notes, "Some strategies go on after the right end.")
	}
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	c.Time = overTime(end)
	if load := f.tightest(); load != nil {
		c.Load, c.LoadY = load.lines(end)
		c.Notes = append([]string{load.about()}, c.Notes...)
	}
	steps := int(math.Ceil(end / width))
	for i := range f.all {
		e := &f.all[i]
		if e.Curves == nil {
			continue
		}
		row := Strip{Name: e.name(), Role: e.role, Text: counts(e.Strategy)}
		of := func(ys []float64) []float64 { return resample(ys, e.Curves.Width, width, steps) }
		row.Rejected, row.Lost, row.GivenUp = of(e.Curves.RejectedPerS), of(e.Curves.LostPerS), of(e.Curves.FailedPerS)
		c.Rows = append(c.Rows, row)
	}
	return c
}

// span returns when the time axis of all strategies ends, and the widest step of them.
func (f *field) span() (end, width float64) {
	var ends []float64
	for i := range f.all {
		if c := f.all[i].Curves; c != nil && words.Finite(c.Width) && c.Width > 0 {
			width = max(width, c.Width)
			ends = append(ends, float64(lastAbove(c))*c.Width)
		}
	}
	if end = axisEnd(ends); !words.Finite(end, end/width) {
		return 0, 0
	}
	return end, width
}

func (f *field) cutAt(end float64) bool {
	return slices.ContainsFunc(f.all, func(e entry) bool {
		return e.Curves != nil && float64(lastAbove(e.Curves))*e.Curves.Width > end+e.Curves.Width
	})
}

// lastAbove is how many steps there are until the last in which anything happens.
func lastAbove(c *metrics.Curves) int {
	n := 0
	for _, ys := range [][]float64{c.AttemptsPerS, c.AnsweredPerS, c.FailedPerS} {
		for i := len(ys) - 1; i >= n; i-- {
			if ys[i] > 0 {
				n = i + 1
			}
		}
	}
	return n
}

// axisEnd is where the time axis of all strategies ends: where the longest does, or,
// where fewer than a fifth go on for more than half as long again as the longest of
// the others, where that does. They would press the others to the left.
func axisEnd(ends []float64) float64 {
	sorted := slices.Sorted(slices.Values(ends))
	for i := len(sorted)*4/5 + 1; i < len(sorted); i++ {
		if before := sorted[i-1]; before > 0 && sorted[i] > 1.5*before {
			return before
		}
	}
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)-1]
}

// resample returns the means of a series of steps of the width from over steps of the
// width to, which is at least as wide.
func resample(ys []float64, from, to float64, steps int) []float64 {
	out := make([]float64, steps)
	n := max(1, int(math.Round(to/from)))
	for i, y := range ys {
		if k := i / n; k < steps && words.Finite(y) {
			out[k] += y / float64(n)
		}
	}
	return out
}

// counts says how many 429s and failed calls a run has.
func counts(s *metrics.Strategy) string {
	rejected, _ := words.Mean(&s.Values, metrics.Rejected)
	calls, _ := words.Mean(&s.Values, metrics.Calls)
	per, _ := words.Mean(&s.Values, metrics.FailedPer1000)
	text := words.Write(math.Round(rejected), words.Quantity) + " × 429"
	if failed := per * calls / 1000; failed >= 0.5 {
		text += ", " + words.Write(math.Round(failed), words.Quantity) + " failed"
	} else if failed > 0 {
		text += ", <1 failed"
	}
	return text
}

// stripsTitle holds the strategy that is refused most against the one chosen.
func (f *field) stripsTitle() string {
	rejected := func(e *entry) float64 {
		v, _ := words.Mean(&e.Values, metrics.Rejected)
		return math.Round(v)
	}
	times := func(v float64) string {
		switch v {
		case 0:
			return "never"
		case 1:
			return "once"
		}
		return words.Write(v, words.Quantity) + " times"
	}
	set := f.competing
	if len(set) == 0 {
		return "When attempts are refused"
	}
	most, best := &set[0], &set[0]
	for i := range set {
		if rejected(&set[i]) > rejected(most) {
			most = &set[i]
		}
	}
	title := ""
	switch {
	case rejected(most) == 0:
		return f.failuresTitle(set)
	case most == best:
		title = fmt.Sprintf("%s is refused %s", most.name(), times(rejected(most)))
	default:
		title = fmt.Sprintf("%s is refused %s, %s %s", most.name(), times(rejected(most)), best.name(), times(rejected(best)))
	}
	if load := f.tightest(); load != nil {
		if most := load.most(); most >= 1.05 {
			title += fmt.Sprintf("; the traffic asks for up to %.0f %% of the limit", 100*most)
		} else if most > 0 {
			title += fmt.Sprintf("; the traffic never asks for more than %.0f %% of the limit", 100*most)
		}
	}
	return title
}

// failuresTitle holds the strategy that fails most calls against the one chosen, where
// nothing is refused.
func (f *field) failuresTitle(set []entry) string {
	worst := slices.MaxFunc(set, func(a, b entry) int { return cmp.Compare(lost(&a), lost(&b)) })
	best := &set[0]
	switch {
	case lost(&worst) == 0:
		return "No attempt is refused with 429, and no call fails"
	case lost(&worst) == lost(best):
		return fmt.Sprintf("No attempt is refused with 429; %s fails %s of 1,000 calls all the same", best.name(), perThousand(lost(best)))
	}
	return fmt.Sprintf("No attempt is refused with 429; %s fails %s of 1,000 calls all the same, %s %s", worst.name(), perThousand(lost(&worst)), best.name(), perThousand(lost(best)))
}

// A limitLoad is what is asked of one limit over time.
type limitLoad struct {
	*metrics.LimitLoad
	width float64
	unit  string    // what it counts
	per   string    // minute, hour, day; empty of a limit on what is open at a time
	asked []float64 // in the last minute, hour or day; or open at the time
	given []float64 // in as long
}

// loads returns the limits of which anything is asked.
func (f *field) loads() []limitLoad {
	if f.Load == nil || !(f.Load.Width > 0) {
		return nil
	}
	var out []limitLoad
	for i := range f.Load.Limits {
		l := limitLoad{LimitLoad: &f.Load.Limits[i], width: f.Load.Width}
		if len(l.Asked) == 0 || len(l.Asked) != len(l.Allowed) || !words.Finite(l.Asked...) || !words.Finite(l.Allowed...) {
			continue
		}
		l.unit, l.per = limitUnit(l.Limit)
		l.asked, l.given = l.Asked, l.Allowed
		if minutes := map[string]float64{"minute": 1, "hour": 60, "day": 1440}[l.per]; minutes > 0 {
			l.asked, l.given = lately(l.Asked, l.width, minutes), scaled(l.Allowed, minutes)
		}
		out = append(out, l)
	}
	return out
}

// limitUnit returns what a limit counts, and over what time.
func limitUnit(name string) (unit, per string) {
	unit, open := words.UnitOf(name)
	switch {
	case open != "a minute":
		return unit, ""
	case strings.HasSuffix(name, "d"):
		return unit, "day"
	case strings.HasSuffix(name, "h"):
		return unit, "hour"
	}
	return unit, "minute"
}

// lately turns a rate a minute into what came in so many minutes before.
func lately(rate []float64, width, minutes float64) []float64 {
	out := make([]float64, len(rate))
	n := max(1, int(math.Round(60*minutes/width)))
	now := 0.0
	for i, v := range rate {
		now += v
		if i >= n {
			now -= rate[i-n]
		}
		out[i] = max(0, now) * min(width/60, minutes)
	}
	return out
}

// most is the largest share of the limit that is asked for.
func (l *limitLoad) most() float64 {
	most := 0.0
	for i, asked := range l.asked {
		if l.given[i] > 0 {
			most = max(most, asked/l.given[i])
		}
	}
	return most
}

// tightest returns the limit of which most is asked; nil where there is none.
func (f *field) tightest() *limitLoad {
	loads := f.loads()
	if len(loads) == 0 {
		return nil
	}
	best := slices.MaxFunc(loads, func(a, b limitLoad) int { return cmp.Compare(a.most(), b.most()) })
	return &best
}

func (l *limitLoad) about() string {
	if l.per != "" {
		return fmt.Sprintf("Top: %s that the calls ask for in the last %s (grey), and what the limit %s gives (line).", l.unit, l.per, words.Printable(l.Limit))
	}
	return fmt.Sprintf("Top: %s that the calls would have open (grey), and what the limit %s allows (line).", l.unit, words.Printable(l.Limit))
}

// lines are the load and the limit up to end.
func (l *limitLoad) lines(end float64) ([]Line, Axis) {
	per := "at a time"
	if l.per != "" {
		per = "a " + l.per
	}
	asked := Line{Names: []string{"asked for"}, Role: Load, Steps: true}
	given := Line{Names: []string{"the limit"}, Role: Limit, Steps: true}
	top := 0.0
	for i := range l.asked {
		x := float64(i) * l.width
		if x >= end {
			break
		}
		asked.X, asked.Y = append(asked.X, x), append(asked.Y, l.asked[i])
		given.X, given.Y = append(given.X, x), append(given.Y, l.given[i])
		top = max(top, l.asked[i], l.given[i])
	}
	if n := len(l.asked); n > 0 { // the limit goes on when no call arrives any more
		given.X, given.Y = append(given.X, end), append(given.Y, l.given[n-1])
	}
	for i := range l.given {
		if l.given[i] > 0 {
			given.Label = words.Write(l.given[i], words.Quantity)
			break
		}
	}
	highest := slices.Max(l.asked)
	asked.Label = words.Write(highest, words.Quantity)
	return []Line{asked, given}, linear(l.unit+" "+per, 0, top*1.1, 3, words.Quantity)
}
