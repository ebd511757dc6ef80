package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/provider/capacity"
)

// PTUPictures returns the pictures of `ratesim ptu`: demand over time, how often
// which demand came, what sizes cost, and how full the PTUs are by weekday and
// hour. The last one needs times that are dates.
func PTUPictures(r *capacity.Report) []Picture {
	c := r.Curves
	if c == nil || !finite(c.Mean...) || !finite(c.Highest...) || !finite(c.Histogram...) || !finite(c.Yearly...) {
		return nil
	}
	return present(demandPicture(r), histogramPicture(r), costPicture(r), heatPicture(r))
}

// chosen returns the recommended option, nil where nothing is.
func chosen(r *capacity.Report) *capacity.Option {
	if i := r.Recommendation.Option; i >= 0 && i < len(r.Options) {
		return &r.Options[i]
	}
	return nil
}

// shownSize is the size that pictures mark: the recommended one, else the
// cheapest with spillover that there is; and what to call it.
func shownSize(r *capacity.Report) (*capacity.Option, string) {
	if o := chosen(r); o != nil && o.PTUs > 0 {
		return o, "recommended: " + printable(o.Title())
	}
	for i := range r.Options {
		if o := &r.Options[i]; o.Name == "ptu+spillover" && o.Commitment == "yearly" {
			return o, "not recommended: " + printable(o.Title())
		}
	}
	return nil, ""
}

// perPTU is what a PTU gives, in normalised tokens a minute; 0 if the report does
// not tell.
func perPTU(r *capacity.Report) float64 {
	for _, a := range r.Assumptions {
		if a.What == "input TPM per PTU" {
			return a.Value
		}
	}
	return 0
}

// mark is a line across a plot, with a name in the legend.
type mark struct {
	name string
	at   float64
	line draw.LineStyle
}

func marks(r *capacity.Report) []mark {
	out := []mark{
		{"p50", r.Normalised.P50, draw.LineStyle{Color: hue(2), Width: 1.2, Dashes: []vg.Length{1.5, 2.5}}},
		{"p95", r.Normalised.P95, draw.LineStyle{Color: hue(5), Width: 1.2, Dashes: []vg.Length{4, 3}}},
		{"p99", r.Normalised.P99, draw.LineStyle{Color: hue(1), Width: 1.2, Dashes: []vg.Length{7, 3}}},
	}
	if o, name := shownSize(r); o != nil && perPTU(r) > 0 {
		out = append(out, mark{name, float64(o.PTUs) * perPTU(r), draw.LineStyle{Color: color.Black, Width: 1.8}})
	}
	return out
}

// aside draws a plot with its legend to the right of the title's line below it.
func aside(name, title string, p *plot.Plot, legend plot.Legend) Picture {
	return Picture{Name: name, height: 420, draw: func(c draw.Canvas) {
		c = headline(c, title)
		legend.Top, legend.Left = true, true
		legend.TextStyle.Font = sans(10)
		legend.ThumbnailWidth = 26
		legend.Padding = 5
		width := legend.Rectangle(c).Size().X + 24
		legend.Draw(draw.Crop(c, c.Size().X-width+18, 0, 0, -4))
		p.Draw(draw.Crop(c, 0, -width, 0, 0))
	}}
}

// demandPicture draws normalised tokens a minute over time, mean and highest of
// each step.
func demandPicture(r *capacity.Report) Picture {
	c := r.Curves
	step := float64(c.StepMinutes) * 60
	end := step * float64(len(c.Mean))
	if end <= 0 {
		return Picture{}
	}
	p, legend := newPlot(), plot.NewLegend()
	fill := func(name string, ys []float64, shade color.Color) {
		area := &plotter.Polygon{XYs: []plotter.XYs{steps(ys, step)}, Color: shade}
		p.Add(area)
		legend.Add(name, area)
	}
	if c.StepMinutes > 1 {
		fill(fmt.Sprintf("highest of %d minutes", c.StepMinutes), c.Highest, color.NRGBA{190, 215, 235, 255})
		fill(fmt.Sprintf("mean of %d minutes", c.StepMinutes), c.Mean, color.NRGBA{86, 150, 200, 255})
	} else {
		fill("each minute", c.Mean, color.NRGBA{120, 175, 215, 255})
	}
	top := r.Normalised.Max
	for _, m := range marks(r) {
		line := &plotter.Line{XYs: plotter.XYs{{X: 0, Y: m.at}, {X: end, Y: m.at}}, LineStyle: m.line}
		p.Add(line)
		legend.Add(m.name, line)
		top = max(top, m.at)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, end, 0, top*1.05
	unit, name := timeUnit(end)
	p.X.Tick.Marker = ticks(10, unit, plainNumber)
	if start, err := time.Parse(time.RFC3339, r.Start); err == nil {
		p.X.Tick.Marker = dates(start, end)
		name = "in the log's time zone"
	}
	p.Y.Tick.Marker = ticks(6, 1, amount)
	p.X.Label.Text, p.Y.Label.Text = "time ("+name+")", "normalised tokens a minute"
	return aside("tpm", "Demand over time, "+printable(r.Model), p, legend)
}

// steps is the outline of a step series.
func steps(ys []float64, width float64) plotter.XYs {
	out := plotter.XYs{{}}
	for i, y := range ys {
		out = append(out, plotter.XY{X: float64(i) * width, Y: max(0, y)}, plotter.XY{X: float64(i+1) * width, Y: max(0, y)})
	}
	return append(out, plotter.XY{X: float64(len(ys)) * width})
}

// dates labels an axis of seconds since start at round times of day or days.
func dates(start time.Time, end float64) plot.TickerFunc {
	return func(lo, hi float64) []plot.Tick {
		layout, step := "15:04", 24*time.Hour
		for _, s := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour} {
			if end/s.Seconds() <= 9 {
				step = s
				break
			}
		}
		if step >= 24*time.Hour {
			layout = "2 Jan"
			for _, days := range []int{1, 2, 7, 14, 30, 60, 120, 365} {
				if step = time.Duration(days) * 24 * time.Hour; end/step.Seconds() <= 9 {
					break
				}
			}
		}
		_, offset := start.Zone()
		local := start.Add(time.Duration(offset) * time.Second)
		first := local.Truncate(min(step, 24*time.Hour))
		var out []plot.Tick
		for at := first; at.Sub(local).Seconds() <= hi; at = at.Add(step) {
			if x := at.Sub(local).Seconds(); x >= lo {
				out = append(out, plot.Tick{Value: x, Label: at.Format(layout)})
			}
		}
		return out
	}
}

// histogramPicture draws how many minutes had which demand, and the capacity
// beside it.
func histogramPicture(r *capacity.Report) Picture {
	c := r.Curves
	if len(c.Histogram) == 0 || c.Bin <= 0 {
		return Picture{}
	}
	p, legend := newPlot(), plot.NewLegend()
	area := &plotter.Polygon{XYs: []plotter.XYs{steps(c.Histogram, c.Bin)}, Color: color.NRGBA{120, 175, 215, 255}}
	p.Add(area)
	legend.Add("minutes of the log", area)
	top, end := slices.Max(c.Histogram), c.Bin*float64(len(c.Histogram))
	for _, m := range marks(r) {
		line := &plotter.Line{XYs: plotter.XYs{{X: m.at, Y: 0}, {X: m.at, Y: top * 1.05}}, LineStyle: m.line}
		p.Add(line)
		legend.Add(m.name, line)
		end = max(end, m.at*1.05)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, end, 0, top*1.05
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(8, 1, amount), ticks(6, 0.01, plainNumber)
	p.X.Label.Text, p.Y.Label.Text = "normalised tokens a minute", "share of minutes (%)"
	return aside("demand", "How often which demand came, and the capacity", p, legend)
}

// costPicture draws what each number of PTUs costs with spillover, by commitment,
// with the cheapest, what the p95 would need, and none. It ends where a year's
// reservation costs what the p95 would need, or four times pay-as-you-go if that
// is less, so that the cheapest can be told from its neighbours.
func costPicture(r *capacity.Report) Picture {
	c := r.Curves
	n := len(c.PTUs)
	if n < 2 || len(c.Hourly) != n || len(c.Monthly) != n || len(c.Yearly) != n || !finite(c.Hourly...) || !finite(c.Monthly...) {
		return Picture{}
	}
	p, legend := newPlot(), plot.NewLegend()
	payg := c.Yearly[0]
	low := slices.Index(c.Yearly, slices.Min(c.Yearly))
	top := max(payg*1.5, c.Yearly[1]*1.1) // the smallest size is always seen
	p95, known := slices.BinarySearch(c.PTUs, r.PTUsAt.P95)
	if known {
		top = max(top, min(c.Yearly[p95]*1.1, payg*4))
	}
	end := 0.0
	for i, k := range []struct {
		name string
		ys   []float64
	}{{"hourly", c.Hourly}, {"monthly", c.Monthly}, {"yearly", c.Yearly}} {
		points := below(c.PTUs, k.ys, top)
		if len(points) == 0 {
			return Picture{}
		}
		line := &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: hue(i), Width: 2}}
		p.Add(line)
		legend.Add(k.name, line)
		end = max(end, points[len(points)-1].X)
	}
	dot := func(name string, at int, shape draw.GlyphDrawer, shade color.Color) {
		point := &plotter.Scatter{XYs: plotter.XYs{{X: float64(c.PTUs[at]), Y: c.Yearly[at]}}, GlyphStyle: draw.GlyphStyle{Color: shade, Radius: 5, Shape: shape}}
		if c.Yearly[at] <= top {
			p.Add(point)
		} else {
			name += ", not shown"
		}
		legend.Add(name, point)
	}
	flat := &plotter.Line{XYs: plotter.XYs{{X: 0, Y: payg}, {X: end, Y: payg}}, LineStyle: limitLine()}
	p.Add(flat)
	legend.Add("pay-as-you-go: "+money(payg), flat)
	cheapest := "cheapest, yearly: " + money(c.Yearly[low])
	if c.PTUs[low] > 0 {
		cheapest = fmt.Sprintf("cheapest, yearly: %d PTUs, %s", c.PTUs[low], money(c.Yearly[low]))
	}
	dot(cheapest, low, draw.CircleGlyph{}, color.Black)
	if known {
		dot(fmt.Sprintf("sized for p95: %d PTUs, %s", r.PTUsAt.P95, money(c.Yearly[p95])), p95, draw.PyramidGlyph{}, hue(3))
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, end, 0, top*1.02
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(8, 1, amount), ticks(6, 1, amount)
	p.X.Label.Text, p.Y.Label.Text = "PTUs, the rest spilling over", printable(r.Currency)+" a month"
	return aside("cost", "What PTUs with spillover cost, by their number", p, legend)
}

// below is a line up to where it first leaves the picture.
func below(xs []int, ys []float64, top float64) (out plotter.XYs) {
	for i, y := range ys {
		if y > top {
			if i > 0 {
				f := (top - ys[i-1]) / (y - ys[i-1])
				out = append(out, plotter.XY{X: float64(xs[i-1]) + f*float64(xs[i]-xs[i-1]), Y: top})
			}
			break
		}
		out = append(out, plotter.XY{X: float64(xs[i]), Y: y})
	}
	return out
}

// heatPicture draws mean demand by weekday and hour, as a share of the capacity
// shown.
func heatPicture(r *capacity.Report) Picture {
	heat := r.Curves.Heat
	o, name := shownSize(r)
	if len(heat) != 7 || o == nil || perPTU(r) <= 0 {
		return Picture{}
	}
	full := float64(o.PTUs) * perPTU(r)
	title := fmt.Sprintf("Mean demand by weekday and hour, %% of %d PTUs (%s)", o.PTUs, name)
	return Picture{Name: "utilisation", height: 330, draw: func(c draw.Canvas) {
		c = draw.Crop(headline(c, title), 40, 0, 24, 0)
		style := plot.New().X.Tick.Label
		style.Font = sans(10)
		style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
		w, h := c.Size().X/24, c.Size().Y/7
		for d, row := range heat {
			y := c.Max.Y - vg.Length(d+1)*h
			style.Color = color.Gray{60}
			c.FillText(style, vg.Point{X: c.Min.X - 20, Y: y + h/2}, [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}[d])
			for hour, v := range row[:min(len(row), 24)] {
				x := c.Min.X + vg.Length(hour)*w
				cell := []vg.Point{{X: x, Y: y}, {X: x + w - 1, Y: y}, {X: x + w - 1, Y: y + h - 1}, {X: x, Y: y + h - 1}}
				if v < 0 || !finite(v) {
					c.FillPolygon(color.Gray{240}, cell)
					continue
				}
				shade, ink := heatColour(v / full)
				c.FillPolygon(shade, cell)
				style.Color = ink
				c.FillText(style, vg.Point{X: x + w/2, Y: y + h/2}, fmt.Sprintf("%.0f", 100*v/full))
			}
		}
		style.Color = color.Gray{60}
		for hour := range 24 {
			c.FillText(style, vg.Point{X: c.Min.X + (vg.Length(hour)+0.5)*w, Y: c.Min.Y - 12}, fmt.Sprintf("%02d", hour))
		}
	}}
}

// heatColour goes from white to blue at 100 %, and on to vermilion above.
func heatColour(share float64) (fill, ink color.Color) {
	blend := func(a, b color.NRGBA, f float64) color.NRGBA {
		mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + f*(float64(y)-float64(x)))) }
		return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
	}
	white, blue, red := color.NRGBA{247, 250, 252, 255}, color.NRGBA{0, 114, 178, 255}, color.NRGBA{213, 94, 0, 255}
	if share > 1 {
		return blend(color.NRGBA{235, 160, 110, 255}, red, min(share-1, 1)), color.White
	}
	f := max(0, share)
	if f > 0.55 {
		return blend(white, blue, f), color.White
	}
	return blend(white, blue, f), color.Gray{40}
}
