package vendors

import (
	"time"

	"ratesim/provider"
)

// Groq sets the rules of Groq's API.
//
// Limits are requests and tokens a minute and a day, for an organisation;
// prompt tokens from the cache do not count (console.groq.com/docs/rate-limits, 2026).
// The scheme is [OpenAI]'s bucket: 6,000 TPM with 5,994 used and 1,829 requested
// ask for 18.23 s. Calls are settled to actual use, which can carry the use above
// the limit: 101,907 of 100,000 a minute were used when 1,412 more were told to
// wait 1.9914 s (observed). Headers show requests a day and tokens a minute.
//
// Chosen: a call reserves its prompt and max_tokens, as the word requested has
// it in messages. Refused requests do not count: the page is silent, but 429s of
// 30 requests a minute have asked for 1.724 s and 1.969 s, where a refusal that
// counts would ask for 2 s.
// A prompt is kept until nobody has used it for 2 hours (console.groq.com/docs/prompt-caching,
// 2026). Chosen: that all models keep them, from 1,024 tokens on, in steps of one.
// Limits on audio are not modelled.
func Groq(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true, CacheDiscount: 1}
	c.Cache = provider.Cache{TTL: 2 * time.Hour, Least: 1024}
}
