package workload

import (
	"cmp"
	"fmt"
	"slices"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// roundBits is the width of the round in the number of a closed call; the
// user is in the bits above: 16.8 million of each.
const roundBits = 24

// closedSource is the process "closed": Users users, each of whom asks, waits
// for the call to end, thinks, and asks again.
//
//	user 0  ask────────end  think  ask───end  think  ask──...
//	user 1     ask─end  think    ask─────────────end  think  ...
//
// The first call of a user arrives at a share, uniform on [0, 1), of a think
// time of its own, so that users do not start in step; without think time all
// start at 0. With mean response time R and mean think time Z the stream makes
// users/(R+Z) calls per second (Little's law).
//
// It keeps 16 bytes a user until the user's first call is made and nothing
// after: the user and the round are in the call's ID.
type closedSource struct {
	caller
	until clock.Time
	first []firstCall // in time order
}

// firstCall is when a user's first call arrives.
type firstCall struct {
	at   clock.Time
	user uint64
}

func newClosed(c *caller, until clock.Time) (Source, error) {
	a := &c.stream.Arrivals
	if a.Users < 1 || a.Users > MaxUsers {
		return nil, fmt.Errorf("users must be 1 to %d, got %d", MaxUsers, a.Users)
	}
	s := &closedSource{caller: *c, until: until}
	for user := range uint64(a.Users) {
		at := clock.FromSeconds(c.key.Float64(rng.Arrivals, user, 0) * s.think(user, 0))
		if at < until {
			s.first = append(s.first, firstCall{at, user})
		}
	}
	slices.SortFunc(s.first, func(x, y firstCall) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.user, y.user))
	})
	return s, nil
}

// think returns how many seconds the user thinks before a round.
func (s *closedSource) think(user, round uint64) float64 {
	return s.stream.Arrivals.Think.Draw(s.key, rng.Think, user, round)
}

func (s *closedSource) Next(a *Arrival) bool {
	if len(s.first) == 0 {
		s.first = nil
		return false
	}
	f := s.first[0]
	s.first = s.first[1:]
	s.call(a, f.user<<roundBits, f.at)
	return true
}

func (s *closedSource) Err() error { return nil }

// Ended makes the user's next call, whether or not this one succeeded. A user stops after
// 2^24 rounds, which is what a call ID has room for.
func (s *closedSource) Ended(now clock.Time, id uint64, _ bool, next []Arrival) []Arrival {
	n := id&(1<<sequenceBits-1) + 1
	user, round := n>>roundBits, n&(1<<roundBits-1)
	at := now + clock.FromSeconds(s.think(user, round))
	if round == 0 || at >= s.until || at < now {
		return next
	}
	var a Arrival
	s.call(&a, n, at)
	return append(next, a)
}
