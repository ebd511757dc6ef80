package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// leastShare is where the axis of calls not yet answered ends.
const leastShare = 0.001

// unanswered shows which share of the calls is not yet answered after a time.
func (f *field) unanswered() *Curves {
	c := &Curves{Head: f.head("unanswered", f.unansweredTitle(),
		"Share of all calls that are not yet answered, by the time since they arrived. Lower is better.",
		"A line that stays level to the right edge never gets lower: these calls fail. Both scales are logarithmic, so that the slowest calls, in which strategies differ, have room.")}
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	lo, hi := math.Inf(1), 0.0
	for i := range f.all {
		e := &f.all[i]
		if e.Curves == nil {
			continue
		}
		for _, t := range e.Curves.Unanswered {
			if t.Share <= 0.9 && t.Share >= leastShare*0.999 && words.Finite(t.Within) {
				lo, hi = min(lo, t.Within), max(hi, t.Within)
			}
		}
	}
	if !(hi > 0) {
		return nil
	}
	c.X = durations("time since arrival", max(lo, hi/1e4)/1.3, hi*1.15)
	c.Y = logarithmic("share of calls not yet answered", leastShare, 1, words.FinePercent)
	for i := range f.all {
		c.addLine(tailLine(&f.all[i], c.X))
	}
	return c
}

// addLine adds a line, or its name to the line that is the same.
func (c *Curves) addLine(l Line) {
	if len(l.X) == 0 {
		return
	}
	for i := range c.Lines {
		o := &c.Lines[i]
		if o.Dashed == l.Dashed && slices.Equal(o.X, l.X) && slices.Equal(o.Y, l.Y) {
			o.Names = append(o.Names, l.Names...)
			if o.Role == Other {
				o.Role = l.Role
			}
			return
		}
	}
	c.Lines = append(c.Lines, l)
}

// tailLine is the line of one strategy: down to what fails, then level to the right.
func tailLine(e *entry, x Axis) Line {
	l := Line{Names: []string{e.name()}, Role: e.role, Dashed: e.role == Bound}
	if e.Curves == nil {
		return l
	}
	fails := 0.0
	if failed, ok := words.Mean(&e.Values, metrics.FailedPer1000); ok {
		fails = failed / 1000
	}
	last := 0.0
	for _, t := range e.Curves.Unanswered {
		if t.Share < max(leastShare*0.999, fails) || !words.Finite(t.Within, t.Share) {
			break
		}
		if len(l.X) == 0 && t.Within > x.Lo {
			l.X, l.Y = append(l.X, x.Lo), append(l.Y, 1)
		}
		last = max(last, t.Within)
		l.X, l.Y = append(l.X, words.Round6(last)), append(l.Y, words.Round6(t.Share))
	}
	if fails >= leastShare {
		l.Label = words.Write(fails, words.Percent)
		if last == 0 {
			l.X, l.Y = append(l.X, x.Lo), append(l.Y, fails)
		}
		l.X, l.Y = append(l.X, words.Round6(max(last, x.Lo)), x.Hi), append(l.Y, fails, fails)
	}
	return l
}

// unansweredTitle holds the chosen strategy against the next best at the time by which
// one has answered most calls, and the other has not.
func (f *field) unansweredTitle() string {
	a, b := f.best(), f.next()
	if a == nil || a.Curves == nil {
		return "How long calls wait for an answer"
	}
	p95 := func(e *entry) float64 {
		t, _ := words.Mean(&e.Values, metrics.TimeToSuccessP95)
		return t
	}
	t := p95(a)
	if b != nil && b.Curves != nil && p95(b) > 0 && t > 0 {
		t = math.Sqrt(t * p95(b))
	}
	if t <= 0 {
		if t, _ = words.Mean(&a.Values, metrics.TimeToSuccessP50); t <= 0 {
			return a.name() + " never answers half of the calls"
		}
	}
	t, _ = strconv.ParseFloat(strconv.FormatFloat(t, 'e', 0, 64), 64)
	share := func(e *entry) string { return words.Write(openAfter(e.Strategy, t), words.FinePercent) }
	after := fmt.Sprintf("After %s %s has answered all but %s of the calls", shortTime(t), a.name(), share(a))
	switch {
	case b == nil || b.Curves == nil:
		return after
	case share(a) == share(b):
		return fmt.Sprintf("After %s %s and %s have each answered all but %s of the calls", shortTime(t), a.name(), b.name(), share(a))
	}
	return after + ", " + b.name() + " all but " + share(b)
}

// shortTime writes a round time: "400 s", "20 min".
func shortTime(t float64) string {
	a := Axis{Scale: words.Seconds}
	return a.Text(t)
}

// openAfter returns which share of the calls is not answered t after arrival. Between two
// points the line is straight on logarithmic scales; after the last one those that fail
// are left.
func openAfter(s *metrics.Strategy, t float64) float64 {
	tail := s.Curves.Unanswered
	i := slices.IndexFunc(tail, func(p metrics.Tail) bool { return p.Within > t })
	switch failed, ok := words.Mean(&s.Values, metrics.FailedPer1000); {
	case i < 0 && ok && failed > 0:
		return failed / 1000
	case i < 0 && len(tail) > 0:
		return tail[len(tail)-1].Share
	case i <= 0:
		return 1
	}
	a, b := tail[i-1], tail[i]
	if !(a.Within > 0 && b.Share > 0 && a.Share > 0) {
		return a.Share
	}
	return a.Share * math.Pow(b.Share/a.Share, math.Log(t/a.Within)/math.Log(b.Within/a.Within))
}
