package mock

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
)

// chatStyle is OpenAI's chat completion, which many vendors have copied.
type chatStyle struct{}

func (chatStyle) usage(b []byte, e *exchange) []byte {
	b = field(b, `{"prompt_tokens":`, uint64(e.prompt))
	b = field(b, `,"completion_tokens":`, uint64(e.output))
	b = field(b, `,"total_tokens":`, e.total())
	b = field(b, `,"prompt_tokens_details":{"cached_tokens":`, uint64(e.reply.Cached))
	return append(b, `},"completion_tokens_details":{"reasoning_tokens":0}}`...)
}

func (chatStyle) head(b []byte, e *exchange, object string) []byte {
	b = e.named(b, `{"id":"chatcmpl-`)
	b = append(append(b, `","object":"`...), object...)
	b = strconv.AppendInt(append(b, `","created":`...), e.at.Unix(), 10)
	return append(append(b, `,"model":`...), e.model...)
}

func (s chatStyle) whole(b []byte, e *exchange) []byte {
	b = s.head(b, e, "chat.completion")
	b = append(b, `,"choices":[{"index":0,"message":{"role":"assistant","content":"`...)
	b = append(e.said(b), `","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"`...)
	b = append(append(b, e.finish("stop", "length")...), `"}],"usage":`...)
	return append(s.usage(b, e), `,"service_tier":"default","system_fingerprint":null}`...)
}

// chunk appends an event; those before the last tell no usage.
func (s chatStyle) chunk(b []byte, e *exchange, choice func(b []byte) []byte) []byte {
	b = s.head(append(b, "data: "...), e, "chat.completion.chunk")
	b = append(choice(append(b, `,"choices":[{"index":0,"delta":`...)), "}]"...)
	if e.query.IncludeUsage {
		b = append(b, `,"usage":null`...)
	}
	return append(b, "}\n\n"...)
}

func (s chatStyle) begin(b []byte, e *exchange) []byte {
	return s.chunk(b, e, func(b []byte) []byte { return append(b, `{"role":"assistant","content":""},"finish_reason":null`...) })
}

func (s chatStyle) piece(b []byte, e *exchange, from, to uint32) []byte {
	return s.chunk(b, e, func(b []byte) []byte {
		return append(e.words(append(b, `{"content":"`...), from, to), `"},"finish_reason":null`...)
	})
}

func (s chatStyle) end(b []byte, e *exchange) []byte {
	b = s.chunk(b, e, func(b []byte) []byte {
		return append(append(append(b, `{},"finish_reason":"`...), e.finish("stop", "length")...), '"')
	})
	if e.query.IncludeUsage {
		b = s.head(append(b, "data: "...), e, "chat.completion.chunk")
		b = append(s.usage(append(b, `,"choices":[],"usage":`...), e), "}\n\n"...)
	}
	return append(b, "data: [DONE]\n\n"...)
}

func (chatStyle) broken(b []byte, _ int, body []byte) []byte {
	return append(append(append(b, "data: "...), body...), "\n\n"...)
}

// embedStyle is OpenAI's list of embeddings.
type embedStyle struct{ chatStyle }

// Bounds on a request for embeddings. Source of the first: OpenAI's API
// reference. No model has as many dimensions as the second.
const (
	mostInputs     = 2048
	mostDimensions = 1 << 13
	dimensions     = 1536 // where none are asked for: text-embedding-3-small's
)

// whole appends a vector of length 1 for every text, all alike.
func (embedStyle) whole(b []byte, e *exchange) []byte {
	n := int(e.query.Dimensions)
	if n == 0 {
		n = dimensions
	}
	one := vector(n, e.query.Base64)
	b = append(b, `{"object":"list","data":[`...)
	for i := 0; i < e.query.Inputs && !e.gone; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b = field(b, `{"object":"embedding","index":`, uint64(i))
		b = e.spill(append(append(append(b, `,"embedding":`...), one...), '}'))
	}
	b = append(append(b, `],"model":`...), e.model...)
	b = field(b, `,"usage":{"prompt_tokens":`, uint64(e.prompt))
	return append(field(b, `,"total_tokens":`, uint64(e.prompt)), "}}"...)
}

func vector(n int, encoded bool) []byte {
	v := float32(1 / math.Sqrt(float64(n)))
	if encoded {
		raw := make([]byte, 0, 4*n)
		for range n {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		return append(base64.StdEncoding.AppendEncode([]byte{'"'}, raw), '"')
	}
	b := []byte{'['}
	for range n {
		b = append(strconv.AppendFloat(b, float64(v), 'g', -1, 32), ',')
	}
	b[len(b)-1] = ']'
	return b
}
