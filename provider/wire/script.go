package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ScriptHeader carries a Script. A mock provider obeys it; a vendor would not
// know it.
const ScriptHeader = "Ratesim-Script"

// Script is what a load generator tells a mock provider with a request, so
// that both know what a simulation of the same run would: which draws belong to
// the attempt, how long the prompt is, and how much the model will say.
//
// A request without one is an ordinary client's: its prompt is counted, the
// length of its answer is drawn, and the answer speaks in the client's time.
// A request with one is a driver's: time in headers and bodies runs from Epoch,
// as fast as the provider's clock.
type Script struct {
	Seed        uint64
	Replication int
	Start       time.Time // time 0 of the run, on the clock of both
	// Of the attempt: Call, Number, Prompt, Guess, MaxTokens, Output, Cached, System,
	// SystemID and Prefix.
	Attempt Attempt
}

// Epoch returns the instant that dates in answers count from: Start cut to a
// whole second. Vendors round instants to seconds, and in a simulation time 0 is a
// whole one.
func (s *Script) Epoch() time.Time { return s.Start.Truncate(time.Second) }

// String returns s as ScriptHeader carries it: thirteen numbers between spaces.
func (s *Script) String() string {
	a := &s.Attempt
	b := make([]byte, 0, 128)
	b = strconv.AppendUint(b, s.Seed, 10)
	for _, n := range [...]int64{int64(s.Replication), s.Start.UnixNano()} {
		b = strconv.AppendInt(append(b, ' '), n, 10)
	}
	for _, n := range [...]uint64{a.Call, uint64(a.Number), uint64(a.Prompt), uint64(a.Guess), uint64(a.MaxTokens), uint64(a.Output), uint64(a.Cached),
		uint64(a.System), uint64(a.SystemID), a.Prefix} {
		b = strconv.AppendUint(append(b, ' '), n, 10)
	}
	return string(b)
}

// ParseScript reads what String wrote.
func ParseScript(v string) (s Script, err error) {
	bits := [...]int{64, 31, 63, 64, 32, 32, 32, 32, 32, 32, 32, 16, 64}
	var n [len(bits)]uint64
	for i := range n {
		number, rest, more := strings.Cut(v, " ")
		if n[i], err = strconv.ParseUint(number, 10, bits[i]); err != nil {
			return Script{}, fmt.Errorf("%s: number %d: %w", ScriptHeader, i+1, err)
		}
		if more != (i+1 < len(n)) {
			return Script{}, fmt.Errorf("%s: want %d numbers between spaces", ScriptHeader, len(n))
		}
		v = rest
	}
	if n[9] > n[5] || n[10] > n[5] {
		return Script{}, errors.New(ScriptHeader + ": more tokens are cached, or are the system prompt, than there are")
	}
	return Script{Seed: n[0], Replication: int(n[1]), Start: time.Unix(0, int64(n[2])), Attempt: Attempt{
		Call: n[3], Number: uint32(n[4]), Prompt: uint32(n[5]), Guess: uint32(n[6]), MaxTokens: uint32(n[7]), Output: uint32(n[8]), Cached: uint32(n[9]),
		System: uint32(n[10]), SystemID: uint16(n[11]), Prefix: n[12]}}, nil
}
