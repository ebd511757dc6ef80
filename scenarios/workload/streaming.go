package workload

import (
	"math"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Streaming says which calls of a stream of calls ask for a streamed answer, one that
// comes piece by piece as it is produced, and how it is read. The zero value streams
// nothing.
type Streaming struct {
	Share float64 // of the calls that are streamed, 0 to 1
	// FirstToken is how long after its arrival a streamed call is given up when its answer
	// has not begun; 0 = there is no such deadline.
	FirstToken time.Duration
	// Leave is the share of the readers who leave before the end, 0 to 1, each after a time
	// of Reading, in seconds from the first token on. Who leaves has read enough: the call
	// has succeeded. An answer that is complete before is read to its end.
	Leave   float64
	Reading rng.Dist
}

// streamed reports whether the call id is streamed.
func (s *Streaming) streamed(key rng.Key, id uint64) bool {
	return s.Share > 0 && (s.Share == 1 || key.Float64(rng.Streamed, id, 0) < s.Share)
}

// GivenUp returns when a streamed call that arrived at a time is given up unless its
// answer has begun; clock.Never without such a deadline.
func (s *Streaming) GivenUp(arrived clock.Time) clock.Time {
	if s.FirstToken == 0 {
		return clock.Never
	}
	return arrived.Add(s.FirstToken)
}

// Leaves returns how long after its first token the reader of the streamed call id leaves,
// and whether they do. The key is that of the run.
func (s *Streaming) Leaves(key rng.Key, id uint64) (after time.Duration, leaves bool) {
	if s.Leave == 0 || key.Float64(rng.Leaving, id, 0) >= s.Leave {
		return 0, false
	}
	seconds := s.Reading.Draw(key, rng.Reading, id, 0)
	return time.Duration(math.Round(min(seconds*1e9, math.MaxInt64/2))), true
}
