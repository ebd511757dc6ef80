package verdict

import (
	"slices"
	"time"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
)

// Of returns how the strategies of a scenario are judged. Sessions begin whatever the client
// does, so they are judged by the calls that fail, each of which ends a session.
func Of(s *scenarios.Spec) Options {
	o := Options{
		Closed:   slices.ContainsFunc(s.Workload, func(w workload.Stream) bool { return w.Arrivals.Process == workload.ClosedLoop }),
		Baseline: s.Baseline,
		PerDay:   float64(24*time.Hour) / float64(s.Duration),
	}
	for i := range s.SLO {
		x := &s.SLO[i]
		id, _ := metrics.Find(x.Metric) // known, as the parser has seen
		o.SLO = append(o.SLO, Objective{Text: x.Text, Part: part(s, x.Tenant, ""), Metric: id,
			AtMost: x.Op == "<=" || x.Op == "<", Value: x.Value})
	}
	return o
}

// part returns the group of calls that a tenant, or a size, names.
func part(s *scenarios.Spec, tenant, size string) metrics.Part {
	switch {
	case tenant != "" && len(s.Tenants) > 1:
		return metrics.Part{By: metrics.ByTenant, Index: slices.Index(s.Tenants, tenant)}
	case size != "":
		return metrics.Part{By: metrics.BySize, Index: slices.Index(metrics.SizeNames[:], size)}
	}
	return metrics.Part{}
}
