package workload

import (
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
	guessed *note
}

const (
	batchBody = iota
	batchID
)

func openOpenAIBatch(in *input) reader {
	b := &openAIBatch{table: openTable(in, true, 1, "body", "custom_id"), count: tokenizer.New(),
		at:      in.note("a batch has no times, tokens of prompts are counted here, and answers are taken to be as long as max_tokens allows"),
		unbound: in.note("declares no max_tokens, so nothing is known of its answer, which counts as nothing"),
		parts:   in.note("has parts that are neither text nor images, such as files or sound; their tokens are not counted"),
		guessed: in.note("has tokens that are estimated: of a model whose vocabulary is not published, or of tools and images without a published rule")}
	in.times.kind = relative
	return b
}

func (b *openAIBatch) next(it *item) bool {
	if !b.table.next(it) {
		return false
	}
	r, err := b.count.Request("", b.rows.text(batchBody))
	if err != nil {
		return b.fail(batchBody, "body must be that of a request: %v", err)
	}
	if b.at.rows == 0 {
		b.at.add(it.Line)
	}
	if r.Guesses&tokenizer.NotCounted != 0 {
		b.parts.add(it.Line)
	}
	if r.Guesses&^tokenizer.NotCounted != 0 || !tokenizer.RatioOf(r.Model).Published {
		b.guessed.add(it.Line)
	}
	it.Start = time.Unix(0, 0).UTC()
	it.Requests, it.Model, it.Prompt = 1, b.in.word([]byte(r.Model)), int64(r.Prompt)
	it.MaxTokens = r.MaxTokens
	if it.MaxTokens < 0 || it.MaxTokens > b.most {
		return b.fail(batchBody, "max_tokens must be from 0 to %d, got %d", b.most, it.MaxTokens)
	}
	if it.Output = it.MaxTokens; it.Output == 0 && r.Messages > 0 {
		b.unbound.add(it.Line)
	}
	if id := b.rows.text(batchID); len(id) > 0 {
		it.id = nameHash(string(id))
	}
	return true
}
