// Package schema makes values that satisfy a JSON schema, for answers of a mock
// provider. The same schema gives the same value at all times.
//
// A value is made from the keywords that say what is wanted: type, enum, const,
// properties, required, items, prefixItems, the bounds on numbers, on lengths and on the
// number of elements, multipleOf, pattern, format, anyOf, oneOf, allOf and $ref. Then a
// validator holds it against the whole schema, so that no other keyword (not, if,
// contains) is broken unnoticed: what cannot be made is an error.
package schema

import (
	"bytes"
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
	r := references{root: root, holds: map[*node]int{}}
	if r.visit(root); r.err != nil {
		return nil, &Error{Problem: r.err.Error()}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nowhere{})
	const name = "urn:request"
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(root.append(nil)))
	if err == nil {
		err = c.AddResource(name, doc)
	}
	s := &Schema{root: root}
	if err == nil {
		s.compiled, err = c.Compile(name)
	}
	if err != nil {
		return nil, &Error{Problem: reason(err)}
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
	b, err := s.example(maker{shallow: shallow, hinted: true})
	if err == nil {
		return b, nil
	}
	b, err = s.example(maker{shallow: shallow})
	if err != nil {
		if bare, err := s.example(maker{shallow: -1}); err == nil { // without what is optional
			return bare, nil
		}
	}
	return b, err
}

func (s *Schema) example(m maker) ([]byte, error) {
	m.root = s.root
	b, err := m.value(nil, []*node{s.root}, 0)
	if _, ok := errors.AsType[*Error](err); ok {
		return nil, err
	}
	if err != nil {
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
