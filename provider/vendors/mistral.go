package vendors

import "ratesim/provider"

// Mistral sets the rules of Mistral's API.
//
// Limits are requests and tokens a minute, for a workspace and model. Headers
// tell the limit and what is left of each, and what the call itself cost, but
// not when more will be there, and no wait was seen on a 429 (replies
// logged in 2025 and 2026; no page with the rules was found).
//
// Chosen: a window of the clock's minute, which is how the headers are named;
// a charge of the prompt and max_tokens at admission that is not corrected, for
// the header with the cost is sent before the output; refused requests do not
// count. The tokens of a month are not modelled.
func Mistral(c *provider.Config) {
	window(c, provider.FixedWindow)
	c.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens}
}
