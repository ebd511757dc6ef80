package mock

// geminiStyle is Gemini's generateContent and its stream: events where the
// request says alt=sse, one list otherwise.
type geminiStyle struct{ list bool }

var geminiFinish = [...]string{complete: "STOP", cutOff: "MAX_TOKENS", called: "STOP", filtered: "SAFETY"}

// candidate appends a choice up to the first of its parts.
func (geminiStyle) candidate(b []byte) []byte {
	return append(b, `{"content":{"parts":[`...)
}

// ended appends what follows the parts of a choice; it ends with the part p, if it ends.
func (geminiStyle) ended(b []byte, p *part, ends bool) []byte {
	b = append(b, `],"role":"model"}`...)
	if ends {
		b = append(append(append(b, `,"finishReason":"`...), geminiFinish[p.finish]...), '"')
	}
	return append(field(b, `,"index":`, uint64(p.choice)), '}')
}

// part appends a part's tokens from, up to and without to. A call comes as a whole, with its
// first token.
func (geminiStyle) part(b []byte, e *exchange, p *part, from, to uint32) []byte {
	switch p.sort {
	case aCall:
		b = e.named(append(b, `{"functionCall":{`...), `"id":"`)
		b = append(number(append(number(append(b, '_'), p.choice), '_'), p.call), `","name":"`...)
		return append(append(append(appendEscaped(b, p.name), `","args":`...), p.object()...), "}}"...)
	case aThought:
		return append(e.some(append(b, `{"text":"`...), p, from, to), `","thought":true}`...)
	}
	return append(e.some(append(b, `{"text":"`...), p, from, to), `"}`...)
}

func (geminiStyle) usage(b []byte, e *exchange) []byte {
	b = field(b, `,"usageMetadata":{"promptTokenCount":`, uint64(e.prompt))
	if e.reply.Cached > 0 {
		b = field(b, `,"cachedContentTokenCount":`, uint64(e.reply.Cached))
	}
	b = field(b, `,"candidatesTokenCount":`, uint64(e.output-e.thought))
	if e.thought > 0 {
		b = field(b, `,"thoughtsTokenCount":`, uint64(e.thought))
	}
	b = field(b, `,"totalTokenCount":`, e.total())
	b = append(append(b, `},"modelVersion":`...), e.model...)
	return append(e.named(b, `,"responseId":"`), `"}`...)
}

func (s geminiStyle) whole(b []byte, e *exchange) []byte {
	b = append(b, `{"candidates":[`...)
	for i := range e.parts {
		p := &e.parts[i]
		if p.hidden {
			continue
		}
		if p.first {
			if p.choice > 0 {
				b = append(b, ',')
			}
			b = s.candidate(b)
		} else {
			b = append(b, ',')
		}
		b = s.part(b, e, p, p.from, p.to)
		if p.last {
			b = s.ended(b, p, true)
		}
	}
	return s.usage(append(b, ']'), e)
}

// next begins the list, or goes on in it.
func (geminiStyle) next(b []byte, e *exchange) []byte {
	if e.events++; e.events == 1 {
		return append(b, '[')
	}
	return append(b, ',')
}

// chunk appends a chunk of a stream with some tokens of a part. Its choice may end with it.
func (s geminiStyle) chunk(b []byte, e *exchange, p *part, from, to uint32, ends bool) []byte {
	if s.list {
		b = s.next(b, e)
	} else {
		b = append(b, "data: "...)
	}
	b = s.candidate(append(b, `{"candidates":[`...))
	if ends {
		b = append(b, `{"text":""}`...)
	} else {
		b = s.part(b, e, p, from, to)
	}
	b = s.usage(append(s.ended(b, p, ends), ']'), e)
	if s.list {
		return append(b, "\r\n"...)
	}
	return append(b, "\r\n\r\n"...)
}

func (geminiStyle) begin(b []byte, _ *exchange) []byte { return b }

func (geminiStyle) open(b []byte, _ *exchange, _ *part) []byte { return b }

func (s geminiStyle) piece(b []byte, e *exchange, p *part, from, to uint32) []byte {
	if p.sort == aCall && to < p.to {
		return b
	}
	return s.chunk(b, e, p, from, to, false)
}

func (s geminiStyle) close(b []byte, e *exchange, p *part) []byte {
	if !p.last {
		return b
	}
	return s.chunk(b, e, p, 0, 0, true)
}

func (s geminiStyle) end(b []byte, _ *exchange) []byte {
	if s.list {
		return append(b, ']')
	}
	return b
}

func (s geminiStyle) broken(b []byte, e *exchange, _ int, body []byte) []byte {
	if s.list {
		return append(append(s.next(b, e), body...), ']')
	}
	return append(append(append(b, "data: "...), body...), "\r\n\r\n"...)
}
