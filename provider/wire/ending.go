package wire

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
)

// IsStream reports, from the headers of an answer, whether it comes in pieces.
func IsStream(h http.Header) bool {
	kind := h.Get("Content-Type")
	if kind == "application/json" { // as nearly all are
		return false
	}
	kind, _, _ = mime.ParseMediaType(kind)
	return kind == "text/event-stream" || kind == "application/vnd.amazon.eventstream"
}

// Ending is how a stream of events ended, as far as its last event tells.
type Ending uint8

// The ways in which streams end.
const (
	Unmarked Ending = iota // nothing says that it was complete, nor that it was not
	Complete               // its last event says so, and the blank line after it has come
	Failed                 // its last event is an error
	Torn                   // it ends within an event, or what comes last is no event
)

// EndingOf returns how a stream ended, from its last bytes, among which is the last event.
// Each vendor marks the end in its own way: "[DONE]" (OpenAI's chat completions and all that
// are made alike), message_stop (Anthropic), response.completed and response.incomplete
// (OpenAI's responses), a finishReason (Gemini), the metadata after messageStop (Bedrock).
func EndingOf(tail []byte) Ending {
	ending := Unmarked
	if rest, ok := eachEvent(tail, func(e *Event) { ending = e.ending() }); len(rest) > 0 {
		return Torn
	} else if ok {
		return ending
	}
	return endingOfText(tail)
}

// endingOfText is EndingOf for text/event-stream.
func endingOfText(tail []byte) Ending {
	complete := Unmarked
	if bytes.HasSuffix(tail, []byte("\n\n")) || bytes.HasSuffix(tail, []byte("\n\r\n")) {
		complete = Complete
	}
	tail = bytes.TrimRight(tail, "\r\n")
	line := bytes.TrimSuffix(tail[bytes.LastIndexByte(tail, '\n')+1:], []byte("\r"))
	data, isData := bytes.CutPrefix(line, []byte("data:"))
	if !isData {
		if len(line) == 0 || line[0] == ':' || bytes.HasPrefix(line, []byte("id:")) || bytes.HasPrefix(line, []byte("retry:")) {
			return Unmarked
		}
		return Torn // an event without its data, or no event at all
	}
	data = bytes.TrimSpace(data)
	if string(data) == "[DONE]" {
		return complete
	}
	if len(data) == 0 || data[0] != '{' {
		return Unmarked // of a format that is not known here
	}
	var last struct {
		Type       string          `json:"type"`
		Error      json.RawMessage `json:"error"`
		Candidates []struct {
			FinishReason string `json:"finishReason"`
		} `json:"candidates"`
	}
	if json.Unmarshal(data, &last) != nil {
		return Torn
	}
	switch {
	case last.Type == "error", last.Type == "response.failed", len(last.Error) > 0 && string(last.Error) != "null":
		return Failed
	case last.Type == "message_stop", last.Type == "response.completed", last.Type == "response.incomplete":
		return complete
	case len(last.Candidates) > 0 && last.Candidates[0].FinishReason != "":
		return complete
	}
	return Unmarked
}

// StreamUsage returns the data of the last event of a stream that tells the usage, from the
// last bytes of the stream; nil if none does.
func StreamUsage(tail []byte) []byte {
	var told []byte
	if _, ok := eachEvent(tail, func(e *Event) {
		if bytes.Contains(e.Payload, []byte(`"usage"`)) {
			told = e.Payload
		}
	}); ok {
		return told
	}
	i := max(bytes.LastIndex(tail, []byte(`"usage"`)), bytes.LastIndex(tail, []byte(`"usageMetadata"`)))
	if i < 0 {
		return nil
	}
	line, _, _ := bytes.Cut(tail[bytes.LastIndexByte(tail[:i], '\n')+1:], []byte("\n"))
	data, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok {
		return nil
	}
	return bytes.TrimSpace(data)
}
