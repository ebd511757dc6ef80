package mock

import "strconv"

// responsesStyle is OpenAI's Responses API. Each part of an answer is an item of its output.
type responsesStyle struct{}

// response appends the object as it stands at the beginning and at the end.
func (s responsesStyle) response(b []byte, e *exchange, ended bool) []byte {
	b = e.named(b, `{"id":"resp_`)
	b = strconv.AppendInt(append(b, `","object":"response","created_at":`...), e.at.Unix(), 10)
	b = append(append(append(b, `,"status":"`...), s.status(e, ended)...), `","model":`...)
	b = append(append(b, e.model...), `,"error":null,"incomplete_details":`...)
	if status := s.status(e, ended); status == "incomplete" {
		b = append(append(append(b, `{"reason":"`...), s.reason(e)...), `"}`...)
	} else {
		b = append(b, "null"...)
	}
	b = append(orElse(append(b, `,"parallel_tool_calls":true,"tools":`...), e.echoTools, "[]"), `,"tool_choice":`...)
	b = append(orElse(b, e.echoChoice, `"auto"`), `,"service_tier":"`...)
	b = append(append(b, e.tier...), `","output":[`...)
	if !ended {
		return append(b, `],"usage":null}`...)
	}
	for i := range e.parts {
		if p := &e.parts[i]; !p.hidden {
			if p.index > 0 {
				b = append(b, ',')
			}
			b = s.item(b, e, p, true)
		}
	}
	b = field(b, `],"usage":{"input_tokens":`, uint64(e.prompt))
	b = field(b, `,"input_tokens_details":{"cached_tokens":`, uint64(e.reply.Cached))
	b = field(b, `},"output_tokens":`, uint64(e.output))
	b = field(b, `,"output_tokens_details":{"reasoning_tokens":`, uint64(e.thought))
	b = field(b, `},"total_tokens":`, e.total())
	return append(b, "}}"...)
}

func orElse(b, v []byte, otherwise string) []byte {
	if v == nil {
		return append(b, otherwise...)
	}
	return append(b, v...)
}

func (responsesStyle) status(e *exchange, ended bool) string {
	switch finish := e.parts[len(e.parts)-1].finish; {
	case !ended:
		return "in_progress"
	case finish == cutOff || finish == filtered:
		return "incomplete"
	}
	return "completed"
}

func (responsesStyle) reason(e *exchange) string {
	if e.parts[len(e.parts)-1].finish == filtered {
		return "content_filter"
	}
	return "max_output_tokens"
}

// id appends what begins an item: its type and its id, which begins with prefix.
func (responsesStyle) id(b []byte, e *exchange, p *part) []byte {
	kind := [...]string{aText: `{"type":"message","id":"msg_`, aThought: `{"type":"reasoning","id":"rs_`, aCall: `{"type":"function_call","id":"fc_`}[p.sort]
	return append(number(append(e.named(b, kind), '_'), p.index), '"')
}

// item appends a part as an item, at its beginning or its end.
func (s responsesStyle) item(b []byte, e *exchange, p *part, ended bool) []byte {
	b = s.id(b, e, p)
	if p.sort == aThought {
		return append(b, `,"summary":[]}`...)
	}
	status := "in_progress"
	if ended {
		status = "completed"
		if p.last {
			status = s.status(e, true)
		}
	}
	b = append(append(append(b, `,"status":"`...), status...), '"')
	if p.sort == aCall {
		b = s.call(b, e, p)
		if ended {
			b = e.whole(b, p)
		}
		return append(b, `"}`...)
	}
	b = append(b, `,"role":"assistant","content":[`...)
	if ended {
		b = s.part(b, e, p, p.to)
	}
	return append(b, "]}"...)
}

// call appends what identifies a call, and its arguments up to the first.
func (responsesStyle) call(b []byte, e *exchange, p *part) []byte {
	b = append(number(append(e.named(b, `,"call_id":"call_`), '_'), p.index), `","name":"`...)
	return append(appendEscaped(b, p.name), `","arguments":"`...)
}

func (responsesStyle) part(b []byte, e *exchange, p *part, to uint32) []byte {
	return append(e.some(append(b, `{"type":"output_text","text":"`...), p, p.from, to), `","annotations":[],"logprobs":[]}`...)
}

func (s responsesStyle) whole(b []byte, e *exchange) []byte { return s.response(b, e, true) }

// event begins an event. Clients go by the type; the numbers are in order.
func (responsesStyle) event(b []byte, e *exchange, kind string) []byte {
	b = append(append(b, "event: "...), kind...)
	b = append(append(b, "\ndata: {\"type\":\""...), kind...)
	b = field(b, `","sequence_number":`, uint64(e.events))
	e.events++
	return append(b, ',')
}

// about begins an event about an item.
func (s responsesStyle) about(b []byte, e *exchange, p *part, kind string) []byte {
	prefix := [...]string{aText: `"item_id":"msg_`, aThought: `"item_id":"rs_`, aCall: `"item_id":"fc_`}[p.sort]
	b = append(number(append(e.named(s.event(b, e, kind), prefix), '_'), p.index), `","output_index":`...)
	return append(number(b, p.index), ',')
}

// inText begins an event about the one part of a message.
func (s responsesStyle) inText(b []byte, e *exchange, p *part, kind string) []byte {
	return append(s.about(b, e, p, kind), `"content_index":0,`...)
}

const eventEnd = "}\n\n"

func (s responsesStyle) begin(b []byte, e *exchange) []byte {
	b = append(s.event(b, e, "response.created"), `"response":`...)
	return append(s.response(b, e, false), eventEnd...)
}

func (s responsesStyle) open(b []byte, e *exchange, p *part) []byte {
	b = s.event(b, e, "response.output_item.added")
	b = append(field(b, `"output_index":`, uint64(p.index)), `,"item":`...)
	b = append(s.item(b, e, p, false), eventEnd...)
	if p.sort != aText {
		return b
	}
	b = append(s.inText(b, e, p, "response.content_part.added"), `"part":`...)
	return append(s.part(b, e, p, p.from), eventEnd...)
}

func (s responsesStyle) piece(b []byte, e *exchange, p *part, from, to uint32) []byte {
	switch p.sort {
	case aThought:
		return b
	case aCall:
		b = append(s.about(b, e, p, "response.function_call_arguments.delta"), `"delta":"`...)
		return append(e.some(b, p, from, to), `"`+eventEnd...)
	}
	b = append(s.inText(b, e, p, "response.output_text.delta"), `"delta":"`...)
	return append(e.some(b, p, from, to), `","logprobs":[]`+eventEnd...)
}

func (s responsesStyle) close(b []byte, e *exchange, p *part) []byte {
	switch p.sort {
	case aText:
		b = append(s.inText(b, e, p, "response.output_text.done"), `"text":"`...)
		b = append(e.whole(b, p), `","logprobs":[]`+eventEnd...)
		b = append(s.inText(b, e, p, "response.content_part.done"), `"part":`...)
		b = append(s.part(b, e, p, p.to), eventEnd...)
	case aCall:
		b = append(s.about(b, e, p, "response.function_call_arguments.done"), `"name":"`...)
		b = append(appendEscaped(b, p.name), `","arguments":"`...)
		b = append(e.whole(b, p), `"`+eventEnd...)
	}
	b = s.event(b, e, "response.output_item.done")
	b = append(field(b, `"output_index":`, uint64(p.index)), `,"item":`...)
	return append(s.item(b, e, p, true), eventEnd...)
}

func (s responsesStyle) end(b []byte, e *exchange) []byte {
	b = append(s.event(b, e, "response."+s.status(e, true)), `"response":`...)
	return append(s.response(b, e, true), eventEnd...)
}

func (responsesStyle) broken(b []byte, _ *exchange, _ int, body []byte) []byte {
	return append(append(append(b, "event: error\ndata: "...), body...), "\n\n"...)
}
