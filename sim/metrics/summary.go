package metrics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence of every interval in a Result.
const confidence = 0.95

// pairedMetrics are the ones strategies are compared by, pair by pair.
var pairedMetrics = [...]string{"success_rate", "goodput_tpm", "latency_p95", "amplification", "cost_usd"}

// Outcome is all replications of one strategy. Runs[i] is replication i; nil
// if it was not finished.
type Outcome struct {
	Name  string
	Bound bool // it is the optimum others are held against
	Runs  []*Run
}

// Summarise fills in what r says of strategies and pairs. Replications that
// are nil for any strategy count for none, so that all comparisons stay paired.
func Summarise(r *Result, outcomes []Outcome) {
	metrics := Metrics()
	done := Finished(outcomes)
	r.Schema = Schema
	r.Replications = len(done)
	values := table(metrics, outcomes, done)
	for i := range outcomes {
		s := Strategy{Name: outcomes[i].Name, Curves: curves(&outcomes[i], done)}
		for j := range metrics {
			*metrics[j].Field(&s) = metrics[j].within(estimate(values[i][j]))
		}
		r.Strategies = append(r.Strategies, s)
	}
	r.Paired = pairs(metrics, outcomes, values)
	r.Hash = hash(outcomes, done)
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

// table computes every metric of every run: [strategy][metric][replication].
func table(metrics []Metric, outcomes []Outcome, done []int) [][][]float64 {
	values := make([][][]float64, len(outcomes))
	for i := range outcomes {
		values[i] = make([][]float64, len(metrics))
		for j := range metrics {
			values[i][j] = metrics[j].series(outcomes, i, done)
		}
	}
	return values
}

// series computes a metric of every run of outcome i.
func (m *Metric) series(outcomes []Outcome, i int, done []int) []float64 {
	bound := -1
	for i := range outcomes {
		if outcomes[i].Bound {
			bound = i
		}
	}
	values := make([]float64, len(done))
	for k, rep := range done {
		run, v := outcomes[i].Runs[rep], math.NaN()
		switch {
		case m.value != nil:
			v = m.value(run)
		case bound >= 0 && m.Name == ofOptimum:
			v = ratio(run.goodput(), outcomes[bound].Runs[rep].goodput())
		case bound >= 0 && m.Name == regret:
			v = run.MeanLatency() - outcomes[bound].Runs[rep].MeanLatency()
		}
		values[k] = v
	}
	return values
}

// estimate returns the mean of the values that apply and its Student t
// interval; nil if none applies.
func estimate(values []float64) *Estimate {
	var xs []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			xs = append(xs, v)
		}
	}
	if len(xs) == 0 {
		return nil
	}
	mean := stat.Mean(xs, nil)
	if len(xs) == 1 {
		return &Estimate{mean, mean, mean}
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(len(xs) - 1)}.Quantile((1 + confidence) / 2)
	half := t * stat.StdErr(stat.StdDev(xs, nil), float64(len(xs)))
	return &Estimate{mean, mean - half, mean + half}
}

// within cuts an interval to the values the metric can take: a symmetric
// interval around a mean near the edge would pass it.
func (m *Metric) within(e *Estimate) *Estimate {
	if e == nil || m.Name == regret {
		return e
	}
	e.Lo = max(e.Lo, 0)
	if m.Unit == Share && m.Name != ofOptimum && e.Mean <= 1 {
		e.Hi = min(e.Hi, 1)
	}
	return e
}

func pairs(metrics []Metric, outcomes []Outcome, values [][][]float64) []Paired {
	out := []Paired{}
	for a := range outcomes {
		for b := a + 1; b < len(outcomes); b++ {
			for _, name := range pairedMetrics {
				j := 0
				for metrics[j].Name != name {
					j++
				}
				diff := make([]float64, len(values[a][j]))
				for i := range diff {
					diff[i] = values[a][j][i] - values[b][j][i]
				}
				if e := estimate(diff); e != nil {
					out = append(out, Paired{outcomes[a].Name, outcomes[b].Name, name, e.Mean, e.Lo, e.Hi})
				}
			}
		}
	}
	return out
}

// hash combines the runs' hashes in order.
func hash(outcomes []Outcome, done []int) string {
	h := uint64(14695981039346656037)
	for i := range outcomes {
		for _, rep := range done {
			h = (h ^ outcomes[i].Runs[rep].Hash) * 1099511628211
			h ^= h >> 29
		}
	}
	return fmt.Sprintf("%016x", h)
}

// cdfPoints is how many points the latency curve of a picture has.
const cdfPoints = 201

// curves pools the replications for the pictures. It leaves the runs as they
// are but for the resolution of their series.
func curves(o *Outcome, done []int) *Curves {
	if len(done) == 0 {
		return nil
	}
	sum := NewRun(Setup{})
	for _, rep := range done {
		run := o.Runs[rep]
		sum.latency.Merge(run.latency)
		sum.attempts.Merge(&run.attempts)
		sum.rejected.Merge(&run.rejected)
		sum.use.Merge(&run.use)
		sum.samples.Merge(&run.samples)
	}
	for sum.rejected.width < sum.attempts.width {
		sum.rejected.fold()
	}
	for sum.attempts.width < sum.use.width {
		sum.attempts.fold()
		sum.rejected.fold()
	}
	for sum.use.width < sum.attempts.width {
		sum.use.fold()
		sum.samples.fold()
	}
	sum.rejected.last = sum.attempts.last // as long as the attempts they are part of
	width := sum.attempts.width.Seconds()
	c := &Curves{Width: width}
	perSecond := 1 / width / float64(len(done))
	c.AttemptsPerS = sum.attempts.steps(perSecond)
	c.RejectedPerS = sum.rejected.steps(perSecond)
	use, samples := sum.use.steps(1/useUnit), sum.samples.steps(1)
	for i := range use {
		if samples[i] > 0 {
			use[i] /= samples[i]
		}
	}
	c.QuotaUsed = use
	if sum.latency.TotalCount() > 0 {
		for i := range cdfPoints {
			c.LatencyCDF = append(c.LatencyCDF, quantile(sum.latency, 100*float64(i)/(cdfPoints-1)))
		}
	}
	return c
}
