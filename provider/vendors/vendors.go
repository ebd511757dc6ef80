// Package vendors sets the rules of a vendor on a provider.Config: how limits are
// enforced, what is charged and when, and what replies tell. These rules are the same
// for all tiers. Each file is one vendor. The comment of its function states the
// rules, the formulas, the sources with their dates, what is not known, and what was
// chosen in its place.
//
// The numbers of the limits belong to the tier. A function is called after they are
// set, and keeps them.
//
// Clients that hang up on a streamed answer: OpenAI, Azure, Anthropic, xAI, DeepSeek and
// Together stop the work and bill what was produced until then; Amazon Bedrock, Google, Groq
// and Mistral produce, and bill, all of the answer (openrouter.ai, docs/api-reference/streaming, "Stream
// Cancellation", 2026-07). The vendors' own words agree where there are any: OpenAI and
// Azure have clients end the connection to cancel an answer (guides/background;
// learn.microsoft.com, openai/how-to/responses), and Google's SDK says that an abort does
// not cancel the request in the service, which is charged (js-genai, GenerateContentConfig).
// Bedrock's invocation log and bill show all of such answers (BerriAI/litellm#34147 and
// #36008). Of Cerebras nothing is known; it is taken to go on. Answers that come whole are
// produced to their end by all.
//
// A function replaces Charge, Headers, Cache and Window of the deployment,
// Window of each of its Limits. It keeps Phase, which depends on the time of day and not on
// the vendor.
package vendors

import (
	"slices"

	"ratesim/provider"
	"ratesim/provider/wire"
)

// Names returns the vendors that Apply knows, sorted.
func Names() []string {
	var names []string
	for _, v := range vendors() {
		names = append(names, v.name)
	}
	return names
}

// Apply sets the rules of c.Vendor; for Azure those of provisioned deployments
// when c.PTU says what a unit gives. It reports false, and changes nothing, for
// a vendor it does not know.
func Apply(c *provider.Config) bool {
	all := vendors()
	i := slices.IndexFunc(all, func(v vendor) bool { return v.name == c.Vendor })
	if i < 0 {
		return false
	}
	all[i].apply(c)
	if d, ok := wire.DialectOf(c.Vendor); ok {
		c.Headers = d.Headers
	}
	return true
}

type vendor struct {
	name  string
	apply func(*provider.Config)
}

func vendors() []vendor {
	return []vendor{
		{"anthropic", Anthropic},
		{"azure", func(c *provider.Config) {
			if c.PTU.TPMPerUnit > 0 {
				AzurePTU(c)
			} else {
				Azure(c)
			}
		}},
		{"bedrock", Bedrock},
		{"cerebras", Cerebras},
		{"deepseek", DeepSeek},
		{"gemini", Gemini},
		{"groq", Groq},
		{"mistral", Mistral},
		{"openai", OpenAI},
		{"together", Together},
		{"xai", XAI},
	}
}

// window sets how all limits of c are enforced.
func window(c *provider.Config, w provider.Window) {
	c.Window = w
	for i := range c.Limits {
		c.Limits[i].Window = w
	}
}
