package mock

import "strconv"

// responsesStyle is OpenAI's Responses API.
type responsesStyle struct{}

// response appends the object as it stands while in_progress or completed.
func (s responsesStyle) response(b []byte, e *exchange, status string) []byte {
	b = e.named(b, `{"id":"resp_`)
	b = strconv.AppendInt(append(b, `","object":"response","created_at":`...), e.at.Unix(), 10)
	b = append(append(b, `,"status":"`...), status...)
	b = append(append(b, `","model":`...), e.model...)
	b = append(b, `,"error":null,"incomplete_details":null,"output":[`...)
	if status == "in_progress" {
		return append(b, `],"usage":null}`...)
	}
	b = s.message(b, e, status)
	b = field(b, `],"usage":{"input_tokens":`, uint64(e.prompt))
	b = field(b, `,"input_tokens_details":{"cached_tokens":`, uint64(e.reply.Cached))
	b = field(b, `},"output_tokens":`, uint64(e.output))
	b = field(b, `,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":`, e.total())
	return append(b, "}}"...)
}

func (s responsesStyle) message(b []byte, e *exchange, status string) []byte {
	b = e.named(b, `{"type":"message","id":"msg_`)
	b = append(append(b, `","status":"`...), status...)
	b = append(b, `","role":"assistant","content":[`...)
	if status == "completed" {
		b = s.part(b, e, e.output)
	}
	return append(b, "]}"...)
}

func (responsesStyle) part(b []byte, e *exchange, to uint32) []byte {
	return append(e.words(append(b, `{"type":"output_text","text":"`...), 0, to), `","annotations":[]}`...)
}

func (s responsesStyle) whole(b []byte, e *exchange) []byte { return s.response(b, e, "completed") }

// event begins an event. Clients go by the type; the numbers are in order.
func (responsesStyle) event(b []byte, e *exchange, kind string) []byte {
	b = append(append(b, "event: "...), kind...)
	b = append(append(b, "\ndata: {\"type\":\""...), kind...)
	b = field(b, `","sequence_number":`, uint64(e.events))
	e.events++
	return append(b, ',')
}

// inPart begins an event about the one part of the one message.
func (s responsesStyle) inPart(b []byte, e *exchange, kind string) []byte {
	b = e.named(s.event(b, e, kind), `"item_id":"msg_`)
	return append(b, `","output_index":0,"content_index":0,`...)
}

const eventEnd = "}\n\n"

func (s responsesStyle) begin(b []byte, e *exchange) []byte {
	b = append(s.event(b, e, "response.created"), `"response":`...)
	b = append(s.response(b, e, "in_progress"), eventEnd...)
	b = append(s.event(b, e, "response.output_item.added"), `"output_index":0,"item":`...)
	b = append(s.message(b, e, "in_progress"), eventEnd...)
	b = append(s.inPart(b, e, "response.content_part.added"), `"part":`...)
	return append(s.part(b, e, 0), eventEnd...)
}

func (s responsesStyle) piece(b []byte, e *exchange, from, to uint32) []byte {
	b = append(s.inPart(b, e, "response.output_text.delta"), `"delta":"`...)
	return append(e.words(b, from, to), `","logprobs":[]`+eventEnd...)
}

func (s responsesStyle) end(b []byte, e *exchange) []byte {
	b = append(s.inPart(b, e, "response.output_text.done"), `"text":"`...)
	b = append(e.said(b), `","logprobs":[]`+eventEnd...)
	b = append(s.inPart(b, e, "response.content_part.done"), `"part":`...)
	b = append(s.part(b, e, e.output), eventEnd...)
	b = append(s.event(b, e, "response.output_item.done"), `"output_index":0,"item":`...)
	b = append(s.message(b, e, "completed"), eventEnd...)
	b = append(s.event(b, e, "response.completed"), `"response":`...)
	return append(s.response(b, e, "completed"), eventEnd...)
}

func (responsesStyle) broken(b []byte, _ int, body []byte) []byte {
	return append(append(append(b, "event: error\ndata: "...), body...), "\n\n"...)
}
