package wire_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"ratesim/provider/wire"
)

// vectors are messages of AWS's own suite for the encoding (aws-sdk-go-v2,
// aws/protocol/eventstream/testdata), and what is in them. Those without a payload are
// broken in the way that the name tells.
var vectors = []struct{ name, message, payload string }{
	{"all headers", "000000cc000000af0fae64ca0a6576656e742d74797065040000a00c0c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e" +
		"0a626f6f6c2066616c73650109626f6f6c207472756500046279746502cf08627974652062756606001449276d2061206c6974746c6520746561706f7421" +
		"0974696d657374616d70080000000000845fed05696e74313603002a05696e7436340500000000028757b20475756964090102030405060708090a0b0c0d0e0f10" +
		"7b27666f6f273a27626172277daba5f10c", "{'foo':'bar'}"},
	{"int32 header", "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0", "{'foo':'bar'}"},
	{"no headers", "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936", "{'foo':'bar'}"},
	{"one header", "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1", "{'foo':'bar'}"},
	{"corrupted length of headers", "0000003d0000002107fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1", ""},
	{"corrupted headers", "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b61666f6f273a27626172277d8d9c08b1", ""},
	{"corrupted length", "0000003e0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1", ""},
	{"corrupted payload", "0000001d00000000fd528c5a5b27666f6f273a27626172277dc3653936", ""},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEventVectors(t *testing.T) {
	for _, v := range vectors {
		m := unhex(t, v.message)
		e, size, err := wire.ParseEvent(append(bytes.Clone(m), "more"...))
		if (err == nil) != (v.payload != "") || string(e.Payload) != v.payload || err == nil && size != len(m) {
			t.Errorf("%s: %q, %d bytes, %v", v.name, e.Payload, size, err)
		}
	}
	if e, size, err := wire.ParseEvent(unhex(t, "000000100000000005c248eb7d98c8ff")); err != nil || size != 16 || len(e.Payload) != 0 {
		t.Errorf("empty message: %+v, %d, %v", e, size, err)
	}
}

// The messages were made with the encoder of aws-sdk-go-v2.
func TestEventEncoding(t *testing.T) {
	for _, c := range []struct {
		begin         func([]byte, string) []byte
		kind, payload string
		exception     bool
		want          string
	}{
		{wire.BeginEvent, "messageStart", `{"role":"assistant"}`, false,
			"000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e" +
				"0d3a6d6573736167652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599"},
		{wire.BeginException, "throttlingException", `{"message":"Too many tokens, please wait before trying again."}`, true,
			"000000b0000000614f5086b30f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c6963" +
				"6174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e7920746f6b656e732c20706c65617365" +
				"2077616974206265666f726520747279696e6720616761696e2e227df70ae57f"},
	} {
		before := []byte("before")
		got := wire.EndEvent(append(c.begin(before, c.kind), c.payload...), len(before))[len(before):]
		if hex.EncodeToString(got) != c.want {
			t.Errorf("%s:\n got %x\nwant %s", c.kind, got, c.want)
		}
		e, size, err := wire.ParseEvent(got)
		if err != nil || size != len(got) || e.Kind != c.kind || e.Exception != c.exception || string(e.Payload) != c.payload {
			t.Errorf("%s is read as %+v, %d bytes, %v", c.kind, e, size, err)
		}
		for i := range 8 * len(got) { // a checksum finds any single bit
			broken := bytes.Clone(got)
			broken[i/8] ^= 1 << (i % 8)
			if _, _, err := wire.ParseEvent(broken); err == nil {
				t.Errorf("%s with bit %d turned over is read", c.kind, i)
			}
		}
		for n := range got {
			if _, _, err := wire.ParseEvent(got[:n]); err == nil {
				t.Errorf("the first %d of %d bytes are read", n, len(got))
			}
		}
	}
}

// metadata ends a stream of Bedrock's.
func metadata(usage string) []byte {
	return wire.EndEvent(append(wire.BeginEvent(nil, "metadata"), `{"usage":`+usage+`,"metrics":{"latencyMs":7}}`...), 0)
}

func TestStreamUsage(t *testing.T) {
	const usage = `{"inputTokens":3,"outputTokens":4}`
	said := wire.EndEvent(append(wire.BeginEvent(nil, "contentBlockDelta"), `{"delta":{"text":"data: \"usage\" of {\"usage\""}}`...), 0)
	converse := string(said) + string(said) + string(metadata(usage))
	for i := range 2 * len(said) { // the end of a stream begins anywhere
		var r wire.Reply
		wire.Parse(200, nil, wire.StreamUsage([]byte(converse[i:])), time.Time{}, &r)
		if r.Prompt != 3 || r.Output != 4 {
			t.Fatalf("from byte %d: %+v", i, r)
		}
	}
	for _, c := range []struct{ name, end, want string }{
		{"nothing", "", ""},
		{"no usage", "data: {}\n\ndata: [DONE]\n\n", ""},
		{"OpenAI", "data: {\"choices\":[]}\n\ndata: {\"usage\":{\"prompt_tokens\":3}}\n\ndata: [DONE]\n\n", `{"usage":{"prompt_tokens":3}}`},
		{"the last of Anthropic's", "data: {\"usage\":{\"output_tokens\":1}}\n\nevent: message_delta\ndata: {\"usage\":{\"output_tokens\":9}}\r\n\r\n", `{"usage":{"output_tokens":9}}`},
		{"Gemini", "data: {\"text\":\"data: 1\",\"usageMetadata\":{}}\r\n\r\n", `{"text":"data: 1","usageMetadata":{}}`},
		{"cut", `age":{"usage":1`, ""},
		{"a message that is cut", converse[:len(converse)-1], ""},
		{"a message with a wrong checksum", converse[:len(converse)-1] + "x", ""},
		{"after the message", converse + "\x00\x00", string(metadata(usage)[12+bytes.IndexByte(metadata(usage)[12:], '{') : len(metadata(usage))-4])},
	} {
		if got := string(wire.StreamUsage([]byte(c.end))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A stream of Bedrock's is complete when its metadata has come, and torn within a message.
func TestEndingOfEvents(t *testing.T) {
	message := func(kind, payload string) string {
		return string(wire.EndEvent(append(wire.BeginEvent(nil, kind), payload...), 0))
	}
	said := message("contentBlockDelta", `{"delta":{"text":"data: [DONE]\n\n"}}`)
	whole := said + said + message("messageStop", `{"stopReason":"end_turn"}`) + string(metadata(`{}`))
	for i := range len(said) {
		if got := wire.EndingOf([]byte(whole[i:])); got != wire.Complete {
			t.Errorf("from byte %d: %d", i, got)
		}
	}
	whole = whole[len(said):]
	for n := range whole[:len(whole)-1] {
		want := wire.Torn
		if n == 0 || n == len(said) || n == len(whole)-len(metadata(`{}`)) {
			want = wire.Unmarked
		}
		if got := wire.EndingOf([]byte(whole[:n])); got != want {
			t.Errorf("after %d bytes: %d, want %d", n, got, want)
		}
	}
	failed := said + string(wire.EndEvent(append(wire.BeginException(nil, "modelStreamErrorException"), `{"message":"usage"}`...), 0))
	if got := wire.EndingOf([]byte(failed)); got != wire.Failed {
		t.Errorf("an exception: %d", got)
	}
	if got := wire.EndingOf([]byte("data: {\"text\":\":message-type\"}\n\ndata: [DONE]\n\n")); got != wire.Complete {
		t.Errorf("text that speaks of messages: %d", got)
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, v := range vectors {
		f.Add(unhex(f, v.message))
	}
	f.Add(metadata(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		wire.StreamUsage(b)
		wire.EndingOf(b)
		e, size, err := wire.ParseEvent(b)
		if err == nil && (size < 16 || size > len(b) || len(e.Payload) > size-16) {
			t.Fatalf("%d of %d bytes, with a payload of %d", size, len(b), len(e.Payload))
		}
	})
}
