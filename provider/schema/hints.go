package schema

import (
	"slices"
	"strings"
)

// Some SDKs leave out the bounds that a vendor does not enforce, tell the model of them in
// the description, and hold the answer against them afterwards. Anthropic's write
// "{minimum: 18, maximum: 99}" at the end of it, the AI SDK "minimum: 18; exclusive maximum: 99."
// in the last line. A model reads them there; so does this package.
var hinted = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"}

// addHints gives n, and the schemas within it, the bounds that their descriptions tell of, in
// place. It reports whether there are any.
func (n *node) addHints() bool {
	found := false
	if d := n.get("description"); d != nil && d.kind == text && n.get("type") != nil {
		for key, value := range hints(d.text) {
			if n.get(key) == nil {
				n.fields = append(n.fields, field{key, value})
				found = true
			}
		}
	}
	for _, f := range n.fields {
		found = f.value.addHints() || found
	}
	for _, item := range n.items {
		found = item.addHints() || found
	}
	return found
}

func hints(description string) map[string]*node {
	last := description[strings.LastIndexByte(description, '\n')+1:]
	separator := "; "
	if i := strings.LastIndexByte(description, '{'); i >= 0 && strings.HasSuffix(description, "}") {
		last, separator = description[i+1:len(description)-1], ", "
	} else {
		last = strings.TrimSuffix(last, ".")
	}
	list := map[string]*node{}
	for part := range strings.SplitSeq(last, separator) {
		key, value, ok := strings.Cut(part, ": ")
		words := strings.Split(key, " ")
		for i := 1; i < len(words); i++ {
			words[i] = capital(words[i])
		}
		switch key = strings.Join(words, ""); {
		case !ok:
		case key == "format" && formats[strings.Trim(value, `"`)] != "":
			list[key] = &node{kind: text, text: strings.Trim(value, `"`)}
		case slices.Contains(hinted, key) && plain(value):
			list[key] = &node{kind: number, text: value}
		}
	}
	return list
}

// capital returns s with its first letter in upper case.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
