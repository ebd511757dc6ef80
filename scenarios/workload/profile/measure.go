package profile

import "ratesim/scenarios/workload"

// A Measure is what a limit counts of a request.
type Measure struct {
	Requests bool // 1 for each; else tokens, of which the fields below say how many
	Prompt   bool // prompt tokens count
	// Discount is the share of cached prompt tokens that does not count.
	Discount float64
	Output   float64 // what an output token counts as
	// Reserved makes max_tokens count in place of the output, or Undeclared where none was
	// declared. With Larger only the larger of prompt and max_tokens counts.
	Reserved, Larger bool
	Undeclared       uint32
}

// The measures that every profile has.
var (
	asRequests = Measure{Requests: true}
	asTokens   = Measure{Prompt: true, Output: 1}
)

// of returns what a row counts.
func (m *Measure) of(r *workload.Record) float64 {
	n := max(r.Requests, 0)
	if r.Width == 0 {
		n = max(n, 1)
	}
	if m.Requests {
		return float64(n)
	}
	v := 0.0
	if m.Prompt {
		v = float64(r.Prompt) - m.Discount*float64(r.Cached)
	}
	if m.Reserved {
		declared := float64(r.MaxTokens)
		if r.MaxTokens == 0 {
			declared = float64(m.Undeclared) * float64(n)
		}
		if m.Larger {
			return max(v, declared)
		}
		return v + declared
	}
	return v + m.Output*float64(r.Output)
}
