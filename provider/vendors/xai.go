package vendors

import "ratesim/provider"

// XAI sets the rules of xAI's API.
//
// Limits are requests a second and tokens a minute for a model, by tiers of what was
// spent since January 2026. The requests of a minute are 60 times those of a second, and
// cannot be spent in one. Prompt, cached, completion and reasoning tokens count
// (docs.x.ai/developers/rate-limits, 2026-10).
//
// Chosen: a bucket of tokens that is refilled continuously; the prompt is charged at
// admission and the rest when it is known, at the end; refused requests do not
// count. Which headers are sent is not known; a client is told nothing, which is
// the least it can count on.
func XAI(c *provider.Config) {
	window(c, provider.PerSecond)
	c.Charge = provider.Charge{Reserve: provider.ReserveEstimate, Settle: true, StopsStreams: true}
}
