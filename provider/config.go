package provider

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// Window names how a limit is enforced.
type Window uint8

// The windows, as scenario files name them.
const (
	SlidingLog     Window = iota // every admission of the last 60 s counts: now < t + 60 s
	FixedWindow                  // a counter that starts again at every multiple of the window
	TokenBucket                  // refilled continuously; holds one window's worth
	SubMinute                    // requests counted in slices of 10 s, tokens in fixed minutes
	SlidingCounter               // two fixed windows, the earlier one weighted by what overlaps
	PerSecond                    // requests counted in slices of 1 s, tokens refilled continuously
)

// Windows lists the names of all windows, indexed by Window.
var Windows = [...]string{"sliding-log", "fixed", "token-bucket", "sub-minute", "sliding-counter", "per-second"}

func (w Window) String() string { return Windows[w] }

// Unit is what a limit counts.
type Unit uint8

// The units, as [Limit] counts them.
const (
	Requests Unit = iota // attempts
	Tokens               // prompt and output, by Charge
	Input                // the prompt, by Charge; output is not counted
	Output               // what the model produces, as it is produced; nothing is reserved
	numUnits
)

// Limit is one more limit of a deployment, beside RPM and TPM. An attempt is
// admitted by all limits or charged to none.
type Limit struct {
	Counts Unit
	Most   int64 // above 0
	// Per is the length of the window. 0 bounds what is there at a time: open
	// requests, or the tokens of a batch queue.
	Per    time.Duration
	Window Window // not used when Per is 0
	// Growth above 0 bounds how fast use may grow: Most tokens or requests a
	// minute are free, and in every Per the mean rate may exceed that of the
	// Per before by this share of it.
	Growth float64
	// UsedBefore is, for a limit on growth, the mean rate per minute in the Per
	// before the run. 0 is a cold start: in the first Per no more than Most a
	// minute is admitted.
	UsedBefore int64
	// Shared limits are one for all deployments of the same Config.Pool.
	Shared bool
}

// Kind is a limit that catalogs and scenario files have a name for.
type Kind struct {
	Name   limit.Name
	Counts Unit
	Per    time.Duration // 0 = at a time
}

// Kinds lists them; the first two are Config.RPM and Config.TPM.
var Kinds = [...]Kind{
	{limit.ByRPM, Requests, time.Minute},
	{limit.ByTPM, Tokens, time.Minute},
	{limit.ByRPD, Requests, 24 * time.Hour},
	{limit.ByTPD, Tokens, 24 * time.Hour},
	{limit.ByRPH, Requests, time.Hour},
	{limit.ByTPH, Tokens, time.Hour},
	{limit.ByITPM, Input, time.Minute},
	{limit.ByOTPM, Output, time.Minute},
	{limit.ByConcurrency, Requests, 0},
	{limit.ByQueuedTokens, Tokens, 0},
}

// NameOf returns the name of a limit on a unit in a time, as Kinds has it.
func NameOf(counts Unit, per time.Duration) limit.Name {
	for _, k := range Kinds {
		if k.Counts == counts && k.Per == per {
			return k.Name
		}
	}
	return limit.Unnamed
}

// MostLimit is the largest limit that sim/limit supports.
const MostLimit = 100_000_000_000

// told is the name that crosses the wire when l refuses.
func (l *Limit) told() wire.Limit {
	switch {
	case l.Growth > 0:
		return wire.Ramp
	case l.Per == 0:
		return wire.Concurrency
	case l.Per >= 24*time.Hour:
		return wire.Daily
	}
	return [...]wire.Limit{wire.Requests, wire.Tokens, wire.Input, wire.Output}[l.Counts]
}

// refuser is the name under which results count what l refuses.
func (c *Config) refuser(l *Limit) limit.Name {
	switch {
	case l.Shared && c.Pool != "":
		return limit.BySharedPool
	case l.Growth > 0:
		return limit.ByRamp
	}
	return NameOf(l.Counts, l.Per)
}

// Reserve names what is charged against limits on tokens at admission.
type Reserve uint8

// The reservation rules, as scenario files name them.
const (
	ReserveMaxTokens Reserve = iota // prompt estimate + max_tokens
	ReserveEstimate                 // prompt estimate alone
	ReserveActual                   // prompt + output as they will turn out to be
	ReserveLarger                   // prompt estimate or max_tokens, whichever is larger
)

// Reserves lists the names of all reservation rules, indexed by Reserve.
var Reserves = [...]string{"max_tokens", "estimate", "actual", "larger"}

func (r Reserve) String() string { return Reserves[r] }

// Charge is how a deployment counts tokens.
type Charge struct {
	Reserve Reserve
	// Undeclared is reserved for the output of a request that declares no
	// max_tokens.
	Undeclared uint32
	// Settle corrects the reservation to prompt + output when the work is done.
	Settle bool
	// Rejected makes an attempt that a limit refuses count against all limits on
	// requests per time, as an admitted one does. The comment of package limit says
	// what that costs under each window. The wait that a reply asks for is that of an
	// attempt after this one. The tokens of a refused attempt never count, because they
	// are neither read nor produced. A request that is too large, is not paid for or
	// meets an outage does not count at all.
	Rejected bool
	// Burndown is how many tokens an output token counts as when the reservation is
	// settled; 0 = 1. It does not change the reservation.
	Burndown float64
	// CacheDiscount is the share of cached prompt tokens that does not count: with 0
	// all count, with 1 they are free.
	CacheDiscount float64
	// ReserveCached makes cached prompt tokens count in full until the
	// reservation is settled.
	ReserveCached bool
	// CacheWrite is how many tokens a prompt token counts as that is put into the cache;
	// 0 = 1.
	CacheWrite float64
	// FailedFree gives back the tokens that were reserved for an admitted attempt that
	// failed, even where nothing else is settled. The request still counts.
	FailedFree bool
	// StopsStreams ends the work on a streamed answer when its client hangs up: no more is
	// produced, charged or billed. Without it, the answer is produced to its end.
	StopsStreams bool
}

// Latency is how long a deployment takes.
type Latency struct {
	TTFT     rng.Dist      // seconds to the first token
	PerToken time.Duration // for every output token
	Refusal  time.Duration // to answer 429 or 5xx
	// Load is how much longer everything takes when all of the limit on tokens
	// is used, as a share: 1 is twice as long. It grows with the square of the
	// share used, as queueing delay does long before saturation. 0 = load does
	// not matter.
	Load float64
	// Floor is the longest time that an output token takes under any load. Provisioned
	// deployments promise it; 0 = no promise.
	Floor time.Duration
}

// Provisioned describes a deployment of capacity that was bought in units, such as PTUs. The
// zero value means none.
type Provisioned struct {
	Units       int     // deployed
	TPMPerUnit  int64   // input-equivalent tokens per minute that one unit gives
	OutputRatio float64 // input-equivalent tokens that one output token costs
	// Window is over which what the units give is counted: windows of the clock on the wall, in
	// each of which as many tokens are admitted as the units give in it, as of Vertex AI's
	// GSUs. 0 is a level that drains continuously, as of Azure's PTUs.
	Window time.Duration
}

// FaultKind names a kind of fault.
type FaultKind uint8

// The faults, as scenario files name them.
const (
	Errors     FaultKind = iota // a share of the admitted attempts fails
	Outage                      // every attempt fails for a while
	LimitCut                    // the limits are lower for a while
	Hang                        // a share of the admitted attempts gets no answer
	Reset                       // the connection of a share of the admitted attempts breaks
	MidStream                   // a share of the admitted attempts fails after part of the output
	SlowStream                  // a share of the admitted attempts takes To times as long
	Unpaid                      // every attempt is refused for billing
	BadHeaders                  // a share of the replies carries wrong headers
	Garbled                     // a share of the answers cannot be read
)

// FaultKinds lists the names of all faults, indexed by FaultKind.
var FaultKinds = [...]string{"errors", "outage", "limit-cut", "hang", "reset", "mid-stream", "slow-stream", "billing", "bad-headers", "garbled"}

func (k FaultKind) String() string { return FaultKinds[k] }

// Bug names one way in which headers are known to be wrong.
type Bug uint8

// The bugs, as scenario files name them.
const (
	DayLong      Bug = iota // a 429 asks for a wait of 86,400 s (jasonacox/TinyLLM#17, 2025-02)
	Negative                // -1, -1 and 0 for tokens, and no wait on a 429 (openai/openai-dotnet#838)
	SecondsInMs             // a 429 gives its seconds as milliseconds
	NoHeaders               // a 429 carries no headers (openai/openai-python#937)
	StaleHeaders            // what remains is a minute old (oaib#11, 2024)
)

// Bugs lists the names of all bugs, indexed by Bug.
var Bugs = [...]string{"retry-after-86400", "negative", "seconds-in-ms", "missing", "stale"}

func (b Bug) String() string { return Bugs[b] }

// Way names how a Hang, a Reset or a Garbled answer happens on the connection. The first
// of each kind is its default.
type Way uint8

// When nothing more comes of an answer that hangs.
const (
	BeforeStatus Way = iota // nothing comes at all; a gateway's 504 ends it
	AfterHeaders            // the status and the headers come
	MidBody                 // half of the body comes, too
	BeforeEnd               // all but the last byte comes
)

// How a connection ends before the answer does.
const (
	Closes     Way = iota // the server closes it
	ResetsTCP             // the server resets it, so that what was on its way may be lost
	HalfCloses            // the server says that it sends no more, but still reads (TCP's FIN of one direction)
	Short                 // all is sent and then the connection closed, but more was announced
)

// What of an answer cannot be read.
const (
	BadBody       Way = iota // the second half of the body is random bytes
	Long                     // the body is longer than announced; clients see its first half
	BadStatusLine            // random bytes come in place of the status line
)

// Ways returns the names of all ways in which faults of this kind happen, indexed by Way;
// nil where there is only one.
func (k FaultKind) Ways() []string {
	switch k {
	case Hang:
		return []string{"before-status", "after-headers", "mid-body", "before-end"}
	case Reset:
		return []string{"close", "tcp-reset", "half-close", "short"}
	case Garbled:
		return []string{"body", "long", "status-line"}
	}
	return nil
}

// Fault is one thing that goes wrong with a deployment.
type Fault struct {
	Kind   FaultKind
	How    Way        // Hang, Reset and Garbled
	Status int        // what Errors, Outage and MidStream answer: 500 to 599, and the first two also 429, which is charged to no limit
	Rate   float64    // the share of attempts it strikes, 0 to 1
	At     clock.Time // when it begins
	Until  clock.Time // when it is over; clock.Never if it stays
	To     float64    // LimitCut: the share of the limits that is left, 0 to 1; SlowStream: how many times as long, at least 1
	Bug    Bug        // BadHeaders
	// After is, of a Reset that is not Short, how many bytes of the body come before it; 0 = a random
	// part. See AnswerBytes.
	After int64
	// BytesPerSecond bounds how fast the body of a SlowStream comes; 0 = no bound. See
	// AnswerBytes.
	BytesPerSecond float64
	// MTBF and MTTR make an Outage come again and again between At and Until:
	// up for MTBF on average, then down for MTTR, both exponential. 0 = it
	// lasts all the time.
	MTBF, MTTR time.Duration
}

// FirstRequest is the Phase of windows that begin with a request.
const FirstRequest time.Duration = -1

// Config describes one deployment: a model behind one set of limits.
type Config struct {
	Name   string // what the scenario calls it
	Ref    string // the catalog reference it came from: vendor/model@tier
	Vendor string
	Model  string

	RPM, TPM int64 // limits per minute; 0 = none
	Window   Window
	// Phase is how much of its windows is over when a run begins, for windows
	// that follow the clock on the wall; FirstRequest lets each begin with the
	// first charge after the last.
	Phase   time.Duration
	Limits  []Limit // beside RPM and TPM
	Pool    string  // deployments of one pool share the limits that are Shared
	Charge  Charge
	Headers wire.Headers
	Latency Latency
	PTU     Provisioned
	Cache   Cache
	Price   Price
	// Service is the service tier that requests ask for, such as flex, and Region where they
	// are to be worked on; empty is what costs neither more nor less. Price has been set for both.
	Service, Region string
	Batch           bool // answers when it suits the vendor; clients wait as long as it takes
	Faults          []Fault
}
