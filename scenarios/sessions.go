package scenarios

import (
	"ratesim/provider"
	"ratesim/scenarios/workload"
	"ratesim/sim/rng"
)

// sessions returns the keys of the process sessions; workload.Sessions says what each
// means.
func sessions(a *workload.Arrivals) []field {
	s := a.Sessions
	return []field{
		need("start", func(c cursor) {
			if c.shape != nil {
				c.path = "workload[].arrivals" // its keys mean the same
			}
			arrivals(&s.Start, c, true)
		}),
		need("turns", dist(&s.Turns, upTo(workload.MaxTurns))),
		may("think", dist(&a.Think, seconds)),
		need("added_tokens", dist(&s.Added, tokens)),
		may("system_tokens", count(&s.System, 0, maxTokens)),
		may("max_context", count(&s.MaxContext, 1, maxTokens)),
		may("compact_to", count(&s.CompactTo, 1, maxTokens)),
		may("fan_out", func(c cursor) {
			f := &s.FanOut
			f.Share, f.Turns = 1, rng.NewConstant(1)
			c.mapping(
				may("share", share(&f.Share, bounds{0, 1})),
				need("agents", dist(&f.Agents, upTo(workload.MaxAgents))),
				may("turns", dist(&f.Turns, upTo(workload.MaxAgentTurns))),
				need("prompt_tokens", dist(&f.Prompt, tokens)),
				need("output_tokens", dist(&f.Output, tokens)),
			)
		}),
	}
}

// upTo reads a number from 1 to most.
func upTo(most float64) quantity {
	return func(c cursor) (float64, bool) { return c.number("a number", bounds{1, most}) }
}

// ofSessions checks the keys of a stream of sessions against each other.
func ofSessions(of *workload.Sessions, c cursor) {
	at := func(key string) cursor { return c.child("arrivals").child(key) }
	switch {
	case of.CompactTo > 0 && of.MaxContext == 0:
		at("compact_to").fail("needs max_context: a conversation is compacted when it would exceed it")
	case of.MaxContext > 0 && of.MaxContext <= of.System:
		at("max_context").fail("is %d tokens, and the system prompt alone has %d; there is no room for a conversation", of.MaxContext, of.System)
	case of.CompactTo > 0 && (of.CompactTo < of.System || of.CompactTo >= of.MaxContext):
		at("compact_to").fail("is %d; want at least the %d tokens of the system prompt, and less than max_context", of.CompactTo, of.System)
	}
	if at := c.child("cached"); at.ok() {
		at.fail("conflicts with the process sessions: the cache of the deployment says what is cached of its prompts")
	}
	if at := c.child("tokens_from"); at.ok() {
		at.fail("conflicts with the process sessions, whose prompts grow; give prompt_tokens and output_tokens")
	}
}

// cache reads what a deployment keeps of prompts.
func cache(c cursor, cfg *provider.Config) {
	c.mapping(
		may("ttl", duration(&cfg.Cache.TTL, 0, maxDuration)),
		may("min_tokens", count(&cfg.Cache.Least, 1, maxTokens)),
		may("step", count(&cfg.Cache.Step, 1, maxTokens)),
	)
}
