package mock_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/script"
)

const tools = `"tools":[{"type":"function","function":{"name":"get","parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}]`

const (
	chatPath      = "/v1/chat/completions"
	responsesPath = "/v1/responses"
	messagesPath  = "/v1/messages"
	geminiPath    = "/v1beta/models/gemini-2.5-flash:generateContent"
	conversePath  = "/model/claude-sonnet-4.5/converse"
)

// refusedAsks are requests that ask for what cannot be, or in a way that the vendor does not
// know, and what the vendor says.
func refusedAsks() []refusedAsk {
	impossible := `{"type":"object","properties":{"a":{"type":"integer","minimum":2,"maximum":1}},"required":["a"],"additionalProperties":false}`
	return []refusedAsk{
		{chatPath, `"tool_choice":"auto"`, "tool_choice", "", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."},
		{chatPath, tools + `,"tool_choice":"maybe"`, "tool_choice", "invalid_value", "Invalid value: 'maybe'. Supported values are: 'none', 'auto', and 'required'."},
		{chatPath, tools + `,"tool_choice":{"type":"function","function":{"name":"put"}}`, "tool_choice", "", "'put' not found"},
		{chatPath, tools + `,"tool_choice":{"type":"x"}`, "tool_choice.type", "invalid_value", "Invalid value: 'x'"},
		{chatPath, `"n":129`, "n", "integer_above_max_value", "<= 128, but got 129"},
		{chatPath, `"n":0`, "n", "integer_below_min_value", ">= 1, but got 0"},
		{chatPath, `"n":"two"`, "n", "invalid_type", "Invalid type for 'n'"},
		{chatPath, `"top_logprobs":2`, "top_logprobs", "", "logprobs"},
		{chatPath, `"service_tier":"gold"`, "service_tier", "invalid_value", "Supported values are: 'auto', 'default', "},
		{chatPath, `"reasoning_effort":"low"`, "reasoning_effort", "unsupported_parameter", "not supported with this model"},
		{chatPath, `"response_format":{"type":"xml"}`, "response_format.type", "invalid_value", "Supported values are: 'json_object', 'json_schema', and 'text'."},
		{chatPath, `"response_format":{"type":"json_object"}`, "messages", "", "must contain the word 'json'"},
		{chatPath, `"response_format":{"type":"json_schema","json_schema":{"name":"x"}}`, "response_format.schema", "missing_required_parameter", "Missing required parameter"},
		{chatPath, `"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{"etymology":{"type":"object"}},"required":["etymology"],"additionalProperties":false}}}`,
			"response_format", "", "Invalid schema for response_format 'x': In context=('properties', 'etymology'), 'additionalProperties' is required to be supplied and to be false."},
		{chatPath, `"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":` + impossible + `}}`, "response_format", "", "In context=('properties', 'a'), no number satisfies its bounds"},
		{chatPath, `"tool_choice":"required",` + strings.Replace(tools, `"integer"`, `"float"`, 1), "tools[0].function.parameters", "invalid_function_parameters", "Invalid schema for function 'get'"},
		{responsesPath, `"text":{"format":{"type":"json_schema","name":"x","strict":true,"schema":{"type":"object"}}}`, "text.format.schema", "invalid_json_schema", "In context=(), 'additionalProperties'"},
		{responsesPath, `"tool_choice":"required"`, "tool_choice", "", "must be specified with 'tools'"},
		{responsesPath, `"reasoning":{"effort":"low"}`, "reasoning.effort", "unsupported_parameter", "not supported with this model"},
		{messagesPath, `"temperature":1`, "", "", "max_tokens: Field required"},
		{messagesPath, `"tool_choice":{"type":"any"}`, "", "", "tool_choice may only be specified while providing tools"},
		{messagesPath, `"tools":[{"name":"get","input_schema":{}}],"tool_choice":{"type":"some"}`, "", "", "tool_choice: Input tag 'some' found using 'type' does not match any of the expected tags"},
		{messagesPath, `"tools":[{"name":"get","input_schema":{}}],"tool_choice":{"type":"tool","name":"put"}`, "", "", "Tool 'put' not found in provided tools"},
		{messagesPath, `"tools":[{"name":"get","input_schema":{"type":"float"}}],"tool_choice":{"type":"any"}`, "", "", "tools.0.custom.input_schema: JSON schema is invalid"},
		{messagesPath, `"service_tier":"priority"`, "", "", "service_tier: Input should be 'auto' or 'standard_only'"},
		{messagesPath, `"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}`, "", "", "output_config.format.schema: 'additionalProperties'"},
		{messagesPath, `"output_config":{"format":{"type":"json_schema","schema":` + impossible + `}}`, "", "", "output_config.format.schema: properties.a: no number"},
		{messagesPath, `"thinking":{"type":"enabled","budget_tokens":10}`, "", "", "greater than or equal to 1024"},
		{messagesPath, `"max_tokens":2000,"thinking":{"type":"enabled","budget_tokens":2000}`, "", "", "`max_tokens` must be greater than `thinking.budget_tokens`"},
		{messagesPath, `"thinking":{"type":"adaptive"},"tools":[{"name":"get","input_schema":{}}],"tool_choice":{"type":"any"}`, "", "", "Thinking may not be enabled when tool_choice forces tool use."},
		{geminiPath, `"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}`, "", "", "Function calling config is set without function_declarations."},
		{geminiPath, `"tools":[{"functionDeclarations":[{"name":"get"}]}],"tool_config":{"function_calling_config":{"mode":"SOME"}}`, "", "", "Invalid value at 'tool_config.function_calling_config.mode'"},
		{geminiPath, `"tools":[{"functionDeclarations":[{"name":"get"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["put"]}}`, "", "", "put is not among"},
		{geminiPath, `"generationConfig":{"candidateCount":9}`, "", "", "range from 1 to 8"},
		{geminiPath, `"generationConfig":{"responseSchema":{"type":"STRING"}}`, "", "", "mime type"},
		{geminiPath, `"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"NUMBER","minimum":2,"maximum":1}}`, "", "", "no number"},
		{conversePath, `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":10}}`, "", "", "greater than or equal to 1024"},
		{conversePath, `"toolConfig":{"tools":[{"toolSpec":{"name":"get","inputSchema":{"json":{}}}}],"toolChoice":{"tool":{"name":"put"}}}`, "", "", "put"},
		{conversePath, `"toolConfig":{"tools":[{"toolSpec":{"name":"get","inputSchema":{"json":{}}}}],"toolChoice":{"some":{}}}`, "", "", "some"},
	}
}

type refusedAsk struct{ path, more, param, code, want string }

// What a request asks for that cannot be had is refused as the vendor does. Messages are
// those of the reports that are named at the code.
func TestRefusedAsks(t *testing.T) {
	s := everyVendor(t)
	for _, c := range refusedAsks() {
		prompt := `"model":"gpt-4o",` + hello
		switch c.path {
		case responsesPath:
			prompt = `"model":"gpt-4o","input":"hello"`
		case messagesPath:
			prompt = `"model":"claude-sonnet-4-5",` + hello
			if c.want != "max_tokens: Field required" {
				prompt += `,"max_tokens":3000`
			}
		case geminiPath, conversePath:
			prompt = `"contents":[{"parts":[{"text":"hello"}]}]`
		}
		w := ask(s, "POST", c.path, "{"+prompt+","+c.more+"}")
		var e struct {
			Message string // Bedrock's
			Error   struct{ Message, Param, Code any }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		text := e.Message
		if text == "" {
			text = str(e.Error.Message)
		}
		code, _ := e.Error.Code.(string) // Gemini's is a number
		if w.Code != http.StatusBadRequest || !strings.Contains(text, c.want) || str(e.Error.Param) != c.param || code != c.code {
			t.Errorf("%s: %s\n%d %s\nwant %q, %q, %s", c.path, c.more, w.Code, w.Body, c.param, c.code, c.want)
		}
	}
}

// Bedrock's Converse, which no SDK of those that are tested speaks.
func TestConverse(t *testing.T) {
	s := everyVendor(t)
	const tool = `"tools":[{"toolSpec":{"name":"get","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"integer","minimum":3}},"required":["a"]}}}},{"cachePoint":{"type":"default"}}]`
	for _, c := range []struct{ more, want string }{
		{`"toolConfig":{` + tool + `,"toolChoice":{"any":{}}}`, `[{"toolUse":{"toolUseId":"ID","name":"get","input":{"a":3}}}]}},"stopReason":"tool_use"`},
		{`"toolConfig":{` + tool + `,"toolChoice":{"tool":{"name":"get"}}}`, `"input":{"a":3}}}]}},"stopReason":"tool_use"`},
		{`"toolConfig":{` + tool + `,"toolChoice":{"auto":{}}}`, `"stopReason":"end_turn"`},
		{`"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}},"toolConfig":{` + tool + `}`, `[{"reasoningContent":{"reasoningText":{"text":"Word`},
		{`"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"properties\":{\"b\":{\"const\":\"x\"}},\"required\":[\"b\"],\"additionalProperties\":false}"}}}}`,
			`[{"text":"{\"b\":\"x\"}"}]}},"stopReason":"end_turn"`},
	} {
		w := ask(s, "POST", "/model/claude-sonnet-4.5/converse", `{"messages":[{"role":"user","content":[{"text":"hi"}]}],`+c.more+`}`)
		text := w.Body.String()
		if id := str(at(parsed(t, text), "output", "message", "content", 0, "toolUse", "toolUseId")); id != "" {
			text = strings.Replace(text, id, "ID", 1)
		}
		if w.Code != http.StatusOK || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %s\nwant %s", c.more, w.Code, text, c.want)
		}
	}
}

// Usage adds up over the choices; thoughts are output that is not sent; a bound cuts thoughts
// first, then what is said.
func TestUsage(t *testing.T) {
	s := everyVendor(t)
	const usage = "usage."
	for _, c := range []struct {
		path, body string
		want       map[string]float64
		finish     string
	}{
		{"/v1/chat/completions", `{"model":"gpt-4o","n":3,"max_tokens":5,` + hello + `}`, map[string]float64{usage + "completion_tokens": 15, usage + "total_tokens": 17}, "length"},
		{"/v1/chat/completions", `{"model":"gpt-5","max_completion_tokens":5,` + hello + `}`,
			map[string]float64{usage + "completion_tokens": 5, usage + "completion_tokens_details.reasoning_tokens": 5}, "length"},
		{"/v1/chat/completions", `{"model":"gpt-5","reasoning_effort":"minimal","max_completion_tokens":5,` + hello + `}`,
			map[string]float64{usage + "completion_tokens": 5, usage + "completion_tokens_details.reasoning_tokens": 0}, "length"},
		// {"a":1} is 7 characters, 2 tokens here; with medium effort as many are thoughts
		{"/v1/chat/completions", `{"model":"gpt-5","reasoning_effort":"medium",` + hello + `,"tool_choice":"required",` + tools + `}`,
			map[string]float64{usage + "completion_tokens": 4, usage + "completion_tokens_details.reasoning_tokens": 2}, "tool_calls"},
		{"/v1/chat/completions", `{"model":"gpt-5","reasoning_effort":"high",` + hello + `,"tool_choice":"required",` + tools + `}`,
			map[string]float64{usage + "completion_tokens": 8, usage + "completion_tokens_details.reasoning_tokens": 6}, "tool_calls"},
		{"/v1/chat/completions", `{"model":"gpt-4o",` + hello + `,"tool_choice":{"type":"function","function":{"name":"get"}},` + tools + `}`, map[string]float64{usage + "completion_tokens": 2}, "stop"},
		{"/v1/chat/completions", `{"model":"gpt-4o","max_tokens":1,` + hello + `,"tool_choice":"required",` + tools + `}`, map[string]float64{usage + "completion_tokens": 1}, "length"},
		{"/v1beta/models/gemini-2.5-flash:generateContent", `{"contents":[{"parts":[{"text":"12345678"}]}],"generationConfig":{"candidateCount":2,"maxOutputTokens":1000000,"thinkingConfig":{"thinkingBudget":1024}}}`, nil, "STOP"},
	} {
		w := ask(s, "POST", c.path, c.body)
		for path, want := range c.want {
			if got := field(t, w.Body.String(), path); got != want {
				t.Errorf("%s: %s is %v, want %v", c.body, path, got, want)
			}
		}
		finish := field(t, w.Body.String(), "choices.0.finish_reason")
		if c.want == nil {
			finish = field(t, w.Body.String(), "candidates.1.finishReason")
			in, text, thought, total := field(t, w.Body.String(), "usageMetadata.promptTokenCount"), field(t, w.Body.String(), "usageMetadata.candidatesTokenCount"),
				field(t, w.Body.String(), "usageMetadata.thoughtsTokenCount"), field(t, w.Body.String(), "usageMetadata.totalTokenCount")
			words := strings.Count(w.Body.String(), "ord")
			if text != float64(words) || total.(float64) != in.(float64)+text.(float64)+thought.(float64) {
				t.Errorf("%d words: %s", words, w.Body)
			}
		}
		if finish != c.finish {
			t.Errorf("%s: %v, want %s", c.body, finish, c.finish)
		}
	}
}

// Embeddings are as wide as the model's, or as asked for, in numbers and in base64.
func TestEmbeddings(t *testing.T) {
	s := everyVendor(t)
	for _, c := range []struct {
		path, body string
		status     int
		width      int
	}{
		{"/v1/embeddings", `{"model":"text-embedding-3-small","input":"a"}`, 200, 1536},
		{"/v1/embeddings", `{"model":"text-embedding-3-large","input":"a"}`, 200, 3072},
		{"/v1/embeddings", `{"model":"text-embedding-ada-002","input":"a"}`, 200, 1536},
		{"/v1/embeddings", `{"model":"text-embedding-3-large","input":"a","dimensions":256}`, 200, 256},
		{"/v1/embeddings", `{"model":"text-embedding-3-small","input":"a","dimensions":1537}`, 400, 0},
		{"/v1/embeddings", `{"model":"text-embedding-ada-002","input":"a","dimensions":256}`, 400, 0},
		{"/v1beta/models/gemini-embedding-001:embedContent", `{"content":{"parts":[{"text":"a"}]}}`, 200, 3072},
		{"/v1/models/gemini-embedding-001:batchEmbedContents", `{"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":768}]}`, 200, 768},
	} {
		for _, form := range []string{"", "base64"} {
			body := c.body
			if form != "" {
				body = body[:len(body)-1] + `,"encoding_format":"base64"}`
			}
			if form != "" && !strings.HasSuffix(c.path, "/embeddings") {
				continue
			}
			w := ask(s, "POST", c.path, body)
			var v struct {
				Data      []struct{ Embedding any }
				Embedding struct{ Values []any }
				List      []struct{ Values []any } `json:"embeddings"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
				t.Fatal(err)
			}
			width := len(v.Embedding.Values)
			for _, x := range v.List {
				width += len(x.Values)
			}
			for _, x := range v.Data {
				if raw, ok := x.Embedding.(string); ok {
					b, err := base64.StdEncoding.DecodeString(raw)
					if err != nil {
						t.Fatal(err)
					}
					width += len(b) / 4
				} else {
					width += len(list(x.Embedding))
				}
			}
			if w.Code != c.status || width != c.width {
				t.Errorf("%s: %d, %d dimensions; want %d and %d", body, w.Code, width, c.status, c.width)
			}
		}
	}
}

// The tier that is asked for is told, by its vendor's name.
func TestServiceTier(t *testing.T) {
	s := everyVendor(t)
	for _, c := range []struct{ path, model, tier, want string }{
		{"/v1/chat/completions", "gpt-4o", "", "default"}, {"/v1/chat/completions", "gpt-4o", "auto", "default"}, {"/v1/chat/completions", "gpt-4o", "flex", "flex"},
		{"/v1/chat/completions", "gpt-4o", "priority", "priority"}, {"/v1/messages", "claude-sonnet-4.5", "", "standard"}, {"/v1/messages", "claude-sonnet-4.5", "standard_only", "standard"},
		{"/openai/v1/chat/completions", "llama-3.3-70b-versatile", "", "on_demand"}, {"/openai/v1/chat/completions", "llama-3.3-70b-versatile", "flex", "flex"},
	} {
		body := fmt.Sprintf(`{"model":%q,"max_tokens":3,%s}`, c.model, hello)
		if c.tier != "" {
			body = fmt.Sprintf(`{"model":%q,"max_tokens":3,"service_tier":%q,%s}`, c.model, c.tier, hello)
		}
		w := ask(s, "POST", c.path, body)
		if !strings.Contains(w.Body.String(), fmt.Sprintf(`"service_tier":%q`, c.want)) {
			t.Errorf("%s: %s", body, w.Body)
		}
	}
}

// Recorded answers are said in the form of each vendor, and counted; a request that is refused
// uses none up.
func TestRecordedAnswers(t *testing.T) {
	var deployments []mock.Deployment
	for _, d := range [][2]string{{"openai", "gpt-4o"}, {"anthropic", "claude-sonnet-4.5"}, {"gemini", "gemini-2.5-flash"}} {
		deployments = append(deployments, mock.Deployment{Config: provider.Config{Vendor: d[0], Model: d[1]}})
	}
	deployments = append(deployments, mock.Deployment{Name: "full", Config: provider.Config{Vendor: "openai", Model: "gpt-4.1", RPM: 1, Charge: provider.Charge{}}})
	s, err := mock.New(mock.Config{Deployments: deployments, Count: func(_, text string) int { return len(text) }, Answers: []script.Answer{
		{Last: "call", Text: "I look.", Calls: []script.Call{{Name: "get", Arguments: `{"a": 1}`}}},
		{Match: script.Match{Model: "full"}, Times: 1, Text: "once"},
		{Match: script.Match{Contains: "rain"}, Text: "It \"rains\".\n\té", Finish: script.Filtered},
		{Last: "nobody", Text: "never"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const rains = "It \"rains\".\n\té"
	for _, c := range []struct {
		api, path, body string
		want            said
	}{
		{"chat", "/v1/chat/completions", `{"model":"gpt-4o","messages":[{"content":"will it rain"}]}`, said{text: rains, finish: "content_filter"}},
		{"chat", "/v1/chat/completions", `{"model":"gpt-4o","messages":[{"content":"please call"}]}`, said{text: "I look.", finish: "tool_calls", calls: []call{{"get", map[string]any{"a": json.Number("1")}}}}},
		{"responses", "/v1/responses", `{"model":"gpt-4o","input":"please call"}`, said{text: "I look.", finish: "completed", calls: []call{{"get", map[string]any{"a": json.Number("1")}}}}},
		{"messages", "/v1/messages", `{"model":"claude-sonnet-4.5","max_tokens":100,"messages":[{"content":"please call"}]}`, said{text: "I look.", finish: "tool_use", calls: []call{{"get", map[string]any{"a": json.Number("1")}}}}},
		{"messages", "/v1/messages", `{"model":"claude-sonnet-4.5","max_tokens":100,"messages":[{"content":"rain"}]}`, said{text: rains, finish: "refusal"}},
		// of 7 tokens, one a byte, 3
		{"messages", "/v1/messages", `{"model":"claude-sonnet-4.5","max_tokens":3,"messages":[{"content":"please call"}]}`, said{text: "I l", finish: "max_tokens"}},
		{"gemini", "/v1beta/models/gemini-2.5-flash:generateContent", `{"contents":[{"parts":[{"text":"please call"}]}]}`, said{text: "I look.", finish: "STOP", calls: []call{{"get", map[string]any{"a": json.Number("1")}}}}},
	} {
		w := ask(s, "POST", c.path, c.body)
		if diff := cmp.Diff([]said{c.want}, wholeSaid(t, c.api, w.Body.Bytes()), cmp.AllowUnexported(said{}, call{})); diff != "" {
			t.Errorf("%s: %s\n%s", c.body, diff, w.Body)
		}
		path, body := c.path, c.body[:len(c.body)-1]+`,"stream":true}`
		if c.api == "gemini" {
			path, body = strings.Replace(path, ":generate", ":streamGenerate", 1)+"?alt=sse", c.body
		}
		w = ask(s, "POST", path, body)
		if diff := cmp.Diff([]said{c.want}, streamedSaid(t, c.api, w.Body.Bytes()), cmp.AllowUnexported(said{}, call{})); diff != "" {
			t.Errorf("%s: %s\n%s", body, diff, w.Body)
		}
	}
	for i, want := range []int{200, 429} {
		w := ask(s, "POST", "/v1/chat/completions", `{"model":"full","messages":[{"content":"x"}]}`)
		if w.Code != want || i == 0 && !strings.Contains(w.Body.String(), `"content":"once"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	calls := []int64{}
	for _, p := range s.Answered() {
		calls = append(calls, p.Calls)
	}
	if diff := cmp.Diff([]int64{10, 1, 4, 0}, calls); diff != "" {
		t.Error(diff)
	}
	if s.Reset(); s.Answered()[0].Calls != 0 {
		t.Error("a reset does not begin anew")
	}
}

// A stream is refused where the model has none, in the vendor's words.
func TestUnstreamed(t *testing.T) {
	var list []mock.Deployment
	for _, d := range [][2]string{{"openai", "o1-pro"}, {"openai", "gpt-4o"}, {"bedrock", "gpt-oss-120b"}} {
		list = append(list, mock.Deployment{Config: provider.Config{Vendor: d[0], Model: d[1]}})
	}
	s, err := mock.New(mock.Config{Deployments: list})
	if err != nil {
		t.Fatal(err)
	}
	const words = `"messages":[{"role":"user","content":[{"text":"hi"}]}]`
	for _, c := range []struct{ path, body, want string }{
		{responsesPath, `{"model":"o1-pro","input":"hi","stream":true}`, `'stream' does not support true with this model. Supported values are: false.","type":"invalid_request_error","param":"stream","code":"unsupported_value"`},
		{responsesPath, `{"model":"o1-pro","input":"hi","stream":false}`, ""},
		{responsesPath, `{"model":"gpt-4o","input":"hi","stream":true}`, ""},
		{"/v1/embeddings", `{"model":"gpt-4o","input":"hi","stream":true}`, "Unrecognized request argument supplied: stream"},
		{"/model/gpt-oss-120b/converse-stream", `{` + words + `}`, `{"message":"The model is unsupported for streaming."}`},
		{"/model/gpt-oss-120b/converse", `{` + words + `}`, ""},
	} {
		w := ask(s, "POST", c.path, c.body)
		if (w.Code == http.StatusBadRequest) != (c.want != "") || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %.300s", c.path, c.body, w.Code, w.Body)
		}
	}
}
