package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

// common are the flags that mean the same everywhere.
type common struct {
	seed       uint64
	reps       replications
	strategies []string
	providers  []string
	catalog    string
	trace      string
	log        logFlags
	duration   time.Duration
	instances  int
	deadline   time.Duration
	maxTokens  int
	slo        []string
	baseline   string
	output     string
	dir        string
	by         string
	explain    bool // what makes up the cost
	fixed      bool // --reps takes no auto
	yes        bool // however large it is
	set        []string
	quiet      bool
	noColor    bool
	command    string // makes the same result again
}

// listOutputs are the formats of -o where there is no result of a run.
var listOutputs = []string{"table", "json"}

// register adds the flags of whatever runs one scenario.
func (f *common) register(c *cobra.Command) {
	f.registerRun(c)
	c.Flags().StringSliceVar(&f.strategies, "strategies", nil, "compare the strategies `a,b,c` in place of the scenario's; all adds the whole catalog")
	f.registerScenario(c)
	c.Flags().StringVar(&f.baseline, "baseline", "", "the strategy `NAME` runs today: compare all others with it")
	f.registerOutput(c)
	f.registerBy(c)
}

// registerScenario adds the flags that change a scenario.
func (f *common) registerScenario(c *cobra.Command) {
	fl := c.Flags()
	fl.StringArrayVar(&f.providers, "provider", nil, "put the deployment `REF` of the catalog, vendor/model@tier, in the place of the first one")
	fl.DurationVar(&f.duration, "duration", 0, "let calls arrive for the time `D`, in place of the scenario's duration")
	fl.DurationVar(&f.deadline, "deadline", 0, "give every call the time `D` from its arrival, in place of the scenario's deadlines")
	fl.IntVar(&f.maxTokens, "max-tokens", 0, "let every call declare max_tokens `N`, in place of the scenario's")
	fl.StringArrayVar(&f.slo, "slo", nil, "what is good enough, `METRIC<=VALUE` or TENANT.METRIC<=VALUE, in place of the scenario's; may be repeated")
	fl.StringArrayVar(&f.set, "set", nil, "set one field of the scenario, `path=value`; may be repeated")
}

// registerBy adds the flags of whatever reports a comparison.
func (f *common) registerBy(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.by, "by", "", "also print a row for each `GROUP` of calls: tenant, or size (thirds by the length of the prompt)")
	fl.BoolVar(&f.explain, "explain-cost", false, "also print what makes up the cost of each strategy: tokens, prices, and the rows of the catalog that they come from")
	f.registerOut(c)
}

// registerOut adds the flag of whatever writes the files of a report.
func (f *common) registerOut(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "out", "", "also write result.json, report.html and the pictures to `DIR`")
}

// registerTraffic adds the flags of whatever may replay a log.
func (f *common) registerTraffic(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.trace, "trace", "", "replay a usage log `FILE` of single requests: alone, or in place of the scenario's workload; - is standard input")
	f.log.register(fl)
	fl.IntVar(&f.instances, "instances", 0, "let `N` client processes make the calls, in place of the scenario's")
}

// registerRun adds the flags of whatever runs simulations.
func (f *common) registerRun(c *cobra.Command) {
	f.registerSeed(c)
	fl := c.Flags()
	fl.Var(&f.reps, "reps", "run `N` replications, each with draws of its own, or auto: as many as the verdict needs, at most 200")
	catalogFlag(fl, &f.catalog)
	fl.BoolVar(&f.yes, "yes", false, "run it even if a run has more than 20 million calls")
}

// registerSeed adds the flag of whatever draws at random.
func (f *common) registerSeed(c *cobra.Command) {
	c.Flags().SortFlags = false
	c.Flags().Uint64Var(&f.seed, "seed", 1, "`SEED` of all random draws")
}

// most is how many calls a run may have; 0 = any number.
func (f *common) most() float64 {
	if f.yes {
		return 0
	}
	return sim.ManyCalls
}

// tooLarge says what to do about a scenario that has too many calls to be run unasked. It
// passes other errors on.
func tooLarge(err error) error {
	if e, ok := errors.AsType[*sim.TooLargeError](err); ok {
		return inputError{fmt.Errorf("%w; make the rates or the duration smaller, or add --yes to run it", e)}
	}
	return err
}

// fixedReps sets how many replications there are unless --reps says so, where there is no
// verdict that could ask for more.
func (f *common) fixedReps(c *cobra.Command, n int) {
	f.reps, f.fixed = replications(n), true
	fl := c.Flags().Lookup("reps")
	fl.DefValue, fl.Usage = strconv.Itoa(n), "run `N` replications, each with draws of its own"
}

// registerOutput adds the flags of whatever prints a result.
func (f *common) registerOutput(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVarP(&f.output, "output", "o", "table", outputUsage)
	fl.BoolVar(&f.quiet, "quiet", false, "show no progress")
	fl.BoolVar(&f.noColor, "no-color", false, "use no colour, as with the variable NO_COLOR")
}

// options checks the flags and returns what they change in a scenario.
func (f *common) options(c *cobra.Command) (scenarios.Options, error) {
	err := emptyFlag(c)
	changed := c.Flags().Changed
	switch {
	case err != nil:
	case f.fixed && f.reps == 0:
		err = fmt.Errorf("--reps takes a number for %s: only compare finds out how many are enough", c.Name())
	case f.by != "" && !slices.Contains(divisions, f.by):
		err = unknown("--by", f.by, divisions)
	case changed("duration") && f.duration <= 0:
		err = fmt.Errorf("--duration takes a time above 0, got %v", f.duration)
	case changed("deadline") && f.deadline <= 0:
		err = fmt.Errorf("--deadline takes a time above 0, got %v", f.deadline)
	case changed("instances") && f.instances < 1:
		err = fmt.Errorf("--instances takes at least 1, got %d", f.instances)
	case changed("max-tokens") && f.maxTokens < 1:
		err = fmt.Errorf("--max-tokens takes at least 1, got %d", f.maxTokens)
	case f.log.check() != nil:
		err = f.log.check()
	case !slices.Contains(outputs, f.output):
		err = unknown("--output", f.output, outputs)
	}
	if err != nil {
		return scenarios.Options{}, inputError{err}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return scenarios.Options{}, inputError{err}
	}
	for i := range f.strategies {
		f.strategies[i] = strings.TrimSpace(f.strategies[i])
	}
	f.command = commandLine(c, c.Flags().Args())
	return scenarios.Options{Catalog: known, Trace: f.trace, TraceOptions: f.log.options(), Duration: f.duration, Instances: f.instances,
		Deadline: f.deadline, MaxTokens: f.maxTokens, Strategies: f.strategies, SLO: f.slo, Baseline: f.baseline, Set: f.set}, nil
}

// sign says in a result which program made it, and how it is made again.
func (f *common) sign(s *streams, r *metrics.Result) {
	if r != nil {
		r.Command, r.Version = f.command, s.build.short()
	}
}

// emptyFlag says which flag of a command was given an empty value.
func emptyFlag(c *cobra.Command) (err error) {
	c.Flags().Visit(func(fl *pflag.Flag) {
		if isEmpty(fl) {
			err = fmt.Errorf("--%s is empty", fl.Name)
		}
	})
	return err
}

// isEmpty reports whether a flag was given an empty value: most likely an empty
// variable of a shell. To run without the flag would answer another question than the
// one asked.
func isEmpty(fl *pflag.Flag) bool {
	if list, ok := flagList(fl); ok {
		return len(list) == 0 || slices.Contains(list, "")
	}
	return fl.Value.String() == ""
}

// divisions are what --by takes.
var divisions = []string{"tenant", "size"}

// replications is the flag --reps; 0 is auto.
type replications int

// maxReps keeps a slip of the finger from running for a week.
const maxReps = 10_000

func (n *replications) Type() string { return "N" }

func (n *replications) String() string {
	if *n == 0 {
		return "auto"
	}
	return strconv.Itoa(int(*n))
}

// Set implements pflag.Value.
func (n *replications) Set(text string) error {
	if text == "auto" {
		*n = 0
		return nil
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < 1 || v > maxReps {
		return fmt.Errorf("want auto, or a number from 1 to %d", maxReps)
	}
	*n = replications(v)
	return nil
}

func unknown(what, got string, known []string) error {
	hint := ";"
	if near, ok := scenarios.Nearest(got, known); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("unknown %s %q%s allowed: %s", what, got, hint, strings.Join(known, ", "))
}
