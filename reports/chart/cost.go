package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// costs holds what answers cost against the calls that fail and against the time until
// they are answered. Where costs hardly differ, there is a sentence in place of both.
func (f *field) costs() (charts []Chart, same string) {
	var low, high float64
	n := 0
	for i := range f.all {
		e := &f.all[i]
		usd, ok := words.Mean(&e.Values, metrics.CostPerSuccessUSD)
		if !ok || usd <= 0 || e.role == Bound {
			continue
		}
		if n == 0 {
			low, high = usd, usd
		}
		n, low, high = n+1, min(low, usd), max(high, usd)
	}
	switch {
	case n < 2:
		return nil, ""
	case high < low*(1+sameCost):
		return nil, fmt.Sprintf("Costs hardly differ: %s to %s USD per 1,000 answers.", words.Write(1000*low, words.Dollars), words.Write(1000*high, words.Dollars))
	}
	for _, k := range []struct {
		name  string
		id    metrics.ID
		label string
		what  func(string) string
		scale func(float64) words.Scale
		write func(float64) string
	}{
		{"cost-failed", metrics.FailedPer1000, "calls that fail, of 1,000", func(v string) string { return v + " of 1,000 calls fail" }, words.PerThousand, perThousand},
		{"cost-time", metrics.TimeToSuccessP95, "time until 95 % are answered", func(v string) string { return "95 % are answered within " + v }, words.Seconds, func(v float64) string { return words.Write(v, words.Seconds) }},
	} {
		if c := f.costChart(k.name, k.id, k.label, k.scale); c != nil {
			c.Title = costTitle(c, k.what, k.write)
			charts = append(charts, c)
		}
	}
	return charts, ""
}

func (f *field) costChart(name string, id metrics.ID, label string, scale func(float64) words.Scale) *Scatter {
	c := &Scatter{}
	var xs, ys []float64
	for i := range f.all {
		e := &f.all[i]
		usd, ok := words.Mean(&e.Values, metrics.CostPerSuccessUSD)
		if !ok || usd <= 0 {
			continue
		}
		p := Spot{Name: e.name(), Role: e.role, X: 1000 * usd}
		if p.Y, ok = words.Mean(&e.Values, id); !ok {
			p.Never = true
		} else {
			ys = append(ys, p.Y)
		}
		xs = append(xs, p.X)
		c.Points = append(c.Points, p)
	}
	if len(ys) == 0 {
		return nil
	}
	c.Frontier = frontier(c.Points)
	c.Head = f.head(name, "", "Down and left is better. The grey line joins those that nobody beats in both; it leaves out oracle.")
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	const label1000 = "USD per 1,000 answers"
	lo, hi := slices.Min(xs), slices.Max(xs)
	if hi > 5*lo {
		c.X = logarithmic(label1000, lo/1.2, hi*1.5, words.Dollars)
	} else {
		c.X = linear(label1000, max(0, lo-(hi-lo)*0.2), hi+(hi-lo)*0.3, 5, words.Dollars)
	}
	if id == metrics.TimeToSuccessP95 {
		c.Y = timeAxis(ys)
		c.Y.Label = label
	} else {
		c.Y = linear(label, 0, max(slices.Max(ys)*1.08, 1), 4, scale)
	}
	return c
}

// frontier returns the points that no other beats in both, cheapest first.
func frontier(all []Spot) []Spot {
	sorted := slices.DeleteFunc(slices.Clone(all), func(p Spot) bool { return p.Never || p.Role == Bound })
	slices.SortStableFunc(sorted, func(a, b Spot) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	var out []Spot
	best := math.Inf(1)
	for _, p := range sorted {
		if p.Y < best {
			best = p.Y
			out = append(out, p)
		}
	}
	return out
}

// costTitle says what the dearest of those that nobody beats buys, against the chosen
// one or, where that is as dear, against the best of those that cost hardly more than the
// cheapest.
func costTitle(c *Scatter, what func(string) string, write func(float64) string) string {
	front := c.Frontier
	if len(front) == 0 {
		return "What answers cost"
	}
	dear := front[len(front)-1]
	cheap := front[0]
	for _, p := range front {
		if p.X <= front[0].X*(1+sameCost) {
			cheap = p
		}
	}
	if i := slices.IndexFunc(c.Points, func(p Spot) bool { return p.Role == Chosen && !p.Never }); i >= 0 && c.Points[i].X*(1+sameCost) < dear.X {
		cheap = c.Points[i]
	}
	if cheap.Name == dear.Name || cheap.X*(1+sameCost) >= dear.X {
		return fmt.Sprintf("Nothing that costs more than %s does better, and under it %s", cheap.Name, what(write(cheap.Y)))
	}
	times := words.Plain(math.Round(10*dear.X/cheap.X) / 10)
	return fmt.Sprintf("%s costs %s times as much as %s: %s in place of %s", dear.Name, times, cheap.Name, what(write(dear.Y)), write(cheap.Y))
}
