package chart

import (
	"fmt"
	"slices"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Arena shows the regret of strategies over random situations, least first. named are
// those that are shown; none = all.
func Arena(r *metrics.Arena, named []string) *Ranking {
	c := &Ranking{Head: Head{Name: "arena",
		Title: fmt.Sprintf("%s is nearest to the best of the field over %d random situations", r.Standings[0].Name, len(r.Situations)),
		Notes: []string{"Regret: calls of a hundred that succeed with the best strategy of a situation and not with this one. Dot: the mean over all situations, with its 95 % interval; ring: not exceeded in 90 % of them.",
			"Within half a point: the share of situations in which the regret is at most that."},
		Facts: []string{fmt.Sprintf("seed %d", r.Seed), fmt.Sprintf("%d replications of each", r.Replications)}}}
	plain := func(float64) words.Scale { return words.Scale{Div: 1, Decimals: 1} }
	most := 1.0
	regret, near := Panel{Title: "Regret, points"}, Panel{Title: "Within half a point"}
	for i := range r.Standings {
		s := &r.Standings[i]
		if named != nil && !slices.Contains(named, s.Name) {
			continue
		}
		most = max(most, s.Regret.P90, s.Regret.Hi)
		c.Rows = append(c.Rows, Row{Name: s.Name})
		regret.Rows = append(regret.Rows, Marks{Text: fmt.Sprintf("%.2f", s.Regret.Mean), Points: []Point{
			{At: max(0, s.Regret.Mean), Lo: max(0, s.Regret.Lo), Hi: s.Regret.Hi, Stem: true}, {Shape: Ring, At: max(0, s.Regret.P90), Lo: max(0, s.Regret.P90), Hi: max(0, s.Regret.P90)}}})
		near.Rows = append(near.Rows, Marks{Text: words.Write(s.Close, words.Percent), Points: []Point{{At: s.Close, Lo: s.Close, Hi: s.Close, Stem: true}}})
	}
	regret.Axis = linear("points", 0, 1.05*most, 5, plain)
	near.Axis = linear("share of situations", 0, 1, 4, words.Percent)
	c.Panels = []Panel{regret, near}
	return c
}
