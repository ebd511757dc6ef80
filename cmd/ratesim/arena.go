package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/provider/catalog"
	"ratesim/reports"
	"ratesim/scenarios/situations"
	"ratesim/sim/arena"
	"ratesim/sim/metrics"
	strategycatalog "ratesim/strategies/catalog"
)

// worstFiles is how many of its worst situations are written for each named strategy.
const worstFiles = 10

// arenaReplications is how many replications each situation gets: three to choose the best
// by, and three to measure it on. How much situations differ then adds more to the interval
// of a mean regret than how much replications do.
const arenaReplications = 6

func arenaCommand(s *streams) *cobra.Command {
	var (
		f     common
		n     int
		field []string
	)
	c := &cobra.Command{
		Use:   "arena [STRATEGY...]",
		Short: "Show how far each strategy is from the best, over many random situations",
		Long: fmt.Sprintf(`Arena draws situations at random: providers and limits, instances, load, arrivals,
kinds of work, deadlines, timeouts, faults and tenants. It runs every strategy in
each of them, and prints how far each is from the best of the field: its regret.

The field is every strategy that needs one deployment and no coordinator, unless
--field names others. STRATEGY limits what is printed, and with --out writes the
%d situations in which each of them has the most regret, as scenario files.

Design and tune strategies on seeds 1 to %d, and judge them on larger seeds.`, worstFiles, situations.LastDesign),
		Example: `  ratesim arena
  ratesim arena paced jitter --seed 1000 --out judged
  ratesim arena paced --situations 50 --field jitter,queue,header-aware`,
		RunE: func(c *cobra.Command, args []string) error {
			opt, err := f.options(c)
			if err != nil {
				return err
			}
			shown, err := f.contestants("", args)
			if err != nil {
				return err
			}
			if field, err = f.contestants("--field: ", field); err != nil {
				return err
			}
			for _, name := range shown {
				if field != nil && !slices.Contains(field, name) {
					field = append(field, name)
				}
			}
			switch {
			case n < 1:
				return inputError{fmt.Errorf("--situations takes at least 1, got %d", n)}
			case f.reps%2 > 0:
				return inputError{fmt.Errorf("--reps takes an even number for arena, which halves the replications; got %d", f.reps)}
			}
			return f.arena(c.Context(), s, shown, arena.Options{Seed: f.seed, Situations: n, Replications: int(f.reps), Field: field, Catalog: opt.Catalog})
		},
	}
	f.registerRun(c)
	f.fixedReps(c, arenaReplications)
	c.Flags().IntVar(&n, "situations", 200, "how many situations `N` are drawn")
	c.Flags().StringSliceVar(&field, "field", nil, "strategies `a,b,c` to be held against each other, instead of all that can run; those that are named as arguments are added")
	f.registerOutput(c)
	c.Flags().StringVar(&f.dir, "out", "", "also write result.json and the worst situations of each named strategy to `DIR`")
	return c
}

// contestants checks names of strategies and completes them; what says where they stand.
func (f *common) contestants(what string, names []string) ([]string, error) {
	known := arena.Field()
	var list []string
	for _, name := range names {
		e, ok := strategycatalog.Find(name)
		if !ok || !slices.Contains(known, e.Name) {
			return nil, inputError{fmt.Errorf("%s%w", what, unknown("strategy of the arena", name, known))}
		}
		if !slices.Contains(list, e.Name) {
			list = append(list, e.Name)
		}
	}
	return list, nil
}

// arena judges the field and reports it. When it is interrupted it reports what was
// finished and returns the context's error.
func (f *common) arena(ctx context.Context, s *streams, shown []string, o arena.Options) error {
	tidy, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer tidy()
	p := s.newProgress(f.quiet, "runs")
	o.Progress = p.counted
	result, runErr := arena.Run(ctx, o)
	p.wipe()
	if result == nil {
		return runErr
	}
	result.Command, result.Version = f.command, s.build.short()
	files, err := worstOf(result, shown, o.Catalog)
	if err != nil {
		return err
	}
	if err := f.target().report(s, reports.Arena(result, shown), files...); err != nil {
		return err
	}
	return runErr
}

// worstOf returns the worst situations of each of the strategies as files.
func worstOf(r *metrics.Arena, shown []string, known *catalog.Catalog) ([]reports.File, error) {
	var list []reports.File
	for _, name := range shown {
		files, err := arena.Worst(r, name, worstFiles, known)
		if err != nil {
			return nil, err
		}
		plain := strings.NewReplacer(":", "-", "/", "-").Replace(name)
		for _, f := range files {
			list = append(list, reports.File{Name: plain + "-" + f.Name + ".yaml", Write: func(w io.Writer) error {
				_, err := w.Write(f.Data)
				return err
			}})
		}
	}
	return list, nil
}
