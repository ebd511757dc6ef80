package reports

import (
	"cmp"
	"image/color"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/sim/metrics"
)

// A jittered is a strategy that differs from others in its jitter alone.
type jittered struct {
	label string
	width float64 // ± share of the delay; above 1 the named kinds, in their usual order
	s     *metrics.Strategy
}

// byJitter returns the jittered strategies of a herd from none to widest.
func byJitter(r *metrics.Result) []jittered {
	var out []jittered
	order := map[string]float64{"full": 2, "equal": 3, "decorrelated": 4}
	for _, s := range inOrder(r) {
		kind, ok := strings.CutPrefix(s.Name, "jitter-")
		switch {
		case s.Name == "backoff":
			out = append(out, jittered{"0 %", 0, s})
		case !ok:
		case order[kind] > 0:
			out = append(out, jittered{kind, order[kind], s})
		default:
			digits, _ := strings.CutSuffix(kind, "%")
			if share, err := strconv.ParseFloat(digits, 64); err == nil && share >= 0 && share <= 100 {
				out = append(out, jittered{digits + " %", share / 100, s})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b jittered) int { return cmp.Compare(a.width, b.width) })
	return out
}

// jitterPicture draws the peaks and the time to drain of a herd against the
// width of its jitter, with 95 % intervals.
func jitterPicture(r *metrics.Result) Picture {
	set := byJitter(r)
	if len(set) < 2 {
		return Picture{}
	}
	grid := [][]*plot.Plot{
		{bars(set, "peak attempts per second", metrics.PeakAttemptsPerS, hue(0))},
		{bars(set, "most retries in one window", metrics.RetryPeak, hue(1))},
		{bars(set, "time to drain (s)", metrics.DrainedAt, hue(2))},
	}
	grid[2][0].X.Label.Text = "jitter: ± share of the delay, or kind"
	return Picture{Name: "jitter", height: 620, draw: func(c draw.Canvas) {
		c = headline(c, "A herd, by the jitter of its retries")
		tiles := draw.Tiles{Rows: len(grid), Cols: 1, PadY: 14}
		for i, line := range plot.Align(grid, tiles, c) {
			grid[i][0].Draw(line[0])
		}
	}}
}

// bars draws one metric of every jittered strategy; where it is absent there
// is no bar.
func bars(set []jittered, label string, of metrics.ID, fill color.Color) *plot.Plot {
	p := newPlot()
	p.Y.Label.Text = label
	var labels []string
	top := 0.0
	for i, j := range set {
		labels = append(labels, j.label)
		e := j.s.Values[of]
		if !known(e) {
			continue
		}
		x := float64(i)
		p.Add(&plotter.Polygon{Color: fill, XYs: []plotter.XYs{{
			{X: x - 0.3, Y: 0}, {X: x - 0.3, Y: e.Mean}, {X: x + 0.3, Y: e.Mean}, {X: x + 0.3, Y: 0},
		}}})
		if e.Hi > e.Lo {
			whisker := draw.LineStyle{Color: color.Black, Width: 1}
			p.Add(&plotter.Line{XYs: plotter.XYs{{X: x, Y: e.Lo}, {X: x, Y: e.Hi}}, LineStyle: whisker})
		}
		top = max(top, e.Hi)
	}
	p.NominalX(labels...)
	p.X.Min, p.X.Max = -0.5, float64(len(set))-0.5
	p.Y.Min, p.Y.Max = 0, max(top*1.05, 1e-9)
	p.Y.Tick.Marker = ticks(5, 1, amount)
	p.X.Padding = 5 // keeps the labels off the bars
	return p
}
