// Package rng draws random numbers that depend on what they are for and not on the
// order in which they are drawn.
//
// A draw is a pure function of (seed, purpose, ids): the size of call 17, the
// jitter of its third retry, the service time of its second attempt. Nothing
// depends on the order of events, so two strategies that meet the same
// workload in the same replication meet the same arrivals, sizes, service
// times and faults (common random numbers), and a live run with the same seed
// makes the same draws as the simulated one.
//
// The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", OOPSLA 2014), applied
// once for each part of the name.
package rng

import "math"

// A Purpose says what a draw is for; two purposes never share a draw.
type Purpose uint64

// The purposes of a run. Values are part of what a seed means: append only.
const (
	Arrivals   Purpose = iota + 1 // inter-arrival times of one stream
	Prompt                        // prompt tokens of one call
	Output                        // output tokens of one call
	Estimate                      // how wrong the client's estimate of the prompt is
	Think                         // think time of one user of a closed workload
	Assign                        // which instance serves a call
	NetworkOut                    // request latency of one attempt
	NetworkIn                     // reply latency of one attempt
	FirstToken                    // time to first token of one attempt
	Fault                         // whether an attempt meets a fault
	Jitter                        // a strategy's own randomness
	Stream                        // the key of one workload stream
	Tenant                        // picks among tenants or streams
	Lengths                       // picks one row of an empirical table
	Deployment                    // the key of one deployment
	Situation                     // one property of a random situation
	Turns                         // how many turns a session or a sub-agent has
	Added                         // tokens that a turn adds to its conversation
	SubAgents                     // whether sub-agents follow a turn, and how many
	Shift                         // how far a copy of a trace is moved
	Streamed                      // whether a call asks for a streamed answer
	Leaving                       // whether its reader leaves before the end
	Reading                       // and for how long they read before that
	Samples                       // the points of a study that are drawn
)

// A Key roots the draws of one replication, or of one part of it.
type Key uint64

// golden is 2^64 divided by the golden ratio, the increment of SplitMix64.
const golden = 0x9e3779b97f4a7c15

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// New returns the key of replication rep of seed.
func New(seed uint64, rep int) Key {
	return Key(mix(mix(seed+golden) + uint64(rep)*golden))
}

// Sub returns the key of one part of the run: stream 3, deployment 0.
func (k Key) Sub(p Purpose, id uint64) Key { return Key(k.Uint64(p, id, 0)) }

// Uint64 returns the draw named (p, a, b).
func (k Key) Uint64(p Purpose, a, b uint64) uint64 {
	return mix(mix(uint64(k)+uint64(p)*golden+a) + b*golden + 1)
}

// Float64 returns the draw named (p, a, b) as a number in [0, 1).
func (k Key) Float64(p Purpose, a, b uint64) float64 {
	return float64(k.Uint64(p, a, b)>>11) * 0x1p-53
}

// A Sequence is an endless row of draws for work that is itself a sequence,
// such as the gaps between arrivals. Its zero value is not usable; take one
// from [Key.Sequence].
type Sequence struct{ state uint64 }

// Sequence returns the row of draws named p.
func (k Key) Sequence(p Purpose) Sequence { return Sequence{k.Uint64(p, 0, 0)} }

// Uint64 returns the next draw. It makes *Sequence a math/rand/v2 Source.
func (s *Sequence) Uint64() uint64 {
	s.state += golden
	return mix(s.state)
}

// Float64 returns the next draw as a number in [0, 1).
func (s *Sequence) Float64() float64 { return float64(s.Uint64()>>11) * 0x1p-53 }

// Exp returns the next draw from the exponential distribution of mean 1.
func (s *Sequence) Exp() float64 { return -math.Log1p(-s.Float64()) }
