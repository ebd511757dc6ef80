package mock_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ratesim/provider"
	"ratesim/provider/mock"
)

// recorded is a request that a vendor's SDK has sent, for a call of the kind that an example
// of an SDK makes.
type recorded struct {
	From, API, Path string
	Body            map[string]any
}

func readRecorded(t testing.TB) []recorded {
	t.Helper()
	data, err := os.ReadFile("testdata/requests.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var list []recorded
	for line := range bytes.Lines(data) {
		var r recorded
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// everyVendor offers a deployment of each vendor, which answers to all names.
func everyVendor(t testing.TB) *mock.Server {
	var list []mock.Deployment
	for _, d := range [][2]string{{"openai", "gpt-4o"}, {"openai", "gpt-5"}, {"azure", "gpt-4.1"}, {"anthropic", "claude-sonnet-4.5"}, {"gemini", "gemini-2.5-flash"},
		{"bedrock", "claude-sonnet-4.5"}, {"groq", "llama-3.3-70b-versatile"}, {"mistral", "mistral-large"}} {
		list = append(list, mock.Deployment{Config: provider.Config{Vendor: d[0], Model: d[1]}})
	}
	s, err := mock.New(mock.Config{Deployments: list, AnyModel: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// said is one choice of an answer.
type said struct {
	text, finish string
	calls        []call
}

type call struct {
	name string
	args any
}

// at returns what is at a path of keys and indices in v; nil if there is nothing.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// wholeSaid reads an answer in one piece.
func wholeSaid(t *testing.T, api string, body []byte) (all []said) {
	t.Helper()
	v := parsed(t, string(body))
	switch api {
	case "chat":
		for _, c := range list(at(v, "choices")) {
			s := said{text: str(at(c, "message", "content")), finish: str(at(c, "finish_reason"))}
			for _, x := range list(at(c, "message", "tool_calls")) {
				s.calls = append(s.calls, call{str(at(x, "function", "name")), parsed(t, str(at(x, "function", "arguments")))})
			}
			all = append(all, s)
		}
	case "responses":
		s := said{finish: str(at(v, "status"))}
		for _, item := range list(at(v, "output")) {
			switch at(item, "type") {
			case "message":
				s.text += str(at(item, "content", 0, "text"))
			case "function_call":
				s.calls = append(s.calls, call{str(at(item, "name")), parsed(t, str(at(item, "arguments")))})
			}
		}
		all = append(all, s)
	case "messages":
		s := said{finish: str(at(v, "stop_reason"))}
		for _, block := range list(at(v, "content")) {
			switch at(block, "type") {
			case "text":
				s.text += str(at(block, "text"))
			case "tool_use":
				s.calls = append(s.calls, call{str(at(block, "name")), at(block, "input")})
			}
		}
		all = append(all, s)
	case "gemini":
		for _, c := range list(at(v, "candidates")) {
			all = append(all, geminiSaid(said{}, c))
		}
	case "converse":
		s := said{finish: str(at(v, "stopReason"))}
		for _, block := range list(at(v, "output", "message", "content")) {
			s.text += str(at(block, "text"))
			if use := at(block, "toolUse"); use != nil {
				s.calls = append(s.calls, call{str(at(use, "name")), at(use, "input")})
			}
		}
		all = append(all, s)
	}
	return all
}

func geminiSaid(s said, candidate any) said {
	s.finish += str(at(candidate, "finishReason"))
	for _, part := range list(at(candidate, "content", "parts")) {
		if f := at(part, "functionCall"); f != nil {
			s.calls = append(s.calls, call{str(at(f, "name")), at(f, "args")})
		} else if at(part, "thought") == nil {
			s.text += str(at(part, "text"))
		}
	}
	return s
}

// chatDelta adds what one event of Chat Completions says of the choice c. The arguments of
// calls go to args, by choice and index.
func (s *said) chatDelta(c any, args map[string]string) {
	s.text += str(at(c, "delta", "content"))
	s.finish += str(at(c, "finish_reason"))
	for _, x := range list(at(c, "delta", "tool_calls")) {
		if name := str(at(x, "function", "name")); name != "" {
			s.calls = append(s.calls, call{name: name})
		}
		args[fmt.Sprintf("%v.%v", at(c, "index"), at(x, "index"))] += str(at(x, "function", "arguments"))
	}
}

// streamedSaid reads an answer in events, as a client puts them together.
func streamedSaid(t *testing.T, api string, body []byte) (all []said) {
	t.Helper()
	args := map[string]string{} // of calls, by choice and index
	choice := func(i int) *said {
		for len(all) <= i {
			all = append(all, said{})
		}
		return &all[i]
	}
	index := func(v any) int {
		n, _ := v.(json.Number).Int64()
		return int(n)
	}
	for line := range strings.Lines(string(body)) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		v := parsed(t, data)
		switch api {
		case "chat":
			for _, c := range list(at(v, "choices")) {
				choice(index(at(c, "index"))).chatDelta(c, args)
			}
		case "responses":
			s := choice(0)
			switch at(v, "type") {
			case "response.output_text.delta":
				s.text += str(at(v, "delta"))
			case "response.output_item.added":
				if at(v, "item", "type") == "function_call" {
					s.calls = append(s.calls, call{name: str(at(v, "item", "name"))})
				}
			case "response.function_call_arguments.delta":
				args[fmt.Sprintf("0.%d", len(s.calls)-1)] += str(at(v, "delta"))
			case "response.completed", "response.incomplete":
				s.finish = str(at(v, "response", "status"))
			}
		case "messages":
			s := choice(0)
			switch at(v, "type") {
			case "content_block_start":
				if at(v, "content_block", "type") == "tool_use" {
					s.calls = append(s.calls, call{name: str(at(v, "content_block", "name"))})
				}
			case "content_block_delta":
				s.text += str(at(v, "delta", "text"))
				args[fmt.Sprintf("0.%d", len(s.calls)-1)] += str(at(v, "delta", "partial_json"))
			case "message_delta":
				s.finish = str(at(v, "delta", "stop_reason"))
			}
		case "gemini":
			for _, c := range list(at(v, "candidates")) {
				s := choice(index(at(c, "index")))
				*s = geminiSaid(*s, c)
			}
		}
	}
	for i := range all {
		for j := range all[i].calls {
			if text := args[fmt.Sprintf("%d.%d", i, j)]; all[i].calls[j].args == nil {
				all[i].calls[j].args = parsed(t, text)
			}
		}
	}
	return all
}

// wanted is what a request asks for, as a reader of the vendor's reference has it.
type wanted struct {
	choices int
	tools   map[string]any // schemas by name
	must    bool
	named   string // the tool that is named
	schema  any    // of the text
}

func wantedOf(r *recorded) wanted {
	w := wanted{choices: 1, tools: map[string]any{}}
	b := r.Body
	offers := func(name, schema any) { w.tools[str(name)] = schema }
	switch r.API {
	case "chat":
		if n, ok := b["n"].(float64); ok {
			w.choices = int(n)
		}
		for _, t := range list(b["tools"]) {
			offers(at(t, "function", "name"), at(t, "function", "parameters"))
		}
		w.named = str(at(b, "tool_choice", "function", "name")) + str(at(b, "tool_choice", "allowed_tools", "tools", 0, "function", "name"))
		w.must = b["tool_choice"] == "required" || b["tool_choice"] == "any" || w.named != ""
		if w.schema = at(b, "response_format", "json_schema", "schema"); at(b, "response_format", "type") == "json_object" {
			w.schema = map[string]any{"type": "object"}
		}
	case "responses":
		for _, t := range list(b["tools"]) {
			if at(t, "type") == "function" {
				offers(at(t, "name"), at(t, "parameters"))
			}
		}
		w.named = str(at(b, "tool_choice", "name")) + str(at(b, "tool_choice", "tools", 0, "name"))
		w.must = b["tool_choice"] == "required" || w.named != ""
		if w.schema = at(b, "text", "format", "schema"); at(b, "text", "format", "type") == "json_object" {
			w.schema = map[string]any{"type": "object"}
		}
	case "messages":
		for _, t := range list(b["tools"]) {
			if s := at(t, "input_schema"); s != nil {
				offers(at(t, "name"), s)
			}
		}
		w.named = str(at(b, "tool_choice", "name"))
		w.must = at(b, "tool_choice", "type") == "any" || w.named != ""
		w.schema = at(b, "output_config", "format", "schema")
	case "gemini":
		if n, ok := at(b, "generationConfig", "candidateCount").(float64); ok {
			w.choices = int(n)
		}
		for _, t := range list(b["tools"]) {
			for _, f := range list(at(t, "functionDeclarations")) {
				s := at(f, "parametersJsonSchema")
				if s == nil {
					s = lower(at(f, "parameters"))
				}
				offers(at(f, "name"), s)
			}
		}
		w.named = str(at(b, "toolConfig", "functionCallingConfig", "allowedFunctionNames", 0))
		w.must = at(b, "toolConfig", "functionCallingConfig", "mode") == "ANY"
		if w.schema = at(b, "generationConfig", "responseJsonSchema"); w.schema == nil {
			w.schema = lower(at(b, "generationConfig", "responseSchema"))
		}
		if w.schema == nil && at(b, "generationConfig", "responseMimeType") == "application/json" {
			w.schema = map[string]any{"type": "object"}
		}
	}
	return w
}

// lower returns a schema of OpenAPI's as a JSON schema, as far as the recorded ones need it.
func lower(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			if m[k] = lower(x); k == "type" {
				m[k] = strings.ToLower(str(x))
				if v["nullable"] == true {
					m[k] = []any{m[k], "null"}
				}
			}
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = lower(v[i])
		}
		return l
	}
	return v
}

// satisfies returns what is wrong with a value, held against a schema by a validator.
func satisfies(value, schema any) error {
	if schema == nil {
		schema = map[string]any{"type": "object"}
	}
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:s", doc); err != nil {
		return err
	}
	compiled, err := c.Compile("urn:s")
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

func (w *wanted) check(all []said) error {
	if len(all) != w.choices {
		return fmt.Errorf("%d choices, want %d", len(all), w.choices)
	}
	for _, s := range all {
		switch {
		case w.must:
			if len(s.calls) == 0 || s.text != "" {
				return fmt.Errorf("no tool is called: %+v", s)
			}
			for _, c := range s.calls {
				schema, known := w.tools[c.name]
				if !known || w.named != "" && c.name != w.named {
					return fmt.Errorf("%s is called", c.name)
				}
				if err := satisfies(c.args, schema); err != nil {
					return err
				}
			}
		case len(s.calls) > 0:
			return fmt.Errorf("a tool is called: %+v", s)
		case w.schema != nil:
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(s.text))
			if err != nil {
				return fmt.Errorf("%w: %s", err, s.text)
			}
			if err := satisfies(v, w.schema); err != nil {
				return err
			}
		case !strings.HasPrefix(s.text, "Word") && s.finish != "length" && s.finish != "incomplete" && s.finish != "MAX_TOKENS":
			return fmt.Errorf("no text: %+v", s)
		}
		if s.finish == "" {
			return fmt.Errorf("no reason to finish: %+v", s)
		}
	}
	return nil
}

// Every recorded request is answered as it asks, in one piece and in a stream, and both say
// the same. The same requests are sent by the SDKs themselves in bench/clients.
func TestRecordedRequests(t *testing.T) {
	s := everyVendor(t)
	requests := readRecorded(t)
	if len(requests) < 200 {
		t.Errorf("%d requests", len(requests))
	}
	for i := range requests {
		r := &requests[i]
		header := []string{}
		switch r.API {
		case "messages", "count":
			header = append(header, "Anthropic-Version: 2023-06-01")
		}
		text, err := json.Marshal(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		w := ask(s, "POST", r.Path, string(text), header...)
		if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %s: %d %.300s", r.From, r.Path, w.Code, w.Body)
			continue
		}
		if r.API == "embeddings" || r.API == "geminiEmbed" || r.API == "count" {
			continue
		}
		want := wantedOf(r)
		if err := want.check(wholeSaid(t, r.API, w.Body.Bytes())); err != nil {
			t.Errorf("%s: %v\n%s\n%.800s", r.From, err, text, w.Body)
		}
		path := r.Path
		if r.API == "gemini" {
			path = strings.Replace(path, ":generateContent", ":streamGenerateContent", 1) + "?alt=sse"
		} else {
			r.Body["stream"] = true
		}
		if text, err = json.Marshal(r.Body); err != nil {
			t.Fatal(err)
		}
		w = ask(s, "POST", path, string(text), header...)
		if err := want.check(streamedSaid(t, r.API, w.Body.Bytes())); w.Code != http.StatusOK || err != nil {
			t.Errorf("%s, streamed: %d %v\n%s\n%.1800s", r.From, w.Code, err, text, w.Body)
		}
	}
}
