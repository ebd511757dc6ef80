package schema

import (
	"math/big"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// bounds are what numbers are held against; nil = no bound.
type bounds struct {
	low, high         *big.Rat
	openLow, openHigh bool     // the bound itself is not allowed
	step              *big.Rat // of which numbers are multiples
}

// numberOf returns a number that satisfies the schemas, as it is written; false if none was
// found. It is the nearest to 1 from a bound on, and the nth from there.
func numberOf(all []*node, whole bool, nth int) (string, bool) {
	var c bounds
	if whole {
		c.step = big.NewRat(1, 1)
	}
	for _, n := range all {
		c.raise(n.get("minimum").rat(), false)
		c.lower(n.get("maximum").rat(), false)
		c.raise(n.get("exclusiveMinimum").rat(), true)
		c.lower(n.get("exclusiveMaximum").rat(), true)
		if s := n.get("multipleOf").rat(); s != nil && s.Sign() > 0 && (c.step == nil || c.step.Num().BitLen() < 1<<10) {
			c.step = common(c.step, s)
		}
	}
	list := c.candidates()
	i := slices.IndexFunc(list, c.admits)
	if i < 0 {
		return "", false
	}
	next := big.NewRat(int64(nth), 1)
	if c.step != nil {
		next.Mul(next, c.step)
	}
	v := new(big.Rat).Add(list[i], next)
	if !c.admits(v) {
		v.Sub(list[i], next)
	}
	return written(v), c.admits(v)
}

func (c *bounds) raise(v *big.Rat, open bool) {
	if v != nil && (c.low == nil || v.Cmp(c.low) > 0 || v.Cmp(c.low) == 0 && open) {
		c.low, c.openLow = v, open
	}
}

func (c *bounds) lower(v *big.Rat, open bool) {
	if v != nil && (c.high == nil || v.Cmp(c.high) < 0 || v.Cmp(c.high) == 0 && open) {
		c.high, c.openHigh = v, open
	}
}

// common returns the least common multiple of two steps; nil is no step.
func common(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	// lcm(p/q, r/s) = lcm(p*s, r*q) / (q*s)
	p := new(big.Int).Mul(a.Num(), b.Denom())
	r := new(big.Int).Mul(b.Num(), a.Denom())
	gcd := new(big.Int).GCD(nil, nil, p, r)
	return new(big.Rat).SetFrac(p.Mul(p.Div(p, gcd), r), new(big.Int).Mul(a.Denom(), b.Denom()))
}

// candidates lists numbers that may do, the best first.
func (c *bounds) candidates() []*big.Rat {
	one := big.NewRat(1, 1)
	list := []*big.Rat{one}
	if c.low != nil {
		list = append(list, c.low, new(big.Rat).Add(c.low, one))
	}
	if c.high != nil {
		list = append(list, c.high, new(big.Rat).Sub(c.high, one))
	}
	if c.low != nil && c.high != nil {
		sum := new(big.Rat).Add(c.low, c.high)
		list = append(list, sum.Mul(sum, big.NewRat(1, 2)))
	}
	if c.step == nil {
		return list
	}
	var stepped []*big.Rat
	for _, v := range list { // the multiples on both sides, and the ones after them
		q := new(big.Rat).Quo(v, c.step)
		floor := new(big.Int).Div(q.Num(), q.Denom())
		for _, d := range [...]int64{0, 1, -1, 2} {
			k := new(big.Rat).SetInt(new(big.Int).Add(floor, big.NewInt(d)))
			stepped = append(stepped, k.Mul(k, c.step))
		}
	}
	return append(stepped, new(big.Rat))
}

func (c *bounds) admits(v *big.Rat) bool {
	if c.low != nil && (v.Cmp(c.low) < 0 || c.openLow && v.Cmp(c.low) == 0) {
		return false
	}
	if c.high != nil && (v.Cmp(c.high) > 0 || c.openHigh && v.Cmp(c.high) == 0) {
		return false
	}
	return c.step == nil || new(big.Rat).Quo(v, c.step).IsInt()
}

// written returns v in decimals, of which 30 after the point are as many as keep the multiples
// of a plain decimal exact.
func written(v *big.Rat) string {
	if v.IsInt() {
		return v.Num().String()
	}
	return strings.TrimRight(v.FloatString(30), "0")
}

// formats are texts in each format that vendors name. Others say nothing.
var formats = map[string]string{
	"date-time": "2026-01-02T03:04:05Z",
	"date":      "2026-01-02",
	"time":      "03:04:05Z",
	"duration":  "P1D",
	"email":     "word@example.com",
	"hostname":  "example.com",
	"ipv4":      "192.0.2.1",
	"ipv6":      "2001:db8::1",
	"uuid":      "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
	"uri":       "https://example.com/word",
}

// texts are what a text is held against.
type texts struct {
	least, most int // characters; most < 0 = no bound
	format      string
	patterns    []string
	compiled    []*regexp.Regexp // them
}

// perPattern is how many schemas a pattern counts as.
const perPattern = 50

// textsOf returns what the schemas ask of the nth text.
func textsOf(all []*node, nth int) *texts {
	c := &texts{least: most(all, "minLength"), most: least(all, "maxLength")}
	if nth > 0 { // a text of another length is another text
		c.least = max(c.least, len("word")) + nth
	}
	for _, n := range all {
		if p := n.get("pattern"); p != nil {
			c.patterns = append(c.patterns, p.text)
		}
		if f := n.get("format"); f != nil {
			c.format = f.text
		}
	}
	return c
}

// longestPattern is how long a pattern may be; longer ones take too much time.
const longestPattern = 1000

// find returns a text; false if none was found.
func (c *texts) find() (string, bool) {
	if c.most >= 0 && c.least > c.most || c.least > mostValue {
		return "", false
	}
	for _, p := range c.patterns {
		r, err := regexp.Compile(p)
		if err != nil || len(p) > longestPattern {
			return "", false
		}
		c.compiled = append(c.compiled, r)
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
	s := strings.Repeat("word ", 1+c.least/len("word "))[:max(c.least, len("word"))]
	if c.most >= 0 && len(s) > c.most {
		s = s[:c.most]
	}
	if strings.HasSuffix(s, " ") {
		s = s[:len(s)-1] + "s"
	}
	return s
}

func (c *texts) admits(s string) bool {
	if n := utf8.RuneCountInString(s); n < c.least || c.most >= 0 && n > c.most {
		return false
	}
	return !slices.ContainsFunc(c.compiled, func(r *regexp.Regexp) bool { return !r.MatchString(s) })
}

// matching returns a text that a pattern matches and c admits.
func (c *texts) matching(pattern string) (string, bool) {
	r, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	more := [...]int{0, 1, 2, 0} // repetitions beyond the least
	for i := range more {
		var b strings.Builder
		appendMatch(&b, r, more[i])
		s := b.String()
		if c.admits(s) {
			return s, true
		}
		pad := max(0, c.least-utf8.RuneCountInString(s))
		if s += strings.Repeat("w", pad); c.admits(s) { // it may match a part alone
			return s, true
		}
		more[3] = max(more[3], pad)
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
	case syntax.OpCapture, syntax.OpAlternate:
		appendMatch(b, r.Sub[0], more)
	case syntax.OpConcat:
		for _, sub := range r.Sub {
			appendMatch(b, sub, more)
		}
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
	return 0, false
}

// Some SDKs leave out the bounds that a vendor does not enforce, tell the model of them in
// the description, and hold the answer against them afterwards. Anthropic's write
// "{minimum: 18, maximum: 99}" at the end of it, the AI SDK "minimum: 18; exclusive maximum: 99."
// in the last line. A model reads them there; so does this package.
var hints = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"}

// withHints returns n with the bounds that its description tells of.
func (n *node) withHints() *node {
	d := n.get("description")
	if d == nil || d.kind != text || n.get("type") == nil {
		return n
	}
	last := d.text[strings.LastIndexByte(d.text, '\n')+1:]
	separator := "; "
	if i := strings.LastIndexByte(d.text, '{'); i >= 0 && strings.HasSuffix(d.text, "}") {
		last, separator = d.text[i+1:len(d.text)-1], ", "
	}
	c := &node{kind: object, fields: slices.Clone(n.fields)}
	for part := range strings.SplitSeq(strings.TrimSuffix(last, "."), separator) {
		key, value, _ := strings.Cut(part, ": ")
		key, value = strings.NewReplacer(" m", "M", " l", "L", " i", "I", " o", "O").Replace(key), strings.Trim(value, `"`)
		switch {
		case n.get(key) != nil:
		case key == "format" && formats[value] != "":
			c.fields = append(c.fields, field{key, &node{kind: text, text: value}})
		case slices.Contains(hints, key) && plain(value):
			c.fields = append(c.fields, field{key, &node{kind: number, text: value}})
		}
	}
	return c
}
