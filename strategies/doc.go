// Package strategies holds what a client can do about rate limits: when it
// sends its calls, holds them, retries them and gives them up.
//
// # What a strategy is
//
// A [Strategy] is a state machine with four inputs: a call is submitted, a
// reply comes, a time asked for comes, the application gives up. Its outputs
// are [Effects]: send this, wake me then, this call is done. It has no clock,
// no goroutine and no socket, so the same value runs in virtual time and over
// real HTTP, and a test can print everything it ever said.
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
// A strategy sees its own calls and the replies to them, nothing else: it
// cannot import a provider model. The exception is oracle, which is told the
// truth through [Peek]: it shows what first come, first served can do without a
// single refusal. It is no optimum: who sends small calls first has more succeed.
//
// # The kit
//
// Most strategies are compositions of answers to six questions:
//
//   - how long to wait before the next retry: [Backoff];
//   - whether and when this call may be retried: [Retry];
//   - whether the instance can afford it: [Budget];
//   - who is next: [Queue], in which [Weights] says how tenants share;
//   - whether the server is worth asking: [Breaker];
//   - where to send: the lanes of a line (line.go), one for each deployment.
//
// compose.go puts them together, by names that users choose or that an entry of the
// catalog has chosen; params.go has the parameters that several share. Before the
// line tenants may have limits (shares.go), and what can wait may go to a batch API
// (batch.go).
//
// Strategies that hold calls back share one line of waiting calls and differ in the
// gate of its lanes (line.go): a token bucket (tokenbucket.go; without a line,
// polling.go), sliding windows (pool.go), an estimate learned from headers
// (headeraware.go, meter.go), a bound or a rate moved by refusals (adaptive.go,
// aimd.go), an instance's part of the advertised limits (split.go), what others leave
// (paced.go, the best known; reserve.go, its limits), what a paper proposes (paper.go),
// the truth (oracle.go).
// Those that do not hold calls back are presets of one (retry.go); the loops of client
// libraries, whose rules differ from one to the next, are a table of functions
// (sdk.go, presets.go). Those of libraries and articles that hold calls back before
// such a loop makes them do it each in a way of its own, faults included
// (articlebucket.go, crew.go, credits.go, cubic.go, processor.go); where calls look
// every so often, most looks are not made one by one (places.go, articlebucket.go).
// ptu.go chooses between two deployments.
//
// Instances that share a quota may ask a coordinator, with [Effects.Ask]: for each
// attempt (shared.go), or for a share to pace to (lease.go).
//
// # Writing one
//
// Write a type with the four methods; keep what belongs to a call in the
// second group of fields of [Call], not in a map; end every call exactly
// once. Then let strategytest.Run look for the history that breaks it. The
// package example is a complete one. To give it a name that users can type,
// add an [Entry] to the table in catalog.go; its parameters and what builds it stand
// in its own file.
package strategies
