// Package sim replays a scenario against client strategies in virtual time.
//
// # Reading guide
//
// Read these files in this order; each is one idea.
//
//   - engine.go: a run is a loop that takes the earliest event and handles it.
//     There are fourteen kinds of event. Events of one instant are handled in the
//     order in which they were scheduled.
//   - client.go: what happens on the client's side. A call arrives, the
//     instance's strategy is told, and its effects (send, wake me, done) are
//     carried out before anything else happens.
//   - server.go: what happens at a deployment. A provider.Model decides about
//     each attempt, and the engine works out when the client will know.
//
// The other files support these. slab.go keeps calls and attempts in memory that is
// reused. peek.go lets oracle, and no other strategy, see the provider's state.
// run.go builds a run and adds up its bill.
//
// Above the run, compare.go adds replications until the verdict is settled.
// replicate.go runs all strategies of some replications side by side, and is the
// only file that starts goroutines. fit.go looks for a larger tier. Package
// sim/metrics says what the numbers mean, sim/stats how sure they are, sim/verdict
// what to choose, and sim/demand what the calls ask for before any client is run.
//
// # What holds in every run
//
// The same plan gives the same run, to the last bit of its hash. All random
// draws are keyed by what they are for (sim/rng). So strategies in the same
// replication meet the same arrivals, sizes, service times and faults, and are
// compared in pairs. Calls = succeeded + failed + censored, and the integral
// of the number of open calls over time equals the sum of the times they were
// open (Little's law). The engine checks both at the end of every run, and
// fails the run when they do not hold. A strategy that breaks its contract also
// fails the run, for example one that touches a call that has ended, or one that
// never lets time move on. The error says when and how.
//
// # What it costs
//
// An attempt takes three events when there is a network between client and
// deployment, and two when there is none. It allocates nothing. Memory is bounded by
// the calls that are open at one time, about 300 bytes each, and never grows with
// the length of a run. With 16,000 or more open calls most time is spent waiting for
// memory. So the engine reads ahead: when the queue spreads a bucket, it touches the
// calls of all its events at once, and their cache misses overlap. At a million
// open calls this reduced an attempt from 670 to 450 ns.
//
// BenchmarkRun measures the whole loop. BenchmarkFloor measures the least that a loop
// of queue, limit, draw and histogram can cost. docs/model.md has the figures.
package sim
