// Package reports turns results into what people and programs read. Each kind of result
// becomes a [Document] once: [Compare], [Herd], [SideBySide], [Capacity], [Bench],
// [Claims], [Difference]. Each format is a [Reporter] that writes any of them: [Text],
// [Markdown], [CSV], [JSON], [JUnit], [GitHub]; HTML is in package page, and package
// picture draws a document's charts. A result is the only input, so [Read] gives any
// report again, byte for byte, from a saved result.json. This package decides nothing:
// the verdict is in the result, and package words puts it into sentences.
//
// Three choices run through the package:
//
//   - Times are those of all calls. One that failed never succeeds, so that a
//     strategy which gives up early does not look fast: where too many fail, the
//     time is "never".
//   - A number that is uncertain has its 95 % interval beside it, and "0 (<2.2)"
//     in place of a bare 0.
//   - oracle has a row of its own and is never recommended: no client can know what
//     it knows.
//
// Read document.go for what a document is, columns.go for what is shown of a strategy,
// and grid.go for how a table is laid out.
package reports
