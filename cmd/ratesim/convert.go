package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/tracefile"
)

// convertFlags are the flags of ratesim workload convert.
type convertFlags struct {
	out    traceOut
	log    logFlags
	zone   zoneFlag
	model  string
	change workload.ChangedOptions
	slice  sliceFlag
}

func convertCommand(s *streams) *cobra.Command {
	var f convertFlags
	c := &cobra.Command{
		Use:   "convert FILE...",
		Short: "Write a usage log in another format, cut, looped, scaled, sped up, or merged with others",
		Long: `Convert reads usage logs of single requests, in any format that ratesim reads, and
writes one trace. It says what the format of the trace has no place for. FILE is a
file, - for standard input, or the name of an embedded trace. Several FILEs are merged
in the order of their times, which must be dates in all of them, or in none unless
--relative is given.

The requests are changed in this order: a slice is cut out, it is looped, thinned or
copied (--scale), made to grow, sped up, and shifted. The same changes stand in
scenario files, at a stream of the process trace. Without them the requests are
written as they are, those that failed or were refused among them.`,
		Example: `  ratesim workload convert log.jsonl.gz -w log.parquet
  ratesim workload convert azure-conv-2023 --tz UTC --slice 2m:5m --scale 3 -w peak.csv
  ratesim workload convert web.csv batch.csv --relative -w both.csv.zst
  ratesim workload convert log.csv --loop --growth 1.2 --duration 672h -w month.csv
  ratesim workload convert azure-conv-2023 --scale 0.1 | ratesim workload describe -`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || slices.Contains(args, "") {
				return inputError{fmt.Errorf("%s takes at least one usage log, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	f.out.register(fl)
	f.log.register(fl)
	fl.StringVar(&f.model, "model", "", "only write rows of this `MODEL`; the others are counted and said")
	f.zone.register(fl, "times in the log without one")
	f.registerChange(fl)
	return c
}

// registerChange adds the flags of what a scenario file says of a trace.
func (f *convertFlags) registerChange(fl *pflag.FlagSet) {
	t := &f.change
	fl.Var(&f.slice, "slice", "only write requests from one time to another, counted from the beginning of the log, `FROM:TO`; 10m: is from there to the end")
	fl.BoolVar(&t.Loop, "loop", false, "start again at the end of the log, until --duration")
	fl.Float64Var(&t.Scale, "scale", 1, "multiply the requests by `K`: below 1 that share is kept, above 1 copies are added that are moved by up to an hour")
	fl.Float64Var(&t.Growth, "growth", 1, "multiply the requests of each week by `G` over the week before, continuously")
	fl.Float64Var(&t.Speed, "speed", 1, "divide all times by `V`")
	fl.DurationVar(&t.Shift, "shift", 0, "let the log begin the time `D` later")
	fl.DurationVar(&t.Until, "duration", 0, "leave out requests from the time `D` on, counted from the beginning")
	fl.BoolVar(&t.Apart, "separate-tenants", false, "give the copies of --scale tenants of their own: web, web-2, web-3")
	fl.BoolVar(&t.Relative, "relative", false, "count times from the first request of each log, also where they are dates")
	fl.Uint64Var(&t.Seed, "seed", 1, "`SEED` of the draws of --scale and --growth")
}

func (f *convertFlags) run(c *cobra.Command, s *streams, names []string) error {
	if err := f.check(c, names); err != nil {
		return inputError{err}
	}
	logs, err := f.open(c, s, names)
	defer func() {
		for _, l := range logs {
			l.Close()
		}
	}()
	if err != nil {
		return err
	}
	opt := tracefile.Options{Dated: !f.change.Relative && !logs[0].Usage().Relative(), Model: f.model}
	for i, l := range logs {
		if dated := !f.change.Relative && !l.Usage().Relative(); dated != opt.Dated {
			return inputError{fmt.Errorf("the times of %s are dates and those of the other log count from an unknown beginning; with --relative all count from the first request", names[pick(dated, i)])}
		}
		opt.Columns = append(opt.Columns, l.Usage().Columns()...)
	}
	if f.change.Apart {
		opt.Columns = append(opt.Columns, "tenant")
	}
	rows, err := f.out.write(c.Context(), s, workload.Merge(logs), opt)
	if err != nil {
		if errors.As(err, new(*workload.FileError)) {
			return loadError(c, "usage log", names[0], err)
		}
		return err
	}
	for _, l := range logs {
		for _, w := range l.Usage().Warnings() {
			fmt.Fprintf(printable{s.err}, "ratesim: warning: %s\n", w)
		}
	}
	if rows == 0 {
		fmt.Fprintln(s.err, "ratesim: warning: no request is left; --slice, --scale or --duration leave all of them out")
	}
	if f.out.file != "" {
		fmt.Fprintf(printable{s.out}, "%s is written: %s\n", f.out.file, counted(int(rows), "request", "requests"))
	}
	return nil
}

// pick returns which of the logs has dates: the one at i, or the first.
func pick(dated bool, i int) int {
	if dated {
		return i
	}
	return 0
}

// check checks the flags.
func (f *convertFlags) check(c *cobra.Command, names []string) (err error) {
	if err := emptyFlag(c); err != nil {
		return err
	}
	if err := f.log.check(); err != nil {
		return err
	}
	t := &f.change
	t.Begin, t.End = f.slice.from, f.slice.to
	for name, v := range map[string]float64{"scale": t.Scale, "growth": t.Growth, "speed": t.Speed} {
		if v == 0 { // which a Transform takes for not given
			return fmt.Errorf("--%s must be above 0", name)
		}
	}
	if err := t.Check(); err != nil {
		return fmt.Errorf("--%w", err)
	}
	stdin := 0
	for _, name := range names {
		if name == "-" {
			stdin++
		}
	}
	switch {
	case t.Until < 0 || t.Until == 0 && c.Flags().Changed("duration"):
		return fmt.Errorf("--duration takes a time above 0, got %v", t.Until)
	case t.Loop && t.Until == 0:
		return errors.New("--loop has no end; say with --duration where it stops")
	case stdin > 1:
		return errors.New("standard input can be read once; - is given twice")
	}
	return f.out.check()
}

// open opens all logs. Those that are open are returned with an error too.
func (f *convertFlags) open(c *cobra.Command, s *streams, names []string) ([]*workload.Changed, error) {
	var logs []*workload.Changed
	o := f.log.options()
	o.Model, o.Location = f.model, f.zone.location
	for i, name := range names {
		change := f.change
		change.Log = i
		again := false
		var seen workload.Content
		l, err := workload.NewChanged(func(inOrder bool) (*workload.Usage, io.Closer, error) {
			if again && !rereadable(name) {
				return nil, nil, inputError{fmt.Errorf("%s cannot be read more than once, and is too long to be kept, which --loop, and --scale and --growth above 1, ask for; save it to a file and name that", name)}
			}
			again, o.InOrder = true, inOrder
			return s.openLog(c.Context(), name, &seen, o)
		}, change)
		if err != nil {
			return logs, loadError(c, "usage log", name, err)
		}
		logs = append(logs, l)
	}
	return logs, nil
}

// rereadable reports whether a log is in a file and no pipe.
func rereadable(name string) bool {
	if slices.Contains(workload.Embedded(), name) {
		return true
	}
	info, err := os.Stat(name)
	return name != "-" && err == nil && info.Mode().IsRegular()
}

// sliceFlag is the flag --slice.
type sliceFlag struct{ from, to time.Duration }

func (f *sliceFlag) Type() string { return "FROM:TO" }

func (f *sliceFlag) String() string {
	switch {
	case f.to > 0:
		return fmt.Sprintf("%v:%v", f.from, f.to)
	case f.from > 0:
		return fmt.Sprintf("%v:", f.from)
	}
	return ""
}

// Set implements pflag.Value.
func (f *sliceFlag) Set(text string) error {
	from, to, ok := strings.Cut(text, ":")
	var err error
	if from != "" {
		f.from, err = time.ParseDuration(from)
	}
	if err == nil && to != "" {
		f.to, err = time.ParseDuration(to)
	}
	if !ok || err != nil || from+to == "" || f.from < 0 || to != "" && f.to <= f.from {
		return fmt.Errorf("want FROM:TO, such as 10m:20m, 10m: or :20m, got %q", text)
	}
	return nil
}
