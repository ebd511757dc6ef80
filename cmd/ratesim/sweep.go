package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ratesim/reports"
	"ratesim/sim/sweep"
	cellstore "ratesim/sim/sweep/cells"
)

// maxStudy bounds the file of a study.
const maxStudy = 1 << 20

// dryCells is how many cells a dry run measures.
const dryCells = 8

type sweepFlags struct {
	to, shard, catalog string
	timeout            time.Duration
	dry, quiet         bool
}

func sweepCommand(s *streams) *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "sweep FILE",
		Short: "Run a scenario over a grid of its fields, on one machine or many",
		Long: `Sweep runs a scenario in every combination of the values that FILE lists, and stores
each result under the hash of what it is. What is stored already is not run again, so
after a kill the same command goes on. FILE is YAML:

  scenario: launch-day          the name of an embedded scenario, or a path
  strategies: [jitter, queue]   in the place of the scenario's; all meet the same calls
  replications: 5               of each cell
  seed: 1
  set: {duration: 10m}          fields of all cells, as with --set
  axes:                         any field, and also provider and seed
    fleet.instances: [1, 4, 16]
    workload.0.arrivals.rate: {from: 1/s, to: 8/s, step: 1/s}
    deployments.0.limits.rpm: {from: 100, to: 10000, log: 5}

Written as a list, axes are mappings whose keys change together. Samples spread points
over several ranges: samples: {method: halton, points: 100, over: {PATH: {from: 1, to: 9}}}.

On many machines give each a share with --shard. In an array job of Slurm or AWS Batch
the share is that of the task; on Kubernetes add --shard N to the N completions.`,
		Example: `  ratesim sweep study.yaml --dry-run
  ratesim sweep study.yaml --to results
  ratesim sweep study.yaml --to results --shard 3/8
  ratesim sweep merge results > rows.csv`,
		Args: oneStudy,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), s, args[0]) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.to, "to", "", "store results in the directory or bucket `URL`, by default FILE without its ending and with .cells")
	fl.StringVar(&f.shard, "shard", "", "run only the share `K/N` of the cells, K from 0; or N, whose K is the index of the array job")
	fl.BoolVar(&f.dry, "dry-run", false, fmt.Sprintf("say how many cells there are, and how long they take, from %d of them; store nothing", dryCells))
	fl.DurationVar(&f.timeout, "cell-timeout", 10*time.Minute, "give up a cell after the time `D`; 0 lets it take as long as it likes")
	catalogFlag(fl, &f.catalog)
	fl.BoolVar(&f.quiet, "quiet", false, "show no progress")
	c.AddCommand(sweepMergeCommand(s))
	return c
}

func oneStudy(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return inputError{fmt.Errorf("%s takes one FILE, got %q; see '%s --help'", c.CommandPath(), args, c.CommandPath())}
	}
	return nil
}

// plan reads a study.
func (f *sweepFlags) plan(ctx context.Context, s *streams, file string) (*sweep.Plan, error) {
	data, err := readInput(ctx, file, maxStudy)
	if err != nil {
		return nil, inputError{err}
	}
	study, err := sweep.Parse(file, data)
	if err != nil {
		return nil, inputError{err}
	}
	known, err := readCatalog(ctx, f.catalog)
	if err != nil {
		return nil, inputError{err}
	}
	src := sweep.Source{Catalog: known, Stdin: s.in}
	if f.catalog != "" {
		data, err := readInput(ctx, f.catalog, maxCatalog)
		if err != nil {
			return nil, inputError{err}
		}
		sum := sha256.Sum256(data)
		src.Digest = hex.EncodeToString(sum[:])
	}
	if src.Engine, err = s.build.engine(); err != nil {
		return nil, err
	}
	p, err := sweep.NewPlan(study, src)
	if err != nil {
		return nil, inputError{err}
	}
	return p, nil
}

// engine says which program made a result. What was built from changed sources, or from no
// revision, is told apart by its own bytes.
func (b build) engine() (string, error) {
	if b.short() != devel && !b.Modified {
		return b.short(), nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return b.short() + " " + hex.EncodeToString(h.Sum(nil)[:6]), nil
}

func (f *sweepFlags) run(ctx context.Context, s *streams, file string) error {
	shard, from, err := sweep.ParseShard(f.shard, os.Getenv)
	if err != nil {
		return inputError{err}
	}
	p, err := f.plan(ctx, s, file)
	if err != nil {
		return err
	}
	if f.dry {
		return f.estimate(ctx, s, p, shard)
	}
	if from != "" {
		fmt.Fprintf(s.err, "ratesim: shard %s, from %s\n", shard, from)
	}
	to := f.place(file)
	store, err := cellstore.Open(ctx, to, true)
	if err != nil {
		return err
	}
	defer store.Close()
	bar := s.newProgress(f.quiet, "cells")
	done, err := sweep.Run(ctx, p, store, sweep.Options{Shard: shard, Timeout: f.timeout, Progress: bar.counted, Failed: func(err error) {
		bar.wipe()
		fmt.Fprintln(printable{s.err}, "ratesim:", err)
	}})
	bar.wipe()
	fmt.Fprintf(s.out, "%d of %d cells were run, %d were there already, %d failed; results are in %s\n", done.Ran, done.Cells, done.There, done.Failed, to)
	if err == nil && done.Failed > 0 {
		err = errors.New("some cells failed; the same command runs them again")
	}
	return err
}

// place is where the results of a study go.
func (f *sweepFlags) place(file string) string {
	if f.to != "" {
		return f.to
	}
	if file == "-" {
		return "sweep.cells"
	}
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".cells"
}

// estimate runs a few cells into memory, and says what all would take.
func (f *sweepFlags) estimate(ctx context.Context, s *streams, p *sweep.Plan, shard sweep.Shard) error {
	store, err := cellstore.Open(ctx, "mem://", true)
	if err != nil {
		return err
	}
	defer store.Close()
	begin := time.Now()
	done, err := sweep.Run(ctx, p, store, sweep.Options{Shard: shard, Timeout: f.timeout, Most: dryCells})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d cells", done.Cells)
	if done.Ran > 0 {
		each := time.Since(begin) / time.Duration(done.Ran)
		fmt.Fprintf(s.out, ", about %v and %d KB, judged by %d of them",
			(each * time.Duration(done.Cells)).Round(time.Second), done.Bytes/int64(done.Ran)*int64(done.Cells)/1000, done.Ran)
	}
	fmt.Fprintln(s.out)
	if done.Failed > 0 {
		return fmt.Errorf("%d of the cells that were tried failed", done.Failed)
	}
	return nil
}

func sweepMergeCommand(s *streams) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "merge URL",
		Short: "Write the results of a sweep as one table",
		Long: `Merge writes the cells that are stored in URL, a directory or a bucket, as CSV: one row
for each replication of each strategy of each cell, with all metrics. The bytes are the
same however many machines ran the sweep. Cells of another version of ratesim, and
half-written ones, are named, and nothing is written then.`,
		Example: `  ratesim sweep merge results > rows.csv
  ratesim sweep merge results --out merged`,
		Args: oneStudy,
		RunE: func(c *cobra.Command, args []string) error {
			engine, err := s.build.engine()
			if err != nil {
				return err
			}
			store, err := cellstore.Open(c.Context(), args[0], false)
			if err != nil {
				return inputError{err}
			}
			defer store.Close()
			m, err := sweep.Merge(c.Context(), store, engine)
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return m.WriteCSV(c.Context(), w) }
			if out == "" {
				return write(s.out)
			}
			return reports.WriteDir(out, []reports.File{{Name: "replications.csv", Write: write}})
		},
	}
	c.Flags().StringVar(&out, "out", "", "write replications.csv into `DIR` instead of standard output")
	return c
}
