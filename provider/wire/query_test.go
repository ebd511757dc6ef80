package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/wire"
)

// What every vendor's request says, from bodies in the vendors' references.
func TestParseQuery(t *testing.T) {
	for _, c := range []struct {
		body string
		want wire.Query
		err  string
	}{
		{`{"model":"gpt-4o","max_completion_tokens":9,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"be"},{"role":"user","content":[{"type":"text","text":"kind\n"}]}]}`,
			wire.Query{Model: "gpt-4o", MaxTokens: 9, Stream: true, IncludeUsage: true, Text: "bekind\n", Messages: 2}, ""},
		{`{"model":"gpt-4o","max_output_tokens":9,"input":"hi","instructions":"be"}`, wire.Query{Model: "gpt-4o", MaxTokens: 9, Text: "hibe", Inputs: 1}, ""},
		{`{"model":"text-embedding-3-small","input":["a","b"]}`, wire.Query{Model: "text-embedding-3-small", Text: "ab", Inputs: 2}, ""},
		{`{"model":"claude","max_tokens":1024,"system":"be","messages":[{"role":"user","content":"hi"}]}`, wire.Query{Model: "claude", MaxTokens: 1024, Text: "behi", Messages: 1}, ""},
		{`{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":7}}`, wire.Query{MaxTokens: 7, Text: "hi", Messages: 1}, ""},
		{`{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":7}}`, wire.Query{MaxTokens: 7, Text: "hi", Messages: 1}, ""},
		{`{"messages":[{"content":"\u00e4\ud83d\ude00"}]}`, wire.Query{Text: "ä😀", Messages: 1}, ""},
		{`{"model":"e","input":[[1,2],[3]],"encoding_format":"base64","dimensions":4}`, wire.Query{Model: "e", Inputs: 2, Counted: 3, Base64: true, Dimensions: 4}, ""},
		{`{"model":"e","input":[1,2,3],"max_tokens":null}`, wire.Query{Model: "e", Inputs: 1, Counted: 3}, ""},
		{`[`, wire.Query{}, "could not parse"},
		{`["model"]`, wire.Query{}, "must be a JSON object"},
		{`{"stream":"yes","input":"a"}`, wire.Query{}, `'stream': "yes"`},
		{`{"model":["x"],"messages":[{}]}`, wire.Query{}, "'model'"},
		{`{"max_tokens":1.5,"messages":[{}]}`, wire.Query{}, "1.5"},
		{`{"max_tokens":0,"messages":[{}]}`, wire.Query{}, "from 1 to"},
		{`{"model":"x"}`, wire.Query{}, "missing required"},
	} {
		var got wire.Query
		err := wire.ParseQuery([]byte(c.body), &got)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", c.body, err, c.err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", c.body, err, diff)
		}
	}
}

// What a dialect asks is read as it was asked.
func TestChat(t *testing.T) {
	for _, d := range wire.Dialects {
		const text = "a \"b\"\nc"
		path, body := d.Path("main", false), d.Chat("main", text, 7, false)
		var q wire.Query
		if err := wire.ParseQuery(body, &q); err != nil {
			t.Errorf("%s: %v in %s", d.Vendor, err, body)
		}
		if q.Text != text || q.MaxTokens != 7 || q.Messages != 1 || q.Model != "main" && !strings.Contains(path, "main") {
			t.Errorf("%s: %s %s read as %+v", d.Vendor, path, body, q)
		}
	}
}

// A bound that is not declared is not sent, but to Anthropic, who demands one.
func TestChatUnbounded(t *testing.T) {
	for _, d := range wire.Dialects {
		var q wire.Query
		want := uint32(0)
		if d.Vendor == "anthropic" {
			want = 4096
		}
		if err := wire.ParseQuery(d.Chat("main", "a", 0, false), &q); err != nil || q.MaxTokens != want {
			t.Errorf("%s: %v, %d, want %d", d.Vendor, err, q.MaxTokens, want)
		}
	}
}

// What String never writes is no Script.
func TestParseFactsErrors(t *testing.T) {
	for _, v := range []string{"", "1 2 3", "1 2 3 4 5 6 7 8 9 0", "1 2 3 4 5 6 7 8 9 0 0 0 x", "1 2 3 4 5 6 7 8 9 0 0 0 0 1",
		"1 2 3 4 5 6 7 8 9 7 0 0 0", "1 2 3 4 5 6 7 8 9 0 7 0 0", "1 2 3 4 5 6 7 8 9 0 0 65536 0",
		"1 -2 3 4 5 6 7 8 9 0 0 0 0", "1 2 3 4 5 4294967296 7 8 9 0 0 0 0", "1 2 9223372036854775808 4 5 6 7 8 9 0 0 0 0"} {
		if s, err := wire.ParseFacts(v); err == nil {
			t.Errorf("%q is %+v", v, s)
		}
	}
}

// FuzzParseQuery: what is taken is JSON, and its text is no longer than it.
func FuzzParseQuery(f *testing.F) {
	f.Add([]byte(`{"model":"m","max_tokens":1,"messages":[{"content":"a\\u00e4"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var q wire.Query
		if wire.ParseQuery(body, &q) == nil && (!json.Valid(body) || len(q.Text) > 3*len(body)) {
			t.Errorf("%q read as %+v", body, q)
		}
	})
}

func FuzzParseFacts(f *testing.F) {
	s := wire.Facts{Seed: 1, Replication: 2, Start: time.Unix(0, 3), Attempt: wire.Attempt{Call: 1 << 63, Number: 5, Prompt: 6, Guess: 7, MaxTokens: 8, Output: 9, Cached: 6, System: 4, SystemID: 11, Prefix: 1 << 63}}
	if got, err := wire.ParseFacts(s.String()); err != nil || got != s {
		f.Errorf("%+v read back as %+v, %v", s, got, err)
	}
	f.Add(s.String())
	f.Add("1 -2 3 4 5 6 7 8 9 0 0 0 0")
	f.Fuzz(func(t *testing.T, v string) {
		s, err := wire.ParseFacts(v)
		if err != nil {
			return
		}
		if again, err := wire.ParseFacts(s.String()); err != nil || again != s {
			t.Errorf("%q is %+v, and again %+v, %v", v, s, again, err)
		}
	})
}

// promptTwin is what encoding/json makes of a string of a prompt.
func promptTwin(t *testing.T, escaped string) string {
	var text string
	if err := json.Unmarshal([]byte(`"`+escaped+`"`), &text); err != nil {
		t.Skip()
	}
	return text
}

// The text of a prompt is decoded as encoding/json decodes it.
func FuzzPromptText(f *testing.F) {
	for _, s := range []string{`plain`, ``, `\"\\\/\b\f\n\r\t`, `a\u00e9\u4e2d`, `\ud83d\ude00.`, `\ud83d`, `\ud83dx`, `\ud83d\n`, `\ud83d\u0041`, `\ude00\ud83d\ude00`, `\uFFFD`} {
		f.Add(s, `second`)
		f.Add(`first`, s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if !utf8.ValidString(first) || !utf8.ValidString(second) {
			return
		}
		want := promptTwin(t, first) + promptTwin(t, second)
		var q wire.Query
		body := `{"messages":[{"content":"` + first + `"},{"content":"` + second + `"}]}`
		if err := wire.ParseQuery([]byte(body), &q); err != nil || q.Text != want {
			t.Errorf("%v: %q, want %q", err, q.Text, want)
		}
	})
}
