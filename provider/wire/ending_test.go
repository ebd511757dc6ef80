package wire_test

import (
	"strings"
	"testing"

	"ratesim/provider/wire"
)

// The ends of streams as the vendors' references show them, whole, with an error, and torn.
func TestEndingOf(t *testing.T) {
	chunk := `data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hi"}}]}` + "\n\n"
	for _, k := range []struct {
		name, tail string
		want       wire.Ending
	}{
		{"nothing", "", wire.Unmarked},
		{"chat completion", chunk + "data: [DONE]\n\n", wire.Complete},
		{"with carriage returns", strings.ReplaceAll(chunk+"data: [DONE]\n\n", "\n", "\r\n"), wire.Complete},
		{"chat completion without its last byte", chunk + "data: [DONE]\n", wire.Unmarked},
		{"chat completion without an end", chunk, wire.Unmarked},
		{"in the middle of an event", chunk + chunk[:len(chunk)/2], wire.Torn},
		{"in the name of a field", chunk + "dat", wire.Torn},
		{"random bytes", chunk + "\x9a\xf0\x81", wire.Torn},
		{"chat completion with an error", chunk + `data: {"error":{"message":"The server had an error","type":"server_error"}}` + "\n\n", wire.Failed},
		{"no error", chunk + `data: {"error":null,"choices":[]}` + "\n\n", wire.Unmarked},
		{"message", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", wire.Complete},
		{"message with an error", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", wire.Failed},
		{"message without the data of an event", "event: message_stop\n", wire.Torn},
		{"response", `data: {"type":"response.completed","response":{"status":"completed","error":null}}` + "\n\n", wire.Complete},
		{"response that was cut to its bound", `data: {"type":"response.incomplete","response":{}}` + "\n\n", wire.Complete},
		{"response that failed", `data: {"type":"response.failed","response":{}}` + "\n\n", wire.Failed},
		{"gemini", `data: {"candidates":[{"content":{"parts":[{"text":"."}]},"finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":7}}` + "\r\n\r\n", wire.Complete},
		{"gemini in the middle", `data: {"candidates":[{"content":{"parts":[{"text":"."}]}}]}` + "\r\n\r\n", wire.Unmarked},
		{"text of a format that is not known", "data: hello\n\n", wire.Unmarked},
		{"a comment that keeps the connection open", chunk + ": keep-alive\n\n", wire.Unmarked},
	} {
		if got := wire.EndingOf([]byte(k.tail)); got != k.want {
			t.Errorf("%s: %d, want %d", k.name, got, k.want)
		}
	}
}

// Whatever comes, its end is told without a panic, and no stream of text is complete without
// the blank line that ends its last event.
func FuzzEndingOf(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte("event: error\ndata: {\"type\":\"error\"}\r\n\r\n"))
	f.Fuzz(func(t *testing.T, tail []byte) {
		wire.StreamUsage(tail)
		if s := string(tail); wire.EndingOf(tail) == wire.Complete && !strings.Contains(s, ":message-type") && !strings.HasSuffix(s, "\n\n") && !strings.HasSuffix(s, "\n\r\n") {
			t.Errorf("%q is complete without a blank line", tail)
		}
	})
}
