package catalog

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// provenance is what every file says of every row; a note may be missing.
var provenance = [...]string{"source", "date", "confidence"}

var confidences = [...]string{"official", "observed", "secondary", "derived", "recall"}

// Confidences returns how sure a fact can be, the surest first; see Fact.Confidence.
func Confidences() []string { return slices.Clone(confidences[:]) }

// line is one row of a file; its methods take the name of a column, one that the
// file lacks being empty, and keep the first error.
type line struct {
	file   string
	csv    *csv.Reader
	column map[string]int
	cells  []string
	err    error
}

// fail says what is wrong with a cell.
func (l *line) fail(column, format string, args ...any) {
	if l.err == nil {
		row, at := l.csv.FieldPos(l.column[column])
		l.err = fmt.Errorf("%s:%d:%d: %s: %s", l.file, row, at, column, fmt.Sprintf(format, args...))
	}
}

// cell returns what stands in a column; empty when the file lacks it.
func (l *line) cell(column string) string {
	if i, ok := l.column[column]; ok {
		return strings.TrimSpace(l.cells[i])
	}
	return ""
}

// text reads a cell that must not be empty.
func (l *line) text(column string) string {
	s := l.cell(column)
	if s == "" {
		l.fail(column, "is empty")
	}
	return s
}

// name reads a part of a reference.
func (l *line) name(column string) string {
	s := l.cell(column)
	if strings.ContainsAny(s, "/:@ \t") {
		l.fail(column, "%q is part of a reference; it must not contain /, :, @ or a space", s)
	}
	return s
}

// number reads a number above 0.
func (l *line) number(column string) float64 {
	s := l.text(column)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		l.fail(column, "want a number above 0, got %q", s)
		return 1
	}
	return v
}

// price reads a price in US dollars.
func (l *line) price(column string) float64 {
	s := l.text(column)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		l.fail(column, "want a price of at least 0, got %q", s)
		return 0
	}
	return v
}

// whole reads a whole number from 1 to most; 0 for an empty cell.
func (l *line) whole(column string, most int64) int64 {
	s := l.cell(column)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && v == 0:
		l.fail(column, "0 would admit nothing; leave the cell empty for no limit")
	case err != nil || v < 0 || v > most:
		l.fail(column, "want a whole number from 1 to %d or nothing, got %q", most, s)
		return 0
	}
	return v
}

// fact reads where the row comes from.
func (l *line) fact(what string) Fact {
	f := Fact{What: what, Source: l.text("source"), Date: l.text("date"), Confidence: l.text("confidence"), Note: l.cell("note")}
	if !slices.Contains(confidences[:], f.Confidence) {
		l.fail("confidence", "unknown confidence %q; allowed: %s", f.Confidence, strings.Join(confidences[:], ", "))
	}
	return f
}

// maxErrors is how many errors in one file are reported; a file with more has
// one cause.
const maxErrors = 20

// read calls row for every row of a file whose first line names its columns:
// those that it must have, the provenance among them, and those it may have.
func read(file string, r io.Reader, must, may []string, row func(*line)) error {
	l := &line{file: file, csv: csv.NewReader(r)}
	head, err := l.csv.Read()
	if err == io.EOF {
		return fmt.Errorf("%s:1:1: the file is empty; want a first line with the names of columns", file)
	}
	if err != nil {
		return l.broken(err)
	}
	if err := l.columns(head, append(slices.Clone(must), provenance[:]...), append(slices.Clone(may), "note")); err != nil {
		return err
	}
	var wrong []error
	for len(wrong) < maxErrors {
		l.err = nil
		if l.cells, err = l.csv.Read(); err == io.EOF {
			break
		}
		if errors.Is(err, csv.ErrFieldCount) {
			wrong = append(wrong, l.broken(err))
			continue
		}
		if err != nil {
			return errors.Join(append(wrong, l.broken(err))...)
		}
		if row(l); l.err != nil {
			wrong = append(wrong, l.err)
		}
	}
	return errors.Join(wrong...)
}

// broken gives an error of the CSV reader its place.
func (l *line) broken(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s:%d:%d: %w", l.file, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("reading %s: %w", l.file, err)
}

// columns notes where each column is.
func (l *line) columns(head, must, may []string) error {
	l.column = map[string]int{}
	var wrong []error
	for i, name := range head {
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff") // spreadsheets put it first
		}
		name = strings.TrimSpace(name)
		row, at := l.csv.FieldPos(i)
		if _, twice := l.column[name]; twice {
			wrong = append(wrong, fmt.Errorf("%s:%d:%d: column %q is there twice", l.file, row, at, name))
		} else if !slices.Contains(must, name) && !slices.Contains(may, name) {
			wrong = append(wrong, fmt.Errorf("%s:%d:%d: unknown column or unit %q; allowed: %s", l.file, row, at, name,
				strings.Join(append(slices.Clone(must), may...), ", ")))
		}
		l.column[name] = i
	}
	for _, name := range must {
		if _, ok := l.column[name]; !ok {
			wrong = append(wrong, fmt.Errorf("%s:1:1: no column %q", l.file, name))
		}
	}
	return errors.Join(wrong...)
}
