package verdict

import (
	"math"
	"slices"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// Check holds a sample, and the verdict on it in r, against what the scenario expects, and
// adds the outcome to r. An expectation of a metric that does not apply is not met.
func Check(r *metrics.Result, s *metrics.Sample, spec *scenarios.Spec) {
	for i := range spec.Expect {
		x := &spec.Expect[i]
		if x.Chosen != "" {
			r.Expectations = append(r.Expectations, chooses(r.Verdict, x))
			continue
		}
		r.Expectations = append(r.Expectations, compares(s, spec, x))
	}
}

// chooses holds the verdict against the strategy that it is expected to choose. It is
// certain only where the verdict is decided, or a tie.
func chooses(v *metrics.Verdict, x *scenarios.Expectation) metrics.Expectation {
	got := metrics.Expectation{Text: x.Text, Metric: "verdict.chosen", Chosen: v.Chosen}
	got.Certain = v.State == metrics.Decided || v.State == metrics.Tied
	got.Met = got.Certain && (v.Chosen[0] == x.Chosen) == (x.Op == "==")
	return got
}

func sideOf(s *metrics.Sample, spec *scenarios.Spec, t scenarios.Term) metrics.Side {
	id, _ := metrics.Find(t.Metric) // known, as the parser has seen
	i := slices.IndexFunc(s.Outcomes, func(o metrics.Outcome) bool { return o.Name == t.Strategy })
	return metrics.Side{Outcome: i, Part: part(spec, t.Tenant, t.Part), Metric: id}
}

func compares(s *metrics.Sample, spec *scenarios.Spec, x *scenarios.Expectation) metrics.Expectation {
	got := metrics.Expectation{Text: x.Text, Metric: x.Left.Metric}
	left := sideOf(s, spec, x.Left)
	l := s.Interval(left.Outcome, left.Part, left.Metric, Error)
	margin, right, against := l, x.Value, stats.Interval{}
	if x.Right.Strategy != "" {
		other := sideOf(s, spec, x.Right)
		against = s.Interval(other.Outcome, other.Part, other.Metric, Error)
		margin = s.Margin(left, other, x.Factor, Error)
		right += x.Factor * against.Value
		got.Against = applies(against)
	}
	got.Value = applies(l)
	if math.IsNaN(l.Value) || math.IsNaN(right) {
		got.Against = nil
		return got
	}
	got.Met = x.Met(l.Value, right)
	if got.Value == nil || math.IsInf(right, 0) || math.IsNaN(margin.Value) {
		got.Unreached = unreached(l.Value, right)
		got.Certain = neverOrAlways(l) && (x.Right.Strategy == "" || neverOrAlways(against))
		return got // a time that is never reached has no margin
	}
	if s.Replications() < 2 {
		margin.Lo, margin.Hi = margin.Value, margin.Value
	}
	got.Margin = &metrics.Estimate{Mean: margin.Value - x.Value, Lo: margin.Lo - x.Value, Hi: margin.Hi - x.Value}
	got.Certain = x.Met(got.Margin.Lo, 0) == got.Met && x.Met(got.Margin.Hi, 0) == got.Met
	return got
}

// unreached names the sides that are infinite.
func unreached(left, right float64) string {
	switch l, r := math.IsInf(left, 1), math.IsInf(right, 1); {
	case l && r:
		return "both"
	case l:
		return "left"
	case r:
		return "right"
	}
	return ""
}

// neverOrAlways reports whether all of an interval is of times that are never reached, or none.
func neverOrAlways(i stats.Interval) bool {
	never := math.IsInf(i.Value, 0)
	return math.IsInf(i.Lo, 0) == never && math.IsInf(i.Hi, 0) == never
}

// applies returns a value that can be shown; nil if there is none.
func applies(i stats.Interval) *float64 {
	if math.IsNaN(i.Value) || math.IsInf(i.Value, 0) {
		return nil
	}
	return &i.Value
}
