package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/scenarios"
)

// errInvalid says that a file is not in order, which has been said already.
var errInvalid = errors.New("a scenario is not in order")

// validateFlags are the flags of validate.
type validateFlags struct{ catalog, output string }

// checked is what validate finds out about a file.
type checked struct {
	File       string        `json:"file"`
	OK         bool          `json:"ok"`
	Scenario   string        `json:"scenario,omitempty"`
	Streams    int           `json:"streams,omitempty"`
	Deploys    int           `json:"deployments,omitempty"`
	Strategies int           `json:"strategies,omitempty"`
	Cases      int           `json:"cases,omitempty"`
	Warnings   []string      `json:"warnings,omitempty"`
	Errors     []checkedFail `json:"errors,omitempty"`
}

// checkedFail is one thing wrong; without Line, with the file as a whole.
type checkedFail struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

func validateCommand(s *streams) *cobra.Command {
	var f validateFlags
	c := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check scenario files without running them",
		Long: `Validate reads each scenario as 'ratesim compare' would, looks its deployments up in
the catalog, reads its traces and builds its strategies. It runs nothing. It prints
one line for a file that is in order, and otherwise everything that is wrong with
it, with line and column. FILE may also be the name of an embedded scenario,
claims/NAME for an embedded claim, or - for standard input.

The exit code is 2 if anything is wrong with one of the files.`,
		Example: `  ratesim validate mine.yaml
  ratesim validate scenarios/*.yaml -o json`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	c.Flags().StringVarP(&f.output, "output", "o", "table", "`FORMAT` of the answer: table or json")
	catalogFlag(c.Flags(), &f.catalog)
	return c
}

func (f *validateFlags) run(c *cobra.Command, s *streams, args []string) error {
	switch {
	case len(args) == 0:
		return inputError{fmt.Errorf("%s takes at least one file, such as ratesim validate mine.yaml", c.CommandPath())}
	case slices.Contains(args, ""):
		return inputError{errors.New("the name of the scenario is empty")}
	case !slices.Contains(listOutputs, f.output):
		return inputError{unknown("--output", f.output, listOutputs)}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return inputError{err}
	}
	all, bad := []checked{}, false
	for _, name := range args {
		found, err := check(c, s, name, scenarios.Options{Catalog: known})
		if err != nil {
			return err
		}
		if bad = bad || !found.OK; f.output == "json" {
			all = append(all, found)
			continue
		}
		found.print(s)
	}
	if f.output == "json" {
		if err := writeJSON(s.out, all); err != nil {
			return err
		}
	}
	if bad {
		return errInvalid
	}
	return nil
}

// check reads one file. Its error is that of an interrupt.
func check(c *cobra.Command, s *streams, name string, opt scenarios.Options) (checked, error) {
	var cases int
	spec, err := hearing(c.Context(), func() (spec *scenarios.Spec, err error) {
		spec, cases, err = scenarios.Check(name, s.in, opt)
		return spec, err
	})
	if err == nil {
		return checked{File: name, OK: true, Scenario: spec.Name, Streams: len(spec.Workload), Deploys: len(spec.Deployments),
			Strategies: len(spec.Strategies), Cases: cases, Warnings: spec.Warnings}, nil
	}
	if interrupted := c.Context().Err(); interrupted != nil {
		return checked{}, interrupted
	}
	out := checked{File: name}
	err = loadError(c, "scenario", name, err)
	if found, ok := errors.AsType[scenarios.Errors](err); ok {
		for _, e := range found {
			out.Errors = append(out.Errors, checkedFail{e.File, e.Line, e.Column, e.Field, e.Msg})
		}
	} else {
		out.Errors = []checkedFail{{File: name, Message: err.Error()}}
	}
	return out, nil
}

// print prints what was found: a line for a file in order, otherwise its faults as
// compilers print them, which editors can follow.
func (k *checked) print(s *streams) {
	for _, w := range k.Warnings {
		fmt.Fprintf(printable{s.err}, "%s: warning: %s\n", k.File, w)
	}
	for _, e := range k.Errors {
		if e.Line == 0 && e.Field == "" {
			fmt.Fprintf(printable{s.err}, "%s: %s\n", e.File, e.Message)
			continue
		}
		fmt.Fprintln(printable{s.err}, &scenarios.Error{File: e.File, Line: e.Line, Column: e.Column, Field: e.Field, Msg: e.Message})
	}
	if k.OK {
		parts := []string{count(k.Streams, "stream"), count(k.Deploys, "deployment"), counted(k.Strategies, "strategy", "strategies")}
		if k.Cases > 0 {
			parts = append(parts, count(k.Cases, "case"))
		}
		fmt.Fprintf(printable{s.out}, "%s: ok (%s: %s)\n", k.File, k.Scenario, strings.Join(parts, ", "))
	}
}

// count tells a number of things.
func count(n int, thing string) string { return counted(n, thing, thing+"s") }

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
