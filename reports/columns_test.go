package reports

import (
	"slices"
	"testing"

	"ratesim/sim/metrics"
)

// A comparison shows how many sessions are lost where there are sessions, and only there.
func TestSessionsHaveAColumn(t *testing.T) {
	r := &metrics.Result{Strategies: make([]metrics.Strategy, 1)}
	shows := func() bool {
		return slices.ContainsFunc(columnsOf(r), func(c metricColumn) bool { return c.of == metrics.LostSessions })
	}
	if shows() {
		t.Error("a comparison without sessions has a column for them")
	}
	r.Strategies[0].Values[metrics.LostSessions] = &metrics.Estimate{Mean: 0.5, Lo: 0.4, Hi: 0.6}
	if !shows() {
		t.Error("a comparison of sessions does not show how many are lost")
	}
}
