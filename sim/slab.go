package sim

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/strategies"
)

// call is a strategies.Call and what the engine keeps beside it. Calls live in
// a slab without pointers, so that the garbage collector never looks at it.
type call struct {
	strategies.Call
	prefix                uint64 // as workload.Arrival has it
	prompt, guess, output uint32 // the true sizes
	declared              uint32 // max_tokens, as the request has it; 0 = none
	instance              uint32
	group                 uint32     // of calls that it is counted with
	gen                   uint32     // how many calls have lived here: tells stale events from live ones
	timer                 uint32     // how often the timer was set, likewise
	flights               uint32     // newest attempt in flight + 1; 0 = none
	ends                  clock.Time // when the application gives up a call whose answer has begun; Deadline may be earlier before that
	stream                uint16
	streamed              bool // its answer comes piece by piece
	begun                 bool // the first token of its answer has come
	broken                bool // and then the answer broke off
	due                   bool // the application would give it up at some time
	open                  bool // arrived and not ended
	chained               bool // the next arrival of its stream is fetched when it arrives
}

// work is what c asks for.
func (c *call) work() metrics.Work {
	return metrics.Work{Group: int(c.group), Instance: int(c.instance), Tokens: int64(c.prompt) + int64(c.output), Due: c.due, Streamed: c.streamed}
}

// flight is an attempt between its sending and the moment when neither client
// nor server has any business with it.
type flight struct {
	attempt    wire.Attempt
	reply      wire.Reply
	sent       clock.Time
	tokens     int64  // what it will be charged, while it is on its way there (oracle only)
	slot, gen  uint32 // its call
	next       uint32 // older attempt in flight of the same call + 1
	group      uint32 // of its call
	deployment uint16
	waiting    bool // its reply is still to be delivered
	busy       bool // the server has not finished
	hungUp     bool // the strategy aborted it
	timedOut   bool // the client will give up before the reply comes
	together   bool // the server finishes in the event that delivers the reply
	begins     bool // its answer is streamed and begins, well or to break off
	settled    bool // the server stopped early, because the client hung up

	read bool // its reader left, having read enough

	// Of a streamed attempt, once it has reached the server: when that was, when the first token is sent and
	// when it comes, when the last is produced and sent, and when all is over; see
	// provider.Stream. done is 0 before.
	reached, first, came, made, last, done clock.Time
	gone                                   clock.Time // when the client hung up
}

// chunk is how many elements a slab grows by. Elements never move, since
// strategies hold pointers to them.
const chunk = 1 << 12

// slab hands out elements by index and takes them back.
type slab[T any] struct {
	chunks []*[chunk]T
	free   []uint32
	next   uint32
}

func (s *slab[T]) at(i uint32) *T { return &s.chunks[i/chunk][i%chunk] }

// get returns the index of an unused element: the one put back last, which is
// the one most likely to be in the cache.
func (s *slab[T]) get() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if s.next%chunk == 0 {
		s.chunks = append(s.chunks, new([chunk]T))
	}
	s.next++
	return s.next - 1
}

func (s *slab[T]) put(i uint32) { s.free = append(s.free, i) }
