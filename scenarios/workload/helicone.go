package workload

// helicone reads requests that Helicone exports, as CSV, JSON or lines of JSON.
type helicone struct{ *table }

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
)

func openHelicone(in *input) reader {
	return &helicone{openTable(in, true, 1, "request_created_at", "prompt_tokens", "completion_tokens", "model", "response_model", "request_model",
		"request_id", "response_id", "prompt_cache_read_tokens", "prompt_cache_write_tokens")}
}

func (h *helicone) next(it *item) bool {
	var written int64
	if !h.table.next(it) || !h.time(heliTime, &it.Start) || !h.count(heliPrompt, &it.Prompt) || !h.count(heliOutput, &it.Output) ||
		!h.count(heliRead, &it.Cached) || !h.count(heliWritten, &written) {
		return false
	}
	it.Prompt += it.Cached + written // it prices them beside prompt_tokens, not as a part
	it.Requests = 1
	for _, i := range []int{heliModel, heliResponseModel, heliRequestModel} {
		if it.Model = h.text(i); it.Model != "" {
			break
		}
	}
	if request, response := h.text(heliRequest), h.text(heliResponse); request+response != "" {
		it.id = nameHash(request, response)
	}
	return true
}
