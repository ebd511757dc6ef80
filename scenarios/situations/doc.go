// Package situations draws random scenarios from a stated space, so that a strategy can
// be judged where nobody tuned it.
//
// A situation is a scenario file. [Draw] is a function of a seed, an index and the
// catalog alone: each property is a keyed draw of its own, so that another property can
// be added without a change of those that there are.
//
// # The space
//
//   - Provider: a vendor of deployments.txt, provisioned deployments of Azure counted as one
//     more vendor, all equally likely; then a row of that vendor. The limits of the row
//     keep their proportions and are scaled together, as if the client had a share of the
//     tier: between 150 and 1,200 calls are to arrive, fewer or more where
//     what follows does not allow that, but not under 100. A limit on tokens
//     stays 1.1 to 30 times as large as the dearest call. The window of one situation in
//     five is drawn from all there are, and not the vendor's.
//   - A further limit in four situations of ten: on requests a day or an hour, on tokens a
//     day, on requests at a time, or on growth.
//   - Load: 0.3 to 3 times the capacity, on a logarithmic scale. See below.
//   - Duration: 3 to 20 minutes, less where more than 2,500 calls would arrive.
//   - Instances: 1 to 40, on a logarithmic scale.
//   - Arrivals: poisson, gamma with cv 3, two-state bursts, a spike on a background, a
//     day's curve, closed.
//   - Work: chat, retrieval, agents with growing contexts (mostly cached), classification,
//     long answers, embeddings. Each tenant has its own.
//   - max_tokens: loose (four times the longest output), tight (the longest output), or
//     not declared.
//   - Estimates of prompts: exact, by characters, or with an error of 10 to 60 %.
//   - Deadline: none, or 20 s to 10 min, but at least twice as long as most answers take.
//     The client's timeout: 30 s to 10 min, which can be shorter than an answer takes; in a
//     closed workload at least twice as long as most answers take.
//   - Faults in half of the situations: errors, an outage, a limit cut, slow streams, hangs.
//   - Tenants: one, or two to four; of several, in half of the situations one floods with
//     70 to 90 % of the calls.
//
// # Load
//
// The load is the number of calls that arrive, divided by the number that the tightest
// limit lets through within the duration ([demand.Capacities]). It counts what the vendor
// charges: where more is reserved than a call comes to, also what is held while calls
// run. What is saved up at the beginning of the run is part of the capacity. For a closed
// workload the calls are those that its users would make if each was answered at once
// after the time that an answer takes.
//
// # Seeds
//
// Strategies are designed and tuned on the situations of seeds up to [LastDesign]. They are
// judged on those of larger seeds. What was tuned on a situation says nothing about others.
package situations
