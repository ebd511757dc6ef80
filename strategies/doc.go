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
// # The kit
//
// Most strategies are put together from answers to six questions:
//
//   - How long does a call wait before its next retry? [Backoff]
//   - May this call be retried, and when? [Retry]
//   - Can the instance afford a retry? [Budget]
//   - Which call is next? [Queue], in which [Weights] says how tenants share
//   - Is the server worth asking? [Breaker]
//   - Where does the call go? The lanes of a dispatcher (dispatcher.go), one for each deployment
//
// compose.go puts them together by name. A user chooses the names, or an entry of the
// catalog has chosen them. params.go has the parameters that several strategies share.
// Before the queue, tenants may have limits (shares.go), and calls that can wait may go to
// a batch API (batch.go).
//
// Strategies that hold calls back use one dispatcher (dispatcher.go). They
// differ in the pacer of its lanes:
//
//   - a token bucket: tokenbucket.go, and polling.go for one without a dispatcher;
//   - sliding windows: pool.go;
//   - an estimate that is learned from headers: headeraware.go, meter.go;
//   - a bound or a rate that refusals move: adaptive.go, aimd.go;
//   - the instance's part of the advertised limits: split.go, allowance.go;
//   - what other instances leave of the limits: paced.go, reserve.go;
//   - the rules of a paper: paper.go;
//   - the state of the limits itself: oracle.go.
//
// Strategies that do not hold calls back are presets of one strategy (retry.go). The
// retry loops of client libraries differ from each other, so they are a table of
// functions (sdk.go, presets.go). Some libraries and articles hold calls back before
// such a loop. Each does it in its own way, which is copied with its faults
// (articlebucket.go, crew.go, credits.go, cubic.go, processor.go). Where calls poll, most
// polls are computed and not simulated one by one (places.go, articlebucket.go). ptu.go
// chooses between two deployments.
//
// Instances that share a quota may ask a coordinator, with [Effects.Ask]: for each
// attempt (shared.go), or for a share to pace to (lease.go).
//
// # Writing one
//
// Write a type with the four methods. Keep what belongs to a call in the second group
// of fields of [Call], not in a map. End every call exactly once. Then let
// strategytest.Run look for a history that breaks it. The package example is complete.
// To give the strategy a name that users can type, add an [Entry] to the table in
// catalog.go. Its parameters and the function that builds it belong in its own file.
package strategies
