package live

import (
	"math"
	"unicode/utf8"

	"ratesim/provider/tokens"
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

// NewExact returns a function for Options.Estimate that counts prompts by the vocabulary of the
// model that a request names, or of model if that is not empty, with messages, tools and images
// as the vendor counts them. It is exact for OpenAI's models and a little off for others; see
// package tokens. The first count takes half a second and later ones a few microseconds, and the
// vocabulary holds 45 MB. What is no JSON of a request is left to Estimate.
func NewExact(model string) func(body []byte) (prompt, maxTokens uint32) {
	counter := tokens.New()
	return func(body []byte) (prompt, maxTokens uint32) {
		r, err := counter.Request(model, body)
		if err != nil {
			return Estimate(body)
		}
		return uint32(min(r.Prompt, math.MaxUint32)), uint32(min(max(r.MaxTokens, 0), math.MaxUint32))
	}
}
