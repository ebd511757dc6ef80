package strategies

import "slices"

// Keeps says what a strategy has to keep, or whom it has to ask, beside the calls that
// it retries. Of strategies that serve equally well, the one that keeps least is
// recommended.
type Keeps uint8

// What strategies keep, the simplest first.
const (
	KeepsNothing Keeps = iota // it sends a call once
	KeepsTimers               // when calls are retried
	KeepsBooks                // what it has sent, held against limits that somebody told it
	KeepsBeliefs              // what it has learned of the limits from replies
	KeepsCompany              // another process, or another deployment
)

// keeps says what the strategies that keep more than timers keep.
func keeps(name string) Keeps {
	switch name {
	case "none":
		return KeepsNothing
	case "token-bucket", "queue", "split", "tenant-fair", "compose", "article:bucket", "article:queue", "article:batch-sleep",
		"sdk:cookbook-parallel@1", "sdk:langchain-limiter@1", "paper:wb":
		return KeepsBooks
	case "header-aware", "adaptive", "aimd", "paced", "paper:atb", "sdk:botocore-adaptive@1.43":
		return KeepsBeliefs
	case "ptu", "route", "batch", "shared", "lease", "oracle":
		return KeepsCompany
	}
	return KeepsTimers
}

// Simplicity ranks a strategy of the catalog by how simple it is to run, the simplest
// first. The rank depends on what it keeps, and between strategies that keep the same
// on the order of the catalog.
func Simplicity(name string) int {
	all := Names()
	return int(keeps(name))*len(all) + slices.Index(all, name)
}
