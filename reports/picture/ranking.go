package picture

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/reports/chart"
)

// A ranking is a table of marks, laid out.
type ranking struct {
	p       *pen
	c       *chart.Ranking
	columns []column
	why     vg.Length // where the last column begins
	names   vg.Length // width of the first
	titles  int       // lines of the panels' headings
}

// A column is where a panel lies.
type column struct {
	panel       *chart.Panel
	left, right vg.Length // of the marks, or of the text where there are none
	text        vg.Length // where the numbers end
	title       []string
}

const (
	rowHeight vg.Length = 26
	gap       vg.Length = 14
	leastWhy  vg.Length = 130
	// neverShare is how much of a panel is the stripe for what is never reached.
	neverShare = 0.1
)

func panelStyle() style  { return style{size: small, colour: ink()} }
func tickStyle() style   { return style{size: tiny, colour: muted(), x: draw.XCenter} }
func numberStyle() style { return style{size: normal, colour: ink(), x: draw.XRight} }
func whyStyle() style    { return style{size: tiny, colour: muted()} }

func nameStyle(r chart.Role) style {
	return style{size: normal, colour: roleColour(r), italic: r == chart.Bound, bold: r == chart.Chosen}
}

func newRanking(p *pen, c *chart.Ranking) *ranking {
	r := &ranking{p: p, c: c}
	for _, row := range c.Rows {
		r.names = max(r.names, min(p.width(nameStyle(row.Role), row.Name), 210))
	}
	room := width - 2*margin - r.names
	weights := 0.0
	var numbers []vg.Length
	for i := range c.Panels {
		panel := &c.Panels[i]
		widest := vg.Length(0)
		for _, m := range panel.Rows {
			widest = max(widest, p.width(numberStyle(), m.Text))
		}
		if !marked(panel) {
			for _, line := range p.wrap(panelStyle(), panel.Title, max(widest, 62), 3) {
				widest = max(widest, p.width(panelStyle(), line))
			}
		}
		numbers = append(numbers, widest)
		room -= widest + gap
		if marked(panel) {
			room -= 6
			weights += weight(panel)
		}
	}
	why := vg.Length(0)
	if c.Why != "" {
		for _, row := range c.Rows {
			why = max(why, p.width(whyStyle(), row.Why))
		}
		if most := max(leastWhy, room/4); why > most {
			why = most
		}
		why = max(why, p.width(panelStyle(), c.Why))
		room -= why + gap
	}
	x := r.names
	for i := range c.Panels {
		panel := &c.Panels[i]
		x += gap
		col := column{panel: panel, left: x, right: x}
		if marked(panel) {
			col.right = x + room*vg.Length(weight(panel)/weights)
			x = col.right + 6
		}
		col.text = x + numbers[i]
		x = col.text
		col.title = p.wrap(panelStyle(), panel.Title, col.text-col.left, 3)
		r.titles = max(r.titles, len(col.title))
		r.columns = append(r.columns, col)
	}
	r.why = x + gap
	return r
}

// marked reports whether a panel has marks, and not numbers alone.
func marked(p *chart.Panel) bool {
	for _, m := range p.Rows {
		if len(m.Points)+len(m.Parts) > 0 {
			return true
		}
	}
	return false
}

// weight is how much of the room a panel gets.
func weight(p *chart.Panel) float64 {
	switch {
	case p.Axis.Never:
		return 1.7
	case len(p.Rows) > 0 && len(p.Rows[0].Parts) > 1:
		return 0.75
	}
	return 1
}

// head is the height of the panels' headings with the ticks below them.
func (r *ranking) head() vg.Length { return vg.Length(max(r.titles, 1))*12 + 18 }

func (r *ranking) height() vg.Length { return r.head() + rowHeight*vg.Length(len(r.c.Rows)) + 6 }

func (r *ranking) draw(c draw.Canvas) {
	top := c.Max.Y - r.head()
	bottom := top - rowHeight*vg.Length(len(r.c.Rows))
	for i := range r.columns {
		r.scale(c, &r.columns[i], top, bottom)
	}
	r.p.write(c, panelStyle(), c.Min.X+r.why, c.Max.Y-6-12*vg.Length(max(r.titles, 1)-1), r.c.Why)
	for i, row := range r.c.Rows {
		y := top - rowHeight*(vg.Length(i)+0.5)
		stroke(c, grid(), 0.6, c.Min.X, y-rowHeight/2, c.Max.X, y-rowHeight/2)
		r.p.write(c, nameStyle(row.Role), c.Min.X, y, r.p.fit(nameStyle(row.Role), row.Name, r.names+2))
		for k := range r.columns {
			if i < len(r.columns[k].panel.Rows) {
				r.row(c, &r.columns[k], row.Role, &r.columns[k].panel.Rows[i], y)
			}
		}
		lines := r.p.wrap(whyStyle(), row.Why, c.Max.X-c.Min.X-r.why, 2)
		for k, line := range lines {
			r.p.write(c, whyStyle(), c.Min.X+r.why, y+(vg.Length(len(lines)-1)/2-vg.Length(k))*10, line)
		}
	}
}

// axis is where the axis of a column lies, the stripe aside.
func (col *column) axis(c draw.Canvas) span {
	s := span{&col.panel.Axis, c.Min.X + col.left, c.Min.X + col.right}
	if s.axis.Never {
		s.hi -= (s.hi - s.lo) * neverShare
	}
	return s
}

// never is the middle of the stripe.
func (col *column) never(c draw.Canvas) vg.Length {
	return c.Min.X + col.right - (col.right-col.left)*neverShare/2
}

// scale draws the heading, the ticks and the grid of a column.
func (r *ranking) scale(c draw.Canvas, col *column, top, bottom vg.Length) {
	for i, line := range col.title {
		s, x := panelStyle(), c.Min.X+col.left
		if !marked(col.panel) {
			s.x, x = draw.XRight, c.Min.X+col.text
		}
		r.p.write(c, s, x, c.Max.Y-6-12*vg.Length(r.titles-len(col.title)+i), line)
	}
	if !marked(col.panel) {
		return
	}
	s := col.axis(c)
	if s.axis.Never {
		half := (col.right - col.left) * neverShare / 2
		fill(c, band(), col.never(c)-half, bottom, col.never(c)+half, top)
		r.p.write(c, tickStyle(), col.never(c), top+7, "never")
	}
	r.p.ticks(c, s, top+7, func(x vg.Length) { stroke(c, grid(), 0.6, x, bottom, x, top) })
	if s.axis.Lo < 0 && s.axis.Hi > 0 {
		stroke(c, muted(), 0.8, s.at(0), bottom, s.at(0), top)
	}
}

// ticks labels a horizontal axis at y where labels have room, and calls f at each.
func (p *pen) ticks(c draw.Canvas, s span, y vg.Length, f func(x vg.Length)) {
	end := vg.Length(math.Inf(-1))
	for _, v := range s.axis.Ticks {
		x, label := s.at(v), s.axis.Text(v)
		half := p.width(tickStyle(), label) / 2
		f(x)
		if x-half < end+5 || x+half > s.hi-2 && s.axis.Never {
			continue
		}
		p.write(c, tickStyle(), x, y, label)
		end = x + half
	}
}

// row draws the marks and the number of one row.
func (r *ranking) row(c draw.Canvas, col *column, role chart.Role, m *chart.Marks, y vg.Length) {
	number := numberStyle()
	if role == chart.Chosen && marked(col.panel) {
		number.bold = true
	}
	r.p.write(c, number, c.Min.X+col.text, y, m.Text)
	s := col.axis(c)
	bar(c, s, role, m.Parts, y)
	colour := roleColour(role)
	place := func(p *chart.Point) vg.Length {
		if p.Never {
			return col.never(c)
		}
		return s.at(p.At)
	}
	if len(m.Points) > 1 { // the times of one row are joined
		lo, hi := place(&m.Points[0]), place(&m.Points[0])
		for i := range m.Points {
			lo, hi = min(lo, place(&m.Points[i])), max(hi, place(&m.Points[i]))
		}
		stroke(c, mixed(colour, 0.4), 1, lo, y, hi, y)
	}
	for i := range m.Points {
		p := &m.Points[i]
		x := place(p)
		if p.Stem {
			stroke(c, mixed(colour, 0.4), 1, s.at(max(0, s.axis.Lo)), y, x, y)
		}
		if p.Hi > p.Lo && !p.Never {
			end := s.at(p.Hi)
			if math.IsInf(p.Hi, 1) && s.axis.Never {
				end = col.never(c)
			}
			fill(c, mixed(colour, 0.35), s.at(p.Lo), y-2.5, end, y+2.5)
		}
	}
	never := slices.ContainsFunc(m.Points, func(p chart.Point) bool { return p.Never && p.Shape == chart.Dot })
	for i := range m.Points {
		if p := &m.Points[i]; !p.Never || !never || p.Shape == chart.Dot || p.Shape == chart.Square { // one mark says it for all
			point(c, s, m.Points[i], colour, place(p), y)
		}
	}
}

// point draws one mark.
func point(c draw.Canvas, s span, p chart.Point, colour color.Color, x, y vg.Length) {
	if !p.Never && (p.At > s.axis.Hi || p.At < s.axis.Lo) {
		way := vg.Length(1)
		if p.At < s.axis.Lo {
			way = -1
		}
		c.FillPolygon(colour, []vg.Point{{X: x - way*7, Y: y + 4}, {X: x, Y: y}, {X: x - way*7, Y: y - 4}})
		return
	}
	switch p.Shape {
	case chart.Tick:
		fill(c, colour, x-0.9, y-5, x+0.9, y+5)
	case chart.Ring:
		ring(c, colour, x, y, 3.4)
	case chart.Square:
		fill(c, colour, x-5, y-5, x+5, y+5)
		fill(c, paper(), x-3.8, y-3.8, x+3.8, y+3.8)
	default:
		disc(c, colour, x, y, 3.4)
	}
}

// bar draws stacked parts, or a single part from 0 to either side.
func bar(c draw.Canvas, s span, role chart.Role, parts []chart.Part, y vg.Length) {
	from := 0.0
	for _, part := range parts {
		if math.IsNaN(part.Value) {
			continue
		}
		colour := kindColour(part.Kind)
		if part.Kind == chart.Amount && role != chart.Other {
			colour = roleColour(role)
		}
		to := from + part.Value
		x0, x1 := s.at(min(from, to)), s.at(max(from, to))
		if to > s.axis.Hi {
			fill(c, colour, x0, y-5, x1-6, y+5)
			c.FillPolygon(colour, []vg.Point{{X: x1 - 6, Y: y + 5}, {X: x1, Y: y}, {X: x1 - 6, Y: y - 5}})
			return
		}
		fill(c, colour, x0, y-5, x1, y+5)
		if from > 0 && x1-x0 > 1.5 { // told apart in grey print too
			fill(c, paper(), x0-0.3, y-5, x0+0.3, y+5)
		}
		from = to
	}
}
