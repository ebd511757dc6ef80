package metrics

import (
	"fmt"
	"math"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/stats"
)

// alpha is one minus the confidence of every interval in a Result.
const alpha = 0.05

// Summarise fills in what r says of strategies and pairs of them. tenants are the
// names of the tenants. Replications that are nil for any strategy count for none.
func Summarise(r *Result, s *Sample, tenants []string) {
	r.Schema = Schema
	r.Replications = len(s.done)
	for i := range s.Outcomes {
		out := Strategy{Group: Group{Name: s.Outcomes[i].Name}, Curves: s.curves(i), Bill: s.bill(i)}
		s.values(&out.Values, i, Part{})
		out.Tenants = s.groups(i, ByTenant, tenants)
		out.Sizes = s.groups(i, BySize, SizeNames[:])
		r.Strategies = append(r.Strategies, out)
	}
	r.Paired = s.pairs()
	r.Hash = s.Hash()
}

// SizeNames are the names of the groups that calls are divided into by the length of
// their prompt.
var SizeNames = [NumSizes]string{"small", "medium", "large"}

// groups returns the groups of a division; nil where the calls are not divided so.
func (s *Sample) groups(outcome int, by Division, names []string) []Group {
	if len(s.done) == 0 || s.Outcomes[outcome].Runs[s.done[0]].tally(Part{by, 0}) == nil {
		return nil
	}
	out := make([]Group, len(names))
	for i, name := range names {
		out[i].Name = name
		s.values(&out[i].Values, outcome, Part{by, i})
	}
	return out
}

// values fills in every metric of a group of calls.
func (s *Sample) values(v *Values, outcome int, p Part) {
	if len(s.done) == 0 {
		return
	}
	for id := range NumMetrics {
		if !s.metrics[id].Applies(p) {
			continue
		}
		i := s.Interval(outcome, p, id, alpha)
		if id >= RejectedBy && i.Value == 0 {
			continue // of sixteen limits most scenarios have two
		}
		v[id] = estimateOf(i)
	}
	v.addUp()
}

// micro is what counts are rounded to: one millionth.
const micro = 1e6

// sums lists what adds up in every run: a total, then its parts. Parts that are
// totals themselves stand before.
func sums() [][]ID {
	rejected := []ID{Rejected}
	for name := range limit.NumNames {
		rejected = append(rejected, RejectedBy+ID(name))
	}
	return [][]ID{
		rejected,
		{Failed, FailuresMaxRetries, FailuresDeadline, FailuresNotRetryable, FailuresQueueTimeout, FailuresOversize, FailuresBrokenStream, NotSent},
		{Calls, Succeeded, Failed, Censored},
	}
}

// addUp rounds counts so that what adds up in a run adds up as it is written.
func (v *Values) addUp() {
	round := func(x float64) float64 { return math.Round(x*micro) / micro }
	for _, ids := range sums() {
		total := 0.0
		for _, id := range ids[1:] {
			if v[id] != nil {
				v[id].Mean = round(v[id].Mean)
				total += v[id].Mean
			}
		}
		if v[ids[0]] != nil {
			v[ids[0]].Mean = round(total)
		}
	}
}

// pairedMetrics are the ones strategies are compared by, pair by pair.
var pairedMetrics = [...]ID{SuccessRate, TimeToSuccessP95, Amplification, CostUSD}

func (s *Sample) pairs() []Paired {
	out := []Paired{}
	for a := range s.Outcomes {
		for b := a + 1; b < len(s.Outcomes); b++ {
			for _, id := range pairedMetrics {
				if e := estimateOf(s.Difference(a, b, Part{}, id, alpha)); e != nil {
					out = append(out, Paired{s.Outcomes[a].Name, s.Outcomes[b].Name, s.metrics[id].Name, e.Mean, e.Lo, e.Hi})
				}
			}
		}
	}
	return out
}

// Side is a metric of a strategy, or of some of its calls.
type Side struct {
	Outcome int
	Part    Part
	Metric  ID
}

// Difference returns a metric of outcome a minus that of b, paired by replication, at
// the level 1-alpha.
func (s *Sample) Difference(a, b int, p Part, id ID, alpha float64) stats.Interval {
	return s.Margin(Side{a, p, id}, Side{b, p, id}, 1, alpha)
}

// Margin returns side a minus factor times side b, paired by replication, at the level
// 1-alpha.
func (s *Sample) Margin(a, b Side, factor, alpha float64) stats.Interval {
	m, o := &s.metrics[a.Metric], &s.metrics[b.Metric]
	switch {
	case m.quantile > 0 && o.quantile > 0:
		return stats.QuantileDifference(s.Quantile(a.Outcome, a.Part, a.Metric, alpha), s.Quantile(b.Outcome, b.Part, b.Metric, alpha), factor)
	case m.quantile > 0 || o.quantile > 0 || a.Metric == RegretS || b.Metric == RegretS:
		return stats.Apart(s.Interval(a.Outcome, a.Part, a.Metric, alpha), s.Interval(b.Outcome, b.Part, b.Metric, alpha), factor)
	case m.share && o.share && factor == 1:
		return stats.ShareDifference(s.Counts(a.Outcome, a.Part, a.Metric), s.Counts(b.Outcome, b.Part, b.Metric), s.typical(a.Part, a.Metric), s.Level(alpha))
	}
	return stats.RatioDifference(s.Counts(a.Outcome, a.Part, a.Metric), s.Counts(b.Outcome, b.Part, b.Metric), factor, s.Level(alpha))
}

// hash combines the runs' hashes in order.
func (s *Sample) Hash() string {
	h := uint64(14695981039346656037)
	for i := range s.Outcomes {
		for _, rep := range s.done {
			h = (h ^ s.Outcomes[i].Runs[rep].Hash) * 1099511628211
			h ^= h >> 29
		}
	}
	return fmt.Sprintf("%016x", h)
}

// The tail of the time to success is kept at 1, at a twentieth of a decade below that,
// and so on.
const (
	perDecade = 20
	tailSize  = 71
)

// curves pools the replications for the pictures.
func (s *Sample) curves(outcome int) *Curves {
	if len(s.done) == 0 {
		return nil
	}
	sum := s.Outcomes[outcome].series
	sum.align()
	width := sum[attempts].width.Seconds()
	perSecond := 1 / width / float64(len(s.done))
	steps := func(series int) []float64 { return sum[series].steps(perSecond) }
	c := &Curves{Width: width, AttemptsPerS: steps(attempts), RejectedPerS: steps(rejected), LostPerS: steps(lost),
		ArrivedPerS: steps(arrived), AnsweredPerS: steps(answered), FailedPerS: steps(failed), QuotaUsed: sum[use].steps(1 / useUnit)}
	for i, n := range sum[samples].steps(1) {
		if n > 0 {
			c.QuotaUsed[i] /= n
		}
	}
	t := s.timesOf(outcome, Part{}, untilSuccess)
	for i := range tailSize {
		share := math.Pow(10, -float64(i)/perDecade)
		within := t.Value(1 - share)
		if math.IsNaN(within) || math.IsInf(within, 0) {
			break
		}
		c.Unanswered = append(c.Unanswered, Tail{share, within})
	}
	return c
}

// align makes all series as coarse as the coarsest.
func (o *overTime) align() {
	width := clock.Time(0)
	for i := range o {
		width = max(width, o[i].width)
	}
	for i := range o {
		for o[i].width < width {
			o[i].fold()
		}
	}
	for _, part := range []int{rejected, lost} {
		o[part].n = o[attempts].n // as long as the attempts that they are part of
	}
}
