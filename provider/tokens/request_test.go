package tokens

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"testing"
)

const cookbookChat = `{"messages": [
	{"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
	{"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
	{"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
	{"role": "system", "name": "example_user", "content": "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
	{"role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do better."},
	{"role": "user", "content": "This late pivot means we don't have time to boil the ocean for the client deliverable."}], "max_tokens": 1}`

const cookbookTools = `{"messages": [
	{"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
	{"role": "user", "content": "What's the weather like in San Francisco?"}],
	"tools": [{"type": "function", "function": {"name": "get_current_weather", "description": "Get the current weather in a given location",
		"parameters": {"type": "object", "properties": {
			"location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
			"unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}},
			"required": ["location"]}}}]}`

// The chats of openai-cookbook, examples/How_to_count_tokens_with_tiktoken.ipynb, as the API
// itself counted them.
func TestCookbook(t *testing.T) {
	c := New()
	for _, tt := range []struct {
		model, body string
		want        int
	}{
		{"gpt-3.5-turbo", cookbookChat, 129}, {"gpt-4-0613", cookbookChat, 129}, {"gpt-4", cookbookChat, 129},
		{"gpt-4o", cookbookChat, 124}, {"gpt-4o-mini", cookbookChat, 124},
		{"gpt-3.5-turbo", cookbookTools, 105}, {"gpt-4", cookbookTools, 105},
		{"gpt-4o", cookbookTools, 101}, {"gpt-4o-mini", cookbookTools, 101},
	} {
		r, err := c.Request(tt.model, []byte(tt.body))
		if err != nil || r.Prompt != tt.want || r.Guesses != 0 {
			t.Errorf("%s: %+v, %v, want %d tokens", tt.model, r, err, tt.want)
		}
	}
}

// One message of one text costs 7 tokens beside it (3 before, 1 for the role, 3 for the reply).
func TestRequests(t *testing.T) {
	c := New()
	for _, tt := range []struct {
		body    string
		want    int
		max     int64
		guesses Guesses
	}{
		{`{"model":"gpt-4o","messages":[{"role":"user","content":"tiktoken is great!"}],"max_completion_tokens":9}`, 13, 9, 0},
		{`{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"tiktoken is great!"}]}]}`, 13, 0, 0},
		{`{"model":"gpt-4o","messages":[{"role":"user","content":"<|endoftext|>"}]}`, 7 + 7, 0, 0}, // <, |, endo, ft, ext, |, >
		{`{"model":"gpt-4o","input":"tiktoken is great!","instructions":"tiktoken is great!","max_output_tokens":8}`, 12, 8, 0},
		{`{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_text","text":"tiktoken is great!"}]}]}`, 10, 0, 0},
		{`{"model":"text-embedding-3-small","input":["tiktoken is great!","2 + 2 = 4"]}`, 13, 0, 0},
		{`{"model":"text-embedding-3-small","input":[[1,2,3],[4]]}`, 4, 0, 0},
		{`{"model":"claude-sonnet-4.5","max_tokens":5,"system":"2 + 2 = 4","messages":[{"role":"user","content":"tiktoken is great!"}]}`, 3 + 9 + 4 + 3 + 8, 5, 0}, // 7 × 1.2 and 6 × 1.2, rounded up
		{`{"model":"gemini-2.5-flash","contents":[{"role":"user","parts":[{"text":"tiktoken is great!"}]}],"generationConfig":{"maxOutputTokens":7}}`, 7 + 7, 7, 0},
		{`{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}`, 7, 0, NotCounted},
		{`{"model":"gpt-4o","messages":[{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"great","arguments":"{}"}}]}]}`, 7 + 3 + 1 + 1, 0, ToolGuess},
		{`{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}]}]}`, 7 + 85, 0, 0},
		{`{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}`, 7 + 765, 0, ImageGuess},
		{`{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + picture(t, 2048, 4096) + `"}}]}]}`, 7 + 1105, 0, 0},
		{`{"model":"gpt-4o"}`, 0, 0, 0},
	} {
		r, err := c.Request("", []byte(tt.body))
		if err != nil || r.Prompt != tt.want || r.MaxTokens != tt.max || r.Guesses != tt.guesses {
			t.Errorf("%.200s: %+v, %v; want %d tokens, at most %d, guesses %d", tt.body, r, err, tt.want, tt.max, tt.guesses)
		}
	}
	for _, bad := range []string{"", "[]", `{"messages":3}`, `{"messages":[`, `{"max_tokens":"many"}`, `{"model":"gpt-4o"} x`} {
		if r, err := c.Request("", []byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, r)
		}
	}
}

// picture returns a PNG as a data URL.
func picture(t testing.TB, width, height int) string {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// The examples of the vendors' pages.
func TestImages(t *testing.T) {
	for _, tt := range []struct {
		model         string
		width, height int
		detail        string
		want          int
		rule          bool
	}{
		{"gpt-4o", 1024, 1024, "high", 765, true},
		{"gpt-4o", 2048, 4096, "high", 1105, true},
		{"gpt-4o", 4096, 8192, "low", 85, true},
		{"gpt-4o", 512, 512, "", 255, true},
		{"gpt-4o-mini", 1024, 1024, "", 2833 + 4*5667, true},
		{"o1", 1024, 1024, "", 75 + 4*150, true},
		{"gpt-5", 1024, 1024, "", 70 + 4*140, true},
		{"gpt-4.1-mini", 1024, 1024, "", 1659, true}, // 1024 × 1.62
		{"gpt-4.1-mini", 1800, 2400, "", 2353, true}, // 1452 × 1.62
		{"gpt-6-astra", 1024, 1024, "", 1229, false},
		{"gpt-6-astra", 2560, 1440, "", 2931, false},
		{"claude-sonnet-4.5", 200, 200, "", 54, true},
		{"claude-sonnet-4.5", 1000, 1000, "", 1334, true},
		{"claude-sonnet-4.5", 1092, 1092, "", 1590, true},
		{"claude-sonnet-4.5", 4000, 3000, "", 1600, true},
		{"claude-opus-4.7", 4000, 4000, "", 4784, true},
		{"gemini-2.5-flash", 384, 384, "", 258, true},
		{"gemini-2.5-flash", 960, 540, "", 516, true},
	} {
		if got, rule := ImageTokens(tt.model, tt.width, tt.height, tt.detail); got != tt.want || rule != tt.rule {
			t.Errorf("%s, %d by %d, %s: %d tokens, rule %v; want %d", tt.model, tt.width, tt.height, tt.detail, got, rule, tt.want)
		}
	}
}

// FuzzRequest looks for a body with which the counter cannot cope.
func FuzzRequest(f *testing.F) {
	c := New()
	f.Add([]byte(cookbookTools))
	f.Add([]byte(fmt.Sprintf(`{"model":"claude-opus-5","system":[{"type":"text","text":"x"}],"messages":[{"role":"user","content":[{"type":"image","source":{"data":%q}}]}]}`, "iVBORw0KGgo=")))
	f.Add([]byte(`{"model":"gpt-4o","input":[[1,2],"x",null,{"type":"function_call","name":"f","arguments":"{}"}],"tools":[{"type":"web_search"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := c.Request("", data); err == nil && r.Prompt < 0 {
			t.Errorf("%s: %+v", data, r)
		}
	})
}
