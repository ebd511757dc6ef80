package workload

import (
	"fmt"
	"math"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// replaySource is the process "trace": it replays recorded requests with their
// own sizes and, unless the stream declares one, their own max_tokens; the stream's
// length distributions are not used. The row at time x
// arrives at
//
//	t = (x + loop * period) / speed
//
// with loop = 0, 1, 2, ... when Loop is set and 0 otherwise, and period as
// [Summary.Period] says. Each row makes floor(scale) calls at the same instant
// and one more with probability scale - floor(scale), by a draw named by the
// row: a row kept at some scale is kept at every larger one below the next
// whole number.
type replaySource struct {
	caller
	until        clock.Time
	speed, scale float64

	trace  rowReader  // nil until first used
	seen   Summary    // of the present loop
	shift  clock.Time // loop * period
	row    Row
	at     clock.Time // when the row arrives
	copies uint64     // calls the row has still to make
	rows   uint64     // rows read, over all loops
	n      uint64     // calls made
	over   bool
	err    error
}

// rowReader gives the rows of a trace, from a file or from memory.
type rowReader interface {
	Next(row *Row) bool
	Err() error
	Close() error
}

// keptRows are rows in memory.
type keptRows struct {
	rows []Row
	next int
}

func (k *keptRows) Next(row *Row) bool {
	if k.next == len(k.rows) {
		return false
	}
	*row = k.rows[k.next]
	k.next++
	return true
}

func (k *keptRows) Err() error   { return nil }
func (k *keptRows) Close() error { return nil }

func newReplay(c *caller, until clock.Time) (Source, error) {
	a := &c.stream.Arrivals
	s := &replaySource{caller: *c, until: until, speed: 1, scale: 1}
	if a.Speed != 0 {
		s.speed = a.Speed
	}
	if a.Scale != 0 {
		s.scale = a.Scale
	}
	if !(s.speed > 0 && s.speed <= MaxSpeed) {
		return nil, fmt.Errorf("speed must be above 0 and at most %g, got %v", MaxSpeed, s.speed)
	}
	if !(s.scale > 0 && s.scale <= MaxScale) {
		return nil, fmt.Errorf("scale must be above 0 and at most %g, got %v", MaxScale, s.scale)
	}
	return s, nil
}

func (s *replaySource) Next(a *Arrival) bool {
	for s.copies == 0 {
		if s.over || !s.read() {
			s.stop()
			return false
		}
	}
	s.copies--
	s.sized(a, s.n, s.at, s.row.Prompt, max(1, s.row.Output))
	if s.row.MaxTokens > 0 && s.stream.MaxTokens == 0 { // else the stream's holds for all
		a.MaxTokens, a.Output = s.row.MaxTokens, min(a.Output, s.row.MaxTokens)
	}
	s.n++
	return true
}

func (s *replaySource) Err() error { return s.err }

// read takes up the next row and reports whether it arrives in time.
func (s *replaySource) read() bool {
	if s.trace == nil && !s.open() {
		return false
	}
	for !s.trace.Next(&s.row) {
		if s.err = s.trace.Err(); s.err != nil || !s.stream.Arrivals.Loop {
			return false
		}
		s.shift = s.shift.Add(s.seen.Period())
		s.trace.Close()
		if !s.open() {
			return false
		}
	}
	s.seen.add(&s.row)
	whole, part := math.Modf(s.scale)
	s.copies = uint64(whole)
	if s.key.Float64(rng.Arrivals, s.rows, 0) < part {
		s.copies++
	}
	s.rows++
	s.at = clock.FromSeconds(s.row.At.Add(time.Duration(s.shift)).Seconds() / s.speed)
	return s.at < s.until
}

func (s *replaySource) open() bool {
	s.seen = Summary{}
	if s.stream.Rows != nil {
		s.trace = &keptRows{rows: s.stream.Rows}
		return true
	}
	trace, err := s.stream.Arrivals.Log.Open()
	if s.err = err; err == nil {
		s.trace = trace
	}
	return err == nil
}

// stop ends the source and lets go of its file.
func (s *replaySource) stop() {
	s.over, s.copies = true, 0
	if s.trace != nil {
		s.trace.Close()
		s.trace = nil
	}
}
