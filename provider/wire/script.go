package wire

import (
	"errors"
	"fmt"
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
// A request with one is a driver's: time in headers and bodies runs from Start,
// as fast as the provider's clock.
type Script struct {
	Seed        uint64
	Replication int
	Start       time.Time // time 0 of the run, on the clock of both
	// Of the attempt: Call, Number, Prompt, Guess, MaxTokens, Output and Cached.
	Attempt Attempt
}

const scriptFormat = "%d %d %d %d %d %d %d %d %d %d"

// String returns s as ScriptHeader carries it.
func (s *Script) String() string {
	a := &s.Attempt
	return fmt.Sprintf(scriptFormat, s.Seed, s.Replication, s.Start.UnixNano(),
		a.Call, a.Number, a.Prompt, a.Guess, a.MaxTokens, a.Output, a.Cached)
}

// ParseScript reads what String wrote.
func ParseScript(v string) (s Script, err error) {
	var start int64
	a := &s.Attempt
	n, err := fmt.Sscanf(v, scriptFormat, &s.Seed, &s.Replication, &start,
		&a.Call, &a.Number, &a.Prompt, &a.Guess, &a.MaxTokens, &a.Output, &a.Cached)
	if err != nil {
		return Script{}, fmt.Errorf("%s: number %d: %w", ScriptHeader, n+1, err)
	}
	if s.Replication < 0 || start < 0 || a.Cached > a.Prompt {
		return Script{}, errors.New(ScriptHeader + ": numbers out of range")
	}
	s.Start = time.Unix(0, start)
	return s, nil
}
