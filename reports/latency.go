package reports

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/sim/metrics"
)

// The latency axis is logarithmic (its coordinate is the decimal logarithm of
// seconds) and never reaches below a millisecond or above a month: what lies
// outside is drawn at the edge.
const (
	shortest = 1e-3
	longest  = 30 * 86400
)

// latencyPicture draws, for each strategy, the share of all calls that have
// succeeded within a time. The curve ends at the success rate, so a strategy
// that drops the slow calls does not look fast.
func latencyPicture(r *metrics.Result) Picture {
	p := newPlot()
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	legend.TextStyle.Font = sans(11)
	legend.ThumbnailWidth = 34
	legend.Padding = 5

	lo, hi := math.Log10(longest), math.Log10(shortest)
	n := 0
	for _, s := range inOrder(r) {
		points := cdf(s)
		if points == nil {
			continue
		}
		line := &plotter.Line{XYs: points, LineStyle: lineOf(n, s.Name)}
		p.Add(line)
		legend.Add(printable(s.Name), line)
		lo, hi = min(lo, points[0].X), max(hi, points[len(points)-1].X)
		n++
	}
	if n == 0 {
		return Picture{}
	}
	p.X.Label.Text = "time from arrival to success (s, logarithmic)"
	p.Y.Label.Text = "share of all calls (%)"
	p.X.Min, p.X.Max = labelled(lo-0.02, hi+0.05)
	p.X.Tick.Marker = plot.TickerFunc(decades)
	p.Y.Min, p.Y.Max = 0, 1.005
	p.Y.Tick.Marker = ticks(10, 0.01, plainNumber)

	const perName, around = 15, 60 // points that a line of the legend takes, and the headline and margins
	height := vg.Length(max(480, perName*n+around))
	return Picture{Name: "latency", height: height, draw: func(c draw.Canvas) {
		c = headline(c, "Calls that have succeeded within a time")
		aside := legend.Rectangle(c).Size().X + 20
		legend.Draw(draw.Crop(c, c.Size().X-aside+16, 0, 0, -4))
		p.Draw(draw.Crop(c, 0, -aside, 0, 0))
	}}
}

// cdf returns the curve of one strategy, nil where it has none.
func cdf(s *metrics.Strategy) plotter.XYs {
	if s.Curves == nil || len(s.Curves.LatencyCDF) < 2 || !finite(s.Curves.LatencyCDF...) {
		return nil
	}
	top := 1.0
	if known(s.SuccessRate) {
		top = s.SuccessRate.Mean
	}
	q := s.Curves.LatencyCDF
	points := make(plotter.XYs, len(q))
	for i, x := range q {
		points[i].X = math.Log10(min(max(x, shortest), longest))
		points[i].Y = top * float64(i) / float64(len(q)-1)
	}
	return points
}

// labelled widens a range until decades gives it two labels at least: without
// them nobody can read the axis.
func labelled(lo, hi float64) (float64, float64) {
	const step = 0.05
	for {
		n := 0
		for _, t := range decades(lo, hi) {
			if t.Label != "" {
				n++
			}
		}
		if n >= 2 {
			return lo, hi
		}
		lo, hi = lo-step, hi+step
	}
}

// decades labels 1, 2 and 5 of every power of ten between two logarithms; over
// more than four powers of ten, 1 only.
func decades(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	for e := math.Floor(lo); e <= math.Ceil(hi); e++ {
		for m := 1.0; m < 10; m++ {
			t := plot.Tick{Value: e + math.Log10(m)}
			if t.Value < lo || t.Value > hi {
				continue
			}
			if m == 1 || hi-lo < 4 && (m == 2 || m == 5) {
				t.Label = plainNumber(m * math.Pow(10, e))
			}
			out = append(out, t)
		}
	}
	return out
}

// plainNumber writes a tick without trailing zeros or rounding noise.
func plainNumber(v float64) string {
	return strconv.FormatFloat(round6(v), 'f', -1, 64)
}
