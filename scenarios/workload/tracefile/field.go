package tracefile

import "ratesim/scenarios/workload"

// field is what may be known of a request beside its time, its prompt and its output.
type field uint8

const (
	cached field = iota
	model
	maxTokens
	tenant
	status
	latency
	cost
	deadline
	priority
	fieldCount
)

var fieldNames = [fieldCount]string{"cached_tokens", "model", "max_tokens", "tenant", "status", "latency", "cost", "deadline", "priority"}

// String is the name of the plain format's column.
func (f field) String() string { return fieldNames[f] }

// in reports whether a request has a value of the field.
func (f field) in(r *workload.Record) bool {
	switch f {
	case cached:
		return r.Cached > 0
	case model:
		return r.Model != ""
	case maxTokens:
		return r.MaxTokens > 0
	case tenant:
		return r.Tenant != ""
	case status:
		return r.Status > 0
	case latency:
		return r.Latency > 0
	case cost:
		return r.Priced
	case deadline:
		return r.Deadline > 0
	}
	return r.Priority != 0
}
