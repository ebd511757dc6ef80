// Package picture draws charts as PNG and SVG, 900 pt wide. The title of a picture is
// the sentence that can be read off it; below it stand what was run and, in words, what
// the marks and colours mean.
package picture

import (
	"bytes"
	"fmt"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"ratesim/reports/chart"
)

const (
	width  vg.Length = 900 // 1200 pixels at the 96 dots an inch of vgimg
	margin vg.Length = 12
)

// A Picture is one chart, drawn when it is written. Writing it twice gives the same
// bytes.
type Picture struct {
	Name  string // of the file, without extension
	chart chart.Chart
	pen   *pen
}

// A body is what a picture shows below its head.
type body interface {
	height() vg.Length
	draw(draw.Canvas)
}

// Of returns the pictures of charts. Those over time of which a reader chooses one
// metric are for pages alone.
func Of(charts []chart.Chart) []Picture {
	var out []Picture
	p := newPen()
	for _, c := range charts {
		if _, ok := c.(*chart.TimeSeries); ok {
			continue
		}
		out = append(out, Picture{Name: c.Heading().Name, chart: c, pen: p})
	}
	return out
}

// bodyOf lays out a chart.
func bodyOf(p *pen, c chart.Chart) body {
	switch c := c.(type) {
	case *chart.Ranking:
		return newRanking(p, c)
	case *chart.Curves:
		return newCurves(p, c)
	case *chart.Strips:
		return newStrips(p, c)
	case *chart.Scatter:
		return newScatter(p, c)
	case *chart.Bars:
		return newBars(p, c)
	}
	return nothing{}
}

// nothing is the body of a chart that has no picture.
type nothing struct{}

func (nothing) height() vg.Length { return 0 }
func (nothing) draw(draw.Canvas)  {}

// on draws the picture on a canvas that is made for its height.
func (p Picture) on(make func(height vg.Length) vg.CanvasSizer) {
	head := newHeadline(p.pen, p.chart.Heading())
	b := bodyOf(p.pen, p.chart)
	c := draw.New(make(head.height() + b.height() + margin))
	c.FillPolygon(paper(), corners(c.Min.X, c.Min.Y, c.Max.X, c.Max.Y))
	c = draw.Crop(c, margin, -margin, margin, 0)
	head.draw(c)
	b.draw(draw.Crop(c, 0, 0, 0, -head.height()))
}

// WritePNG writes the picture 1200 pixels wide. The error is of w.
func (p Picture) WritePNG(w io.Writer) error {
	var c *vgimg.Canvas
	p.on(func(height vg.Length) vg.CanvasSizer {
		c = vgimg.New(width, height)
		return c
	})
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return fmt.Errorf("writing %s as PNG: %w", p.Name, err)
	}
	return nil
}

// WriteSVG writes the picture with text as text, to be searched and restyled. The
// error is of w.
func (p Picture) WriteSVG(w io.Writer) error {
	var c *vgsvg.Canvas
	p.on(func(height vg.Length) vg.CanvasSizer {
		c = vgsvg.New(width, height)
		return c
	})
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return fmt.Errorf("writing %s as SVG: %w", p.Name, err)
	}
	// Few machines have the Liberation fonts; Arial has the same widths.
	family := []byte("font-family:Liberation Sans;")
	svg := bytes.ReplaceAll(b.Bytes(), family, []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	if _, err := w.Write(svg); err != nil {
		return fmt.Errorf("writing %s as SVG: %w", p.Name, err)
	}
	return nil
}
