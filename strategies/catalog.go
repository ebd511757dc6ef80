package strategies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Entry is a strategy that users can name.
type Entry struct {
	Name   string
	About  string // one line
	Params []Param
	// Omniscient strategies need Env.Peek, and one value serves the whole
	// fleet. They exist in simulation only.
	Omniscient bool
	// Alone strategies pace to the whole advertised limit, as if no other instance
	// shared it.
	Alone bool

	build func(v values, known Env) (Factory, []ParamError)
}

// Catalog returns all entries, in the order in which they are best explained.
func Catalog() []Entry {
	return slices.Concat([]Entry{
		{Name: "none", About: "sends each call once and never retries",
			build: pacedBy(unpaced)},
		{Name: "naive", About: "retries at once, without a wait",
			Params: []Param{maxRetries, maxElapsed},
			build:  pacedBy(unpaced)},
		{Name: "fixed", About: "retries after a constant delay",
			Params: []Param{delay, maxRetries, maxElapsed},
			build:  pacedBy(unpaced)},
		{Name: "backoff", About: "exponential backoff without jitter",
			Params: backoffParams,
			build:  pacedBy(unpaced)},
		{Name: "jitter", About: "exponential backoff with jitter",
			Params: slices.Concat(backoffParams, jitterParams),
			build:  pacedBy(unpaced)},
		{Name: "retry-after", About: "waits as long as the reply asks; if it asks nothing, as jitter does",
			Params: retryParams(),
			build:  pacedBy(unpaced)},
		{Name: "token-bucket", About: "paces its share of the limits with client-side buckets of requests and tokens per minute; retries as retry-after does",
			Params: slices.Concat(limitParams, bucketParams, []Param{waitTimeout, fair}, retryParams()),
			build:  buildTokenBucket},
		{Name: "queue", About: "a queue and a worker pool that keep to its share of the requests and tokens per minute",
			Params: slices.Concat(limitParams, poolParams, []Param{order, weights}, windowParams, retryParams()),
			build:  pacedBy(byWindows)},
		{Name: "header-aware", About: "learns the limits from reply headers; slows down and holds calls before a limit is used up",
			Params: slices.Concat(headerParams, retryParams()),
			build:  pacedBy(byHeaders)},
		{Name: "ptu", About: "sends to a provisioned deployment first; what that refuses goes to pay-as-you-go",
			Params: slices.Concat(ptuParams, retryParams()),
			build:  buildPTU},
		{Name: "route", About: "falls back to another model while the preferred one refuses; retries as retry-after does",
			Params: slices.Concat(routeParams, retryParams()),
			build:  buildRoute},
		{Name: "tenant-fair", About: "as queue, with a limit for each tenant and fair turns between tenants",
			Params: slices.Concat([]Param{weights, burst}, limitParams, poolParams, windowParams, retryParams()),
			build:  buildTenantFair},
		{Name: "batch", About: "sends calls that can wait to the batch API, at a discount; the others as retry-after does",
			Params: slices.Concat(batchParams, retryParams()),
			build:  buildBatch},
		{Name: "adaptive", About: "limits the attempts in flight, by AIMD on 429s; needs to know no limit",
			Params: slices.Concat(adaptiveParams, retryParams()),
			build:  pacedBy(byRefusals)},
		{Name: "budget", About: "as jitter, with a retry budget: retries are at most a share of the calls",
			Params: slices.Concat(backoffParams, jitterParams, budgetParams),
			build:  pacedBy(unpaced)},
		{Name: "breaker", About: "as jitter, behind a circuit breaker: after several failures in a row it sends nothing for a while",
			Params: slices.Concat(backoffParams, jitterParams, breakerParams, []Param{waitTimeout}),
			build:  pacedBy(unpaced)},
		{Name: "paced", About: "learns the limits from replies and sends what they have room for; reserves tokens, queues fairly, drops calls that would be late",
			Params: pacedParams(),
			build:  buildPaced},
		{Name: "compose", About: "is put together from parts: retry, pace, order, route, budget, breaker, hedge and batch, each with its parameters",
			Params: composeParams(),
			build:  buildCompose},
	}, fleetEntries(), []Entry{
		{Name: "layers", About: "a retry library around a client library that retries too, so that their attempts multiply",
			Params: []Param{layersParam},
			build:  buildLayers},
	}, presetEntries(), holdingEntries(), paperEntries(), []Entry{
		{Name: "oracle", About: "sees the state of the limits: sends first come, first served, is never refused, and drops calls that would be late",
			Omniscient: true,
			build:      buildOracle},
	})
}

// fleetEntries are those for many instances before one quota.
func fleetEntries() []Entry {
	return []Entry{
		{Name: "split", About: "paces to the advertised limits per minute, of requests, of tokens or of both, divided by the number of instances; a limit that is not advertised holds nothing back",
			Params: retryParams(),
			build:  pacedBy(bySplit)},
		{Name: "shared", About: "asks a coordinator before every attempt, so that all instances share one queue",
			Params: slices.Concat(sharedParams, retryParams()),
			build:  buildShared},
		{Name: "lease", About: "leases a share of the quota from a coordinator and paces to it",
			Params: slices.Concat(leaseParams, retryParams()),
			build:  buildLease},
		{Name: "aimd", About: "paces to a rate that AIMD moves on 429s; needs to know no limit and no other instance",
			Params: slices.Concat(aimdParams, retryParams()),
			build:  buildAIMD},
	}
}

// Names returns the names of all entries, in the order of Catalog.
func Names() []string {
	var names []string
	for _, e := range Catalog() {
		names = append(names, e.Name)
	}
	return names
}

// Find returns the entry with that name. A client library without a version means its
// newest one.
func Find(name string) (*Entry, bool) {
	var found *Entry
	for _, e := range Catalog() {
		if isNamed(e.Name, name) {
			found = &e
		}
	}
	return found, found != nil
}

// isNamed reports whether name is full, or full without its version. Older versions
// stand before newer ones, so that the newest is the last to be.
func isNamed(full, name string) bool {
	library, _, versioned := strings.Cut(full, "@")
	return full == name || versioned && library == name
}

// Build checks args and returns the Factory that makes the strategy of each instance.
// Parameters that are not in args have their defaults. known is the part of Env that is
// the same for all instances: its Deployments, at least one, and its Tenants. All
// errors are reported, sorted by parameter; the Factory is nil then.
func (e *Entry) Build(args Args, known Env) (Factory, []ParamError) {
	var errs []ParamError
	if len(known.Deployments) == 0 {
		return nil, []ParamError{{Msg: "there is no deployment to send to"}}
	}
	v := make(values, len(e.Params))
	names := make([]string, len(e.Params))
	for i, p := range e.Params {
		names[i] = p.Name
		s, given := args[p.Name]
		if !given {
			s = p.Default
		}
		applies := e.applies(&p, args)
		if !given && (s == "" || !applies) {
			continue
		}
		parsed, err := p.parse(s, known)
		if !applies {
			err = fmt.Errorf("is for %v only", p.With)
		}
		if err != nil {
			errs = append(errs, ParamError{Param: p.Name, Msg: err.Error()})
			continue
		}
		v[p.Name] = parsed
	}
	for name := range args {
		if !slices.Contains(names, name) {
			errs = append(errs, ParamError{Param: name, Msg: e.Name + " has no such parameter", Known: names})
		}
	}
	slices.SortFunc(errs, func(a, b ParamError) int { return cmp.Compare(a.Param, b.Param) })
	if len(errs) > 0 {
		return nil, errs
	}
	return e.build(v, known)
}

// applies reports whether the part that p belongs to is chosen.
func (e *Entry) applies(p *Param, args Args) bool {
	w := p.With
	if w.Param == "" {
		return true
	}
	chosen, given := args[w.Param]
	if i := slices.IndexFunc(e.Params, func(q Param) bool { return q.Name == w.Param }); i < 0 {
		return true // the entry has chosen it for all
	} else if !given {
		chosen = e.Params[i].Default
	}
	return chosen != "" && (w.Values == nil || slices.Contains(w.Values, chosen))
}
