package strategies

// entry is a call in a Queue, with the ID it had when it came.
type entry struct {
	call *Call
	id   uint64
}

func (e *entry) ended() bool { return e.call.ID != e.id || e.call.Phase != Queued }

// ring holds entries in the order in which they came. Where a Queue serves in
// that order, it does in O(1) what a heap does in O(log n).
type ring struct {
	entries []entry // length is a power of two, or 0
	keys    []key   // of the entries; nil where none is pushed with them
	head, n int
	touched uint64 // means nothing; see touch
}

// batch is how many calls are touched at a time.
const batch = 16

// touch reads from the calls that are next but a few. They may have waited for
// long enough to have left the caches: one at a time, each would wait for main
// memory; together they wait once.
func (r *ring) touch() {
	for i := range min(batch, r.n) {
		c := r.at(i).call
		r.touched += c.ID + uint64(c.Delay) // its first word and its last
	}
}

func (r *ring) index(i int) int { return (r.head + i) & (len(r.entries) - 1) }

func (r *ring) at(i int) *entry { return &r.entries[r.index(i)] }

func (r *ring) key(i int) *key { return &r.keys[r.index(i)] }

func (r *ring) push(e entry) {
	if r.n == len(r.entries) {
		r.grow()
	}
	r.n++
	*r.at(r.n - 1) = e
}

// pushKey is push with a key; either all entries of a ring have one or none.
func (r *ring) pushKey(w waiting) {
	r.push(w.entry)
	if len(r.keys) < len(r.entries) {
		r.keys = append(make([]key, 0, len(r.entries)), r.keys...)[:len(r.entries)]
	}
	*r.key(r.n - 1) = w.key
}

// dropEnded drops the entries of ended calls before the first that still waits.
func (r *ring) dropEnded() {
	for r.n > 0 && r.at(0).ended() {
		r.drop()
	}
}

func (r *ring) drop() {
	r.at(0).call = nil
	r.head = (r.head + 1) & (len(r.entries) - 1)
	r.n--
	if r.head%batch == 0 {
		r.touch()
	}
}

// grow removes the entries of ended calls, and doubles the room unless that
// emptied half of it.
func (r *ring) grow() {
	kept := 0
	for i := range r.n {
		if e := r.at(i); !e.ended() {
			*r.at(kept) = *e
			if r.keys != nil {
				*r.key(kept) = *r.key(i)
			}
			kept++
		}
	}
	for i := kept; i < r.n; i++ {
		r.at(i).call = nil
	}
	r.n = kept
	if 2*kept < len(r.entries) {
		return
	}
	r.entries = unrolled(r.entries, r.head)
	if r.keys != nil {
		r.keys = unrolled(r.keys, r.head)
	}
	r.head = 0
}

// unrolled returns a ring of twice the size with the same in it, from 0 on.
func unrolled[T any](ring []T, head int) []T {
	larger := make([]T, max(16, 2*len(ring)))
	copy(larger[copy(larger, ring[head:]):], ring[:head])
	return larger
}
