package mock

import "ratesim/provider/wire"

// converseStyle is Bedrock's Converse, and ConverseStream, whose events are messages of
// AWS's event stream encoding.
type converseStyle struct{}

func (converseStyle) usage(b []byte, e *exchange) []byte {
	b = field(b, `"usage":{"inputTokens":`, e.fresh())
	if e.reply.Cached > 0 || e.reply.Written > 0 {
		b = field(b, `,"cacheReadInputTokens":`, uint64(e.reply.Cached))
		b = field(b, `,"cacheWriteInputTokens":`, uint64(e.reply.Written))
	}
	b = field(b, `,"outputTokens":`, uint64(e.output))
	b = field(b, `,"totalTokens":`, e.total())
	b = field(b, `},"metrics":{"latencyMs":`, uint64(e.due.Sub(e.at).Milliseconds()))
	return append(b, "}}"...)
}

func (s converseStyle) whole(b []byte, e *exchange) []byte {
	b = e.said(append(b, `{"output":{"message":{"role":"assistant","content":[{"text":"`...))
	b = append(append(b, `"}]}},"stopReason":"`...), e.finish("end_turn", "max_tokens")...)
	return s.usage(append(b, `",`...), e)
}

// event appends an event whose payload is a constant.
func event(b []byte, kind, payload string) []byte {
	start := len(b)
	return wire.EndEvent(append(wire.BeginEvent(b, kind), payload...), start)
}

func (converseStyle) begin(b []byte, _ *exchange) []byte {
	return event(b, "messageStart", `{"role":"assistant"}`)
}

// mostPerEvent is how many tokens one event has at most: an event is in memory as a whole.
const mostPerEvent = 1 << 10

func (converseStyle) piece(b []byte, e *exchange, from, to uint32) []byte {
	for from < to {
		next := min(to, from+mostPerEvent)
		start := len(b)
		b = append(wire.BeginEvent(b, "contentBlockDelta"), `{"contentBlockIndex":0,"delta":{"text":"`...)
		e.framed = true
		b = append(e.words(b, from, next), `"}}`...)
		e.framed = false
		b = e.spill(wire.EndEvent(b, start))
		from = next
	}
	return b
}

func (s converseStyle) end(b []byte, e *exchange) []byte {
	b = event(b, "contentBlockStop", `{"contentBlockIndex":0}`)
	start := len(b)
	b = append(wire.BeginEvent(b, "messageStop"), `{"stopReason":"`...)
	b = wire.EndEvent(append(append(b, e.finish("end_turn", "max_tokens")...), `"}`...), start)
	start = len(b)
	return wire.EndEvent(s.usage(append(wire.BeginEvent(b, "metadata"), '{'), e), start)
}

func (converseStyle) broken(b []byte, status int, body []byte) []byte {
	start := len(b)
	return wire.EndEvent(append(wire.BeginException(b, wire.StreamException(status)), body...), start)
}
