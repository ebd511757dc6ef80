package vendors

import "ratesim/provider"

// Gemini sets the rules of Google's Gemini API.
//
// Limits are requests a minute and a day, and input tokens a minute, for a
// project and model; output does not count. The day begins at midnight
// Pacific (ai.google.dev, gemini-api/docs/rate-limits, 2026-10). The minute is
// that of the clock on the wall: a 429 logged at 22:55:42.900 asked for
// 17.156 s, which ends at 22:56:00.06. That is one sample (2025-10-09). No header tells of
// limits; the wait stands in the body, to the nanosecond.
//
// Where the run begins in the minute and the day is Config.Phase: 0 is midnight
// Pacific. Failed requests count (billing FAQ, 2026), which is what an admitted
// one does here.
//
// Chosen: refused requests do not count, and tokens from the cache do; neither
// is documented. The charge is not corrected, for the input is known when the
// call comes. The limit on spending within a rolling 10 minutes is not
// modelled, nor the shared quota of Vertex AI.
func Gemini(c *provider.Config) {
	window(c, provider.FixedWindow)
	c.Charge = provider.Charge{Reserve: provider.ReserveEstimate}
}
