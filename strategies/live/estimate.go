package live

import (
	"math"
	"unicode/utf8"

	"ratesim/provider/wire"
)

// charsPerToken is the rule of thumb for English text on OpenAI's page on what
// tokens are: a token is about four characters.
const charsPerToken = 4

// Estimate returns about how many tokens a request to a model costs, from its
// body: a quarter of the characters of its text, rounded up, and the bound on
// the output, 0 where it declares none. See wire.Scan.
func Estimate(body []byte) (prompt, maxTokens uint32) {
	chars := 0
	maxTokens = wire.Scan(body, func(s []byte) { chars += utf8.RuneCount(s) })
	return uint32(min((chars+charsPerToken-1)/charsPerToken, math.MaxUint32)), maxTokens
}
