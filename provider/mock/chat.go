package mock

import (
	"fmt"
	"strings"
)

// chatStyle is OpenAI's chat completion, which many vendors have copied.
type chatStyle struct{}

func (chatStyle) usage(e *exchange) string {
	return fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}`,
		e.prompt, e.output, uint64(e.prompt)+uint64(e.output))
}

func (s chatStyle) whole(b []byte, e *exchange) []byte {
	return fmt.Appendf(b, `{"id":%q,"object":"chat.completion","created":%d,"model":%q,"choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":%q}],"usage":%s,"service_tier":"default","system_fingerprint":null}`,
		e.id("chatcmpl-"), e.at.Unix(), e.answer.Model, said(e), e.finish("stop", "length"), s.usage(e))
}

func (chatStyle) chunk(b []byte, e *exchange, choices, usage string) []byte {
	return fmt.Appendf(b, `data: {"id":%q,"object":"chat.completion.chunk","created":%d,"model":%q,"choices":[%s]%s}`+"\n\n",
		e.id("chatcmpl-"), e.at.Unix(), e.answer.Model, choices, usage)
}

func (s chatStyle) begin(b []byte, e *exchange) []byte {
	return s.chunk(b, e, `{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`, "")
}

func (s chatStyle) piece(b []byte, e *exchange, text string) []byte {
	return s.chunk(b, e, fmt.Sprintf(`{"index":0,"delta":{"content":%q},"finish_reason":null}`, text), "")
}

func (s chatStyle) end(b []byte, e *exchange) []byte {
	b = s.chunk(b, e, fmt.Sprintf(`{"index":0,"delta":{},"finish_reason":%q}`, e.finish("stop", "length")), "")
	if e.query.IncludeUsage {
		b = s.chunk(b, e, "", `,"usage":`+s.usage(e))
	}
	return append(b, "data: [DONE]\n\n"...)
}

// said is the whole text of an answer.
func said(e *exchange) string { return strings.TrimPrefix(words(0, e.output), " ") }

// finish says why an answer ends: it is complete, or was cut to its bound.
func (e *exchange) finish(complete, cut string) string {
	if e.query.MaxTokens > 0 && e.output >= e.query.MaxTokens {
		return cut
	}
	return complete
}

// embedStyle is OpenAI's list of embeddings, here of eight dimensions.
type embedStyle struct{ chatStyle }

func (embedStyle) whole(b []byte, e *exchange) []byte {
	b = append(b, `{"object":"list","data":[`...)
	for i := range e.query.Inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"object":"embedding","index":%d,"embedding":[0.5,0.5,0.5,0.5,0,0,0,0]}`, i)
	}
	return fmt.Appendf(b, `],"model":%q,"usage":{"prompt_tokens":%d,"total_tokens":%d}}`, e.answer.Model, e.prompt, e.prompt)
}
