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

const (
	digit  = 4 // bits of a digit: 16 slots a level
	levels = 16
	// few is how many events of a slot go straight into the front.
	few = 32
)

// Queue holds events and yields them in time order. The zero value is empty
// and ready to use.
type Queue struct {
	last  clock.Time // no event in a slot is due at or before it
	len   int
	front front          // every event due at or before last
	used  uint16         // bit l: level l has an event
	full  [levels]uint64 // bit s: slot s of the level has an event
	slots [levels][1 << digit][]Event
}

// Len returns how many events are waiting.
func (q *Queue) Len() int { return q.len }

// Push adds an event. at must not lie before the last event popped.
func (q *Queue) Push(at clock.Time, data uint64) {
	q.len++
	if at <= q.last {
		q.front.push(at, data)
		return
	}
	q.place(at, data)
}

func (q *Queue) place(at clock.Time, data uint64) {
	level := (bits.Len64(uint64(at^q.last)) - 1) / digit
	slot := uint64(at) >> (level * digit) % (1 << digit)
	q.slots[level][slot] = append(q.slots[level][slot], Event{at, data})
	q.full[level] |= 1 << slot
	q.used |= 1 << level
}

// Pop removes the earliest event; of those at the same time, the one pushed
// first. It returns false when there is none.
func (q *Queue) Pop() (Event, bool) {
	for len(q.front.heap) == 0 {
		if q.len == 0 {
			return Event{}, false
		}
		q.refill()
	}
	q.len--
	return q.front.pop(), true
}

// refill moves last on into the earliest slot and empties it: a slot of few
// events into the front, a fuller one into the slots of the levels below.
// Going through it in order keeps ties in push order.
func (q *Queue) refill() {
	level := bits.TrailingZeros16(q.used)
	slot := bits.TrailingZeros64(q.full[level])
	events := q.slots[level][slot]
	if q.full[level] &^= 1 << slot; q.full[level] == 0 {
		q.used &^= 1 << level
	}
	q.slots[level][slot] = events[:0]
	if len(events) <= few {
		for _, e := range events {
			q.last = max(q.last, e.At)
			q.front.push(e.At, e.Data)
		}
		return
	}
	q.last = events[0].At
	for _, e := range events[1:] {
		q.last = min(q.last, e.At)
	}
	for _, e := range events {
		if e.At == q.last {
			q.front.push(e.At, e.Data)
		} else {
			q.place(e.At, e.Data)
		}
	}
}

// front is a 4-ary heap by time and, at the same time, by turn.
type front struct {
	heap []turn
	next uint64
}

type turn struct {
	Event
	turn uint64
}

func (t *turn) before(u *turn) bool { return t.At < u.At || t.At == u.At && t.turn < u.turn }

func (f *front) push(at clock.Time, data uint64) {
	t := turn{Event{at, data}, f.next}
	f.next++
	f.heap = append(f.heap, t)
	h, i := f.heap, len(f.heap)-1
	for i > 0 {
		parent := (i - 1) / 4
		if h[parent].At <= at { // t has the last turn, so a tie is in order
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = t
}

func (f *front) pop() Event {
	h := f.heap
	top, n := h[0].Event, len(h)-1
	last := h[n]
	f.heap = h[:n]
	if h = f.heap; n == 0 {
		return top
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		best := child
		for c := child + 1; c < min(child+4, n); c++ {
			if h[c].before(&h[best]) {
				best = c
			}
		}
		if !h[best].before(&last) {
			break
		}
		h[i] = h[best]
		i = best
	}
	h[i] = last
	return top
}
