package picture

import (
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/reports/chart"
)

// bars are panels of counts over time, side by side.
type bars struct {
	p       *pen
	c       *chart.Bars
	columns int
	left    vg.Length // room for the labels of the y axis, in each row once
}

const (
	panelPlot vg.Length = 78
	panelHead vg.Length = 27
	panelFoot vg.Length = 24
)

func newBars(p *pen, c *chart.Bars) *bars {
	b := &bars{p: p, c: c, columns: 3}
	switch n := len(c.Panels); {
	case n <= 1:
		b.columns = 1
	case n <= 4:
		b.columns = 2
	}
	for _, v := range c.Y.Ticks {
		b.left = max(b.left, p.width(tickStyle(), c.Y.Text(v))+6)
	}
	return b
}

func (b *bars) rows() int { return (len(b.c.Panels) + b.columns - 1) / b.columns }

func (b *bars) height() vg.Length { return vg.Length(b.rows()) * (panelHead + panelPlot + panelFoot) }

func (b *bars) draw(c draw.Canvas) {
	room := (c.Max.X - c.Min.X - b.left + gap) / vg.Length(b.columns)
	for i := range b.c.Panels {
		row, col := i/b.columns, i%b.columns
		left := c.Min.X + b.left + room*vg.Length(col)
		top := c.Max.Y - vg.Length(row)*(panelHead+panelPlot+panelFoot)
		b.panel(c, &b.c.Panels[i], left, left+room-gap, top, i)
	}
}

// panel draws one strategy, or several that do the same.
func (b *bars) panel(c draw.Canvas, p *chart.BarPanel, left, right, top vg.Length, i int) {
	name := nameStyle(p.Role)
	b.p.write(c, name, left, top-6, b.p.nameOf(name, &chart.Line{Names: p.Names}, right-left))
	b.p.write(c, whyStyle(), left, top-18, b.p.fit(whyStyle(), strings.Join(p.Notes, "; "), right-left))
	x := span{&b.c.Time, left, right}
	y := span{&b.c.Y, top - panelHead - panelPlot, top - panelHead}
	b.p.ticks(c, x, y.lo-8, func(at vg.Length) { stroke(c, grid(), 0.6, at, y.lo, at, y.hi) })
	t := tickStyle()
	t.x = draw.XRight
	for _, v := range y.axis.Ticks {
		stroke(c, grid(), 0.6, x.lo, y.at(v), x.hi, y.at(v))
		if i%b.columns == 0 {
			b.p.write(c, t, x.lo-5, y.at(v), y.axis.Text(v))
		}
	}
	b.stack(c, p, x, y)
	if b.c.Limit > 0 {
		stroke(c, ink(), 0.9, x.lo, y.at(b.c.Limit), x.hi, y.at(b.c.Limit))
		if i == 0 {
			s := whyStyle()
			s.x, s.colour = draw.XRight, ink()
			b.p.write(c, s, x.hi, y.at(b.c.Limit)+6, b.c.Label)
		}
	}
	stroke(c, others(), 0.8, x.lo, y.lo, x.hi, y.lo)
}

// stack draws the bars of a panel: of each kind a piece above the kinds before it.
// Neighbours are one piece, so that no light shines through between them.
func (b *bars) stack(c draw.Canvas, p *chart.BarPanel, x, y span) {
	n := 0
	for _, values := range p.Values {
		n = max(n, len(values))
	}
	sums, below := make([]float64, n), make([]vg.Length, n)
	for i := range below {
		below[i] = y.lo
	}
	for kind, values := range p.Values {
		var tops, bottoms []vg.Point // of the piece that is under way
		end := func() {
			slices.Reverse(bottoms)
			if len(tops) > 0 {
				c.FillPolygon(kindColour(chart.Kind(kind)), append(tops, bottoms...))
			}
			tops, bottoms = nil, nil
		}
		for i := range n {
			if i >= len(values) || !(values[i] > 0) {
				end()
				continue
			}
			sums[i] += values[i]
			above := y.at(sums[i])
			if above <= below[i] {
				end()
				continue
			}
			from, to := x.at(float64(i)*b.c.Width), x.at(float64(i+1)*b.c.Width)
			tops = append(tops, vg.Point{X: from, Y: above}, vg.Point{X: to, Y: above})
			bottoms = append(bottoms, vg.Point{X: from, Y: below[i]}, vg.Point{X: to, Y: below[i]})
			below[i] = above
		}
		end()
	}
}
