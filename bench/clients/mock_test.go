package clients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
)

// vendors is a mock of both vendors, whose minute lasts a second.
type vendors struct {
	url      string
	attempts atomic.Int64
	mu       sync.Mutex
	watcher  *conformance.Watcher
	begun    atomic.Int64 // when the test made its last call
	longest  atomic.Int64 // that a call took to come to the mock
}

func start(t *testing.T) *vendors {
	const speed = 60
	v := &vendors{watcher: conformance.New(speed, nil)}
	unpaid := []provider.Fault{{Kind: provider.Unpaid, Until: clock.Never}}
	s, err := mock.New(mock.Config{Speed: speed, Deployments: []mock.Deployment{
		{Config: provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 1000}},
		{Config: provider.Config{Vendor: "openai", Model: "text-embedding-3-small", RPM: 1000}},
		{Config: provider.Config{Vendor: "openai", Model: "scarce", RPM: 1}},
		{Config: provider.Config{Vendor: "openai", Model: "unpaid", RPM: 1000, Faults: unpaid}},
		{Config: provider.Config{Vendor: "anthropic", Model: "claude", RPM: 1000}},
		{Config: provider.Config{Vendor: "anthropic", Model: "scarce", RPM: 1}},
	}, Watch: func(e conformance.Event) {
		v.attempts.Add(1)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.watcher.Observe(e)
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if took := time.Now().UnixNano() - v.begun.Load(); v.begun.Load() != 0 && took > v.longest.Load() {
			v.longest.Store(took)
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	v.url = server.URL
	return v
}

func ask(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, MaxCompletionTokens: openai.Int(5),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")}}
}

func TestOpenAI(t *testing.T) {
	v := start(t)
	ctx := t.Context()
	client := openai.NewClient(option.WithBaseURL(v.url+"/v1"), option.WithAPIKey("sk-test"))

	models, err := client.Models.List(ctx)
	if err != nil || len(models.Data) != 4 || models.Data[0].ID != "gpt-4o" {
		t.Errorf("models: %v, %+v", err, models)
	}
	answer, err := client.Chat.Completions.New(ctx, ask("gpt-4o"))
	if err != nil || answer.Choices[0].Message.Content != "Word word word word word" || answer.Usage.CompletionTokens != 5 || answer.Choices[0].FinishReason != "length" {
		t.Errorf("chat: %v, %+v", err, answer)
	}
	params := ask("gpt-4o")
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	var whole openai.ChatCompletionAccumulator
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil || whole.Choices[0].Message.Content != answer.Choices[0].Message.Content || whole.Usage.CompletionTokens != 5 {
		t.Errorf("stream: %v, %+v", err, whole.ChatCompletion)
	}
	list, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: "text-embedding-3-small",
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}})
	if err != nil || len(list.Data) != 2 || len(list.Data[1].Embedding) != 1536 {
		t.Errorf("embeddings: %v", err)
	}
	batch(t, &client)
}

// batch has two requests worked through.
func batch(t *testing.T, client *openai.Client) {
	ctx := t.Context()
	line := `{"custom_id":"ID","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}}` + "\n"
	file, err := client.Files.New(ctx, openai.FileNewParams{Purpose: openai.FilePurposeBatch,
		File: openai.File(strings.NewReader(strings.Replace(line, "ID", "a", 1)+strings.Replace(line, "ID", "b", 1)), "in.jsonl", "application/jsonl")})
	if err != nil {
		t.Fatal(err)
	}
	job, err := client.Batches.New(ctx, openai.BatchNewParams{InputFileID: file.ID,
		Endpoint: openai.BatchNewParamsEndpointV1ChatCompletions, CompletionWindow: openai.BatchNewParamsCompletionWindow24h})
	for begin := time.Now(); err == nil && job.Status != openai.BatchStatusCompleted && time.Since(begin) < 10*time.Second; time.Sleep(20 * time.Millisecond) {
		job, err = client.Batches.Get(ctx, job.ID)
	}
	if err != nil || job.RequestCounts.Completed != 2 {
		t.Fatalf("batch: %v, %+v", err, job)
	}
	answers, err := client.Files.Content(ctx, job.OutputFileID)
	if err != nil {
		t.Fatal(err)
	}
	defer answers.Body.Close()
	if text, err := io.ReadAll(answers.Body); err != nil || strings.Count(string(text), `"status_code":200`) != 2 || !strings.Contains(string(text), `"custom_id":"b"`) {
		t.Errorf("batch: %v, %s", err, text)
	}
}

func TestAnthropic(t *testing.T) {
	v := start(t)
	ctx := t.Context()
	client := anthropic.NewClient(anthropicoption.WithBaseURL(v.url), anthropicoption.WithAPIKey("sk-test"))
	params := anthropic.MessageNewParams{Model: "claude", MaxTokens: 5,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))}}
	answer, err := client.Messages.New(ctx, params)
	if err != nil || answer.Content[0].Text != "Word word word word word" || answer.Usage.OutputTokens != 5 || answer.StopReason != "max_tokens" {
		t.Errorf("message: %v, %+v", err, answer)
	}
	stream := client.Messages.NewStreaming(ctx, params)
	var whole anthropic.Message
	for stream.Next() {
		if err := whole.Accumulate(stream.Current()); err != nil {
			t.Error(err)
		}
	}
	if err := stream.Err(); err != nil || whole.Content[0].Text != answer.Content[0].Text || whole.Usage.OutputTokens != 5 {
		t.Errorf("stream: %v, %+v", err, whole)
	}
	count, err := client.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{Model: "claude", Messages: params.Messages})
	if err != nil || count.InputTokens != 2 {
		t.Errorf("count: %v, %+v", err, count)
	}
	models, err := client.Models.List(ctx, anthropic.ModelListParams{})
	if err != nil || len(models.Data) != 2 || models.Data[0].ID != "claude" || models.Data[0].DisplayName != "claude" {
		t.Errorf("models: %v, %+v", err, models)
	}
	params.Model = "scarce"
	v.scarce(t, func() error { _, err := client.Messages.New(ctx, params); return err })
}

// scarce asks twice what may be asked once in a while: the second is refused, and
// comes back when it was told to.
func (v *vendors) scarce(t *testing.T, ask func() error) {
	before := v.attempts.Load()
	for range 2 {
		if err := ask(); err != nil {
			t.Error(err)
		}
	}
	if n := v.attempts.Load() - before; n != 3 {
		t.Errorf("%d attempts, want 3: one is refused", n)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, g := range v.watcher.Report(conformance.Policy{}).Keys {
		for _, f := range g.Findings {
			if f.Name == "retry-after" && (f.Of != 1 || f.Level != conformance.Pass) {
				t.Errorf("%+v", f)
			}
		}
	}
}

func TestOpenAIRefused(t *testing.T) {
	v := start(t)
	ctx := t.Context()
	client := openai.NewClient(option.WithBaseURL(v.url+"/v1"), option.WithAPIKey("sk-test"))
	v.scarce(t, func() error { _, err := client.Chat.Completions.New(ctx, ask("scarce")); return err })
	before := v.attempts.Load()
	_, err := client.Chat.Completions.New(ctx, ask("unpaid"))
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != 429 || e.Code != "insufficient_quota" {
		t.Errorf("unpaid: %v", err)
	}
	// The SDK does not know that this is hopeless.
	if n := v.attempts.Load() - before; n != 3 {
		t.Errorf("%d attempts, want 3", n)
	}
}

// A strategy in the SDK's transport reads that no request is left and waits, so that
// none is refused, and gives up at once when there is no credit. It counts the wait from when
// it sent the attempt. A minute lasts a second here, so a machine that pauses for longer than
// the strategy's slack between sending and receiving makes the next attempt too early: only
// then the test is tried again.
func TestLive(t *testing.T) {
	const slack = 50 * time.Millisecond
	for range 3 {
		problems, longest := liveAttempts(t)
		if problems == nil {
			return
		}
		if longest < slack {
			t.Fatal(problems)
		}
		t.Logf("a call took %v to come to the mock: %v", longest, problems)
	}
	t.Error("the machine paused in each of three tries")
}

// liveAttempts makes calls of a client with a strategy. It returns what is not as it should be,
// and how long the first attempt of a call took at most to come to the mock.
func liveAttempts(t *testing.T) (problems []string, longest time.Duration) {
	v := start(t)
	entry, ok := catalog.Find("header-aware")
	if !ok {
		t.Fatal("no such strategy")
	}
	env := strategies.Env{Key: rng.New(1, 0), Deployments: []strategies.Deployment{{Name: "main"}}}
	factory, wrong := entry.Build(nil, env)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	transport := live.New(factory(env), live.Options{})
	defer func() {
		if err := transport.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	client := openai.NewClient(option.WithBaseURL(v.url+"/v1"), option.WithAPIKey("sk-test"),
		option.WithHTTPClient(&http.Client{Transport: transport}), option.WithMaxRetries(0))
	for _, c := range []struct {
		model    string
		calls    int
		attempts int64
	}{{"unpaid", 1, 1}, {"scarce", 2, 2}} {
		before := v.attempts.Load()
		for n := range c.calls {
			if v.begun.Store(0); n == 0 { // the second call waits before it is sent
				v.begun.Store(time.Now().UnixNano())
			}
			_, err := client.Chat.Completions.New(t.Context(), ask(c.model))
			if (err == nil) != (c.model == "scarce") {
				problems = append(problems, fmt.Sprintf("%s: %v", c.model, err))
			}
		}
		if n := v.attempts.Load() - before; n != c.attempts {
			problems = append(problems, fmt.Sprintf("%s: %d attempts, want %d", c.model, n, c.attempts))
		}
	}
	return problems, time.Duration(v.longest.Load())
}
