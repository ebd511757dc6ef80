package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/sim/sizing"
)

// ptuFlags are the flags of ratesim ptu.
type ptuFlags struct {
	model, deployment, provider string
	scenario                    string
	zone                        zoneFlag
	log                         logFlags
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
		Short: "Decide between provisioned capacity (PTU) and pay-as-you-go, from a usage log",
		Long: `Ptu reads a usage log and answers how many PTUs (provisioned throughput units of
Azure OpenAI) to buy for it, if any. It compares pay-as-you-go, PTUs by the hour,
month or year, with and without spillover, and PTUs by a schedule: what each costs,
and by simulation what each does to requests. USAGE is a file, - for standard
input, or the name of an embedded trace; ratesim tells its format by its beginning. Without USAGE it takes the
workload of a scenario.`,
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
	fl.StringVar(&f.model, "model", "gpt-4o", "the `MODEL`; of a log with several models only its rows count")
	fl.StringVar(&f.deployment, "deployment", catalog.Global, "`KIND` of deployment: global, data-zone or regional")
	fl.StringVar(&f.provider, "provider", "", "pay-as-you-go deployment `REF` of the catalog (default the one of the model with the most TPM)")
	fl.StringArrayVar(&f.slo, "slo", nil, "what is good enough, `METRIC<=VALUE`: p50, p95, p99 (times), rejected, spilled (shares); may be repeated (default rejected<=0.1%)")
	fl.Var(&f.batch, "batch", "`SHARE` of the demand that can wait a day and goes to the batch API")
	fl.Var(&f.ptu, "ptu-price", "`PRICE` of a PTU for an hour without reservation, in place of the catalog's")
	fl.Var(&f.month, "ptu-month-price", "`PRICE` of a PTU that is reserved for a month")
	fl.Var(&f.year, "ptu-year-price", "`PRICE` of a PTU that is reserved for a year, for the whole year")
	fl.Var(&f.discount, "discount", "take this `SHARE` off all PTU prices, such as 20%")
	fl.Var(&f.input, "input-price", "`PRICE` of a million input tokens, in place of the catalog's")
	fl.Var(&f.cached, "cached-price", "`PRICE` of a million cached input tokens")
	fl.Var(&f.out, "output-price", "`PRICE` of a million output tokens")
	fl.StringVar(&f.currency, "currency", "USD", "call prices by this `NAME`; nothing is converted")
	fl.BoolVar(&f.breakEven, "break-even", false, "only print the break-even utilisation of every model")
	fl.StringVar(&f.scenario, "scenario", "launch-day", "without USAGE, take the workload of this `SCENARIO`")
	f.log.register(fl)
	f.zone.register(fl, "hours and weekdays, and of times in USAGE without one")
	catalogFlag(fl, &f.catalog)
	fl.Uint64Var(&f.seed, "seed", 1, "`SEED` of all random draws")
	fl.StringVarP(&f.output, "output", "o", "table", "format of the result: "+strings.Join(ptuOutputs, ", "))
	fl.StringVar(&f.dir, "out", "", "also write result.json, report.html and the pictures to `DIR`")
	fl.BoolVar(&f.quiet, "quiet", false, "show no progress")
	fl.BoolVar(&f.noColor, "no-color", false, "use no colour, as with the variable NO_COLOR")
}

func (f *ptuFlags) run(c *cobra.Command, s *streams, args []string) error {
	q, err := f.question(c)
	if err != nil {
		return inputError{err}
	}
	if f.breakEven {
		if len(args) > 0 || f.dir != "" {
			return inputError{errors.New("--break-even looks at no log and writes no files")}
		}
		return f.target().report(s, reports.BreakEven(capacity.ListBreakEvens(q.Catalog, q.Prices)))
	}
	if len(args) == 1 {
		o := f.log.options()
		o.Model, o.Location = f.model, f.zone.location
		log, closer, err := s.openLog(c.Context(), args[0], nil, o)
		if err != nil {
			return loadError(c, "usage log", args[0], err)
		}
		defer closer.Close()
		if f.zone.location != nil && log.Relative() {
			return inputError{fmt.Errorf("--tz: the times of %s are seconds since an unknown beginning, which are of no zone", args[0])}
		}
		q.Usage, q.Source = log, args[0]+" ("+log.Format()+")"
	} else if f.zone.location != nil {
		return inputError{errors.New("--tz: a scenario's times are of no zone")}
	} else if q.Scenario, err = hearing(c.Context(), func() (*scenarios.Spec, error) {
		return scenarios.Load(f.scenario, s.in, scenarios.Options{Catalog: q.Catalog})
	}); err != nil {
		return loadError(c, "scenario", f.scenario, err)
	} else {
		q.Source = "scenario " + q.Scenario.Name
	}
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	p := s.newProgress(f.quiet, "runs")
	q.Progress = p.counted
	r, err := sizing.Answer(c.Context(), q)
	p.wipe()
	if interrupted := c.Context().Err(); err != nil && interrupted != nil {
		return interrupted
	}
	if errors.As(err, new(sizing.InputError)) {
		return inputError{err}
	}
	if err != nil {
		return err
	}
	return f.target().report(s, reports.Capacity(r))
}

// ptuOutputs are those of outputs that make sense where nothing is expected.
var ptuOutputs = outputs[:4]

func (f *ptuFlags) target() output { return output{format: f.output, dir: f.dir, color: !f.noColor} }

// question checks the flags.
func (f *ptuFlags) question(c *cobra.Command) (*sizing.Question, error) {
	var err error
	q := &sizing.Question{Model: f.model, Deployment: f.deployment, PAYG: f.provider, Location: f.zone.location, Currency: f.currency, Batch: float64(f.batch), Seed: f.seed,
		Prices: capacity.Prices{PTU: f.ptu.v, Month: f.month.v, Year: f.year.v, Input: f.input.v, Cached: f.cached.v, Output: f.out.v, Discount: float64(f.discount)}}
	c.Flags().Visit(func(fl *pflag.Flag) {
		if fl.Value.String() == "" || fl.Value.String() == "[]" {
			err = fmt.Errorf("--%s is empty", fl.Name)
		}
	})
	switch {
	case err != nil:
	case f.log.check() != nil:
		err = f.log.check()
	case !slices.Contains(ptuOutputs, f.output):
		err = unknown("--output", f.output, ptuOutputs)
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
		q.Catalog, err = readCatalog(c.Context(), f.catalog)
	}
	return q, err
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
