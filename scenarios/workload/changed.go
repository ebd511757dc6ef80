package workload

import (
	"cmp"
	"io"
	"math"
	"strings"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// ChangedOptions says how a log of requests is changed.
type ChangedOptions struct {
	Transform
	Seed  uint64        // of the draws
	Log   int           // which of several logs it is, each of which has draws of its own
	Until time.Duration // requests that come so long after the beginning are left out; 0 = none
	Apart bool          // each copy that Scale makes has tenants of its own: web, web-2, web-3
	// Relative counts times from the first request, also of a log that has dates.
	Relative bool
}

// Changed gives the requests of a log as they are after a change, in time order.
type Changed struct {
	usage *Usage
	trace transformed[Record]
	begin time.Time // of the times that Transform counts from
	apart bool
	rows  int64
	// tenants are those of copies, by that of the log and the copy.
	tenants map[tenantCopy]string
}

type tenantCopy struct {
	name   string
	number int
}

// maxRecords bounds the requests that are kept because they are read more than once: 80 MB.
const maxRecords = 1 << 18

// NewChanged reads the beginning of a log. It calls open again where the change asks for the
// requests more than once and they are too many to be kept. The argument of open is
// UsageOptions.InOrder.
func NewChanged(open func(inOrder bool) (*Usage, io.Closer, error), o ChangedOptions) (*Changed, error) {
	u, closer, err := open(false)
	if err != nil {
		return nil, err
	}
	if !u.format.Requests {
		closer.Close()
		u.in.fail(0, 0, "is of format %s, which sums usage up over buckets of %v; only single requests can be written as a trace, as in formats %s",
			u.Format(), u.Granularity(), strings.Join(traceFormats(), ", "))
		return nil, u.in.err
	}
	c := &Changed{usage: u, begin: time.Unix(0, 0).UTC(), apart: o.Apart}
	from := c.begin // what times are counted from in the log
	if !u.Relative() {
		from = u.item.Start
		if !o.Relative {
			c.begin = from.UTC().Add(o.Begin)
		}
	}
	until := clock.Never
	if o.Until > 0 {
		until = clock.Time(o.Until)
	}
	c.trace = transformed[Record]{Transform: o.Transform, file: u.in.file, key: rng.New(o.Seed, 0).Sub(rng.Stream, uint64(o.Log)), until: until, most: MaxScale,
		at: func(r *Record) clock.Time { return clock.Time(r.Start.Sub(from)) }}
	first := &usageRows{u, closer}
	if !o.Rereads() {
		c.trace.open = func() (rows[Record], error) { return first, nil }
		return c, nil
	}
	return c, c.keep(first, open)
}

// keep prepares for a log that is read more than once.
func (c *Changed) keep(first *usageRows, open func(inOrder bool) (*Usage, io.Closer, error)) error {
	defer first.Close()
	var kept []Record
	var r Record
	for len(kept) <= maxRecords && first.Next(&r) {
		kept = append(kept, r)
	}
	if len(kept) <= maxRecords {
		c.trace.open = func() (rows[Record], error) { return &keptRows[Record]{rows: kept}, nil }
		return first.Err()
	}
	for kept = nil; first.Next(&r); { // to know whether all of it is in order
	}
	if err := first.Err(); err != nil {
		return err
	}
	c.trace.most = maxReaders
	c.trace.open = func() (rows[Record], error) {
		u, closer, err := open(first.InOrder())
		if err != nil {
			return nil, err
		}
		return &usageRows{u, closer}, nil
	}
	return nil
}

// Next fills r with the next request and reports whether there was one.
func (c *Changed) Next(r *Record) bool {
	at, number, ok := c.trace.Next(r)
	if !ok {
		return false
	}
	c.rows++
	r.Start = c.begin.Add(time.Duration(at))
	if c.apart && number > 0 {
		r.Tenant = c.tenantOf(r.Tenant, number)
	}
	return true
}

// tenantOf returns the tenant of a copy, each name of which is made once.
func (c *Changed) tenantOf(name string, number int) string {
	of := tenantCopy{name, number}
	if made, ok := c.tenants[of]; ok {
		return made
	}
	made := copyTenant(cmp.Or(name, "copy"), number)
	if c.tenants == nil {
		c.tenants = map[tenantCopy]string{}
	}
	if len(c.tenants) < maxTenants {
		c.tenants[of] = made
	}
	return made
}

// Err returns what ended the log early, or nil.
func (c *Changed) Err() error { return c.trace.Err() }

// Close lets go of the log.
func (c *Changed) Close() error { return c.trace.Close() }

// Usage returns the log, for what it says of itself.
func (c *Changed) Usage() *Usage { return c.usage }

// Rows returns how many requests Next has given.
func (c *Changed) Rows() int64 { return c.rows }

// usageRows are the requests of a log.
type usageRows struct {
	*Usage
	closer io.Closer
}

// Close implements rows.
func (u *usageRows) Close() error { return writtenTo(u.in.file, u.closer.Close()) }

// Merged gives the requests of several logs in time order.
type Merged struct {
	logs []*Changed
	next inOrder[*logHead]
	err  error
}

// logHead is the next request of a log.
type logHead struct {
	Record
	log *Changed
	at  int64 // Start, in ns since 1970
	n   int   // of the log
}

func (h *logHead) Before(o *logHead) bool { return h.at < o.at || h.at == o.at && h.n < o.n }

// Merge merges logs, whose times must all be dates or all count from the beginning.
func Merge(logs []*Changed) *Merged {
	m := &Merged{logs: logs}
	for i, l := range logs {
		if h := (&logHead{log: l, n: i}); m.read(h) {
			m.next.push(h)
		}
	}
	return m
}

// read takes up the next request of a log.
func (m *Merged) read(h *logHead) bool {
	if h.log.Next(&h.Record) {
		h.at = h.Start.UnixNano()
		return true
	}
	h.at = math.MaxInt64
	if err := h.log.Err(); err != nil && m.err == nil {
		m.err = err
	}
	return false
}

// Next fills r with the next request and reports whether there was one.
func (m *Merged) Next(r *Record) bool {
	if len(m.next) == 0 || m.err != nil {
		return false
	}
	h := m.next[0]
	*r = h.Record
	if m.read(h) {
		m.next.settle()
	} else {
		m.next.pop()
	}
	return true
}

// Err returns what ended one of the logs early, or nil.
func (m *Merged) Err() error { return m.err }
