package clients

import (
	"errors"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
)

// The names that the SDKs' users write are served, and replies name the model as the
// vendors do. Azure's deployments are mapped with an alias.
func TestNames(t *testing.T) {
	watcher := conformance.New(1, nil)
	var mu sync.Mutex
	s, err := mock.New(mock.Config{Aliases: map[string]string{"prod-chat": "gpt-4.1"}, Deployments: []mock.Deployment{
		{Config: provider.Config{Vendor: "openai", Model: "gpt-4o"}},
		{Config: provider.Config{Vendor: "azure", Model: "gpt-4.1"}},
		{Config: provider.Config{Vendor: "anthropic", Model: "claude-sonnet-4.5"}},
	}, Watch: func(e conformance.Event) {
		mu.Lock()
		defer mu.Unlock()
		watcher.Observe(e)
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	ctx := t.Context()

	client := openai.NewClient(option.WithBaseURL(server.URL+"/v1"), option.WithAPIKey("sk-test"))
	azure := openai.NewClient(option.WithBaseURL(server.URL+"/openai/deployments/prod-chat"), option.WithAPIKey("sk-test"), option.WithQuery("api-version", "2024-10-21"))
	for _, c := range []struct {
		client *openai.Client
		model  string
		want   string
	}{
		{&client, "gpt-4o", "gpt-4o-2024-08-06"},
		{&client, "gpt-4o-2024-08-06", "gpt-4o-2024-08-06"},
		{&client, "gpt-4o-2024-11-20", "gpt-4o-2024-11-20"},
		{&azure, "prod-chat", "gpt-4.1-2025-04-14"},
	} {
		if answer, err := c.client.Chat.Completions.New(ctx, ask(c.model)); err != nil || answer.Model != c.want {
			t.Errorf("%s: %v, %+v, want %s", c.model, err, answer, c.want)
		}
	}
	claude := anthropic.NewClient(anthropicoption.WithBaseURL(server.URL), anthropicoption.WithAPIKey("sk-test"))
	params := anthropic.MessageNewParams{MaxTokens: 5, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))}}
	for _, model := range []anthropic.Model{"claude-sonnet-4-5", "claude-sonnet-4-5-20250929"} {
		params.Model = model
		if answer, err := claude.Messages.New(ctx, params); err != nil || answer.Model != "claude-sonnet-4-5-20250929" {
			t.Errorf("%s: %v, %+v", model, err, answer)
		}
	}

	for range 3 { // as often as a client tries whose model is not served
		_, err = client.Chat.Completions.New(ctx, ask("gpt-9"))
		if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != 404 || e.Code != "model_not_found" {
			t.Errorf("gpt-9: %v", err)
		}
		params.Model = "claude-9"
		_, err = claude.Messages.New(ctx, params)
		if e, ok := errors.AsType[*anthropic.Error](err); !ok || e.StatusCode != 404 {
			t.Errorf("claude-9: %v", err)
		}
	}
	if r := watcher.Report(conformance.Policy{}); r.Level != conformance.Untested || r.Keys[0].Attempts != 6 {
		t.Errorf("a name that is not served is held against the client: %+v", r)
	}
}
