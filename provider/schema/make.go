package schema

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// maker makes one value.
type maker struct {
	root    *node
	shallow int  // how deep optional properties and elements are made
	hinted  bool // descriptions tell of bounds, too
	steps   int
	open    int // values and choices that are being made
	nth     int // of the elements of a list of which no two may be alike, the one being made
	path    []string
}

// errLarge says that there is no use in trying another way.
var errLarge = errors.New("is too large")

func (m *maker) fail(format string, args ...any) error {
	return &Error{Path: slices.Clone(m.path), Problem: fmt.Sprintf(format, args...)}
}

// step counts n schemas that are looked at.
func (m *maker) step(n int) error {
	if m.steps += n; m.steps > mostSteps {
		return fmt.Errorf("%w for a value to be found", errLarge)
	}
	return nil
}

// value appends a value that satisfies all schemas of a list.
func (m *maker) value(b []byte, all []*node, depth int) ([]byte, error) {
	if len(b) > mostValue {
		return nil, fmt.Errorf("%w: it has no value in %d bytes", errLarge, mostValue)
	}
	if m.open++; depth > deepest || m.open > 8*deepest {
		m.open--
		return nil, m.fail("has no value that ends: it contains itself")
	}
	defer func() { m.open-- }()
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
	return m.first(len(order), "anyOf is empty: no value satisfies it", func(i int) ([]byte, error) {
		return m.value(b, append(all[:len(all):len(all)], order[i]), depth)
	})
}

// first returns what the first of n ways makes that can, and otherwise the error of the first.
func (m *maker) first(n int, none string, way func(i int) ([]byte, error)) (b []byte, err error) {
	err = m.fail("%s", none)
	for i := range n {
		b, e := way(i)
		if e == nil || errors.Is(e, errLarge) {
			return b, e
		}
		if i == 0 {
			err = e
		}
	}
	return nil, err
}

// weight is how much a value of a schema may contain, at a glance.
func weight(n *node) int {
	switch t := n.get("type"); {
	case n.get("$ref") != nil:
		return 3
	case t != nil && t.is("object"):
		return 2
	case t != nil && t.is("array"):
		return 1
	}
	return 0
}

// expand replaces references and allOf by what they stand for. The first choice between
// branches is returned: anyOf or oneOf.
func (m *maker) expand(list []*node) (all []*node, branches *node, err error) {
	todo := slices.Clone(list)
	for len(todo) > 0 {
		n := todo[0]
		todo = todo[1:]
		if err := m.step(1); err != nil {
			return nil, nil, err
		}
		if n.kind == boolean && n.text == "false" {
			return nil, nil, m.fail("is false: no value satisfies it")
		}
		rest := n.without("$ref", "allOf") // which are followed here
		if m.hinted {
			rest = rest.withHints()
		}
		all = append(all, rest)
		if ref := n.get("$ref"); ref != nil {
			todo = append(todo, m.root.at(ref.text))
		}
		if a := n.get("allOf"); a != nil {
			todo = append(todo, a.items...)
		}
	}
	for i, n := range all {
		for _, key := range [...]string{"anyOf", "oneOf"} {
			if a := n.get(key); a != nil {
				all[i] = n.without(key)
				return all, a, nil
			}
		}
	}
	return all, nil, nil
}

// types are the types of values, in the order in which they are chosen where several are
// allowed, with keywords that show which is meant where none is named.
var types = [...]struct {
	name string
	keys []string
}{
	{"string", nil},
	{"integer", nil},
	{"number", []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}},
	{"boolean", nil},
	{"object", []string{"properties", "required", "additionalProperties"}},
	{"array", []string{"items", "prefixItems", "minItems"}},
	{"null", nil},
}

// allowed returns the types that all schemas allow, the best first. A whole number is a
// number, too.
func allowed(all []*node) []string {
	var list []string
	for _, t := range types {
		ok, meant := true, false
		for _, n := range all {
			of := n.get("type")
			ok = ok && (of == nil || of.is(t.name) || t.name == "integer" && of.is("number"))
			meant = meant || slices.ContainsFunc(t.keys, func(key string) bool { return n.get(key) != nil })
		}
		switch {
		case ok && meant:
			list = slices.Insert(list, 0, t.name)
		case ok:
			list = append(list, t.name)
		}
	}
	return list
}

// made appends a value that satisfies schemas without references and branches.
func (m *maker) made(b []byte, all []*node, depth int) ([]byte, error) {
	list := allowed(all)
	for _, n := range all {
		if c := n.get("const"); c != nil {
			return m.member(b, all, list, []*node{c})
		}
	}
	for _, n := range all {
		if e := n.get("enum"); e != nil {
			return m.member(b, all, list, e.items)
		}
	}
	return m.first(len(list), "no type is left: no value satisfies it", func(i int) ([]byte, error) {
		return m.typed(b, list[i], all, depth)
	})
}

// member appends the first of some values that the types and the other lists admit.
func (m *maker) member(b []byte, all []*node, types []string, values []*node) ([]byte, error) {
	for i := range values {
		v := values[(i+m.nth)%len(values)]
		name := [...]string{other: "null", boolean: "boolean", number: "number", text: "string", array: "array", object: "object"}[v.kind]
		ok := slices.Contains(types, name) || v.kind == number && v.rat().IsInt() && slices.Contains(types, "integer")
		for _, n := range all {
			if e := n.get("enum"); e != nil {
				ok = ok && slices.ContainsFunc(e.items, v.equal)
			}
			if c := n.get("const"); c != nil {
				ok = ok && c.equal(v)
			}
		}
		if ok {
			return v.append(b), nil
		}
	}
	return nil, m.fail("no value that is listed satisfies the rest of it")
}

func (n *node) equal(o *node) bool { return bytes.Equal(n.append(nil), o.append(nil)) }

// typed appends a value of one type.
func (m *maker) typed(b []byte, t string, all []*node, depth int) ([]byte, error) {
	switch t {
	case "object":
		return m.object(b, all, depth)
	case "array":
		return m.array(b, all, depth)
	case "string":
		c := textsOf(all, m.nth)
		if err := m.step(perPattern * len(c.patterns)); err != nil {
			return nil, err
		}
		s, ok := c.find()
		if !ok {
			return nil, m.fail("no text was found that satisfies its lengths, pattern and format")
		}
		return appendText(b, s), nil
	case "integer", "number":
		s, ok := numberOf(all, t == "integer", m.nth)
		if !ok {
			return nil, m.fail("no number satisfies its bounds")
		}
		return append(b, s...), nil
	case "boolean":
		return strconv.AppendBool(b, m.nth%2 == 0), nil
	}
	return append(b, "null"...), nil
}

// most returns the largest count that the schemas have for a key; 0 without one.
func most(all []*node, key string) int {
	n := 0
	for _, s := range all {
		if v, ok := s.get(key).count(); ok {
			n = max(n, v)
		}
	}
	return n
}

// least returns the smallest count that the schemas have for a key; -1 without one.
func least(all []*node, key string) int {
	n := -1
	for _, s := range all {
		if v, ok := s.get(key).count(); ok && (n < 0 || v < n) {
			n = v
		}
	}
	return n
}

// object appends an object: the properties in the order of the schema, and others that are
// required or needed for their number.
func (m *maker) object(b []byte, all []*node, depth int) ([]byte, error) {
	var names []string
	required := map[string]bool{}
	add := func(name string, must bool) {
		required[name] = required[name] || must
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, n := range all {
		if p := n.get("properties"); p != nil {
			for _, f := range p.fields {
				add(f.key, false)
			}
		}
	}
	for _, n := range all {
		if r := n.get("required"); r != nil {
			for _, name := range r.items {
				add(name.text, true)
			}
		}
	}
	for i := len(names); i < most(all, "minProperties"); i++ {
		add("key"+strconv.Itoa(i+1), true)
	}
	b = append(b, '{')
	begin := len(b)
	for _, name := range names {
		if !required[name] && depth >= m.shallow {
			continue
		}
		c, err := m.property(b, all, name, len(b) > begin, depth)
		switch {
		case err == nil:
			b = c
		case required[name] || errors.Is(err, errLarge):
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// property appends one property, after others if it is not the first.
func (m *maker) property(b []byte, all []*node, name string, after bool, depth int) ([]byte, error) {
	var of []*node
	for _, n := range all {
		if p := n.get("properties").get(name); p != nil {
			of = append(of, p)
		} else if more := n.get("additionalProperties"); more != nil {
			of = append(of, more)
		}
	}
	if after {
		b = append(b, ',')
	}
	b = append(appendText(b, name), ':')
	m.path = append(m.path, "properties", name)
	defer func() { m.path = m.path[:len(m.path)-2] }()
	return m.value(b, of, depth+1)
}

// array appends an array: as many elements as there have to be, and one where there may be
// some.
func (m *maker) array(b []byte, all []*node, depth int) ([]byte, error) {
	want, limit, unique := most(all, "minItems"), least(all, "maxItems"), false
	for _, n := range all {
		u := n.get("uniqueItems")
		unique = unique || u != nil && u.text == "true"
		if p := n.get("prefixItems"); p != nil && depth <= m.shallow {
			want = max(want, len(p.items))
		}
	}
	if limit >= 0 && want > limit {
		return nil, m.fail("minItems is more than maxItems: no value satisfies it")
	}
	optional := want == 0 && depth <= m.shallow && limit != 0
	if optional {
		want = 1
	}
	b = append(b, '[')
	begin, nth := len(b), m.nth
	defer func() { m.nth = nth }()
	for i := range want {
		if unique {
			m.nth = i
		}
		c, err := m.element(b, all, i, depth)
		if err != nil && optional && !errors.Is(err, errLarge) {
			return append(b[:begin], ']'), nil
		}
		if err != nil {
			return nil, err
		}
		b = c
	}
	return append(b, ']'), nil
}

// element appends the element with index i.
func (m *maker) element(b []byte, all []*node, i, depth int) ([]byte, error) {
	var of []*node
	for _, n := range all {
		if p := n.get("prefixItems"); p != nil && i < len(p.items) {
			of = append(of, p.items[i])
		} else if items := n.get("items"); items != nil {
			of = append(of, items)
		}
	}
	if i > 0 {
		b = append(b, ',')
	}
	m.path = append(m.path, "items")
	defer func() { m.path = m.path[:len(m.path)-1] }()
	return m.value(b, of, depth+1)
}
