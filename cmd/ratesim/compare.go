package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/provider/catalog"
	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// view is how a command shows its result.
type view struct {
	table    func(io.Writer, *metrics.Result, reports.TableOptions) error
	markdown func(io.Writer, *metrics.Result, reports.TableOptions) error
	pictures func(*metrics.Result) []reports.Picture
}

func compareCommand(s *streams) *cobra.Command {
	var f common
	c := &cobra.Command{
		Use:   "compare [SCENARIO]",
		Short: "replay one scenario against several strategies, side by side",
		Long: `Compare replays one scenario against several strategies and prints them side
by side. SCENARIO is a file, - for standard input, or the name of an embedded
scenario (see 'ratesim list scenarios'); without it, launch-day.

With --trace and without SCENARIO, the requests of the log are all that happens:
one client, one deployment, no faults and no deadline. With both, the log takes
the place of the scenario's workload.

How it chooses:

` + strings.TrimSpace(verdict.Rule),
		Example: `  ratesim compare
  ratesim compare --trace traffic.csv
  ratesim compare --trace traffic.csv --provider openai/gpt-4o@tier-2 --instances 4 --deadline 30s
  ratesim compare outage --strategies jitter,queue --out report
  ratesim compare --set fleet.instances=40 -o json`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			opt, err := f.options(c)
			if err != nil {
				return err
			}
			specs, err := f.load(c, s, args, opt)
			if err != nil {
				return err
			}
			return f.compare(c.Context(), s, specs, opt.Catalog)
		},
	}
	f.registerTraffic(c)
	f.register(c)
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
	specs, err := scenarios.LoadEach(name, s.in, opt, f.providers)
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
		return f.simulate(ctx, s, specs[0], sim.Options{Catalog: known}, view{reports.Table, reports.Markdown, reports.Pictures})
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
	if err := f.reportEach(s, results); err != nil {
		return err
	}
	if f.dir != "" {
		var pictures []reports.Picture
		for _, r := range results {
			pictures = append(pictures, reports.Of(r.Provider, reports.Pictures(r))...)
		}
		if err := reports.WriteDir(f.dir, func(w io.Writer) error { return reports.ProvidersJSON(w, results) }, pictures); err != nil {
			return err
		}
	}
	if runErr != nil {
		return runErr
	}
	return unmet(results...)
}

// reportEach prints the results of several providers in the format asked for.
func (f *common) reportEach(s *streams, results []*metrics.Result) error {
	switch f.output {
	case "json":
		return reports.ProvidersJSON(s.out, results)
	case "csv":
		return reports.ProvidersCSV(s.out, results, f.table(s))
	case "markdown":
		return reports.ProvidersMarkdown(s.out, results, f.table(s))
	}
	return reports.ProvidersTable(s.out, results, f.table(s))
}

// run compares the strategies of a scenario, with progress where it can be seen.
func (f *common) run(ctx context.Context, s *streams, spec *scenarios.Spec, o sim.Options) (*metrics.Result, error) {
	draw, wipe := s.reporter(f.quiet)
	defer wipe()
	o.Seed, o.Replications, o.Progress = f.seed, int(f.reps), draw
	return sim.Compare(ctx, spec, o)
}

// simulate runs the scenario and reports it. When it is interrupted it reports
// what was finished and returns the context's error.
func (f *common) simulate(ctx context.Context, s *streams, spec *scenarios.Spec, o sim.Options, v view) error {
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	result, runErr := f.run(ctx, s, spec, o)
	if result == nil {
		return runErr
	}
	if err := f.report(s, result, v); err != nil {
		return err
	}
	if f.dir != "" {
		if err := reports.WriteDir(f.dir, func(w io.Writer) error { return reports.JSON(w, result) }, v.pictures(result)); err != nil {
			return err
		}
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
