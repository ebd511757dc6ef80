package workload

import (
	"fmt"
	"math"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Process names an arrival process.
type Process uint8

// The arrival processes, as scenario files name them.
const (
	ConstantRate Process = iota
	Poisson
	GammaRenewal
	Weibull
	MMPP
	Ramp
	Diurnal
	Spike
	ClosedLoop
	Trace
	InSessions
)

// Processes lists the names of all processes, indexed by Process.
var Processes = [...]string{"constant", "poisson", "gamma", "weibull", "mmpp", "ramp", "diurnal", "spike", "closed", "trace", "sessions"}

// Waits reports whether calls of p come when others have ended, so that how many there are
// depends on the client.
func (p Process) Waits() bool { return p == ClosedLoop || p == InSessions }

func (p Process) String() string {
	if int(p) >= len(Processes) {
		return fmt.Sprintf("process %d", uint8(p))
	}
	return Processes[p]
}

// Bounds of the parameters of Arrivals. They keep a process from spending a
// run on a single instant, and call IDs within their bits.
const (
	MaxRate  = 1e9  // calls per second: one every tick of the clock
	MinCV    = 0.01 // for less, use constant
	MaxCV    = 1000.0
	MinState = time.Millisecond // shortest mean stay in a state of mmpp
	MaxCalls = 1_000_000_000    // of one spike
	MaxUsers = 1 << 24          // of one closed stream
	MaxSpeed = 1e6              // of a trace
	MaxScale = 10_000           // of a trace

	MinGrowth, MaxGrowth = 1e-3, 1e3 // of a trace, a week
)

// Arrivals describes when calls arrive. Which fields matter depends on
// Process; scenario files use the names in brackets. Rates are calls per
// second, above 0 and at most MaxRate unless said otherwise.
type Arrivals struct {
	Process Process

	Rate float64 // [rate] constant, poisson, gamma, weibull; mmpp: while calm, may be 0; diurnal: mean
	CV   float64 // [cv] gamma, weibull: standard deviation of the gap over its mean, MinCV to MaxCV

	Shape RateShape // [shape] constant, poisson, gamma, weibull, mmpp: how the rate goes up and down; its zero value = it does not

	BurstRate float64       // [burst_rate] mmpp: while bursting; may be 0 if Rate is not
	Calm      time.Duration // [calm] mmpp: mean length of the calm state, at least MinState
	Burst     time.Duration // [burst] mmpp: mean length of a burst, at least MinState

	From, To float64       // [from, to] ramp: rate at the beginning and at the end; one of them may be 0
	Over     time.Duration // [over] ramp: how long it takes (0 = the scenario's duration), then To goes on; spike: how long it lasts

	Swing  float64       // [swing] diurnal: rate(t) = Rate * (1 + Swing*cos(2*pi*(t-PeakAt)/Period)), 0 <= Swing <= 1
	Period time.Duration // [period] diurnal: above 0
	PeakAt time.Duration // [peak_at] diurnal

	At    time.Duration // [at] spike: when it begins
	Calls int           // [calls] spike: how many, evenly spaced over Over; 1 to MaxCalls

	Users int      // [users] closed: each waits for its call to end, thinks, and asks again; 1 to MaxUsers
	Think rng.Dist // [think] closed and sessions: seconds

	Sessions *Sessions // of the process sessions; nil for every other

	Log       Log     // [file, format, columns, skip_bad_rows] trace: a path, or the name of an embedded trace, and how it is read
	Transform         // [slice, loop, scale, growth, speed, shift] trace: how it is changed
	Tenants   Tenancy // [tenants] trace: whose the calls are
}

// Tenancy says whose the calls of a trace are.
type Tenancy uint8

// The tenancies, as scenario files name them.
const (
	OneTenant   Tenancy = iota // the stream's, all of them
	LogTenants                 // those that the log names; the stream's where it names none
	CopyTenants                // of each copy that scale makes another: web, web-2, web-3
	maxLogNames = 1000         // tenants of a log that calls can be of
)

// Tenancies lists the names of the tenancies, indexed by Tenancy.
var Tenancies = [...]string{"one", "logged", "copies"}

// times yields the arrival times of an open process. They never decrease;
// clock.Never means that there are no more.
type times interface{ next() clock.Time }

// open returns the source of the caller's stream.
func (c *caller) open(until clock.Time) (Source, error) {
	a := &c.stream.Arrivals
	switch a.Process {
	case ClosedLoop:
		return newClosed(c, until)
	case Trace:
		return newReplay(c, until)
	case InSessions:
		return newSessions(c, until)
	}
	t, err := a.times(c.key.Sequence(rng.Arrivals), until)
	if err != nil {
		return nil, err
	}
	return &openSource{caller: *c, times: t, until: until}, nil
}

// times returns the arrival times of an open process.
func (a *Arrivals) times(draws rng.Sequence, until clock.Time) (times, error) {
	if a.Shape.Levels == nil {
		return a.unshaped(draws, until)
	}
	shape, err := NewWarp(&a.Shape)
	if err != nil {
		return nil, err
	}
	t, err := a.unshaped(draws, clock.FromSeconds(math.Nextafter(shape.Operational(until.Seconds()), math.Inf(1))))
	if err != nil {
		return nil, err
	}
	return &shapedTimes{t, *shape}, nil
}

// unshaped returns the arrival times before they are shaped.
func (a *Arrivals) unshaped(draws rng.Sequence, until clock.Time) (times, error) {
	switch a.Process {
	case ConstantRate:
		return newConstant(a)
	case Poisson:
		return newPoisson(a, draws)
	case GammaRenewal:
		return newGamma(a, draws)
	case Weibull:
		return newWeibull(a, draws)
	case MMPP:
		return newMMPP(a, until, draws)
	case Ramp:
		return newRamp(a, until, draws)
	case Diurnal:
		return newDiurnal(a, draws)
	case Spike:
		return newSpike(a)
	case ClosedLoop, Trace, InSessions:
		return nil, fmt.Errorf("it says nothing of when sessions begin; want a process that draws arrival times")
	}
	return nil, fmt.Errorf("there is no such arrival process")
}

// openSource is the Source of every process that does not wait for its calls
// and draws their sizes.
type openSource struct {
	caller
	times times
	until clock.Time
	n     uint64 // calls made so far
}

// Next stays false once it is, because times never decrease.
func (s *openSource) Next(a *Arrival) bool {
	at := s.times.next()
	if at >= s.until {
		return false
	}
	s.call(a, s.n, at)
	s.n++
	return true
}

func (s *openSource) Err() error { return nil }

// checkRate reports a rate that is not above 0 and at most MaxRate.
func checkRate(name string, rate float64) error {
	if !(rate > 0 && rate <= MaxRate) {
		return fmt.Errorf("%s must be above 0 and at most %g calls/s, got %v", name, MaxRate, rate)
	}
	return nil
}

// checkRates reports rates of which one may be 0.
func checkRates(name1 string, rate1 float64, name2 string, rate2 float64) error {
	if rate1 == 0 {
		return checkRate(name2, rate2)
	}
	if rate2 == 0 {
		return checkRate(name1, rate1)
	}
	if err := checkRate(name1, rate1); err != nil {
		return err
	}
	return checkRate(name2, rate2)
}
