package catalog

import (
	"time"

	"ratesim/provider"
)

// split is capacity of which input and output are bought by themselves, as of OpenAI's scale
// tier and Bedrock's reserved tier: what exceeds the one or the other in a minute is served as
// pay-as-you-go (openai.com/api-scale-tier; aws.amazon.com, whats-new/2025/11,
// amazon-bedrock-reserved-service-tier).
//
// Chosen: that minutes are those of the clock on the wall, and that cached tokens count. Output
// is not reserved, for neither says that it is: a minute's output is full when what was
// answered in it is as much as was bought.
func (c *Catalog) split(o *Offer, units, outputs int) provider.Config {
	cfg := c.OnDemand(o)
	cfg.Limits = []provider.Limit{
		{Counts: provider.Input, Most: int64(float64(units) * o.TPM), Per: time.Minute, Window: provider.FixedWindow},
		{Counts: provider.Output, Most: int64(float64(outputs) * o.OutputTPM), Per: time.Minute, Window: provider.FixedWindow},
	}
	if o.Floor > 0 { // a speed is promised
		cfg.Latency.Floor, cfg.Latency.PerToken = o.Floor, min(cfg.Latency.PerToken, o.Floor)
	}
	return cfg
}
