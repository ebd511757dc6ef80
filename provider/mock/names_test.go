package mock_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
)

func named(vendor, model, name string) mock.Deployment {
	return mock.Deployment{Name: name, Config: provider.Config{Vendor: vendor, Model: model}}
}

// The names that clients send, and how the vendor's replies name the model.
func TestNames(t *testing.T) {
	s := offer(t, mock.Config{Deployments: []mock.Deployment{
		named("openai", "gpt-4o", "small"), named("openai", "gpt-4o", ""), named("openai", "gpt-4o-mini", ""),
		named("azure", "gpt-4.1", ""), named("anthropic", "claude-sonnet-4.5", ""), named("bedrock", "claude-sonnet-4.5", "bedrock"),
		named("gemini", "gemini-2.5-flash", ""), named("groq", "gpt-oss-20b", ""),
	}, Aliases: map[string]string{"prod-chat": "gpt-4.1", "fast": "gpt-4o-mini"}})
	chat := func(model string) string { return `{"model":"` + model + `","max_tokens":3,` + hello + `}` }
	for _, c := range []struct{ path, body, model, deployment string }{
		{"/v1/chat/completions", chat("small"), `"model":"gpt-4o-2024-08-06"`, "small"},
		{"/v1/chat/completions", chat("gpt-4o"), `"model":"gpt-4o-2024-08-06"`, "gpt-4o"},
		{"/v1/chat/completions", chat("gpt-4o-2024-11-20"), `"model":"gpt-4o-2024-11-20"`, "small"}, // the first that has it
		{"/v1/chat/completions", chat("openai/gpt-4o-mini"), `"model":"gpt-4o-mini-2024-07-18"`, "gpt-4o-mini"},
		{"/v1/chat/completions", chat("ft:gpt-4o-mini-2024-07-18:org::x"), `"model":"gpt-4o-mini-2024-07-18"`, "gpt-4o-mini"},
		{"/v1/chat/completions", chat("fast"), `"model":"gpt-4o-mini-2024-07-18"`, "gpt-4o-mini"},
		{"/openai/deployments/prod-chat/chat/completions", chat("x"), `"model":"gpt-4.1-2025-04-14"`, "gpt-4.1"},
		{"/openai/v1/chat/completions", chat("openai/gpt-oss-20b"), `"model":"openai/gpt-oss-20b"`, "gpt-oss-20b"},
		{"/v1/messages", chat("claude-sonnet-4-5"), `"model":"claude-sonnet-4-5-20250929"`, "claude-sonnet-4.5"},
		{"/v1/messages", chat("claude-sonnet-4-5-20250929"), `"model":"claude-sonnet-4-5-20250929"`, "claude-sonnet-4.5"},
		{"/v1/messages", chat("claude-sonnet-4-5-latest"), `"model":"claude-sonnet-4-5-20250929"`, "claude-sonnet-4.5"},
		{"/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse", gemini, `"stopReason"`, "bedrock"},
		{"/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse-stream", gemini, `"stopReason"`, "bedrock"},
		{"/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", gemini, `"stopReason"`, "bedrock"},
		{"/v1beta/models/gemini-2.5-flash-preview-09-2025:generateContent", gemini, `"modelVersion":"gemini-2.5-flash-preview-09-2025"`, "gemini-2.5-flash"},
	} {
		before := attemptsBy(s)
		w := ask(s, "POST", c.path, c.body)
		if w.Code != 200 || !strings.Contains(w.Body.String(), c.model) {
			t.Errorf("%s %s: %d %s, want %s", c.path, c.body, w.Code, w.Body, c.model)
		}
		if got := w.Header().Get("X-Ms-Deployment-Name"); strings.Contains(c.path, "prod-chat") && got != "prod-chat" {
			t.Errorf("%s: the header names %q", c.path, got)
		}
		after := attemptsBy(s)
		if after[c.deployment] != before[c.deployment]+1 {
			t.Errorf("%s %s: not %s has answered: %v", c.path, c.body, c.deployment, after)
		}
	}
}

func attemptsBy(s *mock.Server) map[string]int64 {
	n := map[string]int64{}
	for _, a := range s.State().Accounts {
		for _, d := range a.Deployments {
			n[d.Name] = d.Attempts
		}
	}
	return n
}

// A name that nothing serves is answered in the vendor's form, with what to do about
// it, and no client is graded by it.
func TestUnserved(t *testing.T) {
	var watched []conformance.Event
	config := mock.Config{Deployments: []mock.Deployment{named("openai", "gpt-4o", "main"), named("anthropic", "claude-sonnet-4.5", "")},
		Watch: func(e conformance.Event) { watched = append(watched, e) }}
	s := offer(t, config)
	for _, c := range []struct {
		path, body string
		want       []string
	}{
		{"/v1/chat/completions", `{"model":"gpt-9",` + hello + `}`, []string{`"code":"model_not_found"`, "ratesim serves main here", "--alias 'gpt-9=main'", "--any-model"}},
		{"/v1/messages", `{"model":"claude-9",` + hello + `}`, []string{`"type":"not_found_error"`, "ratesim serves claude-sonnet-4.5 here", "--alias 'claude-9=claude-sonnet-4.5'"}},
		{"/openai/deployments/chat/chat/completions", `{` + hello + `}`, []string{`"code":"DeploymentNotFound"`, "--provider of azure"}},
	} {
		w := ask(s, "POST", c.path, c.body)
		if w.Code != 404 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
		for _, want := range c.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: no %s in %s", c.path, want, w.Body)
			}
		}
	}
	if len(watched) > 0 {
		t.Errorf("%d requests are graded", len(watched))
	}
	if got, want := s.Unserved(), map[string]int64{"gpt-9": 1, "claude-9": 1, "chat": 1}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	config.AnyModel = true
	if w := ask(offer(t, config), "POST", "/v1/chat/completions", `{"model":"gpt-9",`+hello+`}`); w.Code != 200 || !strings.Contains(w.Body.String(), `"model":"gpt-9"`) {
		t.Errorf("any model: %d %s", w.Code, w.Body)
	}
	config.Aliases = map[string]string{"x": "nobody"}
	if _, err := mock.New(config); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("an alias of no deployment: %v", err)
	}
}

// Ever new names do not take ever more memory.
func TestManyUnserved(t *testing.T) {
	s := offer(t, mock.Config{}, all[0])
	for i := range 300 {
		ask(s, "POST", "/v1/chat/completions", `{"model":"`+strings.Repeat("x", i+1)+`",`+hello+`}`)
	}
	if n := s.Unserved(); len(n) > 101 || n["other names"] != 200 {
		t.Errorf("%d names, %d others", len(n), n["other names"])
	}
}
