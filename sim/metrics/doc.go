// Package metrics measures a run the same way whether it was simulated or
// real: a [Run] takes down what happens, in fixed memory however long it
// lasts; [Summarise] turns the Runs of all replications into a [Result].
//
// Everything a Run counts is an integer, so Runs merge exactly and in any
// order. Only Summarise computes with floating point, in the order of the
// replications.
package metrics
