package clients

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/sim/clock"
)

// bedrock returns a client of AWS's SDK and a mock of these deployments. The SDK waits a
// millisecond before a retry.
func bedrock(t *testing.T, deployments ...mock.Deployment) (*bedrockruntime.Client, *mock.Server) {
	s, err := mock.New(mock.Config{Deployments: deployments, Seed: 3}) // of which every stream that fails has begun
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: &http.Client{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		}),
	}), s
}

// streamed is what a client reads of a stream.
type streamed struct {
	text          string
	begun         bool // it is a stream, and not an error in place of one
	stopped       bool // messageStop came
	output, total int32
	err           error
}

func converse(ctx context.Context, client *bedrockruntime.Client, model string, maxTokens int32) (s streamed) {
	answer, err := client.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: &model, Messages: hello(),
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: &maxTokens}})
	if err != nil {
		return streamed{err: err}
	}
	s.begun = true
	stream := answer.GetStream()
	defer stream.Close()
	for event := range stream.Events() {
		switch e := event.(type) {
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			if delta, ok := e.Value.Delta.(*types.ContentBlockDeltaMemberText); ok {
				s.text += delta.Value
			}
		case *types.ConverseStreamOutputMemberMessageStop:
			s.stopped = true
		case *types.ConverseStreamOutputMemberMetadata:
			s.output, s.total = *e.Value.Usage.OutputTokens, *e.Value.Usage.TotalTokens
		}
	}
	s.err = stream.Err()
	return s
}

func hello() []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "hello"}}}}
}

func TestBedrock(t *testing.T) {
	client, _ := bedrock(t, mock.Deployment{Config: provider.Config{Vendor: "bedrock", Model: "fine", RPM: 1000}})
	answer, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String("fine"), Messages: hello(),
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(5)}})
	if err != nil {
		t.Fatal(err)
	}
	message, _ := answer.Output.(*types.ConverseOutputMemberMessage)
	text, _ := message.Value.Content[0].(*types.ContentBlockMemberText)
	if text.Value != "Word word word word word" || *answer.Usage.TotalTokens != 7 || answer.StopReason != types.StopReasonMaxTokens {
		t.Errorf("%q, %+v", text.Value, answer)
	}
	if s := converse(t.Context(), client, "fine", 5); s != (streamed{text: text.Value, begun: true, stopped: true, output: 5, total: 7}) {
		t.Errorf("stream: %+v", s)
	}
	_, err = client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String("none"), Messages: hello()})
	if _, ok := errors.AsType[*types.ValidationException](err); !ok {
		t.Errorf("a model that is not served: %v", err)
	}
}

// AWS's SDK tries refusals before a stream three times, and no stream that has begun. A stream
// whose connection is closed ends without an error for it: only messageStop tells that it is complete.
func TestBedrockBroken(t *testing.T) {
	cases := []struct {
		name     string
		fault    provider.Fault
		attempts int64
		want     string // what the error says, or its code; empty = there is none
	}{
		{"internal", provider.Fault{Kind: provider.MidStream, Status: 500}, 1, "InternalServerException"},
		{"unavailable", provider.Fault{Kind: provider.MidStream, Status: 503}, 1, "ServiceUnavailableException"},
		{"stream-error", provider.Fault{Kind: provider.MidStream, Status: 502}, 1, "ModelStreamErrorException"},
		{"closed", provider.Fault{Kind: provider.Reset, After: 200}, 1, ""},
		{"in-prelude", provider.Fault{Kind: provider.Reset, After: 5}, 1, ""},
		{"tcp-reset", provider.Fault{Kind: provider.Reset, How: provider.ResetsTCP, After: 200}, 1, "connection reset by peer"},
		{"random-bytes", provider.Fault{Kind: provider.Garbled}, 1, "checksum"},
		{"refused", provider.Fault{Kind: provider.Errors, Status: 429}, 3, "ThrottlingException"},
		{"down", provider.Fault{Kind: provider.Errors, Status: 503}, 3, "ServiceUnavailableException"},
	}
	var deployments []mock.Deployment
	for _, c := range cases {
		c.fault.Rate, c.fault.Until = 1, clock.Never
		deployments = append(deployments, mock.Deployment{Config: provider.Config{Vendor: "bedrock", Model: c.name, RPM: 1000,
			Faults: []provider.Fault{c.fault}}})
	}
	client, s := bedrock(t, deployments...)
	for _, c := range cases {
		got := converse(t.Context(), client, c.name, bound)
		said, code := "", ""
		if got.err != nil {
			said = got.err.Error()
		}
		if failure, ok := errors.AsType[smithy.APIError](got.err); ok {
			code = failure.ErrorCode()
		}
		fine := code == c.want || code == "" && c.want != "" && strings.Contains(said, c.want)
		if n := attemptsOf(s, c.name); n != c.attempts || !fine || got.stopped || got.begun != (c.attempts == 1) {
			t.Errorf("%s: %d attempts, want %d that end with %q: %+v", c.name, n, c.attempts, c.want, got)
		}
	}
}

func attemptsOf(s *mock.Server, model string) int64 {
	for _, a := range s.State().Accounts {
		for _, d := range a.Deployments {
			if d.Name == model {
				return d.Attempts
			}
		}
	}
	return 0
}
