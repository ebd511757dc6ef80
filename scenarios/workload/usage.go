package workload

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Record is one row of a usage log: one request, or what was used in one
// bucket of time.
type Record struct {
	Start    time.Time     // of the bucket, or of the request; see Usage.Relative
	Width    time.Duration // of the bucket; 0 for one request
	Requests int64         // 0 when a log of buckets does not count them
	Prompt   int64         // prompt tokens, cached ones among them
	Cached   int64         // at most Prompt; 0 when the log does not say
	Output   int64         // tokens
	// MaxTokens is the bound on the output that the request declared; 0 when it
	// declared none, and when the log does not say.
	MaxTokens int64
	Model     string        // "" when the log does not say
	Tenant    string        // whose request it was; "" when the log does not say
	Status    int           // of HTTP, of the reply; 0 when the log does not say
	Latency   time.Duration // from the request to its end; 0 when the log does not say
	Cost      float64       // US dollars, where Priced
	Priced    bool          // the log says what it cost
	Deadline  time.Duration // after Start, when its caller gives up; 0 = none, or the log does not say
	Priority  int8          // lower is more urgent; 0 when the log does not say
	Line      int           // where it stands, for messages
}

// UsageOptions says how a log is read. The zero value tells the format by the
// beginning of the file and reads all of it.
type UsageOptions struct {
	// Format is one of FormatNames; "" or AutoFormat = told by the file.
	Format string
	// Model keeps the rows of one model: of that name, with whatever vendor
	// before it and date after it, as azure/gpt-4o-2024-08-06 for gpt-4o.
	// Rows that name no model are kept. "" = all models.
	Model string
	// Location is where times without a zone are from; nil = UTC, with a
	// warning. Formats that always write UTC do not need it.
	Location *time.Location
	// Columns says which columns of a log of the format plain hold what.
	Columns Columns
	// SkipBadRows leaves out rows of requests that cannot be read, and counts them.
	SkipBadRows bool
	// InOrder says that the log is known to be in order, so that few rows are held back.
	InOrder bool
}

// Usage reads a usage log row by row, in time order. Rows of one instant (of
// several models or keys, of several metrics) follow each other and are to be
// summed. The memory does not grow with the log, for rows are sorted within a window of
// MaxDisorder rows.
type Usage struct {
	in     *input
	format *format
	sorter *sorter
	item   item // what Next gives next
	ready  bool
	given  int64
	width  time.Duration
	screen *screen
	filter *filter
}

// FileError is what is wrong with a trace or a usage log, and where.
type FileError struct {
	File   string
	Line   int // from 1; 0 = the file as a whole
	Column int // byte of the line, from 1; 0 = the line as a whole
	Msg    string
	cause  error // that the system told, if it did
}

// Unwrap returns why a file could not be opened.
func (e *FileError) Unwrap() error { return e.cause }

func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// reader reads the rows of one format. Next fills it and reports whether there
// was one; once it has returned false it is not called again, and the input
// knows what was wrong, if anything was.
type reader interface {
	next(it *item) bool
}

// item is a record and what tells it from others of the same instant: a hash
// of its request ID or of its group. 0 = nothing does.
type item struct {
	Record
	id uint64
}

// input is a log while it is read: its bytes, what was asked for, and what
// there is to say of it.
type input struct {
	UsageOptions
	file  string
	bytes *bufio.Reader
	// source is what bytes reads, and nil where that is compressed.
	source  io.Reader
	parquet *parquet.File // it is Parquet; nil = it is not
	json    bool          // it is JSON, else CSV or Parquet
	lines   bool          // it is JSON with an object on each line
	times   timeReader
	notes   []*note
	err     *FileError
	ended   bool     // nothing can be read after err
	cut     bool     // names are those of the beginning alone
	names   []string // of columns, or keys of objects
	// words are the texts that rows have in common, each of which is kept once.
	words map[string]string
}

// maxWords bounds input.words: 1 M names of tenants.
const maxWords = 1 << 20

// word returns a text that many rows share.
func (in *input) word(s []byte) string {
	if len(s) == 0 {
		return ""
	}
	if w, ok := in.words[string(s)]; ok {
		return w
	}
	w := string(s)
	if in.words == nil {
		in.words = map[string]string{}
	}
	if len(in.words) < maxWords {
		in.words[w] = w
	}
	return w
}

// fail records what is wrong, once, and returns false.
func (in *input) fail(line, column int, format string, args ...any) bool {
	if in.err == nil {
		in.err = &FileError{File: in.file, Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
	}
	return false
}

// stop records what is wrong where nothing can be read after it, and returns false.
func (in *input) stop(line, column int, format string, args ...any) bool {
	in.ended = true
	return in.fail(line, column, format, args...)
}

// note is something to say of a log, and of how many rows.
type note struct {
	text   string
	rows   int64
	line   int // the first of them
	column int // of the first; 0 = the row as a whole
}

// note makes a note that says nothing until rows are added.
func (in *input) note(text string) *note {
	n := &note{text: text}
	in.notes = append(in.notes, n)
	return n
}

func (n *note) add(line int) {
	if n.rows == 0 {
		n.line = line
	}
	n.rows++
}

// OpenUsage reads a log up to its first row. The name is for messages; the
// caller closes r. Errors are of type *FileError.
func OpenUsage(name string, r io.Reader, o UsageOptions) (*Usage, error) {
	u := &Usage{in: &input{UsageOptions: o, file: name, bytes: bufio.NewReaderSize(r, sniffed), source: r}}
	u.in.unpack()
	if u.in.err == nil {
		u.format = u.in.sniff()
	}
	if u.format != nil && u.in.err == nil {
		if rows := u.format.open(u.in); u.in.err == nil {
			u.screen = &screen{in: u.in, rows: rows, skips: o.SkipBadRows && u.format.Requests}
			u.filter = newFilter(u.in, u.screen)
			u.sorter = newSorter(u.in, u.format, u.filter)
			u.advance()
		}
	}
	if u.in.err != nil {
		return nil, u.in.err
	}
	return u, nil
}

// Next fills rec with the next row and reports whether there was one. Once it
// has returned false it goes on returning false; Err says why.
func (u *Usage) Next(rec *Record) bool {
	if !u.ready {
		return false
	}
	*rec = u.item.Record
	u.advance()
	return true
}

// advance reads the row that Next gives next.
func (u *Usage) advance() {
	if u.ready = u.sorter.next(&u.item); u.ready {
		u.given++
		u.width = max(u.width, u.item.Width)
	} else if u.given == 0 && u.screen.bad > 0 {
		u.in.fail(u.screen.first.line, 0, "none of its %d rows can be read: %s", u.screen.bad, u.screen.first.text)
	} else if u.given == 0 {
		what := "has a header and no rows of usage"
		if u.in.json {
			what = "has no rows of usage"
		}
		u.in.fail(0, 0, "%s", what)
	}
}

// Err returns the *FileError that ended the log early, or nil.
func (u *Usage) Err() error {
	if u.in.err == nil || u.ready {
		return nil
	}
	return u.in.err
}

// Format returns the name of the log's format.
func (u *Usage) Format() string { return u.format.Name }

// Granularity returns the width of the widest bucket so far, 0 for a log of
// requests. It is known from the beginning where all buckets are alike.
func (u *Usage) Granularity() time.Duration { return u.width }

// InOrder reports whether the rows so far were in order.
func (u *Usage) InOrder() bool { return !u.sorter.mixed }

// Relative reports that the log's times count from a beginning unknown: then records
// start so long after 1970.
func (u *Usage) Relative() bool { return u.in.times.kind == relative }

// BadRows returns how many rows were left out because they cannot be read.
func (u *Usage) BadRows() int64 { return u.screen.bad }

// Others returns the models other than UsageOptions.Model that rows read so far are of,
// those of most rows first, and how many rows they have together.
func (u *Usage) Others() (models []string, rows int64) { return u.filter.others.list() }

// Warnings says what was assumed or left out, one sentence each. It is whole
// once Next has returned false.
func (u *Usage) Warnings() []string {
	var all []string
	for _, n := range u.in.notes {
		if n.rows == 0 {
			continue
		}
		text := n.text
		if n.rows > 1 {
			text += fmt.Sprintf(" (here and in %d more rows)", n.rows-1)
		}
		all = append(all, (&FileError{File: u.in.file, Line: n.line, Column: n.column, Msg: text}).Error())
	}
	if names, rows := u.Others(); rows > 0 {
		all = append(all, fmt.Sprintf("%s: %s, not of %s; they are left out", u.in.file, ofOthers(names, rows), u.in.Model))
	}
	return all
}

// excerpt quotes the beginning of s.
func excerpt[T string | []byte](s T) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q...", s[:40])
	}
	return fmt.Sprintf("%q", s)
}
