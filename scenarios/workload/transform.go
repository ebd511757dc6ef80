package workload

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Transform says how a trace is changed. Its zero value changes nothing. The changes apply in
// the order of the fields, so that the row at time x of the trace arrives at
//
//	t = (x - Begin + cycle * period + moved) / Speed + Shift
//
// with cycle = 0, 1, 2, … if Loop is set and 0 otherwise, and with moved = 0 but for the
// copies of a scale above 1. A trace whose times are dates begins with its first row, at 0.
//
// Of the calls in windows of one length, let D be the variance of their number over its mean
// (the index of dispersion; 1 for independent calls). Then
//
//   - a thinned trace has p times the rate and D' = 1 + p (D - 1);
//   - k copies have k times the rate and the same D, in windows shorter than their moves; the
//     gaps between calls become those of independent calls as k grows;
//   - at Speed v the rate is v times as high, the CV of the gaps stays, and D of a window w is
//     what it was of a window v w.
type Transform struct {
	// Begin and End [slice] keep the rows at Begin <= x < End; End 0 = to the end of the trace.
	Begin, End time.Duration
	// Loop [loop] starts the trace again when it has ended: after End - Begin if End is set,
	// and otherwise after its span and one mean gap, so that the mean rate stays.
	Loop bool
	// Scale [scale] multiplies the calls; 0 = 1, at most MaxScale. Below 1 it keeps each row
	// with that probability, by a draw that the row names: a row kept at some scale is kept at
	// every larger one. Above 1 it adds copies of the trace. Each is moved by a time of its own
	// from 0 to the period, an hour at most, and what it has behind the period comes before
	// the rest. The copy of a part, as the second one of 1.5, is thinned.
	Scale float64
	// Growth [growth] multiplies the calls of each week by so much more than those of the week
	// before, continuously: Scale becomes Scale * Growth^(weeks of the trace since Begin). 0 = 1.
	Growth float64
	// Speed [speed] divides all times: 2 replays twice as fast; 0 = 1, at most MaxSpeed.
	Speed float64
	// Shift [shift] lets the trace begin so much later.
	Shift time.Duration
}

const (
	week = 7 * 24 * time.Hour
	// maxMove bounds how far a copy is moved: over an hour the shape of a day stays.
	maxMove = time.Hour
	// maxReaders bounds the copies of a trace that is too long to be kept in memory, each of
	// which reads the file on its own.
	maxReaders = 16
)

// Check says which field is out of range.
func (t *Transform) Check() error {
	switch {
	case t.Begin < 0 || t.End < 0 || t.End > 0 && t.End <= t.Begin:
		return fmt.Errorf("slice must end after it begins, got %v to %v", t.Begin, t.End)
	case t.Speed != 0 && !(t.Speed > 0 && t.Speed <= MaxSpeed):
		return fmt.Errorf("speed must be above 0 and at most %g, got %v", MaxSpeed, t.Speed)
	case t.Scale != 0 && !(t.Scale > 0 && t.Scale <= MaxScale):
		return fmt.Errorf("scale must be above 0 and at most %d, got %v", MaxScale, t.Scale)
	case t.Growth != 0 && !(t.Growth >= MinGrowth && t.Growth <= MaxGrowth):
		return fmt.Errorf("growth must be from %g to %g a week, got %v", MinGrowth, MaxGrowth, t.Growth)
	case t.Shift < 0:
		return fmt.Errorf("shift must not be below 0, got %v", t.Shift)
	}
	return nil
}

// Rereads reports whether the trace must be read more than once.
func (t *Transform) Rereads() bool {
	return t.Loop || cmp.Or(t.Scale, 1) > 1 || cmp.Or(t.Growth, 1) > 1
}

// Length returns how long a trace lasts that is changed so and does not loop.
func (t *Transform) Length(s *Summary) time.Duration {
	length := s.First.Add(s.Period()).Sub(0) - t.Begin
	if t.End > 0 {
		length = min(length, t.End-t.Begin)
	}
	return time.Duration(clock.FromSeconds(max(0, length.Seconds()) / cmp.Or(t.Speed, 1)).Add(t.Shift))
}

// Holds reports whether the slice has rows of a trace, as far as the summary tells.
func (t *Transform) Holds(s *Summary) bool {
	in := func(x clock.Time) bool { return x >= clock.Time(t.Begin) && (t.End == 0 || x < clock.Time(t.End)) }
	if s.Kept == nil {
		return s.Last >= clock.Time(t.Begin) && (t.End == 0 || s.First < clock.Time(t.End))
	}
	return slices.ContainsFunc(s.Kept, func(r Row) bool { return in(r.At) })
}

// rows gives the rows of a trace, from a file or from memory.
type rows[T any] interface {
	Next(row *T) bool
	Err() error
	Close() error
}

// transformed gives the rows of a trace as they are after a Transform, in time order. Its
// memory does not grow with the trace, but for a few words for each copy.
type transformed[T any] struct {
	Transform
	file  string                  // for messages
	open  func() (rows[T], error) // the trace from its beginning
	at    func(*T) clock.Time
	key   rng.Key
	until clock.Time // rows that arrive then or later are not given
	most  int        // copies

	copies  inOrder[*replica[T]] // by their next rows
	cycle   cycle
	started bool
	err     error
}

// cycle is what is known of one passage of the trace: its rows within the slice.
type cycle struct {
	rows        int64
	first, last clock.Time // counted from Begin
	period      time.Duration
}

// ended settles the period when all rows have been seen.
func (c *cycle) ended(t *Transform) {
	s := Summary{Rows: c.rows, First: c.first, Last: c.last}
	if c.period = s.Period(); t.End > 0 {
		c.period = t.End - t.Begin
		c.first = 0
	}
}

// replica is one copy of the trace.
type replica[T any] struct {
	number int
	rows   rows[T]
	row    T
	at     clock.Time // when row arrives
	moved  clock.Time // what is added to the times of the present cycle
	read   uint64     // rows of the slice, over all cycles
	seen   cycle      // of the present cycle
}

// Next fills row with the next row and returns when it arrives and which copy of the trace it
// is of. Once ok is false it stays so.
func (t *transformed[T]) Next(row *T) (at clock.Time, number int, ok bool) {
	if !t.started {
		t.started = true
		t.start()
	}
	if t.err != nil || len(t.copies) == 0 {
		return 0, 0, false
	}
	c := t.copies[0]
	*row, at = c.row, c.at
	if t.advance(c) {
		t.copies.settle()
	} else {
		t.drop(t.copies.pop())
	}
	return at, c.number, true
}

// Err returns what ended the trace early, or nil.
func (t *transformed[T]) Err() error { return t.err }

// Close lets go of all files. The error is that of Err.
func (t *transformed[T]) Close() error {
	for len(t.copies) > 0 {
		t.drop(t.copies.pop())
	}
	t.started = true
	return t.err
}

// drop closes the rows of a copy, which see whether what they read is what it was.
func (t *transformed[T]) drop(c *replica[T]) {
	if err := c.rows.Close(); t.err == nil {
		t.err = err
	}
}

// start opens all copies and reads their first rows.
func (t *transformed[T]) start() {
	t.Speed, t.Scale, t.Growth = cmp.Or(t.Speed, 1), cmp.Or(t.Scale, 1), cmp.Or(t.Growth, 1)
	if t.Scale > 1 || t.Growth > 1 {
		if t.err = t.measure(); t.err != nil {
			return
		}
	}
	n, err := t.count()
	if t.err = err; err != nil {
		return
	}
	for number := range n {
		c := &replica[T]{number: number}
		if number > 0 {
			width := min(t.cycle.period, maxMove)
			c.moved = clock.Time(t.key.Float64(rng.Shift, uint64(number), 0)*float64(width)) - clock.Time(t.cycle.period)
		}
		if c.rows, t.err = t.open(); t.err != nil {
			return
		}
		if t.advance(c) {
			t.copies.push(c)
		} else if t.drop(c); t.err != nil {
			return
		}
	}
}

// measure reads the trace once to know how long it is, which copies must.
func (t *transformed[T]) measure() error {
	from, err := t.open()
	if err != nil {
		return err
	}
	defer from.Close()
	var row T
	for from.Next(&row) {
		if x, in := t.within(&row); in {
			t.cycle.add(x)
		}
	}
	t.cycle.ended(&t.Transform)
	return from.Err()
}

// within returns when a row of the slice is, counted from its beginning.
func (t *transformed[T]) within(row *T) (x clock.Time, ok bool) {
	x = t.at(row)
	return x.Add(-t.Begin), x >= clock.Time(t.Begin) && (t.End == 0 || x < clock.Time(t.End))
}

func (c *cycle) add(x clock.Time) {
	if c.rows == 0 {
		c.first = x
	}
	c.rows++
	c.last = x
}

// count returns how many copies there are at most at any time.
func (t *transformed[T]) count() (int, error) {
	most := t.Scale
	if t.Growth > 1 {
		end := math.Inf(1)
		if t.until < clock.Never {
			end = t.until.Add(-t.Shift).Seconds() * t.Speed
		}
		if !t.Loop {
			end = min(end, t.cycle.first.Add(t.cycle.period).Seconds())
		}
		most *= math.Pow(t.Growth, max(0, end)/week.Seconds())
	}
	n := math.Ceil(most)
	switch {
	case n <= float64(max(1, t.most)):
		return int(n), nil
	case t.most == maxReaders:
		return 0, t.fail("has so many rows that at most %d copies of it can be read side by side; scale and growth ask for %.0f", t.most, n)
	}
	return 0, t.fail("scale and growth ask for %.0f copies of it; at most %d are possible", n, t.most)
}

func (t *transformed[T]) fail(format string, args ...any) error {
	return &FileError{File: t.file, Msg: fmt.Sprintf(format, args...)}
}

// advance reads the next row of a copy that is kept and arrives in time.
func (t *transformed[T]) advance(c *replica[T]) bool {
	end := clock.Never // of what is given of the cycle
	if !t.Loop && c.number > 0 {
		end = t.cycle.first.Add(t.cycle.period)
	}
	for {
		if !c.rows.Next(&c.row) {
			if !t.again(c) {
				return false
			}
			continue
		}
		x, in := t.within(&c.row)
		if !in {
			continue
		}
		c.seen.add(x)
		pos := x + c.moved
		read := c.read
		c.read++
		if c.number > 0 && pos < t.cycle.first {
			continue // of the part of the first cycle that is not moved into it
		}
		if pos >= end {
			return false
		}
		if c.at = pos; t.Speed != 1 {
			c.at = clock.FromSeconds(pos.Seconds() / t.Speed)
		}
		if c.at = c.at.Add(t.Shift); c.at >= t.until {
			return false
		}
		share := t.Scale
		if t.Growth != 1 {
			share *= math.Pow(t.Growth, pos.Seconds()/week.Seconds())
		}
		if share -= float64(c.number); share >= 1 || t.key.Float64(rng.Arrivals, read, uint64(c.number)) < share {
			return true
		}
	}
}

// again begins the next cycle of a copy, and reports whether there is one.
func (t *transformed[T]) again(c *replica[T]) bool {
	if err := c.rows.Err(); err != nil {
		t.err = err
		return false
	}
	if c.seen.rows == 0 && (t.Begin > 0 || t.End > 0) {
		t.err = t.fail("has no rows in the slice that begins at %v", t.Begin)
		return false
	}
	if !t.Loop && (c.number == 0 || c.moved >= 0) || c.seen.rows == 0 {
		return false
	}
	if t.cycle.period == 0 {
		t.cycle = c.seen
		t.cycle.ended(&t.Transform)
	}
	c.moved = c.moved.Add(t.cycle.period)
	c.seen = cycle{}
	if t.drop(c); t.err != nil {
		return false
	}
	from, err := t.open()
	if err != nil {
		t.err = err
		return false
	}
	c.rows = from
	return true
}

// Before orders copies by their next rows, so that equal times have an order.
func (c *replica[T]) Before(d *replica[T]) bool {
	return c.at < d.at || c.at == d.at && c.number < d.number
}
