package schema

import (
	"slices"
	"strconv"
)

// Loose returns an error for the first object of s that takes properties which it does not
// list; with all also for one that does not require each that it lists. Vendors that make a
// model keep to a schema ask for this: OpenAI in its strict mode for both, in these words.
func (s *Schema) Loose(all bool) error {
	l := looser{all: all}
	if !l.visit(s.root) {
		return nil
	}
	return &Error{Path: l.path, Problem: l.problem}
}

type looser struct {
	all     bool
	path    []string
	problem string
}

// visit reports whether n, or a schema within it, is loose; path leads there then.
func (l *looser) visit(n *node) bool {
	if t := n.get("type"); t != nil && (t.text == "object" || slices.ContainsFunc(t.items, func(i *node) bool { return i.text == "object" })) {
		if more := n.get("additionalProperties"); more == nil || more.kind != boolean || more.truth {
			l.problem = "'additionalProperties' is required to be supplied and to be false"
			return true
		}
		if l.all && l.optional(n) {
			return true
		}
	}
	for _, key := range [...]string{"properties", "$defs", "definitions"} {
		if of := n.get(key); of != nil {
			for _, f := range of.fields {
				if l.within(f.value, key, f.key) {
					return true
				}
			}
		}
	}
	for _, key := range [...]string{"anyOf", "allOf", "oneOf", "prefixItems"} {
		if of := n.get(key); of != nil {
			for i, item := range of.items {
				if l.within(item, key, strconv.Itoa(i)) {
					return true
				}
			}
		}
	}
	items := n.get("items")
	return items != nil && l.within(items, "items")
}

func (l *looser) within(n *node, steps ...string) bool {
	before := len(l.path)
	l.path = append(l.path, steps...)
	if l.visit(n) {
		return true
	}
	l.path = l.path[:before]
	return false
}

// optional reports whether a property of n may be left out.
func (l *looser) optional(n *node) bool {
	properties, required := n.get("properties"), n.get("required")
	if properties == nil {
		return false
	}
	for _, f := range properties.fields {
		if required == nil || !slices.ContainsFunc(required.items, func(i *node) bool { return i.text == f.key }) {
			l.problem = "'required' is required to be supplied and to be an array including every key in properties. Missing '" + f.key + "'"
			return true
		}
	}
	return false
}
