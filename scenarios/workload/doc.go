// Package workload makes the calls of a run: when each arrives and how large
// it is.
//
// A workload is a list of streams ([Stream]). The arrival process of a stream says
// when calls come, its length distributions say how large they are, and its tenant
// says whose they are. Open turns streams into sources ([Source]). A source yields
// one [Arrival] after the other in time order, in memory that does not grow with the
// run.
//
// # Open and closed
//
// In an open stream calls arrive whether or not earlier ones have ended, as
// the traffic of a public service does: overload piles up. In a closed stream
// ([Closed]) a fixed number of users each wait for their call to end before
// they think and ask again, as the workers of a batch job do: overload slows
// the stream down. Confusing the two is the classic mistake of load testing
// (Schroeder, Wierman and Harchol-Balter, "Open versus closed: a cautionary
// tale", NSDI 2006).
//
// # Keyed draws and common random numbers
//
// Strategies are compared on the same workload, call by call. So nothing here
// may depend on what a strategy does:
//
//   - a stream draws from its own key, the run's key and its position in the
//     list, so that adding a stream leaves those before it as they were;
//   - the times of an open stream come from a sequence of draws that only its
//     source consumes;
//   - the sizes of a call are draws named by its ID, not by a turn;
//   - the users of a closed stream name their draws by user and round, so that
//     a user's third prompt is the same however long the second one took.
//
// Two strategies that run with the same key therefore meet the same calls
// (common random numbers), so that chance does not explain the difference between
// them. The times of a closed stream depend on the strategy; that is what closed
// means.
//
// # Usage logs and traces
//
// A usage log ([Usage]) records a service's own traffic in one of many formats
// ([Formats]). It has a row for each request, or a row for what was used in a
// bucket of time. It is read as a stream.
//
// A trace is a log of requests whose times count from the beginning of a run
// ([TraceReader]). [Describe] reads it whole, once, and so finds a bad row
// before a run starts. A trace is replayed as it stands (process "trace"), or
// lends its sizes alone to another process ([ReadLengths]).
package workload
