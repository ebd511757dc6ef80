package page

import (
	"cmp"
	"fmt"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// barChart is a grid of small plots on the same axes.
type barChart struct {
	Panels []barPanel
	Kinds  []string
}

type barPanel struct {
	Class, Name, Right string
	Notes              []string
	Plot               *plot
}

const barHeight = 96

func barsOf(c *chart.Bars) *barChart {
	out := &barChart{}
	n := 0
	for _, p := range c.Panels {
		for _, v := range p.Values {
			n = max(n, len(v))
		}
	}
	each := together(n, len(c.Panels))
	width := c.Width * float64(each)
	count := (c.Time.Hi - c.Time.Lo) / width
	if !words.Finite(count) || count <= 0 {
		return out
	}
	axes := script(&c.Time, &c.Y, count, units)
	for i := range c.Panels {
		bp := &c.Panels[i]
		view := barPanel{Class: class(bp.Role), Name: names(bp.Names)}
		for _, note := range bp.Notes {
			view.Notes = append(view.Notes, words.Printable(note))
		}
		if len(view.Notes) > 0 {
			view.Right, view.Notes = view.Notes[0], view.Notes[1:]
		}
		p := &plot{
			Label: view.Name + ": " + view.Right, Axes: axes, Time: true, Level: true, Height: barHeight, Below: 22,
			Box: box(&c.Time, count, width, units), X: ticksOf(&c.Time, 150, 150), Y: ticksOf(&c.Y, barHeight/1.5, barHeight/1.5),
		}
		p.Areas = stack(bp.Values, &c.Y, each)
		if f, ok := at(&c.Y, c.Limit); ok && c.Limit > 0 {
			p.Labels = append(p.Labels, label{Class: "limit", Text: limitText(c.Label, i), X: "100%", Y: percent(1 - f), DY: -4, Anchor: "end", Lead: percent(1 - f), From: "0%"})
		}
		view.Plot = p
		out.Panels = append(out.Panels, view)
	}
	return out
}

// limitText names the limit's line in the first panel alone.
func limitText(text string, panel int) string {
	if panel > 0 {
		return ""
	}
	return words.Printable(text)
}

// stack draws bars as areas that lie behind one another: the sum of all kinds behind,
// the first kind in front.
func stack(values [][]float64, y *chart.Axis, each int) []areaPath {
	length := 0
	for _, v := range values {
		length = max(length, len(v))
	}
	sum := make([]float64, length)
	var out []areaPath
	for kind, list := range values {
		some := false
		for i, v := range list {
			if words.Finite(v) {
				sum[i] += v
				some = some || v > 0
			}
		}
		if !some && kind > 0 {
			continue
		}
		out = append(out, areaPath{kindClass(chart.Kind(kind)), area(thin(sum, each), y)})
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// scatterChart shows points with names.
type scatterChart struct {
	Plot     *plot
	Spots    []spot
	Frontier string
}

type spot struct {
	Class, X, Y, Title string
	Ring               bool
	Text, Anchor       string
	DX, DY             int
}

const scatterHeight = 300

func scatterOf(c *chart.Scatter) *scatterChart {
	p := &plot{
		Label: c.Title, Height: scatterHeight, Below: 44, Box: fmt.Sprintf("0 0 %d %d", units, units),
		X: ticksOf(&c.X, 300, phoneWidth), Y: ticksOf(&c.Y, scatterHeight/1.5, scatterHeight/1.5), XLabel: c.X.Label, YLabel: c.Y.Label,
	}
	if c.Y.Never {
		p.Never = percent(never)
	}
	out := &scatterChart{Plot: p}
	steps := chart.Line{Steps: true}
	for _, s := range c.Frontier {
		if !s.Never {
			steps.X, steps.Y = append(steps.X, s.X), append(steps.Y, s.Y)
		}
	}
	out.Frontier = curve(&steps, &c.X, &c.Y)
	var l layout
	for _, s := range c.Points { // no name may lie on a point
		x, _ := at(&c.X, s.X)
		y, _ := at(&c.Y, s.Y)
		if s.Never {
			y = atNever
		}
		l.dot(x*340, (1-y)*scatterHeight)
	}
	for _, s := range byWeight(c.Points) {
		x, okX := at(&c.X, s.X)
		y, okY := at(&c.Y, s.Y)
		if s.Never {
			y, okY = atNever, true
		}
		if !okX || !okY {
			continue
		}
		name := words.Printable(s.Name)
		value := words.Write(s.Y, scaleOf(&c.Y))
		if s.Never {
			value = words.Never
		}
		v := spot{Class: class(s.Role), X: percent(x), Y: percent(1 - y), Ring: s.Role == chart.Bound,
			Title: name + ": " + words.Write(s.X, scaleOf(&c.X)) + ", " + value}
		v.Text = cut(name, 24)
		if !l.place(&v, x*340, (1-y)*scatterHeight) {
			v.Text = ""
		}
		out.Spots = append(out.Spots, v)
	}
	return out
}

// byWeight puts those first whose names must find room.
func byWeight(points []chart.Spot) []chart.Spot {
	out := append([]chart.Spot(nil), points...)
	for i := 1; i < len(out); i++ { // few; stable
		for j := i; j > 0 && cmp.Less(order(out[j-1].Role), order(out[j].Role)); j-- {
			out[j-1], out[j] = out[j], out[j-1]
		}
	}
	return out
}

// layout keeps labels apart.
type layout struct{ taken [][4]float64 } // left, top, right, bottom

func (l *layout) dot(x, y float64) {
	l.taken = append(l.taken, [4]float64{x - 5, y - 5, x + 5, y + 5})
}

// place finds room for the label of a spot: right of it, left, above, below.
func (l *layout) place(s *spot, x, y float64) bool {
	w := textWidth(s.Text)
	for _, try := range []struct {
		anchor string
		dx, dy int
		left   float64
	}{{"start", 10, 4, x + 10}, {"end", -10, 4, x - 10 - w}, {"middle", 0, -10, x - w/2}, {"middle", 0, 19, x - w/2}} {
		r := [4]float64{try.left, y + float64(try.dy) - 11, try.left + w, y + float64(try.dy) + 3}
		if r[0] < 2 || r[2] > 440 || l.hits(r) {
			continue
		}
		l.taken = append(l.taken, r)
		s.Anchor, s.DX, s.DY = try.anchor, try.dx, try.dy
		return true
	}
	return false
}

func (l *layout) hits(r [4]float64) bool {
	for _, t := range l.taken {
		if r[0] < t[2] && t[0] < r[2] && r[1] < t[3] && t[1] < r[3] {
			return true
		}
	}
	return false
}
