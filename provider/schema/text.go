package schema

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// formats are texts in each format that vendors name. Others say nothing.
var formats = map[string]string{
	"date-time":     "2026-01-02T03:04:05Z",
	"date":          "2026-01-02",
	"time":          "03:04:05Z",
	"duration":      "P1D",
	"email":         "word@example.com",
	"idn-email":     "word@example.com",
	"hostname":      "example.com",
	"idn-hostname":  "example.com",
	"ipv4":          "192.0.2.1",
	"ipv6":          "2001:db8::1",
	"uuid":          "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
	"uri":           "https://example.com/word",
	"uri-reference": "https://example.com/word",
	"iri":           "https://example.com/word",
	"iri-reference": "https://example.com/word",
	"uri-template":  "https://example.com/{word}",
	"json-pointer":  "/word",
	"regex":         "word",
	"byte":          "d29yZA==",
}

// texts are what a text is held against.
type texts struct {
	least, most int // characters; most < 0 = no bound
	patterns    []string
	format      string
}

// find returns a text; false if none was found.
func (c *texts) find() (string, bool) {
	if c.most >= 0 && c.least > c.most || c.least > mostValue {
		return "", false
	}
	if s, ok := formats[c.format]; ok && c.admits(s) {
		return s, true
	}
	if s := c.words(); c.admits(s) {
		return s, true
	}
	for _, p := range c.patterns {
		if s, ok := c.matching(p); ok {
			return s, true
		}
	}
	return "", false
}

// words returns words of the length that is wanted.
func (c *texts) words() string {
	s := "word"
	for len(s) < c.least {
		s += " word"
	}
	if c.least > len("word") {
		s = s[:c.least]
	}
	if c.most >= 0 && len(s) > c.most {
		s = s[:c.most]
	}
	if strings.HasSuffix(s, " ") {
		s = s[:len(s)-1] + "s"
	}
	return s
}

// longestPattern is how long a pattern may be; longer ones take too much time.
const longestPattern = 1000

func (c *texts) admits(s string) bool {
	if n := utf8.RuneCountInString(s); n < c.least || c.most >= 0 && n > c.most {
		return false
	}
	for _, p := range c.patterns {
		if len(p) > longestPattern {
			return false
		}
		if r, err := regexp.Compile(p); err != nil || !r.MatchString(s) {
			return false
		}
	}
	return true
}

// matching returns a text that a pattern matches and c admits.
func (c *texts) matching(pattern string) (string, bool) {
	if len(pattern) > longestPattern {
		return "", false
	}
	r, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	for more := range min(c.least, 1000) + 3 { // repetitions beyond the least
		var b strings.Builder
		appendMatch(&b, r, more)
		s := b.String()
		if c.admits(s) {
			return s, true
		}
		if pad := c.least - utf8.RuneCountInString(s); pad > 0 { // it may match a part alone
			if s += strings.Repeat("w", pad); c.admits(s) {
				return s, true
			}
		}
		if len(s) > mostValue {
			break
		}
	}
	return "", false
}

// appendMatch writes what r matches, with more repetitions than the least where it takes
// them.
func appendMatch(b *strings.Builder, r *syntax.Regexp, more int) {
	if b.Len() > mostValue {
		return
	}
	repeat := func(least, most int) {
		n := least + more
		if most >= 0 {
			n = min(n, most)
		}
		for range n {
			appendMatch(b, r.Sub[0], 0)
		}
	}
	switch r.Op {
	case syntax.OpLiteral:
		for _, c := range r.Rune {
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		if c, ok := member(r.Rune); ok {
			b.WriteRune(c)
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('w')
	case syntax.OpCapture:
		appendMatch(b, r.Sub[0], more)
	case syntax.OpConcat:
		for _, sub := range r.Sub {
			appendMatch(b, sub, more)
		}
	case syntax.OpAlternate:
		appendMatch(b, r.Sub[0], more)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpStar:
		repeat(0, -1)
	case syntax.OpPlus:
		repeat(1, -1)
	case syntax.OpRepeat:
		repeat(r.Min, r.Max)
	}
}

// member returns a character of a class: a letter or a digit if it has one, else the first
// that can be seen.
func member(ranges []rune) (rune, bool) {
	for _, c := range "wadWA1059 " {
		for i := 0; i+1 < len(ranges); i += 2 {
			if c >= ranges[i] && c <= ranges[i+1] {
				return c, true
			}
		}
	}
	for i := 0; i+1 < len(ranges); i += 2 {
		if c := max(ranges[i], '!'); c <= ranges[i+1] {
			return c, true
		}
	}
	if len(ranges) > 0 {
		return ranges[0], true
	}
	return 0, false
}
