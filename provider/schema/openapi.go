package schema

import "strings"

// fromOpenAPI turns a schema of OpenAPI 3.0 into a JSON schema, in place.
func (n *node) fromOpenAPI() {
	nullable := false
	var rest []field
	for _, f := range n.fields {
		switch v := f.value; f.key {
		case "type":
			if v.kind == text {
				v.text = strings.ToLower(v.text)
			}
		case "nullable":
			nullable = v.text == "true"
			continue
		case "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties":
			if v.kind == text && plain(v.text) {
				v.kind = number
			}
		case "properties":
			for _, p := range v.fields {
				p.value.fromOpenAPI()
			}
		case "items", "additionalProperties":
			v.fromOpenAPI()
		case "anyOf":
			for _, branch := range v.items {
				branch.fromOpenAPI()
			}
		}
		rest = append(rest, f)
	}
	n.fields = rest
	if nullable {
		n.admitNull()
	}
}

// admitNull lets null satisfy n, too.
func (n *node) admitNull() {
	null := &node{text: "null"}
	if t := n.get("type"); t != nil && t.kind == text {
		*t = node{kind: array, items: []*node{{kind: text, text: t.text}, {kind: text, text: "null"}}}
	}
	if e := n.get("enum"); e != nil && e.kind == array {
		e.items = append(e.items, null)
	}
	if a := n.get("anyOf"); a != nil && a.kind == array {
		a.items = append(a.items, &node{kind: object, fields: []field{{"const", null}}})
	}
}
