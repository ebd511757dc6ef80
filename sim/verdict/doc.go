// Package verdict decides which strategy to choose, and says how sure that is. It is
// the only place that does: tables, pages, expectations, gates and searches ask it.
//
// # The rule
//
// Without an objective, client policies are compared first by the calls that fail,
// then by the time until 95 % of all calls have succeeded, then by the attempts they
// send. A closed workload, whose users wait for their answers, is compared by
// answers a minute in place of failed calls. A difference counts when it is certain
// and large enough to matter: see the constants in criteria.go. A strategy is left
// out when some other is better by such a difference; by a later criterion only if
// that other is certainly as good by all earlier ones. Of those that remain none is
// better than the others as far as it matters, or it is undecided; among equals the
// simplest to run is recommended ([metrics.Outcome] Rank).
//
// With objectives (SLOs), a strategy is chosen among those that meet all of them for
// certain: the one whose answers cost least, and the simplest of those that cost the
// same.
//
// What is bought never competes with how a client behaves: a strategy that sends to
// another deployment than the first is held against the choice in a line of its
// own, with what it costs and what it gains. A strategy that knows what no client
// can is never chosen.
//
// # How sure
//
// Every comparison is paired by replication. When k strategies compete, each of the
// k-1 comparisons that could leave the best one out is made at 1/(k-1) of the error
// allowed, one-sided (Bonferroni), so that the best of all is left out in at most 5 %
// of verdicts, however many strategies compete. When replications are added until the
// verdict is settled ([Looks]), the error is divided by the number of looks as
// well.
package verdict
