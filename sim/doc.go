// Package sim replays a scenario against client strategies in virtual time.
//
// # Reading guide
//
// Read these files in this order; each is one idea.
//
//   - engine.go: a run is a loop that pops the earliest event and deals with
//     it. Eleven kinds of event are all there is. At one instant events are
//     dealt with in the order in which they were asked for.
//   - client.go: what happens on the client's side. A call arrives, the
//     instance's strategy is told, and what it asks for (send, wake me, done) is
//     carried out before anything else happens.
//   - server.go: what happens at a deployment. A provider.Model decides about
//     each attempt, and the engine works out when the client will know.
//
// The rest is around them: slab.go keeps calls and attempts in memory that is
// reused; peek.go lets oracle, and nobody else, see the provider's state;
// run.go builds a run and adds up its bill.
//
// Above the run, compare.go adds replications until the verdict is settled;
// replicate.go runs all strategies of some replications side by side and is the
// only file that knows of goroutines; fit.go looks for a larger tier. What the
// numbers mean is in sim/metrics, how sure they are in sim/stats, what to choose
// in sim/verdict, and what the calls ask for before any client is run in
// sim/demand.
//
// # What holds in every run
//
// The same plan gives the same run, to the last bit of its hash. All random
// draws are keyed by what they are for (sim/rng), so strategies in the same
// replication meet the same arrivals, sizes, service times and faults, and are
// compared in pairs. Calls = succeeded + failed + censored, and the integral
// of the number of open calls over time equals the sum of the times they were
// open (Little's law): the engine checks both at the end of every run and
// fails rather than report a number that does not add up. A strategy that
// breaks its contract, by touching a call that has ended or by never letting
// time move on, fails the run with a sentence that says when and how.
//
// # What it costs
//
// An attempt is three events with a network between client and deployment and
// two without, and allocates nothing. Memory is bounded by the calls that are
// open at one time, about 300 bytes each, and never grows with the length of a
// run. With 16,000 and more calls open the time goes into waiting for memory,
// so the engine reads ahead: when the queue spreads a bucket, the calls of all
// its events are touched at once and their cache misses overlap. At a million
// open calls that took an attempt from 670 to 450 ns.
//
// BenchmarkRun measures the whole loop, BenchmarkFloor the least that a loop of
// queue, limit, draw and histogram can cost; the README has the figures.
package sim
