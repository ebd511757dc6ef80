package vendors

import "ratesim/provider"

// OpenAI sets the rules of OpenAI's own API.
//
// Limits are RPM, RPD, TPM and TPD, for an organisation and its projects, per
// model; the first one that is hit refuses (developers.openai.com, guides/rate-limits,
// 2026-09). How they are enforced is not stated, but each 429 and each header
// that was seen fits one bucket a limit, which holds a window's worth and is
// refilled continuously:
//
//	wait of a 429    (used + requested - limit) / (limit / window)
//	reset header     (limit - remaining) / (limit / window), the time until full
//
// With a limit of 30,000 a minute, 22,999 used and 12,528 requested, the wait
// is 11.054 s; of 10,000 requests a day one comes back every 8.64 s, and a daily
// limit asks for that, not for midnight.
//
// At admission max(max_tokens, estimate of the prompt) is charged (same page).
// "As unsuccessful requests contribute to your per-minute limit, continuously
// resending a request won't work" (help.openai.com/en/articles/5955604, 2026): a
// refused request takes one from each limit on requests, or what has been refilled
// of one. Prompt tokens from the cache count (prompt caching guide). Headers show the requests
// of a day in place of those of a minute where a model has both (observed,
// gpt-4o-mini, 2024-12-25).
//
// A client that grows too fast can be refused with the code slow_down inside
// all limits. The page's rule of thumb is: above 1M input tokens a minute, grow
// by no more than half in 15 minutes (guides/error-codes, 2026). It is a rule of
// thumb and depends on what was used before, so it is not set here. A scenario
// sets it with limits.ramp.
//
// Uncertain: that the charge is settled to actual use when the call is over.
// The pages do not say so, but remaining counts behave like it, and Groq, which
// took the scheme over, shows more used than the limit. Some messages name prompt + max_tokens
// as requested; the page's rule was chosen. Prompts of long context draw on
// limits of their own, which no row here has.
func OpenAI(c *provider.Config) {
	window(c, provider.TokenBucket)
	c.Charge = provider.Charge{Reserve: provider.ReserveLarger, Settle: true, Rejected: true, StopsStreams: true}
	c.Cache = openAICache(c.Model)
}
