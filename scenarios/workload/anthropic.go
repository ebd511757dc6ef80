package workload

import "encoding/json"

// anthropicResult is one result of a bucket of Anthropic's usage report,
// GET /v1/organizations/usage_report/messages.
type anthropicResult struct {
	Uncached json.Number `json:"uncached_input_tokens"`
	Read     json.Number `json:"cache_read_input_tokens"`
	Created  struct {
		Hour    json.Number `json:"ephemeral_1h_input_tokens"`
		Minutes json.Number `json:"ephemeral_5m_input_tokens"`
	} `json:"cache_creation"`
	Output    json.Number `json:"output_tokens"`
	Key       string      `json:"api_key_id"` // this and those below are null unless grouped by
	Workspace string      `json:"workspace_id"`
	Model     string      `json:"model"`
	Tier      string      `json:"service_tier"`
	Window    string      `json:"context_window"`
}

// openAnthropic reads pages of the usage report. It counts prompt tokens apart:
// a prompt is what was read from the cache, what was written to it, and the
// rest. It does not count requests. Batches are left out where they are told
// apart: they have limits of their own.
func openAnthropic(in *input) reader {
	requests := in.note("Anthropic's report does not count requests")
	batch := in.note("is usage of the batch API, which has limits of its own; it is left out")
	return openPages(in, "starting_at", "ending_at", func(r *anthropicResult, it *item) string {
		it.Model = r.Model
		it.id = nameHash(r.Key, r.Workspace, r.Model, r.Tier, r.Window)
		if r.Tier == "batch" {
			batch.add(it.Line)
			return ""
		}
		if requests.rows == 0 {
			requests.add(it.Line)
		}
		return counts(counted{"uncached_input_tokens", r.Uncached, &it.Prompt}, counted{"output_tokens", r.Output, &it.Output},
			counted{"ephemeral_1h_input_tokens", r.Created.Hour, &it.Prompt}, counted{"ephemeral_5m_input_tokens", r.Created.Minutes, &it.Prompt},
			counted{"cache_read_input_tokens", r.Read, &it.Prompt}, counted{"cache_read_input_tokens", r.Read, &it.Cached})
	})
}
