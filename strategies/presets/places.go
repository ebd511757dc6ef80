package presets

import (
	"math/bits"
	"slices"

	"ratesim/sim/clock"
	"ratesim/strategies"
)

// places holds calls that look at one interval, all of them, by their place in
// it: a call looks when now modulo the interval is its place. The interval is cut
// into slots, so that few calls are moved when one comes or goes.
type places struct {
	every  clock.Time
	slots  [64]slot
	filled uint64 // bit i: slots[i] holds a call
}

// slot holds calls by place, those of one place by arrival. Of a herd, which has one
// place, the first leaves each time: the calls behind it are not moved then.
type slot struct {
	calls []looker
	gone  int // of calls, how many have left at its head
}

type looker struct {
	place clock.Time
	call  *strategies.Call
}

// newPlaces returns one for an interval, with some room in each slot, so that they
// do not allocate one after the other.
func newPlaces(every clock.Time) places {
	const room = 8
	p := places{every: every}
	all := make([]looker, room*len(p.slots))
	for i := range p.slots {
		p.slots[i].calls = all[i*room : i*room : (i+1)*room]
	}
	return p
}

// spot is where in places a call is.
type spot struct{ slot, index int }

func (p *places) place(at clock.Time) clock.Time { return at % p.every }

func (p *places) slot(place clock.Time) int {
	return int(place / (p.every/clock.Time(len(p.slots)) + 1))
}

// from returns the first call of a slot whose place is not before the one given.
func (q *slot) from(place clock.Time) int {
	low, high := q.gone, len(q.calls)
	for high-low > 16 {
		if mid := (low + high) / 2; q.calls[mid].place < place {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for low < high && q.calls[low].place < place { // few: halving would be guessed wrong more often
		low++
	}
	return low
}

// add adds c, which looked at a time and found nothing.
func (p *places) add(at clock.Time, c *strategies.Call) {
	place := p.place(at)
	i := p.slot(place)
	q := &p.slots[i]
	if len(q.calls) == cap(q.calls) && q.gone > len(q.calls)/2 {
		q.calls, q.gone = slices.Delete(q.calls, 0, q.gone), 0
	}
	q.calls = slices.Insert(q.calls, q.from(place+1), looker{place, c})
	p.filled |= 1 << i
}

// find returns where c is, which looked at a time.
func (p *places) find(at clock.Time, c *strategies.Call) spot {
	place := p.place(at)
	s := spot{slot: p.slot(place)}
	q := &p.slots[s.slot]
	for s.index = q.from(place); q.calls[s.index].call != c; {
		s.index++
	}
	return s
}

func (p *places) at(s spot) *looker { return &p.slots[s.slot].calls[s.index] }

func (p *places) remove(s spot) {
	q := &p.slots[s.slot]
	copy(q.calls[q.gone+1:], q.calls[q.gone:s.index])
	q.calls[q.gone] = looker{}
	if q.gone++; q.gone == len(q.calls) {
		q.calls, q.gone = q.calls[:0], 0
		p.filled &^= 1 << s.slot
	}
}

// next returns who looks first, not before a time, and when: Never if nobody
// does.
func (p *places) next(at clock.Time) (spot, clock.Time) {
	if p.filled == 0 {
		return spot{}, clock.Never
	}
	place := p.place(at)
	start, i := at-place, p.slot(place)
	first := spot{i, p.slots[i].from(place)}
	if first.index == len(p.slots[i].calls) {
		later := p.filled >> (i + 1) << (i + 1)
		if later == 0 {
			later = p.filled
			start += p.every
		}
		i = bits.TrailingZeros64(later)
		first = spot{i, p.slots[i].gone}
	}
	return first, start + p.at(first).place
}
