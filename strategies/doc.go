// Package strategies holds what a client can do about rate limits: when it
// sends its calls, holds them, retries them and gives them up.
//
// # What a strategy is
//
// A [Strategy] is a state machine with four inputs: a call is submitted, a
// reply comes, a time that it asked for comes, the application gives up. Its outputs
// are [Effects]: send this call, wake me then, this call is done. It has no clock,
// no goroutine and no socket. So the same value runs in virtual time and over
// real HTTP, and a test can print all its effects.
//
// The smallest one sends every call once:
//
//	func (once) Submit(now clock.Time, c *Call, out *Effects) { out.Send(c, 0) }
//	func (once) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
//		if r.OK() {
//			out.Done(c)
//		} else {
//			out.Fail(c, MaxRetries)
//		}
//	}
//	func (once) Wake(now clock.Time, c *Call, out *Effects)   {} // it asks for no time
//	func (once) Cancel(now clock.Time, c *Call, out *Effects) { out.Fail(c, Deadline) }
//
// A strategy sees only its own calls and the replies to them. It cannot import a
// provider model. The exception is oracle, which sees the state of the limits through
// [Peek]. It shows what first come, first served can do without a single refusal. It is
// not an optimum: a client that sends small calls first has more calls succeed.
//
// # Words
//
//   - A call is what the application wants done. An attempt is one request that is sent for
//     it. A retry is an attempt after one that failed. A hedge is a second attempt while the
//     first one is still in flight.
//   - A reply is the answer to an attempt, or the fact that none came. A refusal is a reply
//     that turns the attempt away because a limit is used up: a 429, or a 503 for want of
//     capacity. A fault is any other reply after which a retry may succeed.
//   - An instance is one client process. It has its own Strategy value.
//   - Admission is what the provider does with an attempt that its limits have room for.
//   - A [Dispatcher] is the strategy that holds calls back: a queue, workers, and a lane for
//     each deployment.
//   - A [Pacer] decides when a call may be sent. A [Lane] has one.
//   - A token bucket, or GCRA, is a limit that refills steadily. A sliding window is a limit
//     on the sum of what was sent in the last minute.
//   - A [WorkerPool] bounds the attempts in flight, that is, sent and not answered.
//   - A [FailurePolicy] decides whether and when a call is sent again. A [Retry] is one.
//   - Backoff is the wait before a retry. Jitter is its random part.
//   - A [Budget] bounds retries to a share of the calls.
//   - A [Breaker], a circuit breaker, sends nothing for a while after several failures.
//   - A call's cost is its prompt plus the output that it declares, in tokens. A reservation
//     is what is set aside for it when it is sent; settlement corrects that by its usage.
//   - A coordinator is a process that instances ask for a part of a quota. A lease is such a
//     part for some seconds.
//
// # The kit
//
// Most strategies are a [Dispatcher] with these parts as its fields:
//
//   - Which call is next? A [Queue], in which [Weights] says how tenants share.
//   - When may it go, and where? A [Lane] for each deployment, with a [Pacer].
//   - Is the server worth asking? A [Breaker] of the lane.
//   - May a call be sent again, and when? A [FailurePolicy]: a [Retry], with a [Backoff] and
//     a [Budget].
//   - Is a slow call sent a second time? [Hedging].
//
// compose.go puts them together by name. A user chooses the names, or an entry of the
// catalog has chosen them. params.go has the parameters that several strategies share.
// Before the queue, tenants may have limits (shares.go), and calls that can wait may go to
// a batch API (batch.go).
//
// The pacers are:
//
//   - a token bucket: tokenbucket.go, and polling.go for one without a dispatcher;
//   - sliding windows: pool.go;
//   - an estimate that is learned from headers: headeraware.go, meter.go;
//   - a bound or a rate that refusals move: adaptive.go, aimd.go;
//   - the instance's part of the advertised limits: split.go, allowance.go;
//   - what replies show to be left of the limits: paced.go, gauge.go, unconfirmed.go;
//   - a share that is leased from a coordinator: lease.go;
//   - the state of the limits itself: oracle.go.
//
// Strategies that never hold a call back are one strategy with different parameters
// (retry.go). ptu.go chooses between two deployments. shared.go asks a coordinator for
// each attempt, with [Effects.Ask].
//
// Strategies that are copied from elsewhere are in the package presets: the retry loops of
// client libraries, and the code of an article and of a paper. The table of all names is
// the package catalog.
//
// # Writing one
//
// Write a type with the four methods. Keep what belongs to a call in the second group
// of fields of [Call], not in a map. End every call exactly once. Then let
// strategytest.Run look for a history that breaks it. The package example is complete.
// To give the strategy a name that users can type, write a function in its file that
// returns its [Builder], add an [Entry] to the table in catalog/catalog.go, and add a script
// to testdata that shows what it does.
package strategies
