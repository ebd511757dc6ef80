package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/tracefile"
)

// traceOut is where a trace is written, and in which format.
type traceOut struct{ file, format string }

func (o *traceOut) register(fl *pflag.FlagSet) {
	fl.StringVarP(&o.file, "out", "w", "", "write the trace to `FILE`, in place of standard output; .csv, .jsonl or .parquet means the format, and .gz or .zst behind it compresses")
	fl.StringVar(&o.format, "to", "", "`FORMAT` of the trace: "+strings.Join(tracefile.FormatNames(), ", ")+" (default what the name of the file means, and csv to standard output)")
}

// check checks the flags, and settles the format.
func (o *traceOut) check() error {
	switch {
	case o.format != "" && !slices.Contains(tracefile.FormatNames(), o.format):
		return unknown("--to", o.format, tracefile.FormatNames())
	case o.file == "":
		o.format = cmp.Or(o.format, "csv")
		return nil
	}
	if o.format = cmp.Or(o.format, tracefile.ForFile(o.file)); o.format == "" {
		return fmt.Errorf("--out: the name %s does not say which format is meant; end it in %s, or name the format with --to", o.file, strings.Join(tracefile.Ends(), ", "))
	}
	_, err := tracefile.Compress(io.Discard, o.file, o.format)
	return err
}

// requests gives the requests of a trace.
type requests interface {
	Next(r *workload.Record) bool
	Err() error
}

// write writes a trace, and says what was lost. A file comes under its name when it is
// whole: whatever happens before leaves what was there.
func (o *traceOut) write(ctx context.Context, s *streams, from requests, opt tracefile.Options) (rows int64, err error) {
	to, done, err := o.create(s)
	if err != nil {
		return 0, err
	}
	w, err := o.copy(ctx, to, from, opt)
	if err := done(err); err != nil {
		return 0, err
	}
	for _, warning := range w.Warnings() {
		fmt.Fprintf(printable{s.err}, "ratesim: warning: %s\n", warning)
	}
	return w.Rows(), nil
}

// copy writes all requests.
func (o *traceOut) copy(ctx context.Context, to io.Writer, from requests, opt tracefile.Options) (*tracefile.Writer, error) {
	z, err := tracefile.Compress(to, o.file, o.format)
	if err != nil {
		return nil, inputError{err}
	}
	w, err := tracefile.NewWriter(z, o.format, opt)
	if err != nil {
		return nil, err
	}
	const often = 1 << 12
	for r := (workload.Record{}); from.Next(&r); {
		if err := w.Write(&r); err != nil {
			return nil, err
		}
		if w.Rows()%often == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if err := cmp.Or(ctx.Err(), from.Err()); err != nil {
		return nil, err
	}
	return w, cmp.Or(w.Close(), z.Close())
}

// create opens what is written to. Done gives the file its name, or removes it after an
// error.
func (o *traceOut) create(s *streams) (to io.Writer, done func(error) error, err error) {
	if o.file == "" {
		return s.out, func(err error) error { return err }, nil
	}
	info, err := os.Stat(o.file)
	switch {
	case err == nil && info.IsDir():
		return nil, nil, inputError{fmt.Errorf("--out: %s is a folder; name a file", o.file)}
	case err == nil && !info.Mode().IsRegular(): // a device or a named pipe keeps its name
		f, err := os.OpenFile(o.file, os.O_WRONLY, 0)
		if err != nil {
			return nil, nil, fmt.Errorf("writing the trace: %w", err)
		}
		return f, func(err error) error { return errors.Join(err, f.Close()) }, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, nil, inputError{fmt.Errorf("--out: %w", err)}
	}
	part := filepath.Join(filepath.Dir(o.file), "."+filepath.Base(o.file)+".ratesim-"+strconv.Itoa(os.Getpid()))
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, nil, inputError{fmt.Errorf("--out: %w", err)}
	}
	return f, func(err error) error {
		if err == nil {
			err = f.Sync()
		}
		if err = cmp.Or(err, f.Close()); err == nil {
			err = os.Rename(part, o.file)
		}
		if err != nil {
			f.Close()
			os.Remove(part)
		}
		return err
	}, nil
}
