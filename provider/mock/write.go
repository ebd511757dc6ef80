package mock

import "strconv"

// What follows appends JSON without encoding/json: the answers' form is known,
// and they are most of a request's cost.

func number(b []byte, n uint32) []byte { return strconv.AppendUint(b, uint64(n), 10) }

// field appends a piece of JSON and the number that follows it.
func field(b []byte, name string, n uint64) []byte {
	return strconv.AppendUint(append(b, name...), n, 10)
}

// named appends a piece of JSON and the id that follows it.
func (e *exchange) named(b []byte, name string) []byte { return append(append(b, name...), e.id...) }

// fresh are the tokens of the prompt that the cache neither gave nor took, which is what
// Anthropic and Bedrock report as input.
func (e *exchange) fresh() uint64 {
	return uint64(e.prompt - min(e.prompt, e.reply.Cached+e.reply.Written))
}

// total returns the tokens of prompt and answer.
func (e *exchange) total() uint64 { return uint64(e.prompt) + uint64(e.output) }
