package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
	"ratesim/strategies/catalog"
)

// made is the first line of a page that is made from the code, all of it or its tables.
const made = "<!-- Made from the code: go test ./cmd/ratesim -run Tables -update. -->\n"

// The pages of the reference are what the code says.
func TestReferenceTables(t *testing.T) {
	for name, page := range map[string]func(*testing.T) string{
		"commands.md":   commandsPage,
		"strategies.md": strategiesPage,
		"metrics.md":    metricsPage,
		"results.md":    resultsPage,
		"scenarios.md":  scenariosPage,
	} {
		path := filepath.Join(root, "docs/reference", name)
		want := made + page(t)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s: run this test with -update (-code +page):\n%s", path, diff)
		}
	}
}

// commandsPage shows what each command says of itself.
func commandsPage(t *testing.T) string {
	var page strings.Builder
	ran := session{}
	help := func(args ...string) string { return ran.run(t, append(args, "--help")).out }
	page.WriteString("# Commands\n\nThis is what `ratesim COMMAND --help` prints for each command.\n")
	_, list, _ := strings.Cut(help(), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		name := strings.Fields(line)[0]
		if name == "help" || name == "completion" {
			continue // cobra's own
		}
		fmt.Fprintf(&page, "\n## ratesim %s\n\n```text\n%s```\n", name, help(name))
		if name == "workload" { // the only one that has commands of its own
			for _, sub := range []string{"describe", "fit", "generate", "convert"} {
				fmt.Fprintf(&page, "\n## ratesim %s %s\n\n```text\n%s```\n", name, sub, help(name, sub))
			}
		}
	}
	return page.String()
}

// A key is what the schema of scenario files says of one key.
type key struct {
	Type        any
	Description string
	Enum        []string
	Examples    []string
	Minimum     *float64
	Maximum     *float64
	Properties  map[string]*key
	Items       *key
	Required    []string
	AnyOf       []*key
}

// keysPattern finds a table of keys in the page of scenario files.
var keysPattern = regexp.MustCompile("(?ms)(^<!-- keys of: ?([^\n]*?) ?-->\n).*?(^<!-- end of keys -->$)")

// scenariosPage fills in the tables of keys from the schema.
func scenariosPage(t *testing.T) string {
	page, err := os.ReadFile(filepath.Join(root, "docs/reference/scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	var whole key
	if err := json.Unmarshal([]byte(session{}.run(t, []string{"list", "schema"}).out), &whole); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n") // made
	tables := 0
	text = keysPattern.ReplaceAllStringFunc(text, func(table string) string {
		m := keysPattern.FindStringSubmatch(table)
		at := &whole
		for _, name := range strings.Fields(strings.ReplaceAll(m[2], ".", " ")) {
			if at = at.Properties[name]; at == nil {
				t.Fatalf("no key %s", m[2])
			}
			if at.Items != nil {
				at = at.Items
			}
		}
		var rows strings.Builder
		rows.WriteString("| key | meaning | values |\n|---|---|---|\n")
		at.rows(&rows, "")
		tables++
		return m[1] + rows.String() + m[3]
	})
	if tables < 6 {
		t.Errorf("docs/reference/scenarios.md has %d tables of keys", tables)
	}
	return text
}

// rows writes a row for each key of a mapping, and for those of plain mappings in it.
func (k *key) rows(to *strings.Builder, path string) {
	for _, name := range slices.Sorted(maps.Keys(k.Properties)) {
		p := k.Properties[name]
		if nested := path + name + "."; slices.Contains([]string{"network.", "latency.", "charge.", "cache."}, nested) && p.Properties != nil {
			p.rows(to, nested)
			continue
		}
		need := ""
		if slices.Contains(k.Required, name) {
			need = " Required."
		}
		fmt.Fprintf(to, "| `%s` | %s | %s |\n", path+name, cell(p.Description+need), p.values())
	}
}

// values says what may stand for the key.
func (k *key) values() string {
	kind := fmt.Sprint(k.Type)
	switch {
	case len(k.Enum) > 0:
		return "`" + strings.Join(k.Enum, "`, `") + "`"
	case len(k.AnyOf) > 0:
		var list []string
		for _, a := range k.AnyOf {
			if v := a.values(); !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		return strings.Join(list, " or ")
	case slices.Contains(k.Examples, "90s"):
		return "a duration"
	case strings.Contains(kind, "array"):
		return "a list"
	case k.Properties != nil && k.Properties["dist"] != nil:
		return "a distribution"
	case strings.Contains(kind, "object"):
		return "a mapping"
	case k.Minimum != nil && k.Maximum != nil && *k.Maximum >= 1e8:
		return fmt.Sprintf("from %g", *k.Minimum)
	case k.Minimum != nil && k.Maximum != nil:
		return fmt.Sprintf("%g to %.f", *k.Minimum, *k.Maximum)
	case kind == "[boolean]":
		return "`true`, `false`"
	}
	return "text"
}

// cell makes text one cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// strategiesPage lists the catalog of strategies with their parameters.
func strategiesPage(*testing.T) string {
	var page strings.Builder
	page.WriteString(`# Strategies

Every strategy that a scenario or ` + "`--strategies`" + ` can name, with its parameters. A parameter is set in a scenario:
` + "`{name: patient, use: jitter, max_retries: 12}`" + `. A default of "none" means that the text says what applies.
`)
	for _, e := range catalog.Entries() {
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n", e.Name, strings.ToUpper(e.About[:1])+e.About[1:])
		params, rest := ownParams(&e)
		if len(params) > 0 {
			page.WriteString("\n| parameter | default | meaning, and the reason for the default |\n|---|---|---|\n")
		}
		for _, p := range params {
			value := "none"
			if p.Default != "" {
				value = "`" + p.Default + "`"
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s |\n", p.Name, cell(value), cell(p.About))
		}
		if rest != "" {
			fmt.Fprintf(&page, "\nIt also has all parameters of [%s](#%s).\n", rest, rest)
		}
	}
	return page.String()
}

// metricsPage defines every number of a result.
func metricsPage(*testing.T) string {
	units := map[metrics.Unit]string{metrics.Share: "share of 1", metrics.Seconds: "s", metrics.Tokens: "tokens", metrics.TokensPerMinute: "tokens/min",
		metrics.PerMinute: "1/min", metrics.PerSecond: "1/s", metrics.Ratio: "ratio", metrics.USD: "USD"}
	better := map[metrics.Direction]string{metrics.Higher: "more", metrics.Lower: "less"}
	var page strings.Builder
	page.WriteString(`# Metrics

These are the names in ` + "`expect`, `slo`, `-o json` and `-o csv`" + `. Counts are means over replications. Shares, ratios and quantiles are
those of all calls of all replications together. [verdict.md](../verdict.md) says how the intervals are computed.

| metric | unit | better | definition |
|---|---|---|---|
`)
	for _, m := range metrics.Metrics() {
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", m.Name, units[m.Unit], better[m.Better], cell(m.About))
	}
	return page.String()
}

// resultsPage lists the fields of results, from the types that are written as JSON.
func resultsPage(t *testing.T) string {
	var page strings.Builder
	page.WriteString("# Results\n\n`-o json` and `result.json` have these fields. A field that does not apply is absent, never 0.\n" +
		"[verdict.md](../verdict.md#result-files-what-is-new-in-schema-v2) says what version 2 of the schema changed.\n")
	measured := newSchema(t, "sim/metrics")
	// These are written by a MarshalJSON of their own, from types that have the names.
	measured.stands = map[string]string{"Strategy": "divided", "Estimate": "estimateJSON", "Group": "named"}
	measured.write(t, &page, "Result", "compare, herd, bench")
	measured.write(t, &page, "Claims", "claims")
	newSchema(t, "provider/capacity").write(t, &page, "Report", "ptu")
	newSchema(t, "reports").write(t, &page, "SavedOffers", "capacity")
	newSchema(t, "scenarios/workload/fit").write(t, &page, "Report", "workload fit")
	newSchema(t, "scenarios/workload/profile").write(t, &page, "Profile", "workload describe")
	return page.String()
}

// A schema is the types of a package that are written as JSON.
type schema struct {
	types  map[string]*ast.TypeSpec
	docs   map[string]string
	stands map[string]string // the type that has the names of another's fields
}

func newSchema(t *testing.T, dir string) *schema {
	t.Helper()
	s := &schema{types: map[string]*ast.TypeSpec{}, docs: map[string]string{}}
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				ts := spec.(*ast.TypeSpec)
				s.types[ts.Name.Name] = ts
				s.docs[ts.Name.Name] = g.Doc.Text()
			}
		}
	}
	return s
}

// write writes a type and all that it leads to.
func (s *schema) write(t *testing.T, page *strings.Builder, from, of string) {
	t.Helper()
	fmt.Fprintf(page, "\n## %s\n", of)
	seen := []string{from}
	for i := 0; i < len(seen); i++ {
		name := seen[i]
		doc, _, _ := strings.Cut(s.docs[name], "\n\n")
		fmt.Fprintf(page, "\n### %s\n\n%s\n\n| field | type | meaning |\n|---|---|---|\n", name, strings.TrimSpace(doc))
		source := name
		if stands, ok := s.stands[name]; ok {
			source = stands
		}
		if name == "Strategy" {
			page.WriteString("| `name` | string | the strategy |\n| each metric | Estimate | as [metrics.md](metrics.md) defines it |\n")
		}
		group := "" // what is said of this field, and perhaps of those after it
		for _, f := range s.types[source].Type.(*ast.StructType).Fields.List {
			if f.Tag == nil {
				continue
			}
			tag, _ := strconv.Unquote(f.Tag.Value)
			key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			kind, named := typeName(f.Type)
			if f.Doc != nil {
				group = f.Doc.Text()
			}
			meaning := cell(f.Doc.Text() + " " + f.Comment.Text())
			if meaning == "" && strings.Contains(group, f.Names[0].Name) {
				meaning = cell(group)
			}
			if meaning == "" {
				t.Errorf("%s.%s has no comment that says what it is", source, f.Names[0])
			}
			fmt.Fprintf(page, "| `%s` | %s | %s |\n", key, kind, meaning)
			if ts, ok := s.types[named]; ok && !slices.Contains(seen, named) {
				if _, ok := ts.Type.(*ast.StructType); ok {
					seen = append(seen, named)
				}
			}
		}
		if name == "Group" {
			page.WriteString("| each metric | Estimate | those that make sense for a group of calls |\n")
		}
	}
}

// typeName says what a field holds, and which type of the package that is.
func typeName(e ast.Expr) (kind, named string) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		kind, named = typeName(e.Elt)
		return "list of " + kind, named
	case *ast.MapType:
		kind, named = typeName(e.Value)
		return "object of " + kind, named
	case *ast.Ident:
		switch e.Name {
		case "float64":
			return "number", ""
		case "int", "int64", "uint64":
			return "integer", ""
		case "bool":
			return "true or false", ""
		}
		return e.Name, e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name, ""
	}
	return fmt.Sprintf("%T", e), ""
}

// The page of scenario files names every key that an error message allows.
func TestReferenceIsComplete(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs/reference/scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	const whole = `
name: x
duration: 1m
zz: 1
fleet: {zz: 1, network: {zz: 1}}
workload:
  - {zz: 1, arrivals: {process: zz}, prompt_tokens: {dist: zz}, output_tokens: 1}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, zz: 1, limits: {zz: 1}, latency: {zz: 1}, charge: {zz: 1, reserve: zz}, window: zz}
faults: [{kind: zz}]
strategies: [jitter]
`
	_, err = scenarios.Parse("x", []byte(whole), scenarios.Options{})
	if err == nil {
		t.Fatal("no error")
	}
	lists := regexp.MustCompile(`allowed: (.*)`).FindAllStringSubmatch(err.Error(), -1)
	if len(lists) < 11 {
		t.Fatalf("%d lists of what is allowed in:\n%v", len(lists), err)
	}
	for _, m := range lists {
		for name := range strings.SplitSeq(m[1], ", ") {
			if !regexp.MustCompile("[`.]" + regexp.QuoteMeta(name) + "[`.]").Match(doc) {
				t.Errorf("docs/reference/scenarios.md does not mention %s", name)
			}
		}
	}
}

// What is assumed of a log names flags that compare has, and the document says the same.
func TestAssumedFlags(t *testing.T) {
	spec, err := scenarios.Load("", nil, scenarios.Options{Trace: "azure-conv-2023"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(spec.Assumed); n == 0 || n > 4 {
		t.Errorf("%d sentences", n)
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs/reference/scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	flags := compareCommand(&streams{}).Flags()
	for _, sentence := range spec.Assumed {
		named := regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(sentence, -1)
		if len(named) == 0 {
			t.Errorf("%q names no flag", sentence)
		}
		for _, m := range named {
			if flags.Lookup(m[1]) == nil {
				t.Errorf("%q: compare has no flag --%s", sentence, m[1])
			}
			if !bytes.Contains(doc, []byte("`--"+m[1])) {
				t.Errorf("docs/reference/scenarios.md does not mention --%s", m[1])
			}
		}
	}
}
