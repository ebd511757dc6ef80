package main

import (
	"slices"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

func claimsCommand(s *streams) *cobra.Command {
	var f common
	c := &cobra.Command{
		Use:   "claims [CLAIM]...",
		Short: "put what is said about rate limits to the test",
		Long: `Claims runs experiments on what is commonly said about rate limits of LLM APIs
and prints of each claim whether it holds, holds only under some conditions, or
does not hold, and the numbers that decided it. A condition counts as met when
the whole 95 % interval says so. CLAIM is the name of an embedded claim, a file
like it, or - for standard input; without it, all embedded ones are run.

Exit code 3 says that a claim no longer ends as its file records. To see all of
an experiment's numbers, or to change it, use 'ratesim compare claims/NAME'.`,
		Example: `  ratesim claims
  ratesim claims no-jitter track-both --reps 20 --seed 2
  ratesim compare claims/no-jitter --set fleet.instances=10`,
		RunE: func(c *cobra.Command, args []string) error {
			opt, err := f.options(c)
			if err != nil {
				return err
			}
			list, err := loadClaims(c, s, args, opt)
			if err != nil {
				return err
			}
			draw, wipe := s.reporter(f.quiet)
			found, runErr := sim.Claims(c.Context(), list, sim.Options{Seed: f.seed, Replications: int(f.reps), Progress: draw})
			wipe()
			if err := f.reportClaims(s, found); err != nil {
				return err
			}
			if runErr != nil {
				return runErr
			}
			if slices.ContainsFunc(found.Claims, func(c metrics.Claim) bool { return c.Changed }) {
				return errUnmet
			}
			return nil
		},
	}
	f.registerRun(c)
	f.fixedReps(c, 20)
	f.registerOutput(c)
	return c
}

// loadClaims reads the claims of these names, or all that are embedded.
func loadClaims(c *cobra.Command, s *streams, names []string, opt scenarios.Options) ([]*scenarios.Claim, error) {
	if len(names) == 0 {
		names = scenarios.Claims()
	}
	var list []*scenarios.Claim
	for _, name := range names {
		claim, err := scenarios.LoadClaim(name, s.in, opt)
		if err != nil {
			return nil, loadError(c, "claim", name, err)
		}
		list = append(list, claim)
	}
	return list, nil
}

func (f *common) reportClaims(s *streams, r *metrics.Claims) error {
	switch f.output {
	case "json":
		return reports.ClaimsJSON(s.out, r)
	case "csv":
		return reports.ClaimsCSV(s.out, r)
	case "markdown":
		return reports.ClaimsMarkdown(s.out, r)
	}
	return reports.ClaimsTable(s.out, r, f.table(s))
}
