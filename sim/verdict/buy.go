package verdict

import (
	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// against holds every strategy against the baseline, if there is one: how many calls a
// day no longer fail.
func (j *judge) against(v *metrics.Verdict, all []int) {
	base := j.index(j.o.Baseline)
	if base < 0 {
		return
	}
	v.Baseline = &metrics.Baseline{Name: j.o.Baseline, Saved: []metrics.Saving{}}
	for _, i := range all {
		if i == base {
			continue
		}
		d := j.s.Difference(i, base, metrics.Part{}, metrics.SuccessRate, Error)
		v.Baseline.Saved = append(v.Baseline.Saved, metrics.Saving{Strategy: j.s.Outcomes[i].Name, CallsPerDay: j.estimate(d, j.o.PerDay*j.value(base, metrics.Calls))})
	}
}

// index returns the strategy of that name; -1 if there is none.
func (j *judge) index(name string) int {
	for i := range j.s.Outcomes {
		if j.s.Outcomes[i].Name == name {
			return i
		}
	}
	return -1
}

// estimate returns an interval times a factor.
func (j *judge) estimate(i stats.Interval, factor float64) *metrics.Estimate {
	if j.s.Replications() < 2 {
		i.Lo, i.Hi = i.Value, i.Value
	}
	return &metrics.Estimate{Mean: factor * i.Value, Lo: factor * i.Lo, Hi: factor * i.Hi}
}

// purchases holds what is bought against the strategy chosen first.
func (j *judge) purchases(v *metrics.Verdict, bought []int) {
	if len(v.Chosen) == 0 {
		return
	}
	chosen := j.index(v.Chosen[0])
	for _, i := range bought {
		p := metrics.Purchase{What: j.s.Outcomes[i].Name,
			USD: j.estimate(j.s.Difference(i, chosen, metrics.Part{}, metrics.CostUSD, Error), 1)}
		for _, c := range j.criteria([]int{i, chosen}) {
			p.Gains = append(p.Gains, j.reason(&c, chosen, i))
		}
		v.Buy = append(v.Buy, p)
	}
}
