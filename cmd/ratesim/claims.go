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
		Short: "Put what is said about rate limits to the test",
		Long: `Claims runs experiments on what is commonly said about the rate limits of LLM APIs.
For each claim it prints whether the claim holds, holds only under some conditions,
or does not hold, and the numbers that decided it. A condition counts as met when
the whole 95 % interval says so. CLAIM is the name of an embedded claim, a file like
one, or - for standard input. Without CLAIM it runs all embedded claims.

The exit code is 3 if a claim no longer ends as its file says. 'ratesim compare
claims/NAME' prints all numbers of an experiment and can change it.`,
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
			p := s.newProgress(f.quiet, "runs")
			found, runErr := sim.Claims(c.Context(), list, sim.Options{Seed: f.seed, Replications: int(f.reps), Progress: p.compared, MostCalls: f.most()})
			p.wipe()
			if err := f.target().report(s, reports.Claims(found)); err != nil {
				return err
			}
			if runErr != nil {
				return tooLarge(runErr)
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
		claim, err := hearing(c.Context(), func() (*scenarios.Claim, error) { return scenarios.LoadClaim(name, s.in, opt) })
		if err != nil {
			return nil, loadError(c, "claim", name, err)
		}
		list = append(list, claim)
	}
	return list, nil
}
