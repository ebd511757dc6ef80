// Package schema makes values that satisfy a JSON schema, for answers of a mock
// provider. The same schema gives the same value at all times.
//
// A value is made from the keywords that say what is wanted: type, enum, const,
// properties, required, items, prefixItems, the bounds on numbers, lengths and counts,
// multipleOf, pattern, format, anyOf, oneOf, allOf and $ref. Then a validator holds it
// against the whole schema, so that no other keyword (not, if, contains) is broken
// unnoticed: what cannot be made is an error.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bounds on what clients can ask for. OpenAI takes 120,000 characters of names and
// values in a schema and ten levels.
const (
	MostBytes = 256 << 10 // of a schema
	mostValue = 32 << 10  // bytes of a value
	mostSteps = 20_000    // schemas looked at for one value
	deepest   = 64        // levels of a value
	// shallow is how deep optional properties and elements are made. Below, whatever can
	// be left out is left out, so that recursive schemas come to an end.
	shallow = 3
)

// Error says what is wrong with a schema, and where.
type Error struct {
	Path    []string // keys and indices from the root; empty = the schema itself
	Problem string
}

func (e *Error) Error() string {
	if len(e.Path) == 0 {
		return e.Problem
	}
	return strings.Join(e.Path, ".") + ": " + e.Problem
}

// Schema is a schema that has been read.
type Schema struct {
	root     *node
	hinted   *node // with what descriptions tell of; nil if that is nothing
	compiled *jsonschema.Schema
}

// Parse reads a JSON schema.
func Parse(data []byte) (*Schema, error) { return parse(data, false) }

// ParseOpenAPI reads a schema in the form of OpenAPI 3.0 that Gemini takes: types in upper
// case, nullable, and counts that may be strings.
func ParseOpenAPI(data []byte) (*Schema, error) { return parse(data, true) }

func parse(data []byte, openAPI bool) (*Schema, error) {
	if len(data) > MostBytes {
		return nil, &Error{Problem: fmt.Sprintf("has more than %d bytes", MostBytes)}
	}
	root, err := read(data)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if openAPI {
		root.fromOpenAPI()
	}
	if root.kind != object && root.kind != boolean {
		return nil, &Error{Problem: "is no object"}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nowhere{})
	const name = "urn:request"
	if err := c.AddResource(name, root.any()); err != nil {
		return nil, &Error{Problem: reason(err)}
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return nil, &Error{Problem: reason(err)}
	}
	s := &Schema{root: root, compiled: compiled}
	if again, err := read(data); err == nil {
		if openAPI {
			again.fromOpenAPI()
		}
		if again.addHints() {
			s.hinted = again
		}
	}
	return s, nil
}

// nowhere loads nothing: a schema may refer to itself alone, and never to files.
type nowhere struct{}

func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not in the schema", url)
}

// reason returns what the validator says, in one line and without the name that it gives
// the schema.
func reason(err error) string {
	s := err.Error()
	if i := strings.LastIndex(s, "\n- "); i >= 0 {
		s = s[i+len("\n- "):]
	}
	return strings.NewReplacer("urn:request#", "", "urn:request", "the schema", "\n", "; ").Replace(s)
}

// Example returns a value that satisfies s, in JSON without spaces. Its error is an
// *Error: there is no such value, or none was found.
func (s *Schema) Example() ([]byte, error) {
	if s.hinted != nil {
		if b, err := s.example(s.hinted, shallow); err == nil {
			return b, nil
		}
	}
	b, err := s.example(s.root, shallow)
	if err != nil {
		if bare, err := s.example(s.root, -1); err == nil { // without what is optional
			return bare, nil
		}
	}
	return b, err
}

func (s *Schema) example(root *node, deep int) ([]byte, error) {
	m := maker{root: root, shallow: deep}
	b, err := m.value(nil, []*node{root}, 0)
	if err != nil {
		if _, ok := errors.AsType[*Error](err); ok {
			return nil, err
		}
		return nil, &Error{Problem: err.Error()}
	}
	made, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err == nil {
		err = s.compiled.Validate(made)
	}
	if err != nil {
		return nil, &Error{Problem: "no value was found that satisfies it: " + reason(err)}
	}
	return b, nil
}

// kind is a kind of JSON value.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

// node is a JSON value whose fields keep their order, in which models answer.
type node struct {
	kind   kind
	truth  bool
	text   string // a text, or a number as it is written
	items  []*node
	fields []field
}

type field struct {
	key   string
	value *node
}

// get returns the value of a key, nil without one; of several the last, as in all readers of
// JSON.
func (n *node) get(key string) *node {
	if n == nil || n.kind != object {
		return nil
	}
	for i := len(n.fields) - 1; i >= 0; i-- {
		if n.fields[i].key == key {
			return n.fields[i].value
		}
	}
	return nil
}

func read(data []byte) (*node, error) {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	n, err := readNode(d)
	if err != nil {
		return nil, fmt.Errorf("is no JSON: %w", err)
	}
	return n, nil
}

func readNode(d *json.Decoder) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case bool:
		return &node{kind: boolean, truth: t}, nil
	case json.Number:
		if !plain(string(t)) {
			return nil, fmt.Errorf("%.40s is a number that no value needs", t)
		}
		return &node{kind: number, text: string(t)}, nil
	case string:
		return &node{kind: text, text: t}, nil
	case json.Delim:
		return readMany(d, t)
	}
	return &node{}, nil
}

func readMany(d *json.Decoder, open json.Delim) (*node, error) {
	n := &node{kind: array}
	if open == '{' {
		n.kind = object
	}
	for d.More() {
		key := ""
		if n.kind == object {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, _ = t.(string) // as keys are
		}
		v, err := readNode(d)
		if err != nil {
			return nil, err
		}
		if n.kind == object {
			n.fields = append(n.fields, field{key, v})
		} else {
			n.items = append(n.items, v)
		}
	}
	_, err := d.Token() // the end
	return n, err
}

// any returns n as the validator takes it.
func (n *node) any() any {
	switch n.kind {
	case boolean:
		return n.truth
	case number:
		return json.Number(n.text)
	case text:
		return n.text
	case array:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.any()
		}
		return list
	case object:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			m[f.key] = f.value.any()
		}
		return m
	}
	return nil
}

// append appends n in JSON.
func (n *node) append(b []byte) []byte {
	switch n.kind {
	case null:
		return append(b, "null"...)
	case number:
		return append(b, n.text...)
	case text:
		return appendText(b, n.text)
	case array:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.append(b)
		}
		return append(b, ']')
	case object:
		b = append(b, '{')
		for i, f := range n.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = f.value.append(append(appendText(b, f.key), ':'))
		}
		return append(b, '}')
	}
	if n.truth {
		return append(b, "true"...)
	}
	return append(b, "false"...)
}

func appendText(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // cannot fail: a string
	return append(b, quoted...)
}
