// Package verdict decides which strategy to choose, and says how sure that is. It is
// the only package that decides: tables, pages, expectations, gates and searches use it.
// [Rule] is what it decides by; docs/verdict.md explains it.
//
// # How sure
//
// Every comparison is paired by replication. When k strategies compete there are
// k(k-1) ordered pairs of them, and each is compared one-sided at 1/(k(k-1)) of the
// allowed error (Bonferroni). So at most 5 % of verdicts leave out a strategy that they
// should not, however many strategies compete. When replications are added until
// the verdict is settled ([Looks]), the error is also divided by the number of looks.
package verdict

// Rule is the rule that strategies are judged by, for people.
const Rule = `Strategies are compared first by the calls that fail, then by the time within
which 95 % of all calls succeed (half of them, where none gets that far),
then by the attempts they send. A closed workload, whose users wait for their
answers, is compared by answers a minute before all that. A difference counts
when it is certain and large enough to matter: one call in 1,000, or one in 20
of the calls that fail anyway; a fifth of the time; a fifth of the attempts;
a tenth of the answers. A strategy is left out when another is better by such a
difference, and by a later criterion only if that other is certainly as good by
all earlier ones. Of equals the simplest to run is recommended. With objectives
(--slo) the choice is among the strategies that meet all of them for certain: the
one whose answers cost least, and the simplest of those within 5 % of it.
Whatever sends to another deployment too (PTU, batch, a second provider) does not
compete: a line of its own says what it costs and what it gains. Certain means
that all comparisons hold together at 95 %, paired by replication.
`
