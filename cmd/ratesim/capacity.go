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

// azure is the vendor of ratesim ptu.
const azure = "azure"

// capacityFlags are the flags that ratesim capacity and ratesim ptu share, and what they do
// each in their own words.
type capacityFlags struct {
	deployment           string
	scenario             string
	zone                 zoneFlag
	log                  logFlags
	slo                  []string
	batch, discount      share
	input, cached, out   money
	currency             string
	breakEven            bool
	seed                 uint64
	catalog, output, dir string
	quiet, noColor       bool

	vendor string                                          // of the break-even utilisations
	offers func(*catalog.Catalog) ([]sizing.Wanted, error) // what is compared
	units  func() ([]capacity.UnitPrice, error)            // prices of units that were given
	rows   func([]sizing.Wanted) string                    // of which model of a log the rows count; empty = of all
}

func (f *capacityFlags) args(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return inputError{fmt.Errorf("%s takes one usage log, got %q", c.CommandPath(), args)}
	}
	return nil
}

func (f *capacityFlags) registerDeployment(fl *pflag.FlagSet) {
	fl.StringVar(&f.deployment, "deployment", catalog.Global, "`KIND` of deployment: global, data-zone or regional")
}

func (f *capacityFlags) registerService(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.slo, "slo", nil, "what is good enough, `METRIC<=VALUE`: p50, p95, p99 (times), rejected, spilled (shares); may be repeated (default rejected<=0.1%)")
	fl.Var(&f.batch, "batch", "`SHARE` of the demand that can wait a day and goes to the batch API")
}

// register adds the flags that come last; unit is what a unit is called.
func (f *capacityFlags) register(fl *pflag.FlagSet, unit string) {
	fl.Var(&f.discount, "discount", "take this `SHARE` off all "+unit+" prices, such as 20%")
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
	fl.StringVarP(&f.output, "output", "o", "table", "format of the result: "+strings.Join(capacityOutputs, ", "))
	fl.StringVar(&f.dir, "out", "", "also write result.json, report.html and the pictures to `DIR`")
	fl.BoolVar(&f.quiet, "quiet", false, "show no progress")
	fl.BoolVar(&f.noColor, "no-color", false, "use no colour, as with the variable NO_COLOR")
}

func (f *capacityFlags) run(c *cobra.Command, s *streams, args []string) error {
	q, err := f.question(c)
	if err != nil {
		return inputError{err}
	}
	if f.breakEven {
		if len(args) > 0 || f.dir != "" {
			return inputError{errors.New("--break-even looks at no log and writes no files")}
		}
		return f.listBreakEvens(s, q)
	}
	if q.Offers, err = f.offers(q.Catalog); err != nil {
		return inputError{err}
	}
	if len(args) == 1 {
		o := f.log.options()
		o.Model, o.Location = f.rows(q.Offers), f.zone.location
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
	return f.answer(c, s, q)
}

func (f *capacityFlags) answer(c *cobra.Command, s *streams, q *sizing.Question) error {
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	p := s.newProgress(f.quiet, "runs")
	q.Progress = p.counted
	answers, err := sizing.Answer(c.Context(), q)
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
	if len(answers) == 1 {
		return f.target().report(s, reports.Capacity(answers[0]))
	}
	return f.target().report(s, reports.Offers(answers))
}

// listBreakEvens prints the break-even utilisations of a vendor's models.
func (f *capacityFlags) listBreakEvens(s *streams, q *sizing.Question) error {
	models := capacity.ListBreakEvens(q.Catalog, f.vendor, q.Prices)
	if len(models) == 0 {
		return inputError{fmt.Errorf("the catalog knows of no capacity that %s sells", f.vendor)}
	}
	unit := "PTU"
	for _, o := range q.Catalog.Offers() {
		if o.Vendor == f.vendor {
			unit = o.Unit
		}
	}
	return f.target().report(s, reports.BreakEven(models, unit))
}

// capacityOutputs are those of outputs that make sense where nothing is expected.
var capacityOutputs = outputs[:4]

func (f *capacityFlags) target() output {
	return output{format: f.output, dir: f.dir, color: !f.noColor}
}

// question checks the flags.
func (f *capacityFlags) question(c *cobra.Command) (*sizing.Question, error) {
	units, err := f.units()
	q := &sizing.Question{Deployment: f.deployment, Location: f.zone.location, Currency: f.currency, Batch: float64(f.batch), Seed: f.seed,
		Prices: capacity.Prices{Units: units, Input: f.input.v, Cached: f.cached.v, Output: f.out.v, Discount: float64(f.discount)}}
	c.Flags().Visit(func(fl *pflag.Flag) {
		if err == nil && fl.Value.String() == "" || fl.Value.String() == "[]" {
			err = fmt.Errorf("--%s is empty", fl.Name)
		}
	})
	switch {
	case err != nil:
	case f.log.check() != nil:
		err = f.log.check()
	case !slices.Contains(capacityOutputs, f.output):
		err = unknown("--output", f.output, capacityOutputs)
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
