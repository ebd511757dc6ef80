package chart

import (
	"slices"

	"ratesim/reports/words"
)

// Behind draws charts of another run pale behind those of this one, where both show the
// same: the points of each strategy in rankings, and in curves the lines of those that
// are chosen. label names the other run.
func Behind(charts, other []Chart, label string) {
	for _, c := range charts {
		i := slices.IndexFunc(other, func(o Chart) bool { return o.Heading().Name == c.Heading().Name })
		if i < 0 {
			continue
		}
		switch c := c.(type) {
		case *Ranking:
			if o, ok := other[i].(*Ranking); ok {
				c.behind(o, label)
			}
		case *Curves:
			if o, ok := other[i].(*Curves); ok {
				c.behind(o, label)
			}
		}
	}
}

func (c *Ranking) behind(o *Ranking, label string) {
	for k := range c.Panels {
		p := &c.Panels[k]
		from := slices.IndexFunc(o.Panels, func(x Panel) bool { return x.Title == p.Title })
		if from < 0 {
			continue
		}
		for i := range c.Rows {
			j := slices.IndexFunc(o.Rows, func(r Row) bool { return r.Name == c.Rows[i].Name })
			if j < 0 || i >= len(p.Rows) || j >= len(o.Panels[from].Rows) {
				continue
			}
			for _, point := range o.Panels[from].Rows[j].Points {
				if point.Shape != Dot {
					continue // the value that counts
				}
				if !point.Never {
					p.Axis.widen(point.At)
				}
				behind := Point{Shape: Pale, At: point.At, Lo: point.At, Hi: point.At, Never: point.Never, Text: label + " " + point.Text}
				p.Rows[i].Points = append([]Point{behind}, p.Rows[i].Points...)
			}
		}
	}
}

// widen makes room for a value on the axis of a panel; the logarithmic ones are of times.
func (a *Axis) widen(v float64) {
	switch {
	case !words.Finite(v) || v >= a.Lo && v <= a.Hi || a.Log && v <= 0:
	case a.Log:
		never := a.Never
		*a = durations(a.Label, min(a.Lo, v/1.25), max(a.Hi, v*1.25))
		a.Never = never
	default:
		*a = linear(a.Label, min(a.Lo, v), max(a.Hi, v*1.05), 3, a.Scale)
	}
}

func (c *Curves) behind(o *Curves, label string) {
	var lines []Line
	for _, l := range o.Lines {
		chosen := func(n Line) bool {
			return (l.Role == Chosen || n.Role == Chosen) && slices.ContainsFunc(n.Names, func(name string) bool { return slices.Contains(l.Names, name) })
		}
		if !slices.ContainsFunc(c.Lines, chosen) {
			continue
		}
		l.Role, l.Label = Before, label
		lines = append(lines, l)
	}
	c.Lines = append(lines, c.Lines...)
}
