package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ratesim/scenarios"
	"ratesim/scenarios/workload/tracefile"
)

// generateFlags are the flags of ratesim workload generate.
type generateFlags struct {
	out      traceOut
	seed     uint64
	duration time.Duration
	answer   time.Duration
	set      []string
	catalog  string
}

func generateCommand(s *streams) *cobra.Command {
	var f generateFlags
	c := &cobra.Command{
		Use:   "generate [SCENARIO]",
		Short: "Write the calls of a scenario's workload as a trace",
		Long: `Generate writes the calls that a scenario asks for, those of all streams in the order
of their times: the calls that the first replication of 'ratesim compare' meets with
the same seed. Times are seconds from the beginning. The trace has whose a call is,
its prompt and output tokens, and what its stream declares: max_tokens, cached tokens,
a deadline and a priority. SCENARIO is a path, the name of an embedded scenario, or -
for standard input; without it, the default scenario.

A trace has no answers. The users of a closed stream wait for them, so such a stream
needs --answer-time, which says how long every answer takes.`,
		Example: `  ratesim workload generate launch-day > calls.csv
  ratesim workload generate mine.yaml --duration 1h --seed 7 -w calls.parquet
  ratesim workload generate mine.yaml --to jsonl | ratesim workload describe -`,
		Args: atMostOneScenario,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	f.out.register(fl)
	fl.Uint64Var(&f.seed, "seed", 1, "`SEED` of all random draws")
	fl.DurationVar(&f.duration, "duration", 0, "let calls arrive for the time `D`, in place of the scenario's duration")
	fl.DurationVar(&f.answer, "answer-time", -1, "let each call of a closed stream end after the time `D`, so that its user goes on")
	fl.Lookup("answer-time").DefValue = "0s" // which help does not show
	fl.StringArrayVar(&f.set, "set", nil, "set one field of the scenario, `path=value`; may be repeated")
	catalogFlag(fl, &f.catalog)
	return c
}

// atMostOneScenario refuses more than one argument.
func atMostOneScenario(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return inputError{fmt.Errorf("%s takes one scenario, got %q", c.CommandPath(), args)}
	}
	if slices.Contains(args, "") {
		return inputError{errors.New("the name of the scenario is empty")}
	}
	return nil
}

func (f *generateFlags) run(c *cobra.Command, s *streams, args []string) error {
	spec, err := f.load(c, s, strings.Join(args, ""))
	if err != nil {
		return err
	}
	calls, err := spec.Requests(f.seed, f.answer)
	if err != nil {
		hint := ""
		if f.answer < 0 {
			hint = "; say with --answer-time how long each answer takes"
		}
		return inputError{fmt.Errorf("%w%s", err, hint)}
	}
	rows, err := f.out.write(c.Context(), s, calls, tracefile.Options{Columns: calls.Columns()})
	if err != nil {
		return err
	}
	if f.out.file != "" {
		fmt.Fprintf(printable{s.out}, "%s is written: %s over %v\n", f.out.file, counted(int(rows), "call", "calls"), spec.Duration)
	}
	return nil
}

// load checks the flags and reads the scenario.
func (f *generateFlags) load(c *cobra.Command, s *streams, name string) (*scenarios.Spec, error) {
	err := emptyFlag(c)
	switch {
	case err != nil:
	case c.Flags().Changed("duration") && f.duration <= 0:
		err = fmt.Errorf("--duration takes a time above 0, got %v", f.duration)
	case c.Flags().Changed("answer-time") && f.answer < 0:
		err = fmt.Errorf("--answer-time takes a time of at least 0, got %v", f.answer)
	default:
		err = f.out.check()
	}
	if err != nil {
		return nil, inputError{err}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return nil, inputError{err}
	}
	spec, err := hearing(c.Context(), func() (*scenarios.Spec, error) {
		return scenarios.Load(name, s.in, scenarios.Options{Catalog: known, Duration: f.duration, Set: f.set})
	})
	if err != nil {
		return nil, loadError(c, "scenario", name, err)
	}
	for _, w := range spec.Warnings {
		fmt.Fprintf(printable{s.err}, "ratesim: warning: %s\n", w)
	}
	return spec, nil
}
