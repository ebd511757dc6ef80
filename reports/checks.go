package reports

import (
	"math"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// checklists are what was expected of each result.
func checklists(results []*metrics.Result) []Checklist {
	var out []Checklist
	for _, r := range results {
		list := Checklist{Name: r.Scenario}
		if len(results) > 1 {
			list.Name = r.Provider
		}
		for _, e := range r.Expectations {
			k := Check{Met: e.Met, Failed: !e.Met, Chance: e.Met && !e.Certain && e.Metric != "verdict.chosen", State: "MISSED", Text: e.Text, Value: outcomeOf(&e)}
			if e.Met {
				k.State = "MET"
			}
			list.Items = append(list.Items, k)
		}
		if list.Items != nil {
			out = append(out, list)
		}
	}
	return out
}

// outcomeOf says what came of an expectation.
func outcomeOf(e *metrics.Expectation) string {
	switch {
	case e.Metric == "verdict.chosen" && !e.Certain:
		return "the verdict is not decided"
	case e.Metric == "verdict.chosen":
		return "chosen is " + words.Names(e.Chosen, "or")
	case e.Unreached == "" && (e.Value == nil || !words.Finite(*e.Value)):
		return "does not apply"
	}
	return "was " + figures(e)
}

// figures are the numbers of an expectation, with half the interval of its margin.
func figures(e *metrics.Expectation) string {
	of := words.ScalingOf(e.Metric)
	switch e.Unreached {
	case "both":
		return "never against never"
	case "left":
		if e.Against == nil {
			return "never"
		}
		return "never against " + words.Write(*e.Against, of)
	}
	if e.Value == nil || !words.Finite(*e.Value) {
		return "does not apply"
	}
	text := words.Write(*e.Value, of)
	if e.Unreached == "right" {
		return text + " against never"
	}
	unit := of(math.Abs(*e.Value))
	if e.Against != nil && words.Finite(*e.Against) {
		text += " against " + words.Write(*e.Against, of)
		unit = of(max(math.Abs(*e.Value), math.Abs(*e.Against)))
	}
	if !words.Known(e.Margin) {
		return text
	}
	if half := (e.Margin.Hi - e.Margin.Lo) / 2; half > 0 && words.Finite(half) {
		text += " ±" + unit.Text(half) + unit.Unit
	}
	if !e.Certain {
		text += ", may be chance"
	}
	return text
}
