package vendors

import "ratesim/provider"

// XAI sets the rules of xAI's API.
//
// Limits are requests and tokens a minute for a model, by tiers of what was
// spent since January 2026. Prompt, completion and reasoning tokens count
// (docs.x.ai/docs/rate-limits, 2026).
//
// Chosen: buckets that are refilled continuously; the prompt is charged at
// admission and the rest when it is known, at the end; refused requests do not
// count. Which headers are sent is not known; a client is told nothing, which is
// the least it can count on.
// No numbers of the tiers were read: the catalog has no rows of this vendor.
func XAI(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveEstimate, Settle: true, StopsStreams: true}
}
