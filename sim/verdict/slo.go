package verdict

import (
	"cmp"
	"math"
	"slices"

	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// Objective is one thing that must be met: a metric of all calls, or of a part of
// them, is at most, or at least, a value.
type Objective struct {
	Text   string // as it was written
	Part   metrics.Part
	Metric metrics.ID
	AtMost bool
	Value  float64 // in the metric's unit
}

// holds says whether the whole of an interval meets the objective, or misses it.
func (o *Objective) holds(i stats.Interval) metrics.Answer {
	lo, hi := i.Lo, i.Hi
	if math.IsInf(i.Value, 1) {
		hi = math.Inf(1)
	}
	if !o.AtMost {
		lo, hi = -hi, -lo
	}
	value := o.Value
	if !o.AtMost {
		value = -value
	}
	switch {
	case hi <= value:
		return metrics.Yes
	case lo > value:
		return metrics.No
	}
	return metrics.Unknown // also where the metric does not apply
}

// interval is a metric of a strategy; one value alone stands for its interval.
func (j *judge) interval(i int, o *Objective, alpha float64) stats.Interval {
	v := j.s.Interval(i, o.Part, o.Metric, alpha)
	if j.point {
		v.Lo, v.Hi = v.Value, v.Value
	}
	return v
}

// objectives fills in which strategies meet the SLO, and returns the answer for each.
// The error is divided between all that is asked.
func (j *judge) objectives(v *metrics.Verdict, all []int) map[int]metrics.Answer {
	if len(j.o.SLO) == 0 {
		return nil
	}
	alpha := 2 * j.o.Error / float64(len(all)*len(j.o.SLO))
	answers := map[int]metrics.Answer{}
	v.MeetsSLO = map[string]metrics.Answer{}
	for k := range j.o.SLO {
		v.SLO = append(v.SLO, j.o.SLO[k].Text)
	}
	for _, i := range all {
		answers[i] = metrics.Yes
		for k := range j.o.SLO {
			a := j.o.SLO[k].holds(j.interval(i, &j.o.SLO[k], alpha))
			if a == metrics.No || a == metrics.Unknown && answers[i] == metrics.Yes {
				answers[i] = a
			}
		}
		v.MeetsSLO[j.s.Outcomes[i].Name] = answers[i]
	}
	return answers
}

// chooseBySLO chooses among the policies that meet the SLO for certain: the cheapest
// answers, and the simplest of those that cost the same.
func (j *judge) chooseBySLO(v *metrics.Verdict, policies, bought []int) {
	answers := j.objectives(v, append(slices.Clone(policies), bought...))
	of := func(a metrics.Answer) (list []int) {
		for _, i := range policies {
			if answers[i] == a {
				list = append(list, i)
			}
		}
		return list
	}
	if meet := of(metrics.Yes); len(meet) > 0 {
		j.choose(v, meet, []criterion{j.byCost()})
		if v.State == metrics.Undecided { // what remains undecided are some per cent of a price
			v.State, v.Ties, v.Possible = metrics.Tied, v.Chosen[1:], nil
		}
		return
	}
	v.Misses = j.misses(policies)
	unknown := of(metrics.Unknown)
	if len(unknown) == 0 {
		v.State = metrics.Nothing
		return
	}
	v.State = metrics.Undecided
	j.bySimplicity(unknown)
	for _, i := range unknown {
		v.Chosen = append(v.Chosen, j.s.Outcomes[i].Name)
	}
}

// mostMisses is how many of the nearest are named.
const mostMisses = 3

// misses returns the objective that each policy misses by most, of the policies that
// come nearest.
func (j *judge) misses(policies []int) []metrics.Miss {
	type miss struct {
		metrics.Miss
		far float64
	}
	var all []miss
	for _, i := range policies {
		m, far := j.worst(i)
		all = append(all, miss{m, far})
	}
	slices.SortStableFunc(all, func(a, b miss) int { return cmp.Compare(a.far, b.far) })
	var out []metrics.Miss
	for _, m := range all[:min(len(all), mostMisses)] {
		out = append(out, m.Miss)
	}
	return out
}

// worst returns the objective that a policy misses by most, and how far it is from it: above
// 0 where it misses it.
func (j *judge) worst(i int) (m metrics.Miss, far float64) {
	far = math.Inf(-1)
	for k := range j.o.SLO {
		o := &j.o.SLO[k]
		value := j.interval(i, o, Error)
		if d := o.distance(value.Value); d > far {
			far = d
			m = metrics.Miss{Strategy: j.s.Outcomes[i].Name, SLO: o.Text}
			if !math.IsNaN(value.Value) && !math.IsInf(value.Value, 0) {
				m.Value = j.estimate(value, 1)
			}
		}
	}
	return m, far
}

// distance is how far a value is from the objective, in units that compare: a
// logarithm of how many times the bound it is. Of a share that is to be high, what
// is missing to 1 is compared.
func (o *Objective) distance(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return math.Inf(1)
	case o.AtMost:
		return math.Log(max(v, 1e-9) / max(o.Value, 1e-9))
	case o.Value <= 1 && v <= 1:
		return math.Log(max(1-v, 1e-9) / max(1-o.Value, 1e-9))
	}
	return math.Log(max(o.Value, 1e-9) / max(v, 1e-9))
}
