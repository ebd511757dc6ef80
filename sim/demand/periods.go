package demand

import (
	"cmp"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/sim/limit"
)

// Load is what calls ask of the limits of a deployment, over one or more
// replications.
type Load struct {
	replications int
	limits       []limitSum
}

// limitSum is one limit.
type limitSum struct {
	name  string
	steps *steps
}

// Period is a stretch of time in which more work comes than a limit gives, so that
// some of it cannot be served before those who wait for it give up.
type Period struct {
	Limit    string        // rpm, tpm, …, or utilisation
	From, To time.Duration // since the beginning of the run
	// Demand is what comes and Allowed what the limit gives, per minute, in requests
	// or tokens; of a limit on what is open at a time, how much would be and may be.
	Demand, Allowed float64
	// Missed is the share of the run's work, as the limit counts it, that comes in
	// this period and that no client can have served in time.
	Missed float64
	// Share is of the time from From to To that in which the demand is too high: 1
	// where it is throughout. Otherwise it is in bursts, which come at other times in
	// other replications; Demand and Allowed are of their times.
	Share float64
}

func (l *load) sum() *Load {
	sum := &Load{replications: 1}
	for _, m := range l.limits {
		sum.limits = append(sum.limits, limitSum{name(m.rule), m.steps})
	}
	return sum
}

// name is what results call a limit. It says what the limit counts even where
// deployments of a pool share it.
func name(r *rule) string {
	switch r.How {
	case provider.ByUtilisation:
		return limit.ByUtilisation.String()
	case provider.ByRamp:
		return limit.ByRamp.String()
	}
	return provider.NameOf(r.Counts, r.Per).String()
}

// Merge adds what other replications of the same scenario asked for.
func (l *Load) Merge(o *Load) {
	l.replications += o.replications
	if l.limits == nil {
		for _, m := range o.limits {
			sum := *m.steps
			l.limits = append(l.limits, limitSum{m.name, &sum})
		}
		return
	}
	for i := range o.limits {
		l.limits[i].steps.merge(o.limits[i].steps)
	}
}

// Series returns what was asked of the limit i of Limits and what it gave, per minute,
// in steps of equal width, as a mean over the replications.
func (l *Load) Series(i int) (width time.Duration, asked, allowed []float64) {
	s := l.limits[i].steps
	width = time.Duration(s.width)
	scale := 1 / width.Minutes() / float64(l.replications)
	for j := range s.n {
		asked = append(asked, s.asked[j]*scale)
		allowed = append(allowed, s.allowed[j]*scale)
	}
	return width, asked, allowed
}

// Limits returns the names of the limits.
func (l *Load) Limits() []string {
	var names []string
	for i := range l.limits {
		names = append(names, l.limits[i].name)
	}
	return names
}

// matters is the least share of the run's work that a period is worth telling of.
const matters = 0.001

// Periods returns when which limit is exceeded, that first of which most is
// missed.
func (l *Load) Periods() []Period {
	var all []Period
	for i := range l.limits {
		all = append(all, l.limits[i].periods(float64(l.replications))...)
	}
	slices.SortStableFunc(all, func(a, b Period) int { return cmp.Compare(b.Missed, a.Missed) })
	return all
}

// periods returns those of one limit: the stretches in which most replications
// have too much work, or, where less than half of what is missed comes in those,
// all time in which any has.
func (m *limitSum) periods(replications float64) []Period {
	s := m.steps
	work, missed := sum(s.asked[:]), sum(s.missed[:])
	if missed < matters*work || work == 0 {
		return nil
	}
	var list []Period
	told := 0.0
	for _, p := range m.most(replications / 2) {
		if p.Missed /= work; p.Missed >= matters {
			list = append(list, p)
			told += p.Missed
		}
	}
	if told >= missed/work/2 {
		return list
	}
	first := slices.IndexFunc(s.over[:], func(t float64) bool { return t > 0 })
	last := s.reach(bins, 0)
	p := m.period(first, last+1)
	p.Missed = missed / work
	p.Share = sum(s.over[:]) / replications / float64(p.To-p.From)
	return []Period{p}
}

// most returns the stretches in which more replications than that have too much
// work. What is missed in the steps around them, in which fewer have, counts for the
// nearest.
func (m *limitSum) most(replications float64) []Period {
	s := m.steps
	type stretch struct{ from, to int }
	var stretches []stretch
	for i := 0; i < s.n; i++ {
		from := i
		for i < s.n && s.over[i] >= replications*float64(s.width) {
			i++
		}
		if i > from {
			stretches = append(stretches, stretch{from, i})
		}
	}
	var list []Period
	for i, t := range stretches {
		from, to := s.reach(t.from, -1), s.reach(t.to-1, 1)+1
		if i > 0 {
			from = max(from, (stretches[i-1].to+t.from)/2)
		}
		if i < len(stretches)-1 {
			to = min(to, (t.to+stretches[i+1].from)/2)
		}
		p := m.period(t.from, t.to)
		p.Share, p.Missed = 1, sum(s.missed[from:to])
		list = append(list, p)
	}
	return list
}

// reach returns the last step, from i on in one direction, in which some
// replication has too much work; the last of all in direction 0.
func (s *steps) reach(i, direction int) int {
	if direction == 0 {
		for i--; s.over[i] == 0; i-- {
		}
		return i
	}
	for i+direction >= 0 && i+direction < bins && s.over[i+direction] > 0 {
		i += direction
	}
	return i
}

// period returns what comes and is given from one step to before another.
func (m *limitSum) period(from, to int) Period {
	s := m.steps
	minutes := sum(s.over[from:to]) / float64(time.Minute)
	return Period{Limit: m.name, From: time.Duration(s.width) * time.Duration(from), To: time.Duration(s.width) * time.Duration(to),
		Demand: sum(s.overAsked[from:to]) / minutes, Allowed: sum(s.overAllowed[from:to]) / minutes}
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}
