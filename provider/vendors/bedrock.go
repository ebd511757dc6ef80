package vendors

import (
	"strings"

	"ratesim/provider"
)

// Bedrock sets the rules of the bedrock-runtime endpoint of AWS.
//
// One quota of input and output tokens a minute, and one a day, for an
// account, region and model. A call reserves all of its prompt, from the cache
// or not, and max_tokens, or the model's maximum of 64K to 128K when it declares
// none. When it is over it counts
//
//	input + cache writes + output x burndown
//
// and the rest is given back. The burndown is 15 for Claude Opus 4.8, 10 for
// Opus 5 and 5.5, Sonnet 5, Fable 5.1 and GPT-5.6, 5 for Claude 3.7 to 4.7, and 1
// otherwise. AWS's example: 36,000 reserved, 9,000 settled, with 4,000 in, 32,000
// allowed and 5 x 1,000 out. Calls that fail are not charged (AWS documentation,
// quotas-token-burndown, 2026-09; aws/agent-toolkit-for-aws, quota-health.md, 2026).
// A 429 says neither what is left nor how long to wait
// (aws-samples/amazon-bedrock-client-for-mac#99).
//
// Chosen: a bucket that is refilled continuously, for no page says whether it
// is that or a minute's window; 64,000 where max_tokens is not declared; the
// reservation is not multiplied; refused requests do not count. Quotas differ by
// account, and whether requests are limited too is contradictory: rows have no
// RPM. The endpoint
// bedrock-mantle, with input and output apart and no burndown, is not modelled.
func Bedrock(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Undeclared: 64_000, Settle: true,
		Burndown: burndown(c.Model), CacheDiscount: 1, ReserveCached: true, FailedFree: true}
	if strings.Contains(c.Model, "embed") {
		c.Charge.Undeclared = 0 // nothing is produced
	}
	if strings.HasPrefix(c.Model, "claude-") {
		c.Cache = claudeCache(c.Model)
	}
}

// burndown returns what an output token of a model counts.
func burndown(model string) float64 {
	switch model {
	case "claude-opus-4.8":
		return 15
	case "claude-opus-5", "claude-opus-5.5", "claude-sonnet-5", "claude-fable-5.1",
		"gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna":
		return 10
	}
	for _, family := range []string{"claude-sonnet-3.7", "claude-opus-4", "claude-sonnet-4", "claude-haiku-4"} {
		if strings.HasPrefix(model, family) {
			return 5
		}
	}
	return 1
}
