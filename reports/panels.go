package reports

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/sim/metrics"
)

// maxSteps bounds the steps drawn in a panel: about three a pixel. Longer series
// are thinned to the highest of every few steps, so that no peak is lost.
const maxSteps = 1000

// A layer is one series of every panel, drawn as a filled area.
type layer struct {
	label string
	of    func(*metrics.Curves) []float64
	fill  color.Color
}

// A series over time, drawn as small multiples: one panel a strategy, all on
// one scale, since twelve lines in one plot cannot be told apart.
type overTime struct {
	name, title string
	layers      []layer // drawn in this order, each over the last
	limit       float64 // drawn as a line; 0 = none
	root        bool    // square-root y axis: what is small beside a spike stays visible
	unit        float64 // what one of the y axis is
	yLabel      string
}

// attempts is the picture of a comparison or, with its heights true to scale,
// of a herd, whose spikes are what it is about.
func attempts() overTime {
	return overTime{
		name: "attempts", title: "Attempts reaching the deployments, per second",
		layers: []layer{
			{"attempts", func(c *metrics.Curves) []float64 { return c.AttemptsPerS }, color.NRGBA{150, 190, 220, 255}},
			{"of these, 429s", func(c *metrics.Curves) []float64 { return c.RejectedPerS }, color.NRGBA{205, 45, 40, 255}},
		},
		unit: 1, yLabel: "per second",
	}
}

func attemptsPicture(r *metrics.Result) Picture {
	o := attempts()
	o.root = true
	o.title += " (square-root scale)"
	return o.picture(r)
}

func herdPicture(r *metrics.Result) Picture { return attempts().picture(r) }

func quotaPicture(r *metrics.Result) Picture {
	return overTime{
		name: "quota", title: "Quota used in the last minute, against the limit per minute",
		layers: []layer{
			{"quota used", func(c *metrics.Curves) []float64 { return c.QuotaUsed }, color.NRGBA{120, 190, 165, 255}},
		},
		limit: 1, unit: 0.01, yLabel: "% of limit",
	}.picture(r)
}

// picture lays the panels out row by row.
func (o overTime) picture(r *metrics.Result) Picture {
	var rows []*metrics.Strategy
	var ends []float64
	top := o.limit
	for _, s := range inOrder(r) {
		end, most := o.extent(s)
		if end >= 0 {
			rows, ends, top = append(rows, s), append(ends, end), max(top, most)
		}
	}
	end := axisEnd(ends)
	if !finite(end) || end <= 0 {
		return Picture{}
	}
	step := math.Inf(1) // the shortest
	for _, s := range rows {
		step = min(step, s.Curves.Width)
	}
	cols := columnsFor(len(rows))
	grid := make([][]*plot.Plot, (len(rows)+cols-1)/cols)
	for i := range grid {
		grid[i] = make([]*plot.Plot, cols)
	}
	for i, s := range rows {
		p := o.panel(s, end, top, i%cols == 0, i+cols >= len(rows))
		if ends[i] > end {
			p.Title.Text += goesOn(ends[i], s.Curves.Width, step)
		}
		grid[i/cols][i%cols] = p
	}
	height := 46 + 128*vg.Length(len(grid)) + 30
	title := o.title
	if bin := binWidth(step, end); bin > step {
		title += ", highest of every " + plainNumber(bin) + " s"
	}
	return Picture{Name: o.name, height: height, draw: func(c draw.Canvas) {
		o.key(c)
		c = headline(c, title)
		drawGrid(c, grid)
	}}
}

// extent returns when the last of what s has to show ends, negative if it has no
// series that can be drawn, and the highest of it.
func (o overTime) extent(s *metrics.Strategy) (end, most float64) {
	end = -1
	for _, l := range o.layers {
		for i, y := range o.series(s, l) {
			end, most = max(end, 0), max(most, y)
			if y > 0 {
				end = max(end, float64(i+1)*s.Curves.Width)
			}
		}
	}
	return end, most
}

// goesOn says that a panel is cut off at its right, and over what it is averaged, if
// that is not what others are: longer runs are kept in longer steps.
func goesOn(end, step, others float64) string {
	unit, name := timeUnit(end)
	until := "until " + plainNumber(math.Round(end/unit*10)/10) + " " + name
	if step > others {
		until += ", means of " + plainNumber(step) + " s"
	}
	return " (" + until + ")"
}

// axisEnd is where the time axis of all panels ends: where the longest does, or, where
// fewer than a fifth go on for more than half as long again as the longest of the
// others, where that does. They would press the others to the left.
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

// drawGrid draws panels row by row, nil leaving its place empty.
func drawGrid(c draw.Canvas, grid [][]*plot.Plot) {
	tiles := draw.Tiles{Rows: len(grid), Cols: len(grid[0]), PadX: 14, PadY: 8}
	for i, line := range plot.Align(grid, tiles, c) {
		for j, at := range line {
			if p := grid[i][j]; p != nil {
				p.Draw(at)
			}
		}
	}
}

// columnsFor keeps panels wide enough to read time from.
func columnsFor(panels int) int {
	switch {
	case panels == 1:
		return 1
	case panels <= 4:
		return 2
	default:
		return 3
	}
}

// series is one layer of s, nil where it has none that can be drawn.
func (o overTime) series(s *metrics.Strategy, l layer) []float64 {
	if s.Curves == nil || !(s.Curves.Width > 0) || !finite(l.of(s.Curves)...) {
		return nil
	}
	return l.of(s.Curves)
}

func (o overTime) panel(s *metrics.Strategy, end, top float64, left, bottom bool) *plot.Plot {
	p := newPlot()
	p.Title.Text = printable(s.Name)
	p.Title.Padding = 3
	for _, l := range o.layers {
		if ys := o.series(s, l); len(ys) > 0 {
			p.Add(&plotter.Polygon{XYs: []plotter.XYs{o.scaled(area(ys, s.Curves.Width, end))}, Color: l.fill})
		}
	}
	if o.limit > 0 {
		p.Add(&plotter.Line{
			XYs:       o.scaled(plotter.XYs{{X: 0, Y: o.limit}, {X: end, Y: o.limit}}),
			LineStyle: limitLine(),
		})
	}
	p.X.Min, p.X.Max = 0, end
	p.Y.Min, p.Y.Max = 0, o.height(top)*1.05
	unit, name := timeUnit(end)
	p.X.Tick.Marker = ticks(6, unit, plainNumber)
	p.Y.Tick.Marker = ticks(4, o.unit, amount)
	if o.root {
		p.Y.Tick.Marker = plot.TickerFunc(rootTicks)
	}
	if bottom {
		p.X.Label.Text = "time (" + name + ")"
	}
	if left {
		p.Y.Label.Text = o.yLabel
	}
	return p
}

// height is where the y axis shows v.
func (o overTime) height(v float64) float64 {
	if o.root {
		return math.Sqrt(v)
	}
	return v
}

func (o overTime) scaled(points plotter.XYs) plotter.XYs {
	for i := range points {
		points[i].Y = o.height(points[i].Y)
	}
	return points
}

// key draws the legend in the top right corner, beside the title.
func (o overTime) key(c draw.Canvas) {
	legend := plot.NewLegend()
	legend.Top = true
	legend.TextStyle.Font = sans(10)
	legend.Padding = 4
	for _, l := range o.layers {
		legend.Add(l.label, &plotter.Polygon{Color: l.fill})
	}
	if o.limit > 0 {
		legend.Add("limit", &plotter.Line{LineStyle: limitLine()})
	}
	legend.Draw(draw.Crop(c, 0, -12, 0, -6))
}

func limitLine() draw.LineStyle {
	return draw.LineStyle{Color: color.Black, Width: 1, Dashes: []vg.Length{4, 3}}
}

// timeUnit returns the unit, in seconds, that suits an axis of so many seconds.
func timeUnit(end float64) (unit float64, name string) {
	switch {
	case end < 180:
		return 1, "s"
	case end < 3*3600:
		return 60, "min"
	case end < 3*86400:
		return 3600, "h"
	default:
		return 86400, "days"
	}
}

// binWidth is the width in seconds of what is drawn as one step: a multiple of
// the series' own step.
func binWidth(step, end float64) float64 {
	return step * max(1, math.Ceil(end/step/maxSteps))
}

// area is the outline of a step series up to end.
func area(ys []float64, step, end float64) plotter.XYs {
	bin := binWidth(step, end)
	outline := plotter.XYs{{X: 0, Y: 0}}
	for from := 0.0; from < end && len(ys) > 0; from += bin {
		n := int(min(math.Round(bin/step), float64(len(ys))))
		high := max(0, slices.Max(ys[:n]))
		ys = ys[n:]
		outline = append(outline, plotter.XY{X: from, Y: high}, plotter.XY{X: min(from+bin, end), Y: high})
	}
	return append(outline, plotter.XY{X: outline[len(outline)-1].X, Y: 0})
}
