package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
)

// common are the flags that mean the same everywhere.
type common struct {
	seed        uint64
	reps        replications
	strategies  []string
	providers   []string
	catalog     string
	trace       string
	traceFormat string
	duration    time.Duration
	instances   int
	deadline    time.Duration
	maxTokens   int
	slo         []string
	baseline    string
	output      string
	dir         string
	by          string
	fixed       bool // --reps takes no auto
	set         []string
	quiet       bool
	noColor     bool
}

// outputs are the formats of -o.
var outputs = []string{"table", "json", "csv", "markdown"}

// register adds the flags of whatever runs one scenario.
func (f *common) register(c *cobra.Command) {
	f.registerRun(c)
	fl := c.Flags()
	fl.StringSliceVar(&f.strategies, "strategies", nil, "strategies `a,b,c` instead of the scenario's, or all")
	fl.StringArrayVar(&f.providers, "provider", nil, "catalog `REF` vendor/model@tier for the first deployment")
	fl.DurationVar(&f.duration, "duration", 0, "how long calls arrive, instead of the scenario's duration")
	fl.DurationVar(&f.deadline, "deadline", 0, "deadline of every call after it arrives, instead of the scenario's")
	fl.IntVar(&f.maxTokens, "max-tokens", 0, "the max_tokens `N` that every call declares, instead of the scenario's")
	fl.StringArrayVar(&f.slo, "slo", nil, "what is good enough, `METRIC<=VALUE` or TENANT.METRIC<=VALUE, instead of the scenario's; may be repeated")
	fl.StringVar(&f.baseline, "baseline", "", "the strategy `NAME` that runs today, which all are held against")
	fl.StringArrayVar(&f.set, "set", nil, "set one field of the scenario, `path=value`; may be repeated")
	f.registerOutput(c)
	fl.StringVar(&f.by, "by", "", "also a row for each `GROUP` of calls: tenant, or size (thirds by the length of the prompt)")
	fl.StringVar(&f.dir, "out", "", "also write result.json and the pictures to `DIR`")
}

// registerTraffic adds the flags of whatever may replay a log.
func (f *common) registerTraffic(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.trace, "trace", "", "replay a trace or usage log `FILE` of single requests: alone, or instead of the scenario's workload")
	fl.StringVar(&f.traceFormat, "trace-format", workload.AutoFormat, "format of the trace: auto, or one of ratesim list formats")
	fl.IntVar(&f.instances, "instances", 0, "how many client processes `N` there are, instead of the scenario's")
}

// registerRun adds the flags of whatever runs simulations.
func (f *common) registerRun(c *cobra.Command) {
	fl := c.Flags()
	fl.SortFlags = false
	fl.Uint64Var(&f.seed, "seed", 1, "seed of all random draws")
	fl.Var(&f.reps, "reps", "replications, each with its own draws, or auto: as many as the verdict needs, at most 200")
	catalogFlag(fl, &f.catalog)
}

// fixedReps sets how many replications there are unless --reps says so, where there is no
// verdict that could ask for more.
func (f *common) fixedReps(c *cobra.Command, n int) {
	f.reps, f.fixed = replications(n), true
	fl := c.Flags().Lookup("reps")
	fl.DefValue, fl.Usage = strconv.Itoa(n), "replications, each with its own draws"
}

// registerOutput adds the flags of whatever prints a result.
func (f *common) registerOutput(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVarP(&f.output, "output", "o", "table", "format of the result: table, json, csv or markdown")
	fl.BoolVar(&f.quiet, "quiet", false, "no progress")
	fl.BoolVar(&f.noColor, "no-color", false, "no colour (also the NO_COLOR variable)")
}

// options checks the flags and returns what they change in a scenario.
func (f *common) options(c *cobra.Command) (scenarios.Options, error) {
	var err error
	c.Flags().Visit(func(fl *pflag.Flag) {
		if isEmpty(fl) {
			err = fmt.Errorf("--%s is empty", fl.Name)
		}
	})
	changed := c.Flags().Changed
	switch {
	case err != nil:
	case f.fixed && f.reps == 0:
		err = fmt.Errorf("--reps takes a number for %s: it has no verdict that says how many are enough", c.Name())
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
	case changed("trace-format") && !slices.Contains(workload.FormatNames(), f.traceFormat):
		err = unknown("--trace-format", f.traceFormat, workload.FormatNames())
	case !slices.Contains(outputs, f.output):
		err = unknown("--output", f.output, outputs)
	}
	if err != nil {
		return scenarios.Options{}, inputError{err}
	}
	known, err := readCatalog(f.catalog)
	if err != nil {
		return scenarios.Options{}, inputError{err}
	}
	return scenarios.Options{Catalog: known, Trace: f.trace, TraceFormat: f.traceFormat, Duration: f.duration, Instances: f.instances,
		Deadline: f.deadline, MaxTokens: f.maxTokens, Strategies: f.strategies, SLO: f.slo, Baseline: f.baseline, Set: f.set}, nil
}

// isEmpty reports whether a flag was given an empty value: most likely an empty
// variable of a shell. To run without the flag would answer another question than the
// one asked.
func isEmpty(fl *pflag.Flag) bool {
	if list, ok := fl.Value.(pflag.SliceValue); ok {
		return len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), "")
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

// report prints the result in the format asked for.
func (f *common) report(s *streams, r *metrics.Result, v view) error {
	switch f.output {
	case "json":
		return reports.JSON(s.out, r)
	case "csv":
		return reports.CSV(s.out, r, f.table(s))
	case "markdown":
		return v.markdown(s.out, r, f.table(s))
	}
	return v.table(s.out, r, f.table(s))
}

func (f *common) table(s *streams) reports.TableOptions {
	return reports.TableOptions{Width: s.width, Color: s.color && !f.noColor, By: f.by}
}
