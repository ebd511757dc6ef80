package strategies

import (
	"math/bits"
	"time"

	"ratesim/sim/clock"
)

// pollEvery is the longest a polling call sleeps between two looks at the
// bucket: the 500 ms of the code that the polled token buckets reproduce.
const pollEvery = 500 * time.Millisecond

// wheel holds sleeping calls, each of which looks again at a time, at most
// pollEvery ahead. Of those that look at one instant the first to have fallen
// asleep is the first. It is a timing wheel (Varghese and Lauck, SOSP 1987), in
// which a sleep takes O(1) as long as few calls are in one slot, of half a millisecond.
type wheel struct {
	now      clock.Time // nobody looks before
	sleepers []sleeper
	unused   []uint32
	slots    [wheelSlots]list
	filled   [wheelSlots / 64]uint64 // a bit for each slot
}

// One turn of the wheel is longer than pollEvery, by more than 64 slots: those
// before the present one in the word of its bit are empty.
const (
	slotBits   = 19 // of ns
	wheelSlots = 1 << 10
)

// sleeper is a sleeping call.
type sleeper struct {
	at    clock.Time // when it looks
	until clock.Time // when its patience is over
	cost  int64
	call  *Call
	next  uint32 // in its slot
}

// list is the sleepers of a slot in the order in which they look: numbers that
// are 1 more than their indices, 0 for none.
type list struct{ first, last uint32 }

func slotOf(at clock.Time) int { return int(at>>slotBits) % wheelSlots }

// enter adds a call, which is yet to sleep, and returns its number.
func (w *wheel) enter(s sleeper) uint32 {
	if n := len(w.unused); n > 0 {
		number := w.unused[n-1]
		w.unused = w.unused[:n-1]
		*w.at(number) = s
		return number
	}
	w.sleepers = append(w.sleepers, s)
	return uint32(len(w.sleepers))
}

// leave forgets a call that does not sleep any more.
func (w *wheel) leave(number uint32) {
	w.at(number).call = nil
	w.unused = append(w.unused, number)
}

func (w *wheel) at(number uint32) *sleeper { return &w.sleepers[number-1] }

// sleep lets a call look at a time, not before w.now.
func (w *wheel) sleep(number uint32, at clock.Time) {
	s := w.at(number)
	s.at, s.next = at, 0
	i := slotOf(at)
	l := &w.slots[i]
	switch {
	case l.first == 0:
		*l = list{number, number}
		w.filled[i/64] |= 1 << (i % 64)
	case w.at(l.last).at <= at:
		w.at(l.last).next = number
		l.last = number
	default:
		link := &l.first
		for w.at(*link).at <= at {
			link = &w.at(*link).next
		}
		s.next, *link = *link, number
	}
}

// first returns who looks next, and when; 0 and Never if all are awake.
func (w *wheel) first() (uint32, clock.Time) {
	word := slotOf(w.now) / 64
	for range len(w.filled) {
		if filled := w.filled[word]; filled != 0 {
			number := w.slots[64*word+bits.TrailingZeros64(filled)].first
			return number, w.at(number).at
		}
		word = (word + 1) % len(w.filled)
	}
	return 0, clock.Never
}

// wake takes a sleeping call out.
func (w *wheel) wake(number uint32) {
	s := w.at(number)
	i := slotOf(s.at)
	l := &w.slots[i]
	before := uint32(0)
	for n := l.first; n != number; n = w.at(n).next {
		before = n
	}
	if before == 0 {
		l.first = s.next
	} else {
		w.at(before).next = s.next
	}
	if l.last == number {
		l.last = before
	}
	if l.first == 0 {
		w.filled[i/64] &^= 1 << (i % 64)
	}
}
