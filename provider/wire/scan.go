package wire

import (
	"bytes"
	"math"
	"slices"
)

// Fields of requests that hold text of the prompt, and those that bound the
// output, of all vendors.
var (
	texts  = []string{"content", "text", "input", "prompt", "system", "instructions", "description", "arguments"}
	bounds = []string{"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens"}
)

// Scan looks for what a request to a model costs in its JSON body, whoever's it
// is: it calls text with each string of the prompt, as it is escaped there, and
// returns the bound on the output, 0 where none is declared. Fields count by
// their name wherever they stand. Of a body that is no JSON it finds what there
// is; it never fails.
func Scan(body []byte, text func(escaped []byte)) (maxTokens uint32) {
	var key []byte // the last there was
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case b == '"':
			s := body[i+1 : closing(body, i+1)]
			i += len(s) + 1
			if isKey(body[min(i+1, len(body)):]) {
				key = s
			} else if slices.Contains(texts, string(key)) {
				text(s)
			}
		case b >= '0' && b <= '9':
			n := uint64(0)
			for ; i < len(body) && body[i] >= '0' && body[i] <= '9'; i++ {
				n = min(10*n+uint64(body[i]-'0'), math.MaxUint32)
			}
			i--
			if slices.Contains(bounds, string(key)) {
				maxTokens = uint32(n)
			}
			key = nil
		}
	}
	return maxTokens
}

// closing returns the index of the quote that ends a string which begins at i,
// or the length of the body.
func closing(body []byte, i int) int {
	for ; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(body)
}

// isKey reports whether what follows a string makes it a key.
func isKey(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}
