package mock

import "fmt"

// geminiStyle is Gemini's generateContent and its stream.
type geminiStyle struct{}

func (geminiStyle) content(b []byte, e *exchange, text, finish string) []byte {
	if finish != "" {
		finish = fmt.Sprintf(`,"finishReason":%q`, finish)
	}
	return fmt.Appendf(b, `{"candidates":[{"content":{"parts":[{"text":%q}],"role":"model"}%s,"index":0}],"usageMetadata":{"promptTokenCount":%d,"candidatesTokenCount":%d,"totalTokenCount":%d},"modelVersion":%q,"responseId":%q}`,
		text, finish, e.prompt, e.output, uint64(e.prompt)+uint64(e.output), e.answer.Model, e.id(""))
}

func (s geminiStyle) whole(b []byte, e *exchange) []byte {
	return s.content(b, e, said(e), e.finish("STOP", "MAX_TOKENS"))
}

func (geminiStyle) begin(b []byte, _ *exchange) []byte { return b }

func (s geminiStyle) event(b []byte, e *exchange, text, finish string) []byte {
	b = s.content(append(b, "data: "...), e, text, finish)
	return append(b, "\r\n\r\n"...)
}

func (s geminiStyle) piece(b []byte, e *exchange, text string) []byte { return s.event(b, e, text, "") }

func (s geminiStyle) end(b []byte, e *exchange) []byte {
	return s.event(b, e, "", e.finish("STOP", "MAX_TOKENS"))
}

// converseStyle is Bedrock's Converse. Its stream is a binary format of AWS's
// and not offered.
type converseStyle struct{ geminiStyle }

func (converseStyle) whole(b []byte, e *exchange) []byte {
	return fmt.Appendf(b, `{"output":{"message":{"role":"assistant","content":[{"text":%q}]}},"stopReason":%q,"usage":{"inputTokens":%d,"outputTokens":%d,"totalTokens":%d},"metrics":{"latencyMs":%d}}`,
		said(e), e.finish("end_turn", "max_tokens"), e.prompt, e.output, uint64(e.prompt)+uint64(e.output), e.due.Sub(e.at).Milliseconds())
}
