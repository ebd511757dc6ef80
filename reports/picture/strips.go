package picture

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// strips are laid out below what is asked of the limit.
type strips struct {
	p      *pen
	c      *chart.Strips
	names  vg.Length // width of the first column
	counts vg.Length // of the last
}

const (
	stripHeight vg.Length = 15
	stripRow    vg.Length = 19
	loadHeight  vg.Length = 84
)

// givenUpEdges are the levels of calls given up a second.
func givenUpEdges() []float64 { return []float64{0.03, 0.1, 1} }

func givenUpShades() []color.NRGBA { return []color.NRGBA{rgb(0xb3bac2), rgb(0x6d7681), ink()} }

func newStrips(p *pen, c *chart.Strips) *strips {
	s := &strips{p: p, c: c}
	for _, row := range c.Rows {
		s.names = max(s.names, min(p.width(nameStyle(row.Role), row.Name), 200))
		s.counts = max(s.counts, p.width(numberStyle(), row.Text))
	}
	for _, l := range c.Load {
		s.counts = max(s.counts, p.width(whyStyle(), p.nameOf(whyStyle(), &l, 150)))
	}
	for _, v := range c.LoadY.Ticks {
		s.names = max(s.names, p.width(tickStyle(), c.LoadY.Text(v)))
	}
	return s
}

func (s *strips) load() vg.Length {
	if len(s.c.Load) == 0 {
		return 0
	}
	return loadHeight + 18
}

func (s *strips) height() vg.Length {
	return s.load() + stripRow*vg.Length(len(s.c.Rows)) + 18 + 18
}

func (s *strips) draw(c draw.Canvas) {
	x := span{&s.c.Time, c.Min.X + s.names + 10, c.Max.X - s.counts - 10}
	top := c.Max.Y - s.load()
	bottom := top - stripRow*vg.Length(len(s.c.Rows))
	for _, b := range s.c.Bands {
		fill(c, pale(), x.at(b.From), bottom, x.at(b.To), c.Max.Y)
	}
	if len(s.c.Load) > 0 {
		s.drawLoad(c, x, span{&s.c.LoadY, top + 8, c.Max.Y - 10})
	}
	s.p.ticks(c, x, bottom-8, func(at vg.Length) { stroke(c, grid(), 0.6, at, bottom, at, c.Max.Y-10) })
	for i := range s.c.Rows {
		row := &s.c.Rows[i]
		y := top - stripRow*(vg.Length(i)+0.5)
		s.p.write(c, nameStyle(row.Role), c.Min.X, y, s.p.fit(nameStyle(row.Role), row.Name, s.names))
		s.strip(c, row, x, y-stripHeight/2)
		s.p.write(c, numberStyle(), c.Max.X, y, row.Text)
	}
	s.key(c, x.lo, bottom-25)
}

// drawLoad draws what is asked of the limit and the limit itself.
func (s *strips) drawLoad(c draw.Canvas, x, y span) {
	t := tickStyle()
	t.x = draw.XRight
	for _, v := range y.axis.Ticks {
		stroke(c, grid(), 0.6, x.lo, y.at(v), x.hi, y.at(v))
		s.p.write(c, t, x.lo-5, y.at(v), y.axis.Text(v))
	}
	var places []vg.Length
	var lines []*chart.Line
	for i := range s.c.Load {
		l := &s.c.Load[i]
		drawLine(c, l, x, y)
		if len(l.Y) > 0 {
			lines = append(lines, l)
		}
	}
	high := func(l *chart.Line) vg.Length { return y.at(slices.Max(l.Y)) }
	slices.SortStableFunc(lines, func(a, b *chart.Line) int { return int(high(b) - high(a)) })
	for _, l := range lines {
		places = append(places, high(l))
	}
	apart(places, y.lo, y.hi)
	for i, l := range lines {
		st := whyStyle()
		if l.Role == chart.Limit {
			st.colour = ink()
		}
		s.p.write(c, st, x.hi+7, places[i], s.p.nameOf(st, l, 150))
	}
}

// strip draws one strategy: runs of steps of the same colour as one piece each.
func (s *strips) strip(c draw.Canvas, row *chart.Strip, x span, y vg.Length) {
	const black = 3.5 // height of the calls given up
	fill(c, band(), x.lo, y, x.hi, y+stripHeight)
	at := func(ys []float64, i int) float64 {
		if i < len(ys) {
			return ys[i]
		}
		return 0
	}
	n := max(len(row.Rejected), len(row.Lost), len(row.GivenUp))
	pieces(n, func(i int) color.NRGBA { return s.shade(at(row.Rejected, i), at(row.Lost, i)) }, func(from, to int, shade color.NRGBA) {
		fill(c, shade, x.at(float64(from)*s.c.Width), y+black, x.at(float64(to)*s.c.Width), y+stripHeight)
	})
	pieces(n, func(i int) color.NRGBA { return level(at(row.GivenUp, i), givenUpEdges(), givenUpShades()) }, func(from, to int, shade color.NRGBA) {
		fill(c, shade, x.at(float64(from)*s.c.Width), y, x.at(float64(to)*s.c.Width), y+black)
	})
}

// pieces calls f for every run of steps of the same colour; steps without one are left
// out.
func pieces(n int, of func(int) color.NRGBA, f func(from, to int, shade color.NRGBA)) {
	for from := 0; from < n; {
		shade, to := of(from), from+1
		for to < n && of(to) == shade {
			to++
		}
		if shade.A > 0 {
			f(from, to, shade)
		}
		from = to
	}
}

// shade is orange where 429s are at least as many as other failures, else purple.
func (s *strips) shade(rejected, lost float64) color.NRGBA {
	if lost > rejected {
		return level(lost, s.c.Edges, lostShades())
	}
	return level(rejected, s.c.Edges, rejectedShades())
}

// level is the shade of the highest edge that v reaches; none below the first.
func level(v float64, edges []float64, shades []color.NRGBA) color.NRGBA {
	var out color.NRGBA
	for i, edge := range edges {
		if v >= edge && i < len(shades) {
			out = shades[i]
		}
	}
	return out
}

// key says which colour is how many a second.
func (s *strips) key(c draw.Canvas, x, y vg.Length) {
	swatches := func(name string, shades []color.NRGBA) {
		s.p.write(c, whyStyle(), x, y, name)
		x += s.p.width(whyStyle(), name) + 5
		for _, shade := range shades {
			fill(c, shade, x, y-4, x+14, y+4)
			x += 14
		}
		x += 12
	}
	text := "a second, from "
	for i, edge := range s.c.Edges {
		if i > 0 {
			text += ", "
		}
		text += words.Plain(edge)
	}
	swatches("429s", rejectedShades())
	swatches("other failures", lostShades())
	s.p.write(c, whyStyle(), x, y, text+" on.")
	x += s.p.width(whyStyle(), text+" on.") + 12
	swatches("calls given up", givenUpShades())
}
