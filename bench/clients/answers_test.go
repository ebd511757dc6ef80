package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"ratesim/provider"
	"ratesim/provider/mock"
)

// said lists what the SDK reads in an answer: the text of each choice, and the calls of tools
// as "name arguments". Filler is left out, for its length differs from request to request.
func said(list []string, text string) []string {
	if text == "" || strings.HasPrefix(text, "Word") {
		return list
	}
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(text)) == nil {
		text = compact.String()
	}
	return append(list, text)
}

func chatSaid(c *openai.ChatCompletion, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	var list []string
	for _, x := range c.Choices {
		list = said(list, x.Message.Content)
		for _, call := range x.Message.ToolCalls {
			list = append(said(list, call.Function.Arguments), call.Function.Name)
		}
	}
	return list, nil
}

func responseSaid(r *responses.Response, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	list := said(nil, r.OutputText())
	for _, item := range r.Output {
		if item.Type == "function_call" {
			list = append(said(list, item.AsFunctionCall().Arguments), item.Name)
		}
	}
	return list, nil
}

func messageSaid(m *anthropic.Message, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	var list []string
	for _, b := range m.Content {
		switch b := b.AsAny().(type) {
		case anthropic.TextBlock:
			list = said(list, b.Text)
		case anthropic.ToolUseBlock:
			list = append(said(list, string(b.Input)), b.Name)
		}
	}
	return list, nil
}

// resend sends a recorded request with the SDK for its API.
func resend(t *testing.T, url, api string, body []byte, stream bool) ([]string, error) {
	oa := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey("sk-test"), option.WithMaxRetries(0))
	claude := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey("sk-test"), anthropicoption.WithMaxRetries(0))
	recorded, ofClaude := option.WithRequestBody("application/json", body), anthropicoption.WithRequestBody("application/json", body)
	switch {
	case api == "chat" && !stream:
		return chatSaid(oa.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{}, recorded))
	case api == "chat":
		s := oa.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{}, recorded)
		var whole openai.ChatCompletionAccumulator
		for s.Next() {
			if !whole.AddChunk(s.Current()) {
				return nil, fmt.Errorf("a chunk does not fit: %s", s.Current().RawJSON())
			}
		}
		return chatSaid(&whole.ChatCompletion, s.Err())
	case api == "responses" && !stream:
		return responseSaid(oa.Responses.New(t.Context(), responses.ResponseNewParams{}, recorded))
	case api == "responses":
		s := oa.Responses.NewStreaming(t.Context(), responses.ResponseNewParams{}, recorded)
		var last responses.Response
		pieces := ""
		for s.Next() {
			switch event := s.Current().AsAny().(type) {
			case responses.ResponseTextDeltaEvent:
				pieces += event.Delta
			case responses.ResponseCompletedEvent:
				last = event.Response
			case responses.ResponseIncompleteEvent:
				last = event.Response
			}
		}
		if s.Err() == nil && pieces != last.OutputText() {
			return nil, fmt.Errorf("the pieces are %q, the whole is %q", pieces, last.OutputText())
		}
		return responseSaid(&last, s.Err())
	case !stream:
		return messageSaid(claude.Messages.New(t.Context(), anthropic.MessageNewParams{}, ofClaude))
	}
	s := claude.Messages.NewStreaming(t.Context(), anthropic.MessageNewParams{}, ofClaude)
	var whole anthropic.Message
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			return nil, err
		}
	}
	return messageSaid(&whole, s.Err())
}

// The SDKs for Go read the answers to the recorded requests, in one piece and streamed, and
// both say the same. Whether it is what the request asks for is tested in provider/mock.
func TestRecordedRequests(t *testing.T) {
	config := mock.Config{AnyModel: true}
	for _, name := range []string{"openai/gpt-4o", "openai/gpt-5", "anthropic/claude-sonnet-4.5", "mistral/mistral-large", "groq/llama-3.3-70b-versatile"} {
		vendor, model, _ := strings.Cut(name, "/")
		config.Deployments = append(config.Deployments, mock.Deployment{Config: provider.Config{Name: name, Vendor: vendor, Model: model}})
	}
	s, err := mock.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	data, err := os.ReadFile("../../provider/mock/testdata/requests.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]int{}
	for line := range bytes.Lines(data) {
		var r struct {
			From, API, Path string
			Body            map[string]any
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.Path, "/v1/") || r.API != "chat" && r.API != "responses" && r.API != "messages" {
			continue
		}
		sent[r.API]++
		var read [2][]string
		for i := range read {
			r.Body["stream"] = i == 1
			body, err := json.Marshal(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if read[i], err = resend(t, server.URL, r.API, body, i == 1); err != nil {
				t.Errorf("%s: %v\n%s", r.From, err, body)
			}
		}
		if !reflect.DeepEqual(read[0], read[1]) {
			t.Errorf("%s: in one piece %q, streamed %q", r.From, read[0], read[1])
		}
	}
	if sent["chat"] < 60 || sent["responses"] < 50 || sent["messages"] < 50 {
		t.Errorf("sent %v", sent)
	}
}

// Converse streams the call of a tool in the events that AWS's SDK reads, and says what it
// says in one piece.
func TestConverseTools(t *testing.T) {
	client, _ := bedrock(t, mock.Deployment{Config: provider.Config{Name: "claude-sonnet-4.5", Vendor: "bedrock", Model: "claude-sonnet-4.5"}})
	schema := document.NewLazyDocument(map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"enum": []string{"Lima"}}}, "required": []string{"city"}})
	tools := &types.ToolConfiguration{ToolChoice: &types.ToolChoiceMemberAny{},
		Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{Name: aws.String("weather"), InputSchema: &types.ToolInputSchemaMemberJson{Value: schema}}}}}
	want := []string{"weather", `{"city":"Lima"}`, "tool_use"}
	whole, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String("claude-sonnet-4.5"), Messages: hello(), ToolConfig: tools})
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range whole.Output.(*types.ConverseOutputMemberMessage).Value.Content {
		use := block.(*types.ContentBlockMemberToolUse).Value
		input, err := use.Input.MarshalSmithyDocument()
		if got := []string{*use.Name, string(input), string(whole.StopReason)}; err != nil || !slices.Equal(got, want) {
			t.Errorf("in one piece %q, %v", got, err)
		}
	}
	answer, err := client.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String("claude-sonnet-4.5"), Messages: hello(), ToolConfig: tools})
	if err != nil {
		t.Fatal(err)
	}
	stream := answer.GetStream()
	defer stream.Close()
	got := make([]string, 3)
	for event := range stream.Events() {
		switch e := event.(type) {
		case *types.ConverseStreamOutputMemberContentBlockStart:
			got[0] += *e.Value.Start.(*types.ContentBlockStartMemberToolUse).Value.Name
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			got[1] += *e.Value.Delta.(*types.ContentBlockDeltaMemberToolUse).Value.Input
		case *types.ConverseStreamOutputMemberMessageStop:
			got[2] += string(e.Value.StopReason)
		}
	}
	if stream.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("streamed %q, %v", got, stream.Err())
	}
}
