package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, seen from this package's.
const root = "../.."

// A layer is a package and what it may import.
type layer struct {
	path string
	may  []string
}

// layers lists all packages from top to bottom, with the packages of this
// module that each may import, tests aside. What a package may import stands
// below it: imports run only downwards.
var layers = []layer{
	{"cmd/ratesim", []string{"cmd/ratesim/ui", "reports/page", "reports/picture", "reports", "reports/words", "bench", "sim/sizing", "sim/arena", "sim/sweep", "sim/sweep/cells", "sim/tune", "sim/likeness", "scenarios/ladder", "scenarios/prompts", "scenarios/situations", "sim", "provider/capacity", "provider/mock/admin", "provider/mock", "provider/conformance", "provider/script", "provider/tokens", "provider", "scenarios", "scenarios/workload/tracefile", "scenarios/workload", "strategies/catalog", "strategies", "provider/catalog", "sim/verdict", "sim/metrics"}},
	{"cmd/ratesim/ui", []string{"reports/page", "reports", "reports/chart", "reports/words", "sim", "scenarios", "scenarios/workload", "strategies/catalog", "strategies", "provider/catalog", "provider", "sim/metrics"}},
	{"reports/page", []string{"reports", "reports/chart", "reports/words", "sim/metrics"}},
	{"reports/page/pagetest", nil},
	{"reports/picture", []string{"reports/chart", "reports/words"}},
	{"reports", []string{"reports/chart", "reports/words", "scenarios/prompts", "scenarios/workload/profile", "scenarios/workload/fit", "provider/capacity", "provider/conformance", "sim/metrics", "sim/stats"}},
	{"reports/chart", []string{"reports/words", "scenarios/workload/profile", "scenarios/workload/fit", "provider/capacity", "sim/metrics"}},
	{"reports/words", []string{"provider/capacity", "sim/metrics"}},
	{"bench", []string{"provider/mock", "scenarios", "scenarios/workload", "strategies/live", "strategies", "provider/quota", "provider", "provider/wire", "sim/verdict", "sim/demand", "sim/metrics", "sim/limit", "sim/rng", "sim/clock"}},
	{"sim/sizing", []string{"sim", "scenarios", "scenarios/workload", "strategies/catalog", "strategies", "provider", "provider/capacity", "provider/catalog", "sim/metrics", "sim/rng", "sim/clock"}},
	{"sim/likeness", []string{"sim", "scenarios", "scenarios/workload/fit", "scenarios/workload", "provider/catalog", "provider", "sim/metrics", "sim/rng", "sim/clock"}},
	{"sim/arena", []string{"sim", "scenarios/situations", "scenarios", "strategies/catalog", "strategies", "provider/catalog", "sim/metrics", "sim/stats"}},
	{"sim/sweep", []string{"sim/sweep/cells", "sim", "scenarios", "scenarios/workload", "provider/catalog", "sim/verdict", "sim/metrics", "sim/rng"}},
	{"sim/sweep/cells", []string{"sim/verdict", "sim/metrics"}},
	{"sim/tune", []string{"sim", "scenarios", "strategies", "sim/verdict", "sim/metrics", "sim/rng"}},
	{"sim", []string{"sim/demand", "scenarios", "scenarios/workload", "strategies", "provider/quota", "provider/catalog", "provider", "provider/wire",
		"sim/verdict", "sim/metrics", "sim/queue", "sim/rng", "sim/clock"}},
	{"scenarios/ladder", []string{"scenarios", "scenarios/workload/profile", "scenarios/workload", "provider/catalog", "provider"}},
	{"scenarios/prompts", []string{"scenarios", "scenarios/workload", "provider/catalog", "provider", "provider/tokens", "provider/wire", "sim/rng", "sim/clock"}},
	{"scenarios/situations", []string{"sim/demand", "scenarios", "provider/catalog", "provider", "sim/rng"}},
	{"sim/demand", []string{"scenarios", "scenarios/workload", "provider", "provider/wire", "sim/limit", "sim/queue", "sim/rng", "sim/clock"}},
	{"sim/verdict", []string{"scenarios", "scenarios/workload", "sim/metrics", "sim/stats"}},
	{"scenarios", []string{"strategies/catalog", "strategies", "provider/catalog", "provider/quota", "provider/script", "provider", "scenarios/workload/fit", "scenarios/workload", "sim/metrics", "sim/rng", "sim/clock", "scenarios/spelling"}},
	{"strategies/strategytest", []string{"strategies", "provider/wire", "sim/rng", "sim/clock"}},
	{"strategies/live/redisquota", []string{"provider/wire"}},
	{"strategies/live", []string{"strategies", "provider/tokens", "provider/wire", "sim/clock"}},
	{"strategies/catalog", []string{"strategies/presets", "strategies"}},
	{"strategies/presets", []string{"strategies", "provider/wire", "sim/limit", "sim/rng", "sim/clock"}},
	{"strategies", []string{"provider/wire", "sim/limit", "sim/rng", "sim/clock"}},
	{"provider/mock/admin", []string{"provider/mock", "provider/script", "provider/conformance", "provider", "provider/wire"}},
	{"provider/mock", []string{"provider/conformance", "provider/calls", "provider/script", "provider/names", "provider/schema", "provider", "provider/wire", "sim/limit", "sim/rng", "sim/clock"}},
	{"provider/conformance", []string{"provider/calls", "provider/wire"}},
	{"provider/calls", nil},
	{"provider/capacity", []string{"provider/catalog", "sim/rng", "scenarios/spelling"}},
	{"provider/quota", []string{"provider", "provider/wire", "sim/limit", "sim/rng", "sim/clock"}},
	{"provider/catalog", []string{"provider/vendors", "provider/names", "provider", "sim/rng", "scenarios/spelling"}},
	{"provider/vendors", []string{"provider", "provider/wire"}},
	{"provider/script", []string{"provider/wire"}},
	{"provider/names", nil},
	{"provider/schema", nil},
	{"provider", []string{"provider/wire", "sim/limit", "sim/rng", "sim/clock"}},
	{"scenarios/workload/profile", []string{"scenarios/workload"}},
	{"scenarios/workload/fit", []string{"scenarios/workload", "sim/rng"}},
	{"scenarios/workload/tracefile", []string{"scenarios/workload", "provider/tokens"}},
	{"scenarios/workload", []string{"provider/tokens", "sim/rng", "sim/clock"}},
	{"provider/tokens", nil},
	{"provider/wire", []string{"sim/clock"}},
	{"sim/metrics", []string{"sim/stats", "sim/limit", "sim/clock"}},
	{"sim/stats", nil},
	{"sim/queue", []string{"sim/clock"}},
	{"sim/limit", []string{"sim/clock"}},
	{"sim/rng", nil},
	{"sim/clock", nil},
	{"scenarios/spelling", nil},
}

// never lists what a package must not reach, however indirectly.
var never = map[string]string{
	"strategies":         "provider", // a client sees only what crosses the wire
	"strategies/catalog": "provider",
	"reports":            "sim", // a report can be made again from a saved result
	"bench":              "sim", // a live run is an equal of the simulation
	"strategies/live":    "sim",
}

func TestImports(t *testing.T) {
	imports := modulePackages(t)
	order := map[string]int{}
	for i, l := range layers {
		order[l.path] = i
		for _, p := range l.may {
			if j := slices.IndexFunc(layers, func(l layer) bool { return l.path == p }); j <= i {
				t.Errorf("the layers let %s import %s, which is not below it", l.path, p)
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		i, ok := order[path]
		if !ok {
			t.Errorf("%s is in none of the layers; say there what it may import", path)
			continue
		}
		for _, p := range imports[path] {
			if !slices.Contains(layers[i].may, p) {
				t.Errorf("%s must not import %s", path, p)
			}
		}
		if bad, ok := never[path]; ok && reaches(imports, path, bad) {
			t.Errorf("%s must not depend on %s", path, bad)
		}
	}
}

// modulePackages returns the imports of each package within the module.
func modulePackages(t *testing.T) map[string][]string {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	const module = "ratesim/"
	imports := map[string][]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("reading the output of go list: %v", err)
		}
		var own []string
		for _, i := range p.Imports {
			if name, ok := strings.CutPrefix(i, module); ok {
				own = append(own, name)
			}
		}
		imports[strings.TrimPrefix(p.ImportPath, module)] = own
	}
	return imports
}

func reaches(imports map[string][]string, from, to string) bool {
	return from == to || slices.ContainsFunc(imports[from], func(p string) bool { return reaches(imports, p, to) })
}

// sources parses every Go file of the module and calls check for each.
func sources(t *testing.T, check func(path string, set *token.FileSet, f *ast.File)) {
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		check(strings.TrimPrefix(path, root+"/"), set, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What happens in a run depends on its seed alone: no clock, no randomness of
// its own, no goroutine. Only what drives a run over real HTTP knows real time.
func TestPure(t *testing.T) {
	clocks := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	drivers := []string{"strategies/live", "strategies/live/redisquota", "provider/mock", "provider/mock/admin", "provider/tokens"}
	random := []string{"math/rand", "math/rand/v2", "crypto/rand"}
	sources(t, func(path string, set *token.FileSet, f *ast.File) {
		folder, _, _ := strings.Cut(path, "/")
		if slices.Contains(drivers, filepath.Dir(path)) {
			return
		}
		if strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{"sim", "strategies", "provider", "scenarios"}, folder) {
			return
		}
		// These run replications or cells side by side, or read a file once for all of them.
		concurrent := slices.Contains([]string{"sim/replicate.go", "provider/catalog/catalog.go", "sim/sweep/run.go", "sim/sweep/traces.go", "sim/tune/tune.go"}, path)
		for _, i := range f.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if slices.Contains(random, name) || name == "sync" && !concurrent {
				t.Errorf("%s: imports %s", set.Position(i.Pos()), name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: starts a goroutine", set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
					t.Errorf("%s: uses time.%s", set.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	})
}

func TestSize(t *testing.T) {
	const maxFile, maxFunction = 500, 70 // lines
	sources(t, func(path string, set *token.FileSet, f *ast.File) {
		if n := set.File(f.Pos()).LineCount(); n >= maxFile {
			t.Errorf("%s has %d lines", path, n)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1; n >= maxFunction {
					t.Errorf("%s: %s has %d lines", path, fn.Name.Name, n)
				}
			}
		}
	})
}

// Every package, and everything it exports, has a doc comment.
func TestDocumented(t *testing.T) {
	packages := map[string]int{}
	sources(t, func(path string, set *token.FileSet, f *ast.File) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		folder := filepath.Dir(path)
		packages[folder] += 0
		if f.Doc != nil {
			packages[folder]++
		}
		for _, d := range f.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no doc comment", path, name)
			}
		}
	})
	for path, n := range packages {
		if n != 1 {
			t.Errorf("%s has %d package comments, want 1", path, n)
		}
	}
}

// undocumented returns the exported names in d that no comment stands over or
// beside.
func undocumented(d ast.Decl) []string {
	var list []string
	add := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			list = append(list, name.Name)
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		// What these do, the interfaces they implement say.
		standard := slices.Contains([]string{"String", "Error", "Unwrap"}, d.Name.Name)
		if d.Recv == nil || exportedReceiver(d) && !standard {
			add(d.Name, d.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				add(s.Name, d.Doc, s.Doc)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					add(name, d.Doc, s.Doc, s.Comment)
				}
			}
		}
	}
	return list
}

func exportedReceiver(d *ast.FuncDecl) bool {
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}
