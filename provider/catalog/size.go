package catalog

import "math"

// Sizes are the numbers of PTUs that can be deployed: Minimum, Minimum+Step and
// so on.
type Sizes struct{ Minimum, Step int }

// noise is what floating point may add to a whole number of steps.
const noise = 1e-9

// AtLeast returns the smallest number that can be deployed and is not below
// units.
func (s Sizes) AtLeast(units float64) int {
	steps := math.Ceil((units-float64(s.Minimum))/float64(s.Step) - noise)
	return s.Minimum + max(0, int(steps))*s.Step
}

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
	return exact, r.AtLeast(exact)
}
