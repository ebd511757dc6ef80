// Package catalog is the table of all strategies that users can name: ours, and those
// copied from elsewhere.
package catalog

import (
	"slices"

	"ratesim/strategies"
	"ratesim/strategies/presets"
)

// Entries returns all entries, in the order in which they are best explained.
func Entries() []strategies.Entry {
	return slices.Concat([]strategies.Entry{
		{Name: "none", About: "sends each call once and never retries",
			Keeps: strategies.KeepsNothing, Builder: strategies.NoneBuilder()},
		{Name: "naive", About: "retries at once, without a wait",
			Keeps: strategies.KeepsTimers, Builder: strategies.NaiveBuilder()},
		{Name: "fixed", About: "retries after a constant delay",
			Keeps: strategies.KeepsTimers, Builder: strategies.FixedBuilder()},
		{Name: "backoff", About: "exponential backoff without jitter",
			Keeps: strategies.KeepsTimers, Builder: strategies.BackoffBuilder()},
		{Name: "jitter", About: "exponential backoff with jitter",
			Keeps: strategies.KeepsTimers, Builder: strategies.JitterBuilder()},
		{Name: "retry-after", About: "waits as long as the reply asks; if it asks nothing, as jitter does",
			Keeps: strategies.KeepsTimers, Builder: strategies.RetryAfterBuilder()},
		{Name: "token-bucket", About: "paces its share of the limits with client-side buckets of requests and tokens per minute; retries as retry-after does",
			Keeps: strategies.KeepsBooks, Builder: strategies.TokenBucketBuilder()},
		{Name: "queue", About: "a queue and a worker pool that keep to its share of the requests and tokens per minute",
			Keeps: strategies.KeepsBooks, Builder: strategies.QueueBuilder()},
		{Name: "header-aware", About: "learns the limits from reply headers; slows down and holds calls before a limit is used up",
			Keeps: strategies.KeepsBeliefs, Builder: strategies.HeaderAwareBuilder()},
		{Name: "ptu", About: "sends to a provisioned deployment first; what that refuses goes to pay-as-you-go",
			Keeps: strategies.KeepsCompany, Builder: strategies.PTUBuilder()},
		{Name: "route", About: "falls back to another model while the preferred one refuses; retries as retry-after does",
			Keeps: strategies.KeepsCompany, Builder: strategies.RouteBuilder()},
		{Name: "tenant-fair", About: "as queue, with a limit for each tenant and fair turns between tenants",
			Keeps: strategies.KeepsBooks, Builder: strategies.TenantFairBuilder()},
		{Name: "batch", About: "sends calls that can wait to the batch API, at a discount; the others as retry-after does",
			Keeps: strategies.KeepsCompany, Builder: strategies.BatchBuilder()},
		{Name: "adaptive", About: "limits the attempts in flight, by AIMD on 429s; needs to know no limit",
			Keeps: strategies.KeepsBeliefs, Builder: strategies.AdaptiveBuilder()},
		{Name: "budget", About: "as jitter, with a retry budget: retries are at most a share of the calls",
			Keeps: strategies.KeepsTimers, Builder: strategies.BudgetBuilder()},
		{Name: "breaker", About: "as jitter, behind a circuit breaker: after several failures in a row it sends nothing for a while",
			Keeps: strategies.KeepsTimers, Builder: strategies.BreakerBuilder()},
		{Name: "paced", About: "learns the limits from replies and sends what they have room for; reserves tokens, queues fairly, drops calls that would be late",
			Keeps: strategies.KeepsBeliefs, Builder: strategies.PacedBuilder()},
		{Name: "compose", About: "is put together from parts: retry, pace, order, route, budget, breaker, hedge and batch, each with its parameters",
			Keeps: strategies.KeepsBooks, Builder: strategies.ComposeBuilder()},
	}, fleetEntries(), presets.Entries(), []strategies.Entry{
		{Name: "oracle", About: "sees the state of the limits: sends first come, first served, is never refused, and drops calls that would be late",
			Keeps: strategies.KeepsCompany, Omniscient: true, Builder: strategies.OracleBuilder()},
	})
}

// fleetEntries are those for many instances before one quota.
func fleetEntries() []strategies.Entry {
	return []strategies.Entry{
		{Name: "split", About: "paces to the advertised limits per minute, of requests, of tokens or of both, divided by the number of instances; a limit that is not advertised holds nothing back",
			Keeps: strategies.KeepsBooks, Builder: strategies.SplitBuilder()},
		{Name: "shared", About: "asks a coordinator before every attempt, so that all instances share one queue",
			Keeps: strategies.KeepsCompany, Builder: strategies.SharedBuilder()},
		{Name: "lease", About: "leases a share of the quota from a coordinator and paces to it",
			Keeps: strategies.KeepsCompany, Builder: strategies.LeaseBuilder()},
		{Name: "aimd", About: "paces to a rate that AIMD moves on 429s; needs to know no limit and no other instance",
			Keeps: strategies.KeepsBeliefs, Builder: strategies.AIMDBuilder()},
	}
}

// Names returns the names of all entries, in the order of Entries.
func Names() []string {
	var names []string
	for _, e := range Entries() {
		names = append(names, e.Name)
	}
	return names
}

// Find returns the entry with that name. A client library without a version means its
// newest one.
func Find(name string) (*strategies.Entry, bool) {
	var found *strategies.Entry
	for _, e := range Entries() {
		if strategies.Named(e.Name, name) {
			found = &e
		}
	}
	return found, found != nil
}

// Simplicity ranks a strategy of the catalog by how simple it is to run, the simplest
// first. The rank depends on what it keeps, and between strategies that keep the same
// on the order of the catalog.
func Simplicity(name string) int {
	all := Entries()
	i := slices.IndexFunc(all, func(e strategies.Entry) bool { return e.Name == name })
	if i < 0 {
		return len(all) * int(strategies.KeepsCompany+1)
	}
	return int(all[i].Keeps)*len(all) + i
}
