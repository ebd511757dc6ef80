package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// worstShown is how many of its worst situations are told of each named strategy.
const worstShown = 5

// Arena is how far strategies are from the best over many random situations. named are those
// that are shown, with the situations in which they have the most regret; none = all are
// shown, without these.
func Arena(r *metrics.Arena, named []string) *Document {
	d := &Document{Kind: KindArena, Name: "arena", Data: r, Records: arenaRecords(r), Warnings: r.Warnings,
		Command: r.Command, Hash: r.Hash, Version: r.Version,
		Facts: []string{"simulated", plural(len(r.Situations), "random situation"), plural(r.Replications, "replication") + " of each", fmt.Sprintf("seed %d (%s)", r.Seed, r.Range)}}
	best := &r.Standings[0]
	d.Title = fmt.Sprintf("%s is nearest to the best of the field: its regret is %.2f points on average.", best.Name, best.Regret.Mean)
	if r.Range == "design" {
		d.Lead = append(d.Lead, "Strategies may have been designed on these situations; judge them on a seed of 1000 or more.")
	}
	d.Tables = []Table{standingsTable(r, named)}
	d.Legend = []string{
		"Regret: points below the best of the field; a point is one call of a hundred that succeeds in time, or one per cent of the highest goodput where users wait for an answer before they ask again.",
		"Within half a point: the share of situations in which the regret is at most that.",
		"The best is chosen on one half of the replications and measured on the other, so that luck does not count; a regret can be negative.",
	}
	for _, name := range named {
		if l := worst(r, name); l.Items != nil {
			d.Lists = append(d.Lists, l)
		}
	}
	d.Charts = []chart.Chart{chart.Arena(r, named)}
	return d
}

// plural writes a number of things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// points writes a number of points, or of 429s a call.
func points(float64) words.Scale { return words.Scale{Div: 1, Decimals: 2} }

func standingsTable(r *metrics.Arena, named []string) Table {
	t := Table{Of: "strategy", Columns: []Column{
		{Head: "regret", Sub: "mean", Rank: 0},
		{Head: "regret", Sub: "90 %", Rank: 1, Note: "90 %: not exceeded in so many situations."},
		{Head: "regret", Sub: "worst", Rank: 1},
		{Head: "within", Sub: "½ point", Rank: 2},
		{Head: "429s beyond", Sub: "mean", Rank: 4, Note: "429s beyond: 429s a call, more than the least of those within half a point."},
		{Head: "429s beyond", Sub: "90 %", Rank: 3},
		{Head: "slower", Sub: "mean", Rank: 5, Note: "Slower: mean time from arrival to success beyond the fastest of those within half a point, where it is one of them."},
		{Head: "slower", Sub: "90 %", Rank: 5},
		{Head: "quiet", Sub: "mean", Rank: 6, Note: "Quiet: points below the best for the tenants beside one that floods."},
		{Head: "bound", Sub: "mean", Rank: 7, Note: "Bound: points below what no client can exceed."},
		{Head: "ran in", Sub: "situations", Rank: 8},
	}}
	for i := range r.Standings {
		s := &r.Standings[i]
		if named != nil && !slices.Contains(named, s.Name) {
			continue
		}
		regret := cellOf(points, metrics.Estimate{Mean: s.Regret.Mean, Lo: s.Regret.Lo, Hi: s.Regret.Hi}, true)
		t.add(s.Name, regret, value(s.Regret.P90, points), value(s.Regret.Worst, points), value(s.Close, words.Percent),
			value(s.Refusals.Mean, points), value(s.Refusals.P90, points), mean(s.Seconds, words.Seconds), p90(s.Seconds, words.Seconds),
			mean(s.Quiet, points), mean(s.Bound, points), value(float64(s.Situations), words.Quantity))
	}
	for i := range len(t.Columns) - 1 {
		better := metrics.Lower
		if i == 3 {
			better = metrics.Higher
		}
		t.markBest(i, better)
	}
	return t
}

func mean(s *metrics.Spread, of func(float64) words.Scale) Cell {
	if s == nil {
		return absent()
	}
	return value(s.Mean, of)
}

func p90(s *metrics.Spread, of func(float64) words.Scale) Cell {
	if s == nil {
		return absent()
	}
	return value(s.P90, of)
}

// worst lists the situations in which a strategy has the most regret.
func worst(r *metrics.Arena, name string) List {
	type bad struct {
		in  *metrics.ArenaSituation
		own *metrics.Score
	}
	var list []bad
	for i := range r.Situations {
		if own := r.Situations[i].Find(name); own != nil && own.Regret > metrics.Close {
			list = append(list, bad{&r.Situations[i], own})
		}
	}
	slices.SortStableFunc(list, func(a, b bad) int { return cmp.Compare(b.own.Regret, a.own.Regret) })
	out := List{Title: "Where " + name + " has the most regret"}
	for _, b := range list[:min(worstShown, len(list))] {
		best := b.in.Best()
		out.Items = append(out.Items, fmt.Sprintf("%.1f points in %s: it scores %.1f, and %s scores %.1f. %s.",
			b.own.Regret, b.in.Name, b.own.Points, best.Name, best.Points, b.in.About))
	}
	return out
}

// arenaRecords has a row for each strategy.
func arenaRecords(r *metrics.Arena) [][]string {
	rows := [][]string{{"strategy", "situations", "close"}}
	for _, name := range []string{"regret", "seconds", "refusals", "quiet", "bound"} {
		rows[0] = append(rows[0], name, name+"_lo", name+"_hi", name+"_p90", name+"_worst")
	}
	for i := range r.Standings {
		s := &r.Standings[i]
		row := []string{s.Name, strconv.Itoa(s.Situations), decimal(s.Close)}
		for _, x := range []*metrics.Spread{&s.Regret, s.Seconds, &s.Refusals, s.Quiet, s.Bound} {
			if x == nil {
				row = append(row, "", "", "", "", "")
				continue
			}
			for _, v := range []float64{x.Mean, x.Lo, x.Hi, x.P90, x.Worst} {
				row = append(row, decimal(words.Round6(v)))
			}
		}
		rows = append(rows, row)
	}
	return rows
}
