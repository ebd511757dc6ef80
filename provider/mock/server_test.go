package mock_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
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

// offer returns a server with a deployment of each of these references.
func offer(t testing.TB, c mock.Config, refs ...string) *mock.Server {
	t.Helper()
	for _, ref := range refs {
		config, err := catalog.Embedded().Find(ref)
		if err != nil {
			t.Fatal(err)
		}
		c.Deployments = append(c.Deployments, mock.Deployment{Config: config})
	}
	s, err := mock.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var all = []string{"openai/gpt-4o@tier-1", "azure/gpt-4.1@tier-1", "anthropic/claude-sonnet-4.5@start", "gemini/gemini-2.5-flash@free", "bedrock/claude-sonnet-4.5@200k"}

func ask(s http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer sk-test")
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const (
	hello  = `"messages":[{"role":"user","content":"12345678"}]`
	gemini = `{"contents":[{"parts":[{"text":"12345678"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":0},"maxOutputTokens":3}}`
)

// Every endpoint answers in its vendor's words: the fields that clients read,
// among them a prompt of 8 bytes as 2 tokens, and 3 tokens of output.
func TestEndpoints(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all...)
	for _, c := range []struct{ path, body, want string }{
		{"/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,` + hello + `}`, `"prompt_tokens":2,"completion_tokens":3,"total_tokens":5`},
		{"/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,` + hello + `}`, `"message":{"role":"assistant","content":"Word word word"`},
		{"/v1/responses", `{"model":"gpt-4o","max_output_tokens":3,"input":"12345678"}`, `"output":[{"type":"message"`},
		{"/v1/embeddings", `{"model":"gpt-4o","input":["1234","5678"]}`, `"usage":{"prompt_tokens":2,"total_tokens":2}`},
		{"/v1/embeddings", `{"model":"gpt-4o","input":[7,8,9]}`, `"usage":{"prompt_tokens":3,"total_tokens":3}`},
		{"/openai/deployments/gpt-4.1/chat/completions?api-version=2024-10-21", `{"max_tokens":3,` + hello + `}`, `"completion_tokens":3`},
		{"/openai/v1/chat/completions", `{"model":"gpt-4.1","max_tokens":3,` + hello + `}`, `"completion_tokens":3`},
		{"/v1/messages", `{"model":"claude-sonnet-4.5","max_tokens":3,` + hello + `}`, `"output_tokens":3`},
		{"/v1/messages/count_tokens", `{"model":"claude-sonnet-4.5",` + hello + `}`, `{"input_tokens":2}`},
		{"/v1beta/models/gemini-2.5-flash:generateContent", gemini, `"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3,"totalTokenCount":5}`},
		{"/v1beta/models/gemini-2.5-flash:countTokens", gemini, `{"totalTokens":2}`},
		{"/model/claude-sonnet-4.5/converse", `{"messages":[{"role":"user","content":[{"text":"12345678"}]}],"inferenceConfig":{"maxTokens":3}}`, `"usage":{"inputTokens":2,"outputTokens":3,"totalTokens":5}`},
	} {
		w := ask(s, "POST", c.path, c.body)
		if w.Code != 200 || !strings.Contains(w.Body.String(), c.want) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s\n  want %s", c.path, w.Code, w.Body, c.want)
		}
	}
	if w := ask(s, "GET", "/v1/models", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"id":"gpt-4o"`) {
		t.Errorf("models: %d %s", w.Code, w.Body)
	}
}

// Streams say the same as answers in one piece, in events of which each is JSON,
// and tell the usage where the client asked, or the vendor always does.
func TestStreams(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all...)
	for _, c := range []struct {
		path, body string
		want       []string
	}{
		{"/v1/chat/completions", `{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"max_tokens":3,` + hello + `}`,
			[]string{`"delta":{"role":"assistant"`, `"content":"Word word word"`, `"finish_reason":"length"`, `"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3`, "data: [DONE]\n\n"}},
		{"/v1/responses", `{"model":"gpt-4o","stream":true,"max_output_tokens":3,"input":"12345678"}`,
			[]string{"event: response.created\n", `"delta":"Word word word"`, "event: response.incomplete\n", `"output_tokens":3`}},
		{"/v1/messages", `{"model":"claude-sonnet-4.5","stream":true,"max_tokens":3,` + hello + `}`,
			[]string{"event: message_start\n", `"text":"Word word word"`, `"stop_reason":"max_tokens"`, `"output_tokens":3`, "event: message_stop\n"}},
		{"/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", gemini, []string{`"text":"Word word word"`, `"finishReason":"MAX_TOKENS"`}},
	} {
		w := ask(s, "POST", c.path, c.body)
		text := w.Body.String()
		for _, want := range c.want {
			i := strings.Index(text, want)
			if i < 0 {
				t.Fatalf("%s: no %s in what is left of\n%s", c.path, want, w.Body)
			}
			text = text[i:]
		}
		for _, line := range strings.Split(w.Body.String(), "\n") {
			if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok && data != "[DONE]" && !json.Valid([]byte(data)) {
				t.Errorf("%s: no JSON: %s", c.path, data)
			}
		}
	}
}

// The usage of a chat's stream is told to who asks; the events of a response are
// numbered without a gap.
func TestStreamsToldAndNumbered(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all[0])
	if w := ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","stream":true,`+hello+`}`); strings.Contains(w.Body.String(), "usage") {
		t.Errorf("nobody asked: %s", w.Body)
	}
	w := ask(s, "POST", "/v1/responses", `{"model":"gpt-4o","stream":true,"input":"12345678"}`)
	n := 0
	for line := range strings.Lines(w.Body.String()) {
		var event struct {
			Number int `json:"sequence_number"`
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &event); err != nil || event.Number != n {
				t.Errorf("%v: %d, want %d", err, event.Number, n)
			}
			n++
		}
	}
	if n < 8 {
		t.Errorf("%d events", n)
	}
}

// A stream that fails in the middle has begun well: the error is its last event.
// One whose connection breaks has no last event.
func TestBrokenStreams(t *testing.T) {
	requests := []struct{ ref, path, body, want string }{
		{all[0], "/v1/chat/completions", `{"model":"gpt-4o","stream":true,"max_tokens":100,` + hello + `}`, "\n\ndata: {\"error\":{\"message\":"},
		{all[0], "/v1/responses", `{"model":"gpt-4o","stream":true,"max_output_tokens":100,"input":"12345678"}`, "\n\nevent: error\ndata: {"},
		{all[2], "/v1/messages", `{"model":"claude-sonnet-4.5","stream":true,"max_tokens":100,` + hello + `}`, "\n\nevent: error\ndata: {\"type\":\"error\","},
		{all[3], "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", gemini, "\r\n\r\ndata: {\"error\":{"},
		{all[3], "/v1beta/models/gemini-2.5-flash:streamGenerateContent", gemini, "\r\n,{\"error\":{"},
	}
	for _, c := range requests {
		for _, kind := range []provider.FaultKind{provider.MidStream, provider.Reset} {
			synctest.Test(t, func(t *testing.T) {
				config, err := catalog.Embedded().Find(c.ref)
				if err != nil {
					t.Fatal(err)
				}
				config.Faults = []provider.Fault{{Kind: kind, Status: 500, Rate: 1, Until: clock.Never}}
				s := offer(t, mock.Config{Deployments: []mock.Deployment{{Config: config}}, Seed: 3})
				w := httptest.NewRecorder()
				func() {
					defer func() {
						if broke := recover() == http.ErrAbortHandler; broke != (kind == provider.Reset) {
							t.Errorf("%s: broken %v", c.path, broke)
						}
					}()
					r := httptest.NewRequest("POST", c.path, strings.NewReader(strings.Replace(c.body, ":3}", ":100}", 1)))
					r.Header.Set("Authorization", "Bearer sk-test")
					s.ServeHTTP(w, r)
				}()
				got := w.Body.String()
				if w.Code != 200 || strings.Count(got, "ord word") == 0 || strings.Contains(got, c.want) != (kind == provider.MidStream) {
					t.Errorf("%s: %d, want %q in\n%s", c.path, w.Code, c.want, got)
				}
				if strings.HasPrefix(got, "[") && kind == provider.MidStream && !json.Valid([]byte(got)) {
					t.Errorf("no JSON: %s", got)
				}
				for _, end := range []string{"[DONE]", "message_stop", "response.completed", "response.incomplete", "MAX_TOKENS"} {
					if strings.Contains(got, end) {
						t.Errorf("%s: ends with %s", c.path, end)
					}
				}
			})
		}
	}
}

// Who looks while all is reset sees what was before, or after.
func TestResetMeanwhile(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			s.Reset()
			s.State()
		}
	}()
	for range 50 {
		for _, path := range []string{"/v1/models", "/v1/files", "/v1/batches"} {
			if w := ask(s, "GET", path, ""); w.Code != 200 {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
		if w := ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,`+hello+`}`); w.Code != 200 {
			t.Errorf("chat: %d", w.Code)
		}
	}
	<-done
}

// A vendor lists its own models, in its own form.
func TestModels(t *testing.T) {
	s := offer(t, mock.Config{}, all...)
	for _, c := range []struct{ path, header, want string }{
		{"/v1/models", "X-None: 1", `{"data":[{"created":`},
		{"/v1/models", "Anthropic-Version: 2023-06-01", `"display_name":"claude-sonnet-4-5-20250929","id":"claude-sonnet-4-5-20250929","type":"model"}]`},
		{"/openai/v1/models", "X-None: 1", `"id":"gpt-4.1"`},
		{"/v1beta/models", "X-None: 1", `"name":"models/gemini-2.5-flash"`},
	} {
		w := ask(s, "GET", c.path, "", c.header)
		if got := w.Body.String(); !strings.Contains(got, c.want) || strings.Count(got, "{") != 2 {
			t.Errorf("%s with %s: %s, want %s and one model", c.path, c.header, got, c.want)
		}
	}
}

// A stream of Gemini's that is no text/event-stream is one list.
func TestStreamedList(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all[3])
	w := ask(s, "POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", gemini)
	var list []struct {
		UsageMetadata struct{ CandidatesTokenCount int }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 2 || list[1].UsageMetadata.CandidatesTokenCount != 3 {
		t.Errorf("%v: %s", err, w.Body)
	}
}

// What is wrong with a request is said in the vendor's words, with its status.
func TestBadRequests(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000, Bounds: mock.Bounds{Body: 200}, TrustBench: true, Keys: map[string]string{"sk-test": "team"}}, all...)
	long := `{"model":"gpt-4o","messages":[{"role":"user","content":"` + strings.Repeat("x", 200) + `"}]}`
	for _, c := range []struct {
		method, path, body, header string
		status                     int
		want                       string
	}{
		{"POST", "/v1/chat/completions", `{`, "", 400, `"type":"invalid_request_error"`},
		{"POST", "/v1/chat/completions", `{"model":"gpt-4o"}`, "", 400, "missing required parameter"},
		{"POST", "/v1/chat/completions", `{"model":7,` + hello + `}`, "", 400, "'model'"},
		{"POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":-1,` + hello + `}`, "", 400, "-1"},
		{"POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":1e30,` + hello + `}`, "", 400, "1e30"},
		{"POST", "/v1/chat/completions", `{"model":"gpt-9",` + hello + `}`, "", 404, `"code":"model_not_found"`},
		{"POST", "/v1/chat/completions", `{` + hello + `}`, "", 400, "you must provide a model parameter"},
		{"POST", "/v1/chat/completions", long, "", 413, "200 bytes"},
		{"POST", "/v1/chat/completions", `a=b`, "Content-Type: text/plain", 415, "Unsupported"},
		{"POST", "/v1/chat/completions", `{}`, "Authorization: Bearer sk-other", 401, "invalid_api_key"},
		{"POST", "/v1/chat/completions", `{}`, "Authorization: none", 401, "invalid_api_key"},
		{"POST", "/v1/chat/completions", `{}`, wire.FactsHeader + ": 1 2", 400, "Ratesim-Facts"},
		{"POST", "/v1/messages", `{`, "", 400, `"type":"error","error":{"type":"invalid_request_error"`},
		{"POST", "/v1/messages", `{}`, "Authorization: none", 401, "authentication_error"},
		{"GET", "/v1/chat/completions", ``, "", 404, "Invalid URL (GET /v1/chat/completions)\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null"},
		{"GET", "/v1/files/x", ``, "", 404, `"message":"No such File object: x","type":"invalid_request_error","param":null,"code":null`},
		{"POST", "/v1beta/models/gemini-2.5-flash:sing", `{}`, "", 404, "sing"},
		{"POST", "/openai/deployments/none/chat/completions", `{` + hello + `}`, "", 404, `"code":"DeploymentNotFound"`},
	} {
		w := ask(s, c.method, c.path, c.body, c.header)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s %.40s %s: %d %s\n  want %d %s", c.method, c.path, c.body, c.header, w.Code, w.Body, c.status, c.want)
		}
	}
}

// A key is an account: its limit is its own, is told, and comes back; what a
// client that hangs up had reserved is settled when its work is done.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, err := catalog.Embedded().Find(all[0])
		if err != nil {
			t.Fatal(err)
		}
		config.RPM, config.TPM, config.Window, config.Charge.Rejected = 2, 10_000, provider.SlidingLog, false
		s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: config}}})
		if err != nil {
			t.Fatal(err)
		}
		chat := func(key string) *httptest.ResponseRecorder {
			return ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,`+hello+`}`, "Authorization: Bearer "+key)
		}
		start := time.Now()
		chat("a")
		chat("a")
		w := chat("a")
		var r wire.Reply
		wire.Parse(w.Code, w.Header(), w.Body.Bytes(), time.Now(), &r)
		if w.Code != 429 || r.Limit != wire.Requests || r.RetryAfter < 58*time.Second || r.RetryAfter > time.Minute {
			t.Errorf("third request of two a minute: %d, %+v", w.Code, r)
		}
		if w := chat("b"); w.Code != 200 {
			t.Errorf("another account is refused: %d", w.Code)
		}
		time.Sleep(time.Until(start.Add(time.Minute)))
		if w := chat("a"); w.Code != 200 {
			t.Errorf("a minute later: %d", w.Code)
		}
		s.Reset()
		if got := s.State(); len(got.Accounts) != 0 {
			t.Errorf("after Reset: %+v", got)
		}
	})
}

// Ever new keys do not take ever more memory.
func TestMaxAccounts(t *testing.T) {
	s := offer(t, mock.Config{Bounds: mock.Bounds{Accounts: 2}}, all[0])
	for _, c := range []struct {
		key  string
		want int
	}{{"a", 200}, {"b", 200}, {"c", 503}, {"a", 200}} {
		if w := ask(s, "GET", "/v1/models", "", "Authorization: Bearer "+c.key); w.Code != c.want {
			t.Errorf("key %s: %d, want %d", c.key, w.Code, c.want)
		}
	}
}

// FuzzServer: whatever comes, there is an answer, and its body is JSON.
func FuzzServer(f *testing.F) {
	s := offer(f, mock.Config{Speed: 1e9}, all...)
	f.Add("POST", "/v1/chat/completions", `{"model":"gpt-4o",`+hello+`}`)
	f.Add("POST", "/v1/messages", `{"model":"claude-sonnet-4.5","max_tokens":5,`+hello+`}`)
	f.Add("GET", "/v1beta/models/x:y", "")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequest(method, "http://mock"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer sk-fuzz")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		streams := strings.HasPrefix(w.Header().Get("Content-Type"), "text/")
		moved := w.Code/100 == 3 // a path that is not clean
		if b, _ := io.ReadAll(w.Body); !streams && !moved && !json.Valid(b) {
			t.Errorf("%d %s", w.Code, b)
		}
	})
}

func BenchmarkChat(b *testing.B) {
	config, err := catalog.Embedded().Find(all[0])
	if err != nil {
		b.Fatal(err)
	}
	config.RPM, config.TPM, config.Limits = 10_000_000, 1_000_000_000, nil
	config.Latency = provider.Latency{}
	s := offer(b, mock.Config{Deployments: []mock.Deployment{{Config: config}}})
	body := strings.NewReader("")
	r := httptest.NewRequest("POST", "/v1/chat/completions", io.NopCloser(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer sk-test")
	w := &sink{http.Header{}, http.StatusOK}
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(`{"model":"gpt-4o","max_tokens":1,"messages":[{"role":"user","content":"Say hello!!"}]}`)
		clear(w.header)
		if s.ServeHTTP(w, r); w.status != http.StatusOK {
			b.Fatal(w.status)
		}
		w.status = http.StatusOK
	}
}

// sink is what a connection is to a handler, without the connection.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }
