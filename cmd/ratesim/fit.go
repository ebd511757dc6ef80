package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/scenarios/workload"
	"ratesim/sim/likeness"
)

// fitFlags are the flags of ratesim workload fit.
type fitFlags struct {
	log          logFlags
	model        string
	provider     string
	catalog, dir string
	output       string
	seed         uint64
	quiet        bool
	noColor      bool
}

// fitOutputs are the formats of a fit: those of a description, and the scenario alone.
var fitOutputs = append(slices.Clone(describeOutputs), "yaml")

func fitCommand(s *streams) *cobra.Command {
	var f fitFlags
	c := &cobra.Command{
		Use:   "fit LOG [FILE]",
		Short: "Find a workload like that of a usage log, prove it, and write it as a scenario",
		Long: `Fit finds a workload model that is like a usage log, and writes it as a scenario
file. So you can publish a workload without publishing its log.

Requests arrive by one of these processes: poisson, gamma, weibull, or mmpp (calm and
bursts), each at a steady rate or, where the log is longer than a day, at a rate that
follows the hours; or diurnal. Tokens have one of these distributions: lognormal, gamma,
truncated lognormal, zipf, or a mixture of two or three lognormals. Parameters are those
of the greatest likelihood. The candidate with the least BIC is chosen, of those that
are near enough by their Kolmogorov-Smirnov (KS) distance from the log: 0.05, or what
chance makes of so few rows. The report lists all candidates with their scores. If none
is near enough, tokens are drawn from a short list of lengths, each the mean of at least
five requests, and requests arrive at the log's own rate in each of at most 400 windows.
Prompt and output are drawn apart, unless their ranks have a correlation of 0.1 or more.
Of single requests, the scenario has only the least and the largest number of tokens.

The model is then proved. Log and model are simulated with four clients (none, jitter,
header-aware, paced) against a limit that binds, and their failed calls and 429s are
compared. They are alike if they differ by at most 20 %, or by at most 5 of 1,000
calls. A model that differs by more gives way to one with more of the log's own numbers.
The report says what remains.

LOG is a file, - for standard input, or the name of an embedded trace. The model is
fitted to its first 1,048,576 requests, and the first 100,000 are simulated; memory does
not grow with the rest. Ratesim never overwrites FILE.`,
		Example: `  ratesim workload fit traffic.csv
  ratesim workload fit traffic.csv like-traffic.yaml
  ratesim workload fit azure-conv-2023 --out report
  ratesim workload fit log.jsonl.gz --columns time=ts,prompt_tokens=in,output_tokens=out -o yaml > like.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return inputError{fmt.Errorf("%s takes one usage log and perhaps a file to write, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	f.log.register(fl)
	fl.StringVar(&f.model, "model", "", "only fit rows of this `MODEL`; the others are counted and said")
	fl.StringVar(&f.provider, "provider", "", "simulate against the limits of `REF`, and name it in the scenario (default: the log's model, with a limit that refuses 5 to 10 % of the calls)")
	catalogFlag(fl, &f.catalog)
	fl.Uint64Var(&f.seed, "seed", 1, "`SEED` of all random draws")
	fl.StringVarP(&f.output, "output", "o", "table", "`FORMAT` of the result: "+strings.Join(describeOutputs, ", ")+", or yaml: the scenario alone")
	fl.StringVar(&f.dir, "out", "", "also write scenario.yaml, result.json, report.html and the pictures to `DIR`")
	fl.BoolVar(&f.quiet, "quiet", false, "show no progress")
	fl.BoolVar(&f.noColor, "no-color", false, "use no colour, as with the variable NO_COLOR")
	return c
}

func (f *fitFlags) run(c *cobra.Command, s *streams, args []string) error {
	q, file, err := f.question(c, args)
	if err != nil {
		return inputError{err}
	}
	if args[0] == "-" {
		q.Log.Name, q.Source = stdinName, stdinName
		if q.Log.Data, err = s.readLog(); err != nil {
			return cmp.Or(c.Context().Err(), err)
		}
	}
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	p := s.newProgress(f.quiet, "models")
	q.Progress = p.doing
	r, err := likeness.Fit(c.Context(), q)
	p.wipe()
	if interrupted := c.Context().Err(); err != nil && interrupted != nil {
		return interrupted
	}
	if err != nil {
		if errors.As(err, new(likeness.InputError)) {
			return inputError{err}
		}
		return err
	}
	r.Command, r.Version = commandLine(c, args), s.build.short()
	if file != "" {
		if err := writeNew(file, []byte(r.Scenario)); err != nil {
			return err
		}
	}
	scenario := reports.File{Name: "scenario.yaml", Write: func(w io.Writer) error { _, err := io.WriteString(w, r.Scenario); return err }}
	return output{format: f.output, dir: f.dir, color: !f.noColor}.report(s, reports.Fit(r), scenario)
}

// question checks the flags, and returns the file to write; "" = none.
func (f *fitFlags) question(c *cobra.Command, args []string) (q *likeness.Question, file string, err error) {
	if err := emptyFlag(c); err != nil {
		return nil, "", err
	}
	if err := f.log.check(); err != nil {
		return nil, "", err
	}
	if !slices.Contains(fitOutputs, f.output) {
		return nil, "", unknown("--output", f.output, fitOutputs)
	}
	if len(args) == 2 {
		file = args[1]
		if err := newScenarioFile(file); err != nil {
			return nil, "", err
		}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return nil, "", err
	}
	o := f.log.options()
	o.Model = f.model
	name := cmp.Or(file, "scenario.yaml")
	return &likeness.Question{Log: &workload.Log{Name: args[0], UsageOptions: o}, Source: args[0], File: shellQuote(name), Name: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)),
		Catalog: known, Provider: f.provider, Seed: f.seed}, file, nil
}
