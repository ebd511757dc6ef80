package provider

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// Cache is what a deployment keeps of the prompts that it has answered, so that a prompt
// that begins like one of them costs less. The zero value keeps nothing.
type Cache struct {
	// TTL is how long a prefix is kept after a prompt that begins with it was last
	// admitted or answered; 0 = nothing is kept.
	TTL   time.Duration
	Least uint32 // tokens of the shortest prefix that is kept
	Step  uint32 // prefixes are cut to a multiple of so many tokens; 0 = 1
	// Told says that the usage of an answer tells how many tokens were written, and not
	// only how many were read.
	Told bool
}

// kept returns how much of the first tokens of a prompt can be in the cache.
func (c *Cache) kept(tokens uint32) uint32 {
	if c.Step > 1 {
		tokens -= tokens % c.Step
	}
	if tokens < c.Least {
		return 0
	}
	return tokens
}

// cache holds the prefixes of one deployment: of each conversation the longest prompt that
// was answered, and each system prompt by itself, for those that have it in common.
//
// An attempt reads when it arrives, and what it has read stays for another TTL. It writes
// when its answer is complete: attempts that are under way at one time read nothing of each
// other. One that is refused or fails does neither.
//
// The entries are in a list in the order of their last use, which with one TTL is that in
// which they expire. So memory is bounded by the most entries that were alive at one time.
type cache struct {
	*Cache
	entries  []entry
	unused   uint32            // first of those that are not used; their next is the one after
	oldest   uint32            // of those that are
	newest   uint32            // nobody stands for none in all three, and in next and before
	of       map[uint64]uint32 // the entry of a conversation
	ofSystem map[uint16]uint32
}

// entry is a prefix. Nothing is kept of one that has expired.
type entry struct {
	prefix       uint64 // 0 = a system prompt
	expires      clock.Time
	tokens       uint32
	next, before uint32 // in the list
	system       uint16
}

// nobody is the index of no entry: entries[0] is not used.
const nobody = 0

// newCache returns a cache with nothing in it; nil for one that keeps nothing.
func newCache(c *Cache) *cache {
	if c.TTL <= 0 {
		return nil
	}
	return &cache{Cache: c, entries: make([]entry, 1), of: map[uint64]uint32{}, ofSystem: map[uint16]uint32{}}
}

// read returns how much of a's prompt is there at now.
func (c *cache) read(now clock.Time, a *wire.Attempt) uint32 {
	tokens := uint32(0)
	if i := c.ofSystem[a.SystemID]; a.System > 0 && i != nobody && now < c.entries[i].expires {
		tokens = min(c.entries[i].tokens, c.kept(a.System))
	}
	if i := c.of[a.Prefix]; i != nobody && now < c.entries[i].expires {
		tokens = max(tokens, min(c.entries[i].tokens, c.kept(a.Prompt)))
	}
	return tokens
}

// keep makes what a has read stay.
func (c *cache) keep(now clock.Time, a *wire.Attempt) {
	c.expire(now)
	if i := c.ofSystem[a.SystemID]; a.System > 0 && i != nobody {
		c.touch(now, i)
	}
	if i := c.of[a.Prefix]; i != nobody {
		c.touch(now, i)
	}
}

// write puts a's prompt there.
func (c *cache) write(now clock.Time, a *wire.Attempt) {
	c.expire(now)
	if n := c.kept(a.System); n > 0 {
		i := c.ofSystem[a.SystemID]
		if i == nobody {
			i = c.take()
			c.entries[i].system = a.SystemID
			c.ofSystem[a.SystemID] = i
		}
		c.entries[i].tokens = max(c.entries[i].tokens, n)
		c.touch(now, i)
	}
	if n := c.kept(a.Prompt); n > 0 {
		i := c.of[a.Prefix]
		if i == nobody {
			i = c.take()
			c.entries[i].prefix = a.Prefix
			c.of[a.Prefix] = i
		}
		c.entries[i].tokens = max(c.entries[i].tokens, n)
		c.touch(now, i)
	}
}

// expire forgets what nobody has used for too long.
func (c *cache) expire(now clock.Time) {
	for i := c.oldest; i != nobody && c.entries[i].expires <= now; i = c.oldest {
		c.drop(i)
	}
}

// drop forgets an entry.
func (c *cache) drop(i uint32) {
	e := &c.entries[i]
	if e.prefix == 0 {
		delete(c.ofSystem, e.system)
	} else {
		delete(c.of, e.prefix)
	}
	c.leave(i)
	*e = entry{next: c.unused}
	c.unused = i
}

// take returns an entry that is in no list.
func (c *cache) take() uint32 {
	i := c.unused
	if i == nobody {
		c.entries = append(c.entries, entry{})
		return uint32(len(c.entries) - 1)
	}
	c.unused = c.entries[i].next
	c.entries[i].next = nobody
	return i
}

// touch makes an entry the one that was used last.
func (c *cache) touch(now clock.Time, i uint32) {
	c.leave(i)
	e := &c.entries[i]
	e.expires, e.next, e.before = now.Add(c.TTL), nobody, c.newest
	if c.newest != nobody {
		c.entries[c.newest].next = i
	} else {
		c.oldest = i
	}
	c.newest = i
}

// leave takes an entry out of the list, if it is there.
func (c *cache) leave(i uint32) {
	e := &c.entries[i]
	switch {
	case e.before != nobody:
		c.entries[e.before].next = e.next
	case c.oldest == i:
		c.oldest = e.next
	default:
		return // it is not there
	}
	if e.next != nobody {
		c.entries[e.next].before = e.before
	} else {
		c.newest = e.before
	}
	e.before, e.next = nobody, nobody
}

// Expect sets of a what an attempt that arrives at a time will find in the cache, as far as
// that is known now. An omniscient client asks for it.
func (m *Model) Expect(at clock.Time, a *wire.Attempt) {
	if a.Prefix != 0 && m.cache != nil {
		a.Cached = m.cache.read(at, a)
	}
}

// written returns how many tokens of the prompt of a, which has been looked up, are put
// into the cache if it succeeds.
func (m *Model) written(a *wire.Attempt) uint32 {
	if a.Prefix == 0 || m.cache == nil {
		return a.Written
	}
	kept := m.cache.kept(a.Prompt)
	return kept - min(a.Cached, kept)
}

// cached returns what a, which will be answered, puts into the cache.
func (m *Model) cached(now clock.Time, a *wire.Attempt, r *wire.Reply) uint32 {
	if a.Prefix != 0 {
		m.cache.keep(now, a)
	}
	n := m.written(a)
	if m.cfg.Cache.Told {
		r.Written = n
	}
	return n
}

// Mark is a place in a prompt up to which the cache can have it. A driver that has the text
// of a prompt gives its marks, where a workload has Prefix and System.
type Mark struct {
	Prefix uint64  // names all of the prompt up to here; not 0
	Share  float64 // of the prompt's tokens that come before
	Write  bool    // it is put into the cache, and not only looked up
}

// mostMarks is how many marks a deployment keeps. When there is one more, the one that nobody
// has used for the longest time goes.
const mostMarks = 1 << 14

// Kept returns how many prefixes the deployment has in its cache.
func (m *Model) Kept() int {
	if m.cache == nil {
		return 0
	}
	return len(m.cache.of) + len(m.cache.ofSystem)
}

// Recall sets of a, which has no Prefix, what its prompt finds in the cache at now, and what
// it puts there if it succeeds. Its marks are in the order of their places; the one that is
// found need not be written.
func (m *Model) Recall(now clock.Time, a *wire.Attempt, marks []Mark) {
	a.Cached = 0
	for i := len(marks) - 1; i >= 0; i-- {
		if j := m.cache.of[marks[i].Prefix]; j != nobody && now < m.cache.entries[j].expires {
			a.Cached, marks[i].Write = m.cache.entries[j].tokens, false // it is there
			break
		}
	}
	a.Written = m.puts(a, marks)
}

// puts returns how many tokens of a the marks put into the cache.
func (m *Model) puts(a *wire.Attempt, marks []Mark) uint32 {
	for i := len(marks) - 1; i >= 0; i-- {
		if marks[i].Write {
			kept := m.cache.kept(marks[i].tokens(a))
			return kept - min(a.Cached, kept)
		}
	}
	return 0
}

// tokens returns how many tokens of a's prompt come before a mark.
func (k *Mark) tokens(a *wire.Attempt) uint32 { return uint32(k.Share * float64(a.Prompt)) }

// Remember puts into the cache what the marks of a say, which has been answered by now, and
// lets what it has found there stay. It puts at most room more marks there.
func (m *Model) Remember(now clock.Time, a *wire.Attempt, marks []Mark, room int) {
	c := m.cache
	c.expire(now)
	for i := range marks {
		k := &marks[i]
		j := c.of[k.Prefix]
		if j == nobody {
			n := c.kept(k.tokens(a))
			if n == 0 || !k.Write || room <= 0 {
				continue
			}
			if room--; len(c.of) >= mostMarks {
				c.drop(c.oldest)
			}
			j = c.take()
			c.entries[j].prefix, c.entries[j].tokens = k.Prefix, n
			c.of[k.Prefix] = j
		}
		c.touch(now, j)
	}
}

// Recount says that the prompt of a, which was admitted and has been answered with r, has so
// many tokens. It corrects what was billed for it and what r tells: a longer prompt may have
// another price.
func (m *Model) Recount(a *wire.Attempt, r *wire.Reply, prompt uint32, marks []Mark) {
	before := *a
	a.Prompt = prompt
	a.Cached = min(a.Cached, prompt)
	if marks != nil {
		a.Written = m.puts(a, marks)
	}
	if !r.OK() {
		return
	}
	written := int64(0)
	if m.cache != nil {
		written = int64(m.written(&before))
	}
	m.bill(&before, Usage{-int64(before.Prompt), -int64(min(before.Cached, before.Prompt)), -written, -int64(a.Output)})
	a.Band = uint8(m.cfg.Price.Band(0, prompt)&LongPrompt) | before.Band&uint8(PeakHour)
	m.bill(a, Usage{int64(prompt), int64(a.Cached), written + int64(a.Written) - int64(before.Written), int64(a.Output)})
	r.Prompt, r.Cached = prompt, a.Cached
	if marks != nil && m.cfg.Cache.Told {
		r.Written = a.Written
	}
}
