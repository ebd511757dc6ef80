package mock

import "fmt"

// messagesStyle is Anthropic's Messages API.
type messagesStyle struct{}

func (messagesStyle) usage(e *exchange, output uint32) string {
	return fmt.Sprintf(`{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d}`, e.prompt, output)
}

func (s messagesStyle) message(e *exchange, content, stop string, output uint32) string {
	return fmt.Sprintf(`{"id":%q,"type":"message","role":"assistant","model":%q,"content":[%s],"stop_reason":%s,"stop_sequence":null,"usage":%s}`,
		e.id("msg_"), e.answer.Model, content, stop, s.usage(e, output))
}

func (s messagesStyle) whole(b []byte, e *exchange) []byte {
	return append(b, s.message(e, fmt.Sprintf(`{"type":"text","text":%q}`, said(e)), fmt.Sprintf("%q", e.finish("end_turn", "max_tokens")), e.output)...)
}

func (s messagesStyle) begin(b []byte, e *exchange) []byte {
	return fmt.Appendf(b, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":%s}\n\n"+
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
		s.message(e, "", "null", 1))
}

func (messagesStyle) piece(b []byte, _ *exchange, text string) []byte {
	return fmt.Appendf(b, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":%q}}\n\n", text)
}

func (s messagesStyle) end(b []byte, e *exchange) []byte {
	return fmt.Appendf(b, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"+
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":%q,\"stop_sequence\":null},\"usage\":%s}\n\n"+
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
		e.finish("end_turn", "max_tokens"), s.usage(e, e.output))
}
