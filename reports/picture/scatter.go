package picture

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/reports/chart"
)

// scatter holds two metrics of each strategy against each other.
type scatter struct {
	p *pen
	c *chart.Scatter
}

func newScatter(p *pen, c *chart.Scatter) *scatter { return &scatter{p, c} }

func (s *scatter) height() vg.Length { return 320 }

func (s *scatter) draw(c draw.Canvas) {
	s.p.write(c, whyStyle(), c.Min.X, c.Max.Y-5, s.c.Y.Label)
	left := vg.Length(0)
	for _, v := range s.c.Y.Ticks {
		left = max(left, s.p.width(tickStyle(), s.c.Y.Text(v))+6)
	}
	if s.c.Y.Never {
		left = max(left, s.p.width(tickStyle(), "never")+6)
	}
	x := span{&s.c.X, c.Min.X + left, c.Max.X - 20}
	y := span{&s.c.Y, c.Min.Y + 30, c.Max.Y - 20}
	if s.c.Y.Never {
		fill(c, band(), x.lo, y.hi-24, x.hi, y.hi)
		t := tickStyle()
		t.x = draw.XRight
		s.p.write(c, t, x.lo-5, y.hi-12, "never")
		y.hi -= 30
	}
	plane(c, s.p, x, y, y.lo-8)
	s.p.write(c, style{size: tiny, colour: muted(), x: draw.XRight}, x.hi, y.lo-20, s.c.X.Label)
	s.steps(c, x, y)
	place := func(p *chart.Spot) (vg.Length, vg.Length) {
		if p.Never {
			return x.at(p.X), y.hi + 18
		}
		return x.at(p.X), y.at(p.Y)
	}
	l := labels{p: s.p, within: c.Rectangle}
	for i := range s.c.Points {
		at, up := place(&s.c.Points[i])
		l.taken = append(l.taken, vg.Rectangle{Min: vg.Point{X: at - 4, Y: up - 4}, Max: vg.Point{X: at + 4, Y: up + 4}})
	}
	for _, first := range []bool{false, true} { // those that matter lie above the others and are named first
		for i := range s.c.Points {
			p := &s.c.Points[i]
			if matters := p.Role == chart.Chosen || p.Role == chart.Cheaper; matters == first {
				at, up := place(p)
				spot(c, p.Role, at, up)
			}
			if matters := p.Role == chart.Chosen || p.Role == chart.Cheaper || s.leads(p); matters != first {
				at, up := place(p)
				l.write(c, p, at, up)
			}
		}
	}
}

// leads reports whether nobody beats a strategy in both metrics.
func (s *scatter) leads(p *chart.Spot) bool {
	for i := range s.c.Frontier {
		if s.c.Frontier[i].Name == p.Name {
			return true
		}
	}
	return false
}

// steps joins those that nobody beats.
func (s *scatter) steps(c draw.Canvas, x, y span) {
	for i, p := range s.c.Frontier {
		if i == 0 {
			continue
		}
		before := s.c.Frontier[i-1]
		stroke(c, others(), 1, x.at(before.X), y.at(before.Y), x.at(p.X), y.at(before.Y))
		stroke(c, others(), 1, x.at(p.X), y.at(before.Y), x.at(p.X), y.at(p.Y))
	}
}

func spot(c draw.Canvas, role chart.Role, x, y vg.Length) {
	switch role {
	case chart.Chosen, chart.Cheaper:
		disc(c, roleColour(role), x, y, 4.5)
	case chart.Bound:
		ring(c, ink(), x, y, 3.6)
	default:
		disc(c, others(), x, y, 3.6)
	}
}

// labels keeps names from covering each other and the spots.
type labels struct {
	p      *pen
	within vg.Rectangle
	taken  []vg.Rectangle
}

// write names a spot at its right, left, above or below, where there is room; else not
// at all.
func (l *labels) write(c draw.Canvas, p *chart.Spot, x, y vg.Length) {
	st := nameStyle(p.Role)
	st.size = 9.5
	name := l.p.fit(st, p.Name, 200)
	w, h := l.p.width(st, name), vg.Length(10)
	for _, at := range []vg.Point{{X: x + 7, Y: y}, {X: x - 7 - w, Y: y}, {X: x - w/2, Y: y + 11}, {X: x - w/2, Y: y - 11}, {X: x + 7, Y: y + 9}, {X: x + 7, Y: y - 9}} {
		box := vg.Rectangle{Min: vg.Point{X: at.X, Y: at.Y - h/2}, Max: vg.Point{X: at.X + w, Y: at.Y + h/2}}
		if box.Min.X < l.within.Min.X || box.Max.X > l.within.Max.X || l.covers(box) {
			continue
		}
		l.taken = append(l.taken, box)
		if !p.Never {
			fill(c, paper(), box.Min.X-1, box.Min.Y, box.Max.X+1, box.Max.Y)
		}
		l.p.write(c, st, at.X, at.Y, name)
		return
	}
}

func (l *labels) covers(b vg.Rectangle) bool {
	for _, t := range l.taken {
		if b.Min.X < t.Max.X && t.Min.X < b.Max.X && b.Min.Y < t.Max.Y && t.Min.Y < b.Max.Y {
			return true
		}
	}
	return false
}
