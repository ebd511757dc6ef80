package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// FactsHeader carries Facts. A mock provider obeys it; a vendor would not
// know it.
const FactsHeader = "Ratesim-Facts"

// Facts are what a load generator tells a mock provider with a request, so
// that both know what a simulation of the same run would: which draws belong to
// the attempt, how long the prompt is, and how much the model will say.
//
// A request without one is an ordinary client's: its prompt is counted, the
// length of its answer is drawn, and the answer speaks in the client's time.
// A request with one is a driver's: time in headers and bodies runs from Epoch,
// as fast as the provider's clock.
type Facts struct {
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
func (f *Facts) Epoch() time.Time { return f.Start.Truncate(time.Second) }

// String returns f as FactsHeader carries it: thirteen numbers between spaces.
func (f *Facts) String() string {
	a := &f.Attempt
	b := make([]byte, 0, 128)
	b = strconv.AppendUint(b, f.Seed, 10)
	for _, n := range [...]int64{int64(f.Replication), f.Start.UnixNano()} {
		b = strconv.AppendInt(append(b, ' '), n, 10)
	}
	for _, n := range [...]uint64{a.Call, uint64(a.Number), uint64(a.Prompt), uint64(a.Guess), uint64(a.MaxTokens), uint64(a.Output), uint64(a.Cached),
		uint64(a.System), uint64(a.SystemID), a.Prefix} {
		b = strconv.AppendUint(append(b, ' '), n, 10)
	}
	return string(b)
}

// ParseFacts reads what String wrote.
func ParseFacts(v string) (f Facts, err error) {
	bits := [...]int{64, 31, 63, 64, 32, 32, 32, 32, 32, 32, 32, 16, 64}
	var n [len(bits)]uint64
	for i := range n {
		number, rest, more := strings.Cut(v, " ")
		if n[i], err = strconv.ParseUint(number, 10, bits[i]); err != nil {
			return Facts{}, fmt.Errorf("%s: number %d: %w", FactsHeader, i+1, err)
		}
		if more != (i+1 < len(n)) {
			return Facts{}, fmt.Errorf("%s: want %d numbers between spaces", FactsHeader, len(n))
		}
		v = rest
	}
	if n[9] > n[5] || n[10] > n[5] {
		return Facts{}, errors.New(FactsHeader + ": more tokens are cached, or are the system prompt, than there are")
	}
	return Facts{Seed: n[0], Replication: int(n[1]), Start: time.Unix(0, int64(n[2])), Attempt: Attempt{
		Call: n[3], Number: uint32(n[4]), Prompt: uint32(n[5]), Guess: uint32(n[6]), MaxTokens: uint32(n[7]), Output: uint32(n[8]), Cached: uint32(n[9]),
		System: uint32(n[10]), SystemID: uint16(n[11]), Prefix: n[12]}}, nil
}
