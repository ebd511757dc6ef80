package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/sim/metrics"
)

func reportCommand(s *streams) *cobra.Command {
	var f common
	c := &cobra.Command{
		Use:   "report RESULT [RESULT]",
		Short: "Make any report again from saved results, or show what changed between two",
		Long: `Report reads a result that was saved with --out or -o json, of compare, herd,
bench, claims or ptu, and reports it again in any format. RESULT is a file, the
folder of --out, or - for standard input.

Of two results of the same kind, A and B, it says what changed from A to B: what
was run, the verdict, and for each strategy the failed calls, the time to
success, the attempts and the cost, each with a 95 % interval, and which of
these differences may be chance. Of a live and a simulated result of the same
scenario it says how far the simulation is off.

Exit code 3 says that the one result has an expectation that was not met.`,
		Example: `  ratesim report out/result.json
  ratesim report out -o markdown --by tenant
  ratesim compare -o json | ratesim report -
  ratesim report before.json after.json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return inputError{fmt.Errorf("%s takes one result, or two to compare, got %d", c.CommandPath(), len(args))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := f.options(c); err != nil {
				return err
			}
			return f.again(c.Context(), s, args)
		},
	}
	f.registerOutput(c)
	f.registerBy(c)
	return c
}

// again reports saved results.
func (f *common) again(ctx context.Context, s *streams, names []string) error {
	if len(names) == 2 && names[0] == "-" && names[1] == "-" {
		return inputError{errors.New("standard input holds one result; give the other one as a file")}
	}
	var saved []*reports.Saved
	for _, name := range names {
		r, err := hearing(ctx, func() (*reports.Saved, error) { return readResult(name, s.in) })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return inputError{err}
		}
		saved = append(saved, r)
	}
	if len(saved) == 2 {
		d, err := reports.Difference(saved[0], saved[1], f.by)
		if err != nil {
			return inputError{err}
		}
		return f.target().report(s, d)
	}
	r := saved[0]
	if err := f.target().report(s, r.Document(f.by)); err != nil {
		return err
	}
	switch {
	case r.Result != nil:
		return unmet(r.Result)
	case r.Providers != nil:
		return unmet(r.Providers.Results...)
	case r.Claims != nil && slices.ContainsFunc(r.Claims.Claims, func(c metrics.Claim) bool { return c.Changed }):
		return errUnmet
	}
	return nil
}

// readResult reads a saved result: a file, the one in a folder, or standard input.
func readResult(name string, in io.Reader) (*reports.Saved, error) {
	if name == "-" {
		return reports.Read("<stdin>", in)
	}
	path := name
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = reports.ResultIn(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the result: %w", err)
	}
	defer file.Close()
	return reports.Read(path, file)
}
