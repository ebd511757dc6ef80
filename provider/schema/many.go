package schema

import (
	"errors"
	"slices"
	"strconv"
)

// object appends an object: the properties in the order of the schema, and others that are
// required or needed for their number.
func (m *maker) object(b []byte, all []*node, depth int) ([]byte, error) {
	var names []string
	required := map[string]bool{}
	least := 0
	for _, n := range all {
		if p := n.get("properties"); p != nil {
			for _, f := range p.fields {
				if !slices.Contains(names, f.key) {
					names = append(names, f.key)
				}
			}
		}
		if v, ok := n.get("minProperties").count(); ok {
			least = max(least, v)
		}
	}
	for _, n := range all {
		if r := n.get("required"); r != nil {
			for _, name := range r.items {
				required[name.text] = true
				if !slices.Contains(names, name.text) {
					names = append(names, name.text)
				}
			}
		}
	}
	most := mostProperties(all)
	b = append(b, '{')
	made, done := 0, 0 // done are of the required ones
	for _, name := range names {
		left := len(required) - done
		if required[name] {
			done++
		} else if depth >= m.shallow && made+left >= least || most >= 0 && made+left >= most {
			continue
		}
		c, err := m.property(b, all, name, made, depth)
		switch {
		case err == nil:
			b = c
			made++
		case required[name] || errors.Is(err, errSteps) || errors.Is(err, errLong):
			return nil, err
		}
	}
	for i := 1; made < least && i <= mostValue; i++ {
		name := "key" + strconv.Itoa(i)
		if slices.Contains(names, name) {
			continue
		}
		c, err := m.property(b, all, name, made, depth)
		if err != nil {
			return nil, err
		}
		b = c
		made++
	}
	return append(b, '}'), nil
}

// mostProperties returns how many properties an object may have; -1 = any number.
func mostProperties(all []*node) int {
	most := -1
	for _, n := range all {
		if v, ok := n.get("maxProperties").count(); ok && (most < 0 || v < most) {
			most = v
		}
	}
	return most
}

// property appends one property, after made others.
func (m *maker) property(b []byte, all []*node, name string, made, depth int) ([]byte, error) {
	var of []*node
	for _, n := range all {
		if p := n.get("properties").get(name); p != nil {
			of = append(of, p)
		} else if more := n.get("additionalProperties"); more != nil && n.get("patternProperties") == nil {
			of = append(of, more)
		}
	}
	if made > 0 {
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
	least, most, unique := 0, -1, false
	for _, n := range all {
		if v, ok := n.get("minItems").count(); ok {
			least = max(least, v)
		}
		if v, ok := n.get("maxItems").count(); ok && (most < 0 || v < most) {
			most = v
		}
		u := n.get("uniqueItems")
		unique = unique || u != nil && u.truth
		if p := n.get("prefixItems"); p != nil && depth <= m.shallow {
			least = max(least, len(p.items))
		}
	}
	if most >= 0 && least > most {
		return nil, m.fail("minItems is more than maxItems: no value satisfies it")
	}
	n := least
	if n == 0 && depth <= m.shallow && most != 0 {
		n = 1
	}
	b = append(b, '[')
	begin := len(b)
	for i := range n {
		c, err := m.element(b, all, i, unique, depth)
		if err != nil {
			if i >= least && !errors.Is(err, errSteps) && !errors.Is(err, errLong) {
				b = b[:begin]
				break
			}
			return nil, err
		}
		b = c
	}
	return append(b, ']'), nil
}

// element appends the element with index i. Where no two may be alike, what makes one differ
// is asked of the schema: of a list of values another one, a text of another length, a
// number that is larger.
func (m *maker) element(b []byte, all []*node, i int, unique bool, depth int) ([]byte, error) {
	var of []*node
	for _, n := range all {
		p := n.get("prefixItems")
		switch {
		case p != nil && i < len(p.items):
			of = append(of, p.items[i])
		case n.get("items") != nil && n.get("items").kind != array:
			of = append(of, n.get("items"))
		}
	}
	if i > 0 {
		b = append(b, ',')
	}
	m.path = append(m.path, "items")
	defer func() { m.path = m.path[:len(m.path)-1] }()
	if !unique || i == 0 {
		return m.value(b, of, depth+1)
	}
	for _, n := range m.others(of, i) {
		if c, err := m.value(b, append(of[:len(of):len(of)], n), depth+1); err == nil {
			return c, nil
		}
	}
	return nil, m.fail("no element was found that differs from the %d before it", i)
}

// others returns schemas, of which each lets the element with index i differ from those
// before it.
func (m *maker) others(of []*node, i int) []*node {
	nth := &node{kind: number, text: strconv.Itoa(i)}
	with := func(key string, v *node) *node { return &node{kind: object, fields: []field{{key, v}}} }
	list := []*node{}
	if all, _, err := m.expand(of); err == nil {
		for _, n := range all {
			if e := n.get("enum"); e != nil && i < len(e.items) {
				list = append(list, with("const", e.items[i]))
			}
		}
		low := boundsOf(all, false).low
		if low != nil {
			low.Add(low, nth.rat())
			list = append(list, with("minimum", &node{kind: number, text: written(low)}))
		}
		c := textsOf(all)
		list = append(list, with("minLength", &node{kind: number, text: strconv.Itoa(max(c.least, len("word")) + i)}))
	}
	list = append(list, with("minimum", &node{kind: number, text: strconv.Itoa(i + 1)}))
	if i == 1 {
		list = append(list, with("const", &node{kind: boolean}))
	}
	return list
}
