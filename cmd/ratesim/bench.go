package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	neturl "net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ratesim/bench"
	"ratesim/reports"
	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

func benchCommand(s *streams) *cobra.Command {
	var (
		f     common
		url   string
		speed float64
		alone bool
	)
	c := &cobra.Command{
		Use:   "bench [SCENARIO]",
		Short: "the same scenario over real HTTP, and how far the simulation was off",
		Long: `Bench starts a mock provider, makes the scenario's calls over HTTP at their
times with each strategy, all side by side, and then simulates the same: the
second table holds the simulation against what was measured.

SCENARIO and --trace are those of ratesim compare.

It takes as long as the scenario does, divided by --speed. A real second has room
for less at a higher speed, so differences grow with it. Replications run side by
side: ten at speed 1, two at 5, one above.`,
		Example: `  ratesim bench --speed 60
  ratesim bench outage --strategies jitter,queue --duration 1m`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			opt, err := f.options(c)
			if err != nil {
				return err
			}
			if !(speed >= 0.01 && speed <= 10_000) {
				return inputError{fmt.Errorf("--speed takes 0.01 to 10000, got %v", speed)}
			}
			if u, err := neturl.Parse(url); url != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
				return inputError{fmt.Errorf("--url takes http://HOST:PORT, got %q", url)}
			}
			spec, err := single(f.load(c, s, args, opt))
			if err != nil {
				return err
			}
			if err := answers(c.Context(), url); err != nil {
				return inputError{fmt.Errorf("--url: %w", err)}
			}
			return f.bench(c.Context(), s, spec, bench.Options{Seed: f.seed, Replications: int(f.reps), Speed: speed, URL: url}, !alone)
		},
	}
	f.registerTraffic(c)
	f.register(c)
	fl := c.Flags()
	f.fixedReps(c, 1)
	fl.Float64Var(&speed, "speed", 1, "the scenario's seconds in a real one")
	fl.StringVar(&url, "url", "", "a mock provider that runs already, at the same speed and with the same deployments")
	fl.BoolVar(&alone, "no-sim", false, "do not simulate the same")
	return c
}

// answers sees whether a server listens at a URL, if there is one: a run against
// none would take its time and say that every call failed.
func answers(ctx context.Context, url string) error {
	u, err := neturl.Parse(url)
	if url == "" || err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme
	}
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	return conn.Close()
}

// bench runs the scenario over HTTP, reports it, and holds the simulation
// against it.
func (f *common) bench(ctx context.Context, s *streams, spec *scenarios.Spec, o bench.Options, simulate bool) error {
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	draw, wipe := s.reporter(f.quiet)
	o.Progress = draw
	live, runErr := bench.Compare(ctx, spec, o)
	wipe()
	if live == nil {
		return runErr
	}
	v := view{reports.Table, reports.Markdown, reports.Pictures}
	if err := f.report(s, live, v); err != nil {
		return err
	}
	if f.dir != "" {
		if err := reports.WriteDir(f.dir, func(w io.Writer) error { return reports.JSON(w, live) }, v.pictures(live)); err != nil {
			return err
		}
	}
	if runErr != nil || !simulate {
		return runErr
	}
	simulated, err := sim.Compare(ctx, bench.Playable(spec), sim.Options{Seed: o.Seed, Replications: o.Replications})
	if err != nil {
		return err
	}
	if f.dir != "" {
		file, err := os.Create(filepath.Join(f.dir, "simulated.json"))
		if err != nil {
			return fmt.Errorf("writing the simulated result: %w", err)
		}
		if err := errors.Join(reports.JSON(file, simulated), file.Close()); err != nil {
			return err
		}
	}
	if err := f.account(ctx, s, spec, o, live, simulated); err != nil {
		return err
	}
	return unmet(live)
}

// account prints the simulation held against the live run, as the result was.
func (f *common) account(ctx context.Context, s *streams, spec *scenarios.Spec, o bench.Options, live, simulated *metrics.Result) error {
	if f.output != "table" && f.output != "markdown" {
		return nil
	}
	slowed, err := f.slowed(ctx, spec, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	if f.output == "markdown" {
		return reports.AccountMarkdown(s.out, live, simulated, slowed)
	}
	return reports.AccountTable(s.out, live, simulated, slowed, f.table(s))
}

// slowed simulates the scenario with networks that are a little slower.
func (f *common) slowed(ctx context.Context, spec *scenarios.Spec, o bench.Options) ([]*metrics.Result, error) {
	var list []*metrics.Result
	for _, slow := range bench.Slowed(bench.Playable(spec), o.Speed) {
		r, err := sim.Compare(ctx, slow, sim.Options{Seed: o.Seed, Replications: o.Replications})
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}
