package workload

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"ratesim/sim/clock"
)

// Row is one recorded request. Its output may be 0, as in traces that record
// failed requests so.
type Row struct {
	At clock.Time
	Length
	MaxTokens uint32        // what it declared; 0 = nothing, or the log does not say
	Tenant    uint16        // index into TraceReader.Tenants, counted from 1; 0 = the log does not say
	Priority  int8          // lower is more urgent
	Deadline  time.Duration // after its arrival; 0 = none, or the log does not say
}

// TraceReader reads a usage log of single requests as a trace: with times that
// count from the beginning of a run.
//
// Times that are dates are made relative to the first row, which is at 0; those that are
// relative are kept. Rows without prompt tokens are left out, which Warnings says: they
// failed, or were refused, and there is nothing to send again. So are requests that were
// refused with 429: whoever sent them has sent them again, in a row of its own.
type TraceReader struct {
	usage  *Usage
	closer io.ReadCloser // nil when the caller owns the input
	file   *watchedFile  // the same, where it is one
	record Record
	begin  time.Time // of the times: 1970 where they are relative
	empty  *note
	again  *note
	crowd  *note
	names  names // of tenants
	rows   int64
	over   bool

	written bool // while it was read
}

// NewTraceReader reads the beginning of a trace. The name file is for messages. Errors are
// of type *FileError.
func NewTraceReader(file string, r io.Reader, o UsageOptions) (*TraceReader, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	u, err := OpenUsage(file, r, o)
	if err != nil {
		return nil, err
	}
	if !u.format.Requests {
		u.in.fail(0, 0, "is of format %s, which sums usage up over buckets of %v; only single requests can be replayed, as in formats %s",
			u.Format(), u.Granularity(), strings.Join(traceFormats(), ", "))
		return nil, u.in.err
	}
	return &TraceReader{usage: u, begin: time.Unix(0, 0).UTC(), empty: u.in.note("a request without prompt tokens is left out"),
		again: u.in.note("was refused with 429 and is left out; if it was sent again, that is a row of its own"),
		crowd: u.in.note(fmt.Sprintf("is of one more tenant than the %d that calls can be told apart by; its tenant is left out", maxLogNames))}, nil
}

// traceFormats returns the names of the formats that can be replayed.
func traceFormats() []string {
	var names []string
	for _, f := range formats() {
		if f.Requests {
			names = append(names, f.Name)
		}
	}
	return names
}

// Format returns the name of the trace's format.
func (t *TraceReader) Format() string { return t.usage.Format() }

// Model returns the model that the last row names; "" if it names none.
func (t *TraceReader) Model() string { return t.record.Model }

// Tenants returns the tenants that the rows so far name, in the order of their first rows.
func (t *TraceReader) Tenants() []string { return t.names.all }

// Warnings says what was left out, as those of Usage.
func (t *TraceReader) Warnings() []string { return t.usage.Warnings() }

// Next fills row with the next row and reports whether there was one. Once it
// has returned false it goes on returning false; Err says why.
func (t *TraceReader) Next(row *Row) bool {
	for !t.over && t.usage.Next(&t.record) {
		if t.record.Prompt == 0 {
			t.empty.add(t.record.Line)
			continue
		}
		if t.record.Status == 429 {
			t.again.add(t.record.Line)
			continue
		}
		if t.rows == 0 && !t.usage.Relative() {
			t.begin = t.record.Start
		}
		t.rows++
		row.At = clock.Time(t.record.Start.Sub(t.begin))
		row.Length = Length{Prompt: uint32(t.record.Prompt), Output: uint32(min(t.record.Output, math.MaxUint32))}
		row.MaxTokens, row.Deadline, row.Priority = uint32(t.record.MaxTokens), t.record.Deadline, t.record.Priority
		row.Tenant = 0
		if t.record.Tenant != "" {
			if n, ok := t.names.number(t.record.Tenant, maxLogNames); ok {
				row.Tenant = uint16(n + 1)
			} else {
				t.crowd.add(t.record.Line)
			}
		}
		return true
	}
	if !t.over && t.rows == 0 {
		what := "has no request with prompt tokens"
		if t.again.rows > 0 {
			what += " that was not refused with 429"
		}
		t.usage.in.fail(0, 0, "%s", what)
	}
	if !t.over && t.file != nil && t.file.written() {
		t.written = true
	}
	t.over = true
	return false
}

// Err returns the *FileError that ended the trace early, or nil.
func (t *TraceReader) Err() error {
	if t.written {
		return writtenTo(t.usage.in.file, errWritten)
	}
	return t.usage.Err()
}

// Close closes the file that Log.Open opened. The error is a *FileError if the file has been
// written to.
func (t *TraceReader) Close() error {
	t.over = true
	if t.closer == nil {
		return nil
	}
	return writtenTo(t.usage.in.file, t.closer.Close())
}
