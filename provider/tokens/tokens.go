// Package tokens counts the tokens of prompts. For OpenAI's models it counts as
// OpenAI does. For all other models it estimates, because their vocabularies are not
// published.
//
// The vocabularies are embedded and add 7 MB to the program. Each is unpacked when
// the first prompt for one of its models is counted, which takes about 120 ms.
package tokens

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

const (
	// maxExact is how many bytes of a text are counted; the rest is taken to
	// have as many tokens a byte. It bounds the time of one text, about 50 ms
	// at worst, whatever a client sends.
	maxExact = 64 << 10
	// maxWord is how many bytes of a word are encoded at once, because the time
	// is quadratic in them. Each cut of a longer one may add a token.
	maxWord = 1 << 10
)

// What a chat costs beside the texts in it. Source: openai-cookbook,
// examples/How_to_count_tokens_with_tiktoken.ipynb, read 2026-11-24; the models
// since gpt-4-0613.
const (
	perMessage = 3 // how a message begins and ends
	perRole    = 1 // "system", "user" and "assistant" are one token each
	perReply   = 3 // how the reply begins
)

// Overhead returns how many tokens a chat of so many messages has for an OpenAI
// model beside those of its texts.
func Overhead(messages int) int { return messages*(perMessage+perRole) + perReply }

// Estimate returns the tokens of a text for a model whose vocabulary is not
// published: a quarter of its characters, rounded up. It is the rule of thumb
// that Azure's simulator (microsoft/aoai-api-simulator) found Azure itself to
// use for embeddings, and that most gateways use.
func Estimate(text string) int { return (utf8.RuneCountInString(text) + 3) / 4 }

// Counter counts tokens. Its methods may be called concurrently.
type Counter struct {
	seed   maphash.Seed
	o200k  encoding // gpt-4o and everything since
	cl100k encoding // gpt-4, gpt-3.5 and embeddings
}

// New returns a Counter that has not unpacked any vocabulary yet.
func New() *Counter {
	c := &Counter{seed: maphash.MakeSeed()}
	c.o200k.file, c.o200k.pattern = "o200k_base.tiktoken", o200kPattern
	c.cl100k.file, c.cl100k.pattern = "cl100k_base.tiktoken", cl100kPattern
	return c
}

// Count returns the tokens of text for a model: exactly for OpenAI's models
// unless text is longer than 64 KiB or has words longer than 1 KiB, else by
// Estimate. Special tokens in the text count as the characters they are.
func (c *Counter) Count(model, text string) int {
	e := c.encodingOf(model)
	if e == nil {
		return Estimate(text)
	}
	if len(text) <= maxExact {
		return c.count(e, text)
	}
	head := text[:boundary(text, maxExact)]
	return int(float64(c.count(e, head)) / float64(len(head)) * float64(len(text)))
}

// encodingOf returns the encoding of a model, nil if it is not OpenAI's. Source:
// openai/tiktoken, tiktoken/model.py. A model newer than that is taken to have
// the encoding of all since gpt-4o.
func (c *Counter) encodingOf(model string) *encoding {
	model = strings.TrimPrefix(model, "openai/") // as other vendors name its open models
	model = strings.TrimPrefix(model, "ft:")     // fine-tuned
	for _, family := range [...]string{"gpt-4", "gpt-3.5", "gpt-35", "text-embedding"} {
		if rest, ok := strings.CutPrefix(model, family); ok && (rest == "" || rest[0] == '-') {
			return &c.cl100k
		}
	}
	reasons := len(model) > 1 && model[0] == 'o' && '1' <= model[1] && model[1] <= '9'
	if reasons || strings.HasPrefix(model, "gpt-") || strings.HasPrefix(model, "chatgpt-") {
		return &c.o200k
	}
	return nil
}

// count adds up the words of text. No token reaches from what is not a space
// into a space after it, so that words can be counted one by one.
func (c *Counter) count(e *encoding, text string) int {
	e.load.Do(e.unpack)
	n := 0
	for text != "" {
		end := wordEnd(text)
		n += c.word(e, text[:end])
		text = text[end:]
	}
	return n
}

// wordEnd returns where the first word of text ends: before the next space that
// follows something else, or at maxWord.
func wordEnd(text string) int {
	most := boundary(text, maxWord)
	for i := 1; i < most; i++ {
		if text[i] != ' ' || text[i-1] == ' ' {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(text[:i])
		if !unicode.IsSpace(last) && !unicode.Is(unicode.Z, last) {
			return i
		}
	}
	return most
}

// boundary returns the end of the last whole character in the first most bytes
// of text.
func boundary(text string, most int) int {
	if len(text) <= most {
		return len(text)
	}
	for i := most; i > most-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			return i
		}
	}
	return most // not UTF-8
}

// encoding is one vocabulary.
type encoding struct {
	file, pattern string
	load          sync.Once
	vocabulary    *vocabulary
	// words remembers counts: to encode a word takes a microsecond, and prompts
	// are made of few different ones. A slot holds 40 bits of the hash of a
	// word and 24 of its count, so that it is read and written at once; two
	// words are taken for one with a probability of 2^-40.
	words [1 << wordBits]atomic.Uint64
}

const (
	wordBits  = 16 // of the hash are the slot: 512 KiB an encoding
	countBits = 24
)

func (c *Counter) word(e *encoding, word string) int {
	h := maphash.String(c.seed, word)
	slot := &e.words[h%(1<<wordBits)]
	const counts = 1<<countBits - 1
	if s := slot.Load(); s&^counts == h&^counts && s&counts > 0 {
		return int(s & counts)
	}
	n := e.vocabulary.count(word)
	slot.Store(h&^counts | uint64(n))
	return n
}

// unpack reads the vocabulary. It panics if the program was built with a broken
// one.
func (e *encoding) unpack() {
	v, err := newVocabulary(e.file, e.pattern)
	if err != nil {
		panic(fmt.Sprintf("tokens: %s: %v", e.file, err))
	}
	e.vocabulary = v
}

// How the encodings cut a text into the pieces within which bytes are paired.
// Source: openai/tiktoken, tiktoken_ext/openai_public.py.
const (
	o200kPattern = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	cl100kPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)
