package catalog

import (
	"fmt"
	"slices"
	"strings"

	"ratesim/provider"
	"ratesim/sim/rng"
)

// ToBatch makes cfg, which Find returned, the batch API of its model: without the
// limits per minute, on which batches do not draw, but with one on the prompt
// tokens that wait; at the vendor's discount; and slow.
//
// How long it takes is not known: vendors promise 24 hours and say that most
// batches take less than one. Answers come after one hour (median) to six (95 %)
// and never after more than 24.
func (c *Catalog) ToBatch(cfg *provider.Config) error {
	row, _, err := c.row(cfg.Ref)
	if err != nil {
		return err
	}
	batches, vendor, model, tier := c.batches(), row.Config.Vendor, row.Config.Model, row.Tier
	matches := func(b Batch, tiers ...string) bool {
		return b.Vendor == vendor && (b.Model == model || b.Model == "*") && slices.Contains(tiers, b.Tier)
	}
	i := slices.IndexFunc(batches, func(b Batch) bool { return matches(b, tier, "*") })
	if i < 0 { // quotas of batches go by tiers of their own, the lowest first
		i = slices.IndexFunc(batches, func(b Batch) bool { return b.Vendor == vendor && (b.Model == model || b.Model == "*") })
	}
	if i < 0 {
		return fmt.Errorf("the catalog has no batch API of %s/%s; it has those of %s", vendor, model, strings.Join(c.batchVendors(), ", "))
	}
	b := &batches[i]
	ttft, err := rng.NewLognormal(batchP50, batchP95)
	if err != nil {
		return err
	}
	ttft.Max = batchMost
	cfg.RPM, cfg.TPM, cfg.Limits, cfg.Pool = 0, 0, nil, ""
	if queue := max(row.BatchQueue, b.Enqueued); queue > 0 {
		cfg.Limits = []provider.Limit{{Counts: provider.Tokens, Most: min(queue, provider.MostLimit)}}
	}
	cfg.Charge = provider.Charge{Reserve: provider.ReserveEstimate}
	cfg.Headers.Silent, cfg.Headers.NoWait = true, true
	cfg.Latency = provider.Latency{TTFT: ttft, Refusal: cfg.Latency.Refusal}
	cfg.Batch = true
	cfg.Price.Discount = b.Discount
	return nil
}

// In seconds; see ToBatch.
const (
	batchP50  = 3600
	batchP95  = 6 * 3600
	batchMost = 24 * 3600
)

func (c *Catalog) batchVendors() []string {
	var names []string
	for _, b := range c.batches() {
		if !slices.Contains(names, b.Vendor) {
			names = append(names, b.Vendor)
		}
	}
	return names
}
