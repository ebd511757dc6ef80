package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/scenarios/ladder"
)

// describeFlags are the flags of ratesim workload describe.
type describeFlags struct {
	log          logFlags
	zone         zoneFlag
	model        string
	providers    []string
	catalog, dir string
	output       string
	noColor      bool
}

func workloadCommand(s *streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "workload",
		Short: "Describe usage logs, convert them, find a workload like them, or write a scenario's calls as one",
		Long: `Workload works with usage logs: your own, or traces that were published. 'ratesim
list formats' prints the formats that it reads.`,
		Example: `  ratesim workload describe traffic.csv
  ratesim workload convert traffic.csv --slice 1h:2h -w peak.parquet
  ratesim workload generate launch-day > calls.csv`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(describeCommand(s))
	c.AddCommand(fitCommand(s), generateCommand(s), convertCommand(s))
	return c
}

func describeCommand(s *streams) *cobra.Command {
	var f describeFlags
	c := &cobra.Command{
		Use:   "describe FILE",
		Short: "Describe a usage log: rates, bursts, sizes, tenants, and which limits it would exceed",
		Long: `Describe reads a usage log once, as a stream, and says what it is like: how many
requests and tokens come in a minute and in any 60 seconds, how unevenly they come,
how large they are, who sends them, and which limits they would exceed, tier by tier.
FILE is a file, - for standard input, or the name of an embedded trace; it may be
compressed with gzip or zstd. Ratesim tells the format by the beginning of the file.

Without --provider the tiers are those of the model that most rows name.`,
		Example: `  ratesim workload describe traffic.csv
  ratesim workload describe log.jsonl.gz --columns time=ts,prompt_tokens=usage.in,output_tokens=usage.out,tenant=team
  ratesim workload describe azure-conv-2023 --provider openai/gpt-4o@tier-1 --provider anthropic/claude-sonnet-4.5@start
  ratesim workload describe traffic.csv --out report
  ratesim workload describe traffic.csv -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return inputError{fmt.Errorf("%s takes one usage log, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args[0]) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	f.log.register(fl)
	fl.StringVar(&f.model, "model", "", "only count rows of this `MODEL`; the others are counted and said")
	fl.StringArrayVar(&f.providers, "provider", nil, "hold the log against all tiers of the model of `REF`, vendor/model@tier; may be repeated")
	f.zone.register(fl, "hours, and of times in the log without one")
	catalogFlag(fl, &f.catalog)
	fl.StringVarP(&f.output, "output", "o", "table", "`FORMAT` of the result: "+strings.Join(describeOutputs, ", "))
	fl.StringVar(&f.dir, "out", "", "also write result.json, report.html and the pictures to `DIR`")
	fl.BoolVar(&f.noColor, "no-color", false, "use no colour, as with the variable NO_COLOR")
	return c
}

// describeOutputs are those of outputs that make sense for what is not a run.
var describeOutputs = outputs[:5]

func (f *describeFlags) run(c *cobra.Command, s *streams, name string) error {
	if err := f.check(c); err != nil {
		return inputError{err}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return inputError{err}
	}
	o := f.log.options()
	o.Model, o.Location = f.model, f.zone.location
	log, closer, err := s.openLog(c.Context(), name, nil, o)
	if err != nil {
		return loadError(c, "usage log", name, err)
	}
	defer closer.Close()
	if f.zone.location != nil && log.Relative() {
		return inputError{fmt.Errorf("--tz: the times of %s count from an unknown beginning, which is of no zone", name)}
	}
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	p, err := ladder.Describe(&ladder.Question{Log: log, Source: name, Catalog: known, Providers: f.providers, Location: f.zone.location})
	if interrupted := c.Context().Err(); err != nil && interrupted != nil {
		return interrupted
	}
	if err != nil {
		if errors.As(err, new(ladder.InputError)) {
			return inputError{err}
		}
		return err
	}
	p.Command, p.Version = commandLine(c, []string{name}), s.build.short()
	return output{format: f.output, dir: f.dir, color: !f.noColor}.report(s, reports.Workload(p))
}

// check checks the flags.
func (f *describeFlags) check(c *cobra.Command) (err error) {
	if err := emptyFlag(c); err != nil {
		return err
	}
	if err := f.log.check(); err != nil {
		return err
	}
	if !slices.Contains(describeOutputs, f.output) {
		return unknown("--output", f.output, describeOutputs)
	}
	return nil
}
