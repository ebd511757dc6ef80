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

func (s geminiStyle) broken(b, body []byte) []byte {
	if s.list {
		return append(append(append(b, ','), body...), ']')
	}
	return append(append(append(b, "data: "...), body...), "\r\n\r\n"...)
}

// converseStyle is Bedrock's Converse. Its stream is a binary format of AWS's
// and not offered.
type converseStyle struct{ geminiStyle }

func (converseStyle) whole(b []byte, e *exchange) []byte {
	b = e.said(append(b, `{"output":{"message":{"role":"assistant","content":[{"text":"`...))
	b = append(append(b, `"}]}},"stopReason":"`...), e.finish("end_turn", "max_tokens")...)
	b = field(b, `","usage":{"inputTokens":`, e.fresh())
	if e.reply.Cached > 0 || e.reply.Written > 0 {
		b = field(b, `,"cacheReadInputTokens":`, uint64(e.reply.Cached))
		b = field(b, `,"cacheWriteInputTokens":`, uint64(e.reply.Written))
	}
	b = field(b, `,"outputTokens":`, uint64(e.output))
	b = field(b, `,"totalTokens":`, e.total())
	b = field(b, `},"metrics":{"latencyMs":`, uint64(e.due.Sub(e.at).Milliseconds()))
	return append(b, "}}"...)
}
