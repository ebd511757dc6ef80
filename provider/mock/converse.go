package mock

import "ratesim/provider/wire"

// converseStyle is Bedrock's Converse, and ConverseStream, whose events are messages of
// AWS's event stream encoding.
type converseStyle struct{}

var converseFinish = [...]string{complete: "end_turn", cutOff: "max_tokens", called: "tool_use", filtered: "content_filtered"}

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

// stopReason says why the answer ends: a request has one choice.
func (converseStyle) stopReason(b []byte, e *exchange) []byte {
	b = append(b, `"stopReason":"`...)
	return append(append(b, converseFinish[e.parts[len(e.parts)-1].finish]...), '"')
}

func (s converseStyle) whole(b []byte, e *exchange) []byte {
	b = append(b, `{"output":{"message":{"role":"assistant","content":[`...)
	for i := range e.parts {
		p := &e.parts[i]
		if p.index > 0 {
			b = append(b, ',')
		}
		switch {
		case p.hidden:
		case p.sort == aCall:
			b = append(s.call(append(b, '{'), e, p), `,"input":`...)
			b = append(append(b, p.object()...), "}}"...)
		case p.sort == aThought:
			b = append(e.whole(append(b, `{"reasoningContent":{"reasoningText":{"text":"`...), p), `","signature":"`+signature+`"}}}`...)
		default:
			b = append(e.whole(append(b, `{"text":"`...), p), `"}`...)
		}
	}
	return s.usage(append(s.stopReason(append(b, "]}},"...), e), ','), e)
}

// call appends a call of a tool up to its name.
func (converseStyle) call(b []byte, e *exchange, p *part) []byte {
	b = e.named(append(b, `"toolUse":{`...), `"toolUseId":"tooluse_`)
	b = append(number(append(b, '_'), p.call), `","name":"`...)
	return append(appendEscaped(b, p.name), '"')
}

func (converseStyle) begin(b []byte, _ *exchange) []byte {
	start := len(b)
	return wire.EndEvent(append(wire.BeginEvent(b, "messageStart"), `{"role":"assistant"}`...), start)
}

// inBlock begins an event about the block of content that a part is.
func (converseStyle) inBlock(b []byte, kind string, p *part) []byte {
	return number(append(wire.BeginEvent(b, kind), `{"contentBlockIndex":`...), p.index)
}

func (s converseStyle) open(b []byte, e *exchange, p *part) []byte {
	if p.sort != aCall { // other blocks begin with their first piece
		return b
	}
	start := len(b)
	b = s.call(append(s.inBlock(b, "contentBlockStart", p), `,"start":{`...), e, p)
	return wire.EndEvent(append(b, "}}}"...), start)
}

// deltas are what comes before and after a piece of a part.
var deltas = [...][2]string{
	aText:    {`,"delta":{"text":"`, `"}}`},
	aThought: {`,"delta":{"reasoningContent":{"text":"`, `"}}}`},
	aCall:    {`,"delta":{"toolUse":{"input":"`, `"}}}`},
}

// mostPerEvent is how many tokens one event has at most: an event is in memory as a whole.
const mostPerEvent = 1 << 10

func (s converseStyle) piece(b []byte, e *exchange, p *part, from, to uint32) []byte {
	for from < to {
		next := min(to, from+mostPerEvent)
		start := len(b)
		b = append(s.inBlock(b, "contentBlockDelta", p), deltas[p.sort][0]...)
		e.framed = true
		b = append(e.some(b, p, from, next), deltas[p.sort][1]...)
		e.framed = false
		b = e.spill(wire.EndEvent(b, start))
		from = next
	}
	return b
}

func (s converseStyle) close(b []byte, _ *exchange, p *part) []byte {
	if p.hidden {
		return b
	}
	start := len(b)
	if p.sort == aThought {
		b = append(s.inBlock(b, "contentBlockDelta", p), `,"delta":{"reasoningContent":{"signature":"`+signature+`"}}}`...)
		b = wire.EndEvent(b, start)
		start = len(b)
	}
	return wire.EndEvent(append(s.inBlock(b, "contentBlockStop", p), '}'), start)
}

func (s converseStyle) end(b []byte, e *exchange) []byte {
	start := len(b)
	b = wire.EndEvent(append(s.stopReason(append(wire.BeginEvent(b, "messageStop"), '{'), e), '}'), start)
	start = len(b)
	return wire.EndEvent(s.usage(append(wire.BeginEvent(b, "metadata"), '{'), e), start)
}

func (converseStyle) broken(b []byte, _ *exchange, status int, body []byte) []byte {
	start := len(b)
	return wire.EndEvent(append(wire.BeginException(b, wire.StreamException(status)), body...), start)
}
