package chart

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Providers holds several providers against each other, each with the strategy that is
// best there. The charts of each one follow.
func Providers(results []*metrics.Result) []Chart {
	var at field // of one entry for each provider
	c := &Ranking{Why: "Best strategy"}
	for _, r := range results {
		f := fieldOf(r)
		best := f.best()
		if best == nil {
			continue
		}
		if at.Result == nil {
			at.Result = r
		}
		at.all = append(at.all, entry{Strategy: best.Strategy})
		c.Rows = append(c.Rows, Row{Name: words.Printable(r.Provider), Why: best.name()})
	}
	if len(c.Rows) == 0 {
		return nil
	}
	low := 0
	for i := range at.all {
		if failedMean(&at.all[i]) < failedMean(&at.all[low]) {
			low = i
		}
	}
	high := 0
	for i := range at.all {
		if failedMean(&at.all[i]) > failedMean(&at.all[high]) {
			high = i
		}
	}
	title := fmt.Sprintf("With %s fewest calls fail: %s of 1,000, with %s %s", c.Rows[low].Name, perThousand(failedMean(&at.all[low])), c.Rows[high].Name, perThousand(failedMean(&at.all[high])))
	if failedMean(&at.all[low]) == failedMean(&at.all[high]) {
		title = fmt.Sprintf("With each provider %s of 1,000 calls fail", perThousand(failedMean(&at.all[low])))
	} else {
		c.Rows[low].Role = Chosen
	}
	c.Head = at.head("providers", title, "Each provider with the strategy that is best there. Times are on a logarithmic scale: until half (bar), 95 % (dot) and 99 % (ring) of all calls are answered.",
		"Attempts: grey answered, orange refused with 429, purple failed otherwise.")
	c.Facts = slices.DeleteFunc(c.Facts, func(s string) bool { return s == words.Printable(at.Provider) })
	c.Panels = []Panel{at.failedPanel(), at.timePanel(), at.attemptsPanel()}
	if p, ok := at.costPanel(); ok {
		c.Panels = append(c.Panels, p)
	}
	out := []Chart{c}
	for _, r := range results {
		out = append(out, of(r)...)
	}
	return out
}

// of returns the charts of one of several providers, named after it.
func of(r *metrics.Result) []Chart {
	slug := strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return c
		}
		return '-'
	}, r.Provider)
	charts := Compare(r)
	for _, c := range charts {
		h := c.Heading()
		h.Name, h.Title = slug+"-"+h.Name, words.Printable(r.Provider)+": "+h.Title
	}
	return charts
}

func failedMean(e *entry) float64 {
	v, ok := words.Mean(&e.Values, metrics.FailedPer1000)
	if !ok {
		return 1000
	}
	return v
}
