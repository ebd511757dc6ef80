package main

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/scenarios/workload"
)

// logFlags say how a usage log is read.
type logFlags struct {
	format  string
	columns columnsFlag
	skipBad bool
}

func (f *logFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.format, "trace-format", workload.AutoFormat, "`FORMAT` of the log: auto, or one of ratesim list formats")
	fl.Var(&f.columns, "columns", "which columns of a log of your own hold what, `NAME=COLUMN,...`: time=ts,prompt_tokens=in_tok,tenant=team")
	fl.BoolVar(&f.skipBad, "skip-bad-rows", false, "leave out rows of the log that cannot be read, and say how many there are")
}

// check says what is wrong with the flags.
func (f *logFlags) check() error {
	if f.format != "" && !slices.Contains(workload.FormatNames(), f.format) {
		return unknown("--trace-format", f.format, workload.FormatNames())
	}
	return nil
}

// changed returns the name of one of the flags that was given; "" if none was.
func (f *logFlags) changed(c *cobra.Command) string {
	for _, name := range []string{"trace-format", "columns", "skip-bad-rows"} {
		if c.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

func (f *logFlags) options() workload.UsageOptions {
	return workload.UsageOptions{Format: f.format, Columns: f.columns.v, SkipBadRows: f.skipBad}
}

// openLog opens a usage log, which is a file, an embedded trace, or standard input. Whoever
// opens it several times gives the same Content each time, others none.
func (s *streams) openLog(ctx context.Context, name string, seen *workload.Content, o workload.UsageOptions) (*workload.Usage, io.Closer, error) {
	var in io.Reader = s.in
	closer := io.NopCloser(in)
	if name == "-" {
		name = stdinName
	} else {
		file, err := hearing(ctx, func() (io.ReadCloser, error) { return workload.OpenFile(name, seen) })
		if err != nil {
			return nil, nil, err
		}
		in, closer = file, file
		if of, ok := file.(readableAnywhere); ok {
			in = interruptibleFile{&interruptible{ctx: ctx, in: file}, of}
		}
	}
	log, err := workload.OpenUsage(name, in, o)
	if err != nil {
		closer.Close()
		return nil, nil, err
	}
	return log, closer, nil
}

// columnsFlag is the flag --columns.
type columnsFlag struct{ v workload.Columns }

func (f *columnsFlag) Type() string   { return "columns" }
func (f *columnsFlag) String() string { return f.v.String() }

// Set implements pflag.Value.
func (f *columnsFlag) Set(text string) (err error) {
	f.v, err = workload.ParseColumns(text)
	return err
}

// zoneFlag is the flag --tz.
type zoneFlag struct{ location *time.Location } // nil = none given

func (f *zoneFlag) register(fl *pflag.FlagSet, of string) {
	fl.Var(f, "tz", "time `ZONE` of "+of+", such as Europe/Berlin (default UTC)")
}

func (f *zoneFlag) Type() string { return "zone" }

func (f *zoneFlag) String() string {
	if f.location == nil {
		return ""
	}
	return f.location.String()
}

// Set implements pflag.Value.
func (f *zoneFlag) Set(name string) (err error) {
	f.location, err = time.LoadLocation(name)
	return err
}

func traceNames(*cobra.Command) []string { return workload.Embedded() }
