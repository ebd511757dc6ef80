package limit

import (
	"time"

	"ratesim/sim/clock"
)

// Log is an exact sliding window: a charge made at t counts while
// now < t + width. It keeps every charge inside the window, those of one
// instant as one entry, in a ring, and the sum of every block of 64 entries
// beside it. A charge or a correction changes two numbers; "when will n tokens
// be free?" adds up whole blocks and then the entries of one. In the simulator
// that is faster than a Fenwick tree, which changes a dozen numbers each time.
type Log struct {
	limit, max int64 // in force now; largest ever in force
	width      time.Duration
	used       int64
	due        clock.Time // when the oldest entry stops to count; clock.Never if there is none
	first      Ticket     // of the oldest entry; those after it follow on
	ring       []entry    // length is a power of two, or 0
	sums       []int64    // of each block of the ring
	head, n    int
}

// block is how many entries of the ring are summed.
const block = 64

type entry struct {
	at   clock.Time
	cost int64
}

// NewLog returns an empty sliding window of limit per width.
func NewLog(limit int64, width time.Duration) *Log {
	return &Log{limit: limit, max: limit, width: width, due: clock.Never}
}

// Earliest returns now if cost fits, else the time at which it will if nothing
// more is charged, and clock.Never if cost exceeds the limit.
func (l *Log) Earliest(now clock.Time, cost int64) clock.Time {
	l.expire(now)
	need := l.used + cost - l.limit
	if need <= 0 {
		return now
	}
	if cost > l.limit {
		return clock.Never
	}
	return l.ring[l.find(need)].at.Add(l.width)
}

// Fits reports whether cost can ever be admitted.
func (l *Log) Fits(cost int64) bool { return cost <= l.limit }

// Take charges cost.
func (l *Log) Take(now clock.Time, cost int64) Ticket {
	l.expire(now)
	l.used += cost
	mask := len(l.ring) - 1
	if l.n > 0 {
		if last := (l.head + l.n - 1) & mask; l.ring[last].at == now {
			l.ring[last].cost += cost
			l.add(last, cost)
			return l.first + Ticket(l.n-1)
		}
	}
	if l.n == len(l.ring) {
		l.grow()
		mask = len(l.ring) - 1
	}
	i := (l.head + l.n) & mask
	l.ring[i] = entry{now, cost}
	l.add(i, cost)
	if l.n++; l.n == 1 {
		l.due = now.Add(l.width)
	}
	return l.first + Ticket(l.n-1)
}

// Refuse counts a refused request as a charge of 1. Herds can be refused any
// number of times in a window, so only as many of the newest charges are kept
// as can bear on a decision: those that alone reach the limit. A log on which
// Refuse is used must not be settled, nor be made larger than it has been.
func (l *Log) Refuse(now clock.Time) {
	l.Take(now, 1)
	for l.n > 0 && l.used-l.ring[l.head].cost >= l.max {
		l.drop()
	}
}

// Settle adds delta to the charge that t stands for, if that still counts.
func (l *Log) Settle(now clock.Time, t Ticket, delta int64) {
	l.expire(now)
	back := int(t - l.first)
	if back >= l.n {
		return
	}
	i := (l.head + back) & (len(l.ring) - 1)
	l.ring[i].cost += delta
	l.add(i, delta)
	l.used += delta
}

// Left returns how much is left, at least 0, and when the window will be empty.
func (l *Log) Left(now clock.Time) (left int64, full clock.Time) {
	l.expire(now)
	if l.n == 0 {
		return l.limit, now
	}
	last := l.ring[(l.head+l.n-1)&(len(l.ring)-1)]
	return max(0, l.limit-l.used), last.at.Add(l.width)
}

// Resize changes the limit. What was charged stays charged.
func (l *Log) Resize(_ clock.Time, limit int64) {
	l.limit = limit
	l.max = max(l.max, limit)
}

func (l *Log) expire(now clock.Time) {
	for l.due <= now {
		l.drop()
	}
}

func (l *Log) drop() {
	cost := l.ring[l.head].cost
	l.used -= cost
	l.add(l.head, -cost)
	l.head = (l.head + 1) & (len(l.ring) - 1)
	l.first++
	l.due = clock.Never
	if l.n--; l.n > 0 {
		l.due = l.ring[l.head].at.Add(l.width)
	}
}

func (l *Log) add(i int, delta int64) { l.sums[i/block] += delta }

// find returns the ring index of the first charge, from the oldest, at which
// the running total reaches need, 0 < need <= used. A block is skipped as a
// whole unless the ring wraps inside it.
func (l *Log) find(need int64) int {
	mask := len(l.ring) - 1
	first := l.head / block
	for i := l.head; ; {
		if sum := l.sums[i/block]; i%block == 0 && i/block != first && sum < need {
			need -= sum
			i = (i + block) & mask
			continue
		}
		if need -= l.ring[i].cost; need <= 0 {
			return i
		}
		i = (i + 1) & mask
	}
}

func (l *Log) grow() {
	old := *l
	size := max(16, 2*len(old.ring))
	l.ring, l.sums, l.head = make([]entry, size), make([]int64, (size+block-1)/block), 0
	for i := range old.n {
		l.ring[i] = old.ring[(old.head+i)&(len(old.ring)-1)]
		l.add(i, l.ring[i].cost)
	}
}
