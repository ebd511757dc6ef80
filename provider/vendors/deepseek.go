package vendors

import (
	"time"

	"ratesim/provider"
)

// DeepSeek sets the rules of DeepSeek's API.
//
// The only limit is on requests at a time, for an account and model, whichever of its keys
// they use: 2,500 for flash and 500 for V4 Pro. One more gets 429. A request counts until its
// answer is complete (api-docs.deepseek.com, quick_start/rate_limit, checked 2026-09-27). No
// header tells of it, and no wait. It is a ceiling: with little money left an account has
// less, and only the body of a 429 says how much, as 39 in tarigelamin1997/jobfetcher#42.
//
// A prompt is cached without being asked, in pieces of 64 tokens, and is kept for hours or
// days (api-docs.deepseek.com, guides/kv_cache, 2026; the 64 are those of an earlier page,
// recalled). Chosen: 2 hours, and that every prefix is found, though the page has it that
// only whole units are, which end where requests do.
//
// Waiting for the server to be free, which DeepSeek does in place of refusing, is not
// modelled beyond the time to the first token, nor that prices double at peak hours. Clients
// that hang up stop a stream (OpenRouter; see the package).
func DeepSeek(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveEstimate, Settle: true, StopsStreams: true}
	c.Cache = provider.Cache{TTL: 2 * time.Hour, Least: 64, Step: 64}
}
