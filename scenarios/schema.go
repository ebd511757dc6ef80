package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ratesim/provider/catalog"
	"ratesim/provider/quota"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
)

// shape is a JSON Schema of draft 7, which editors know best, as far as scenarios need
// it.
type shape struct {
	Draft       string            `json:"$schema,omitempty"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Ref         string            `json:"$ref,omitempty"`
	Type        []string          `json:"type,omitempty"`
	Enum        []string          `json:"enum,omitempty"`
	Examples    []string          `json:"examples,omitempty"`
	Pattern     string            `json:"pattern,omitempty"` // of texts; numbers are not held against it
	Minimum     *float64          `json:"minimum,omitempty"` // of numbers; texts are not held against it
	Maximum     *float64          `json:"maximum,omitempty"`
	MinLength   int               `json:"minLength,omitempty"`
	Default     string            `json:"default,omitempty"`
	Properties  map[string]*shape `json:"properties,omitempty"`
	Required    []string          `json:"required,omitempty"`
	Others      *bool             `json:"additionalProperties,omitempty"`
	Items       *shape            `json:"items,omitempty"`
	MinItems    int               `json:"minItems,omitempty"`
	MaxItems    int               `json:"maxItems,omitempty"`
	AnyOf       []*shape          `json:"anyOf,omitempty"`
	AllOf       []*shape          `json:"allOf,omitempty"`
	Not         *shape            `json:"not,omitempty"`
	If          *shape            `json:"if,omitempty"`
	Then        *shape            `json:"then,omitempty"`
	Definitions map[string]*shape `json:"definitions,omitempty"`
}

// Schema returns the JSON Schema of scenario files, to be encoded as JSON. The readers
// of the parser make it: a cursor with a shape has no value to read, and each reader
// describes there what it would take. So the schema has the parser's keys and ranges.
// What depends on other fields, such as the names of deployments, it leaves to the
// parser.
func Schema() any {
	d := &decoder{problems: &problems{}, spec: &Spec{}, catalog: catalog.Embedded()}
	root := &shape{Draft: "http://json-schema.org/draft-07/schema#", Title: "a scenario of ratesim"}
	d.describing(root).mapping(d.keys()...)
	duration(&d.spec.Duration, time.Millisecond, maxDuration)(d.duration)
	d.streams.items("streams", func(_ int, c cursor) { d.stream(c) })
	d.deployments.items("deployments", func(_ int, c cursor) { d.deployment(c) })
	d.coordinator.mapping(coordinatorKeys(&quota.Config{})...)
	d.faults.items("faults", func(_ int, c cursor) { readFault(c) })
	describeStrategies(d.strategies, root)
	text(new(string))(d.baseline)
	const comparing = `[<>=]`
	d.slo.items("objectives", func(_ int, c cursor) {
		*c.shape = shape{Type: []string{"string"}, Pattern: comparing, Examples: objectiveExamples()}
	})
	d.expect.items("expectations", func(_ int, c cursor) {
		*c.shape = shape{Type: []string{"string"}, Pattern: comparing, Examples: []string{"jitter.success_rate >= 99%", "backoff.retry_peak >= 2 * jitter.retry_peak", "verdict.chosen == jitter"}}
	})
	for _, list := range []cursor{d.streams, d.deployments, d.strategies} {
		list.shape.MinItems = 1
	}
	return root
}

// objectiveExamples returns an objective for every metric.
func objectiveExamples() []string {
	var list []string
	for _, m := range metrics.Metrics() {
		if strings.Contains(m.Name, ".") || m.Better == metrics.Neither {
			continue
		}
		line := m.Name + "<="
		if m.Better == metrics.Higher {
			line = m.Name + ">="
		}
		switch m.Unit {
		case metrics.Share:
			line += "99%"
		case metrics.Seconds:
			line += "10s"
		default:
			line += "1"
		}
		list = append(list, line)
	}
	return list
}

// describing returns a cursor at which readers describe in s what they read.
func (d *decoder) describing(s *shape) cursor {
	return cursor{problems: d.problems, n: &node{kind: broken}, shape: s}
}

// described makes s what is read at c, beside the description that it has. It reports
// whether c is there to be described; otherwise there is a value to read.
func (c cursor) described(s shape) bool {
	if c.shape == nil {
		return false
	}
	s.Description = c.shape.Description
	*c.shape = s
	return true
}

// elsewhere is a reader of what is read at another place; read only describes it.
func elsewhere(read reader) reader {
	return func(c cursor) {
		if c.shape != nil {
			read(c)
		}
	}
}

// object describes a mapping.
func (s *shape) object(c cursor, fields []field) {
	s.Type, s.Others = []string{"object"}, new(bool)
	s.fill(c, fields)
}

// fill describes the keys of a mapping.
func (s *shape) fill(c cursor, fields []field) {
	s.Properties = map[string]*shape{}
	for _, f := range fields {
		path := join(c.path, f.name)
		child := &shape{Description: about[path]}
		s.Properties[f.name] = child
		f.read(cursor{c.problems, c.n, path, child})
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
}

// forms describes a mapping that has several forms.
func (s *shape) forms(c cursor, tag string, forms []variant, common []field) {
	var names []string
	for _, f := range forms {
		names = append(names, f.name)
	}
	s.Type, s.Required = []string{"object"}, []string{tag}
	s.Properties = map[string]*shape{tag: {Type: []string{"string"}, Enum: names, Description: about[join(c.path, tag)]}}
	for _, f := range forms {
		then := &shape{Others: new(bool)}
		then.fill(c, slices.Concat(f.fields, common))
		then.Properties[tag] = &shape{Description: kindAbout(tag, f.name)}
		s.AllOf = append(s.AllOf, &shape{If: &shape{Properties: map[string]*shape{tag: {Enum: []string{f.name}}}}, Then: then})
	}
}

// kindAbout says what a form of a mapping is.
func kindAbout(tag, name string) string {
	for _, p := range workload.About() {
		if tag == "process" && p.Name == name {
			return p.About
		}
	}
	return about[tag+": "+name]
}

// The patterns of texts.
const (
	digits          = `[0-9][0-9_]*`
	decimal         = `([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?`
	wholePattern    = `^[-+]?` + digits + `$`
	numberPattern   = `^[-+]?` + decimal + `$`
	sharePattern    = `^[-+]?` + decimal + `%?$`
	ratePattern     = `^` + decimal + `/(s|m|h)$`
	durationPattern = `^\+?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`
	refPattern      = `^[^/]+/[^@]+@.+$`
)

func numeric(kind, pattern string, b bounds) shape {
	return shape{Type: []string{kind, "string"}, Minimum: &b.lo, Maximum: &b.hi, Pattern: pattern}
}

func textShape() shape {
	return shape{Type: []string{"string", "number", "boolean"}, MinLength: 1}
}

// durationShape is a time with its unit; 0 needs none.
func durationShape(lo, hi time.Duration) shape {
	s := shape{Type: []string{"string"}, Pattern: durationPattern, Examples: []string{"500ms", "90s", "1h30m"}}
	if lo == 0 {
		s.Type, s.Minimum, s.Maximum = append(s.Type, "integer"), new(float64), new(float64)
	}
	return s
}

// orText lets a name stand for the value.
func (s shape) orText(name string) shape {
	s.Pattern = fmt.Sprintf("^%s$|%s", name, s.Pattern)
	return s
}
