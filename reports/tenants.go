package reports

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ratesim/sim/metrics"
)

// mostTenants is how many tenants have room side by side; of more, the first are drawn.
const mostTenants = 5

// tenantsPicture draws, for each tenant, how many of its calls fail under each strategy,
// with the 95 % interval.
func tenantsPicture(r *metrics.Result) Picture {
	rows := inOrder(r)
	if len(rows) == 0 || len(rows[0].Tenants) < 2 {
		return Picture{}
	}
	tenants := rows[0].Tenants[:min(len(rows[0].Tenants), mostTenants)]
	most := 0.0 // one scale for all, so that tenants can be compared
	for _, s := range rows {
		for i := range tenants {
			if e := failedOf(s, i); known(e) {
				most = max(most, min(e.Hi, 1000))
			}
		}
	}
	line := make([]*plot.Plot, len(tenants))
	for i := range tenants {
		line[i] = tenantPanel(rows, i, most)
	}
	title := "Calls that fail, of every 1,000, by tenant"
	if n := len(rows[0].Tenants); n > len(tenants) {
		title += fmt.Sprintf(" (the first %d of %d)", len(tenants), n)
	}
	return Picture{Name: "tenants", height: 110 + 18*vg.Length(len(rows)), draw: func(c draw.Canvas) {
		drawGrid(headline(c, title), [][]*plot.Plot{line})
	}}
}

func failedOf(s *metrics.Strategy, tenant int) *metrics.Estimate {
	if tenant >= len(s.Tenants) {
		return nil
	}
	return s.Tenants[tenant].Values[metrics.FailedPer1000]
}

// tenantPanel draws one tenant: a bar for each strategy, the first on top. The names of
// the strategies stand beside the first panel alone.
func tenantPanel(rows []*metrics.Strategy, tenant int, most float64) *plot.Plot {
	p := newPlot()
	p.Title.Text = printable(rows[0].Tenants[tenant].Name)
	p.X.Label.Text = "failed, of 1,000"
	names := make([]string, len(rows))
	for i, s := range rows {
		y := float64(len(rows) - 1 - i)
		if tenant == 0 {
			names[len(rows)-1-i] = printable(s.Name)
		}
		e := failedOf(s, tenant)
		if !known(e) {
			continue
		}
		p.Add(&plotter.Polygon{Color: color.NRGBA{213, 94, 0, 255}, XYs: []plotter.XYs{{
			{X: 0, Y: y - 0.3}, {X: e.Mean, Y: y - 0.3}, {X: e.Mean, Y: y + 0.3}, {X: 0, Y: y + 0.3}}}})
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: e.Lo, Y: y}, {X: min(e.Hi, 1000), Y: y}}, LineStyle: draw.LineStyle{Color: color.Black, Width: 1}})
	}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows))-0.4
	p.X.Min, p.X.Max = 0, max(most*1.05, 1)
	p.X.Tick.Marker = ticks(4, 1, amount)
	p.Y.Padding = 5
	return p
}
