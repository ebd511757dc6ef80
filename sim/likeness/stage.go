package likeness

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/fit"
	"ratesim/sim"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
)

const (
	// mostCalls bounds the calls of a simulated run: the first of the log.
	mostCalls = 100_000
	// Runs of the log differ by answer times alone, those of a model in everything: of a
	// short log there are more.
	logRuns             = 4
	leastRuns, mostRuns = 16, 48
	callsOfRuns         = 200_000
	// leastRefused and mostRefused are between which share of the log's calls the limit
	// refuses, where it can be chosen.
	leastRefused, mostRefused = 0.05, 0.10
)

// clients are the strategies that are simulated: one that never retries, the one that people
// have, one that listens to what replies say, and one that plans ahead.
func clients() []string { return []string{"none", "jitter", "header-aware", "paced"} }

// stage is where log and models are simulated.
type stage struct {
	q        *Question
	sample   *fit.Sample
	told     fit.Stage
	limits   provider.Config // of the deployment
	duration time.Duration
	log      []metrics.Outcome
	trials   []fit.Trial
}

func newStage(q *Question) (*stage, error) {
	s := &stage{q: q, told: fit.Stage{Provider: q.Provider, LogRuns: logRuns, Seed: q.Seed}}
	if q.Provider != "" { // a mistake in it is told before a long log is read
		if _, err := q.Catalog.Find(q.Provider); err != nil {
			return nil, InputError{fmt.Errorf("--provider: %w", err)}
		}
	}
	s.say("reading the log")
	sample, err := fit.Read(q.Log)
	if err != nil {
		return nil, InputError{err}
	}
	s.sample = sample
	s.told.FitRuns = min(max(callsOfRuns/len(sample.Kept), leastRuns), mostRuns)
	if q.Provider == "" {
		s.told.Provider, _, _ = scenarios.DeploymentOf(sample.Summary.Models, q.Catalog)
	}
	to, err := q.Catalog.Find(s.told.Provider)
	if err != nil {
		return nil, InputError{fmt.Errorf("--provider: %w", err)}
	}
	s.limits = to
	s.duration = max(time.Second, sample.Span())
	if len(sample.Kept) > mostCalls {
		s.duration = max(time.Second, sample.Kept[mostCalls].At.Sub(sample.Kept[0].At))
	}
	s.told.Duration = s.duration.Seconds()
	return s, nil
}

func (s *stage) until() clock.Time { return clock.Time(s.duration) }

func (s *stage) say(format string, args ...any) {
	if s.q.Progress != nil {
		s.q.Progress(fmt.Sprintf(format, args...))
	}
}

// parse reads the scenario of a model, in which nothing goes wrong.
func (s *stage) parse(text []byte) (*scenarios.Spec, error) {
	spec, err := scenarios.Parse(s.q.Name, text, scenarios.Options{Catalog: s.q.Catalog, Strategies: clients(), Set: []string{"faults=[]"}})
	if err != nil {
		return nil, InputError{fmt.Errorf("the scenario of the model cannot be run, which another --provider may change: %w", err)}
	}
	return spec, nil
}

// try simulates a model, after the log at the first time, and compares them.
func (s *stage) try(ctx context.Context, m *fit.Model, seed uint64) (*fit.Trial, error) {
	text, err := s.fitted(m).Scenario(s.q.Catalog)
	if err != nil {
		return nil, fmt.Errorf("writing the scenario: %w", err)
	}
	spec, err := s.parse(text)
	if err != nil {
		return nil, err
	}
	spec.Duration = s.duration
	if s.log == nil {
		if err := s.replay(ctx, spec); err != nil {
			return nil, err
		}
	}
	s.onStage(spec)
	s.say("simulating %s", m.Arrivals.Chosen)
	outcomes, err := sim.Replicate(ctx, spec, sim.Options{Seed: seed, Replications: s.told.FitRuns})
	if err != nil {
		return nil, failed(ctx, err)
	}
	t := compare(s.log, outcomes)
	t.Arrivals, t.Prompt, t.Output = m.Arrivals.Chosen, m.Prompt.Chosen, m.Output.Chosen
	return &t, nil
}

// failed returns ctx's error if that is the cause.
func failed(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return InputError{err}
}

// onStage puts the deployment of the stage into a scenario.
func (s *stage) onStage(spec *scenarios.Spec) {
	name := spec.Deployments[0].Name
	spec.Deployments[0] = s.limits
	spec.Deployments[0].Name = name
}

// replay simulates the log, against a limit that binds.
func (s *stage) replay(ctx context.Context, like *scenarios.Spec) error {
	spec := *like
	spec.Workload = slices.Clone(like.Workload)
	stream := &spec.Workload[0]
	rows := slices.Clone(s.sample.Kept)
	for i := range rows {
		rows[i].At = clock.Time(s.sample.Kept[i].At.Sub(s.sample.Kept[0].At))
	}
	stream.Arrivals = workload.Arrivals{Process: workload.Trace, Log: *s.q.Log, Transform: workload.Transform{Speed: 1, Scale: 1}}
	stream.Rows, stream.RankCorrelation = rows, 0
	if s.sample.Summary.Declared > 0 {
		stream.MaxTokens = 0 // each row has its own
	}
	spec.Deployments = slices.Clone(like.Deployments)
	if s.q.Provider == "" {
		if err := s.bind(ctx, &spec); err != nil {
			return err
		}
	}
	s.onStage(&spec)
	s.say("simulating the log")
	var err error
	if s.log, err = sim.Replicate(ctx, &spec, sim.Options{Seed: s.q.Seed, Replications: logRuns}); err != nil {
		return failed(ctx, err)
	}
	s.told.Refused = refused(&s.log[0])
	return nil
}

// refused is the share of calls that get a 429, of a strategy that does not retry.
func refused(o *metrics.Outcome) float64 {
	rejected, calls := 0.0, 0.0
	for _, r := range o.Runs {
		rejected, calls = rejected+float64(r.Rejected), calls+float64(r.Calls)
	}
	return rejected / max(calls, 1)
}

// bind looks for the limit on tokens that refuses some of the log's calls and not too many.
func (s *stage) bind(ctx context.Context, spec *scenarios.Spec) error {
	s.say("looking for a limit that binds")
	one := *spec
	one.Strategies = spec.Strategies[:1]
	one.Deployments = slices.Clone(spec.Deployments)
	s.limits.RPM, s.limits.Limits, s.limits.PTU = 0, nil, provider.Provisioned{}
	lo, hi := 1.0, 0.0
	sum := &s.sample.Summary
	guess := float64(sum.PromptTokens+sum.OutputTokens) / float64(sum.Rows) * float64(len(s.sample.Kept)) / max(s.sample.Span().Minutes(), 1)
	for range 40 {
		tpm := round3(guess)
		s.limits.TPM, s.told.TPM = tpm, tpm
		s.onStage(&one)
		outcomes, err := sim.Replicate(ctx, &one, sim.Options{Seed: s.q.Seed, Replications: 1})
		if err != nil {
			return failed(ctx, err)
		}
		switch share := refused(&outcomes[0]); {
		case share > mostRefused:
			lo = guess
			if guess *= 2; hi > 0 {
				guess = math.Sqrt(lo * hi)
			}
		case share < leastRefused:
			hi = guess
			guess = math.Sqrt(lo * hi)
		default:
			return nil
		}
		if hi > 0 && hi/lo < 1.001 {
			break // one call more or less: the log has few
		}
	}
	if s.limits.TPM <= 0 {
		return InputError{errors.New("the log has too few tokens for a limit on them")}
	}
	return nil
}

// round3 keeps three digits.
func round3(v float64) int64 {
	unit := math.Pow(10, max(0, math.Floor(math.Log10(v))-2))
	return max(1, int64(math.Round(v/unit)*unit))
}

// compare holds what clients make of a model against what they make of the log.
func compare(log, model []metrics.Outcome) fit.Trial {
	t := fit.Trial{Meets: fit.Met}
	for i := range log {
		c := fit.Comparison{Strategy: log[i].Name,
			Failed:   pairOf(log[i].Runs, model[i].Runs, func(r *metrics.Run) int64 { return r.Calls - r.Succeeded }),
			Rejected: pairOf(log[i].Runs, model[i].Runs, func(r *metrics.Run) int64 { return r.Rejected })}
		for _, p := range []*fit.Pair{&c.Failed, &c.Rejected} {
			if math.Abs(p.Fit-p.Log) > fit.Floor {
				t.Worst = max(t.Worst, math.Abs(p.Fit-p.Log)/max(p.Log, fit.Floor))
			}
			if p.Meets == fit.Missed || p.Meets == fit.Chance && t.Meets == fit.Met {
				t.Meets = p.Meets
			}
		}
		t.Strategies = append(t.Strategies, c)
	}
	return t
}

// pairOf compares a number of things of 1,000 calls.
func pairOf(log, model []*metrics.Run, count func(*metrics.Run) int64) fit.Pair {
	per := func(runs []*metrics.Run) (out []float64) {
		for _, r := range runs {
			out = append(out, 1000*float64(count(r))/max(float64(r.Calls), 1))
		}
		return out
	}
	n := float64(len(model))
	p := fit.Pair{Log: stat.Mean(per(log), nil)}
	mean, sd := stat.MeanStdDev(per(model), nil)
	t := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975)
	p.Fit, p.Lo, p.Hi = mean, max(0, mean-t*sd/math.Sqrt(n)), mean+t*sd/math.Sqrt(n)
	p.Low, p.High = max(0, mean-t*sd*math.Sqrt(1+1/n)), mean+t*sd*math.Sqrt(1+1/n)
	if p.Log > 0 {
		e := p.Fit/p.Log - 1
		p.Error = &e
	}
	switch off := math.Abs(p.Fit - p.Log); {
	case off <= fit.Bound*p.Log || off <= fit.Floor:
		p.Meets = fit.Met
	case p.Low <= p.Log && p.Log <= p.High:
		p.Meets = fit.Chance
	default:
		p.Meets = fit.Missed
	}
	return p
}
