package wire

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// API is a kind of request that servers take, and of the answer to it.
type API uint8

// The kinds of requests.
const (
	Chat           API = iota // OpenAI's chat completions, which many vendors have copied
	Responses                 // OpenAI's responses
	Embeddings                // OpenAI's
	Files                     // OpenAI's files and batches: all paths below the route's
	Models                    // OpenAI's list of models
	Messages                  // Anthropic's
	CountMessages             // Anthropic's count of the tokens of a message
	MessageModels             // Anthropic's list of models
	Generate                  // Gemini's, whose path ends in a verb: generateContent, embedContent, countTokens
	GenerateModels            // Gemini's list of models
	Converse                  // Bedrock's
	ConverseStream            // Bedrock's, streamed
)

// Route is where a vendor takes requests of one kind. {model} stands for the model or
// deployment, which the body names otherwise.
type Route struct {
	API  API
	Path string
}

// likeOpenAI returns the routes of a vendor that has OpenAI's APIs below prefix.
func likeOpenAI(prefix string) []Route {
	return []Route{{Chat, prefix + "/chat/completions"}, {Responses, prefix + "/responses"}, {Embeddings, prefix + "/embeddings"},
		{Files, prefix}, {Models, prefix + "/models"}}
}

// Path returns where the vendor takes requests for a completion, streamed or not, on a
// server that holds the deployment of that name.
func (d *Dialect) Path(deployment string, streamed bool) string {
	path := d.path
	if streamed {
		path = cmp.Or(d.streamPath, path)
	}
	return strings.Replace(path, "{model}", url.PathEscape(deployment), 1)
}

// Chat returns a request for a completion in the vendor's form; a stream is to tell the
// usage.
func (d *Dialect) Chat(deployment, text string, maxTokens uint32, streamed bool) []byte {
	b := make([]byte, 0, len(text)+len(deployment)+128)
	return d.ask(b, deployment, text, maxTokens, streamed)
}

// Authorize sets the header that carries an API key.
func (d *Dialect) Authorize(h http.Header, key string) {
	if d.Key != "" {
		h[d.Key] = []string{key}
		return
	}
	h.Set("Authorization", "Bearer "+key)
}

// chatRequest asks for a chat completion.
func chatRequest(b []byte, deployment, text string, maxTokens uint32, streamed bool) []byte {
	b = messageRequest(b, deployment, text, maxTokens)
	if streamed {
		b = append(b, `,"stream":true,"stream_options":{"include_usage":true}`...)
	}
	return append(b, '}')
}

// messagesRequest asks for Anthropic's message. Anthropic demands a bound on the output:
// without one it is 4096, its documentation's usual.
func messagesRequest(b []byte, deployment, text string, maxTokens uint32, streamed bool) []byte {
	b = messageRequest(b, deployment, text, cmp.Or(maxTokens, 4096))
	if streamed {
		b = append(b, `,"stream":true`...)
	}
	return append(b, '}')
}

func messageRequest(b []byte, deployment, text string, maxTokens uint32) []byte {
	b = append(appendString(append(b, `{"model":`...), deployment), `,"messages":[{"role":"user","content":`...)
	return appendBound(append(appendString(b, text), "}]"...), `,"max_tokens":`, maxTokens)
}

func generateRequest(b []byte, _, text string, maxTokens uint32, _ bool) []byte {
	b = appendString(append(b, `{"contents":[{"role":"user","parts":[{"text":`...), text)
	return append(appendBound(append(b, `}]}],"generationConfig":{`...), `"maxOutputTokens":`, maxTokens), "}}"...)
}

func converseRequest(b []byte, _, text string, maxTokens uint32, _ bool) []byte {
	b = appendString(append(b, `{"messages":[{"role":"user","content":[{"text":`...), text)
	return append(appendBound(append(b, `}]}],"inferenceConfig":{`...), `"maxTokens":`, maxTokens), "}}"...)
}

// appendBound appends the bound on the output, if there is one.
func appendBound(b []byte, field string, maxTokens uint32) []byte {
	if maxTokens == 0 {
		return b
	}
	return strconv.AppendUint(append(b, field...), uint64(maxTokens), 10)
}

// appendString appends s as JSON.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // cannot fail: a string
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
