package reports

import (
	"strings"
	"testing"

	"ratesim/reports/chart"
	"ratesim/sim/metrics"
)

// anArena is what an arena of three strategies in two situations found.
func anArena() *metrics.Arena {
	spread := func(mean, half, p90, worst float64) metrics.Spread {
		return metrics.Spread{Mean: mean, Lo: mean - half, Hi: mean + half, P90: p90, Worst: worst}
	}
	some := func(mean, half, p90, worst float64) *metrics.Spread { s := spread(mean, half, p90, worst); return &s }
	score := func(name string, points, regret, refusals float64) metrics.Score {
		return metrics.Score{Name: name, SuccessRate: points / 100, Points: points, Regret: regret, Refusals: refusals}
	}
	return &metrics.Arena{Schema: metrics.ArenaSchema, Seed: 1, Range: "design", Replications: 6, Hash: "00000000000000ff", Warnings: []string{},
		Standings: []metrics.Standing{
			{Name: "calm", Situations: 2, Regret: spread(0.25, 0.2, 0.5, 0.5), Close: 1, Refusals: spread(0.05, 0.05, 0.1, 0.1), Seconds: some(30, 5, 42.5, 42.5), Quiet: some(1.5, 1, 1.5, 1.5), Bound: some(3.25, 2, 4, 4)},
			{Name: "eager", Situations: 2, Regret: spread(9.5, 8, 19, 19), Close: 0.5, Refusals: spread(4, 1, 5, 5), Seconds: some(0, 0, 0, 0), Quiet: some(0, 0, 0, 0), Bound: some(12.5, 8, 20, 20)},
			{Name: "sized", Situations: 1, Regret: spread(45.5, 0, 45.5, 45.5), Refusals: spread(-0.1, 0, -0.1, -0.1)},
		},
		Situations: []metrics.ArenaSituation{
			{Name: "arena-1-000", About: "groq/sample@100k at 0.50 of its capacity, 1 instance | chat", Seed: 11, Load: 0.5, Calls: 200, Hash: "1", Scores: []metrics.Score{score("calm", 99.5, 0.5, 0.1), score("eager", 100, 0, 5)}},
			{Name: "arena-1-001", Index: 1, About: "openai/gpt-4o@tier-1 at 2.00 of its capacity, 9 instances", Seed: 12, Load: 2, Calls: 500, Hash: "2", Scores: []metrics.Score{score("calm", 80, 0, 0), score("eager", 61, 19, 3), score("sized", 34.5, 45.5, 0)}},
		}}
}

func TestArenaGolden(t *testing.T) {
	golden(t, "arena-120.txt", Arena(anArena(), nil), Text{Width: 120})
	golden(t, "arena-60.txt", Arena(anArena(), []string{"eager", "sized"}), Text{Width: 60})
	golden(t, "arena.md", Arena(anArena(), []string{"eager"}), Markdown{})
	golden(t, "arena.csv", Arena(anArena(), nil), CSV{})
}

// What is named alone is shown, with the situations in which it is not close to the best;
// the finding is of all.
func TestArenaNamed(t *testing.T) {
	d := Arena(anArena(), []string{"eager", "calm"})
	if len(d.Tables[0].Rows) != 2 || !strings.HasPrefix(d.Title, "calm ") {
		t.Errorf("%d rows under %q", len(d.Tables[0].Rows), d.Title)
	}
	if len(d.Lists) != 1 || len(d.Lists[0].Items) != 1 || !strings.HasPrefix(d.Lists[0].Items[0], "19.0 points in arena-1-001: it scores 61.0, and calm scores 80.0.") {
		t.Errorf("lists %q", d.Lists)
	}
	r := d.Charts[0].(*chart.Ranking)
	if len(r.Rows) != 2 || r.Rows[1].Name != "eager" || r.Panels[0].Rows[1].Points[0].At != 9.5 || r.Panels[0].Rows[1].Points[1].At != 19 || r.Panels[0].Axis.Hi < 19 {
		t.Errorf("chart %+v", r)
	}
	judged := anArena()
	judged.Range = "judging"
	if len(d.Lead) != 1 || Arena(judged, nil).Lead != nil {
		t.Error("that the seed is for design must be said of those seeds alone")
	}
}
