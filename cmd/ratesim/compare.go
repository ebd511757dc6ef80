package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/provider/catalog"
	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

func compareCommand(s *streams) *cobra.Command {
	var f common
	var watch bool
	c := &cobra.Command{
		Use:   "compare [SCENARIO]",
		Short: "Replay one scenario against several strategies, side by side",
		Long: `Compare replays one scenario against several strategies and prints them side
by side. SCENARIO is a file, - for standard input, or the name of an embedded
scenario ('ratesim list scenarios' prints them). Without SCENARIO it is launch-day.

With --trace and without SCENARIO, compare replays the requests of the log and
nothing else: one client, one deployment, no faults and no deadline. With both, the
log takes the place of the scenario's workload.

This is how it chooses the strategy that it recommends:

` + strings.TrimSpace(verdict.Rule),
		Example: `  ratesim compare
  ratesim compare --trace traffic.csv
  ratesim compare --trace traffic.csv --provider openai/gpt-4o@tier-2 --instances 4 --deadline 30s
  ratesim compare outage --strategies jitter,queue --out report
  ratesim compare --set fleet.instances=40 -o json
  ratesim compare mine.yaml --watch`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			opt, err := f.options(c)
			if err != nil {
				return err
			}
			run := func(ctx context.Context, s *streams) (files []string, err error) {
				specs, err := f.load(c, s, args, opt)
				if err != nil {
					return nil, err
				}
				for i := range specs[0].Workload {
					if file := specs[0].Workload[i].Arrivals.Log.Name; file != "" && !slices.Contains(workload.Embedded(), file) {
						files = append(files, file)
					}
				}
				return files, f.compare(ctx, s, specs, opt.Catalog)
			}
			if watch {
				return f.watch(c.Context(), s, args, run)
			}
			_, err = run(c.Context(), s)
			return err
		},
	}
	f.registerTraffic(c)
	f.register(c)
	c.Flags().BoolVar(&watch, "watch", false, "run again whenever the scenario or its trace changes, until Ctrl-C")
	return c
}

func atMostOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return inputError{fmt.Errorf("%s takes one scenario, got %q", c.CommandPath(), args)}
	}
	return nil
}

// load reads the scenario that the arguments name, for each of the providers.
func (f *common) load(c *cobra.Command, s *streams, args []string, opt scenarios.Options) ([]*scenarios.Spec, error) {
	name := ""
	if len(args) == 1 {
		if name = args[0]; name == "" {
			return nil, inputError{errors.New("the name of the scenario is empty")}
		}
	}
	if name == "" && f.trace == "" {
		f.command = commandLine(c, []string{scenarios.Default})
	}
	if f.trace == "-" {
		if name == "-" {
			return nil, inputError{errors.New("the scenario and --trace cannot both be standard input; save one of them to a file")}
		}
		var err error
		if opt.TraceData, err = s.readLog(); err != nil {
			return nil, cmp.Or(c.Context().Err(), err)
		}
		opt.Trace = stdinName
	}
	specs, err := hearing(c.Context(), func() ([]*scenarios.Spec, error) { return scenarios.LoadEach(name, s.in, opt, f.providers) })
	if err != nil {
		return nil, loadError(c, "scenario", name, err)
	}
	return specs, nil
}

// single returns the only scenario of a command that cannot run several.
func single(specs []*scenarios.Spec, err error) (*scenarios.Spec, error) {
	if err != nil {
		return nil, err
	}
	if n := len(specs); n > 1 {
		return nil, oneProvider(n)
	}
	return specs[0], nil
}

// oneProvider says that a command takes one provider, not n.
func oneProvider(n int) error {
	return inputError{fmt.Errorf("--provider is given %d times; this command takes one", n)}
}

// compare runs the scenario on each of its providers and reports it. When it is
// interrupted it reports what was finished and returns the context's error.
func (f *common) compare(ctx context.Context, s *streams, specs []*scenarios.Spec, known *catalog.Catalog) error {
	if len(specs) == 1 {
		return f.simulate(ctx, s, specs[0], sim.Options{Catalog: known}, reports.Compare)
	}
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	var results []*metrics.Result
	var runErr error
	for _, spec := range specs {
		result, err := f.run(ctx, s, spec, sim.Options{})
		if result != nil {
			results = append(results, result)
		}
		if runErr = err; err != nil {
			break
		}
	}
	if len(results) == 0 {
		return runErr
	}
	if err := f.target().report(s, reports.SideBySide(results, f.by)); err != nil {
		return err
	}
	if runErr != nil {
		return runErr
	}
	return unmet(results...)
}

// run compares the strategies of a scenario, with progress where it can be seen.
func (f *common) run(ctx context.Context, s *streams, spec *scenarios.Spec, o sim.Options) (*metrics.Result, error) {
	p := s.newProgress(f.quiet, "runs")
	defer p.wipe()
	o.Seed, o.Replications, o.Progress, o.MostCalls = f.seed, int(f.reps), p.compared, f.most()
	result, err := sim.Compare(ctx, spec, o)
	f.sign(s, result)
	return result, tooLarge(err)
}

// simulate runs the scenario and reports it. When it is interrupted it reports
// what was finished and returns the context's error.
func (f *common) simulate(ctx context.Context, s *streams, spec *scenarios.Spec, o sim.Options, document func(r *metrics.Result, by string) *reports.Document) error {
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	result, runErr := f.run(ctx, s, spec, o)
	if result == nil {
		return runErr
	}
	if err := f.target().report(s, document(result, f.by)); err != nil {
		return err
	}
	if runErr != nil {
		return runErr
	}
	return unmet(result)
}

// makeDir makes the folder of --out, if there is one. A run that ends without a
// result must call tidy, so that no empty folder is left; after one with a result
// tidy does nothing.
func makeDir(dir string) (tidy func(), err error) {
	if dir == "" {
		return func() {}, nil
	}
	return reports.MakeDir(dir)
}

// unmet returns errUnmet if an expectation was not met.
func unmet(results ...*metrics.Result) error {
	for _, r := range results {
		for _, x := range r.Expectations {
			if !x.Met {
				return errUnmet
			}
		}
	}
	return nil
}
