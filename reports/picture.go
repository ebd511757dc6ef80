package reports

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"ratesim/sim/metrics"
)

// width is 1200 pixels at the 96 dots an inch of vgimg.
const width vg.Length = 900

// A Picture is one drawing of a result, made when it is written. Writing it
// twice gives the same bytes.
type Picture struct {
	Name   string // of the file, without extension
	height vg.Length
	draw   func(draw.Canvas)
}

// WritePNG writes the picture 1200 pixels wide. The error is of w.
func (p Picture) WritePNG(w io.Writer) error {
	c := vgimg.New(width, p.height)
	p.draw(draw.New(c))
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return fmt.Errorf("writing %s as PNG: %w", p.Name, err)
	}
	return nil
}

// WriteSVG writes the picture with text as text, to be searched and restyled.
// The error is of w.
func (p Picture) WriteSVG(w io.Writer) error {
	c := vgsvg.New(width, p.height)
	p.draw(draw.New(c))
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

// Of returns pictures under names that say of which provider they are.
func Of(provider string, pictures []Picture) []Picture {
	prefix := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, provider)
	out := slices.Clone(pictures)
	for i := range out {
		out[i].Name = prefix + "-" + out[i].Name
	}
	return out
}

// Pictures returns the pictures of a comparison: latency, attempts with 429s,
// quota used and, where there are several tenants, who fails. A picture for which the result holds no curves is left out.
func Pictures(r *metrics.Result) []Picture {
	return present(latencyPicture(r), attemptsPicture(r), quotaPicture(r), tenantsPicture(r))
}

// HerdPictures returns the pictures of a herd: attempts over time, and the
// peaks and time to drain against how wide the retries are jittered. The
// latter needs at least two of the strategies backoff (no jitter), jitter-N%,
// jitter-full, jitter-equal and jitter-decorrelated.
func HerdPictures(r *metrics.Result) []Picture {
	return present(herdPicture(r), jitterPicture(r))
}

func present(ps ...Picture) []Picture {
	var out []Picture
	for _, p := range ps {
		if p.draw != nil {
			out = append(out, p)
		}
	}
	return out
}

// Colours of Okabe and Ito, "Color Universal Design" (2008), told apart with
// any colour vision; without yellow, too faint on white, and black, which is
// the bound's.
func hue(i int) color.Color {
	hues := []color.Color{
		color.NRGBA{0, 114, 178, 255},   // blue
		color.NRGBA{213, 94, 0, 255},    // vermilion
		color.NRGBA{0, 158, 115, 255},   // bluish green
		color.NRGBA{204, 121, 167, 255}, // reddish purple
		color.NRGBA{86, 180, 233, 255},  // sky blue
		color.NRGBA{230, 159, 0, 255},   // orange
	}
	return hues[i%len(hues)]
}

// lineOf is the line of the i-th of maxLines strategies: when the colours are used
// up they come again dashed.
func lineOf(i int, name string) draw.LineStyle {
	dashes := [][]vg.Length{nil, {7, 3}, {1.5, 2.5}}
	if name == oracle {
		return draw.LineStyle{Color: color.Black, Width: 1.5, Dashes: []vg.Length{4, 3}}
	}
	return draw.LineStyle{Color: hue(i), Width: 2, Dashes: dashes[i/6%len(dashes)]}
}

// newPlot returns a plot with the house's text sizes, grid and no title.
func newPlot() *plot.Plot {
	p := plot.New()
	ink := color.Gray{60}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(11)
		a.Label.TextStyle.Color = ink
		a.Tick.Label.Font = sans(10)
		a.Tick.Label.Color = ink
		a.LineStyle.Color = ink
		a.Tick.LineStyle.Color = ink
		a.Padding = 0
	}
	p.Title.TextStyle.Font = sans(11)
	p.Add(grille{})
	return p
}

// sans is the type of all pictures, one of those that gonum/plot embeds.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// grille draws a faint line at every labelled tick.
type grille struct{}

// Plot implements plot.Plotter.
func (grille) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: color.Gray{225}, Width: 0.5}
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if !t.IsMinor() && p.X.Tick.Width > 0 { // categories have no ticks
			c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !t.IsMinor() {
			c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// headline draws the title of a picture and returns the canvas below it.
func headline(c draw.Canvas, title string) draw.Canvas {
	style := plot.New().Title.TextStyle
	style.Font = sans(15)
	style.XAlign, style.YAlign = draw.XLeft, draw.YTop
	c = draw.Crop(c, 12, -12, 10, -10)
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, title)
	return draw.Crop(c, 0, 0, 0, -28)
}

// ticks labels an axis at up to n round values: 1, 2 or 5 times a power of
// ten of unit.
func ticks(n int, unit float64, label func(float64) string) plot.TickerFunc {
	return func(lo, hi float64) []plot.Tick {
		step := roundStep((hi-lo)/unit, n)
		var out []plot.Tick
		for i := math.Ceil(lo / unit / step); i*step*unit <= hi*(1+1e-9) && len(out) <= n; i++ {
			out = append(out, plot.Tick{Value: i * step * unit, Label: label(i * step)})
		}
		return out
	}
}

// rootTicks labels a square-root axis: 0 and round values about evenly spaced
// up to hi, the root of the highest value.
func rootTicks(_, hi float64) []plot.Tick {
	out := []plot.Tick{{Label: "0"}}
	for i := 1.0; i <= 3; i++ {
		v := roundStep(math.Pow(hi*i/3.3, 2), 1)
		if at := math.Sqrt(v); at <= hi && at > out[len(out)-1].Value {
			out = append(out, plot.Tick{Value: at, Label: amount(v)})
		}
	}
	return out
}

// amount writes a tick of a count: 0, 500, 2000, 15k.
func amount(v float64) string {
	s := quantity(v)
	return plainNumber(v/s.div) + s.unit
}

// roundStep returns the smallest round step that divides span into at most n
// parts; 1 for an empty span.
func roundStep(span float64, n int) float64 {
	raw := span / float64(n)
	if !finite(raw) || raw <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}
