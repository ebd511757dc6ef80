package vendors

import (
	"strings"

	"ratesim/provider"
)

// Anthropic sets the rules of Anthropic's own API.
//
// Limits are requests, input and output tokens a minute (RPM, ITPM, OTPM), for
// an organisation and a class of models: Opus 4.x draw on one pool, and so do
// Sonnet 4.x. Each is a token bucket, refilled continuously (platform.claude.com,
// docs/en/api/rate-limits, 2026-09). Input is estimated when a call comes and
// corrected during it; output counts as it is produced, and max_tokens has no
// effect. Input read from the cache is free, except for Haiku 3.5, and input written to it
// counts like any other. Headers
// round what is left of tokens to thousands, show the tighter of input
// and output in the plain trio, and give the time at which a bucket is full as an
// instant of whole seconds; a 429 carries retry-after in seconds.
//
// Chosen: RPM is one bucket of a minute's worth. The page warns that 60 RPM may
// be enforced as one a second, but does not say when: window per-second does that.
// Refused requests do not count, and failed ones do; the page is silent on both.
// The acceleration limit, a 429 for a sharp rise, has no published figure and is
// left out; limits.ramp of a scenario sets one. Pages of 2025 had max_tokens count against OTPM, and some
// 429s of April 2026 still advised to lower it; the present page was followed.
func Anthropic(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveEstimate, Settle: true, CacheDiscount: 1, StopsStreams: true}
	if strings.HasPrefix(c.Model, "claude-haiku-3.5") {
		c.Charge.CacheDiscount = 0
	}
	c.Cache = claudeCache(c.Model)
}
