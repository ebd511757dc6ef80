package tokens

import (
	"math"
	"strconv"
	"strings"
)

// Ratio is how many tokens a family of models has for one token of o200k_base, the encoding
// of OpenAI's models since gpt-4o, on the same text.
type Ratio struct {
	Family string
	// Mean is the ratio over all kinds of text, and Spread the standard deviation of its
	// logarithm from text to text. Both are exact, 1 and 0, where Published.
	Mean, Spread float64
	Published    bool   // the vocabulary is published and part of the program
	Known        bool   // the family was recognised
	Source       string // of Mean and Spread; empty where Published
}

var published = Ratio{Family: "OpenAI", Mean: 1, Published: true, Known: true}

// The families whose vocabularies are not part of the program. Spread is that between kinds
// of text: prose, source code, JSON. For the families that nobody measured it is larger,
// because it also stands for not knowing the mean.
const (
	measured = "huggingface.co/datasets/JOHNISKING/token-cost-by-programming-language (counts of the vendors' own APIs, 2026)"
	claude   = "sammcj/ingest pull request 65, August 2026 (1.18 and 1.53); " + measured + ": 1.16 to 1.24, and 1.42 to 1.53 since Opus 4.7; Anthropic's pricing page: about 30 % more since Opus 4.7"
)

func olderClaude() Ratio { return Ratio{"Claude up to 4.6", 1.2, 0.1, false, true, claude} }
func newerClaude() Ratio { return Ratio{"Claude since 4.7", 1.5, 0.1, false, true, claude} }

// RatioOf returns the ratio of a model. A model of no known family is taken to have 1.1
// tokens for one, within a third.
func RatioOf(model string) Ratio {
	model = bare(model)
	reasons := len(model) > 1 && model[0] == 'o' && '1' <= model[1] && model[1] <= '9'
	has := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(model, p) {
				return true
			}
		}
		return false
	}
	switch {
	case reasons, has("gpt-", "chatgpt-", "text-embedding", "codex-", "omni-moderation"):
		return published
	case strings.Contains(model, "claude"): // Bedrock: us.anthropic.claude-sonnet-4-5-20250929-v1:0
		if claudeVersion(model) >= 4.7 {
			return newerClaude()
		}
		return olderClaude()
	case has("gemini-", "gemma-", "learnlm-"):
		return Ratio{"Gemini", 1.15, 0.1, false, true, measured + ": 1.12 to 1.22 on source code; ai.google.dev/gemini-api/docs/tokens: a token is about four characters"}
	case has("mistral", "ministral", "codestral", "magistral", "devstral", "pixtral", "open-mi"):
		return Ratio{"Mistral", 1.1, 0.15, false, true, unmeasured}
	case has("grok-"):
		return Ratio{"Grok", 1.1, 0.15, false, true, unmeasured}
	case has("llama", "meta-llama", "Llama", "Meta-Llama", "qwen", "Qwen", "deepseek", "DeepSeek", "kimi-", "glm-", "command-"):
		return Ratio{"open models", 1.1, 0.15, false, true, unmeasured}
	}
	return Ratio{"models that are not known", 1.1, 0.3, false, false, unmeasured}
}

const unmeasured = "not measured: vocabularies of 100,000 to 260,000 tokens are within a fifth of each other on English text"

// claudeVersion returns the version in the name of a Claude model, 4.7 of claude-opus-4-7 and
// of claude-opus-4.7, or 0 without one. The date that may follow is no part of it.
func claudeVersion(model string) float64 {
	v := 0.0
	parts := strings.FieldsFunc(model, func(r rune) bool { return r == '-' || r == '.' || r == '@' || r == ':' || r == '_' })
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || len(p) > 2 {
			continue
		}
		v = float64(n)
		if i+1 < len(parts) {
			if minor, err := strconv.Atoi(parts[i+1]); err == nil && len(parts[i+1]) <= 2 {
				v += float64(minor) / 10
			}
		}
		return v
	}
	return v
}

// of returns the tokens of a text that has n of the encoding.
func (r Ratio) of(n int) int {
	if r.Published {
		return n
	}
	return int(math.Ceil(float64(n)*r.Mean - 1e-9))
}

// Range returns between how many tokens two of three texts have that are estimated to have n.
func (r Ratio) Range(n int) (lo, hi int) {
	return int(float64(n) * math.Exp(-r.Spread)), int(math.Ceil(float64(n) * math.Exp(r.Spread)))
}
