package names

import (
	"regexp"
	"strings"
)

// mostSteps is how many rules an id may need at most, with a table row between any two.
const mostSteps = 12

// A rule makes an id simpler, and says what such ids are.
type rule struct {
	pattern *regexp.Regexp
	to      string
}

// Rules are tried in this order, each step from the first on. They are compiled when
// the program starts, and never change.
var rules = [...]rule{
	// ft:gpt-4o-mini-2024-07-18:org:name:id, OpenAI's fine-tuned models, share the limits of the model below them.
	{regexp.MustCompile(`^ft:([^:]+):.*$`), "$1"},
	// openai/gpt-4o, models/gemini-2.5-flash, publishers/anthropic/models/claude-opus-4-1, arn:aws:bedrock:…:inference-profile/…
	{regexp.MustCompile(`^.*/([^/]+)$`), "$1"},
	// us.anthropic.claude-…, amazon.nova-…: the region and the vendor of Bedrock; no model's name begins with letters alone before a dot.
	{regexp.MustCompile(`^[a-z][a-z-]*\.(.+)$`), "$1"},
	// -v1:0, -v1 and :0 of Bedrock
	{regexp.MustCompile(`^(.+)-v\d+(:\d+)?$`), "$1"},
	{regexp.MustCompile(`^(.+):\d+k?$`), "$1"},
	// :free and :nitro of OpenRouter
	{regexp.MustCompile(`^(.+):[a-z]+$`), "$1"},
	// @20250929 and @latest of Vertex
	{regexp.MustCompile(`^(.+)@(\d+|latest|default)$`), "$1"},
	// -maas of Vertex: the model as a service
	{regexp.MustCompile(`^(.+)-maas$`), "$1"},
	{regexp.MustCompile(`^(.+)-latest$`), "$1"},
	// -2024-08-06 and -20250929
	{regexp.MustCompile(`^(.+)-20\d\d-?[01]\d-?[0-3]\d$`), "$1"},
	// -09-2025 of Gemini's previews
	{regexp.MustCompile(`^(.+)-\d\d-20\d\d$`), "$1"},
	// -001 of Gemini, -2512 and -0709 of Mistral and xAI: versions, and years or months with months or days
	{regexp.MustCompile(`^(.+)-(00\d|\d{4})$`), "$1"},
	// claude-sonnet-4-0 is claude-sonnet-4
	{regexp.MustCompile(`^(claude-[a-z]+-\d+)-0$`), "$1"},
	// claude-sonnet-4-5, and claude-3-5-sonnet or claude-4-sonnet of older ones
	{regexp.MustCompile(`^claude-([a-z]+)-(\d+)-(\d+)$`), "claude-$1-$2.$3"},
	{regexp.MustCompile(`^claude-(\d+)[-.](\d+)-([a-z]+)$`), "claude-$3-$1.$2"},
	{regexp.MustCompile(`^claude-(\d+)-([a-z]+)$`), "claude-$2-$1"},
}

// simpler applies the first rule that changes id.
func simpler(id string) string {
	for i := range rules {
		if next := rules[i].pattern.ReplaceAllString(id, rules[i].to); next != id {
			return next
		}
	}
	return id
}

var date = regexp.MustCompile(`-20\d\d-?[01]\d-?[0-3]\d$`)

// dated reports whether an id is that of one snapshot.
func dated(id string) bool { return date.MatchString(id) }

// Bare returns id without what stands before a slash.
func Bare(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
