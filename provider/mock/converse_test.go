package mock_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/provider/mock"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// events reads the messages of an event stream, all of them.
func events(t *testing.T, stream []byte) (kinds, payloads []string, text string) {
	t.Helper()
	for len(stream) > 0 {
		e, size, err := wire.ParseEvent(stream)
		if err != nil || !json.Valid(e.Payload) {
			t.Fatalf("after %v: %v, %q", kinds, err, e.Payload)
		}
		stream = stream[size:]
		kind := e.Kind
		if e.Exception {
			kind = "exception " + kind
		}
		if len(kinds) == 0 || kinds[len(kinds)-1] != kind { // any number of deltas
			kinds = append(kinds, kind)
		}
		payloads = append(payloads, string(e.Payload))
		var delta struct{ Delta struct{ Text string } }
		if err := json.Unmarshal(e.Payload, &delta); err != nil {
			t.Fatal(err)
		}
		text += delta.Delta.Text
	}
	return kinds, payloads, text
}

func converse(maxTokens int) string {
	return fmt.Sprintf(`{"messages":[{"role":"user","content":[{"text":"12345678"}]}],"inferenceConfig":{"maxTokens":%d}}`, maxTokens)
}

// The stream of Bedrock says what its answer in one piece says, in the order of AWS's
// reference: messageStart, contentBlockDelta, contentBlockStop, messageStop, metadata.
func TestConverseStream(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all[4])
	w := ask(s, "POST", "/model/claude-sonnet-4.5/converse-stream", converse(3))
	if kind := w.Header().Get("Content-Type"); w.Code != 200 || kind != "application/vnd.amazon.eventstream" {
		t.Fatalf("%d %s %s", w.Code, kind, w.Body)
	}
	kinds, payloads, text := events(t, w.Body.Bytes())
	if want := []string{"messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}; !slices.Equal(kinds, want) {
		t.Errorf("%v, want %v", kinds, want)
	}
	last := payloads[len(payloads)-1]
	if text != "Word word word" || payloads[0] != `{"role":"assistant"}` || payloads[len(payloads)-2] != `{"stopReason":"max_tokens"}` ||
		!strings.HasPrefix(last, `{"usage":{"inputTokens":2,"outputTokens":3,"totalTokens":5},"metrics":{"latencyMs":`) {
		t.Errorf("%q in %v", text, payloads)
	}
	whole := ask(s, "POST", "/model/claude-sonnet-4.5/converse", converse(3)).Body.String()
	if !strings.Contains(whole, last[1:strings.Index(last, "latencyMs")]) {
		t.Errorf("the stream tells %s, the answer in one piece %s", last, whole)
	}
	if w := ask(s, "POST", "/model/none/converse-stream", converse(3)); w.Code != 400 || !strings.HasPrefix(w.Header().Get("X-Amzn-Errortype"), "ValidationException") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// A long answer that is due at once is sent in parts, between messages and never within one:
// events checks them.
func TestConverseLong(t *testing.T) {
	config := provider.Config{Vendor: "bedrock", Model: "claude-sonnet-4.5", RPM: 1000}
	s := offer(t, mock.Config{TrustBench: true, Deployments: []mock.Deployment{{Config: config}}})
	w := ask(s, "POST", "/model/claude-sonnet-4.5/converse-stream", converse(100_000), wire.FactsHeader+": 1 0 0 0 0 1 1 1 100000 0 0 0 0")
	if _, payloads, text := events(t, w.Body.Bytes()); strings.Count(text, "ord") != 100_000 || len(payloads) < 10 {
		t.Errorf("%d of 100,000 words in %d messages", strings.Count(text, "ord"), len(payloads))
	}
}

// A stream of Bedrock's that fails in the middle ends with an exception, whose type is that
// of the status where Bedrock has one.
func TestConverseBroken(t *testing.T) {
	for status, want := range map[int]string{500: "internalServerException", 503: "serviceUnavailableException", 529: "modelStreamErrorException"} {
		synctest.Test(t, func(t *testing.T) {
			config, err := catalog.Embedded().Find(all[4])
			if err != nil {
				t.Fatal(err)
			}
			config.Faults = []provider.Fault{{Kind: provider.MidStream, Status: status, Rate: 1, Until: clock.Never}}
			s := offer(t, mock.Config{Deployments: []mock.Deployment{{Config: config}}, Seed: 3})
			begin := time.Now()
			w := ask(s, "POST", "/model/claude-sonnet-4.5/converse-stream", converse(100))
			kinds, payloads, text := events(t, w.Body.Bytes())
			if want := []string{"messageStart", "contentBlockDelta", "exception " + want}; w.Code != 200 || !slices.Equal(kinds, want) {
				t.Errorf("%d: %v, want %v", w.Code, kinds, want)
			}
			if text == "" || !strings.HasPrefix(payloads[len(payloads)-1], `{"message":`) || time.Since(begin) < 100*time.Millisecond {
				t.Errorf("%q in %v after %v", text, payloads, time.Since(begin))
			}
		})
	}
}
