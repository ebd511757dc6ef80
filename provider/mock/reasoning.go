package mock

import "strings"

// efforts are how much OpenAI's models can be told to think, and quarters how much of an
// answer's output that is here, in quarters. The shares are chosen: vendors tell none, and
// they depend on the question.
var (
	efforts  = [...]string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}
	quarters = [...]uint32{0, 0, 1, 2, 3, 3, 3}
)

// reasoning is how much models think whose name begins so, whoever offers them, if nobody
// says how much; the longest name holds. Source: the descriptions of reasoning_effort in openai-python (2026)
// for models up to gpt-5.1, of which those before it think by medium effort and it does not
// without being asked; that gpt-5.2 and gpt-5.4 are like it, and later ones like those before,
// is chosen. Google's guide to thinking for Gemini: 2.5 and later think, 2.5 Flash-Lite when
// asked.
var reasoning = []struct {
	model    string
	quarters uint32
}{
	{"o1", 2}, {"o3", 2}, {"o4", 2}, {"gpt-5", 2}, {"gpt-6", 2}, {"gpt-5-pro", 3},
	{"gpt-5.1", 0}, {"gpt-5.2", 0}, {"gpt-5.4", 0}, {"gpt-oss", 2},
	{"claude-", 0},
	{"gemini-2.5", 2}, {"gemini-3", 2}, {"gemini-2.5-flash-lite", 0},
}

// unstreamed returns how a vendor refuses a stream of a model that has none; empty for other
// models. Sources: OpenAI's page of o1-pro and github/gh-models#31; LibreChat#8877 and
// aws-samples/amazon-bedrock-client-for-mac#112 (2025).
func unstreamed(vendor, model string) string {
	switch {
	case strings.HasPrefix(model, "o1-pro"):
		return "Unsupported value: 'stream' does not support true with this model. Supported values are: false."
	case vendor == "bedrock" && strings.Contains(model, "gpt-oss"):
		return "The model is unsupported for streaming."
	}
	return ""
}

// thinks returns whether a model can think before it answers, and how many quarters of its
// output are thoughts if nobody says how much it is to think.
func thinks(model string) (can bool, usual uint32) {
	longest := -1
	for _, r := range reasoning {
		if strings.HasPrefix(model, r.model) && len(r.model) > longest {
			can, usual, longest = true, r.quarters, len(r.model)
		}
	}
	if strings.HasPrefix(model, "gpt-5-chat") {
		return false, 0
	}
	return can, usual
}
