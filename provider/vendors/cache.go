package vendors

import (
	"strings"
	"time"

	"ratesim/provider"
)

// short is the time to live of prompts in the cache of a vendor that does not offer
// another for the same price.
const short = 5 * time.Minute

// claudeCache is the cache of Claude models, at Anthropic and on Bedrock. A prefix lives for
// 5 minutes from its last use, or for an hour at a higher price, and has a length of its own
// to reach for each model (platform.claude.com, build-with-claude/prompt-caching, 2026, as
// quoted at dev.to/creeta in 2026; 2,048 for Haiku 3.5 by anthropics/anthropic-sdk-python#1194):
//
//	512    Opus 5, Fable 5
//	1,024  Opus 4, 4.1 and 4.8, Sonnet 4 to 5
//	2,048  Opus 4.7, Haiku 3.5
//	4,096  Opus 4.5 and 4.6, Haiku 4.5
//
// Usage tells what was read and what was written.
//
// Chosen: models that the list does not name have the length of the one before them in
// their family. Clients mark the end of the system prompt and of each prompt, which
// automatic caching does for them. A prefix can be read once the answer that follows it is
// complete; the page has it from the beginning of that answer on. One report has it that
// the lifetime counts from the beginning of a request; here it counts from the end of the
// answer that wrote it, and from the arrival of each request that read it.
func claudeCache(model string) provider.Cache {
	c := provider.Cache{TTL: short, Least: 1024, Told: true}
	for _, of := range [...]struct {
		model string
		least uint32
	}{
		{"claude-opus-5", 512}, {"claude-fable-5", 512}, {"claude-mythos-5", 512},
		{"claude-opus-4.7", 2048}, {"claude-haiku-3.5", 2048},
		{"claude-opus-4.5", 4096}, {"claude-opus-4.6", 4096}, {"claude-haiku-4.5", 4096}, {"claude-haiku-5", 4096},
	} {
		if strings.HasPrefix(model, of.model) {
			c.Least = of.least
		}
	}
	return c
}

// openAICache is the cache of OpenAI's models, at OpenAI and on Azure. Prompts of 1,024
// tokens and more are kept, in steps of 128, without being asked, until nobody has used them
// for 5 to 10 minutes (developers.openai.com, guides/prompt-caching; Azure says the same of
// its own). Usage tells what was read. Models before gpt-4o keep nothing.
//
// Chosen: 5 minutes, which is certain; that every prefix is found, though requests are sent
// to machines by a hash of their beginning and a busy prefix may miss; that nothing is kept
// for 24 hours, which a request to some models can ask for.
func openAICache(model string) provider.Cache {
	for _, old := range []string{"gpt-3", "gpt-4-", "text-", "davinci", "babbage"} {
		if strings.HasPrefix(model, old) {
			return provider.Cache{}
		}
	}
	return provider.Cache{TTL: short, Least: 1024, Step: 128}
}
