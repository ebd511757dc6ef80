package reports

import (
	"image/color"
	"math"
	"slices"
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

// maxLines is how many curves of one plot can be told apart; of more, the bestLines
// best are.
const (
	maxLines  = 18
	bestLines = 6
)

// A curve is the share of all calls that have succeeded within a time.
type curve struct {
	*metrics.Strategy
	points plotter.XYs
}

// latencyPicture draws, for each strategy, the share of all calls that have
// succeeded within a time. The curve ends at the success rate, so a strategy
// that drops the slow calls does not look fast.
//
// Where there are too many to tell apart, the best by the verdict are told apart,
// and of the others each has a small panel of its own.
func latencyPicture(r *metrics.Result) Picture {
	var curves []curve
	for _, s := range inOrder(r) {
		if points := cdf(s); points != nil {
			curves = append(curves, curve{s, points})
		}
	}
	if len(curves) == 0 {
		return Picture{}
	}
	title := "Calls that have succeeded within a time"
	named, others := curves, []curve(nil)
	if len(curves) > maxLines {
		named, others = bestOf(r, curves)
		title += ": the best by the verdict, and, in grey, all others"
	}
	p, axes := newPlot(), latencyAxes(curves)
	axes(p)
	p.X.Label.Text = "time from arrival to success (s, logarithmic)"
	p.Y.Label.Text = "share of all calls (%)"
	for _, c := range others {
		p.Add(c.line(faint()))
	}
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	legend.TextStyle.Font = sans(11)
	legend.ThumbnailWidth = 34
	legend.Padding = 5
	for i, c := range named {
		line := c.line(lineOf(i, c.Name))
		p.Add(line)
		legend.Add(printable(c.Name), line)
	}
	grid := othersGrid(others, named[0], axes)
	const top, perRow, around = 480, 100, 40
	below := vg.Length(0)
	if len(grid) > 0 {
		below = vg.Length(around + perRow*len(grid))
	}
	return Picture{Name: "latency", height: top + below, draw: func(c draw.Canvas) {
		above := headline(draw.Crop(c, 0, 0, below, 0), title)
		aside := legend.Rectangle(above).Size().X + 20
		legend.Draw(draw.Crop(above, above.Size().X-aside+16, 0, 0, -4))
		p.Draw(draw.Crop(above, 0, -aside, 0, 0))
		if len(grid) > 0 {
			drawGrid(headline(draw.Crop(c, 0, 0, 0, -top), "The others one by one, and "+printable(named[0].Name)+" in grey"), grid)
		}
	}}
}

// bestOf parts curves into the best by the verdict, the winner first, with oracle's,
// and the others.
func bestOf(r *metrics.Result, curves []curve) (best, others []curve) {
	var set, bound []*metrics.Strategy
	for _, c := range curves {
		if c.Name == oracle {
			bound = append(bound, c.Strategy)
		} else {
			set = append(set, c.Strategy)
		}
	}
	named := append(ranked(r, set, bestLines), bound...)
	best = make([]curve, len(named))
	for _, c := range curves {
		if i := slices.Index(named, c.Strategy); i >= 0 {
			best[i] = c
		} else {
			others = append(others, c)
		}
	}
	return best, others
}

// othersGrid returns a panel for each of the others, with the winner's curve for
// comparison.
func othersGrid(others []curve, winner curve, axes func(*plot.Plot)) [][]*plot.Plot {
	const cols = 5
	var grid [][]*plot.Plot
	for i, c := range others {
		if i%cols == 0 {
			grid = append(grid, make([]*plot.Plot, cols))
		}
		p := newPlot()
		axes(p)
		p.X.Tick.Marker = plot.TickerFunc(powers)
		p.Y.Tick.Marker = ticks(2, 0.01, plainNumber)
		p.Title.Text = printable(c.Name)
		p.Title.Padding = 3
		p.Add(winner.line(faint()), c.line(draw.LineStyle{Color: hue(0), Width: 1.5}))
		grid[i/cols][i%cols] = p
	}
	return grid
}

func (c curve) line(style draw.LineStyle) *plotter.Line {
	return &plotter.Line{XYs: c.points, LineStyle: style}
}

// faint is the line of what is there for comparison.
func faint() draw.LineStyle { return draw.LineStyle{Color: color.Gray{190}, Width: 1} }

// latencyAxes returns what sets the axes of plots that have room for all curves.
func latencyAxes(curves []curve) func(*plot.Plot) {
	lo, hi := math.Log10(longest), math.Log10(shortest)
	for _, c := range curves {
		lo, hi = min(lo, c.points[0].X), max(hi, c.points[len(c.points)-1].X)
	}
	return func(p *plot.Plot) {
		p.X.Min, p.X.Max = labelled(lo-0.02, hi+0.05)
		p.X.Tick.Marker = plot.TickerFunc(decades)
		p.Y.Min, p.Y.Max = 0, 1.005
		p.Y.Tick.Marker = ticks(10, 0.01, plainNumber)
	}
}

// cdf returns the curve of one strategy, nil where it has none.
func cdf(s *metrics.Strategy) plotter.XYs {
	if s.Curves == nil || len(s.Curves.LatencyCDF) < 2 || !finite(s.Curves.LatencyCDF...) {
		return nil
	}
	top := 1.0
	if share, ok := mean(&s.Values, metrics.SuccessRate); ok {
		top = share
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

// powers has a tick at every power of ten between two logarithms or, without two
// of them, those of decades.
func powers(lo, hi float64) []plot.Tick {
	if math.Floor(hi)-math.Ceil(lo) < 1 {
		return decades(lo, hi)
	}
	var out []plot.Tick
	for e := math.Ceil(lo); e <= hi; e++ {
		out = append(out, plot.Tick{Value: e, Label: plainNumber(math.Pow(10, e))})
	}
	return out
}

// plainNumber writes a tick without trailing zeros or rounding noise.
func plainNumber(v float64) string {
	return strconv.FormatFloat(round6(v), 'f', -1, 64)
}
