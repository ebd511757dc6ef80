package workload

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// MaxDisorder is how many rows may stand between a row and where it belongs by
// time, in formats that do not come in time order. A log of twice as many may
// be in any order: a year of minutes, for two models one after the other. The
// rows held take up to 77 MB.
const MaxDisorder = 600_000

// maxModels bounds the names of models in a log; more are something else.
const maxModels = 1 << 14

// sorter puts rows in time order within a window: it holds up to twice
// MaxDisorder rows, sorts them, and gives away the earlier half. Rows of one
// instant are in order of their IDs, so that a row that is in the log twice
// shows as two equal neighbours.
type sorter struct {
	in     *input
	rows   reader
	window int
	held   []heldRow
	given  int // of held
	ready  int // of held: those before it may be given
	over   bool
	models []string

	read  int64   // start of the last row read
	some  bool    // a row was given
	first int64   // start of the first one
	prev  heldRow // the last one
	until int64   // end of the latest bucket given
	after int     // its line

	disorder *note // nil = any order is usual
	twice    *note
	widths   *note
}

// heldRow is an item without pointers, in 64 bytes.
type heldRow struct {
	start                            int64 // Unix nanoseconds
	id                               uint64
	requests, prompt, cached, output int64
	line                             uint32
	model                            uint16 // index into models
	seconds                          uint32 // width
}

func newSorter(in *input, of *format, rows reader) *sorter {
	s := &sorter{in: in, rows: rows, window: MaxDisorder,
		twice:  in.note("is in the log twice, with the same numbers; it counts once"),
		widths: in.note("is a bucket of another width than those before")}
	if of.Requests { // buckets may well be in order of their groups
		s.disorder = in.note("is earlier than the row above; rows are sorted by time")
	}
	return s
}

func (s *sorter) next(it *item) bool {
	for {
		for s.given == s.ready {
			if !s.refill() {
				return false
			}
		}
		h := &s.held[s.given]
		s.given++
		repeated, ok := s.check(h)
		if !ok {
			return false
		}
		if s.prev = *h; repeated {
			continue
		}
		it.id = h.id
		it.Record = Record{Start: time.Unix(0, h.start).UTC(), Width: time.Duration(h.seconds) * time.Second, Requests: h.requests,
			Prompt: h.prompt, Cached: h.cached, Output: h.output, Model: s.models[h.model], Line: int(h.line)}
		return true
	}
}

// refill reads rows until there are some to give.
func (s *sorter) refill() bool {
	if s.over {
		return false
	}
	s.held = s.held[:copy(s.held, s.held[s.given:])]
	s.given = 0
	var it item
	for len(s.held) < 2*s.window && !s.over {
		if s.over = !s.rows.next(&it); s.over {
			break
		}
		h, ok := s.hold(&it)
		if !ok {
			return false
		}
		if s.disorder != nil && len(s.held) > 0 && h.start < s.read {
			s.disorder.add(it.Line)
		}
		s.read = h.start
		if n := len(s.held); n == cap(s.held) { // by few steps, for each leaves garbage
			s.held = append(make([]heldRow, 0, min(2*s.window, max(1<<10, 8*n))), s.held...)
		}
		s.held = append(s.held, h)
	}
	if s.in.err != nil {
		return false
	}
	slices.SortFunc(s.held, func(a, b heldRow) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id), cmp.Compare(a.line, b.line))
	})
	if s.ready = len(s.held); !s.over {
		s.ready = s.window
	}
	return s.ready > 0
}

// hold packs an item.
func (s *sorter) hold(it *item) (h heldRow, ok bool) {
	if y := it.Start.Year(); y < 1970 || y > 2200 {
		return h, s.in.fail(it.Line, 0, "time %s must be from 1970 to 2200", it.Start.Format(time.DateTime))
	}
	model := slices.Index(s.models, it.Model)
	if model < 0 {
		if model = len(s.models); model == maxModels {
			return h, s.in.fail(it.Line, 0, "has more than %d names of models; are they names of something else?", maxModels)
		}
		s.models = append(s.models, strings.Clone(it.Model))
	}
	return heldRow{start: it.Start.UnixNano(), id: it.id, requests: it.Requests, prompt: it.Prompt, cached: it.Cached, output: it.Output,
		line: uint32(it.Line), model: uint16(model), seconds: uint32(it.Width / time.Second)}, true
}

// check holds a row against those given before it, and reports whether it is
// there again.
func (s *sorter) check(h *heldRow) (repeated, ok bool) {
	p := &s.prev
	at := func(start int64) string { return time.Unix(0, start).UTC().Format(time.RFC3339) }
	if !s.some {
		s.some, s.first = true, h.start
	}
	switch {
	case h.start < p.start:
		return false, s.in.fail(int(h.line), 0, "%s is more than %d rows behind its place; sort the rows by time", at(h.start), s.window)
	case h.start-s.first > int64(maxSpan):
		return false, s.in.fail(int(h.line), 0, "%s is more than 366 days after the first row, %s", at(h.start), at(s.first))
	case h.id != 0 && h.start == p.start && h.id == p.id:
		if h.prompt == p.prompt && h.cached == p.cached && h.output == p.output && h.requests == p.requests && h.seconds == p.seconds {
			s.twice.add(int(h.line))
			return true, true
		}
		return false, s.in.fail(int(h.line), 0, "%s is in line %d too, with other numbers; is a page or an export in the file twice?", at(h.start), p.line)
	case h.start < s.until && (h.start != p.start || h.seconds != p.seconds):
		return false, s.in.fail(int(h.line), 0, "the bucket of %s overlaps that of line %d; are two exports in the file?", at(h.start), s.after)
	}
	if p.seconds != 0 && h.seconds != p.seconds {
		s.widths.add(int(h.line))
	}
	if end := h.start + int64(h.seconds)*int64(time.Second); end > s.until {
		s.until, s.after = end, int(h.line)
	}
	return false, true
}

// nameHash hashes what tells a row from others of its time (FNV-1a).
func nameHash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		h = hashMore(h, p)
	}
	return max(1, h)
}

func hashMore[T string | []byte](h uint64, part T) uint64 {
	for i := range len(part) {
		h = (h ^ uint64(part[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211 // a byte that text in UTF-8 does not hold
}
