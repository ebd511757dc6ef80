package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// Values that a reader of the schema expects.
func TestExample(t *testing.T) {
	for _, tt := range []struct{ schema, want string }{
		{`{"type":"object","properties":{"steps":{"type":"array","items":{"type":"object","properties":{"explanation":{"type":"string"},"output":{"type":"string"}},
			"required":["explanation","output"],"additionalProperties":false}},"final_answer":{"type":"string"}},"required":["steps","final_answer"],"additionalProperties":false}`,
			`{"steps":[{"explanation":"word","output":"word"}],"final_answer":"word"}`},
		{`{"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"boolean"},"n":{"type":"null"},"x":{"type":"number"}}}`, `{"b":1,"a":true,"n":null,"x":1}`},
		{`{"type":"string","enum":["celsius","fahrenheit"]}`, `"celsius"`},
		{`{"enum":[7,"x"],"type":"string"}`, `"x"`},
		{`{"const":{"a":[1,null]}}`, `{"a":[1,null]}`},
		{`{"type":["string","null"]}`, `"word"`},
		{`{"type":["null","integer"]}`, `1`},
		{`{"anyOf":[{"type":"null"},{"type":"string"}]}`, `null`},
		{`{"anyOf":[{"type":"string","minLength":2,"maxLength":1},{"type":"integer"}]}`, `1`},
		{`{"type":"integer","minimum":18,"maximum":99}`, `18`},
		{`{"type":"integer","exclusiveMinimum":18}`, `19`},
		{`{"type":"integer","maximum":-3}`, `-3`},
		{`{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}`, `0.5`},
		{`{"type":"number","multipleOf":0.01,"minimum":0.295,"maximum":0.305}`, `0.3`},
		{`{"type":"integer","multipleOf":7,"minimum":15}`, `21`},
		{`{"type":"array","items":{"type":"integer"},"minItems":3}`, `[1,1,1]`},
		{`{"type":"array","items":{"enum":["a","b","c"]},"minItems":3,"uniqueItems":true}`, `["a","b","c"]`},
		{`{"type":"array","items":{"type":"string"},"minItems":2,"uniqueItems":true}`, `["word","words"]`},
		{`{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false}`, `["word",1]`},
		{`{"type":"array","items":{"type":"string"},"maxItems":0}`, `[]`},
		{`{"type":"string","minLength":12}`, `"word word wo"`},
		{`{"type":"string","maxLength":2}`, `"wo"`},
		{`{"type":"string","pattern":"^[A-Z]{3}-\\d+$"}`, `"WWW-1"`},
		{`{"type":"string","pattern":"^@[a-zA-Z0-9_]+$","minLength":4}`, `"@www"`},
		{`{"type":"string","format":"email"}`, `"word@example.com"`},
		{`{"type":"string","format":"date"}`, `"2026-01-02"`},
		{`{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"boolean"}}}`, `true`},
		{`{"allOf":[{"properties":{"a":{"minimum":3}}},{"required":["a"],"properties":{"a":{"type":"integer"}}}],"type":"object"}`, `{"a":3}`},
		{`{"type":"object","required":["free"]}`, `{"free":"word"}`},
		{`{"type":"object","additionalProperties":{"type":"integer"},"minProperties":2}`, `{"key1":1,"key2":1}`},
		{`{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}`,
			`{"value":1,"next":{"value":1,"next":{"value":1,"next":{"value":1,"next":null}}}}`},
		{`{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"required":["children"]}}}`,
			`{"children":[{"children":[{"children":[]}]}]}`},
		{`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"not":{"required":["a"]}}`, `{}`},
		{`{"type":"object","properties":{"age":{"type":"integer","description":"years\n\n{minimum: 18, maximum: 99}"},"share":{"type":"number","description":"exclusive minimum: 0; exclusive maximum: 1."},"mail":{"type":"string","description":"{format: email}"}}}`,
			`{"age":18,"share":0.5,"mail":"word@example.com"}`},
		{`{"type":"integer","minimum":3,"description":"{maximum: 2, minLength: x}"}`, `3`},
		{`{"$id":"https://example.com/a","$ref":"#/$defs/b","$defs":{"b":{"$anchor":"b","const":2}}}`, `2`},
		{`{"type":"object","properties":{"$ref":{"type":"string"},"$id":{"type":"string"}}}`, `{"$ref":"word","$id":"word"}`},
		{`{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"object","properties":{"n":{"type":"integer","minimum":4},"b":{"type":"boolean"}},"required":["n"]}}`, `[{"n":4,"b":true},{"n":5,"b":false}]`},
		{`{}`, `"word"`},
		{`true`, `"word"`},
		{`{"oneOf":[{"type":"object","properties":{"kind":{"const":"cat"}},"required":["kind"]},{"type":"object","properties":{"kind":{"const":"dog"}},"required":["kind"]}]}`, `{"kind":"cat"}`},
	} {
		s, err := Parse([]byte(tt.schema))
		if err != nil {
			t.Errorf("%s: %v", tt.schema, err)
			continue
		}
		got, err := s.Example()
		if diff := cmp.Diff(tt.want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n-want +got: %s", tt.schema, err, diff)
		}
	}
}

func TestExampleOpenAPI(t *testing.T) {
	for _, tt := range []struct{ schema, want string }{
		{`{"type":"OBJECT","properties":{"recipeName":{"type":"STRING"},"rating":{"type":"NUMBER","nullable":true}},"required":["recipeName","rating"],"propertyOrdering":["rating"]}`, `{"recipeName":"word","rating":1}`},
		{`{"type":"ARRAY","minItems":"2","items":{"type":"STRING","format":"enum","enum":["x"]}}`, `["x","x"]`},
		{`{"type":"STRING","enum":[],"nullable":true}`, `null`},
		{`{"anyOf":[{"type":"INTEGER","minimum":3}],"nullable":true}`, `3`},
	} {
		s, err := ParseOpenAPI([]byte(tt.schema))
		if err != nil {
			t.Errorf("%s: %v", tt.schema, err)
			continue
		}
		if got, err := s.Example(); err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.schema, got, err, tt.want)
		}
	}
}

// What is no schema, and what no value satisfies.
func TestErrors(t *testing.T) {
	for _, tt := range []struct{ schema, want string }{
		{`{"type":"float"}`, `'/type'`},
		{`[]`, `is no object`},
		{`{`, `is no JSON`},
		{`{"minimum":1e999}`, `no value needs`},
		{`{"minimum":0e999999999}`, `no value needs`},
		{`{"$ref":"#/$defs/none"}`, `none`},
		{`{} {}`, `is no JSON`},
		{`{"$dynamicRef":"#x"}`, `$dynamicRef "#x" is not in the schema`},
		{`{"not":{"$ref":"#/$defs/d0"},"$defs":{` + doubling(30) + `"d30":{}}}`, `is too complex`},
		{`{"$ref":"#/$defs/d0","$defs":{` + doubling(30) + `"d30":{}}}`, `is too complex`},
		{`{"$ref":"file:///etc/passwd"}`, `is not in the schema`},
		{`{"$ref":"https://example.com/x.json"}`, `is not in the schema`},
		{`{"type":"string","pattern":"("}`, `pattern`},
		{`{"pattern":"` + strings.Repeat("x", MostBytes) + `"}`, `bytes`},
		{`{"type":"integer","minimum":5,"maximum":4}`, `no number satisfies its bounds`},
		{`{"type":"integer","minimum":0.1,"maximum":0.9}`, `no number satisfies its bounds`},
		{`{"type":"string","minLength":3,"maxLength":2}`, `no text was found`},
		{`{"type":"array","minItems":3,"maxItems":2}`, `minItems is more than maxItems`},
		{`{"type":"array","minItems":3,"uniqueItems":true,"items":{"type":"boolean"}}`, `are equal`},
		{`{"type":"array","minItems":1000000000}`, `32768 bytes`},
		{`{"type":"string","minLength":1000000000}`, `no text was found`},
		{`{"type":"object","properties":{"a":{"type":"object","properties":{"b":false},"required":["b"]}},"required":["a"]}`, `properties.a.properties.b: is false`},
		{`{"type":"string","allOf":[{"type":"integer"}]}`, `no type is left`},
		{`{"enum":["a"],"type":"integer"}`, `no value that is listed`},
		{`{"type":"object","properties":{"self":{"$ref":"#"}},"required":["self"]}`, `contains itself`},
		{`{"not":{}}`, `no value was found that satisfies it`},
		{`false`, `is false`},
		{`{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}`, ``},
	} {
		s, err := Parse([]byte(tt.schema))
		if err == nil {
			var b []byte
			if b, err = s.Example(); err == nil {
				t.Errorf("%.100s: %s", tt.schema, b)
				continue
			}
		}
		if _, ok := err.(*Error); !ok || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.100s: %v; want %s", tt.schema, err, tt.want)
		}
	}
}

// doubling returns definitions, of which each refers to the next one twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	return b.String()
}

// satisfiable draws a schema that some value satisfies.
func satisfiable(t *rapid.T, depth int) map[string]any {
	kinds := []string{"string", "integer", "number", "boolean", "null", "enum", "const"}
	if depth < 4 {
		kinds = append(kinds, "object", "array", "anyOf", "allOf", "nullable")
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	low := rapid.IntRange(-20, 20).Draw(t, "low")
	span := rapid.IntRange(0, 10).Draw(t, "span")
	switch kind {
	case "string":
		return map[string]any{"type": kind, "minLength": max(0, low), "maxLength": max(0, low) + span}
	case "integer":
		return map[string]any{"type": kind, "minimum": low, "maximum": low + span}
	case "number":
		return map[string]any{"type": kind, "exclusiveMinimum": low, "exclusiveMaximum": low + span + 1, "multipleOf": 0.25}
	case "enum":
		return map[string]any{"enum": []any{"a", low, nil, map[string]any{"x": low}}}
	case "const":
		return map[string]any{"const": []any{low, "é\n\""}}
	case "object":
		properties, required := map[string]any{}, []string{}
		for i := range rapid.IntRange(0, 4).Draw(t, "properties") {
			name := fmt.Sprint("p", i)
			properties[name] = satisfiable(t, depth+1)
			if rapid.Bool().Draw(t, "required") {
				required = append(required, name)
			}
		}
		return map[string]any{"type": kind, "properties": properties, "required": required, "additionalProperties": false}
	case "array":
		least := rapid.IntRange(0, 3).Draw(t, "least")
		return map[string]any{"type": kind, "items": satisfiable(t, depth+1), "minItems": least, "maxItems": least + span}
	case "anyOf":
		return map[string]any{"anyOf": []any{map[string]any{"type": "string", "minLength": 2, "maxLength": 1}, satisfiable(t, depth+1)}}
	case "allOf":
		return map[string]any{"allOf": []any{satisfiable(t, depth+1), map[string]any{}, true}}
	case "nullable":
		return map[string]any{"anyOf": []any{satisfiable(t, depth+1), map[string]any{"type": "null"}}}
	}
	return map[string]any{"type": kind}
}

// What can be satisfied is satisfied, by the same value each time.
func TestSatisfiable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(satisfiable(t, 0))
		if err != nil {
			t.Fatal(err)
		}
		var made [2]string
		for i := range made {
			s, err := Parse(data)
			if err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			b, err := s.Example()
			if err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			made[i] = string(b)
		}
		if made[0] != made[1] {
			t.Errorf("%s: %s, then %s", data, made[0], made[1])
		}
	})
}

// Whole numbers are found where there are any: all are tried.
func TestWholeNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low, high := rapid.IntRange(-30, 30).Draw(t, "low"), rapid.IntRange(-30, 30).Draw(t, "high")
		step := rapid.IntRange(1, 12).Draw(t, "step")
		there := false
		for v := low + 1; v <= high; v++ {
			there = there || v%step == 0
		}
		s, err := Parse(fmt.Appendf(nil, `{"type":"integer","exclusiveMinimum":%d,"maximum":%d,"multipleOf":%d}`, low, high, step))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := s.Example(); (err == nil) != there {
			t.Errorf("multiples of %d above %d up to %d: %s, %v", step, low, high, b, err)
		}
	})
}

// validates holds a value against a schema with the validator alone, as a user would.
func validates(t *testing.T, data, value []byte) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("urn:fuzz", doc); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	s, err := c.Compile("urn:fuzz")
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err == nil {
		err = s.Validate(v)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", data, err, value)
	}
}

// FuzzExample: whatever a schema is, the answer is short JSON that satisfies it, or an *Error,
// and it comes soon.
func FuzzExample(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"string","pattern":"^a+$"}},"required":["a"]}`), false)
	f.Add([]byte(`{"type":"OBJECT","nullable":true,"properties":{"a":{"type":"ARRAY","items":{"type":"NUMBER"}}}}`), true)
	f.Add([]byte(`{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$ref":"#/$defs/a"}`), false)
	f.Add([]byte(`{"type":"array","items":{"type":"number","multipleOf":0.1,"description":"{minimum: 2}"},"minItems":3,"uniqueItems":true}`), false)
	f.Add([]byte(`{"not":{"$ref":"#/$defs/d0"},"$defs":{`+doubling(3)+`"d3":{"type":"null"}}}`), false)
	f.Add([]byte(`{}0`), false)
	f.Add([]byte(`{"oneOf":[{"const":1},{"enum":["a",null]}],"not":{"type":"integer"}}`), false)
	f.Fuzz(func(t *testing.T, data []byte, openAPI bool) {
		begin := time.Now()
		s, err := parse(data, openAPI)
		var b []byte
		if err == nil {
			_ = s.Loose(true)
			b, err = s.Example()
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Fatalf("took %v", took)
		}
		if _, ok := err.(*Error); err != nil && !ok {
			t.Fatalf("%T: %v", err, err)
		}
		if err == nil && (!json.Valid(b) || len(b) > 4*mostValue) {
			t.Fatalf("%d bytes: %.100s", len(b), b)
		}
		if err == nil && !openAPI {
			validates(t, data, b)
		}
	})
}

// Where a schema is looser than OpenAI's strict mode allows, as in moeru-ai/xsai#202.
func TestLoose(t *testing.T) {
	const closed = `"additionalProperties":false`
	for _, tt := range []struct {
		schema    string
		all       bool
		path, why string
	}{
		{`{"type":"object","properties":{"etymology":{"type":"object"}},"required":["etymology"],` + closed + `}`, true, "properties etymology", "'additionalProperties'"},
		{`{"type":"object"}`, false, "", "'additionalProperties'"},
		{`{"type":"object","properties":{"a":{"type":"string"}},` + closed + `}`, true, "", "Missing 'a'"},
		{`{"type":"object","properties":{"a":{"type":"string"}},` + closed + `}`, false, "", ""},
		{`{"type":"object","properties":{"a":{"type":"array","items":{"anyOf":[{"type":"null"},{"type":["object","null"],"additionalProperties":{}}]}}},"required":["a"],` + closed + `}`,
			true, "properties a items anyOf 1", "'additionalProperties'"},
		{`{"$ref":"#/$defs/x","$defs":{"x":{"type":"object","properties":{},"required":[],` + closed + `}}}`, true, "", ""},
	} {
		s, err := Parse([]byte(tt.schema))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Loose(tt.all)
		if err == nil {
			if tt.why != "" {
				t.Errorf("%s is not loose", tt.schema)
			}
			continue
		}
		e := err.(*Error)
		if strings.Join(e.Path, " ") != tt.path || tt.why == "" || !strings.Contains(e.Problem, tt.why) {
			t.Errorf("%s: %q %s", tt.schema, e.Path, e.Problem)
		}
	}
}
