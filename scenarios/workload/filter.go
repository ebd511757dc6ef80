package workload

import (
	"slices"
	"strings"
	"time"
)

// filter checks what all rows must obey and keeps those of one model. A bucket
// of other models becomes one without use: that much is known of its time.
type filter struct {
	in      *input
	rows    reader
	kept    bool     // a row was of the model
	others  []string // some of the other models
	unnamed *note
	model   string // of the last row
	fits    bool   // it is the one asked for
}

func newFilter(in *input, rows reader) *filter {
	f := &filter{in: in, rows: rows}
	if in.Model != "" {
		f.unnamed = in.note("does not say of which model it is; it is taken to be " + in.Model)
	}
	return f
}

func (f *filter) next(it *item) bool {
	for f.rows.next(it) {
		if it.Cached > it.Prompt {
			return f.in.fail(it.Line, 0, "%d of %d prompt tokens are cached; cached tokens are a part of them", it.Cached, it.Prompt)
		}
		if f.in.Model == "" || f.keep(it) {
			return true
		}
		if it.Width > 0 {
			it.Record = Record{Start: it.Start, Width: it.Width, Line: it.Line}
			return true
		}
	}
	if f.in.err == nil && f.in.Model != "" && !f.kept && len(f.others) > 0 {
		f.in.fail(0, 0, "has no rows of model %q; it has %s", f.in.Model, strings.Join(f.others, ", "))
	}
	return false
}

// keep reports whether a row is of the model asked for.
func (f *filter) keep(it *item) bool {
	if it.Model == "" {
		if it.Requests+it.Prompt+it.Output > 0 {
			f.unnamed.add(it.Line)
			f.kept = true
		}
		return true
	}
	if it.Model != f.model {
		f.model, f.fits = strings.Clone(it.Model), SameModel(it.Model, f.in.Model)
		if !f.fits && len(f.others) < 8 && !slices.Contains(f.others, f.model) {
			f.others = append(f.others, f.model)
		}
	}
	f.kept = f.kept || f.fits
	return f.fits
}

// SameModel reports whether a log's name of a model means the one wanted: as
// it stands, without the vendor or region before the last slash, and without
// the date of its version.
func SameModel(name, want string) bool {
	if strings.EqualFold(name, want) {
		return true
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	if strings.EqualFold(name, want) {
		return true
	}
	for _, date := range []string{"-2006-01-02", "-20060102", "@20060102"} {
		if cut := len(name) - len(date); cut > 0 {
			if _, err := time.Parse(date, name[cut:]); err == nil {
				return strings.EqualFold(name[:cut], want)
			}
		}
	}
	return false
}
