package metrics

import (
	"math"

	"ratesim/sim/stats"
)

// Outcome is all replications of one strategy. Runs[i] is replication i; nil
// if it was not finished.
type Outcome struct {
	Name  string
	Bound bool // it knows what no client can; others are held against it
	// Rank says how simple the strategy is to run, 0 being the simplest.
	Rank int
	Runs []*Run

	series *overTime // of the runs that a sample has had
}

// Sample is what the replications that every strategy has finished say together, so
// that all comparisons are paired. It computes what it is asked for and
// remembers it.
type Sample struct {
	Outcomes  []Outcome
	done      []int
	metrics   []Metric
	bound     int // index of the outcome that is one; -1 = none
	times     map[timesOf]*stats.Times
	quantiles map[quantileOf]*stats.Quantile
	typicals  map[typicalOf]float64
	levels    map[float64]*stats.Level // by alpha
}

type timesOf struct {
	outcome int
	part    Part
	kind    timeKind
}

type quantileOf struct {
	outcome int
	part    Part
	id      ID
	alpha   float64
}

type typicalOf struct {
	part Part
	id   ID
}

// Part names a group of calls: all, those of a tenant, or those with prompts of a
// size. The zero value is all.
type Part struct {
	By    Division
	Index int // of the tenant or the size
}

// Division is a way to divide calls into groups.
type Division uint8

// The divisions.
const (
	ByNothing Division = iota
	ByTenant
	BySize
)

// NewSample returns the sample of outcomes, which must have been given the same
// number of runs.
func NewSample(outcomes []Outcome) *Sample {
	s := &Sample{Outcomes: outcomes, done: Finished(outcomes), metrics: Metrics(), bound: -1,
		times: map[timesOf]*stats.Times{}, quantiles: map[quantileOf]*stats.Quantile{}, typicals: map[typicalOf]float64{}, levels: map[float64]*stats.Level{}}
	for i := range outcomes {
		if outcomes[i].Bound {
			s.bound = i
		}
		for _, rep := range s.done {
			outcomes[i].absorb(outcomes[i].Runs[rep])
		}
	}
	return s
}

// absorb adds the series of a run to those of all, and lets go of them: pictures are
// drawn from sums, and of thousands of runs they would take most of the memory.
func (o *Outcome) absorb(r *Run) {
	if r.series == nil {
		return
	}
	if o.series == nil {
		o.series = newOverTime(r.setup.Resolution)
	}
	o.series.merge(r.series)
	r.series = nil
}

// Finished returns the replications that every outcome has.
func Finished(outcomes []Outcome) []int {
	var done []int
	if len(outcomes) == 0 {
		return nil
	}
replications:
	for rep := range outcomes[0].Runs {
		for i := range outcomes {
			if outcomes[i].Runs[rep] == nil {
				continue replications
			}
		}
		done = append(done, rep)
	}
	return done
}

// Level returns the level 1-alpha.
func (s *Sample) Level(alpha float64) *stats.Level {
	l, ok := s.levels[alpha]
	if !ok {
		l = stats.NewLevel(alpha)
		s.levels[alpha] = l
	}
	return l
}

// Replications is how many there are.
func (s *Sample) Replications() int { return len(s.done) }

// tally returns a group's tally of a run; nil where the run does not divide its
// calls so.
func (r *Run) tally(p Part) *Tally {
	of := []Tally(nil)
	switch p.By {
	case ByNothing:
		return &r.Tally
	case ByTenant:
		of = r.Tenants
	case BySize:
		of = r.Sizes
	}
	if p.Index >= len(of) {
		return nil
	}
	return &of[p.Index]
}

// Applies reports whether a metric has a value for one group of calls alone.
func (m *Metric) Applies(p Part) bool {
	return p.By == ByNothing || m.group != nil || m.quantile > 0 && m.of != untilSent
}

// Counts returns the numerator and the denominator of a metric that is no quantile, for
// each replication.
func (s *Sample) Counts(outcome int, p Part, id ID) stats.Counts {
	m := &s.metrics[id]
	var c stats.Counts
	for _, rep := range s.done {
		run := s.Outcomes[outcome].Runs[rep]
		num, den := 0.0, 0.0
		if m.group != nil {
			if t := run.tally(p); t != nil {
				num, den = m.group(t)
			}
		} else if m.run != nil && p.By == ByNothing {
			num, den = m.run(run)
		}
		if math.IsNaN(num) || den == 0 {
			num, den = 0, 0
		}
		c.Hits, c.Of = append(c.Hits, num), append(c.Of, den)
	}
	return c
}

// timesOf returns the times that a quantile is of.
func (s *Sample) timesOf(outcome int, p Part, kind timeKind) *stats.Times {
	key := timesOf{outcome, p, kind}
	if t, ok := s.times[key]; ok {
		return t
	}
	reps := make([]stats.Distribution, len(s.done))
	for k, rep := range s.done {
		run := s.Outcomes[outcome].Runs[rep]
		if kind == untilSent {
			reps[k] = spread(run.wait)
		} else if t := run.tally(p); t != nil {
			reps[k] = t.distribution(kind)
		}
	}
	t := stats.NewTimes(reps, bucketSeconds)
	s.times[key] = t
	return t
}

// typical returns the design effect of a share, or of the share above a quantile,
// that is typical of the strategies.
func (s *Sample) typical(p Part, id ID) float64 {
	key := typicalOf{p, id}
	if v, ok := s.typicals[key]; ok {
		return v
	}
	m := &s.metrics[id]
	var shares []stats.Counts
	for i := range s.Outcomes {
		if s.Outcomes[i].Bound {
			continue
		}
		if m.quantile > 0 {
			shares = append(shares, s.timesOf(i, p, m.of).Above(m.quantile))
		} else {
			shares = append(shares, s.Counts(i, p, id))
		}
	}
	v := stats.TypicalEffect(shares)
	s.typicals[key] = v
	return v
}

// Quantile returns a metric that is a quantile, at the level 1-alpha.
func (s *Sample) Quantile(outcome int, p Part, id ID, alpha float64) *stats.Quantile {
	key := quantileOf{outcome, p, id, alpha}
	q, ok := s.quantiles[key]
	if !ok {
		m := &s.metrics[id]
		q = stats.NewQuantile(s.timesOf(outcome, p, m.of), m.quantile, s.typical(p, id), s.Level(alpha))
		s.quantiles[key] = q
	}
	return q
}

// Value returns a metric that is a quantile, without its interval: +Inf where too few
// calls get there.
func (s *Sample) Value(outcome int, p Part, id ID) float64 {
	m := &s.metrics[id]
	return s.timesOf(outcome, p, m.of).Value(m.quantile)
}

// Interval returns any metric at the level 1-alpha; its Value is NaN where it does
// not apply.
func (s *Sample) Interval(outcome int, p Part, id ID, alpha float64) stats.Interval {
	m := &s.metrics[id]
	switch {
	case id == RegretS:
		return s.regret(outcome, alpha)
	case m.quantile > 0:
		return s.Quantile(outcome, p, id, alpha).Interval
	case m.share:
		return stats.Share(s.Counts(outcome, p, id), s.typical(p, id), s.Level(alpha))
	case id == FailedPer1000:
		i := stats.Share(s.Counts(outcome, p, SuccessRate), s.typical(p, SuccessRate), s.Level(alpha))
		return stats.Interval{Value: 1000 * (1 - i.Value), Lo: 1000 * (1 - i.Hi), Hi: 1000 * (1 - i.Lo)}
	}
	i := m.within(stats.Ratio(s.Counts(outcome, p, id), s.Level(alpha)))
	if m.group != nil && m.Unit == Count && id != Calls && len(s.done) > 1 {
		return s.seldom(i, outcome, p, id, alpha)
	}
	return i
}

// few is how many replications must have seen something before its scatter says how much
// more of it there may be.
const few = 10

// seldom widens the interval of a mean count of which fewer than few replications have
// any: it is held to be a share of the attempts, or of the calls, whose interval
// knows that what was not seen may still come.
func (s *Sample) seldom(i stats.Interval, outcome int, p Part, id ID, alpha float64) stats.Interval {
	of := Calls
	if id == Rejected || id == RejectedRequests || id == RejectedTokens || id >= RejectedBy {
		of = Attempts
	}
	c, all, seen := s.Counts(outcome, p, id), s.Counts(outcome, p, of), 0
	for r, n := range c.Hits {
		if id == Succeeded && n < all.Hits[r] || id != Succeeded && n > 0 { // of successes what is missing is seldom
			seen++
		}
	}
	if seen >= few || id == Attempts || id == NotSent { // which a driver that keeps up has none of, ever
		return i
	}
	share := stats.Share(stats.Counts{Hits: c.Hits, Of: all.Hits}, s.typical(p, SuccessRate), s.Level(alpha))
	return stats.Interval{Value: i.Value, Lo: min(i.Lo, share.Lo*all.Value()), Hi: max(i.Hi, share.Hi*all.Value())}
}

// Estimate returns a metric of all calls with its 95 % interval; nil where it does not
// apply.
func (s *Sample) Estimate(outcome int, id ID) *Estimate {
	return estimateOf(s.Interval(outcome, Part{}, id, alpha))
}

// within cuts an interval to the values that the metric can take: a symmetric
// interval around a value near the edge would pass it.
func (m *Metric) within(i stats.Interval) stats.Interval {
	i.Lo = max(i.Lo, 0)
	if m.Unit == Share && i.Value <= 1 {
		i.Hi = min(i.Hi, 1)
	}
	return i
}

// regret is the mean latency minus that of the bound.
func (s *Sample) regret(outcome int, alpha float64) stats.Interval {
	if s.bound < 0 {
		return stats.Interval{Value: math.NaN()}
	}
	return stats.RatioDifference(s.Counts(outcome, Part{}, LatencyMean), s.Counts(s.bound, Part{}, LatencyMean), 1, s.Level(alpha))
}

// Elsewhere reports whether a strategy sends to another deployment than the first.
func (s *Sample) Elsewhere(outcome int) bool {
	for _, rep := range s.done {
		if s.Outcomes[outcome].Runs[rep].Elsewhere {
			return true
		}
	}
	return false
}
