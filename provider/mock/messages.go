package mock

// messagesStyle is Anthropic's Messages API.
type messagesStyle struct{}

func (messagesStyle) usage(b []byte, e *exchange, output uint32) []byte {
	b = field(b, `{"input_tokens":`, e.fresh())
	b = field(b, `,"cache_creation_input_tokens":`, uint64(e.reply.Written))
	b = field(b, `,"cache_read_input_tokens":`, uint64(e.reply.Cached))
	b = field(b, `,"output_tokens":`, uint64(output))
	return append(b, '}')
}

// head appends a message up to its content.
func (messagesStyle) head(b []byte, e *exchange) []byte {
	b = e.named(b, `{"id":"msg_`)
	b = append(append(b, `","type":"message","role":"assistant","model":`...), e.model...)
	return append(b, `,"content":[`...)
}

func (s messagesStyle) whole(b []byte, e *exchange) []byte {
	b = e.said(append(s.head(b, e), `{"type":"text","text":"`...))
	b = append(append(b, `"}],"stop_reason":"`...), e.finish("end_turn", "max_tokens")...)
	return append(s.usage(append(b, `","stop_sequence":null,"usage":`...), e, e.output), '}')
}

func (s messagesStyle) begin(b []byte, e *exchange) []byte {
	b = s.head(append(b, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"...), e)
	b = s.usage(append(b, `],"stop_reason":null,"stop_sequence":null,"usage":`...), e, 1)
	return append(b, "}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"...)
}

func (messagesStyle) piece(b []byte, e *exchange, from, to uint32) []byte {
	b = append(b, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\""...)
	return append(e.words(b, from, to), "\"}}\n\n"...)
}

func (s messagesStyle) end(b []byte, e *exchange) []byte {
	b = append(b, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"+
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\""...)
	b = append(append(b, e.finish("end_turn", "max_tokens")...), `","stop_sequence":null},"usage":`...)
	return append(s.usage(b, e, e.output), "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

func (messagesStyle) broken(b []byte, _ int, body []byte) []byte {
	return append(append(append(b, "event: error\ndata: "...), body...), "\n\n"...)
}
