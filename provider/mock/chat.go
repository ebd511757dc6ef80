package mock

import "strconv"

// chatStyle is OpenAI's chat completion, which many vendors have copied.
type chatStyle struct{}

var chatFinish = [...]string{complete: "stop", cutOff: "length", called: "tool_calls", filtered: "content_filter"}

func (chatStyle) usage(b []byte, e *exchange) []byte {
	b = field(b, `{"prompt_tokens":`, uint64(e.prompt))
	b = field(b, `,"completion_tokens":`, uint64(e.output))
	b = field(b, `,"total_tokens":`, e.total())
	b = field(b, `,"prompt_tokens_details":{"cached_tokens":`, uint64(e.reply.Cached))
	b = field(b, `},"completion_tokens_details":{"reasoning_tokens":`, uint64(e.thought))
	return append(b, "}}"...)
}

func (chatStyle) head(b []byte, e *exchange, object string) []byte {
	b = e.named(b, `{"id":"chatcmpl-`)
	b = append(append(b, `","object":"`...), object...)
	b = strconv.AppendInt(append(b, `","created":`...), e.at.Unix(), 10)
	return append(append(b, `,"model":`...), e.model...)
}

func (s chatStyle) whole(b []byte, e *exchange) []byte {
	b = append(s.head(b, e, "chat.completion"), `,"choices":[`...)
	for i := range e.parts {
		if p := &e.parts[i]; !p.hidden {
			b = s.message(b, e, p)
		}
	}
	return s.tail(s.usage(append(b, `],"usage":`...), e), e)
}

// tail ends a completion, or a chunk of one.
func (chatStyle) tail(b []byte, e *exchange) []byte {
	return append(append(append(b, `,"service_tier":"`...), e.tier...), `","system_fingerprint":null}`...)
}

// message appends a part of a choice in one piece: the choice begins with its first part and
// ends with its last. A text is the first part there is, and the only one.
func (s chatStyle) message(b []byte, e *exchange, p *part) []byte {
	if p.first {
		if p.choice > 0 {
			b = append(b, ',')
		}
		b = append(field(b, `{"index":`, uint64(p.choice)), `,"message":{"role":"assistant","content":`...)
		if p.sort == aCall {
			b = append(b, `null`...)
		}
	}
	if p.sort == aText {
		b = append(e.whole(append(b, '"'), p), '"')
	}
	if p.sort == aCall {
		if p.call == 0 {
			b = append(b, `,"tool_calls":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(e.whole(s.call(append(b, '{'), e, p), p), `"}}`...)
	}
	if !p.last {
		return b
	}
	if p.sort == aCall {
		b = append(b, ']')
	}
	b = append(b, `,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"`...)
	return append(append(b, e.chatFinish(p)...), `"}`...)
}

// chatFinish says why the choice of a part ends. Who has named the function that is to be
// called is not told that there is a call. Source: OpenAI's guide to function calling.
func (e *exchange) chatFinish(p *part) string {
	if p.finish == called && e.forced {
		return chatFinish[complete]
	}
	return chatFinish[p.finish]
}

// call appends a call up to its arguments.
func (chatStyle) call(b []byte, e *exchange, p *part) []byte {
	b = e.named(b, `"id":"call_`)
	b = append(number(append(b, '_'), p.choice), '_')
	b = append(number(b, p.call), `","type":"function","function":{"name":"`...)
	return append(appendEscaped(b, p.name), `","arguments":"`...)
}

// chunk appends an event; those before the last tell no usage.
func (s chatStyle) chunk(b []byte, e *exchange, p *part, delta func(b []byte) []byte) []byte {
	b = s.head(append(b, "data: "...), e, "chat.completion.chunk")
	b = append(field(b, `,"choices":[{"index":`, uint64(p.choice)), `,"delta":`...)
	b = append(delta(b), "}]"...)
	if e.query.IncludeUsage {
		b = append(b, `,"usage":null`...)
	}
	return append(s.tail(b, e), "\n\n"...)
}

const unfinished = `,"finish_reason":null`

func (chatStyle) begin(b []byte, _ *exchange) []byte { return b }

func (s chatStyle) open(b []byte, e *exchange, p *part) []byte {
	if p.first {
		b = s.chunk(b, e, p, func(b []byte) []byte {
			if p.sort == aCall {
				return append(b, `{"role":"assistant","content":null}`+unfinished...)
			}
			return append(b, `{"role":"assistant","content":""}`+unfinished...)
		})
	}
	if p.sort != aCall {
		return b
	}
	return s.chunk(b, e, p, func(b []byte) []byte {
		b = field(b, `{"tool_calls":[{"index":`, uint64(p.call))
		return append(s.call(append(b, ','), e, p), `"}}]}`+unfinished...)
	})
}

func (s chatStyle) piece(b []byte, e *exchange, p *part, from, to uint32) []byte {
	return s.chunk(b, e, p, func(b []byte) []byte {
		if p.sort == aCall {
			b = append(field(b, `{"tool_calls":[{"index":`, uint64(p.call)), `,"function":{"arguments":"`...)
			return append(e.some(b, p, from, to), `"}}]}`+unfinished...)
		}
		return append(e.some(append(b, `{"content":"`...), p, from, to), `"}`+unfinished...)
	})
}

func (s chatStyle) close(b []byte, e *exchange, p *part) []byte {
	if !p.last {
		return b
	}
	return s.chunk(b, e, p, func(b []byte) []byte {
		return append(append(append(b, `{},"finish_reason":"`...), e.chatFinish(p)...), '"')
	})
}

func (s chatStyle) end(b []byte, e *exchange) []byte {
	if e.query.IncludeUsage {
		b = s.head(append(b, "data: "...), e, "chat.completion.chunk")
		b = append(s.tail(s.usage(append(b, `,"choices":[],"usage":`...), e), e), "\n\n"...)
	}
	return append(b, "data: [DONE]\n\n"...)
}

func (chatStyle) broken(b []byte, _ *exchange, _ int, body []byte) []byte {
	return append(append(append(b, "data: "...), body...), "\n\n"...)
}
