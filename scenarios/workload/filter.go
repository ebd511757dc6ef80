package workload

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// filter keeps the rows of one model and counts the others. A bucket of other models
// becomes one without use: that much is known of its time.
type filter struct {
	in      *input
	rows    reader
	kept    bool // a row was of the model
	others  others
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
		if f.in.Model == "" || f.keep(it) {
			return true
		}
		if it.Width > 0 {
			it.Record = Record{Start: it.Start, Width: it.Width, Line: it.Line}
			return true
		}
	}
	if names, rows := f.others.list(); f.in.err == nil && rows > 0 && !f.kept {
		f.in.fail(0, 0, "has no rows of model %q; %s", f.in.Model, ofOthers(names, rows))
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
	}
	if !f.fits {
		f.others.add(f.model)
	}
	f.kept = f.kept || f.fits
	return f.fits
}

// others counts rows by model. Of more than maxModels models the later ones have no count of
// their own.
type others struct {
	rows   int64
	counts map[string]*int64
	last   string
	at     *int64 // the count of the last model
}

func (o *others) add(model string) {
	o.rows++
	if o.at == nil || model != o.last {
		o.last = model
		if o.at = o.counts[model]; o.at == nil {
			if o.counts == nil {
				o.counts = map[string]*int64{}
			}
			o.at = new(int64)
			if len(o.counts) < maxModels {
				o.counts[model] = o.at
			}
		}
	}
	*o.at++
}

// list returns the models, those of most rows first, and how many rows there are.
func (o *others) list() (models []string, rows int64) {
	models = slices.SortedFunc(maps.Keys(o.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(*o.counts[b], *o.counts[a]), strings.Compare(a, b))
	})
	return models, o.rows
}

// ofOthers says in a few words which models rows are of.
func ofOthers(models []string, rows int64) string {
	const most = 6
	more := ""
	if n := len(models) - most; n > 0 {
		models, more = models[:most], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%d rows are of %s%s", rows, strings.Join(models, ", "), more)
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
