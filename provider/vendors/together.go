package vendors

import (
	"time"

	"ratesim/provider"
)

// Together sets the rules of Together AI's serverless models.
//
// What an account may ask of a model moves with what it has: about twice the rate of the
// successes of the last hour, and never less than the base rate, which is 60 requests a
// minute (docs.together.ai/docs/rate-limits, a copy of 2026-01; the page of today gives no
// figures, and says that steady traffic raises the rate and that bursts are smoothed).
//
// RPM is that base rate: it becomes a limit on growth, which allows in each hour twice the
// mean rate of the hour before. So limits.ramp of a scenario changes it, and its used_before
// says what was used before the run.
//
// Chosen, and simpler than the vendor is: hours follow one another, where the vendor's hour
// slides; all admitted requests count, where the vendor counts those that succeed; a bucket
// holds a minute's worth, where the page of 2026-01 applied the rate by the second and that
// of today has bursts smoothed; tokens have no such limit, though the vendor names one, for
// it gives no figure. The live load of a model, and refusals within the rate for want of
// capacity, are faults: outage with status 503. Clients that hang up stop a stream
// (OpenRouter; see the package).
func Together(c *provider.Config) {
	window(c, provider.TokenBucket)
	if c.RPM > 0 {
		c.Limits = append(c.Limits, provider.Limit{Counts: provider.Requests, Most: c.RPM, Per: time.Hour, Growth: 1, Window: c.Window, Shared: true})
		c.RPM = 0
	}
	c.Charge = provider.Charge{Reserve: provider.ReserveEstimate, Settle: true, StopsStreams: true}
}
