package scenarios

import (
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/scenarios/workload"
	"ratesim/strategies"
)

// Spec is a scenario, checked: every name is resolved, every number in range.
type Spec struct {
	Name  string
	About string

	// Duration is when arrivals stop, above 0. When a file leaves it out and
	// its streams are all traces that do not loop, it is the length of the
	// longest; a file with other streams must state it.
	Duration time.Duration
	// Drain is how much longer calls still open may take; 5m unless stated.
	Drain time.Duration

	Fleet       Fleet
	Workload    []workload.Stream // at least one
	Tenants     []string          // the streams' tenants, each once, in order
	Deployments []provider.Config // at least one, each with its faults
	// Coordinator hands out the limits of the first deployment to instances that
	// ask for them; nil = there is none.
	Coordinator *quota.Config
	Strategies  []Strategy    // at least one, names differ
	Expect      []Expectation // may be empty

	Warnings []string // what the user should know; the scenario runs all the same
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
	Alone      bool // each instance paces to the whole advertised limit
}

// Term is a strategy's metric.
type Term struct {
	Strategy string // of Spec.Strategies
	Metric   string // as results name it: success_rate, failures.deadline
}

// Expectation is one line of expect: Left, held against Factor times Right plus
// Value.
type Expectation struct {
	Text   string // as written
	Left   Term
	Op     string  // >=, <=, >, < or ==
	Factor float64 // above 0; 0 without Right
	Right  Term    // no Strategy: Left is held against Value alone
	Value  float64 // in the metric's unit
}

// Met reports whether the expectation holds of these two sides. NaN meets none.
func (e *Expectation) Met(left, right float64) bool {
	switch e.Op {
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
