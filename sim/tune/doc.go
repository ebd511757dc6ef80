// Package tune finds the parameters with which a strategy serves a workload best, and says
// whether they are better than those that it has.
//
// # Choosing
//
// Every setting runs in the same replications, with the same arrivals, sizes, service times
// and faults (common random numbers). There are some rounds. After each round a setting that
// is certainly worse than another by the rule of package sim/verdict is left out, as in a
// race (Maron and Moore, "Hoeffding races", 1994), and of the others the better half goes on,
// as in successive halving (Karnin, Koren and Somekh, "Almost optimal exploration in
// multi-armed bandits", 2013). Each round may make as many runs, so that those that go on
// are seen in more and more replications. Settings that give the same runs as another, event
// by event, are that other.
//
// # Judging
//
// The best of many settings looks better than it is, for it is chosen by its luck too. So it
// is held against the default on replications, or on periods of a log, that had no part in
// the choice, by the verdict with these two alone. Only what that verdict is certain of is
// called better. The other finalists are compared with the best there, which says how flat
// the optimum is.
//
// Read tune.go for the rounds, judge.go for the judgement and space.go for the settings.
package tune
