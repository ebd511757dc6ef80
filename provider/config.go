package provider

import (
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Window names how a limit per minute is enforced.
type Window uint8

// The windows, as scenario files name them.
const (
	SlidingLog  Window = iota // every admission of the last 60 s counts: now < t + 60 s
	FixedWindow               // a counter that starts again each minute of the run
	TokenBucket               // refilled continuously; holds one minute's worth
	SubMinute                 // requests counted in slices of 10 s, tokens in fixed minutes
)

// Windows lists the names of all windows, indexed by Window.
var Windows = [...]string{"sliding-log", "fixed", "token-bucket", "sub-minute"}

func (w Window) String() string { return Windows[w] }

// Reserve names what is charged against TPM at admission.
type Reserve uint8

// The reservation rules, as scenario files name them.
const (
	ReserveMaxTokens Reserve = iota // prompt estimate + max_tokens
	ReserveEstimate                 // prompt estimate alone
	ReserveActual                   // prompt + output as they will turn out to be
)

// Reserves lists the names of all reservation rules, indexed by Reserve.
var Reserves = [...]string{"max_tokens", "estimate", "actual"}

func (r Reserve) String() string { return Reserves[r] }

// Charge is how a deployment counts tokens.
type Charge struct {
	Reserve Reserve
	// Settle trues the reservation up to prompt + output when the work is done.
	Settle bool
	// Rejected makes a 429 count against RPM as an admitted request does. Its
	// tokens never count: they are neither read nor produced.
	Rejected bool
}

// Latency is how long a deployment takes.
type Latency struct {
	TTFT     rng.Dist      // seconds to the first token
	PerToken time.Duration // for every output token
	Refusal  time.Duration // to answer 429 or 5xx
}

// Provisioned describes a PTU deployment. The zero value means none.
type Provisioned struct {
	Units       int     // PTUs deployed
	TPMPerUnit  int64   // input-equivalent tokens per minute that one PTU gives
	OutputRatio float64 // input-equivalent tokens that one output token costs
}

// Price is what a deployment costs, in US dollars; 0 where nothing is charged.
type Price struct {
	Input, Output float64 // per million tokens
	UnitHour      float64 // per PTU-hour
}

// FaultKind names a kind of fault.
type FaultKind uint8

// The faults, as scenario files name them.
const (
	Errors   FaultKind = iota // a share of the admitted attempts fails
	Outage                    // every attempt fails for a while
	LimitCut                  // the limits are lower for a while
)

// FaultKinds lists the names of all faults, indexed by FaultKind.
var FaultKinds = [...]string{"errors", "outage", "limit-cut"}

func (k FaultKind) String() string { return FaultKinds[k] }

// Fault is one thing that goes wrong with a deployment.
type Fault struct {
	Kind   FaultKind
	Status int        // what Errors and Outage answer: 500 to 599
	Rate   float64    // Errors: share of admitted attempts, 0 to 1
	At     clock.Time // when it begins
	Until  clock.Time // when it is over; clock.Never if it stays
	To     float64    // LimitCut: the share of the limits that is left, 0 to 1
}

// Config describes one deployment: a model behind one set of limits.
type Config struct {
	Name   string // what the scenario calls it
	Ref    string // the catalog reference it came from: vendor/model@tier
	Vendor string
	Model  string

	RPM, TPM int64 // limits; 0 = none
	Window   Window
	Charge   Charge
	Latency  Latency
	PTU      Provisioned
	Price    Price
	Faults   []Fault
}
