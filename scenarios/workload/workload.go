package workload

import (
	"fmt"
	"slices"
	"time"

	tokenizer "ratesim/provider/tokens"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Arrival is one call as the workload asks for it.
type Arrival struct {
	ID        uint64     // unique in the run, the same for every strategy
	At        clock.Time // when the application asks
	Deadline  clock.Time // when it will give up; clock.Never for none
	Prompt    uint32     // prompt tokens as the provider counts them, >= 1
	Estimate  uint32     // prompt tokens as the client believes, >= 1
	Guess     uint32     // prompt tokens as the provider estimates them at admission, >= 1
	Output    uint32     // tokens the model will produce, >= 1, already cut to MaxTokens
	MaxTokens uint32     // declared by the client; 0 = none
	Tenant    uint16     // index into Tenants of the streams
	Priority  int8
	Streamed  bool // its answer comes piece by piece, as it is produced
	// Prefix names what the prompt begins with: calls of one conversation have the same,
	// and the prompt of each begins with that of the one before. 0 = the prompt has nothing
	// in common with others that a provider's cache could keep.
	Prefix uint64
}

// Source yields the arrivals of one stream in time order and in memory that
// does not grow with them. It is a pure function of its Stream and key.
type Source interface {
	// Next fills a with the next arrival and reports whether there was one.
	// Once it has returned false it goes on returning false.
	Next(a *Arrival) bool
	// Err returns what stopped the source early: a trace that cannot be read.
	Err() error
}

// Closed is a Source of calls that come when others have ended. Next yields those that wait
// for none; Ended the ones after them.
type Closed interface {
	Source
	// Ended tells the source that the call with this ID ended at now, and whether it has an
	// answer. It appends to next the arrivals, at or after now, that have waited for that.
	Ended(now clock.Time, id uint64, succeeded bool, next []Arrival) []Arrival
}

// Stream describes one stream of calls.
type Stream struct {
	Tenant   string
	Arrivals Arrivals
	Prompt   rng.Dist // tokens, rounded, at least 1
	Output   rng.Dist // tokens, rounded, at least 1
	// RankCorrelation is that of prompt and output (Spearman's), -1 to 1, where they are
	// not of Lengths; 0 = they are independent. Each keeps its distribution.
	RankCorrelation float64
	Lengths         []Length // prompt and output drawn together from these rows; nil = drawn apart, as above
	MaxTokens       uint32   // 0 = not declared
	Estimate        Estimate // what the client believes of its prompts
	Guess           Estimate // what the provider believes of them at admission
	// Cached is the share of each prompt that the provider has in its cache, 0 to 1. It is for
	// calls of which nothing more is known: what is cached of the prompts of sessions is for
	// the cache of the deployment to say, and Cached is 0.
	Cached    float64
	Deadline  time.Duration // after arrival; 0 = none
	Priority  int8
	Streaming Streaming // which answers come piece by piece
	// Rows are the rows of the trace that Arrivals name, as Summary.Kept has them; nil =
	// each run reads them from the file.
	Rows []Row
	// Logged are the tenants of the rows of the trace, as Summary.Tenants has them, for
	// LogTenants: Row.Tenant counts them from 1.
	Logged []string
	// Recorded, if not nil, makes the source in place of Arrivals and the
	// sizes, for what no scenario file can say. Its IDs are those of the only
	// stream of a run.
	Recorded func(key rng.Key, until clock.Time) Source
}

// Length is the size of one recorded request, in tokens.
type Length struct{ Prompt, Output uint32 }

// Belief names how the tokens of a prompt are estimated.
type Belief uint8

// The beliefs, as scenario files name them.
const (
	Exact     Belief = iota // they are counted as the provider bills them
	Chars                   // a character count divided by four
	Fixed                   // always the same number
	WithError               // the true count times a bias and a lognormal error
)

// Estimate is what someone believes a prompt costs. Its zero value is Exact.
type Estimate struct {
	Belief Belief
	Fixed  uint32  // for Fixed: tokens, at least 1
	Error  float64 // for WithError: standard deviation of ln(estimate/true); for Chars: what the vendor's vocabulary adds to that of texts
	Bias   float64 // for WithError and Chars: the median of estimate/true; 0 = 1
}

// CharsFor is the belief that a prompt for a model has a token for every four characters. Such a
// client counts about as many as o200k_base, the encoding of GPT-4o, whatever the model counts. A
// model that is not known is taken to count as GPT-4o does.
func CharsFor(model string) Estimate {
	e := Estimate{Belief: Chars}
	if r := tokenizer.RatioOf(model); r.Known && !r.Published {
		e.Bias, e.Error = 1/r.Mean, r.Spread
	}
	return e
}

// maxStreams is how many streams the call IDs have room for.
const maxStreams = 1 << (64 - sequenceBits)

// Open returns one source for each stream, in their order; streams must stay
// as they are while a source is in use. Arrivals fall in [0, until): a call at
// exactly until is not made. A stream whose process is closed gives a
// [Closed]. The error names the first stream and parameter out of range.
//
// A trace is opened by the first Next and closed when Next returns false; one
// that is missing or malformed shows as Err then. Describe finds it before.
func Open(streams []Stream, key rng.Key, until clock.Time) ([]Source, error) {
	if len(streams) > maxStreams {
		return nil, fmt.Errorf("workload has %d streams, at most %d fit", len(streams), maxStreams)
	}
	tenants := Tenants(streams)
	sources := make([]Source, len(streams))
	for i := range streams {
		s := &streams[i]
		c := caller{
			stream: s,
			key:    key.Sub(rng.Stream, uint64(i)),
			base:   uint64(i) << sequenceBits,
			tenant: uint16(slices.Index(tenants, s.Tenant)),
		}
		for _, name := range s.Tenants() {
			c.tenants = append(c.tenants, uint16(slices.Index(tenants, name)))
		}
		if s.Recorded != nil {
			sources[i] = s.Recorded(c.key, until)
			continue
		}
		src, err := c.open(until)
		if err != nil {
			return nil, fmt.Errorf("workload[%d].arrivals: %s: %w", i, s.Arrivals.Process, err)
		}
		sources[i] = src
	}
	return sources, nil
}
