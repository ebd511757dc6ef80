// Package likeness finds a workload like that of a usage log, and proves it: the model and
// the log are simulated against a limit that binds, with several clients. Their failed calls
// and their 429s are compared. A model that differs too much gives way to one that has more
// of the log's own numbers.
package likeness

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/fit"
	"ratesim/sim/rng"
)

// A Question is which log to fit.
type Question struct {
	Log      *workload.Log
	Source   string // what the log is called
	File     string // what the scenario file is called in its comments
	Name     string // of the scenario
	Catalog  *catalog.Catalog
	Provider string // of the deployment; "" = the smallest tier of the log's model, with a limit that binds
	Seed     uint64
	// Progress, if not nil, is told before each simulation what is simulated.
	Progress func(what string)
}

// InputError is what is wrong with the question or the log, not with the machine.
type InputError struct{ error }

// Unwrap returns what is wrong.
func (e InputError) Unwrap() error { return e.error }

// Fit answers. The error is an InputError, or ctx's.
func Fit(ctx context.Context, q *Question) (*fit.Report, error) {
	s, err := newStage(q)
	if err != nil {
		return nil, err
	}
	sample := s.sample
	var models []*fit.Model
	for _, c := range []fit.Choice{{}, {OwnLengths: true}, {OwnRates: true}, {OwnRates: true, OwnLengths: true}} {
		s.say("fitting the model")
		m := sample.Fit(c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if slices.ContainsFunc(models, func(o *fit.Model) bool { return same(o, m) }) {
			continue
		}
		models = append(models, m)
		t, err := s.try(ctx, m, q.Seed)
		if err != nil {
			return nil, err
		}
		s.trials = append(s.trials, *t)
		if t.Meets == fit.Met {
			break
		}
	}
	// The best of several looks better than it is in the runs by which it was chosen.
	i := best(s.trials)
	t, err := s.try(ctx, models[i], q.Seed+freshSeeds)
	if err != nil {
		return nil, err
	}
	s.trials[i] = *t
	return s.report(models[i], i)
}

// freshSeeds is how far the seed is moved for runs that had no part in the choice.
const freshSeeds = 1 << 32

// same reports whether two models are one.
func same(a, b *fit.Model) bool {
	return a.Arrivals.Text == b.Arrivals.Text && a.Prompt.Text == b.Prompt.Text && a.Output.Text == b.Output.Text
}

// best returns the trial that differs least: one that meets the bound before one that does
// so by chance, and that before others.
func best(trials []fit.Trial) int {
	order := []string{fit.Met, fit.Chance, fit.Missed}
	b := 0
	for i := range trials {
		mine, its := slices.Index(order, trials[i].Meets), slices.Index(order, trials[b].Meets)
		if mine < its || mine == its && trials[i].Worst < trials[b].Worst {
			b = i
		}
	}
	return b
}

// report writes down what was found of the model of a trial.
func (s *stage) report(m *fit.Model, i int) (*fit.Report, error) {
	sum := &s.sample.Summary
	r := &fit.Report{Schema: fit.Schema, Source: s.q.Source, Format: sum.Format, Rows: sum.Rows, Fitted: int64(len(s.sample.Kept)),
		Span: s.sample.Span().Seconds(), Rate: s.sample.Rate(), CV: s.sample.CV(), Arrivals: m.Arrivals, Prompt: m.Prompt, Output: m.Output,
		Spearman: s.sample.Spearman(), Correlation: m.RankCorrelation, Stage: s.told, Trials: s.trials, Chosen: i, Warnings: append([]string{}, sum.Warnings...)}
	f := s.fitted(m)
	f.Proof = proof(r)
	text, err := f.Scenario(s.q.Catalog)
	if err != nil {
		return nil, fmt.Errorf("writing the scenario: %w", err)
	}
	r.Scenario = string(text)
	spec, err := s.parse(text)
	if err != nil {
		return nil, err
	}
	if r.Curves, err = s.curves(spec); err != nil {
		return nil, err
	}
	if s.told.Refused == 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("The limits of %s refuse none of the log's calls, so the simulation says nothing of how well the model fits; leave out --provider, or give a smaller tier.", s.told.Provider))
	}
	return r, nil
}

// proof says in the comment of the file how the model was held against the log.
func proof(r *fit.Report) []string {
	t := &r.Trials[r.Chosen]
	limit := r.Stage.Provider
	if r.Stage.TPM > 0 {
		limit += fmt.Sprintf(" with a limit of %d tokens a minute", r.Stage.TPM)
	}
	out := []string{fmt.Sprintf("Model and log were simulated against %s, which refuses %.1f %% of the log's calls. Of 1,000 calls, the log and the model have:", limit, 100*r.Stage.Refused)}
	for _, c := range t.Strategies {
		out = append(out, fmt.Sprintf("%s: %.1f and %.1f failed calls, %.1f and %.1f 429s.", c.Strategy, c.Failed.Log, c.Failed.Fit, c.Rejected.Log, c.Rejected.Fit))
	}
	return out
}

func (s *stage) fitted(m *fit.Model) *scenarios.Fitted {
	return &scenarios.Fitted{File: s.q.File, Name: s.q.Name, Source: s.q.Source, Sample: s.sample, Model: m, Provider: s.q.Provider}
}

// points are of how many shares a curve is.
const points = 200

// curves draws lengths and gaps from the model to compare them with the log's.
func (s *stage) curves(spec *scenarios.Spec) ([]fit.Curve, error) {
	stream := spec.Workload[:1]
	const most = 100_000
	var prompts, outputs, gaps []float64
	for rep := range s.told.FitRuns {
		sources, err := workload.Open(stream, rng.New(s.q.Seed, rep), s.until())
		if err != nil {
			return nil, fmt.Errorf("drawing from the model: %w", err)
		}
		var a workload.Arrival
		last := time.Duration(-1)
		for len(prompts) < most && sources[0].Next(&a) {
			prompts, outputs = append(prompts, float64(a.Prompt)), append(outputs, float64(a.Output))
			if at := time.Duration(a.At); last < 0 {
				last = at
			} else {
				gaps, last = append(gaps, (at-last).Seconds()), at
			}
		}
	}
	logPrompts, logOutputs, logGaps := s.sample.Values()
	var out []fit.Curve
	for _, c := range []struct {
		of       string
		log, fit []float64
	}{{"prompt_tokens", logPrompts, prompts}, {"output_tokens", logOutputs, outputs}, {"gaps_s", logGaps, gaps}} {
		if len(c.log) > 0 && len(c.fit) > 0 {
			out = append(out, curve(c.of, c.log, c.fit))
		}
	}
	return out, nil
}

func curve(of string, log, model []float64) fit.Curve {
	c := fit.Curve{Of: of}
	slices.Sort(log)
	slices.Sort(model)
	at := func(sorted []float64, share float64) float64 {
		return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
	}
	for i := range points + 1 {
		share := float64(i) / points
		c.Share = append(c.Share, share)
		c.Log, c.Fit = append(c.Log, at(log, share)), append(c.Fit, at(model, share))
	}
	return c
}
