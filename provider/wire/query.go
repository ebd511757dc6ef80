package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
)

// Query is what a provider reads in a request to a model, whichever vendor's
// it is.
type Query struct {
	Model        string // empty where it stands in the path
	MaxTokens    uint32 // 0 = none declared
	Stream       bool
	IncludeUsage bool   // stream_options.include_usage
	Text         string // of the prompt, all pieces of it
	Messages     int    // of a chat
	Inputs       int    // to embed
}

// body is the part of a request that matters here.
type body struct {
	Model         string            `json:"model"`
	MaxTokens     *float64          `json:"max_tokens"`
	MaxCompletion *float64          `json:"max_completion_tokens"`
	MaxOutput     *float64          `json:"max_output_tokens"`
	Stream        bool              `json:"stream"`
	Messages      []json.RawMessage `json:"messages"`
	Contents      []json.RawMessage `json:"contents"`
	Input         json.RawMessage   `json:"input"`
	Options       struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Generation struct {
		MaxOutput *float64 `json:"maxOutputTokens"`
	} `json:"generationConfig"`
	Inference struct {
		MaxTokens *float64 `json:"maxTokens"`
	} `json:"inferenceConfig"`
}

// ParseQuery reads the body of a request to a model. Its errors are what a
// vendor says with a 400: no JSON, a field of a wrong type, a bound on the output
// that is no positive whole number of 32 bits, nothing to answer.
func ParseQuery(data []byte, r *Query) error {
	var b body
	if err := json.Unmarshal(data, &b); err != nil {
		var field *json.UnmarshalTypeError
		if errors.As(err, &field) && field.Field != "" {
			return fmt.Errorf("invalid type for '%s': got %s", field.Field, field.Value)
		}
		return errors.New("we could not parse the JSON body of your request")
	}
	*r = Query{Model: b.Model, Stream: b.Stream, IncludeUsage: b.Options.IncludeUsage, Messages: len(b.Messages) + len(b.Contents)}
	for _, n := range [...]*float64{b.MaxTokens, b.MaxCompletion, b.MaxOutput, b.Generation.MaxOutput, b.Inference.MaxTokens} {
		if n == nil {
			continue
		}
		if *n < 1 || *n > math.MaxUint32 || *n != math.Trunc(*n) {
			return fmt.Errorf("invalid value for the maximum of output tokens: %v, expected a whole number from 1 to %d", *n, uint32(math.MaxUint32))
		}
		r.MaxTokens = uint32(*n)
	}
	if len(b.Input) > 0 {
		r.Inputs = 1
		var list []json.RawMessage
		if json.Unmarshal(b.Input, &list) == nil {
			r.Inputs = len(list)
		}
	}
	if r.Messages == 0 && r.Inputs == 0 {
		return errors.New("missing required parameter: 'messages', 'contents' or 'input'")
	}
	var text strings.Builder
	Scan(data, func(s []byte) {
		if bytes.IndexByte(s, '\\') < 0 {
			text.Write(s)
			return
		}
		var plain string
		if json.Unmarshal([]byte(`"`+string(s)+`"`), &plain) == nil {
			text.WriteString(plain)
		}
	})
	r.Text = text.String()
	return nil
}

// Chat returns a request for a completion in the vendor's form, to a server
// that holds the deployment of that name.
func (d Dialect) Chat(deployment, text string, maxTokens uint32) (path string, data []byte) {
	quoted, _ := json.Marshal(text)
	name, _ := json.Marshal(deployment)
	bound := func(field string) string {
		if maxTokens == 0 {
			return ""
		}
		return fmt.Sprintf(`,"%s":%d`, field, maxTokens)
	}
	switch d.Vendor {
	case "azure":
		return "/openai/deployments/" + deployment + "/chat/completions?api-version=2024-10-21",
			fmt.Appendf(nil, `{"messages":[{"role":"user","content":%s}]%s}`, quoted, bound("max_tokens"))
	case "anthropic":
		return "/v1/messages", fmt.Appendf(nil, `{"model":%s,"messages":[{"role":"user","content":%s}]%s}`, name, quoted, bound("max_tokens"))
	case "gemini":
		return "/v1beta/models/" + deployment + ":generateContent", fmt.Appendf(nil,
			`{"contents":[{"role":"user","parts":[{"text":%s}]}],"generationConfig":{%s}}`, quoted, strings.TrimPrefix(bound("maxOutputTokens"), ","))
	case "bedrock":
		return "/model/" + deployment + "/converse", fmt.Appendf(nil,
			`{"messages":[{"role":"user","content":[{"text":%s}]}],"inferenceConfig":{%s}}`, quoted, strings.TrimPrefix(bound("maxTokens"), ","))
	case "groq":
		path = "/openai"
	}
	return path + "/v1/chat/completions", fmt.Appendf(nil, `{"model":%s,"messages":[{"role":"user","content":%s}]%s}`, name, quoted, bound("max_tokens"))
}

// Authorize sets the header that carries an API key.
func (d Dialect) Authorize(h http.Header, key string) {
	switch d.Vendor {
	case "azure":
		h.Set("api-key", key)
	case "anthropic":
		h.Set("x-api-key", key)
	case "gemini":
		h.Set("x-goog-api-key", key)
	default:
		h.Set("Authorization", "Bearer "+key)
	}
}
