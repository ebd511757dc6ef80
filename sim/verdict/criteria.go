package verdict

import (
	"math"

	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

const (
	// A difference in failed calls matters from one call in 1,000 on, and from one in
	// 20 of the calls that fail anyway: where 20 % of the calls fail, one point.
	failedMargin, failedShare = 0.001, 0.05
	// Times and attempts matter from a fifth on: by less, p95 times of two mornings of
	// the same service differ anyway.
	timesFactor = 1.2
	// Answers a minute matter from a tenth on: a client that lets calls fail at once gets its
	// users a few more answers, because they ask again sooner, and is not better for it.
	// What an answer costs matters from 5 % on.
	answersFactor, costFactor = 1.1, 1.05
)

// criterion is one thing that strategies compete in.
type criterion struct {
	metric metrics.ID
	// worse returns how much worse strategy a is than b; NaN where they cannot be
	// compared.
	worse func(a, b int) stats.Interval
	// matters is the difference from which on the worse of a and b is left out, and up
	// to which they are called equal. It is one number: if strategies were called equal
	// up to a larger difference than the one that leaves them out, few replications
	// would choose another one than many.
	matters func(a, b int) float64
}

func constant(v float64) func(a, b int) float64 { return func(int, int) float64 { return v } }

// criteria returns what the strategies of set compete in, in order.
func (j *judge) criteria(set []int) []criterion {
	var list []criterion
	if j.o.Closed {
		list = append(list, j.byAnswers())
	}
	list = append(list, j.byFailures())
	if id, ok := j.timeOf(set); ok {
		list = append(list, j.byTime(id))
	}
	return append(list, j.byAttempts())
}

// byFailures compares the share of calls without an answer.
func (j *judge) byFailures() criterion {
	margin := func(a, b int) float64 {
		fail := 1 - max(j.value(a, metrics.SuccessRate), j.value(b, metrics.SuccessRate))
		return max(failedMargin, failedShare*fail)
	}
	return criterion{
		metric: metrics.FailedPer1000,
		worse: func(a, b int) stats.Interval {
			return j.s.Difference(b, a, metrics.Part{}, metrics.SuccessRate, j.alpha)
		},
		matters: margin,
	}
}

// byAnswers compares how many answers the users of a closed workload get.
func (j *judge) byAnswers() criterion {
	return criterion{
		metric:  metrics.AnswersPerMin,
		worse:   func(a, b int) stats.Interval { return j.logRatio(b, a, metrics.AnswersPerMin) },
		matters: constant(math.Log(answersFactor)),
	}
}

// timeOf returns the quantile of the time to success that strategies are compared by:
// the 95 % one or, where none of them gets so far, the median. It reports false
// where none gets that far either.
func (j *judge) timeOf(set []int) (metrics.ID, bool) {
	for _, id := range []metrics.ID{metrics.TimeToSuccessP95, metrics.TimeToSuccessP50} {
		for _, i := range set {
			if v := j.s.Value(i, metrics.Part{}, id); !math.IsInf(v, 1) && !math.IsNaN(v) {
				return id, true
			}
		}
	}
	return 0, false
}

func (j *judge) byTime(id metrics.ID) criterion {
	return criterion{
		metric: id,
		worse: func(a, b int) stats.Interval {
			return stats.LogQuantileRatio(j.s.Quantile(a, metrics.Part{}, id, j.alpha), j.s.Quantile(b, metrics.Part{}, id, j.alpha))
		},
		matters: constant(math.Log(timesFactor)),
	}
}

// byAttempts compares the load that strategies put on the vendor.
func (j *judge) byAttempts() criterion {
	return criterion{
		metric:  metrics.Amplification,
		worse:   func(a, b int) stats.Interval { return j.logRatio(a, b, metrics.Amplification) },
		matters: constant(math.Log(timesFactor)),
	}
}

// byCost compares what an answer costs.
func (j *judge) byCost() criterion {
	return criterion{
		metric:  metrics.CostPerSuccessUSD,
		worse:   func(a, b int) stats.Interval { return j.logRatio(a, b, metrics.CostPerSuccessUSD) },
		matters: constant(math.Log(costFactor)),
	}
}

func (j *judge) logRatio(a, b int, id metrics.ID) stats.Interval {
	return stats.LogRatio(j.s.Counts(a, metrics.Part{}, id), j.s.Counts(b, metrics.Part{}, id), j.s.Level(j.alpha))
}

func (j *judge) value(i int, id metrics.ID) float64 { return j.s.Counts(i, metrics.Part{}, id).Value() }
