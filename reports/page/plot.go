package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// A plot is an area between two axes, with lines in it.
type plot struct {
	Label  string // for those who do not see it
	Axes   string // for the script; empty: it has no values
	Time   bool   // its x axis is the time of the run, which plots share
	Level  bool   // values hold for a step
	Height int
	Below  int    // pixels below it, for ticks and labels
	Box    string // of the paths
	X, Y   []tick
	XLabel string
	YLabel string
	Never  string // where the stripe of what is never reached begins; empty: none
	Bands  []band
	Lines  []line
	Labels []label
	Areas  []areaPath
	Under  *plot // of another y axis over the same x axis
}

type band struct{ X, Width, Label string }

type line struct {
	Class, Keys, Title, Path string
}

type areaPath struct{ Class, Path string }

// TickDY is how far below the plot its ticks are written: below the names of lines.
func (p *plot) TickDY() int { return p.Below - 8 }

// A label names a line where it ends.
type label struct {
	Class, Keys, Text, Title string
	X, Y                     string // per cent
	DY                       int    // pixels below Y
	Anchor                   string
	Lead                     string // where a thin line to the label begins; empty: none
	From                     string
	Wide                     bool // it has no room on a phone
}

// order draws what matters last, so that it lies on top.
func order(r chart.Role) int {
	switch r {
	case chart.Chosen:
		return 4
	case chart.Cheaper:
		return 3
	case chart.Bound:
		return 2
	case chart.Limit:
		return 1
	}
	return 0
}

func bandsOf(x *chart.Axis, bands []chart.Band) []band {
	var out []band
	for _, b := range bands {
		from, ok1 := at(x, b.From)
		to, ok2 := at(x, b.To)
		if ok1 && ok2 && to > from {
			out = append(out, band{percent(from), percent(to - from), words.Printable(b.Label)})
		}
	}
	return out
}

// The sizes that labels are laid out for. They must not touch in a window of 768
// pixels; on a phone only the important ones are shown.
const (
	curveHeight = 400
	plotWidth   = 470
	phoneWidth  = 230
	lineGap     = 15
	floorRows   = 6
	labelLength = 34 // characters; the tooltip has the whole
)

func curvesOf(c *chart.Curves, height int) *plot {
	p := &plot{
		Label: c.Title, Axes: script(&c.X, &c.Y, units, units), Height: height,
		Box: fmt.Sprintf("0 0 %d %d", units, units),
		X:   ticksOf(&c.X, plotWidth, phoneWidth), Y: ticksOf(&c.Y, float64(height)/1.5, float64(height)/1.5),
		XLabel: c.X.Label, YLabel: c.Y.Label, Bands: bandsOf(&c.X, c.Bands),
	}
	lines := slices.Clone(c.Lines)
	slices.SortStableFunc(lines, func(a, b chart.Line) int { return cmp.Compare(order(a.Role), order(b.Role)) })
	for i := range lines {
		l := &lines[i]
		css := class(l.Role)
		if l.Dashed {
			css += " dash"
		}
		p.Lines = append(p.Lines, line{Class: css, Keys: keys(l.Names...), Title: names(l.Names), Path: curve(l, &c.X, &c.Y)})
	}
	rows := p.label(lines, &c.X, &c.Y)
	p.Below = rows*lineGap + 26
	if c.Below != nil {
		p.Under = curvesOf(c.Below, height/2)
		p.XLabel = "" // it is below both
		p.Under.Label = p.Label + ": " + c.Below.Y.Label
	}
	return p
}

// label names the lines: at the right edge, or below the floor that they reach. It
// returns how many rows of names there are below the floor.
func (p *plot) label(lines []chart.Line, x, yAxis *chart.Axis) int {
	height := float64(p.Height)
	type end struct {
		line *chart.Line
		x, y float64
	}
	var right, floor []end
	for i := range lines {
		l := &lines[i]
		n := min(len(l.X), len(l.Y))
		if n == 0 || l.Label == "" && len(l.Names) == 0 {
			continue
		}
		fx, okX := at(x, l.X[n-1])
		fy, okY := at(yAxis, l.Y[n-1])
		switch {
		case !okX || !okY:
		case fy < 0.005 && fx < 0.995:
			floor = append(floor, end{l, fx, fy})
		default:
			right = append(right, end{l, fx, fy})
		}
	}
	places := make([]float64, len(right))
	for i, e := range right {
		places[i] = (1 - e.y) * height
		if y := e.line.Y[min(len(e.line.X), len(e.line.Y))-1]; e.y == 1 {
			f, _ := beyond(yAxis, y) // of those that leave the plot, the highest first
			places[i] -= f / far
		}
	}
	for i, at := range spread(places, lineGap, height) {
		e := right[i]
		l := labelOf(e.line)
		l.X, l.Y, l.DY, l.Anchor = "100%", percent(at/height), 4, "start"
		if e.x < 0.995 || math.Abs(at-places[i]) > 1 {
			l.Lead, l.From = percent(1-e.y), percent(e.x)
		}
		p.Labels = append(p.Labels, l)
	}
	// Those that matter take the first rows.
	slices.SortStableFunc(floor, func(a, b end) int {
		return cmp.Or(cmp.Compare(order(b.line.Role), order(a.line.Role)), cmp.Compare(a.x, b.x))
	})
	var rows [][][2]float64
	for _, e := range floor {
		l := labelOf(e.line)
		half := textWidth(l.Text)/2 + 4
		span := [2]float64{e.x*plotWidth - half, e.x*plotWidth + half}
		row := slices.IndexFunc(rows, func(taken [][2]float64) bool {
			return !slices.ContainsFunc(taken, func(t [2]float64) bool { return span[0] < t[1] && t[0] < span[1] })
		})
		if row < 0 {
			if len(rows) == floorRows {
				continue // hovering names it
			}
			row = len(rows)
			rows = append(rows, nil)
		}
		rows[row] = append(rows[row], span)
		l.X, l.Y, l.DY, l.Anchor = percent(e.x), "100%", 16+row*lineGap, "middle"
		l.Wide = order(e.line.Role) < order(chart.Cheaper)
		p.Labels = append(p.Labels, l)
	}
	return len(rows)
}

func labelOf(l *chart.Line) label {
	text := words.Printable(l.Label)
	if n := names(l.Names); n != "" && n != text {
		text = strings.TrimSpace(text + " " + n)
	}
	out := label{Class: class(l.Role), Keys: keys(l.Names...), Title: text, Text: cut(text, labelLength)}
	return out
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

const (
	seriesHeight = 190
	coarse       = 500 // units of the y axis of lines over time, of which there are many
)

func timeSeriesOf(c *chart.TimeSeries) *plot {
	n := 0
	for _, s := range c.Series {
		n = max(n, len(s.Values))
	}
	each := together(n, len(c.Series))
	count := (c.Time.Hi - c.Time.Lo) / (c.Width * float64(each))
	p := &plot{
		Label: c.Title, Time: true, Level: true, Height: seriesHeight, Below: 26,
		X: ticksOf(&c.Time, 300, phoneWidth), Y: ticksOf(&c.Y, seriesHeight/1.5, seriesHeight/1.5),
		XLabel: c.Time.Label, Bands: bandsOf(&c.Time, c.Bands),
	}
	if !strings.HasPrefix(c.Title, c.Y.Label) {
		p.YLabel = c.Y.Label
	}
	if !words.Finite(count) || count <= 0 {
		return p
	}
	p.Axes, p.Box = script(&c.Time, &c.Y, count, coarse), box(&c.Time, count, c.Width*float64(each), coarse)
	list := slices.Clone(c.Series)
	slices.SortStableFunc(list, func(a, b chart.Series) int { return cmp.Compare(order(a.Role), order(b.Role)) })
	for _, s := range list {
		name := words.Printable(s.Name)
		p.Lines = append(p.Lines, line{Class: class(s.Role), Keys: name, Title: name, Path: series(thin(s.Values, each), &c.Y)})
	}
	p.nameEnds(list, &c.Y)
	return p
}

// nameEnds names the lines that matter, at the right edge.
func (p *plot) nameEnds(list []chart.Series, y *chart.Axis) {
	var shown []chart.Series
	var places []float64
	for _, s := range list {
		if s.Role == chart.Other || len(s.Values) == 0 {
			continue
		}
		if f, ok := at(y, s.Values[len(s.Values)-1]); ok {
			shown, places = append(shown, s), append(places, (1-f)*seriesHeight)
		}
	}
	for i, at := range spread(places, lineGap, seriesHeight) {
		name := words.Printable(shown[i].Name)
		p.Labels = append(p.Labels, label{Class: class(shown[i].Role), Keys: name, Title: name, Text: cut(name, 16),
			X: "100%", Y: percent(at / seriesHeight), DY: 4, Anchor: "start"})
	}
}

// box is the view box of paths whose x counts steps of a time axis.
func box(time *chart.Axis, count, width float64, height int) string {
	return fmt.Sprintf("%.6g 0 %.6g %d", time.Lo/width, count, height)
}
