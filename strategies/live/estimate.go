package live

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"
)

// charsPerToken is the rule of thumb for English text on OpenAI's page on what
// tokens are: a token is about four characters.
const charsPerToken = 4

// Estimate returns about how many tokens a request to a model costs, from its
// JSON body: a quarter of the characters of its text, rounded up, and the bound
// on the output, 0 where it declares none. It knows the fields of all vendors,
// each by its name wherever it stands. Of a body that is no JSON it returns
// what it finds there; it never fails.
func Estimate(body []byte) (prompt, maxTokens uint32) {
	chars := 0
	var key []byte // the last there was
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case b == '"':
			s := body[i+1 : closing(body, i+1)]
			i += len(s) + 1
			if isKey(body[min(i+1, len(body)):]) {
				key = s
			} else if slices.Contains(texts, string(key)) {
				chars += utf8.RuneCount(s)
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
	return uint32(min((chars+charsPerToken-1)/charsPerToken, math.MaxUint32)), maxTokens
}

// Fields of requests that hold text of the prompt, and those that bound the
// output.
var (
	texts  = []string{"content", "text", "input", "prompt", "system", "instructions", "description", "arguments"}
	bounds = []string{"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens"}
)

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
