// Package reports turns a [metrics.Result], or the [capacity.Report] of ratesim
// ptu, into what people read: a table with a verdict, CSV, JSON, Markdown and
// pictures. A result is its only input, so any report can be made again, byte
// for byte, from a saved result.json.
//
// Three choices run through the package:
//
//   - Latency is that of succeeded calls, and a strategy that gives up early
//     looks fast by it. So [Verdict] looks at success first and at latency only
//     among strategies that succeed equally often, and the latency picture
//     counts all calls: its curves end at the success rate.
//   - Differences are judged on paired intervals. Every strategy meets the same
//     arrivals and faults in a replication, and the difference of two strategies
//     varies far less between replications than either of them.
//   - oracle is a bound, not a choice: it has its own row or line, is never
//     marked best and never recommended.
//
// Read columns.go for what is shown, verdict.go for how a strategy is chosen,
// panels.go for how the pictures over time are laid out.
package reports
