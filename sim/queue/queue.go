// Package queue is the event queue of the simulator: a monotone radix heap
// (Ahuja, Mehlhorn, Orlin and Tarjan, "Faster algorithms for the shortest path
// problem", 1990), which a simulator can use because it never asks for an event
// in the past.
//
// Times are read as numbers in base 16. Compare the time of an event with the time
// that the queue has reached, digit by digit from the left. The first digit that
// differs, and its value, name the bucket of the event. When the earliest bucket is
// empty, the queue moves on to the next one and spreads it over the buckets of the
// digits further right, in order. So ties leave in the order in which they were pushed
// and need no sequence number. An event moves at most 15 times, and about three times in
// practice. Buckets of a few events are sorted instead.
//
// It was chosen by the time of one simulated attempt in the whole loop. The
// alternative was a calendar queue (days of 65 us, a ring of 128 K days, a bitmap to
// skip empty days), and the radix was still 2. These are ns per attempt of
// BenchmarkRun/strategy=jitter, the best of five runs side by side on one core of an AMD
// EPYC:
//
//	live calls      1,000   16,000   1,000,000
//	radix heap        203      245         397
//	calendar queue    221      268         753
//
// This compares radix 16 with radix 2 on a Xeon of 2.3 GHz. None of 8, 32 and 64 is
// better at all sizes:
//
//	live calls      1,000   16,000   1,000,000
//	radix 2           275      298         480
//	radix 16          250      283         435
package queue

import (
	"math/bits"

	"ratesim/sim/clock"
)

// Event is something due at a time. Data means what the engine wants it to.
type Event struct {
	At   clock.Time
	Data uint64
}

// Queue is a monotone radix heap. The zero value is empty and ready to use.
type Queue struct {
	// Ahead holds, after a Pop that spread a middling bucket, the events that
	// will be popped next, in no order; otherwise it is empty. It is valid until
	// the next Push. A driver whose events point into more memory than the caches
	// hold can read there now, so that the misses overlap.
	Ahead []Event

	last    clock.Time // what is due by then is in near
	len     int
	near    []Event        // sorted
	head    int            // first of near not yet popped
	levels  uint32         // bit i: some bucket of level i holds something
	used    [levels]uint64 // bit j of the i-th: buckets[i*radix+j] does
	buckets [levels * radix][]Event
	spare   [bits.UintSize][][]Event // arrays that no bucket has, by the length of their size in bits
}

// Level 0 is the last digit of a time.
const (
	digit  = 4 // bits
	radix  = 1 << digit
	levels = (63 + digit - 1) / digit
)

// A bucket of at most few events that span at most 2^spanBits ns is sorted
// rather than spread again and again. The span keeps what is pushed later from
// falling among them, where it would have to be inserted.
const (
	few      = 16
	spanBits = 24
)

// least is the room of a new bucket. It doubles when it is full. Buckets are many,
// and one herd after the other fills now these, now those: what has room for more
// than own events does not stay with a bucket that has been emptied, but goes to
// the next that grows.
const (
	least = 64
	own   = 1 << 13
)

// crowd is how many events in near are too many to insert one among them.
const crowd = 4 * few

// Which buckets Ahead shows: large enough for misses to overlap, small enough
// for all of it to stay in the first-level cache until it is used.
const (
	aheadLeast = 8
	aheadMost  = 128
)

// Len returns how many events are waiting.
func (q *Queue) Len() int { return q.len }

// Push adds an event. at must not lie before the last event popped.
func (q *Queue) Push(at clock.Time, data uint64) {
	q.len++
	if at <= q.last && (len(q.near)-q.head < crowd || !q.disperse(at)) {
		q.insert(Event{at, data})
		return
	}
	q.file(Event{at, data})
}

// file puts an event that is due after last into its bucket.
func (q *Queue) file(e Event) {
	level := uint(bits.Len64(uint64(e.At^q.last))-1) / digit
	d := uint(e.At>>(level*digit)) % radix
	q.used[level] |= 1 << d
	q.levels |= 1 << level
	b := &q.buckets[level*radix+d]
	if len(*b) == cap(*b) {
		*b = q.grown(*b)
	}
	*b = append(*b, e)
}

// grown returns b with twice the room.
func (q *Queue) grown(b []Event) []Event {
	size := max(least, 2*cap(b))
	var larger []Event
	if s := &q.spare[bits.Len(uint(size))]; len(*s) > 0 {
		larger = (*s)[len(*s)-1]
		*s = (*s)[:len(*s)-1]
	} else {
		larger = make([]Event, 0, size)
	}
	larger = append(larger, b...)
	if cap(b) > 0 {
		q.free(b)
	}
	return larger
}

// free lets any bucket have the array of b.
func (q *Queue) free(b []Event) {
	s := &q.spare[bits.Len(uint(cap(b)))]
	*s = append(*s, b[:0])
}

// insert sorts an event into near, behind those of its time.
func (q *Queue) insert(e Event) {
	if q.head == len(q.near) {
		q.near, q.head = q.near[:0], 0
	}
	b := append(q.near, e)
	i := len(b) - 1
	for ; i > q.head && b[i-1].At > e.At; i-- {
		b[i] = b[i-1]
	}
	b[i] = e
	q.near = b
}

// disperse moves last back to the event popped last, and files what is later, if
// an event at the time given would be inserted among it, and reports whether it
// would. That is for a herd that is pushed after a few events were sorted.
func (q *Queue) disperse(at clock.Time) bool {
	if q.head == 0 || at <= q.near[q.head-1].At || at >= q.near[len(q.near)-1].At {
		return false
	}
	now := q.near[q.head-1].At
	level := uint(bits.Len64(uint64(now^q.last))-1) / digit
	q.last = now
	for q.levels&(1<<level-1) != 0 { // of which all now differ in the digit of level
		_, b := q.empty()
		for _, e := range b {
			q.file(e)
		}
		if cap(b) > own {
			q.free(b)
		}
	}
	i := q.head
	for q.near[i].At == now {
		i++
	}
	for _, e := range q.near[i:] {
		q.file(e)
	}
	q.near = q.near[:i]
	return true
}

// Pop removes the earliest event; of those at the same time, the one pushed
// first. It returns false when there is none.
func (q *Queue) Pop() (Event, bool) {
	if q.len == 0 {
		return Event{}, false
	}
	q.Ahead = nil
	for q.head == len(q.near) {
		q.refill()
	}
	e := q.near[q.head]
	q.head++
	q.len--
	return e, true
}

// refill moves last on into the earliest bucket and empties that into near, or
// into the buckets below.
func (q *Queue) refill() {
	level, b := q.empty()
	if level == 0 || len(b) <= few && level*digit <= spanBits {
		q.sort(b)
	} else {
		q.spread(level, b)
	}
	if cap(b) > own {
		q.free(b)
	}
}

// spread files the events of a bucket anew. Going through it in order keeps ties
// in push order.
func (q *Queue) spread(level uint, b []Event) {
	if len(b) >= aheadLeast && len(b) < aheadMost {
		q.Ahead = b
	}
	q.near, q.head = q.near[:0], 0
	q.last = b[0].At &^ (1<<(level*digit) - 1)
	for _, e := range b {
		if e.At == q.last {
			q.near = append(q.near, e)
			continue
		}
		q.file(e)
	}
}

// empty empties the earliest bucket and returns what was in it, and its level.
func (q *Queue) empty() (level uint, b []Event) {
	level = uint(bits.TrailingZeros32(q.levels))
	d := uint(bits.TrailingZeros64(q.used[level]))
	if q.used[level] &^= 1 << d; q.used[level] == 0 {
		q.levels &^= 1 << level
	}
	at := &q.buckets[level*radix+d]
	b = *at
	if *at = b[:0]; cap(b) > own {
		*at = nil
	}
	return level, b
}

// sort puts a few events into near by time; those of one time stay in their
// order.
func (q *Queue) sort(events []Event) {
	near := q.near[:0]
	for i, e := range events {
		near = append(near, e)
		for ; i > 0 && near[i-1].At > e.At; i-- {
			near[i] = near[i-1]
		}
		near[i] = e
	}
	q.near, q.head, q.last = near, 0, near[len(near)-1].At
}
