package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	neturl "net/url"
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
		Short: "Run a scenario over real HTTP, and show how far the simulation is off",
		Long: `Bench starts a mock provider and makes the scenario's calls over HTTP, at their
times, with all strategies side by side. Then it simulates the same scenario. The
first table shows what was measured; the second one compares it with the simulation.

SCENARIO and --trace are as in 'ratesim compare'.

Bench takes as long as the scenario, divided by --speed. At a higher speed the real
machine has less time for each call, so the differences grow. Several replications
run at the same time: ten at speed 1, two up to speed 5, and one above that.

Calls that bench could not make, because the machine is too slow for the speed or the
rate, count in the metric not_sent and as failed. Bench warns of them and ends with exit
code 1, unless the scenario expects something of them, such as none.not_sent <= 100.`,
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
	fl.Float64Var(&speed, "speed", 1, "run `X` seconds of the scenario in one real second")
	fl.StringVar(&url, "url", "", "use the mock provider at this `URL`: ratesim serve --trust-bench with the same speed and deployments")
	fl.BoolVar(&alone, "no-sim", false, "do not simulate the scenario as well")
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
	p := s.newProgress(f.quiet, "seconds of the scenario")
	o.Progress = p.counted
	live, runErr := bench.Compare(ctx, spec, o)
	p.wipe()
	f.sign(s, live)
	if live == nil {
		return runErr
	}
	d, files, err := f.account(ctx, s, spec, o, live, simulate && runErr == nil)
	if err := f.target().report(s, d, files...); err != nil {
		return err
	}
	if err := cmp.Or(runErr, err); err != nil {
		return err
	}
	return unmet(live)
}

// account is the report of a live run and, if asked for, of the simulation held against
// it. When that fails, it is the report of the live run alone.
func (f *common) account(ctx context.Context, s *streams, spec *scenarios.Spec, o bench.Options, live *metrics.Result, simulate bool) (*reports.Document, []reports.File, error) {
	if !simulate {
		return reports.Compare(live, f.by), nil, nil
	}
	simulated, err := sim.Compare(ctx, bench.Playable(spec), sim.Options{Seed: o.Seed, Replications: o.Replications})
	if err != nil {
		return reports.Compare(live, f.by), nil, err
	}
	f.sign(s, simulated)
	slowed, err := f.slowed(ctx, spec, o)
	if err != nil {
		return reports.Compare(live, f.by), nil, err
	}
	file := reports.ResultFile(reports.Compare(simulated, ""))
	file.Name = "simulated.json"
	return reports.Bench(live, simulated, slowed, f.by), []reports.File{file}, nil
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
