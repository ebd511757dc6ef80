package provider

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// Stream is how a streamed answer comes. Times are from the arrival of the attempt on.
type Stream struct {
	Begins bool          // its first token comes; later it may break off all the same
	First  time.Duration // when the first token comes
	Made   time.Duration // when the last token is produced
	Sent   time.Duration // when the last one that comes is sent
}

// Stream tells how the streamed answer comes to the attempt that Arrive has just admitted.
// If it begins and the reply is no success, it breaks off at the time that Arrive returned:
// with an error event, or as the reply's status says.
func (m *Model) Stream() Stream { return m.coming }

// stream works out how the answer to a comes, which is over after took, and returns when
// that is if it is streamed. What goes wrong after the first token goes wrong in an answer
// whose status was 200: no client can try it again, because its reader has had the
// beginning. Before the first token, an error has a status of its own, as in answers that
// come whole.
func (m *Model) stream(a *wire.Attempt, r *wire.Reply, took time.Duration) time.Duration {
	s := &m.coming
	s.Made, s.Sent = took, took
	fault := m.struck.Fault
	if fault != nil || m.struck.Drips {
		s.Made = m.struck.Ready
	}
	switch {
	case fault == nil:
		s.Begins = r.OK() || a.Output > 0
	case fault.Kind == Garbled && fault.How == BadStatusLine: // the first thing that comes cannot be read
		return s.First
	case fault.Kind == Hang:
		s.Begins, s.Sent = true, took-hang
	default:
		s.Begins = true
	}
	return took
}

// Produced returns how many tokens of a streamed answer of so many have been produced at
// now, when the first comes at first and the last at last.
func Produced(output uint32, first, last, now clock.Time) uint32 {
	switch {
	case now <= first:
		return 0
	case now >= last:
		return output
	}
	return uint32(float64(output) * float64(now-first) / float64(last-first))
}

// HangUp says that the client of a streamed attempt is gone when so many tokens of the
// answer have been produced. It reports whether the deployment stops: Finish is then due
// at once. Otherwise it goes on to the end, as if nothing had happened.
func (m *Model) HangUp(a *wire.Attempt, produced uint32) (stops bool) {
	if !m.cfg.Charge.StopsStreams {
		return false
	}
	before := int64(0)
	if m.foreseen {
		before = m.growthOf(a)
	}
	if !a.Failed {
		m.bill(a, Usage{Output: -int64(a.Output - produced)})
	}
	a.Output = produced
	if m.foreseen {
		m.growth += m.growthOf(a) - before
	}
	return true
}
