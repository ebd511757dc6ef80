// Package arena judges strategies over many random situations (package
// scenarios/situations): how far is each from the best of the field, whatever happens?
//
// # Regret
//
// In each situation every strategy of the field runs in the same replications, with the
// same arrivals, sizes, service times and faults. Its score is the share of all calls that
// succeed in time, in points: one point is one call of a hundred. The workload of a closed
// situation depends on the client, so there the score is goodput, the tokens of calls that
// succeed a minute, and one point is one per cent of the highest score. Answers a minute
// would not do: a client that fails large calls at once has its users ask more of the small
// ones, and comes to more answers from the same limit, even than oracle. The regret of a
// strategy is the score of the best of the field less its own.
//
// The highest of fifty noisy scores is too high: it is the best strategy's only in part,
// and luck for the rest. So the replications are halved. The best of the field is chosen
// by the first half and its score is taken from the second, as is the score of the strategy
// that is held against it; then the other way round; and the two regrets are averaged.
// The luck of the choice is then not in the score. Such a regret is right on average for
// the strategy that was chosen, and it is negative where the choice was bad. It understates
// the distance to the truly best strategy by what the choice misses, which is small: what
// is hard to tell apart is close.
//
// # What counts next
//
// Among the strategies whose regret is at most half a point, those are better whose calls
// succeed sooner, which are refused less often, and with which the tenants beside one that
// floods have more of their calls succeed. Each is held against the best of them, which is
// again chosen by one half and measured on the other.
//
// # The field
//
// All strategies of the catalog that need one deployment and no coordinator, but oracle.
// ptu, route and batch need a second deployment, shared and lease need a coordinator. A
// strategy that cannot run in a situation is left out there, as token-bucket is where the
// deployment names no tokens per minute, and paper:wb where it names no requests per minute.
package arena
