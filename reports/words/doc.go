// Package words puts results into words: numbers with their units and intervals,
// the names of strategies in the order of reports, and the sentences of a verdict.
// Tables, pictures and pages use the same ones, so that a number or a sentence reads
// the same wherever it stands.
package words
