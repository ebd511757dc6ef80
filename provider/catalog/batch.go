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
	b := c.batch(row)
	if b == nil {
		return fmt.Errorf("the catalog has no batch API of %s/%s; it has those of %s", row.Config.Vendor, row.Config.Model, strings.Join(c.batchVendors(), ", "))
	}
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

// batch returns what a batch of the deployment of row may hold; nil where it has none.
// Quotas of batches go by tiers of their own: of one that the deployment's tier does not
// name, it is the first, which is the lowest.
func (c *Catalog) batch(row *Row) *Batch {
	var first *Batch
	batches := c.batches()
	for i := range batches {
		b := &batches[i]
		if b.Vendor != row.Config.Vendor || b.Model != row.Config.Model && b.Model != "*" {
			continue
		}
		if b.Tier == row.Tier || b.Tier == "*" {
			return b
		}
		if first == nil {
			first = b
		}
	}
	return first
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
