package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize bounds a scenario file, in bytes; a large one has a few thousand.
const maxSize = 1 << 20

// maxNesting bounds lists within lists and mappings within mappings written on
// one line; the format itself needs 5.
const maxNesting = 50

// maxColons bounds the keys of all mappings, in which the parser's time is
// quadratic; every key has a colon.
const maxColons = 10_000

// kind is what a node of the tree is.
type kind uint8

const (
	scalar kind = iota
	mapping
	list
	null
	broken // reported already; readers skip it
)

// node is one value of a scenario file. YAML's scalars all stay text: what they
// mean is decided by the field, not by how they look.
type node struct {
	kind  kind
	text  string  // scalar
	lead  int     // what stands before the text: the quote of a quoted scalar
	keys  []entry // mapping, in the order of the file
	items []*node // list
	at    position
}

type entry struct {
	key   string
	at    position
	value *node
}

// position is where something was written; line 0 means by a flag, which file
// then names.
type position struct {
	file         string
	line, column int
}

// get returns the value of a key of a mapping, or nil.
func (n *node) get(key string) *node {
	for _, e := range n.keys {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// put sets a key of a mapping.
func (n *node) put(key string, value *node) {
	for i := range n.keys {
		if n.keys[i].key == key {
			n.keys[i].at, n.keys[i].value = value.at, value
			return
		}
	}
	n.keys = append(n.keys, entry{key, value.at, value})
}

// drop removes keys of a mapping.
func (n *node) drop(names ...string) {
	kept := n.keys[:0]
	for _, e := range n.keys {
		if !slices.Contains(names, e.key) {
			kept = append(kept, e)
		}
	}
	n.keys = kept
}

// parseTree reads a scenario's YAML. It returns nil when there is no tree to go
// on with; p then says why.
func parseTree(file string, data []byte, p *problems) *node {
	n := parseDocument(file, data, "a scenario, such as `ratesim list scenarios` names", p)
	if n != nil && n.kind != mapping && n.kind != broken {
		p.add(n.at, "", "want a mapping with keys such as name and workload, got %s", describe(n))
		return nil
	}
	return n
}

// parseDocument reads YAML; want says of what, for who gave something else.
func parseDocument(file string, data []byte, want string, p *problems) *node {
	whole := position{file: file}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxSize:
		p.add(whole, "", "is larger than 1 MiB; is it the right file?")
	case !utf8.Valid(data) || bytes.ContainsRune(data, 0):
		p.add(whole, "", "is binary, not text; want a YAML file in UTF-8")
	case bytes.Count(data, []byte{':'}) > maxColons:
		p.add(whole, "", "has more than %d keys; is it the right file?", maxColons)
	case nesting(data) > maxNesting:
		p.add(whole, "", "is nested more than %d deep", maxNesting)
	case len(bytes.TrimSpace(data)) == 0:
		p.add(whole, "", "is empty; want %s", want)
	}
	if len(p.found) > 0 {
		return nil
	}
	doc, err := parseYAML(data)
	if syntax, ok := errors.AsType[yaml.Error](err); ok {
		at := positionOf(file, syntax.GetToken())
		p.add(at, "", "not valid YAML: %s", syntax.GetMessage())
		return nil
	}
	if err != nil {
		p.add(whole, "", "not valid YAML: %v", err)
		return nil
	}
	return convertDocument(file, doc, want, p)
}

// parseYAML keeps a fault of the YAML parser, which reads whatever users hand
// in, from ending the program.
func parseYAML(data []byte) (f *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// nesting returns how deeply brackets, and dashes on one line, are nested at
// most. The parser takes quadratic time in it.
func nesting(data []byte) int {
	deepest, brackets, dashes := 0, 0, 0
	last := byte(0)
	for _, c := range data {
		switch c {
		case '[', '{':
			brackets++
		case ']', '}':
			brackets = max(0, brackets-1)
		case '-', '?':
		case ' ':
			if last == '-' || last == '?' {
				dashes++
			}
		default:
			dashes = 0
		}
		deepest = max(deepest, brackets, dashes)
		last = c
	}
	return deepest
}

func positionOf(file string, t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{file: file}
	}
	return position{file, max(1, t.Position.Line), max(1, t.Position.Column)}
}

func convertDocument(file string, f *ast.File, want string, p *problems) *node {
	var body ast.Node
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			p.add(positionOf(file, d.Body.GetToken()), "", "a second document; want one in a file")
			return nil
		}
		body = d.Body
	}
	if body == nil {
		p.add(position{file: file}, "", "is empty; want %s", want)
		return nil
	}
	c := converter{file, p}
	return c.node(body, "")
}

// converter turns the parser's tree into nodes.
type converter struct {
	file string
	*problems
}

// node converts one value; path names it in errors.
func (c converter) node(in ast.Node, path string) *node {
	n := &node{at: positionOf(c.file, in.GetToken())}
	switch in := in.(type) {
	case *ast.NullNode:
		n.kind = null
	case *ast.StringNode:
		n.text = in.Value
		if t := in.GetToken().Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			n.lead = 1
		}
	case *ast.LiteralNode:
		n.text = strings.TrimSpace(in.Value.Value)
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.text = in.GetToken().Value
	case *ast.SequenceNode:
		n.kind = list
		for i, item := range in.Values {
			n.items = append(n.items, c.node(item, fmt.Sprintf("%s[%d]", path, i)))
		}
	case *ast.MappingNode:
		if text, ok := plainWithColon(in); ok {
			n.text, n.at = text, positionOf(c.file, in.Values[0].Key.GetToken())
			break
		}
		n.kind = mapping
		c.entries(n, in.Values, path)
	case *ast.MappingValueNode:
		n.kind = mapping
		c.entries(n, []*ast.MappingValueNode{in}, path)
	case *ast.AnchorNode, *ast.AliasNode:
		n.kind = broken
		c.add(n.at, path, "anchors and aliases are not supported; write the value out")
	case *ast.TagNode:
		n.kind = broken
		c.add(n.at, path, "tags such as %s are not supported; leave it out", quote(in.GetToken().Value))
	default:
		n.kind = broken
		c.add(n.at, path, "YAML of this kind is not supported; want a value, a list or a mapping")
	}
	return n
}

// plainWithColon returns the text of a scalar such as sdk:openai-python@3.3 in a
// list within braces, which the parser takes for a mapping. In YAML 1.2 (section
// 7.3.3) a colon ends a plain key only when a space follows it.
func plainWithColon(in *ast.MappingNode) (string, bool) {
	if in.Start.Type != token.MappingValueType || len(in.Values) != 1 {
		return "", false
	}
	pair := in.Values[0]
	key, value := pair.Key.GetToken(), pair.Value.GetToken()
	colon, next := pair.Start.Position, value.Position
	plain := func(t *token.Token) bool {
		return t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType
	}
	_, scalar := pair.Value.(ast.ScalarNode)
	if !scalar || !plain(key) || !plain(value) || next.Line != colon.Line || next.Column != colon.Column+1 {
		return "", false
	}
	return key.Value + ":" + value.Value, true
}

func (c converter) entries(n *node, values []*ast.MappingValueNode, path string) {
	if len(values) > maxItems {
		c.add(n.at, path, "has %d keys; at most %d are allowed", len(values), maxItems)
		n.kind = broken
		return
	}
	for i, v := range values {
		at := positionOf(c.file, v.Key.GetToken())
		if i == 0 && n.at.line > 0 && (at.line < n.at.line || at.line == n.at.line && at.column < n.at.column) {
			n.at = at // a mapping in block style begins with its first key
		}
		key := ""
		switch k := v.Key.(type) {
		case *ast.StringNode:
			key = k.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			key = k.GetToken().Value
		default:
			c.add(at, path, "want a plain key such as name; << and ? are not supported")
			continue
		}
		if n.get(key) != nil {
			c.add(at, join(path, key), "given twice")
			continue
		}
		n.keys = append(n.keys, entry{key, at, c.node(v.Value, join(path, key))})
	}
}

// join returns the path of a key, which is quoted unless it looks like one.
func join(path, key string) string {
	if len(key) > 40 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		key = quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// describe says what n is, for "want X, got Y".
func describe(n *node) string {
	switch n.kind {
	case scalar:
		return quote(n.text)
	case list:
		return "a list"
	case null:
		return "nothing"
	}
	return "a mapping"
}
