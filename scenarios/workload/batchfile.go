package workload

import (
	"encoding/json"
	"strings"
	"time"

	tokenizer "ratesim/provider/tokens"
)

// openAIBatch reads the files that OpenAI's batch API takes: a request on each line, with its
// body. They have no times: all requests are there from the beginning. Prompts are counted
// by the model's tokens; how long the answers will be nobody knows, so that max_tokens is
// taken, which they cannot exceed.
type openAIBatch struct {
	*table
	count   *tokenizer.Counter
	at      *note
	unbound *note
	parts   *note
}

const (
	batchBody = iota
	batchID
)

func openOpenAIBatch(in *input) reader {
	b := &openAIBatch{table: openTable(in, true, 1, "body", "custom_id"), count: tokenizer.New(),
		at:      in.note("a batch has no times, tokens of prompts are counted here, and answers are taken to be as long as max_tokens allows"),
		unbound: in.note("declares no max_tokens, so nothing is known of its answer, which counts as nothing"),
		parts:   in.note("has parts that are not text, such as images or tools; their tokens are not counted")}
	in.times.kind = relative
	return b
}

// batchRequest is what is read of the bodies of all endpoints.
type batchRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Content json.RawMessage `json:"content"`
		Calls   json.RawMessage `json:"tool_calls"`
	} `json:"messages"`
	Input        json.RawMessage `json:"input"`  // of /v1/responses and /v1/embeddings
	Prompt       json.RawMessage `json:"prompt"` // of /v1/completions
	Instructions string          `json:"instructions"`
	Tools        json.RawMessage `json:"tools"`
	MaxTokens    int64           `json:"max_tokens"`
	MaxAnswer    int64           `json:"max_completion_tokens"`
	MaxOutput    int64           `json:"max_output_tokens"`
}

func (b *openAIBatch) next(it *item) bool {
	if !b.table.next(it) {
		return false
	}
	var r batchRequest
	if err := json.Unmarshal(b.rows.text(batchBody), &r); err != nil {
		return b.fail(batchBody, "body must be that of a request: %v", err)
	}
	if b.at.rows == 0 {
		b.at.add(it.Line)
	}
	n, odd := 0, len(r.Tools) > 0
	for i := range r.Messages {
		m := &r.Messages[i]
		n += b.text(r.Model, m.Content, &odd)
		odd = odd || len(m.Calls) > 0
	}
	if len(r.Messages) > 0 {
		n += tokenizer.Overhead(len(r.Messages))
	}
	n += b.text(r.Model, r.Input, &odd) + b.text(r.Model, r.Prompt, &odd) + b.count.Count(r.Model, r.Instructions)
	if odd {
		b.parts.add(it.Line)
	}
	it.Start = time.Unix(0, 0).UTC()
	it.Requests, it.Model, it.Prompt = 1, b.in.word([]byte(r.Model)), int64(n)
	it.MaxTokens = max(r.MaxTokens, r.MaxAnswer, r.MaxOutput)
	if it.MaxTokens < 0 || it.MaxTokens > b.most {
		return b.fail(batchBody, "max_tokens must be from 0 to %d, got %d", b.most, it.MaxTokens)
	}
	if it.Output = it.MaxTokens; it.Output == 0 && len(r.Messages) > 0 {
		b.unbound.add(it.Line)
	}
	if id := b.rows.text(batchID); len(id) > 0 {
		it.id = nameHash(string(id))
	}
	return true
}

// text counts the tokens of a text, of a list of texts, and of messages and parts that hold
// some. It notes whether there is something else.
func (b *openAIBatch) text(model string, raw json.RawMessage, odd *bool) int {
	if len(raw) == 0 {
		return 0
	}
	var s string
	if json.Unmarshal(raw, &s) == nil { // null too
		return b.count.Count(model, s)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		*odd = true
		return 0
	}
	n := 0
	for _, item := range list {
		if len(item) == 0 || item[0] != '{' {
			n += b.text(model, item, odd)
			continue
		}
		var part struct {
			Type    string          `json:"type"`
			Text    string          `json:"text"`
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		}
		if json.Unmarshal(item, &part) != nil || part.Role == "" && !strings.HasSuffix(part.Type, "text") {
			*odd = true
			continue
		}
		n += b.count.Count(model, part.Text) + b.text(model, part.Content, odd)
		if part.Role != "" {
			n += tokenizer.Overhead(1) - tokenizer.Overhead(0)
		}
	}
	return n
}
