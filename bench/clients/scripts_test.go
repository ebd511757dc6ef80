package clients

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/script"
)

// attemptsKey is the key of the statuses of a call's attempts in its context.
type attemptsKey struct{}

// statuses is a transport that notes them.
type statuses struct{ http.Transport }

func (s *statuses) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := s.Transport.RoundTrip(r)
	if list, ok := r.Context().Value(attemptsKey{}).(*[]int); ok && err == nil {
		*list = append(*list, w.StatusCode)
	}
	return w, err
}

// A sequence is played to each call of an SDK at its defaults, but for the number of
// retries. All clients have one key, and all calls one body. Only where a reply is given
// for a time each client has a prompt of its own: of two calls that are alike in all
// that SDKs send, nobody can say which began earlier.
func TestScripts(t *testing.T) {
	soon := script.Wait{Form: script.Millis, For: time.Millisecond}
	second := func(f script.Form) script.Wait { return script.Wait{Form: f, For: time.Second} }
	for _, kind := range []struct {
		name    string
		replies []script.Reply
		times   int
		stream  bool
		want    []int // nil: 503 until the time is over, and 200
		fails   bool
	}{
		{"429, 429, 200", []script.Reply{{Status: 429, Times: 2, Wait: soon}, {Status: 200}}, 1000, false, []int{429, 429, 200}, false},
		{"503, 429, 500, 200", []script.Reply{{Status: 503, Wait: soon}, {Status: 429, Wait: soon}, {Status: 500, Wait: soon}, {Status: 200}}, 1000, false, []int{503, 429, 500, 200}, false},
		{"503 for a time", []script.Reply{{Status: 503, For: 40 * time.Millisecond, Wait: script.Wait{Form: script.Millis, For: 15 * time.Millisecond}}, {Status: 200}}, 1000, false, nil, false},
		{"broken after 3 pieces", []script.Reply{{Status: 200, BreakAfter: 3}, {Status: 200}}, 1000, true, []int{200}, true},
		{"an error after 3 pieces", []script.Reply{{Status: 200, ErrorAfter: 3}, {Status: 200}}, 1000, true, []int{200}, true},
		{"not to be retried", []script.Reply{{Status: 500, Headers: map[string]string{"X-Should-Retry": "false"}}, {Status: 200}}, 1000, false, []int{500}, true},
		{"Retry-After in seconds", []script.Reply{{Status: 429, Wait: second(script.Seconds)}, {Status: 200}}, 32, false, []int{429, 200}, false},
		{"Retry-After as a date", []script.Reply{{Status: 429, Wait: second(script.Date)}, {Status: 200}}, 32, false, []int{429, 200}, false},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel() // most of the time is spent waiting
			s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: provider.Config{Vendor: "openai", Model: "gpt-4o"}},
				{Config: provider.Config{Vendor: "anthropic", Model: "claude-sonnet-4.5"}}}, Scripts: []script.Script{{Replies: kind.replies}}})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(s)
			defer server.Close()
			times := kind.times
			if testing.Short() {
				times = min(times, 40)
			}
			const clients = 8 // four of each SDK
			var all sync.WaitGroup
			for i := range clients {
				transport := &statuses{}
				defer transport.CloseIdleConnections()
				prompt := "hello"
				if kind.want == nil {
					prompt += fmt.Sprint(i)
				}
				call := caller(i%2 == 0, server.URL, prompt, transport)
				all.Go(func() {
					for n := range times / clients {
						var got []int
						begin := time.Now()
						pieces, err := call(context.WithValue(t.Context(), attemptsKey{}, &got), kind.stream)
						took := time.Since(begin)
						want := kind.want
						if want == nil && len(got) > 1 {
							want = append(slices.Repeat([]int{503}, len(got)-1), 200)
							if took < 40*time.Millisecond || took > 5*time.Second {
								t.Errorf("client %d, call %d: took %v", i, n, took)
							}
						}
						waits := len(kind.replies) == 2 && kind.replies[0].Wait.For == time.Second
						if !slices.Equal(got, want) || (err != nil) != kind.fails || kind.stream && pieces != 3 || waits && took < time.Second {
							t.Errorf("client %d, call %d: %v after %v, want %v; %d pieces, %v", i, n, got, took, want, pieces, err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// caller returns what makes a call of one SDK or the other, and returns how many pieces
// of text a stream has brought.
func caller(isOpenAI bool, url, prompt string, transport http.RoundTripper) func(ctx context.Context, stream bool) (pieces int, err error) {
	const retries = 20
	chat := openai.ChatCompletionNewParams{Model: "gpt-4o", MaxCompletionTokens: openai.Int(5), Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)}}
	h := &http.Client{Transport: transport}
	if isOpenAI {
		client := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey("sk-test"), option.WithHTTPClient(h), option.WithMaxRetries(retries))
		return func(ctx context.Context, stream bool) (pieces int, err error) {
			if !stream {
				_, err = client.Chat.Completions.New(ctx, chat)
				return 0, err
			}
			events := client.Chat.Completions.NewStreaming(ctx, chat)
			for events.Next() {
				if choices := events.Current().Choices; len(choices) > 0 && choices[0].Delta.Content != "" {
					pieces++
				}
			}
			return pieces, events.Err()
		}
	}
	client := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey("sk-test"), anthropicoption.WithHTTPClient(h), anthropicoption.WithMaxRetries(retries))
	params := anthropic.MessageNewParams{Model: "claude-sonnet-4-5", MaxTokens: 5, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))}}
	return func(ctx context.Context, stream bool) (pieces int, err error) {
		if !stream {
			_, err = client.Messages.New(ctx, params)
			return 0, err
		}
		events := client.Messages.NewStreaming(ctx, params)
		for events.Next() {
			if d := events.Current(); d.Type == "content_block_delta" && d.Delta.Text != "" {
				pieces++
			}
		}
		return pieces, events.Err()
	}
}

// The whole of it is played in the time that a test has.
func TestManyRetries(t *testing.T) {
	var wants []int
	replies := []script.Reply{}
	for i := range 5 {
		replies, wants = append(replies, script.Reply{Status: 500 + i, Wait: script.Wait{Form: script.Millis, For: time.Millisecond}}), append(wants, 500+i)
	}
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: provider.Config{Vendor: "openai", Model: "gpt-4o"}}}, Scripts: []script.Script{{Replies: replies}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	var got []int
	if _, err := caller(true, server.URL, "hello", &statuses{})(context.WithValue(t.Context(), attemptsKey{}, &got), false); err != nil || fmt.Sprint(got) != fmt.Sprint(append(wants, 200)) {
		t.Errorf("%v, %v", got, err)
	}
}
