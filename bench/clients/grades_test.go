package clients

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/provider/script"
	"ratesim/provider/wire"
)

// graded is a mock whose scripts let calls wait, fail for ever or fail for money, by their
// prompts.
func graded(t *testing.T) (url string, watcher *conformance.Watcher) {
	watcher = conformance.New(1, nil)
	var mu sync.Mutex
	when := func(prompt string, replies ...script.Reply) script.Script {
		return script.Script{Matches: true, Match: script.Match{Contains: prompt}, Replies: replies}
	}
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: provider.Config{Vendor: "openai", Model: "gpt-4o"}},
		{Config: provider.Config{Vendor: "anthropic", Model: "claude-sonnet-4.5"}}},
		Scripts: []script.Script{
			when("wait", script.Reply{Status: 429, Wait: script.Wait{Form: script.Seconds, For: time.Second}}, script.Reply{Status: 200}),
			when("down", script.Reply{Status: 503, Times: 10}),
			when("unpaid", script.Reply{Status: 429, Limit: wire.Billing, Times: 10}),
		},
		Watch: func(e conformance.Event) {
			mu.Lock()
			defer mu.Unlock()
			watcher.Observe(e)
		}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL, watcher
}

// Every cell of the grades of the SDKs at their defaults. They wait as they are asked to, all
// at the same time, and make three attempts. They do not know that no credit is no reason to
// try again.
func TestGrades(t *testing.T) {
	openAI := func(url string) func(context.Context, string) error {
		client := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey("sk-test"))
		return func(ctx context.Context, prompt string) error {
			_, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "gpt-4o", MaxCompletionTokens: openai.Int(5),
				Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)}})
			return err
		}
	}
	claude := func(url string) func(context.Context, string) error {
		client := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey("sk-test"))
		return func(ctx context.Context, prompt string) error {
			_, err := client.Messages.New(ctx, anthropic.MessageNewParams{Model: "claude-sonnet-4-5", MaxTokens: 5,
				Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))}})
			return err
		}
	}
	for _, tt := range []struct {
		name    string
		client  func(url string) func(context.Context, string) error
		prompts string // one call each, all at once
		want    map[string]string
	}{
		{"openai", openAI, "hello hello hello", map[string]string{}},
		{"anthropic", claude, "hello hello hello", map[string]string{}},
		{"openai", openAI, "wait down unpaid", map[string]string{"retry-after": "pass 0/1", "amplification": "pass 0/1", "hopeless": "fail 2/3"}},
		{"anthropic", claude, "wait down unpaid", map[string]string{"retry-after": "pass 0/1", "amplification": "pass 0/1", "hopeless": "fail 2/3"}},
		{"openai", openAI, strings.Repeat("wait ", 40), map[string]string{"retry-after": "pass 0/40", "lockstep": "fail"}},
		{"anthropic", claude, strings.Repeat("wait ", 40), map[string]string{"retry-after": "pass 0/40", "lockstep": "fail"}},
	} {
		t.Run(fmt.Sprintf("%s %.20s", tt.name, tt.prompts), func(t *testing.T) {
			t.Parallel() // most of the time is spent waiting
			url, watcher := graded(t)
			ask := tt.client(url)
			var all sync.WaitGroup
			for _, prompt := range strings.Fields(tt.prompts) {
				all.Go(func() {
					if err := ask(t.Context(), prompt); (err != nil) != (prompt == "down" || prompt == "unpaid") {
						t.Errorf("%s: %v", prompt, err)
					}
				})
			}
			all.Wait()
			if diff := cmp.Diff(tt.want, cells(watcher)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A client that makes its own attempts is known by the connection and the body.
func TestGradesOfRawClient(t *testing.T) {
	url, watcher := graded(t)
	for _, want := range []int{429, 200} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions",
			strings.NewReader(`{"model":"gpt-4o","messages":[{"role":"user","content":"wait"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer sk-test")
		w, err := http.DefaultClient.Do(r)
		if err != nil || w.StatusCode != want {
			t.Fatalf("%v, %v, want %d", w, err, want)
		}
		var body strings.Builder
		if err := w.Write(&body); err != nil { // to its end, so that the connection is used again
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"retry-after": "fail 1/1"}, cells(watcher)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// cells are the levels of the rules that are not untested, and how many cases were bad of
// how many. Of pairs of retries there are more or less by chance.
func cells(w *conformance.Watcher) map[string]string {
	got := map[string]string{}
	for _, g := range w.Report(conformance.Policy{}).Keys {
		for _, f := range g.Findings {
			switch {
			case f.Level == conformance.Untested:
			case f.Name == "lockstep":
				got[f.Name] = f.Level.String()
			default:
				got[f.Name] = fmt.Sprintf("%v %d/%d", f.Level, f.Bad, f.Of)
			}
		}
	}
	return got
}
