package strategies

import (
	"math/bits"
	"slices"

	"ratesim/sim/clock"
)

// places holds calls that look at one interval, all of them, by their place in
// it: a call looks when now modulo the interval is its place. The interval is cut
// into slots, so that few calls are moved when one comes or goes.
type places struct {
	every  clock.Time
	slots  [64][]looker // by place; of one place, by arrival
	filled uint64       // bit i: slots[i] holds a call
}

type looker struct {
	place clock.Time
	call  *Call
}

// newPlaces returns one for an interval, with some room in each slot, so that they
// do not allocate one after the other.
func newPlaces(every clock.Time) places {
	const room = 8
	p := places{every: every}
	all := make([]looker, room*len(p.slots))
	for i := range p.slots {
		p.slots[i] = all[i*room : i*room : (i+1)*room]
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
func (p *places) from(slot int, place clock.Time) int {
	calls := p.slots[slot]
	i := 0
	for i < len(calls) && calls[i].place < place { // few: halving would be guessed wrong more often
		i++
	}
	return i
}

// add adds c, which looked at a time and found nothing.
func (p *places) add(at clock.Time, c *Call) {
	place := p.place(at)
	i := p.slot(place)
	p.slots[i] = slices.Insert(p.slots[i], p.from(i, place+1), looker{place, c})
	p.filled |= 1 << i
}

// find returns where c is, which looked at a time.
func (p *places) find(at clock.Time, c *Call) spot {
	s := spot{slot: p.slot(p.place(at))}
	for p.slots[s.slot][s.index].call != c {
		s.index++
	}
	return s
}

func (p *places) at(s spot) *looker { return &p.slots[s.slot][s.index] }

func (p *places) remove(s spot) {
	p.slots[s.slot] = slices.Delete(p.slots[s.slot], s.index, s.index+1)
	if len(p.slots[s.slot]) == 0 {
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
	first := spot{i, p.from(i, place)}
	if first.index == len(p.slots[i]) {
		later := p.filled >> (i + 1) << (i + 1)
		if later == 0 {
			later = p.filled
			start += p.every
		}
		first = spot{slot: bits.TrailingZeros64(later)}
	}
	return first, start + p.at(first).place
}
