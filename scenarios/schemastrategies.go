package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

// describeStrategies describes the list of strategies at c: names, and mappings with
// the parameters of the strategy that they use. What several places need goes to the
// definitions of root.
func describeStrategies(c cursor, root *shape) {
	root.Definitions = map[string]*shape{}
	entries := entryNames()
	all := slices.Sorted(maps.Keys(entries))
	choice := &shape{Type: []string{"string"}, Enum: all}
	item := &shape{Type: []string{"object"}, Properties: map[string]*shape{
		"name": {Type: textShape().Type, Description: about["strategies[].name"]},
		"use":  {Type: choice.Type, Enum: all, Description: about["strategies[].use"]}}}
	has := func(key string, names []string) *shape {
		return &shape{Required: []string{key}, Properties: map[string]*shape{key: {Enum: names}}}
	}
	lacks := func(key string) *shape { return &shape{Not: &shape{Required: []string{key}}} }
	for _, e := range catalog.Entries() {
		var called []string
		for _, name := range all {
			if entries[name] == e.Name {
				called = append(called, name)
			}
		}
		uses := []*shape{has("use", called), {AllOf: []*shape{lacks("use"), lacks("layers"), has("name", called)}}}
		if e.Name == "layers" {
			uses = append(uses, &shape{AllOf: []*shape{lacks("use"), {Required: []string{"layers"}}}})
		}
		key := "use: " + e.Name
		root.Definitions[key] = entryShape(&e, root)
		item.AllOf = append(item.AllOf, &shape{If: &shape{AnyOf: uses}, Then: &shape{Ref: "#/definitions/" + pointer(key)}})
	}
	named := has("name", all)
	named.Properties["name"].Description = item.Properties["use"].Description
	item.AllOf = append(item.AllOf, &shape{If: &shape{AllOf: []*shape{lacks("use"), lacks("layers")}}, Then: named})
	c.shape.Type, c.shape.MaxItems = []string{"array"}, maxItems
	c.shape.Items = &shape{AnyOf: []*shape{choice, item}}
}

// entryNames returns the names under which strategies can be used, each with that of
// the catalog: client libraries may be named without their version.
func entryNames() map[string]string {
	list := map[string]string{}
	for _, name := range catalog.Names() {
		library, _, _ := strings.Cut(name, "@")
		list[name], list[library] = name, fullName(library)
	}
	return list
}

// entryShape describes a mapping that uses e.
func entryShape(e *strategies.Entry, root *shape) *shape {
	s := &shape{Description: e.About, Type: []string{"object"}, Others: new(bool), Properties: map[string]*shape{"name": {}, "use": {}}}
	for _, p := range e.Params {
		s.Properties[p.Name] = &shape{Ref: "#/definitions/" + pointer(define(&p, root))}
	}
	return s
}

// define describes a parameter once, whichever strategies have it, and returns where.
func define(p *strategies.Param, root *shape) string {
	want := paramShape(p)
	for i := 1; ; i++ {
		key := p.Name
		if i > 1 {
			key = fmt.Sprintf("%s %d", p.Name, i)
		}
		have, taken := root.Definitions[key]
		if !taken {
			root.Definitions[key] = want
			return key
		}
		if have.Description == want.Description && have.Default == want.Default && slices.Equal(have.Enum, want.Enum) {
			return key
		}
	}
}

func paramShape(p *strategies.Param) *shape {
	s := shape{}
	within := bounds{p.Min, p.Max}
	switch p.Kind {
	case strategies.DurationParam:
		s = durationShape(0, 0)
	case strategies.CountParam:
		s = numeric("integer", `^[0-9]+$`, within)
	case strategies.NumberParam:
		s = numeric("number", numberPattern, within)
	case strategies.ShareParam:
		s = numeric("number", sharePattern, within)
	case strategies.BoolParam:
		s.Type = []string{"boolean"}
	case strategies.ChoiceParam:
		s = shape{Type: []string{"string"}, Enum: p.Choices}
	case strategies.JitterParam:
		s = shape{Type: []string{"string", "number"}, Pattern: `^(none|full|equal|decorrelated|±?[0-9.]+%?)$`}
	case strategies.DeploymentParam:
		s = textShape()
	case strategies.StatusesParam, strategies.LayersParam, strategies.DeploymentsParam:
		s.Type = []string{"string", "integer", "array"}
	case strategies.WeightsParam:
		s.Type = []string{"string", "object"}
	}
	s.Description = p.About
	s.Default = p.Default
	return &s
}

// pointer returns a key as a JSON pointer in a URI has it.
func pointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", " ", "%20").Replace(key)
}
