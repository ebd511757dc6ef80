package sweep

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"ratesim/scenarios"
)

// A Study is a sweep as its file says it.
type Study struct {
	File         string // for messages
	Scenario     string // a name or a path, as for scenarios.Open
	Provider     string
	Strategies   []string // as scenarios.Options has them; nil = the scenario's
	Set          []string // path=value, of every cell
	Seed         uint64
	Replications int // of each cell
	axes         []axis
}

// An axis is some fields that change together: point i has the i-th value of each.
type axis struct {
	paths  []string
	points [][]string
}

const (
	// Replications is how many a cell has unless the file says.
	Replications = 5
	maxCells     = 10_000_000
	maxPoints    = 1_000_000 // of one axis
)

// Paths that are no fields of a scenario: the seed, and the catalog reference that takes the
// place of the first deployment's.
const (
	seedPath     = "seed"
	providerPath = "provider"
)

// Error is something wrong with the file of a study, and where.
type Error struct {
	File         string
	Line, Column int // from 1; 0 = the file as a whole
	Msg          string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// reader reads a study, and keeps the first thing that is wrong.
type reader struct {
	s   *Study
	err error
}

// Parse reads a study. The name file is for messages; the path of its scenario is relative
// to its folder. Errors are of type *Error.
func Parse(file string, data []byte) (*Study, error) {
	r := &reader{s: &Study{File: file, Seed: 1, Replications: Replications}}
	doc, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, &Error{File: file, Msg: strings.TrimSpace(err.Error())}
	}
	if len(doc.Docs) != 1 || doc.Docs[0].Body == nil {
		return nil, &Error{File: file, Msg: "want one document with scenario and axes"}
	}
	for _, e := range r.entries(doc.Docs[0].Body) {
		r.key(e)
	}
	if r.err == nil && r.s.Scenario == "" {
		r.err = &Error{File: file, Msg: "scenario is missing: the name of an embedded scenario, or a path"}
	}
	if r.err == nil {
		r.distinct()
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.s, nil
}

func (r *reader) fail(n ast.Node, format string, args ...any) {
	if r.err == nil {
		at := n.GetToken().Position
		r.err = &Error{r.s.File, at.Line, at.Column, fmt.Sprintf(format, args...)}
	}
}

// entries are those of a mapping.
func (r *reader) entries(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	r.fail(n, "want keys with values")
	return nil
}

// list are the items of a list.
func (r *reader) list(n ast.Node, what string) []ast.Node {
	l, ok := n.(*ast.SequenceNode)
	if !ok || len(l.Values) == 0 {
		r.fail(n, "want a list of %s", what)
		return nil
	}
	return l.Values
}

// keyOf is the key of an entry, without the quotes it may be in.
func keyOf(e *ast.MappingValueNode) string { return e.Key.GetToken().Value }

// text is a value in one line, as --set takes it.
func text(n ast.Node) string {
	if s, ok := n.(ast.ScalarNode); ok {
		return s.GetToken().Value
	}
	return strings.TrimSpace(n.String())
}

func (r *reader) whole(n ast.Node, least uint64) uint64 {
	v, err := strconv.ParseUint(text(n), 10, 64)
	if err != nil || v < least {
		r.fail(n, "want a whole number of at least %d, got %q", least, text(n))
	}
	return v
}

func (r *reader) key(e *ast.MappingValueNode) {
	known := []string{"scenario", "provider", "strategies", "set", "seed", "replications", "axes", "samples"}
	switch keyOf(e) {
	case "scenario":
		r.s.Scenario = r.path(text(e.Value))
	case "provider":
		r.s.Provider = text(e.Value)
	case "strategies":
		for _, n := range r.list(e.Value, "strategies") {
			r.s.Strategies = append(r.s.Strategies, text(n))
		}
	case "set":
		for _, e := range r.entries(e.Value) {
			r.s.Set = append(r.s.Set, keyOf(e)+"="+text(e.Value))
		}
	case "seed":
		r.s.Seed = r.whole(e.Value, 0)
	case "replications":
		if r.s.Replications = int(r.whole(e.Value, 1)); r.s.Replications > 10_000 {
			r.fail(e.Value, "want at most 10000 replications; more of them are cells of other seeds")
		}
	case "axes":
		r.axes(e.Value)
	case "samples":
		r.samples(e.Value)
	default:
		near, ok := scenarios.Nearest(keyOf(e), known)
		hint := "there are " + strings.Join(known, ", ")
		if ok {
			hint = "did you mean " + near + "?"
		}
		r.fail(e.Key, "unknown key %q; %s", keyOf(e), hint)
	}
}

// path makes the path of a scenario one from here, where there is such a file.
func (r *reader) path(name string) string {
	if filepath.IsAbs(name) || name == "-" {
		return name
	}
	beside := filepath.Join(filepath.Dir(r.s.File), name)
	if i, err := os.Stat(beside); err == nil && !i.IsDir() {
		return beside
	}
	return name
}

// axes reads a mapping, each key an axis of its own, or a list of mappings, whose keys
// change together.
func (r *reader) axes(n ast.Node) {
	if l, ok := n.(*ast.SequenceNode); ok {
		for _, item := range l.Values {
			r.pair(item)
		}
		return
	}
	for _, e := range r.entries(n) {
		r.pair(e)
	}
}

// pair reads fields that change together.
func (r *reader) pair(n ast.Node) {
	var a axis
	for _, e := range r.entries(n) {
		values := r.values(e.Value)
		if a.points == nil {
			a.points = make([][]string, len(values))
		}
		if len(values) != len(a.points) {
			r.fail(e.Value, "%s has %d values and %s has %d; fields that change together need the same number", keyOf(e), len(values), a.paths[0], len(a.points))
			return
		}
		a.paths = append(a.paths, keyOf(e))
		for i, v := range values {
			a.points[i] = append(a.points[i], v)
		}
	}
	r.s.axes = append(r.s.axes, a)
}

// values reads the values of one field: a list or a range.
func (r *reader) values(n ast.Node) []string {
	var out []string
	if _, ok := n.(*ast.SequenceNode); ok {
		for _, item := range r.list(n, "values") {
			if v := text(item); slices.Contains(out, v) {
				r.fail(item, "%s is given twice", v)
			} else {
				out = append(out, v)
			}
		}
		return out
	}
	x := r.span(n)
	if r.err != nil {
		return nil
	}
	out, err := x.steps()
	if err != nil {
		r.fail(n, "%v", err)
	}
	return out
}

// distinct checks that no field is on two axes, and how many cells there are.
func (r *reader) distinct() {
	var seen []string
	cells := 1
	for _, a := range r.s.axes {
		for _, p := range a.paths {
			if slices.Contains(seen, p) {
				r.err = &Error{File: r.s.File, Msg: p + " is on two axes"}
				return
			}
			seen = append(seen, p)
		}
		if cells *= len(a.points); cells > maxCells {
			r.err = &Error{File: r.s.File, Msg: fmt.Sprintf("more than %d cells; make the axes shorter, or draw samples", maxCells)}
			return
		}
	}
	slices.SortStableFunc(r.s.Set, func(a, b string) int { return cmp.Compare(a, b) })
}
