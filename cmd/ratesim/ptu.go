package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/sizing"
)

// ptuFlags are the flags of ratesim ptu.
type ptuFlags struct {
	model, deployment, provider string
	scenario, format, zone      string
	location                    *time.Location // of zone; nil = none given
	slo                         []string
	batch, discount             share
	ptu, month, year            money
	input, cached, out          money
	currency                    string
	breakEven                   bool
	seed                        uint64
	catalog, output, dir        string
	quiet, noColor              bool
}

func ptuCommand(s *streams) *cobra.Command {
	var f ptuFlags
	c := &cobra.Command{
		Use:   "ptu [USAGE]",
		Short: "PTU or pay-as-you-go: sizes, break-even, recommendation, from a usage log's TPM",
		Long: `Ptu reads a usage log and answers how many PTUs (provisioned throughput units of
Azure OpenAI) to buy for it, if any: what pay-as-you-go, PTUs by the hour, month
or year, with and without spillover, and a schedule cost, and what each does to
requests, by simulation. USAGE is a file or - for standard input; its format is
told by its beginning. Without it, a scenario's workload serves.`,
		Example: `  ratesim ptu usage.csv --model gpt-4o
  ratesim ptu usage.json --model gpt-5 --slo 'p95<=8s' --slo 'rejected<=0.1%' --out ptu
  ratesim ptu --scenario launch-day --model gpt-4o-mini --discount 20%
  ratesim ptu --break-even`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return inputError{fmt.Errorf("%s takes one usage log, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	f.register(c)
	return c
}

func (f *ptuFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.model, "model", "gpt-4o", "the model; of a log of several, its rows alone count")
	fl.StringVar(&f.deployment, "deployment", catalog.Global, "kind of deployment: global, data-zone or regional")
	fl.StringVar(&f.provider, "provider", "", "catalog `REF` of the pay-as-you-go deployment; the model's with most TPM unless given")
	fl.StringArrayVar(&f.slo, "slo", nil, "what is good enough, `METRIC<=VALUE`: p50, p95, p99 (times), rejected, spilled (shares); may be repeated (default rejected<=0.1%)")
	fl.Var(&f.batch, "batch", "share of the demand that can wait a day, for the batch API")
	fl.Var(&f.ptu, "ptu-price", "price of a PTU-hour without reservation, instead of the catalog's")
	fl.Var(&f.month, "ptu-month-price", "price of a PTU reserved for a month")
	fl.Var(&f.year, "ptu-year-price", "price of a PTU reserved for a year, for the whole year")
	fl.Var(&f.discount, "discount", "share taken off all PTU prices, such as 20%")
	fl.Var(&f.input, "input-price", "price of a million input tokens, instead of the catalog's")
	fl.Var(&f.cached, "cached-price", "price of a million cached input tokens")
	fl.Var(&f.out, "output-price", "price of a million output tokens")
	fl.StringVar(&f.currency, "currency", "USD", "what prices are called; nothing is converted")
	fl.BoolVar(&f.breakEven, "break-even", false, "print the break-even utilisation of every model instead")
	fl.StringVar(&f.scenario, "scenario", "launch-day", "scenario whose workload serves without USAGE")
	fl.StringVar(&f.format, "format", "auto", "format of USAGE, as 'ratesim list formats' names them")
	fl.StringVar(&f.zone, "tz", "", "time `ZONE` that hours and weekdays are told in, and of times in USAGE that do not say theirs, such as Europe/Berlin (default UTC)")
	catalogFlag(fl, &f.catalog)
	fl.Uint64Var(&f.seed, "seed", 1, "seed of all random draws")
	fl.StringVarP(&f.output, "output", "o", "table", "format of the result: table, json, csv or markdown")
	fl.StringVar(&f.dir, "out", "", "also write result.json and the pictures to `DIR`")
	fl.BoolVar(&f.quiet, "quiet", false, "no progress")
	fl.BoolVar(&f.noColor, "no-color", false, "no colour (also the NO_COLOR variable)")
}

func (f *ptuFlags) run(c *cobra.Command, s *streams, args []string) error {
	q, err := f.question(c)
	if err != nil {
		return inputError{err}
	}
	if f.breakEven {
		if len(args) > 0 || f.output != "table" {
			return inputError{errors.New("--break-even looks at no log and prints a table")}
		}
		return reports.BreakEvenTable(s.out, capacity.ListBreakEvens(q.Catalog, q.Prices), f.table(s))
	}
	if len(args) == 1 {
		log, closer, err := f.open(c.Context(), args[0], s.in)
		if err != nil {
			return loadError(c, "usage log", args[0], err)
		}
		defer closer.Close()
		if f.location != nil && log.Relative() {
			return inputError{fmt.Errorf("--tz: the times of %s are seconds since an unknown beginning, which are of no zone", args[0])}
		}
		q.Usage, q.Source = log, args[0]+" ("+log.Format()+")"
	} else if f.location != nil {
		return inputError{errors.New("--tz: a scenario's times are of no zone")}
	} else if q.Scenario, err = scenarios.Load(f.scenario, s.in, scenarios.Options{Catalog: q.Catalog}); err != nil {
		return loadError(c, "scenario", f.scenario, err)
	} else {
		q.Source = "scenario " + q.Scenario.Name
	}
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	draw, wipe := s.reporter(f.quiet)
	q.Progress = draw
	r, err := sizing.Answer(c.Context(), q)
	wipe()
	if interrupted := c.Context().Err(); err != nil && interrupted != nil {
		return interrupted
	}
	if errors.As(err, new(sizing.InputError)) {
		return inputError{err}
	}
	if err != nil {
		return err
	}
	if err := f.report(s, r); err != nil {
		return err
	}
	if f.dir != "" {
		return reports.WriteDir(f.dir, func(w io.Writer) error { return reports.PTUJSON(w, r) }, reports.PTUPictures(r))
	}
	return nil
}

func (f *ptuFlags) report(s *streams, r *capacity.Report) error {
	switch f.output {
	case "json":
		return reports.PTUJSON(s.out, r)
	case "csv":
		return reports.PTUCSV(s.out, r)
	case "markdown":
		return reports.PTUMarkdown(s.out, r)
	}
	return reports.PTUTable(s.out, r, f.table(s))
}

func (f *ptuFlags) table(s *streams) reports.TableOptions {
	return reports.TableOptions{Width: s.width, Color: s.color && !f.noColor}
}

// question checks the flags.
func (f *ptuFlags) question(c *cobra.Command) (*sizing.Question, error) {
	var err error
	if f.zone != "" {
		if f.location, err = time.LoadLocation(f.zone); err != nil {
			return nil, fmt.Errorf("--tz: %w", err)
		}
	}
	q := &sizing.Question{Model: f.model, Deployment: f.deployment, PAYG: f.provider, Location: f.location, Currency: f.currency, Batch: float64(f.batch), Seed: f.seed,
		Prices: capacity.Prices{PTU: f.ptu.v, Month: f.month.v, Year: f.year.v, Input: f.input.v, Cached: f.cached.v, Output: f.out.v, Discount: float64(f.discount)}}
	c.Flags().Visit(func(fl *pflag.Flag) {
		if fl.Value.String() == "" || fl.Value.String() == "[]" {
			err = fmt.Errorf("--%s is empty", fl.Name)
		}
	})
	switch {
	case err != nil:
	case !slices.Contains(workload.FormatNames(), f.format):
		err = unknown("--format", f.format, workload.FormatNames())
	case !slices.Contains(outputs, f.output):
		err = unknown("--output", f.output, outputs)
	case !slices.Contains(capacity.Deployments[:], f.deployment):
		err = unknown("--deployment", f.deployment, capacity.Deployments[:])
	case q.Batch >= 1:
		err = fmt.Errorf("--batch takes a share below 100%%, got %v", &f.batch)
	}
	for _, text := range f.slo {
		o, bad := capacity.ParseObjective(text)
		if err == nil && bad != nil {
			err = fmt.Errorf("--slo: %w", bad)
		}
		q.Objectives = append(q.Objectives, o)
	}
	if err == nil {
		q.Catalog, err = readCatalog(f.catalog)
	}
	return q, err
}

// open opens the usage log.
func (f *ptuFlags) open(ctx context.Context, name string, in io.Reader) (*workload.Usage, io.Closer, error) {
	o := workload.UsageOptions{Format: f.format, Model: f.model, Location: f.location}
	file := io.NopCloser(in)
	if name != "-" {
		var err error
		if file, err = os.Open(name); err != nil {
			return nil, nil, fmt.Errorf("opening the usage log: %w", err)
		}
		in = &interruptible{ctx: ctx, in: file}
	}
	log, err := workload.OpenUsage(name, in, o)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return log, file, nil
}

// share is a flag of 0 to 1, or 0% to 100%.
type share float64

func (v *share) String() string { return strconv.FormatFloat(100*float64(*v), 'g', 6, 64) + "%" }
func (v *share) Type() string   { return "share" }

// Set implements pflag.Value.
func (v *share) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(number, 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x <= 1) {
		return fmt.Errorf("want a share such as 20%% or 0.2, got %q", text)
	}
	*v = share(x)
	return nil
}

// money is a flag of a price, nil until it is given.
type money struct{ v *float64 }

func (m *money) Type() string { return "price" }

func (m *money) String() string {
	if m.v == nil {
		return ""
	}
	return strconv.FormatFloat(*m.v, 'g', -1, 64)
}

// Set implements pflag.Value.
func (m *money) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= 0 && x <= 1e9) {
		return fmt.Errorf("want a price of at least 0, got %q", text)
	}
	m.v = &x
	return nil
}
