package mock

import "fmt"

// responsesStyle is OpenAI's Responses API.
type responsesStyle struct{}

func (responsesStyle) response(e *exchange, status, text, usage string) string {
	return fmt.Sprintf(`{"id":%q,"object":"response","created_at":%d,"status":%q,"model":%q,"error":null,"incomplete_details":null,"output":[%s],"usage":%s}`,
		e.id("resp_"), e.at.Unix(), status, e.answer.Model, text, usage)
}

func (responsesStyle) message(e *exchange, status string, parts string) string {
	return fmt.Sprintf(`{"type":"message","id":%q,"status":%q,"role":"assistant","content":[%s]}`, e.id("msg_"), status, parts)
}

func (responsesStyle) part(text string) string {
	return fmt.Sprintf(`{"type":"output_text","text":%q,"annotations":[]}`, text)
}

func (s responsesStyle) done(e *exchange) string {
	usage := fmt.Sprintf(`{"input_tokens":%d,"input_tokens_details":{"cached_tokens":0},"output_tokens":%d,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":%d}`,
		e.prompt, e.output, uint64(e.prompt)+uint64(e.output))
	return s.response(e, "completed", s.message(e, "completed", s.part(said(e))), usage)
}

func (s responsesStyle) whole(b []byte, e *exchange) []byte { return append(b, s.done(e)...) }

// event numbers are left at 0 but for order's sake: clients go by the type.
func (responsesStyle) event(b []byte, kind, rest string) []byte {
	return fmt.Appendf(b, "event: %s\ndata: {\"type\":%q,%s}\n\n", kind, kind, rest)
}

func (s responsesStyle) begin(b []byte, e *exchange) []byte {
	b = s.event(b, "response.created", `"sequence_number":0,"response":`+s.response(e, "in_progress", "", "null"))
	b = s.event(b, "response.output_item.added", `"sequence_number":1,"output_index":0,"item":`+s.message(e, "in_progress", ""))
	return s.event(b, "response.content_part.added", fmt.Sprintf(`"sequence_number":2,"item_id":%q,"output_index":0,"content_index":0,"part":%s`, e.id("msg_"), s.part("")))
}

func (s responsesStyle) piece(b []byte, e *exchange, text string) []byte {
	return s.event(b, "response.output_text.delta", fmt.Sprintf(`"sequence_number":3,"item_id":%q,"output_index":0,"content_index":0,"delta":%q,"logprobs":[]`, e.id("msg_"), text))
}

func (s responsesStyle) end(b []byte, e *exchange) []byte {
	b = s.event(b, "response.output_text.done", fmt.Sprintf(`"sequence_number":4,"item_id":%q,"output_index":0,"content_index":0,"text":%q,"logprobs":[]`, e.id("msg_"), said(e)))
	b = s.event(b, "response.output_item.done", `"sequence_number":5,"output_index":0,"item":`+s.message(e, "completed", s.part(said(e))))
	return s.event(b, "response.completed", `"sequence_number":6,"response":`+s.done(e))
}
