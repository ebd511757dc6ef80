package schema

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// maker makes one value.
type maker struct {
	root    *node
	shallow int // how deep optional properties and elements are made
	steps   int
	open    int // values and choices that are being made
	path    []string
}

var (
	errSteps = errors.New("is too complex for a value to be found")
	errLong  = fmt.Errorf("has no value in %d bytes", mostValue)
)

func (m *maker) fail(format string, args ...any) error {
	return &Error{Path: slices.Clone(m.path), Problem: fmt.Sprintf(format, args...)}
}

// value appends a value that satisfies all schemas of a list.
func (m *maker) value(b []byte, all []*node, depth int) ([]byte, error) {
	if m.steps++; m.steps > mostSteps {
		return nil, errSteps
	}
	if m.open++; depth > deepest || m.open > 8*deepest {
		m.open--
		return nil, m.fail("has no value that ends: it contains itself")
	}
	defer func() { m.open-- }()
	if len(b) > mostValue {
		return nil, errLong
	}
	all, branches, err := m.expand(all)
	if err != nil {
		return nil, err
	}
	if branches == nil {
		return m.made(b, all, depth)
	}
	order := branches.items
	if depth > m.shallow {
		order = slices.SortedStableFunc(slices.Values(order), func(x, y *node) int { return weight(x) - weight(y) })
	}
	var first error
	for _, branch := range order {
		c, err := m.value(b, append(all[:len(all):len(all)], branch), depth)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, errSteps) || errors.Is(err, errLong) {
			return nil, err
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		return nil, m.fail("anyOf is empty: no value satisfies it")
	}
	return nil, first
}

// weight is how much a value of a schema may contain, at a glance.
func weight(n *node) int {
	if n.get("$ref") != nil {
		return 3
	}
	switch t := n.get("type"); {
	case t != nil && t.kind == text && t.text == "object":
		return 2
	case t != nil && t.kind == text && t.text == "array":
		return 1
	}
	return 0
}

// expand replaces references and allOf by what they stand for. The first choice between
// branches is returned: anyOf or oneOf.
func (m *maker) expand(list []*node) (all []*node, branches *node, err error) {
	todo := slices.Clone(list)
	seen := map[*node]bool{}
	for len(todo) > 0 {
		n := todo[0]
		todo = todo[1:]
		if seen[n] { // a reference to itself adds nothing
			continue
		}
		seen[n] = true
		if m.steps++; m.steps > mostSteps {
			return nil, nil, errSteps
		}
		if n.kind == boolean && !n.truth {
			return nil, nil, m.fail("is false: no value satisfies it")
		}
		all = append(all, n.without("$ref", "allOf")) // which are followed here
		if ref := n.get("$ref"); ref != nil {
			to := m.resolve(ref.text)
			if to == nil {
				return nil, nil, m.fail("$ref %q is not in the schema", ref.text)
			}
			todo = append(todo, to)
		}
		if a := n.get("allOf"); a != nil {
			todo = append(todo, a.items...)
		}
	}
	for i, n := range all {
		for _, key := range [...]string{"anyOf", "oneOf"} {
			if a := n.get(key); a != nil && a.kind == array {
				all[i] = n.without(key)
				return all, a, nil
			}
		}
	}
	return all, nil, nil
}

// without returns n less some keys.
func (n *node) without(keys ...string) *node {
	if n.kind != object || !slices.ContainsFunc(n.fields, func(f field) bool { return slices.Contains(keys, f.key) }) {
		return n
	}
	c := &node{kind: object}
	for _, f := range n.fields {
		if !slices.Contains(keys, f.key) {
			c.fields = append(c.fields, f)
		}
	}
	return c
}

// resolve returns what a reference refers to; nil if it is not in the schema.
func (m *maker) resolve(ref string) *node {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return m.named(m.root, ref, "$id", 0)
	}
	if pointer != "" && pointer[0] != '/' {
		return m.named(m.root, pointer, "$anchor", 0)
	}
	n := m.root
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		part = strings.NewReplacer("~1", "/", "~0", "~", "%24", "$").Replace(part)
		if n.kind == array {
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(n.items) {
				return nil
			}
			n = n.items[i]
		} else if n = n.get(part); n == nil {
			return nil
		}
	}
	return n
}

// named returns the schema within n whose key says name.
func (m *maker) named(n *node, name, key string, depth int) *node {
	if m.steps++; m.steps > mostSteps || depth > deepest {
		return nil
	}
	if v := n.get(key); v != nil && v.text == name {
		return n
	}
	for _, f := range n.fields {
		if found := m.named(f.value, name, key, depth+1); found != nil {
			return found
		}
	}
	for _, item := range n.items {
		if found := m.named(item, name, key, depth+1); found != nil {
			return found
		}
	}
	return nil
}

// types are the types of values, in the order in which they are chosen where several are
// allowed and none comes first.
var types = [...]string{"object", "string", "integer", "number", "boolean", "array", "null"}

// made appends a value that satisfies schemas without references and branches.
func (m *maker) made(b []byte, all []*node, depth int) ([]byte, error) {
	allowed := m.allowed(all)
	if len(allowed) == 0 {
		return nil, m.fail("no type is left: no value satisfies it")
	}
	for _, n := range all {
		if c := n.get("const"); c != nil {
			return m.member(b, all, allowed, []*node{c})
		}
	}
	for _, n := range all {
		if e := n.get("enum"); e != nil {
			return m.member(b, all, allowed, e.items)
		}
	}
	var first error
	for _, t := range allowed {
		c, err := m.typed(b, t, all, depth)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, errSteps) || errors.Is(err, errLong) {
			return nil, err
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// allowed returns the types that all schemas allow, null last.
func (m *maker) allowed(all []*node) []string {
	list := slices.Clone(types[:])
	told := false
	for _, n := range all {
		t := n.get("type")
		if t == nil {
			continue
		}
		told = true
		of := []string{t.text}
		if t.kind == array {
			of = of[:0]
			for _, item := range t.items {
				of = append(of, item.text)
			}
		}
		var both []string
		for _, name := range of {
			switch {
			case slices.Contains(list, name):
				both = append(both, name)
			case name == "number" && slices.Contains(list, "integer"):
				both = append(both, "integer")
			case name == "integer" && slices.Contains(list, "number"):
				both = append(both, "integer")
			}
		}
		list = both
	}
	if !told {
		list = slices.SortedStableFunc(slices.Values(list), func(x, y string) int { return meant(all, y) - meant(all, x) })
	}
	return slices.SortedStableFunc(slices.Values(list), func(x, y string) int { return isNull(x) - isNull(y) })
}

func isNull(t string) int {
	if t == "null" {
		return 1
	}
	return 0
}

// meant says whether keywords show that a type is meant although none is named.
func meant(all []*node, t string) int {
	keys := map[string][]string{
		"object": {"properties", "required", "additionalProperties", "minProperties"},
		"array":  {"items", "prefixItems", "minItems"}, "string": {"minLength", "maxLength", "pattern", "format"},
		"number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
	}[t]
	for _, n := range all {
		for _, key := range keys {
			if n.get(key) != nil {
				return 2
			}
		}
	}
	if t == "string" { // what says nothing at all is a text
		return 1
	}
	return 0
}

// member appends the first of some values that the other keywords admit.
func (m *maker) member(b []byte, all []*node, allowed []string, values []*node) ([]byte, error) {
	for _, v := range values {
		if m.admits(all, allowed, v) {
			return v.append(b), nil
		}
	}
	return nil, m.fail("no value that is listed satisfies the rest of it")
}

func (m *maker) admits(all []*node, allowed []string, v *node) bool {
	name := [...]string{null: "null", boolean: "boolean", number: "number", text: "string", array: "array", object: "object"}[v.kind]
	if v.kind == number && v.rat() != nil && v.rat().IsInt() && slices.Contains(allowed, "integer") {
		name = "integer"
	}
	if !slices.Contains(allowed, name) {
		return false
	}
	for _, n := range all {
		if c := n.get("const"); c != nil && !c.equal(v) {
			return false
		}
		if e := n.get("enum"); e != nil && !slices.ContainsFunc(e.items, v.equal) {
			return false
		}
	}
	switch v.kind {
	case text:
		c := textsOf(all)
		return c.admits(v.text)
	case number:
		c := boundsOf(all, false)
		return c.admits(v.rat())
	}
	return true
}

func (n *node) equal(o *node) bool {
	if n.kind != o.kind || n.truth != o.truth || len(n.items) != len(o.items) || len(n.fields) != len(o.fields) {
		return false
	}
	if n.kind == number {
		return n.rat().Cmp(o.rat()) == 0
	}
	for i := range n.items {
		if !n.items[i].equal(o.items[i]) {
			return false
		}
	}
	for _, f := range n.fields {
		if v := o.get(f.key); v == nil || !f.value.equal(v) {
			return false
		}
	}
	return n.text == o.text
}

// typed appends a value of one type.
func (m *maker) typed(b []byte, t string, all []*node, depth int) ([]byte, error) {
	switch t {
	case "object":
		return m.object(b, all, depth)
	case "array":
		return m.array(b, all, depth)
	case "string":
		c := textsOf(all)
		s, ok := c.find()
		if !ok {
			return nil, m.fail("no text was found that satisfies its lengths, pattern and format")
		}
		return appendText(b, s), nil
	case "integer", "number":
		c := boundsOf(all, t == "integer")
		s, ok := c.find()
		if !ok {
			return nil, m.fail("no number satisfies its bounds")
		}
		return append(b, s...), nil
	case "boolean":
		return append(b, "true"...), nil
	}
	return append(b, "null"...), nil
}

func textsOf(all []*node) texts {
	c := texts{most: -1}
	for _, n := range all {
		if v, ok := n.get("minLength").count(); ok {
			c.least = max(c.least, v)
		}
		if v, ok := n.get("maxLength").count(); ok && (c.most < 0 || v < c.most) {
			c.most = v
		}
		if p := n.get("pattern"); p != nil && p.kind == text {
			c.patterns = append(c.patterns, p.text)
		}
		if f := n.get("format"); f != nil && f.kind == text {
			c.format = f.text
		}
	}
	return c
}

func boundsOf(all []*node, whole bool) bounds {
	c := bounds{whole: whole}
	for _, n := range all {
		low, high := n.get("minimum").rat(), n.get("maximum").rat()
		c.raise(low, false)
		c.lower(high, false)
		c.raise(n.get("exclusiveMinimum").rat(), true)
		c.lower(n.get("exclusiveMaximum").rat(), true)
		if s := n.get("multipleOf").rat(); s != nil {
			c.steps = append(c.steps, s)
		}
	}
	return c
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
