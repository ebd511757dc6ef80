package reports

import (
	"fmt"
	"strconv"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Tuning is which parameters of a strategy serve a workload best.
func Tuning(t *metrics.Tuning) *Document {
	t = asSaved(t)
	sentences := words.Tuning(t)
	d := &Document{Kind: KindTuning, Name: t.Scenario, Title: sentences[0], Lead: sentences[1:], Data: rounded{t}, Records: tuningRecords(t),
		Facts:    []string{t.Scenario, "simulated", t.Strategy, plural(len(t.Settings), "setting"), plural(t.Runs, "run"), "seed " + strconv.FormatUint(t.Seed, 10)},
		Warnings: t.Warnings, Command: t.Command, Hash: t.Hash, Version: t.Version}
	if t.Held != nil {
		cols := columnsOf(t.Held)
		held := strategyTable([]*metrics.Result{t.Held}, cols, "")
		held.Title, held.Of = "Judged on "+t.Judged, "setting"
		d.Tables, d.Charts = append(d.Tables, held), chart.Compare(t.Held)
		d.Legend, d.Setting, d.Assumed = legend([]*metrics.Result{t.Held}, cols), t.Held.Setting, t.Held.Assumed
		d.Warnings = append(d.Warnings, t.Held.Warnings...)
	}
	d.Tables = append(d.Tables, settingsTable(t))
	d.Lists = []List{{Title: "For the strategies of a scenario", Items: []string{t.Line}}}
	return d
}

// settingsTable has a row for each setting that was tried.
func settingsTable(t *metrics.Tuning) Table {
	out := Table{Title: "Chosen on " + t.Chosen, Of: "setting", Columns: []Column{{Head: "failed", Sub: "per 1,000", Rank: 0}, {Head: "95 %", Sub: "within", Rank: 2},
		{Head: "attempts", Sub: "per call", Rank: 3}, {Head: "ran in", Sub: "replications", Rank: 4}, {Head: "outcome", Rank: 1}}}
	for i := range t.Settings {
		s := &t.Settings[i]
		out.add(s.Name, estimated(s.FailedPer1000, words.PerThousand, s.Like), estimated(s.P95, words.Seconds, s.Like), estimated(s.Amplification, words.Multiple, s.Like),
			value(float64(s.Replications), words.Quantity), text(settingOutcome(t, s)))
		if s.Name == t.Best && t.State == metrics.Better {
			out.Rows[i].Role = chart.Chosen
		}
	}
	out.Notes = []string{"These intervals do not allow for the choice: the best of many settings looks better here than it is."}
	return out
}

// estimated is a cell of a setting that is like no other.
func estimated(e *metrics.Estimate, of func(float64) words.Scale, like string) Cell {
	if !words.Known(e) || like != "" {
		return absent()
	}
	return cellOf(of, *e, true)
}

// settingOutcome says what became of a setting.
func settingOutcome(t *metrics.Tuning, s *metrics.TunedSetting) string {
	switch {
	case s.Like != "":
		return "as " + s.Like
	case s.Lost != nil:
		return "certainly worse"
	case s.Name == t.Best:
		return "best"
	case s.Against != "" || s.Name == t.Settings[0].Name:
		return "judged"
	}
	return "not in the better half"
}

// tuningRecords has a row for each setting, with what was seen where settings were chosen and
// on the part that was held back.
func tuningRecords(t *metrics.Tuning) [][]string {
	head := []string{"setting", "outcome", "against_best", "replications"}
	ids := []metrics.ID{metrics.FailedPer1000, metrics.TimeToSuccessP95, metrics.Amplification}
	for _, part := range []string{"", "held_back_"} {
		for _, id := range ids {
			name := part + metrics.Metrics()[id].Name
			head = append(head, name, name+"_lo", name+"_hi")
		}
	}
	rows := [][]string{head}
	for i := range t.Settings {
		s := &t.Settings[i]
		row := []string{s.Name, settingOutcome(t, s), string(s.Against), fmt.Sprint(s.Replications)}
		estimates := []*metrics.Estimate{s.FailedPer1000, s.P95, s.Amplification, nil, nil, nil}
		if t.Held != nil {
			if held := t.Held.Find(s.Name); held != nil {
				for k, id := range ids {
					estimates[len(ids)+k] = held.Values[id]
				}
			}
		}
		for _, e := range estimates {
			row = append(row, decimals(roundEstimate(e))...)
		}
		rows = append(rows, row)
	}
	return rows
}
