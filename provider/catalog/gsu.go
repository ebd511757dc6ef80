package catalog

import "ratesim/provider"

// windowed is an order of Vertex AI's GSUs. The throughput of all units is counted over windows
// of the clock on the wall, which are shorter for larger orders: a request that exceeds what
// is left of the window is served as pay-as-you-go, or refused if it asks for the order alone
// (X-Vertex-AI-LLM-Request-Type: dedicated); the true output is settled when it is known
// (docs.cloud.google.com, provisioned-throughput/use-provisioned-throughput, 2026-08-22).
//
// Chosen where the page gives a range: the widths of its three examples, 120 s up to 3 GSUs,
// 30 s up to 49 and 5 s from 50 on. No latency of an order is published: it is that of the
// model.
func (c *Catalog) windowed(o *Offer, units int) provider.Config {
	cfg := c.OnDemand(o)
	cfg.PTU = provider.Provisioned{Units: units, TPMPerUnit: int64(o.TPM), OutputRatio: o.OutputRatio, Window: o.WindowOf(units)}
	return cfg
}
