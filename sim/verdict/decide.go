package verdict

import (
	"cmp"
	"math"
	"slices"

	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// Error is the largest allowed probability that a verdict leaves out the best strategy.
const Error = 0.05

// fewest is how many replications a verdict takes: with fewer, intervals cover too
// little (docs/verdict.md).
const fewest = 5

// Options says how to judge.
type Options struct {
	// Error is the part of [Error] that this look may spend; 0 = all of it.
	Error float64
	// Closed says that all users of the workload are there from the beginning, and wait for
	// their answers.
	Closed   bool
	SLO      []Objective
	Baseline string  // a strategy; empty = none
	PerDay   float64 // how many times the workload's duration fits into a day
}

// judge is one verdict being reached.
type judge struct {
	s     *metrics.Sample
	o     Options
	alpha float64 // of a two-sided interval whose one side decides
	point bool    // too few replications for intervals
	memo  map[pair]stats.Interval
}

type pair struct {
	metric metrics.ID
	a, b   int
}

// Judge reaches the verdict on a sample.
func Judge(s *metrics.Sample, o Options) *metrics.Verdict {
	if o.Error == 0 {
		o.Error = Error
	}
	j := &judge{s: s, o: o, point: s.Replications() < fewest, memo: map[pair]stats.Interval{}}
	policies, bought := j.divide()
	j.alpha = 2 * o.Error / float64(max(1, len(policies)*(len(policies)-1)))
	v := &metrics.Verdict{Chosen: []string{}, Why: []metrics.Reason{}}
	switch {
	case !slices.ContainsFunc(policies, j.alive):
		v.State = metrics.Nothing
		j.objectives(v, append(slices.Clone(policies), bought...))
	case len(o.SLO) > 0:
		j.chooseBySLO(v, policies, bought)
	default:
		j.choose(v, policies, j.criteria(policies))
	}
	j.against(v, append(slices.Clone(policies), bought...))
	j.purchases(v, bought)
	return v
}

// divide parts the strategies into client policies and those that send to another
// deployment too. Where there are only the latter, they are what is compared.
func (j *judge) divide() (policies, bought []int) {
	for i := range j.s.Outcomes {
		switch {
		case j.s.Outcomes[i].Bound:
		case j.s.Elsewhere(i):
			bought = append(bought, i)
		default:
			policies = append(policies, i)
		}
	}
	if len(policies) == 0 {
		return bought, nil
	}
	return policies, bought
}

// alive reports whether a strategy gets any call answered.
func (j *judge) alive(i int) bool { return j.value(i, metrics.Succeeded) > 0 }

// worse returns how much worse a is than b, from memory. With too few replications
// the value stands for its interval.
func (j *judge) worse(c *criterion, a, b int) stats.Interval {
	key := pair{c.metric, a, b}
	if i, ok := j.memo[key]; ok {
		return i
	}
	i := c.worse(a, b)
	if j.point {
		i.Lo, i.Hi = i.Value, i.Value
	}
	j.memo[key] = i
	return i
}

// certainlyWorse reports whether a is worse than b by more than matters.
func (j *judge) certainlyWorse(c *criterion, a, b int) bool {
	return a != b && j.worse(c, a, b).Lo > c.matters(a, b)
}

// asGood reports whether a is certainly not worse than b by more than matters.
func (j *judge) asGood(c *criterion, a, b int) bool {
	w := j.worse(c, a, b)
	return a == b || math.IsNaN(w.Value) || w.Hi <= c.matters(a, b) // NaN: neither gets there
}

// loss is why a strategy is left out.
type loss struct {
	c  *criterion
	by int
}

// choose compares the strategies of set by criteria in order, and fills in the verdict.
func (j *judge) choose(v *metrics.Verdict, set []int, criteria []criterion) {
	for k := range criteria {
		v.By = append(v.By, j.name(&criteria[k]))
	}
	left, losses := j.remaining(set, criteria)
	j.bySimplicity(left)
	for _, i := range left {
		v.Chosen = append(v.Chosen, j.s.Outcomes[i].Name)
	}
	for _, i := range set {
		if l, lost := losses[i]; lost {
			v.Why = append(v.Why, j.reason(l.c, i, l.by))
		}
	}
	j.state(v, left, criteria)
}

// remaining returns the strategies of set that no other is certainly better than, by
// criteria in order, and why the others are left out.
func (j *judge) remaining(set []int, criteria []criterion) (left []int, losses map[int]loss) {
	left, judges := slices.Clone(set), slices.Clone(set)
	losses = map[int]loss{}
	for k := range criteria {
		c := &criteria[k]
		for _, i := range left {
			// The judge that is best by its value says most clearly why.
			best := -1
			for _, by := range judges {
				if j.certainlyWorse(c, i, by) && (best < 0 || j.worse(c, by, best).Value < 0) {
					best = by
				}
			}
			if best >= 0 {
				losses[i] = loss{c, best}
			}
		}
		out := func(i int) bool { _, lost := losses[i]; return lost }
		left, judges = slices.DeleteFunc(left, out), slices.DeleteFunc(judges, out)
		against := left
		if k == 0 {
			against = set
		}
		judges = slices.DeleteFunc(judges, func(i int) bool {
			return slices.ContainsFunc(against, func(x int) bool { return !j.asGood(c, i, x) })
		})
	}
	return left, losses
}

func (j *judge) name(c *criterion) string { return metrics.Metrics()[c.metric].Name }

// bySimplicity sorts the simplest first.
func (j *judge) bySimplicity(set []int) {
	slices.SortStableFunc(set, func(a, b int) int { return cmp.Compare(j.s.Outcomes[a].Rank, j.s.Outcomes[b].Rank) })
}

// state says how sure the verdict is, and what differences are still possible.
func (j *judge) state(v *metrics.Verdict, left []int, criteria []criterion) {
	switch {
	case j.point:
		v.State = metrics.Leads
		v.Chosen, v.Ties = v.Chosen[:1], nil
		return
	case len(left) == 1:
		v.State = metrics.Decided
		return
	}
	v.State = metrics.Tied
	for k := range criteria {
		c := &criteria[k]
		widest := -1.0
		var of [2]int
		for _, a := range left {
			for _, b := range left {
				if a == b {
					continue
				}
				hi := j.worse(c, a, b).Hi
				if math.IsNaN(hi) {
					continue // neither gets so far: nothing to compare
				}
				if hi > c.matters(a, b) {
					v.State = metrics.Undecided
				}
				if hi > widest {
					widest, of = hi, [2]int{a, b}
				}
			}
		}
		if widest >= 0 {
			v.Possible = append(v.Possible, j.reason(c, of[0], of[1]))
		}
	}
	if v.State == metrics.Tied {
		v.Ties, v.Possible = v.Chosen[1:], nil
	}
}

// reason writes down how much worse a strategy is than another.
func (j *judge) reason(c *criterion, worse, by int) metrics.Reason {
	r := metrics.Reason{Metric: j.name(c), Against: j.s.Outcomes[worse].Name, By: j.s.Outcomes[by].Name}
	i := j.worse(c, worse, by)
	if c.metric == metrics.FailedPer1000 {
		r.Difference = &metrics.Estimate{Mean: 1000 * i.Value, Lo: 1000 * i.Lo, Hi: 1000 * i.Hi}
		return r
	}
	r.Ratio = &metrics.Estimate{Mean: math.Exp(i.Value), Lo: math.Exp(i.Lo), Hi: math.Exp(i.Hi)}
	if math.IsInf(i.Value, 0) || math.IsNaN(i.Value) {
		r.Ratio = nil // one of them never gets there
	}
	return r
}
