package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/reports/chart"
)

// curves are lines over a common axis, with their names at their ends.
type curves struct {
	p     *pen
	c     *chart.Curves
	right vg.Length // room for names
	left  vg.Length // room for the labels of the y axis
	tall  vg.Length // of the plot
	under int       // rows of names below the x axis
	names []ending
	below *curves
}

// An ending is a line's name, and where the line ends.
type ending struct {
	text  string
	style style
	x, y  float64
	floor bool // it ends at the lower end of the y axis, before the right edge
	top   bool // it leaves the plot at the top
	row   int  // of those below the axis
}

const nameLine vg.Length = 11.5

func newCurves(p *pen, c *chart.Curves) *curves {
	l := &curves{p: p, c: c, tall: 330}
	for i := range c.Lines {
		if e, ok := endOf(&c.Lines[i], &c.X, &c.Y); ok {
			e.text = p.nameOf(e.style, &c.Lines[i], 230)
			l.names = append(l.names, e)
		}
	}
	side := 0
	for i := range l.names {
		e := &l.names[i]
		if !e.floor {
			side++
			l.right = max(l.right, p.width(e.style, e.text)+8)
		}
	}
	l.tall = max(l.tall, nameLine*vg.Length(side))
	for _, v := range c.Y.Ticks {
		l.left = max(l.left, p.width(tickStyle(), c.Y.Text(v))+6)
	}
	l.right = max(l.right, 20)
	if c.Below != nil {
		l.below = newCurves(p, c.Below)
		l.below.tall = 120
		l.left, l.right = max(l.left, l.below.left), max(l.right, l.below.right)
		l.below.left, l.below.right = l.left, l.right
	}
	l.layUnder()
	return l
}

// endOf says where a line's name stands.
func endOf(l *chart.Line, x, y *chart.Axis) (ending, bool) {
	n := min(len(l.X), len(l.Y))
	if n == 0 {
		return ending{}, false
	}
	e := ending{x: min(l.X[n-1], x.Hi), y: l.Y[n-1]}
	for i := 1; i < n; i++ { // where it leaves the plot at the top
		if l.Y[i-1] <= y.Hi && l.Y[i] > y.Hi {
			e.x, e.y = l.X[i-1]+(l.X[i]-l.X[i-1])*(y.Hi-l.Y[i-1])/(l.Y[i]-l.Y[i-1]), y.Hi
			e.top = true
			break
		}
	}
	if l.Steps {
		e.y = slices.Max(l.Y[:n])
	}
	e.style = style{size: 9.5, colour: muted()}
	switch l.Role {
	case chart.Chosen, chart.Cheaper:
		e.style.colour, e.style.bold = roleColour(l.Role), true
	case chart.Bound:
		e.style.colour, e.style.italic = ink(), true
	case chart.Limit:
		e.style.colour = ink()
	}
	e.floor = y.Log && y.At(e.y) < 0.01 && x.At(e.x) < 0.99
	return e, true
}

// nameOf is what stands at the end of a line: its number and as many of its names as
// have room.
func (p *pen) nameOf(s style, l *chart.Line, room vg.Length) string {
	for n := len(l.Names); n > 1; n-- {
		text := l.Label + " " + strings.Join(l.Names[:n], " = ")
		if n < len(l.Names) {
			text += fmt.Sprintf(" and %d more", len(l.Names)-n)
		}
		if p.width(s, text) <= room {
			return strings.TrimSpace(text)
		}
	}
	text, more := l.Label+" "+strings.Join(l.Names[:min(1, len(l.Names))], ""), ""
	if len(l.Names) > 1 {
		more = fmt.Sprintf(" and %d more", len(l.Names)-1)
	}
	return p.fit(s, strings.TrimSpace(text), room-p.width(s, more)) + more
}

// layUnder puts the names below the axis in rows in which none covers another.
func (l *curves) layUnder() {
	s := span{&l.c.X, l.left, width - 2*margin - l.right}
	var ends []vg.Length
	order := make([]*ending, 0, len(l.names))
	for i := range l.names {
		if l.names[i].floor {
			order = append(order, &l.names[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *ending) int { return cmp.Compare(a.x, b.x) })
	for _, e := range order {
		half := l.p.width(e.style, e.text)/2 + 4
		from := s.at(e.x) - half
		e.row = slices.IndexFunc(ends, func(end vg.Length) bool { return end <= from })
		if e.row < 0 {
			e.row, ends = len(ends), append(ends, 0)
		}
		ends[e.row] = from + 2*half
	}
	l.under = len(ends)
}

func (l *curves) height() vg.Length {
	h := 18 + l.tall + 18 + nameLine*vg.Length(l.under)
	if l.below != nil {
		h += l.below.height()
	}
	return h + 12
}

func (l *curves) draw(c draw.Canvas) {
	l.p.write(c, whyStyle(), c.Min.X, c.Max.Y-5, l.c.Y.Label)
	top := c.Max.Y - 18
	x := span{&l.c.X, c.Min.X + l.left, c.Max.X - l.right}
	y := span{&l.c.Y, top - l.tall, top}
	for _, b := range l.c.Bands {
		fill(c, pale(), x.at(b.From), y.lo, x.at(b.To), y.hi)
	}
	plane(c, l.p, x, y, y.lo-8)
	l.p.write(c, whyStyle(), x.hi+16, y.lo-9, l.c.X.Label)
	for _, role := range []chart.Role{chart.Load, chart.Other, chart.Bound, chart.Limit, chart.Cheaper, chart.Chosen} {
		for i := range l.c.Lines {
			if l.c.Lines[i].Role == role {
				drawLine(c, &l.c.Lines[i], x, y)
			}
		}
	}
	l.drawNames(c, x, y)
	if l.below == nil {
		return
	}
	for _, b := range l.c.Bands {
		l.p.write(c, style{size: 9.5, colour: blue(), bold: true, x: draw.XCenter}, (x.at(b.From)+x.at(b.To))/2, y.lo+9, b.Label)
	}
	l.below.draw(draw.Crop(c, 0, 0, 0, -(l.height() - l.below.height())))
}

// plane draws the grid and the ticks of a plot.
func plane(c draw.Canvas, p *pen, x, y span, labels vg.Length) {
	p.ticks(c, x, labels, func(at vg.Length) { stroke(c, grid(), 0.6, at, y.lo, at, y.hi) })
	s := tickStyle()
	s.x = draw.XRight
	for _, v := range y.axis.Ticks {
		stroke(c, grid(), 0.6, x.lo, y.at(v), x.hi, y.at(v))
		p.write(c, s, x.lo-5, y.at(v), y.axis.Text(v))
	}
	stroke(c, others(), 0.8, x.lo, y.lo, x.hi, y.lo)
}

// drawLine draws one curve, or the area below what is asked of a limit.
func drawLine(c draw.Canvas, l *chart.Line, x, y span) {
	points := outline(l, x, y)
	if len(points) == 0 {
		return
	}
	plot := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x.lo, Y: y.lo}, Max: vg.Point{X: x.hi, Y: y.hi}}}
	if l.Role == chart.Load {
		points = append(points, vg.Point{X: points[len(points)-1].X, Y: y.lo}, vg.Point{X: points[0].X, Y: y.lo})
		if points = plot.ClipPolygonXY(points); len(points) > 0 {
			c.FillPolygon(area(), points)
		}
		return
	}
	s := draw.LineStyle{Color: lineColour(l.Role), Width: 1}
	switch {
	case l.Role == chart.Chosen || l.Role == chart.Cheaper:
		s.Width = 2
	case l.Steps && l.Role == chart.Other:
		s.Width = 0.6
	case l.Dashed:
		s.Dashes = []vg.Length{4, 3}
	}
	c.StrokeLines(s, plot.ClipLinesXY(points)...)
}

// outline is a line on the paper, going on beyond the plot.
func outline(l *chart.Line, x, y span) []vg.Point {
	var out []vg.Point
	for i := range min(len(l.X), len(l.Y)) {
		p := vg.Point{X: x.beyond(l.X[i]), Y: y.beyond(l.Y[i])}
		if l.Steps && i > 0 {
			out = append(out, vg.Point{X: p.X, Y: out[len(out)-1].Y})
		}
		out = append(out, p)
	}
	if n := len(out); l.Steps && n > 1 { // the last step is as long as the one before
		out = append(out, vg.Point{X: min(out[n-1].X+(out[n-1].X-out[max(0, n-3)].X), x.hi), Y: out[n-1].Y})
	}
	return out
}

// drawNames writes the names of lines at the right edge, moved apart, and below the
// axis.
func (l *curves) drawNames(c draw.Canvas, x, y span) {
	var side []*ending
	for i := range l.names {
		e := &l.names[i]
		if !e.floor {
			side = append(side, e)
			continue
		}
		at := y.lo - 20 - nameLine*vg.Length(e.row)
		s := e.style
		s.x = draw.XCenter
		l.p.write(c, s, x.at(e.x), at, e.text)
	}
	slices.SortStableFunc(side, func(a, b *ending) int { return cmp.Compare(b.y, a.y) })
	places := make([]vg.Length, len(side))
	for i, e := range side {
		places[i] = y.at(e.y)
	}
	apart(places, y.lo+4, y.hi)
	for i, e := range side {
		end := x.at(e.x)
		if x.hi-end < 2 || !e.top {
			stroke(c, grid(), 0.8, end, y.at(e.y), x.hi+5, places[i])
			l.p.write(c, e.style, x.hi+7, places[i], e.text)
			continue
		}
		l.p.write(c, e.style, end+5, y.hi-6, e.text)
	}
}

// apart moves places, from the top, so far apart that names do not cover each other.
func apart(at []vg.Length, lo, hi vg.Length) {
	for i := range at {
		if i > 0 {
			at[i] = min(at[i], at[i-1]-nameLine)
		}
		at[i] = min(at[i], hi)
	}
	floor := lo
	for i := len(at) - 1; i >= 0 && at[i] < floor; i-- {
		at[i] = floor
		floor += nameLine
	}
}
