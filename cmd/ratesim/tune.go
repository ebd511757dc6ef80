package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/sim/tune"
)

// tuning are the flags of tune alone.
type tuning struct {
	common
	strategy string
	params   []string
	settings int
	runs     int
	period   time.Duration
}

func tuneCommand(s *streams) *cobra.Command {
	var f tuning
	c := &cobra.Command{
		Use:   "tune [SCENARIO] --strategy NAME --param PARAM",
		Short: "Find the parameters with which a strategy serves a scenario best",
		Long: `Tune tries settings of the parameters of one strategy, and says whether one of them
is better than the parameters that the strategy has: those in the scenario or, if it
does not list the strategy, those of the catalog. It judges by the rule of
'ratesim compare': by the objectives (--slo), or by the calls that fail, the time to
success and the attempts.

Half of the runs choose. All settings meet the same calls; in rounds, those that are
certainly worse and the worse half are left out. The other half judges: the best
setting and the default meet replications that had no part in the choice. If the
scenario replays logs that last at least two periods (--period, a day), the earlier
half of the periods chooses and the later half judges.

PARAM is one of:
  base                 the range from 1/8 to 8 times the default; of a share, all of
                       it; of a choice, all choices
  base=500ms..10s      a range; with :log behind it, evenly spaced in the logarithm
  base=1s,2s,5s        these values
Several parameters are tried in all combinations if they are lists that have no more
than --settings combinations, and in a Halton sample otherwise.`,
		Example: `  ratesim tune --strategy jitter --param base
  ratesim tune mine.yaml --strategy token-bucket --param margin=0%..30% --param smooth
  ratesim tune --trace march.csv --provider openai/gpt-4o@tier-2 --strategy paced --param max_retries=0..9`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	f.registerSeed(c)
	fl := c.Flags()
	fl.StringVar(&f.strategy, "strategy", "", "tune the strategy `NAME`, of the scenario or of the catalog")
	fl.StringArrayVar(&f.params, "param", nil, "try values of a parameter, `PARAM`; may be repeated")
	fl.IntVar(&f.settings, "settings", 24, "try at most `N` settings beside the default")
	fl.IntVar(&f.runs, "runs", 1000, "make at most `N` runs, of one setting in one replication")
	fl.DurationVar(&f.period, "period", 24*time.Hour, "divide logs into periods of the length `D`")
	catalogFlag(fl, &f.catalog)
	f.registerTraffic(c)
	f.registerScenario(c)
	f.registerOutput(c)
	f.registerOut(c)
	return c
}

// run checks the flags and tunes.
func (f *tuning) run(c *cobra.Command, s *streams, args []string) error {
	opt, err := f.options(c)
	if err != nil {
		return err
	}
	switch {
	case f.strategy == "":
		err = errors.New("tune needs --strategy, the strategy whose parameters are tuned")
	case len(f.params) == 0:
		err = errors.New("tune needs --param, once for each parameter; 'ratesim list strategies' prints the parameters")
	case f.settings < 1:
		err = fmt.Errorf("--settings takes at least 1, got %d", f.settings)
	case f.period <= 0:
		err = fmt.Errorf("--period takes a time above 0, got %v", f.period)
	}
	if err != nil {
		return inputError{err}
	}
	opt.Strategies = []string{f.strategy}
	spec, err := single(f.load(c, s, args, opt))
	if errors.As(err, new(inputError)) { // which names the flag of the other commands
		err = inputError{errors.New(strings.ReplaceAll(err.Error(), "--strategies", "--strategy"))}
	}
	if err != nil {
		return err
	}
	return f.tune(c.Context(), s, spec)
}

// problem returns what is tuned, and what a reader should know about it.
func (f *tuning) problem(spec *scenarios.Spec) (p tune.Problem, warnings []string, err error) {
	if len(spec.Strategies) != 1 {
		return p, nil, fmt.Errorf("--strategy takes one strategy, got %q", f.strategy)
	}
	k := &spec.Strategies[0]
	if k.Omniscient {
		return p, nil, fmt.Errorf("%s cannot be tuned: no client can be it", k.Name)
	}
	seen := map[string]bool{}
	for _, text := range f.params {
		a, err := tune.ParseAxis(text, k)
		if err != nil {
			return p, nil, fmt.Errorf("--param %s: %w", text, err)
		}
		if seen[a.Param.Name] {
			return p, nil, fmt.Errorf("--param names %s twice", a.Param.Name)
		}
		seen[a.Param.Name] = true
		p.Axes = append(p.Axes, a)
	}
	var refused string
	if p.Settings, refused, err = tune.Settings(spec, k, p.Axes, f.settings, f.seed); err != nil {
		return p, nil, fmt.Errorf("--param: %w", err)
	}
	if refused != "" {
		warnings = append(warnings, refused)
	}
	p.Strategy = k.Name
	p.Choose, p.Judge = []*scenarios.Spec{spec}, []*scenarios.Spec{spec}
	if periods := spec.Periods(f.period); periods != nil {
		half := (len(periods) + 1) / 2
		p.Choose, p.Judge = periods[:half], periods[half:]
	}
	return p, warnings, nil
}

// tune searches and reports what it found.
func (f *tuning) tune(ctx context.Context, s *streams, spec *scenarios.Spec) error {
	problem, warnings, err := f.problem(spec)
	if err != nil {
		return inputError{err}
	}
	plan, err := tune.NewPlan(len(problem.Settings), f.runs)
	if err != nil {
		return inputError{fmt.Errorf("--runs: %w; allow more --runs or fewer --settings", err)}
	}
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	p := s.newProgress(f.quiet, "runs")
	if p != nil {
		fmt.Fprintln(s.err, "ratesim:", plan)
	}
	found, err := tune.Run(ctx, problem, tune.Options{Seed: f.seed, Runs: f.runs, Progress: p.counted})
	p.wipe()
	if err != nil {
		return err
	}
	found.Warnings = append(found.Warnings, warnings...)
	found.Command, found.Version = f.command, s.build.short()
	if found.Held != nil {
		f.sign(s, found.Held)
	}
	return f.target().report(s, reports.Tuning(found))
}
