package mock

// geminiStyle is Gemini's generateContent and its stream: events where the
// request says alt=sse, one list otherwise.
type geminiStyle struct{ list bool }

func (geminiStyle) content(b []byte, e *exchange, from, to uint32, finish string) []byte {
	b = e.words(append(b, `{"candidates":[{"content":{"parts":[{"text":"`...), from, to)
	b = append(b, `"}],"role":"model"}`...)
	if finish != "" {
		b = append(append(append(b, `,"finishReason":"`...), finish...), '"')
	}
	b = field(b, `,"index":0}],"usageMetadata":{"promptTokenCount":`, uint64(e.prompt))
	if e.reply.Cached > 0 {
		b = field(b, `,"cachedContentTokenCount":`, uint64(e.reply.Cached))
	}
	b = field(b, `,"candidatesTokenCount":`, uint64(e.output))
	b = field(b, `,"totalTokenCount":`, e.total())
	b = append(append(b, `},"modelVersion":`...), e.model...)
	return append(e.named(b, `,"responseId":"`), `"}`...)
}

func (s geminiStyle) whole(b []byte, e *exchange) []byte {
	return s.content(b, e, 0, e.output, e.finish("STOP", "MAX_TOKENS"))
}

func (geminiStyle) begin(b []byte, _ *exchange) []byte { return b }

func (s geminiStyle) piece(b []byte, e *exchange, from, to uint32) []byte {
	if s.list {
		open := byte(',')
		if from == 0 {
			open = '['
		}
		return append(s.content(append(b, open), e, from, to, ""), "\r\n"...)
	}
	return append(s.content(append(b, "data: "...), e, from, to, ""), "\r\n\r\n"...)
}

func (s geminiStyle) end(b []byte, e *exchange) []byte {
	finish := e.finish("STOP", "MAX_TOKENS")
	if s.list {
		return append(s.content(append(b, ','), e, 0, 0, finish), ']')
	}
	return append(s.content(append(b, "data: "...), e, 0, 0, finish), "\r\n\r\n"...)
}

func (s geminiStyle) broken(b []byte, _ int, body []byte) []byte {
	if s.list {
		return append(append(append(b, ','), body...), ']')
	}
	return append(append(append(b, "data: "...), body...), "\r\n\r\n"...)
}
