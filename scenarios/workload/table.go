package workload

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// table reads rows of named fields, which are text: CSV under a header line,
// the columns of Parquet, or JSON objects.
type table struct {
	in     *input
	wanted []string // the fields, by index; others are skipped
	rows   fields
	line   int   // of the present row
	most   int64 // of a count
	needed int   // the first so many fields must have a value
}

// fields is a file of rows with named fields.
type fields interface {
	// next reads a row and returns where it begins.
	next() (line int, ok bool)
	// text returns a wanted field of the row, empty when the row has none; until the next row.
	text(i int) []byte
	// has reports whether rows may have a wanted field.
	has(i int) bool
	// place returns where a field stands, line and byte of it from 1.
	place(i int) (line, column int)
}

// openTable reads the header of a table. Of a wanted field, alternative names
// are separated by |; the first is for messages. The first required ones must
// be there. With utc, times without a zone are UTC.
func openTable(in *input, utc bool, required int, wanted ...string) *table {
	t := &table{in: in, wanted: make([]string, len(wanted)), most: math.MaxUint32, needed: required}
	in.setTimes(utc)
	names := make([][]string, len(wanted))
	for i, w := range wanted {
		names[i] = strings.Split(w, "|")
		t.wanted[i] = names[i][0]
	}
	switch {
	case in.parquet != nil:
		t.rows = newParquet(in, names)
	case in.lines:
		t.rows = newJSONLines(in, names)
	case in.json:
		t.rows = jsonFields{newJSON(in, "data", names)}
	default:
		t.rows = newCSV(in, names)
	}
	for i := range required {
		if in.err == nil && !t.rows.has(i) {
			in.stop(1, 0, "has no column %s", t.wanted[i])
		}
	}
	return t
}

// next takes up the next row.
func (t *table) next(it *item) bool {
	line, ok := t.rows.next()
	t.line = line
	*it = item{Record: Record{Line: line}}
	return ok
}

// fail records what is wrong with a field of the present row.
func (t *table) fail(i int, format string, args ...any) bool {
	line, column := t.rows.place(i)
	return t.in.fail(line, column, format, args...)
}

// text returns a field as a text to keep.
func (t *table) text(i int) string { return string(t.rows.text(i)) }

// word returns a field that many rows have in common, of several that may hold it the
// first that is there.
func (t *table) word(fields ...int) string {
	for _, i := range fields {
		if s := t.rows.text(i); len(s) > 0 {
			return t.in.word(s)
		}
	}
	return ""
}

// time reads a time that is a date.
func (t *table) time(i int, at *time.Time) bool { return t.timeOf(i, false, at) }

// timeOf reads a time, which may be a number if mayNumber says so.
func (t *table) timeOf(i int, mayNumber bool, at *time.Time) bool {
	s := t.rows.text(i)
	var wrong string
	if *at, wrong = t.in.times.parse(s, mayNumber, t.line); wrong != "" {
		return t.fail(i, "%s", wrong)
	}
	return true
}

// moment reads a time that is in Unix seconds or a date.
func (t *table) moment(i int, at *time.Time) bool {
	var wrong string
	if *at, wrong = t.in.times.moment(t.rows.text(i), t.line); wrong != "" {
		return t.fail(i, "%s", wrong)
	}
	return true
}

// width reads the end of a bucket whose start is known.
func (t *table) width(i int, it *item) bool {
	var end time.Time
	if !t.moment(i, &end) {
		return false
	}
	it.Width = end.Sub(it.Start)
	return it.Width > 0 && it.Width <= maxSpan || t.fail(i, "%s must be after the start and within a year of it, got %s", t.wanted[i], excerpt(t.rows.text(i)))
}

// maxCount bounds a count of a bucket, so that sums of a million rows fit. Those
// of a request must fit a Row.
const maxCount = 1 << 42

// count reads a count; one that is not needed is 0 when absent.
func (t *table) count(i int, n *int64) bool {
	s := t.rows.text(i)
	v, ok := parseCount(s)
	*n = v
	return ok && v <= t.most && (len(s) > 0 || i >= t.needed) || t.fail(i, "%s must be a whole number from 0 to %d, got %s", t.wanted[i], t.most, excerpt(s))
}

// parseCount reads a count. Some logs write whole numbers with a fraction, as
// 3.0 or 3e2; an empty text is 0.
func parseCount(s []byte) (int64, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if len(s) < 13 { // most are such
		if n, ok := digits(s); ok {
			return int64(n), true
		}
	}
	n, err := strconv.ParseInt(string(s), 10, 64)
	if err != nil && bytes.ContainsAny(s, ".eE") {
		var f float64
		if f, err = strconv.ParseFloat(string(s), 64); err == nil && f != math.Trunc(f) || math.Abs(f) > maxCount {
			return 0, false
		}
		n = int64(f)
	}
	return n, err == nil && n >= 0 && n <= maxCount
}
