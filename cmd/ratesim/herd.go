package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

// maxClients bounds a herd; a million clients take about a gigabyte.
const maxClients = 1_000_000

func herdCommand(s *streams) *cobra.Command {
	var (
		f       common
		clients int
		outage  time.Duration
		window  time.Duration
	)
	c := &cobra.Command{
		Use:   "herd",
		Short: "Release many clients at once: the thundering herd",
		Long: `Herd releases all clients at once, each with one call. It shows for each strategy
how hard they hit the deployment, and how long it takes until the last call has
ended. With --outage the deployment is down from the start: the clients fail
together, retry, and all meet it again when it comes back.`,
		Example: `  ratesim herd --clients 1000 --out herd
  ratesim herd --outage 30s
  ratesim herd --outage 10m --window 20ms --reps 11`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			opt, err := f.options(c)
			if err != nil {
				return err
			}
			switch {
			case clients < 1 || clients > maxClients:
				err = fmt.Errorf("--clients takes 1 to %d, got %d", maxClients, clients)
			case outage < 0:
				err = fmt.Errorf("--outage takes a time of at least 0, got %v", outage)
			case window < time.Millisecond:
				err = fmt.Errorf("--window takes at least 1ms, got %v", window)
			case len(f.providers) > 1:
				err = oneProvider(len(f.providers))
			case len(f.providers) == 1:
				opt.Provider = f.providers[0]
			}
			if err != nil {
				return inputError{err}
			}
			spec, err := scenarios.Herd(clients, outage, opt)
			if err != nil {
				return inputError{err}
			}
			// Fine enough to show that retries come in lockstep.
			fine := metrics.Resolution{Width: 50 * time.Millisecond, Steps: 2400}
			return f.simulate(c.Context(), s, spec, sim.Options{RetryWindow: window, Resolution: fine}, reports.Herd)
		},
	}
	c.Flags().IntVar(&clients, "clients", 1000, "release `N` clients, each a process of its own with one call")
	c.Flags().DurationVar(&outage, "outage", 0, "the deployment is down for the time `D` from the start")
	c.Flags().DurationVar(&window, "window", time.Second, "count the peak of retries in windows of the width `D`")
	f.register(c)
	f.fixedReps(c, 10)
	return c
}
