// Package tracefile writes requests as a trace: a file that package workload reads again.
//
// A [Writer] takes the requests in time order and writes them as a stream, so that its memory
// does not grow with them. Not every format has a place for all that is known of a request;
// [Writer.Warnings] says what was lost, once for each kind of loss.
package tracefile

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ratesim/scenarios/workload"
)

// Format describes a format that can be written.
type Format struct {
	Name  string
	About string
	Ends  []string // of file names that mean it
	kept  []field  // that it has a place for, beside the time and the tokens
	open  func(w io.Writer, o *Options) (encoder, error)
}

// Formats returns the formats that can be written.
func Formats() []Format {
	all := []field{cached, model, maxTokens, tenant, status, latency, cost, deadline, priority}
	return []Format{
		{"csv", "the plain format of ratesim as CSV", []string{".csv"}, all, openCSV},
		{"jsonl", "the plain format of ratesim as lines of JSON", []string{".jsonl", ".ndjson"}, all, openJSONL},
		{"parquet", "the plain format of ratesim as Parquet", []string{".parquet"}, all, openParquet},
		{"azure", "CSV of the Azure LLM inference traces", nil, nil, openAzure},
		{"burstgpt", "CSV of the BurstGPT traces", nil, []field{model, latency}, openBurstGPT},
		{"mooncake", "lines of JSON of the Mooncake traces", nil, nil, openMooncake},
		{"openai-batch", "lines of JSON that OpenAI's batch API takes, with made-up prompts of the right length", nil, []field{model, maxTokens}, openBatch},
	}
}

// FormatNames returns the names of all formats.
func FormatNames() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// ForFile returns the format that the name of a file means, "" if it means none. The ending of
// a compression does not count.
func ForFile(name string) string {
	name, _ = compression(name)
	for _, f := range Formats() {
		if slices.ContainsFunc(f.Ends, func(end string) bool { return strings.HasSuffix(name, end) }) {
			return f.Name
		}
	}
	return ""
}

// Ends returns the endings of file names that mean a format.
func Ends() []string {
	var ends []string
	for _, f := range Formats() {
		ends = append(ends, f.Ends...)
	}
	return ends
}

// Options say what is known of the requests before the first is written.
type Options struct {
	// Columns are those of workload.ColumnNames that requests may have values of, beside the
	// first three. Values of others are lost, which Warnings says.
	Columns []string
	// Dated says that requests start at a date; otherwise they start so long after 1970.
	Dated bool
	// Model is that of requests which name none, for formats that need one.
	Model string
}

// encoder writes requests in one format.
type encoder interface {
	write(r *workload.Record) error
	close() error      // ends the text, and leaves the writer open
	remarks() []string // what was lost or made up, beside fields without a place
}

// Writer writes requests in one format.
type Writer struct {
	to     encoder
	format string
	lost   []loss
	rows   int64
}

// loss is a field that has no place in a format, and how many requests had a value of it.
type loss struct {
	field field
	rows  int64
}

// NewWriter writes a trace to w. The caller closes w after the writer.
func NewWriter(w io.Writer, format string, o Options) (*Writer, error) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == format })
	if i < 0 {
		return nil, fmt.Errorf("unknown format %q of a trace; allowed: %s", format, strings.Join(FormatNames(), ", "))
	}
	t := &Writer{format: format}
	for f := range fieldCount {
		if !slices.Contains(all[i].kept, f) || all[i].named() && !slices.Contains(o.Columns, f.String()) {
			t.lost = append(t.lost, loss{field: f})
		}
	}
	var err error
	t.to, err = all[i].open(w, &o)
	return t, err
}

// named reports whether files of the format name their columns, so that those without a value
// can be left out.
func (f *Format) named() bool { return len(f.Ends) > 0 }

// Write writes a request, which must not be earlier than the one before it.
func (t *Writer) Write(r *workload.Record) error {
	t.rows++
	for i := range t.lost {
		if l := &t.lost[i]; l.field.in(r) {
			l.rows++
		}
	}
	return t.to.write(r)
}

// Rows returns how many requests were written.
func (t *Writer) Rows() int64 { return t.rows }

// Close writes what is still to be written.
func (t *Writer) Close() error { return t.to.close() }

// Warnings says what the format had no place for, and what was made up. It is whole once all
// requests are written.
func (t *Writer) Warnings() []string {
	var all []string
	for _, l := range t.lost {
		if l.rows > 0 {
			all = append(all, fmt.Sprintf("the format %s has no place for %s: it is lost, in %d of %d requests", t.format, l.field, l.rows, t.rows))
		}
	}
	return append(all, t.to.remarks()...)
}
