package workload

// helicone reads requests that Helicone exports, as CSV, JSON or lines of JSON.
type helicone struct {
	*table
	status *note
}

const (
	heliTime = iota
	heliPrompt
	heliOutput
	heliModel
	heliResponseModel
	heliRequestModel
	heliRequest
	heliResponse
	heliRead
	heliWritten
	heliUser
	heliStatus
	heliLatency
	heliCost
)

func openHelicone(in *input) reader {
	return &helicone{table: openTable(in, true, 1, "request_created_at", "prompt_tokens", "completion_tokens", "model", "response_model", "request_model",
		"request_id", "response_id", "prompt_cache_read_tokens", "prompt_cache_write_tokens", "request_user_id", "response_status", "latency|delay_ms", "cost"),
		status: in.note("has a status that is none of HTTP; it is not used")}
}

func (h *helicone) next(it *item) bool {
	var written int64
	if !h.table.next(it) || !h.time(heliTime, &it.Start) || !h.count(heliPrompt, &it.Prompt) || !h.count(heliOutput, &it.Output) ||
		!h.count(heliRead, &it.Cached) || !h.count(heliWritten, &written) ||
		!h.duration(heliLatency, 1e-3, &it.Latency) || !h.cost(heliCost, it) {
		return false
	}
	it.Prompt += it.Cached + written // it prices them beside prompt_tokens, not as a part
	it.Requests = 1
	it.Model, it.Tenant = h.word(heliModel, heliResponseModel, heliRequestModel), h.word(heliUser)
	h.statusOf(heliStatus, h.status, it)
	if request, response := h.text(heliRequest), h.text(heliResponse); request+response != "" {
		it.id = nameHash(request, response)
	}
	return true
}
