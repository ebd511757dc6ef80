package reports

import (
	"cmp"
	"math"
	"slices"

	"ratesim/sim/metrics"
)

// A criterion is one thing strategies compete in.
type criterion struct {
	metric string // as in metrics.Paired
	noun   string
	verb   string // "NAME verb VALUE after" says how a strategy does
	after  string
	of     func(*metrics.Strategy) *metrics.Estimate
	scale  func(float64) scale
	better better
	// negligible is the difference below which nobody would care, however
	// certain it is, given the smaller of the two values.
	negligible func(smaller float64) float64
	// material is the difference above which strategies are told apart even if
	// it may be chance.
	material func(smaller float64) float64
}

// criteria come in order: a later one decides only between strategies that the
// earlier ones cannot tell apart.
func criteria() []criterion { return []criterion{success(), latency(), amplification(), cost()} }

// success calls 0.1 points negligible: one call in a thousand.
func success() criterion {
	return criterion{
		metric: "success_rate", noun: "success", verb: "succeeds with", scale: percent, better: more,
		of:         func(s *metrics.Strategy) *metrics.Estimate { return s.SuccessRate },
		negligible: func(float64) float64 { return 0.001 },
		material:   func(float64) float64 { return 0.005 },
	}
}

func latency() criterion {
	return criterion{
		metric: "latency_p95", noun: "p95 latency", verb: "has a p95 latency of", scale: seconds, better: less,
		of:         func(s *metrics.Strategy) *metrics.Estimate { return s.LatencyP95 },
		negligible: halfPercent,
		material:   quarter,
	}
}

func amplification() criterion {
	return criterion{
		metric: "amplification", noun: "attempts per call", verb: "takes", after: " attempts per call", scale: multiple, better: less,
		of:         func(s *metrics.Strategy) *metrics.Estimate { return s.Amplification },
		negligible: halfPercent,
		material:   quarter,
	}
}

func cost() criterion {
	return criterion{
		metric: "cost_usd", noun: "cost", verb: "costs", after: " USD", scale: dollars, better: less,
		of:         func(s *metrics.Strategy) *metrics.Estimate { return s.CostUSD },
		negligible: halfPercent,
		material:   quarter,
	}
}

// halfPercent is about what three digits can show.
func halfPercent(smaller float64) float64 { return 0.005 * math.Abs(smaller) }

// quarter is more than p95 latencies usually vary between sets of ten
// replications.
func quarter(smaller float64) float64 { return 0.25 * math.Abs(smaller) }

// A difference is a minus b in one metric.
type difference struct {
	mean, lo, hi float64
	paired       bool // lo and hi are the interval of the paired difference
}

func (d difference) beyondNoise() bool { return d.lo > 0 || d.hi < 0 }

// compare looks the difference up in r.Paired, in either direction. Without
// a paired interval it takes the widest that the two own intervals allow,
// which can only hide a difference, not invent one.
func compare(r *metrics.Result, c criterion, a, b *metrics.Strategy) difference {
	for _, p := range r.Paired {
		if p.Metric != c.metric || !finite(p.Mean, p.Lo, p.Hi) {
			continue
		}
		switch {
		case p.A == a.Name && p.B == b.Name:
			return difference{p.Mean, p.Lo, p.Hi, r.Replications > 1}
		case p.A == b.Name && p.B == a.Name:
			return difference{-p.Mean, -p.Hi, -p.Lo, r.Replications > 1}
		}
	}
	x, y := c.of(a), c.of(b)
	return difference{x.Mean - y.Mean, x.Lo - y.Hi, x.Hi - y.Lo, false}
}

// distinct reports whether a and b differ in c: certainly and by enough to
// matter, or by so much that noise is no reason to call them equal. Few or wild
// replications must not make a good and a bad strategy look alike.
func distinct(r *metrics.Result, c criterion, a, b *metrics.Strategy) bool {
	d := compare(r, c, a, b)
	smaller := min(c.of(a).Mean, c.of(b).Mean)
	apart := math.Abs(d.mean)
	return apart > c.material(smaller) || d.beyondNoise() && apart >= c.negligible(smaller)
}

// choose returns the strategies of set that win: one, or several that no
// criterion can tell apart. A criterion that does not apply to all that are
// left is passed over.
func choose(r *metrics.Result, set []*metrics.Strategy) []*metrics.Strategy {
	for _, c := range criteria() {
		if len(set) < 2 || slices.ContainsFunc(set, func(s *metrics.Strategy) bool { return !known(c.of(s)) }) {
			continue
		}
		best := slices.MinFunc(set, func(a, b *metrics.Strategy) int {
			if c.better == more {
				a, b = b, a
			}
			return cmp.Compare(c.of(a).Mean, c.of(b).Mean)
		})
		var left []*metrics.Strategy
		for _, s := range set {
			if s == best || !distinct(r, c, s, best) {
				left = append(left, s)
			}
		}
		set = left
	}
	return set
}

// ranked returns the n best of set: whom the verdict chooses, then whom it would
// choose if they were not there, and so on.
func ranked(r *metrics.Result, set []*metrics.Strategy, n int) []*metrics.Strategy {
	var out []*metrics.Strategy
	for len(out) < n && len(set) > 0 {
		winners := choose(r, set)
		out, set = append(out, winners...), without(set, winners)
	}
	return out[:min(n, len(out))]
}
