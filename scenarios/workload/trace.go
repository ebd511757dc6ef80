package workload

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"ratesim/sim/clock"
)

// TraceFormat names the layout of a trace file.
type TraceFormat uint8

// The trace formats. Both are CSV with a header line and three columns, without
// quotes; lines end in LF or CRLF, the last one in either or nothing; a
// byte-order mark, blank lines and spaces around values are ignored.
const (
	AutoFormat  TraceFormat = iota // told by the header line
	AzureFormat                    // dates, with or without zone: the Azure LLM inference traces of 2023 and 2024
	PlainFormat                    // seconds from the start, or RFC 3339 times
)

// TraceFormats lists the names of all formats, indexed by TraceFormat.
var TraceFormats = [...]string{"auto", "azure", "plain"}

func (f TraceFormat) String() string { return TraceFormats[f] }

// traceHeaders holds the header line of each format.
var traceHeaders = [...]string{AzureFormat: "TIMESTAMP,ContextTokens,GeneratedTokens", PlainFormat: "time,prompt_tokens,output_tokens"}

const (
	// maxLine bounds a line of a trace, in bytes; a sound one has fewer than 100.
	maxLine = 64 << 10
	// maxSpan bounds the times of a trace. It tells Unix times, which would
	// arrive decades after the run, from seconds since its beginning.
	maxSpan = clock.Time(366 * 24 * time.Hour)
)

// Row is one recorded request. Its output may be 0, as in traces that record
// failed requests so.
type Row struct {
	At clock.Time
	Length
}

// TraceError is what is wrong with a trace, and where.
type TraceError struct {
	File   string
	Line   int // from 1; 0 = the file as a whole
	Column int // byte of the line, from 1; 0 = the line as a whole
	Msg    string
}

func (e *TraceError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// TraceReader reads a trace row by row, in memory that does not grow with it.
//
// Times that are dates are made relative to the first row, which is at 0;
// seconds are kept. Times must not decrease and must stay below 366 days.
// Prompts have 1 to 4294967295 tokens, outputs 0 to 4294967295. A last line
// that was cut within its last number cannot be told from a whole one.
type TraceReader struct {
	file   string
	format TraceFormat
	in     *bufio.Reader
	closer io.Closer // nil when the caller owns the input
	line   int
	cut    bool // the line at hand ends without a line break
	dated  bool // times are dates
	begin  time.Time
	rows   int64
	last   clock.Time
	over   bool
	err    error
}

// NewTraceReader reads the header of a trace. The name file is for messages.
// Errors are of type *TraceError.
func NewTraceReader(file string, r io.Reader, format TraceFormat) (*TraceReader, error) {
	t := &TraceReader{file: file, in: bufio.NewReaderSize(r, maxLine)}
	line, ok := t.readLine()
	if t.err != nil {
		return nil, t.err
	}
	header := string(bytes.TrimPrefix(line, []byte("\ufeff")))
	switch {
	case !ok:
		t.fail(0, "is empty; want the header %s", allHeaders())
	case header == traceHeaders[AzureFormat]:
		t.format, t.dated = AzureFormat, true
	case header == traceHeaders[PlainFormat]:
		t.format = PlainFormat
	default:
		t.fail(0, "header must be %s, got %s", allHeaders(), excerpt(line))
	}
	if t.err == nil && format != AutoFormat && format != t.format {
		t.fail(0, "header is that of format %s, not %s", t.format, format)
	}
	return t, t.err
}

// Format returns the format of the trace, as its header tells it.
func (t *TraceReader) Format() TraceFormat { return t.format }

// Next fills row with the next row and reports whether there was one. Once it
// has returned false it goes on returning false; Err says why.
func (t *TraceReader) Next(row *Row) bool {
	for !t.over {
		line, ok := t.readLine()
		switch {
		case !ok:
			if t.err == nil && t.rows == 0 {
				t.line = 0 // it is the file's fault, not a line's
				t.fail(0, "has a header and no rows")
			}
			t.over = true
		case len(bytes.TrimSpace(line)) > 0:
			t.over = !t.parse(line, row)
			return !t.over
		}
	}
	return false
}

// Err returns the *TraceError that ended the trace early, or nil.
func (t *TraceReader) Err() error { return t.err }

// Close closes the file that OpenTrace opened.
func (t *TraceReader) Close() error {
	t.over = true
	if t.closer == nil {
		return nil
	}
	return t.closer.Close()
}

// fail records what is wrong at a column of the present line, and returns false.
func (t *TraceReader) fail(column int, format string, args ...any) bool {
	t.err = &TraceError{File: t.file, Line: t.line, Column: column, Msg: fmt.Sprintf(format, args...)}
	return false
}

// readLine returns the next line without its end, valid until the next call,
// and false at the end of the file or after an error.
func (t *TraceReader) readLine() ([]byte, bool) {
	line, err := t.in.ReadSlice('\n')
	if err == io.EOF && len(line) == 0 {
		return nil, false
	}
	t.line++
	t.cut = err == io.EOF
	switch {
	case err == bufio.ErrBufferFull:
		return nil, t.fail(0, "line is longer than %d bytes", maxLine)
	case err != nil && !t.cut:
		return nil, t.fail(0, "cannot be read: %v", err)
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), true
}

// parse reads one row and reports whether it is sound.
func (t *TraceReader) parse(line []byte, row *Row) bool {
	if n := bytes.Count(line, []byte(",")) + 1; n != 3 {
		hint := ""
		if t.cut && n < 3 {
			hint = "; the file ends here, is it cut short?"
		}
		return t.fail(0, "want the 3 columns %s, got %d%s", traceHeaders[t.format], n, hint)
	}
	first, rest, _ := bytes.Cut(line, []byte(","))
	second, third, _ := bytes.Cut(rest, []byte(","))
	if !t.parseTime(first, &row.At) ||
		!t.parseTokens(second, 1, 1, len(first)+2, &row.Prompt) ||
		!t.parseTokens(third, 2, 0, len(first)+len(second)+3, &row.Output) {
		return false
	}
	t.last = row.At
	t.rows++
	return true
}

// parseTokens reads field i of a row, a count that begins at a column.
func (t *TraceReader) parseTokens(field []byte, i int, least uint64, column int, tokens *uint32) bool {
	field = bytes.TrimSpace(field)
	n, err := strconv.ParseUint(string(field), 10, 32)
	if err != nil || n < least {
		name := strings.Split(traceHeaders[t.format], ",")[i]
		return t.fail(column, "%s must be a whole number from %d to %d, got %s", name, least, uint32(math.MaxUint32), excerpt(field))
	}
	*tokens = uint32(n)
	return true
}

// parseTime reads the time of a row. The first row says whether the times of
// a plain trace are dates or seconds.
func (t *TraceReader) parseTime(field []byte, at *clock.Time) bool {
	field = bytes.TrimSpace(field)
	if t.rows == 0 && t.format == PlainFormat {
		t.dated = looksLikeDate(field)
	}
	if t.dated {
		date, ok := parseDate(field)
		if !ok {
			return t.fail(1, `time must be a date such as "2026-03-01T09:00:00Z" or "2026-03-01 09:00:00.123", got %s`, excerpt(field))
		}
		if t.rows == 0 {
			t.begin = date
		}
		*at = clock.Time(date.Sub(t.begin)) // saturates
	} else {
		s, err := strconv.ParseFloat(string(field), 64)
		if err != nil || !(s >= 0) {
			return t.fail(1, `time must be seconds >= 0 such as "12.5", or an RFC 3339 time in every row, got %s`, excerpt(field))
		}
		*at = clock.FromSeconds(s)
	}
	switch {
	case *at < t.last:
		return t.fail(1, "time %s is before that of the row above; sort the rows by time", excerpt(field))
	case *at > maxSpan:
		return t.fail(1, "time must be within 366 days of the start, got %s; for Unix times, subtract the first or write RFC 3339", excerpt(field))
	}
	return true
}

// looksLikeDate tells a date from a number by its dashes.
func looksLikeDate(b []byte) bool { return len(b) >= 10 && b[4] == '-' && b[7] == '-' }

// parseDate reads 2006-01-02 15:04:05 with a T or a space between, any
// fraction of a second, and a zone or none, which means UTC.
func parseDate(b []byte) (time.Time, bool) {
	if len(b) < len(time.DateTime) {
		return time.Time{}, false
	}
	layout := time.DateTime
	zoned := bytes.ContainsAny(b[len(time.DateTime):], "Z+-")
	switch {
	case b[10] == 'T' && zoned:
		layout = time.RFC3339
	case b[10] == 'T':
		layout = "2006-01-02T15:04:05"
	case zoned:
		layout = "2006-01-02 15:04:05Z07:00"
	}
	date, err := time.Parse(layout, string(b))
	return date, err == nil
}

// allHeaders lists the headers a trace may have.
func allHeaders() string {
	return fmt.Sprintf("%q (%s) or %q (%s)", traceHeaders[AzureFormat], AzureFormat, traceHeaders[PlainFormat], PlainFormat)
}

// excerpt quotes the beginning of b.
func excerpt(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q...", b[:40])
	}
	return fmt.Sprintf("%q", b)
}
