// Package reports turns a [metrics.Result], or the [capacity.Report] of ratesim
// ptu, into what people read: a table with a verdict, CSV, JSON, Markdown and
// pictures. A result is its only input, so any report can be made again, byte
// for byte, from a saved result.json. It decides nothing: the verdict is in the
// result, and [Verdict] puts it into sentences.
//
// Three choices run through the package:
//
//   - Times are those of all calls. One that failed never succeeds, so that a
//     strategy which gives up early does not look fast: where too many fail, the
//     time is "never", and the curves of the picture end at the success rate.
//   - A number that is uncertain has its 95 % interval beside it, and "0 (<2.2)"
//     in place of a bare 0.
//   - oracle has a row or line of its own and is never recommended: no client can
//     know what it knows.
//
// Read columns.go for what is shown, verdict.go for how a verdict is told,
// panels.go for how the pictures over time are laid out.
package reports
