package catalog

import "math"

// Size returns how many PTUs of r so many tokens a minute need, exactly and as
// the smallest number that can be deployed. cached is the share of the input
// that comes from the prompt cache, 0 to 1. By
// MicrosoftDocs/azure-ai-docs, how-to-provisioned-throughput-sizing.md
// (2026-09-23):
//
//	(input x (1 - discount x cached) + ratio x output) / input TPM per PTU
//
// where the discount is 1, and 0.9 from GPT-6 on. It is meant for rows that
// are provisioned.
func (r *Row) Size(input, output, cached float64) (exact float64, deployed int) {
	p := &r.Config.PTU
	exact = (input*(1-r.Config.Charge.CacheDiscount*cached) + p.OutputRatio*output) / float64(p.TPMPerUnit)
	steps := math.Ceil((exact - float64(r.Minimum)) / float64(r.Step))
	return exact, r.Minimum + max(0, int(steps))*r.Step
}
