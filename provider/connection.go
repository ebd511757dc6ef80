package provider

import (
	"time"

	"ratesim/provider/wire"
)

// How long the body of an answer is, about: the frame is what stands around the text. Faults
// that count bytes go by these numbers, because the simulator writes no body; over HTTP each
// part of the body comes when it would if it were as long.
const (
	bytesPerToken = 5
	bytesOfFrame  = 500
)

// AnswerBytes returns about how many bytes the body of an answer of so many tokens has.
func AnswerBytes(output uint32) int64 { return bytesOfFrame + bytesPerToken*int64(output) }

// tokensIn returns how many tokens are in the first n bytes of a body.
func tokensIn(n int64) int64 { return max(0, n-bytesOfFrame) / bytesPerToken }

// sending returns how long a body takes at so many bytes per second.
func sending(output uint32, rate float64) time.Duration {
	return time.Duration(float64(AnswerBytes(output)) / rate * float64(time.Second))
}

// Longest returns how long a SlowStream makes the sending of an answer at most. It is 0
// without BytesPerSecond.
func (f *Fault) Longest(output uint32) time.Duration {
	if f.Kind != SlowStream || f.BytesPerSecond == 0 {
		return 0
	}
	return sending(output, f.BytesPerSecond)
}

// Struck is what faults do to the connection on which the answer to an attempt comes.
type Struck struct {
	Fault *Fault        // the Hang, Reset or Garbled that strikes it; nil = none, or it hangs BeforeStatus
	Drips bool          // the body comes slowly, from Ready until the time that Arrive returned
	Ready time.Duration // how long after it arrives the answer begins to come, if it is not streamed

	rate float64 // bytes per second, where it drips
}

// Struck tells what faults do to the connection of the attempt that Arrive has just admitted.
func (m *Model) Struck() Struck {
	if len(m.cfg.Faults) == 0 {
		return Struck{}
	}
	return m.struck
}

// drip slows the sending of an answer down to the rate of f.
func (s *Struck) drip(f *Fault) {
	if f.BytesPerSecond > 0 && (!s.Drips || f.BytesPerSecond < s.rate) {
		s.Drips, s.rate = true, f.BytesPerSecond
	}
}

// breaks lets f strike the connection of a, and returns the status of what the client sees.
func (m *Model) breaks(f *Fault, i int, a *wire.Attempt) int {
	if f.Kind == Hang && f.How == BeforeStatus { // the connection has no part in it
		a.Output = 0
		return statusHang
	}
	m.struck.Fault = f
	switch {
	case f.Kind == Reset && f.How == Short && a.Streamed: // its last event says that it is complete
		return wire.StatusOK
	case f.Kind == Garbled && f.How == BadStatusLine:
		return wire.StatusReset
	case f.Kind == Garbled:
		return wire.StatusGarbled
	case f.Kind == Reset && f.How != Short:
		a.Output = m.partOf(f, i, a)
	}
	return wire.StatusCut
}

// partOf returns how many tokens of a's output come before f ends it.
func (m *Model) partOf(f *Fault, i int, a *wire.Attempt) uint32 {
	if f.After > 0 {
		return uint32(min(int64(a.Output), tokensIn(f.After)))
	}
	return uint32(m.draw(i, a.Call, uint64(a.Number)|shares) * float64(a.Output))
}

// send returns how long an attempt takes until its answer has come, or nothing more comes of
// it, when the answer is complete after so long.
func (m *Model) send(a *wire.Attempt, complete time.Duration) time.Duration {
	s := &m.struck
	s.Ready = complete
	if s.Drips {
		complete += sending(a.Output, s.rate)
	}
	if s.Fault != nil && s.Fault.Kind == Hang {
		complete += hang
	}
	return complete
}
