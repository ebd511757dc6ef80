// Package tokens counts the tokens of prompts: of texts, and of requests as they are sent
// to a model. For OpenAI's models it counts as OpenAI does. The vocabularies of other
// vendors are not part of the program, so that it estimates for their models; see [Ratio].
//
// # What the library does, and what it does not
//
// Words are encoded by github.com/pkoukk/tiktoken-go, with the vocabularies of
// tiktoken-go-loader, which are in the program once and add 7 MB to it. Three things stand
// around the library, because of what it does with other texts (measured with version 0.1.8
// on two shared cores):
//
//   - Its time grows with the square of the length of a piece, which is what its regular
//     expression cuts a text into: 64 KiB of the letter a take 2.6 s, 64 KiB of spaces
//     3.3 s and 64 KiB of bytes that are not UTF-8 25 s. So text is cut into words at
//     places that no token can reach over, and the library is given words of at most
//     maxWord bytes. A longer word is cut by the same regular expression, and its pieces are
//     merged with a heap (see merge): n bytes take a time of n log n, and 1 MiB of any of
//     these takes 0.1 to 0.9 s.
//   - It encodes 0.6 to 0.9 million tokens a second, because the regular expression is
//     matched by backtracking. So the counts of words are remembered: a batch file of 6
//     million tokens is read, parsed and counted in 0.9 s of one core.
//   - It puts special tokens such as <|endoftext|> in place of their text, if asked to. It is
//     not asked: a provider that did so would let users steer the model, and none does.
//
// A vocabulary is unpacked when the first text for one of its models is counted. That takes
// 0.2 to 0.6 s, and the library then holds 20 to 45 MB in 800,000 pieces, through which the
// garbage collector has to look. An encoder of our own without pointers needed a third of
// that. In the mock provider the difference is 9 % of the processor's time for a request of
// 84 bytes (bench/README.md), and less for longer ones.
package tokens

import "strings"

// What a chat costs beside the texts in it. Source: openai-cookbook,
// examples/How_to_count_tokens_with_tiktoken.ipynb, read 2026-11-24; the models
// since gpt-4-0613. A message of one text to Claude up to 4.6 costs as much: 7 tokens.
// Source: the package ctok 1.2.0, which was made from counts of Anthropic's API.
const (
	perMessage = 3 // how a message begins and ends
	perRole    = 1 // "system", "user" and "assistant" are one token each
	perName    = 1 // beside the tokens of the name itself
	perReply   = 3 // how the reply begins
)

// Overhead returns how many tokens a chat of so many messages has for an OpenAI
// model beside those of its texts.
func Overhead(messages int) int { return messages*(perMessage+perRole) + perReply }

// maxExact is how many bytes of a text CountBounded counts.
const maxExact = 64 << 10

// Counter counts tokens. Its methods may be called concurrently.
type Counter struct {
	o200k  *encoding // gpt-4o and everything since
	cl100k *encoding // gpt-4, gpt-3.5 and embeddings
}

// New returns a Counter that has not unpacked any vocabulary yet.
func New() *Counter {
	return &Counter{
		o200k:  newEncoding("o200k_base", o200kPattern),
		cl100k: newEncoding("cl100k_base", cl100kPattern),
	}
}

// Count returns the tokens of text for a model: exactly for OpenAI's models, else by the
// Ratio of the model. Special tokens in the text count as the characters they are, and
// each byte that is not UTF-8 counts as the character U+FFFD. One piece of more than 4 MiB,
// such as a word without an end, is cut, and each cut may add a token.
func (c *Counter) Count(model, text string) int {
	e, ratio := c.encodingOf(model)
	return ratio.of(e.count(text))
}

// CountBounded returns the same of texts of up to 64 KiB. Of a longer one it counts the
// beginning and takes the rest to have as many tokens a byte, so that no client of a server
// can make it count for long.
func (c *Counter) CountBounded(model, text string) int {
	if len(text) <= maxExact {
		return c.Count(model, text)
	}
	head := text[:boundary(text, maxExact)]
	return int(float64(c.Count(model, head)) / float64(len(head)) * float64(len(text)))
}

// encodingOf returns the encoding that a model is counted with, and how many tokens the
// model has for one of the encoding. Source of the encodings: openai/tiktoken,
// tiktoken/model.py. A model of OpenAI that is newer than that is taken to have the encoding
// of all since gpt-4o.
func (c *Counter) encodingOf(model string) (*encoding, Ratio) {
	model = bare(model)
	for _, family := range [...]string{"gpt-4", "gpt-3.5", "gpt-35", "text-embedding"} {
		if rest, ok := strings.CutPrefix(model, family); ok && (rest == "" || rest[0] == '-') {
			return c.cl100k, published
		}
	}
	return c.o200k, RatioOf(model)
}

// bare returns the name of a model without what other vendors and fine-tuning put before it.
func bare(model string) string {
	if i := strings.LastIndexByte(model, '/'); i >= 0 { // openai/gpt-oss-120b
		model = model[i+1:]
	}
	return strings.TrimPrefix(model, "ft:")
}
