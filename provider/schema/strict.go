package schema

import (
	"slices"
	"strconv"
)

// Loose returns an error for the first object of s that takes properties which it does not
// list; with all also for one that does not require each that it lists. Vendors that make a
// model keep to a schema ask for this: OpenAI in its strict mode for both, in these words.
func (s *Schema) Loose(all bool) error {
	if path, problem := s.root.loose(all); problem != "" {
		slices.Reverse(path)
		return &Error{Path: path, Problem: problem}
	}
	return nil
}

// loose says what is loose in n, and where, from there to n.
func (n *node) loose(all bool) (path []string, problem string) {
	if t := n.get("type"); t != nil && t.is("object") {
		if more := n.get("additionalProperties"); more == nil || more.kind != boolean || more.text != "false" {
			return nil, "'additionalProperties' is required to be supplied and to be false"
		}
		if key := n.optional(); all && key != "" {
			return nil, "'required' is required to be supplied and to be an array including every key in properties. Missing '" + key + "'"
		}
	}
	for _, f := range n.fields {
		if f.key == "const" || f.key == "enum" || f.key == "default" || f.key == "examples" { // which are values
			continue
		}
		if path, problem = f.value.loose(all); problem != "" {
			return append(path, f.key), problem
		}
	}
	for i, item := range n.items {
		if path, problem = item.loose(all); problem != "" {
			return append(path, strconv.Itoa(i)), problem
		}
	}
	return nil, ""
}

// optional returns the name of a property that may be left out, if there is one.
func (n *node) optional() string {
	properties, required := n.get("properties"), n.get("required")
	if properties == nil {
		return ""
	}
	for _, f := range properties.fields {
		if required == nil || !required.is(f.key) {
			return f.key
		}
	}
	return ""
}
