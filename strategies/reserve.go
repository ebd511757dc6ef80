package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// reserve is a limit as one instance of paced sees it: what is left of it, and
// what it has itself sent. As in headerAware, a call in flight carries the total
// as it stood when it left; both may wrap.
//
// A limit that headers tell is theirs. One that they do not is learned from
// refusals: none is assumed until the first. What was charged in the minute before
// a refusal is the limit if a window of a minute has run out, and at most twice
// the limit if a bucket that holds a minute's worth has: what it held and what was
// refilled meanwhile. So the first refusal takes most of it for the limit, and none
// takes the limit below half of it. Else it moves by additive increase,
// multiplicative decrease (Chiu and Jain 1989), which is what makes instances that
// know nothing of each other come to equal shares. A refusal says also that nothing
// is left now.
type reserve struct {
	meter
	sent  uint32
	told  uint32  // sent when the attempt left whose header was believed last
	spare float64 // what is kept free

	known   bool       // headers tell the limit
	settled clock.Time // when what was in flight as a refusal moved the limit has been charged
	turns   clock.Time // when marks are next moved; Never once the limit is known
	marks   [2]uint32  // sent at the last two turns
}

// The constants of a limit that is learned. Half or double of growCalls and growShare
// changes the success of overloaded scenarios without headers by 2.2 points at most,
// and makes refusals half or double as many.
const (
	// refusalLeaves is what a refusal leaves of a limit: CUBIC's factor (RFC 9438).
	refusalLeaves = 0.7
	// growCalls and growShare are how much a limit grows in a minute in which all
	// of it is used: so many average calls, without which small shares would stay
	// small, and such a share of it, without which large ones took hours.
	growCalls, growShare = 3, 0.1
	// turn is how often marks move: they tell what was sent in the last 30 to 60 s.
	turn = 30 * time.Second
)

// send notes that cost is being sent.
func (s *reserve) send(now clock.Time, cost float64) {
	if now >= s.turns {
		s.turn(now)
	}
	s.sent += uint32(cost)
	s.spend(now, cost, 0)
}

// turn moves the marks on. After a pause both are at what was sent before it.
func (s *reserve) turn(now clock.Time) {
	s.marks[0] = s.marks[1]
	s.marks[1] = s.sent
	if now >= s.turns.Add(turn) {
		s.marks[0] = s.sent
	}
	s.turns = now.Add(turn)
}

// believe reads q, the header of an attempt that left at since, when sent was
// total.
func (s *reserve) believe(now, since clock.Time, q wire.Quota, total uint32) {
	if q.Limit > 0 || q.Remaining >= 0 {
		s.known, s.turns = true, clock.Never
	}
	s.observe(since, q, float64(int32(total-s.told)))
	s.read(now, since, q, float64(int32(s.sent-total)))
	s.full = clock.Never // the reset is for when nobody else sends, which observe knows better
	s.told = total
}

// answered notes that cost was admitted.
func (s *reserve) answered(cost float64) {
	s.spare = max(0, s.spare-spareDecay*spareStep*cost)
	if !s.known && s.limit > 0 && s.left < s.limit/2 { // what is not used does not grow
		s.limit += cost * (growShare + growCalls*min(1, cost/s.limit))
		s.setRate()
	}
}

// refused notes that there was no room for cost, though a header said there was.
func (s *reserve) refused(cost float64) {
	s.spare = min(s.spare+spareStep*cost, spareMost*s.limit)
}

// exhausted learns from the refusal of cost, sent at since, by a limit that no
// header tells. All of it is back after wait; 0 if the refusal does not say.
// What is in flight will have been charged after service.
func (s *reserve) exhausted(now, since clock.Time, cost float64, wait, service time.Duration) {
	s.sent -= uint32(cost)  // what is refused is not charged
	if since >= s.settled { // else it is of the shortage that was learned from
		lately := float64(int32(s.sent - s.marks[0]))
		if s.limit == 0 {
			s.limit = lately
		}
		s.limit = max(refusalLeaves*s.limit, lately/2, cost)
		s.setRate()
		s.settled = now.Add(service)
	}
	s.left, s.asOf, s.full = 0, now, clock.Never
	if wait > 0 {
		s.full = now.Add(wait)
	}
}
