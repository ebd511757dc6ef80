package reports

import (
	"slices"
	"testing"

	"ratesim/sim/metrics"
)

// A comparison shows how many sessions are lost where there are sessions, when answers begin
// where they are streamed, and how many calls were not sent where there are some, and only
// there.
func TestColumnsThatApply(t *testing.T) {
	r := &metrics.Result{Strategies: make([]metrics.Strategy, 1)}
	shows := func() bool {
		return slices.ContainsFunc(columnsOf(r), func(c metricColumn) bool { return c.of == metrics.LostSessions })
	}
	if shows() {
		t.Error("a comparison without sessions has a column for them")
	}
	r.Strategies[0].Values[metrics.NotSent] = &metrics.Estimate{}
	columns := len(columnsOf(r))
	r.Strategies[0].Values[metrics.NotSent] = &metrics.Estimate{Mean: 1}
	if len(columnsOf(r)) != columns+1 {
		t.Error("a comparison has a column for calls that were not sent where there are none, or lacks it where there are some")
	}
	begins := func() bool {
		return slices.ContainsFunc(columnsOf(r), func(c metricColumn) bool { return c.of == metrics.TTFTP95 })
	}
	if before := begins(); before {
		t.Error("a comparison without streams says when they begin")
	}
	r.Strategies[0].Values[metrics.FailuresBrokenStream] = &metrics.Estimate{} // which is told where answers are streamed
	if !begins() {
		t.Error("a comparison of streams does not say when they begin")
	}
	r.Strategies[0].Values[metrics.LostSessions] = &metrics.Estimate{Mean: 0.5, Lo: 0.4, Hi: 0.6}
	if !shows() {
		t.Error("a comparison of sessions does not show how many are lost")
	}
}
