package mock

// messagesStyle is Anthropic's Messages API.
type messagesStyle struct{}

var messagesFinish = [...]string{complete: "end_turn", cutOff: "max_tokens", called: "tool_use", filtered: "refusal"}

func (messagesStyle) usage(b []byte, e *exchange, output uint32) []byte {
	b = field(b, `{"input_tokens":`, e.fresh())
	b = field(b, `,"cache_creation_input_tokens":`, uint64(e.reply.Written))
	b = field(b, `,"cache_read_input_tokens":`, uint64(e.reply.Cached))
	b = field(b, `,"cache_creation":{"ephemeral_5m_input_tokens":`, uint64(e.reply.Written))
	b = field(b, `,"ephemeral_1h_input_tokens":0},"output_tokens":`, uint64(output))
	if e.thought > 0 {
		b = field(b, `,"output_tokens_details":{"thinking_tokens":`, uint64(min(e.thought, output)))
		b = append(b, '}')
	}
	return append(append(append(b, `,"service_tier":"`...), e.tier...), `"}`...)
}

// head appends a message up to its content.
func (messagesStyle) head(b []byte, e *exchange) []byte {
	b = e.named(b, `{"id":"msg_`)
	b = append(append(b, `","type":"message","role":"assistant","model":`...), e.model...)
	return append(b, `,"content":[`...)
}

// signature stands for that of a thought, which clients send back and cannot read.
const signature = "cmF0ZXNpbQ=="

func (s messagesStyle) whole(b []byte, e *exchange) []byte {
	b = s.head(b, e)
	for i := range e.parts {
		p := &e.parts[i]
		if p.hidden {
			continue
		}
		if p.index > 0 {
			b = append(b, ',')
		}
		switch p.sort {
		case aText:
			b = append(e.whole(append(b, `{"type":"text","text":"`...), p), `"}`...)
		case aThought:
			b = append(e.whole(append(b, `{"type":"thinking","thinking":"`...), p), `","signature":"`+signature+`"}`...)
		case aCall:
			b = append(append(s.call(b, e, p), p.object()...), '}')
		}
	}
	b = append(append(b, `],"stop_reason":"`...), messagesFinish[e.parts[len(e.parts)-1].finish]...)
	return append(s.usage(append(b, `","stop_sequence":null,"usage":`...), e, e.output), '}')
}

// call appends a call up to its input.
func (messagesStyle) call(b []byte, e *exchange, p *part) []byte {
	b = e.named(append(b, `{"type":"tool_use",`...), `"id":"toolu_`)
	b = append(number(append(b, '_'), p.call), `","name":"`...)
	return append(appendEscaped(b, p.name), `","input":`...)
}

func (s messagesStyle) begin(b []byte, e *exchange) []byte {
	b = s.head(append(b, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"...), e)
	b = s.usage(append(b, `],"stop_reason":null,"stop_sequence":null,"usage":`...), e, 1)
	return append(b, "}}\n\n"...)
}

func (s messagesStyle) open(b []byte, e *exchange, p *part) []byte {
	b = field(append(b, "event: content_block_start\ndata: {\"type\":\"content_block_start\","...), `"index":`, uint64(p.index))
	b = append(b, `,"content_block":`...)
	switch p.sort {
	case aText:
		b = append(b, `{"type":"text","text":""}`...)
	case aThought:
		b = append(b, `{"type":"thinking","thinking":"","signature":""}`...)
	case aCall:
		b = append(s.call(b, e, p), "{}}"...)
	}
	return append(b, "}\n\n"...)
}

// delta begins an event with a piece of a part.
func (messagesStyle) delta(b []byte, p *part) []byte {
	b = field(append(b, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","...), `"index":`, uint64(p.index))
	return append(b, `,"delta":{"type":"`...)
}

func (s messagesStyle) piece(b []byte, e *exchange, p *part, from, to uint32) []byte {
	kind := [...]string{aText: `text_delta","text":"`, aThought: `thinking_delta","thinking":"`, aCall: `input_json_delta","partial_json":"`}[p.sort]
	return append(e.some(append(s.delta(b, p), kind...), p, from, to), "\"}}\n\n"...)
}

func (s messagesStyle) close(b []byte, _ *exchange, p *part) []byte {
	if p.sort == aThought {
		b = append(s.delta(b, p), `signature_delta","signature":"`+signature+"\"}}\n\n"...)
	}
	b = field(append(b, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\","...), `"index":`, uint64(p.index))
	return append(b, "}\n\n"...)
}

func (s messagesStyle) end(b []byte, e *exchange) []byte {
	b = append(b, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\""...)
	b = append(append(b, messagesFinish[e.parts[len(e.parts)-1].finish]...), `","stop_sequence":null},"usage":`...)
	return append(s.usage(b, e, e.output), "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

func (messagesStyle) broken(b []byte, _ *exchange, _ int, body []byte) []byte {
	return append(append(append(b, "event: error\ndata: "...), body...), "\n\n"...)
}
