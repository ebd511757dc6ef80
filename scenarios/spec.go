package scenarios

import (
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
	"ratesim/strategies"
)

// Spec is a scenario, checked: every name is resolved, every number in range.
type Spec struct {
	Name  string
	About string
	// Teaches is what the scenario shows whatever the seed: what its expectations say, in
	// words.
	Teaches string

	// Duration is when arrivals stop, above 0. When a file leaves it out and
	// its streams are all traces that do not loop, it is the length of the
	// longest; a file with other streams must state it.
	Duration time.Duration
	// Drain is how much longer calls still open may take; 5m unless stated.
	Drain time.Duration

	// Begins is when the run begins, for prices that depend on the day and the hour; zero =
	// on the day of the catalog, and in the first hour of a Monday (UTC).
	Begins time.Time

	Fleet    Fleet
	Workload []workload.Stream // at least one
	Tenants  []string          // the streams' tenants, each once, in order
	// Weights are the tenants' shares relative to each other, in the order of Tenants,
	// if the scenario states them; nil = all the same. Fairness is judged by them.
	Weights     []float64
	Deployments []provider.Config // at least one, each with its faults
	// Coordinator hands out the limits of the first deployment to instances that
	// ask for them; nil = there is none.
	Coordinator *quota.Config
	Strategies  []Strategy    // at least one, names differ
	SLO         []Objective   // what is good enough; may be empty
	Baseline    string        // of Strategies, what runs today; empty = not stated
	Expect      []Expectation // may be empty

	// Assumed lists what the scenario of a log assumes, in at most four sentences, each
	// with the flag that changes it. It is nil for every other scenario.
	Assumed []string
	// Setting says in sentences what the scenario is, and where its numbers are from.
	Setting  []metrics.Setting
	Prices   []metrics.Price // of the deployments, with the rows that they come from
	Warnings []string        // what the user should know; the scenario runs all the same
}

// Caches reports whether a provider's cache may have some of the prompts.
func (s *Spec) Caches() bool {
	return slices.ContainsFunc(s.Workload, func(w workload.Stream) bool { return w.Caches() })
}

// Streams reports whether some of the calls have streamed answers.
func (s *Spec) Streams() bool {
	return slices.ContainsFunc(s.Workload, func(w workload.Stream) bool { return w.Streaming.Share > 0 })
}

// Leaves reports whether some of the readers of streamed answers leave before the end.
func (s *Spec) Leaves() bool {
	return slices.ContainsFunc(s.Workload, func(w workload.Stream) bool { return w.Streaming.Leave > 0 })
}

// Network is the way between clients and deployments, in each direction.
type Network struct {
	Latency time.Duration // one way; 0 unless stated
	Jitter  time.Duration // at most this is added, or taken away; at most Latency
}

// Assign says which instance serves a call.
type Assign uint8

// The ways to deal calls to instances, as scenario files name them.
const (
	Hash       Assign = iota // by a keyed draw for each call
	RoundRobin               // in turn
)

// Assigns lists the names of the ways, indexed by Assign.
var Assigns = [...]string{"hash", "round-robin"}

func (a Assign) String() string { return Assigns[a] }

// Strategy is one strategy of the scenario, ready to be made for each instance.
type Strategy struct {
	Name       string // what results call it
	Use        string // its name in the catalog of strategies
	Args       strategies.Args
	Factory    strategies.Factory
	Omniscient bool // needs Env.Peek; one value serves the whole fleet
	Rank       int  // how simple it is to run, 0 being the simplest
	// Share is the part of the advertised limits that each instance paces to; 0 if it does
	// not pace to a fixed part.
	Share float64
}

// Term is a strategy's metric: of all calls, of one tenant's or of a part of them.
type Term struct {
	Strategy string // of Spec.Strategies
	Tenant   string // of Spec.Tenants; empty = all
	Part     string // one of metrics.SizeNames; empty = all
	Metric   string // as results name it: success_rate, failures.deadline
}

// Expectation is one line of expect. It compares Left with Factor times Right plus
// Value or, with Chosen, names the strategy that the verdict is to choose.
type Expectation struct {
	Text string // as written
	// Chosen is the strategy of Spec.Strategies that the verdict is to choose, with
	// Op ==, or not to choose, with !=. All fields below but Op are zero then.
	Chosen string
	Left   Term
	Op     string  // >=, <=, >, < or ==; of Chosen == or !=
	Factor float64 // above 0; 0 without Right
	Right  Term    // no Strategy: Left is held against Value alone
	Value  float64 // in the metric's unit
}

// Objective is one line of slo: what must hold of a strategy for it to be good
// enough.
type Objective struct {
	Text   string  // as written
	Tenant string  // of Spec.Tenants, whose calls are meant; empty = all
	Metric string  // as results name it
	Op     string  // <=, >=, < or >
	Value  float64 // in the metric's unit
}

// Met reports whether the objective holds of a value. NaN does not meet it.
func (o *Objective) Met(value float64) bool { return holds(o.Op, value, o.Value) }

// Met reports whether the expectation holds of these two sides. NaN meets none.
func (e *Expectation) Met(left, right float64) bool { return holds(e.Op, left, right) }

func holds(op string, left, right float64) bool {
	switch op {
	case ">=":
		return left >= right
	case "<=":
		return left <= right
	case ">":
		return left > right
	case "<":
		return left < right
	}
	return left == right
}
