package vendors

import "ratesim/provider"

// Cerebras sets the rules of Cerebras' API.
//
// Limits are requests and tokens a minute, an hour and a day, for an
// organisation and model. A call is charged its estimated prompt and
// max_completion_tokens, or what is left of the longest sequence when it
// declares none (inference-docs.cerebras.ai/support/rate-limits, 2026). Headers
// tell of each window, with the time until it is whole as a number of seconds
// with a fraction; a reply here carries those of the minute.
//
// Chosen: buckets that are refilled continuously; no correction when a call is
// over; refused requests do not count; 8,192 tokens for a call that declares
// none, the longest sequence of the free plan (recalled, not read). The second bucket,
// of all tokens where the first holds uncached ones, is not modelled.
func Cerebras(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Undeclared: 8192}
}
