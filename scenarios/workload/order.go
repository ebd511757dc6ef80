package workload

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// MaxDisorder is how many rows may stand between a row and where it belongs by
// time: a year of minutes, for two models one after the other. The rows held take
// up to 54 MB in a log that is in order and 107 MB in one that is not.
const MaxDisorder = 600_000

// maxModels bounds the names of models in a log; more are something else.
const maxModels = 1 << 14

// maxTenants bounds the names of tenants in a log.
const maxTenants = 1 << 20

// sorter puts rows in time order within a window. Rows of one instant are in order of their
// IDs, so that a row that is in the log twice shows as two equal neighbours.
//
// As long as rows come in order, it only holds back as many as the window has: one that belongs
// before them may still come. From the first that does on it holds up to twice as many, sorts
// them, and gives away the earlier half.
type sorter struct {
	in      *input
	rows    reader
	window  int
	queue   rowQueue  // of a log that is in order
	mixed   bool      // it is not
	held    []heldRow // then
	given   int       // of held
	ready   int       // how many may be given
	over    bool
	sorted  bool // what is held is in order
	models  names
	tenants names
	zones   []*time.Location

	item  item    // the last row read
	read  int64   // its start
	some  bool    // a row was given
	first int64   // start of the first one
	prev  heldRow // the last one
	until int64   // end of the latest bucket given
	after int     // its line

	disorder *note // nil = any order is usual
	twice    *note
	widths   *note
	crowd    *note
}

// heldRow is an item without pointers, in 88 bytes.
type heldRow struct {
	start                            int64 // Unix nanoseconds
	id                               uint64
	requests, prompt, cached, output int64
	cost                             float64 // NaN = not known
	line, maxTokens                  uint32
	seconds                          uint32 // width
	latency                          uint32 // in units of latencyUnit
	tenant                           uint32 // index into tenants
	model, status                    uint16 // model: index into models
	zone                             uint8  // index into zones
	priority                         int8
	deadline                         uint32 // in ms
}

// latencyUnit lets a heldRow hold latencies of up to 11 hours.
const latencyUnit = 10 * time.Microsecond

// names gives names numbers.
type names struct {
	all   []string
	index map[string]uint32
	last  string
	at    uint32 // the number of the last one
}

// number returns the number of a name; with ok false there are most names already.
func (n *names) number(name string, most int) (number uint32, ok bool) {
	if len(n.all) > 0 && name == n.last {
		return n.at, true
	}
	at, known := n.index[name]
	if !known {
		if len(n.all) == most {
			return 0, false
		}
		if n.index == nil {
			n.index = map[string]uint32{}
		}
		at = uint32(len(n.all))
		n.all = append(n.all, strings.Clone(name))
		n.index[n.all[at]] = at
	}
	n.last, n.at = n.all[at], at
	return at, true
}

func newSorter(in *input, of *format, rows reader) *sorter {
	s := &sorter{in: in, rows: rows, window: MaxDisorder,
		twice:  in.note("is in the log twice, with the same numbers; it counts once"),
		widths: in.note("is a bucket of another width than those before"),
		crowd:  in.note("is of one more tenant than can be told apart; its tenant is left out")}
	if in.InOrder {
		s.window = 1 << 12
	}
	if of.Requests { // buckets may well be in order of their groups
		s.disorder = in.note("is earlier than the row above; rows are sorted by time")
	}
	return s
}

func (s *sorter) next(it *item) bool {
	for {
		if s.ready == 0 && !s.refill() {
			return false
		}
		var h *heldRow
		if s.ready--; s.mixed {
			h = &s.held[s.given]
			s.given++
		} else {
			h = s.queue.pop()
		}
		repeated, ok := s.check(h)
		if !ok {
			return false
		}
		if s.prev = *h; repeated {
			continue
		}
		it.id = h.id
		it.Record = Record{Start: time.Unix(0, h.start).In(s.zones[h.zone]), Width: time.Duration(h.seconds) * time.Second, Requests: h.requests,
			Prompt: h.prompt, Cached: h.cached, Output: h.output, MaxTokens: int64(h.maxTokens), Model: s.models.all[h.model],
			Tenant: s.tenants.all[h.tenant], Status: int(h.status), Latency: time.Duration(h.latency) * latencyUnit, Line: int(h.line),
			Deadline: time.Duration(h.deadline) * time.Millisecond, Priority: h.priority}
		if h.cost == h.cost { // a number
			it.Cost, it.Priced = h.cost, true
		}
		return true
	}
}

// refill reads rows until there are some to give.
func (s *sorter) refill() bool {
	if !s.mixed {
		for !s.mixed && !s.over && s.queue.rows < s.window+min(queueChunk, s.window) {
			if !s.read1() {
				return false
			}
		}
		if !s.mixed {
			if s.ready = s.queue.rows; !s.over {
				s.ready -= s.window
			}
			return s.ready > 0
		}
		s.ready = 0
	}
	if s.over && s.given == len(s.held) {
		return false
	}
	s.held = s.held[:copy(s.held, s.held[s.given:])]
	s.given = 0
	for len(s.held) < 2*s.window && !s.over {
		if !s.read1() {
			return false
		}
	}
	if !s.sorted {
		slices.SortFunc(s.held, func(a, b heldRow) int { return compareHeld(&a, &b) })
		s.sorted = true
	}
	if s.ready = len(s.held); !s.over {
		s.ready = s.window
	}
	return s.ready > 0
}

// read1 reads a row and holds it. It reports whether there may be more to do: at the end of
// the log, over is set.
func (s *sorter) read1() bool {
	it := &s.item
	if s.over = !s.rows.next(it); s.over {
		return s.in.err == nil
	}
	h, ok := s.hold(it)
	if !ok {
		return false
	}
	if s.disorder != nil && h.start < s.read {
		s.disorder.add(it.Line)
	}
	s.read = h.start
	if !s.mixed {
		if s.queue.push(&h) {
			return true
		}
		s.mixed, s.sorted, s.given = true, false, 0
		s.held = s.queue.empty(make([]heldRow, 0, min(2*s.window, 2*s.queue.rows+1<<10)))
	}
	if n := len(s.held); n > 0 && compareHeld(&s.held[n-1], &h) > 0 {
		s.sorted = false
	}
	if n := len(s.held); n == cap(s.held) { // by few steps, for each leaves garbage
		s.held = append(make([]heldRow, 0, min(2*s.window, max(1<<10, 8*n))), s.held...)
	}
	s.held = append(s.held, h)
	return true
}

// compareHeld orders rows by time, and those of one instant by their IDs.
func compareHeld(a, b *heldRow) int {
	if a.start != b.start {
		return cmp.Compare(a.start, b.start)
	}
	return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.line, b.line))
}

// hold packs an item.
func (s *sorter) hold(it *item) (h heldRow, ok bool) {
	model, ok := s.models.number(it.Model, maxModels)
	if !ok {
		return h, s.in.stop(it.Line, 0, "has more than %d names of models; are they names of something else?", maxModels)
	}
	tenant, ok := s.tenants.number(it.Tenant, maxTenants)
	if !ok {
		s.crowd.add(it.Line)
		tenant, _ = s.tenants.number("", maxTenants+1)
	}
	h = heldRow{start: it.Start.UnixNano(), id: it.id, requests: it.Requests, prompt: it.Prompt, cached: it.Cached, output: it.Output,
		cost: math.NaN(), line: uint32(it.Line), maxTokens: uint32(it.MaxTokens), seconds: uint32(it.Width / time.Second),
		latency: uint32(min(it.Latency/latencyUnit, math.MaxUint32)), tenant: tenant, model: uint16(model), status: uint16(it.Status), zone: s.zone(it.Start.Location()),
		deadline: uint32(min((it.Deadline+time.Millisecond-1)/time.Millisecond, math.MaxUint32)), priority: it.Priority}
	if it.Priced {
		h.cost = it.Cost
	}
	return h, true
}

// zone returns the number of a zone. A log with more of them than a byte counts has the
// last ones told in UTC.
func (s *sorter) zone(of *time.Location) uint8 {
	if n := len(s.zones); n > 0 && s.zones[n-1] == of {
		return uint8(n - 1)
	}
	i := slices.Index(s.zones, of)
	if i < 0 && len(s.zones) < 256 {
		i = len(s.zones)
		s.zones = append(s.zones, of)
	}
	return uint8(max(i, 0))
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
		return false, s.in.fail(int(h.line), 0, "%s is more than %d rows behind its place, which is too far to sort; sort the file by time first, such as with sort or a database", at(h.start), s.window)
	case h.start-s.first > int64(maxSpan):
		return false, s.in.stop(int(h.line), 0, "%s is more than 366 days after the first row, %s", at(h.start), at(s.first))
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
