package mock

import (
	"strconv"
	"strings"
)

// What follows appends JSON without encoding/json: the answers' form is known,
// and they are most of a request's cost.

func number(b []byte, n uint32) []byte { return strconv.AppendUint(b, uint64(n), 10) }

// field appends a piece of JSON and the number that follows it.
func field(b []byte, name string, n uint64) []byte {
	return strconv.AppendUint(append(b, name...), n, 10)
}

// named appends a piece of JSON and the id that follows it.
func (e *exchange) named(b []byte, name string) []byte { return append(append(b, name...), e.id...) }

// said appends the whole text of an answer.
func (e *exchange) said(b []byte) []byte { return e.words(b, 0, e.output) }

// filler is what models say here: a word and the space before it are a token. It
// needs no escapes.
var filler = strings.Repeat(" word", 1<<10)

// words appends the tokens from, up to and without to, of an answer.
func (e *exchange) words(b []byte, from, to uint32) []byte {
	if from == 0 && to > 0 {
		b = append(b, "Word"...)
		from++
	}
	for n := int(to - from); to > from; n = int(to - from) {
		n = min(n, len(filler)/len(" word"))
		b = e.spill(append(b, filler[:n*len(" word")]...))
		from += uint32(n)
	}
	return b
}

// total returns the tokens of prompt and answer.
// fresh are the tokens of the prompt that the cache neither gave nor took, which is what
// Anthropic and Bedrock report as input.
func (e *exchange) fresh() uint64 {
	return uint64(e.prompt - min(e.prompt, e.reply.Cached+e.reply.Written))
}

func (e *exchange) total() uint64 { return uint64(e.prompt) + uint64(e.output) }

// finish says why an answer ends: it is complete, or was cut to its bound.
func (e *exchange) finish(complete, cut string) string {
	if e.query.MaxTokens > 0 && e.output >= e.query.MaxTokens {
		return cut
	}
	return complete
}
