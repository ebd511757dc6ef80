package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mostAtOnce is how many schemas may hold one value at most. A schema that refers to another
// twice, which does so too, and so on, has more of them than a validator can go through.
const mostAtOnce = 2000

// references looks at the references of a schema.
type references struct {
	root  *node
	holds map[*node]int // how many schemas hold one value, of each and all that it is combined of
	err   error         // the first
}

// visit returns how many schemas hold one value by n. It takes the names of schemas away, so
// that references are paths from the root.
func (r *references) visit(n *node) int {
	if v, ok := r.holds[n]; ok {
		return v
	}
	r.holds[n] = 1 // while it is being visited
	sum := 1
	n.fields = slices.DeleteFunc(n.fields, func(f field) bool {
		return f.value.kind == text && (f.key == "$id" || f.key == "$anchor" || f.key == "$dynamicAnchor")
	})
	for _, f := range n.fields {
		switch f.key {
		case "const", "enum", "default", "examples": // which are values
		case "$ref", "$dynamicRef", "$recursiveRef":
			if f.value.kind != text { // it is a property of that name
				r.visit(f.value)
			} else if to := r.root.at(f.value.text); to != nil {
				sum += r.visit(to)
			} else if r.err == nil {
				r.err = fmt.Errorf("%s %q is not in the schema", f.key, f.value.text)
			}
		case "allOf", "anyOf", "oneOf", "not", "if", "then", "else":
			sum += r.visit(f.value)
		default:
			r.visit(f.value)
		}
	}
	for _, item := range n.items {
		sum += r.visit(item)
	}
	if sum > mostAtOnce && r.err == nil {
		r.err = fmt.Errorf("is too complex: more than %d schemas hold for one value", mostAtOnce)
	}
	r.holds[n] = min(sum, mostAtOnce)
	return r.holds[n]
}

// at returns what a reference refers to, which is a path from the root; nil if there is
// nothing.
func (n *node) at(ref string) *node {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok || pointer != "" && pointer[0] != '/' {
		return nil
	}
	parts := strings.Split(pointer, "/")
	for _, part := range parts[1:] {
		part = strings.NewReplacer("~1", "/", "~0", "~", "%24", "$").Replace(part)
		if i, err := strconv.Atoi(part); err == nil && n.kind == array && i >= 0 && i < len(n.items) {
			n = n.items[i]
		} else if n = n.get(part); n == nil {
			return nil
		}
	}
	return n
}
