// Package metrics measures a run in the same way whether it was simulated or
// real. A [Run] records what happens, in memory that does not grow with the length
// of the run. [Summarise] turns the Runs of all replications into a [Result].
//
// Everything a Run counts is an integer, so Runs merge exactly and in any
// order. Only Summarise computes with floating point, in the order of the
// replications.
package metrics
